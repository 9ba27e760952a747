"""Signs of life: when something was last known to work, and when it last didn't.

Processes write here what they find out by the way, so that each of them can tell how all is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Executable, bindparam, select
from sqlalchemy.dialects.postgresql import insert  # SQLite says "on conflict" the same way

from ivr.line.store import tables
from ivr.line.store.connections import Connections
from ivr.line.store.instants import instant_or_none, ticks

_signs = tables.signs


def _tell(*columns: str) -> Executable:
    """The statement that says something of a name."""
    written = insert(_signs).values({name: bindparam(name) for name in ("name", *columns)})
    newest = {name: written.excluded[name] for name in columns}
    return written.on_conflict_do_update(index_elements=[_signs.c.name], set_=newest)


_GOOD = _tell("good_at")
_BAD = _tell("bad_at", "why")


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
        self._connections.asked.change(_GOOD, name=name, good_at=ticks(now))

    def bad(self, name: str, now: datetime, why: str) -> None:
        """It doesn't work; ``why`` has nothing personal."""
        self._connections.asked.change(_BAD, name=name, bad_at=ticks(now), why=why)

    def find(self, name: str) -> Sign:
        """What is known of it."""
        signs = tables.signs.c
        statement = select(signs.good_at, signs.bad_at, signs.why).where(signs.name == name)
        with self._connections.reading() as connection:
            row = connection.execute(statement).one_or_none()
        if row is None:
            return Sign()
        return Sign(instant_or_none(row.good_at), instant_or_none(row.bad_at), row.why)
