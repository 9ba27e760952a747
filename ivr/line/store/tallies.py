"""How often something has happened, for limits: failed PINs, unknown case numbers, callbacks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from ivr.line.store import tables
from ivr.line.store.connections import Connections
from ivr.line.store.instants import ticks


class Bound(NamedTuple):
    """``most`` in a bucket after ``since``."""

    bucket: str
    since: datetime
    most: int


class TallyRepository:
    """Counts by bucket; `ivr.line.desk.limits.bucket` names them."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def add(self, bucket: str, now: datetime) -> None:
        """Count one more."""
        with self._connections.writing() as connection:
            connection.execute(tables.tallies.insert().values(bucket=bucket, at=ticks(now)))

    def take(self, bounds: Sequence[Bound], now: datetime) -> list[int]:
        """Count one more in every bucket; the ids of what was counted, for `give_back`.

        ``[]``, and nothing is counted, when one of the bounds is reached. However many ask at once,
        in however many processes, no more are let through than may be.
        """
        buckets = sorted({each.bucket for each in bounds})
        table = tables.tallies
        insert = table.insert().returning(table.c.id)
        with self._connections.reading() as connection:  # who is refused keeps nobody from writing
            if any(_counted(connection, each) >= each.most for each in bounds):
                return []
        with self._connections.writing() as connection:
            if self._connections.postgres:  # SQLite has one writer at a time
                for bucket in buckets:
                    lock = func.pg_advisory_xact_lock(func.hashtext(bucket))
                    connection.execute(select(lock))
            if any(_counted(connection, each) >= each.most for each in bounds):
                return []
            rows = [{"bucket": bucket, "at": ticks(now)} for bucket in buckets]
            return [int(connection.execute(insert.values(row)).scalar_one()) for row in rows]

    def give_back(self, ids: Sequence[int]) -> None:
        """What `take` has counted went well after all."""
        table = tables.tallies
        with self._connections.writing() as connection:
            connection.execute(table.delete().where(table.c.id.in_(ids)))

    def count(self, bucket: str, since: datetime) -> int:
        """How many have been counted after ``since``."""
        with self._connections.reading() as connection:
            return _counted(connection, Bound(bucket, since, 0))

    def clear(self, bucket: str) -> None:
        """Start counting again."""
        tallies = tables.tallies
        with self._connections.writing() as connection:
            connection.execute(tallies.delete().where(tallies.c.bucket == bucket))


def _counted(connection: Connection, bound: Bound) -> int:
    tallies = tables.tallies
    which = (tallies.c.bucket == bound.bucket) & (tallies.c.at > ticks(bound.since))
    statement = select(func.count()).select_from(tallies).where(which)
    return int(connection.execute(statement).scalar_one())


__all__ = ["Bound", "TallyRepository"]
