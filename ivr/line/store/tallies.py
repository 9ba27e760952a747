"""How often something has happened, for limits: failed PINs, unknown case numbers, callbacks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, func, select

from ivr.line.store import tables
from ivr.line.store.connections import Connections
from ivr.line.store.instants import ticks


class Bound(NamedTuple):
    """``most`` in a bucket after ``since``."""

    bucket: str
    since: datetime
    most: int


_COUNT = (
    select(func.count().label("count"))
    .where(tables.tallies.c.bucket == bindparam("bucket"))
    .where(tables.tallies.c.at > bindparam("since"))
)


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
        if any(self.count(*each[:2]) >= each.most for each in bounds):
            return []  # who is refused keeps nobody from writing
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
        values = {"bucket": bucket, "since": ticks(since)}
        return int(self._connections.asked.rows(_COUNT, **values)[0].count)

    def clear(self, bucket: str) -> None:
        """Start counting again."""
        tallies = tables.tallies
        with self._connections.writing() as connection:
            connection.execute(tallies.delete().where(tallies.c.bucket == bucket))


def _counted(connection: Connection, bound: Bound) -> int:
    values = {"bucket": bound.bucket, "since": ticks(bound.since)}
    return int(connection.execute(_COUNT, values).scalar_one())


__all__ = ["Bound", "TallyRepository"]
