"""How much is waiting, owed and claimed at this moment, as operators of the line see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select, text

from ivr.line.store import tables
from ivr.line.store.connections import Connections
from ivr.line.store.instants import instant, ticks
from ivr.line.values import decode


@dataclass(frozen=True, slots=True)
class DutiesOwed:
    """Duties of one kind that are neither done nor given up: how many, how many of them are due,
    and when the first is, or was."""

    kind: str
    owed: int
    due: int
    first: datetime


@dataclass(frozen=True, slots=True)
class Facts:
    """``waiting`` are those who wait in each queue: how many, and since when the first does.
    ``promises`` are the due times of the calls back that are owed; ``claims`` since when each
    person is claimed who is."""

    open_calls: int
    waiting: dict[str, tuple[int, datetime]]
    promises: Sequence[datetime]
    duties: Sequence[DutiesOwed]
    claims: Sequence[datetime]


class FactRepository:
    """Reads the facts, over one connection."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def read(self, now: datetime) -> Facts:
        """All of them."""
        with self._connections.reading() as connection:
            return Facts(
                open_calls=_open_calls(connection),
                waiting=_waiting(connection),
                promises=_promises(connection),
                duties=_duties(connection, now),
                claims=_claims(connection),
            )

    def duties(self, now: datetime) -> list[DutiesOwed]:
        """The duties alone."""
        with self._connections.reading() as connection:
            return _duties(connection, now)


_calls, _events, _duty = tables.calls.c, tables.events.c, tables.duties.c
_OWED = text("state = 'due'")  # as the indexes have it


def _open_calls(connection: Connection) -> int:
    # SQLite would count in a larger index, unless this one narrows it down.
    going_on = text("started_at > 0 AND ended_at IS NULL")
    statement = select(func.count()).select_from(tables.calls).where(going_on)
    return int(connection.execute(statement).scalar_one())


def _waiting(connection: Connection) -> dict[str, tuple[int, datetime]]:
    first = func.min(_calls.waiting_since)
    statement = select(_calls.waiting_for, func.count(), first).where(text("waiting_for <> ''"))
    rows = connection.execute(statement.group_by(_calls.waiting_for))
    return {queue: (count, instant(since)) for queue, count, since in rows}


def _promises(connection: Connection) -> list[datetime]:
    """A promise that is owed has a duty that sees to its due time; one that was kept may have it
    still."""
    due = select(_duty.call).where(_OWED, _duty.kind == "call_back")
    statement = select(_calls.sid, _calls.data).where(_calls.sid.in_(due))
    promises = [decode(row.data, row.sid).shared.promise for row in connection.execute(statement)]
    return [each.due for each in promises if each is not None and each.state == "owed"]


def _duties(connection: Connection, now: datetime) -> list[DutiesOwed]:
    due = func.count().filter(_duty.due <= ticks(now))
    statement = select(_duty.kind, func.count(), due, func.min(_duty.due)).where(_OWED)
    rows = connection.execute(statement.group_by(_duty.kind).order_by(_duty.kind))
    return [DutiesOwed(kind, owed, late, instant(first)) for kind, owed, late, first in rows]


def _claims(connection: Connection) -> list[datetime]:
    """A person is claimed as their telephone begins to ring, which is logged."""
    busy = select(tables.people.c.busy_with).where(text("busy_with IS NOT NULL"))
    found = []
    for (claim,) in connection.execute(busy).all():
        call, _, attempt = claim.partition("/")
        rung = select(_events.at).where(
            _events.call == call,
            _events.kind == "dial.started",
            _events.data.like(f'%"leg":"{attempt}"%'),
        )
        at = connection.execute(rung.order_by(_events.seq.desc()).limit(1)).scalar()
        if at is None:  # a claim that no call knows of is as old as anything
            at = 0
        found.append(instant(at))
    return found
