"""Signs of life: when something was last known to work, and when it last didn't.

Processes write here what they find out by the way, so that each of them can tell how all is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, text

from ivr.line.store import tables
from ivr.line.store.connections import Connections
from ivr.line.store.instants import instant_or_none, ticks

_GOOD = text(
    "INSERT INTO signs (name, good_at) VALUES (:name, :at) "
    "ON CONFLICT (name) DO UPDATE SET good_at = excluded.good_at"
)
_BAD = text(
    "INSERT INTO signs (name, bad_at, why) VALUES (:name, :at, :why) "
    "ON CONFLICT (name) DO UPDATE SET bad_at = excluded.bad_at, why = excluded.why"
)


@dataclass(frozen=True, slots=True)
class Sign:
    """``good_at`` is when it last worked, ``bad_at`` when it last didn't, and ``why``."""

    good_at: datetime | None = None
    bad_at: datetime | None = None
    why: str = ""

    @property
    def fails(self) -> bool:
        """Whether it didn't work the last time."""
        return self.bad_at is not None and (self.good_at is None or self.good_at < self.bad_at)


class SignRepository:
    """Signs of life, by name: "database", "carrier"."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def good(self, name: str, now: datetime) -> None:
        """It works."""
        with self._connections.writing() as connection:
            connection.execute(_GOOD, {"name": name, "at": ticks(now)})

    def bad(self, name: str, now: datetime, why: str) -> None:
        """It doesn't work; ``why`` has nothing personal."""
        with self._connections.writing() as connection:
            connection.execute(_BAD, {"name": name, "at": ticks(now), "why": why})

    def find(self, name: str) -> Sign:
        """What is known of it."""
        signs = tables.signs.c
        statement = select(signs.good_at, signs.bad_at, signs.why).where(signs.name == name)
        with self._connections.reading() as connection:
            row = connection.execute(statement).one_or_none()
        if row is None:
            return Sign()
        return Sign(instant_or_none(row.good_at), instant_or_none(row.bad_at), row.why)
