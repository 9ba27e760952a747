"""How often something has happened, for limits: failed PINs, unknown case numbers, callbacks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import bindparam, delete, func, insert, select

from ivr.line.store import tables
from ivr.line.store.asked import Asked, Writing
from ivr.line.store.connections import Connections
from ivr.line.store.instants import ticks


class Bound(NamedTuple):
    """``most`` in a bucket after ``since``."""

    bucket: str
    since: datetime
    most: int


_tallies = tables.tallies
_OF_BUCKET = _tallies.c.bucket == bindparam("whose")
_COUNT = (
    select(func.count().label("count")).where(_OF_BUCKET).where(_tallies.c.at > bindparam("since"))
)
_ADD = (
    insert(_tallies).values(bucket=bindparam("bucket"), at=bindparam("at")).returning(_tallies.c.id)
)
_GIVE_BACK = delete(_tallies).where(_tallies.c.id.in_(bindparam("ids", expanding=True)))
_CLEAR = delete(_tallies).where(_OF_BUCKET)
_ALONE = select(func.pg_advisory_xact_lock(func.hashtext(bindparam("whose"))).label("locked"))


class TallyRepository:
    """Counts by bucket; `ivr.line.desk.limits.bucket` names them."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def add(self, bucket: str, now: datetime) -> None:
        """Count one more."""
        self._connections.asked.changed(_ADD, bucket=bucket, at=ticks(now))

    def take(self, bounds: Sequence[Bound], now: datetime) -> list[int]:
        """Count one more in every bucket; the ids of what was counted, for `give_back`.

        ``[]``, and nothing is counted, when one of the bounds is reached. However many ask at once,
        in however many processes, no more are let through than may be.
        """
        buckets = sorted({each.bucket for each in bounds})
        if any(_reached(self._connections.asked, each) for each in bounds):
            return []  # who is refused keeps nobody from writing
        with self._connections.asked.writing() as writing:
            if self._connections.postgres:  # SQLite has one writer at a time
                for bucket in buckets:
                    writing.rows(_ALONE, whose=bucket)
            if any(_reached(writing, each) for each in bounds):
                return []
            return [_add(writing, bucket, now) for bucket in buckets]

    def give_back(self, ids: Sequence[int]) -> None:
        """What `take` has counted went well after all."""
        self._connections.asked.change(_GIVE_BACK, ids=list(ids))

    def count(self, bucket: str, since: datetime) -> int:
        """How many have been counted after ``since``."""
        return _counted(self._connections.asked, bucket, since)

    def clear(self, bucket: str) -> None:
        """Start counting again."""
        self._connections.asked.change(_CLEAR, whose=bucket)


def _add(writing: Writing, bucket: str, now: datetime) -> int:
    return int(writing.rows(_ADD, bucket=bucket, at=ticks(now))[0].id)


def _reached(asked: Asked | Writing, bound: Bound) -> bool:
    return _counted(asked, bound.bucket, bound.since) >= bound.most


def _counted(asked: Asked | Writing, bucket: str, since: datetime) -> int:
    return int(asked.rows(_COUNT, whose=bucket, since=ticks(since))[0].count)


__all__ = ["Bound", "TallyRepository"]
