"""How often something has happened, for limits: failed PINs, unknown case numbers, callbacks."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select

from ivr.line.store import tables
from ivr.line.store.connections import Connections
from ivr.line.store.instants import ticks


class TallyRepository:
    """Counts by bucket; `ivr.line.desk.limits.bucket` names them."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def add(self, bucket: str, now: datetime) -> None:
        """Count one more."""
        with self._connections.writing() as connection:
            connection.execute(tables.tallies.insert().values(bucket=bucket, at=ticks(now)))

    def count(self, bucket: str, since: datetime) -> int:
        """How many have been counted after ``since``."""
        tallies = tables.tallies
        which = (tallies.c.bucket == bucket) & (tallies.c.at > ticks(since))
        statement = select(func.count()).select_from(tallies).where(which)
        with self._connections.reading() as connection:
            return int(connection.execute(statement).scalar_one())

    def clear(self, bucket: str) -> None:
        """Start counting again."""
        tallies = tables.tallies
        with self._connections.writing() as connection:
            connection.execute(tallies.delete().where(tallies.c.bucket == bucket))
