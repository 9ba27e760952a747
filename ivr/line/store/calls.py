"""Calls: one by its SID, and as lists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, bindparam, or_, select, text, tuple_, update

from ivr.line.desk.events import Event
from ivr.line.records import BACK, MOVES_LEGS, Call, Duty
from ivr.line.store import tables
from ivr.line.store.connections import Connections
from ivr.line.store.instants import instant, ticks
from ivr.line.store.privacy.remains import PURGED
from ivr.line.store.turns import (
    COLUMNS,
    Claims,
    Engaged,
    PostgresTurns,
    SQLiteTurns,
    Turns,
    call_of,
)

LATEST = 2**63  # what a column of instants holds
LOOKED_AT = 5000  # calls, for one page of those that no index finds
_calls = tables.calls.c
# Earlier versions knew when somebody had joined, and took that for a meeting.
_MET = or_(
    _calls.data.like('%"met":true%'),
    _calls.data.like('%"joined_at":"%') & ~_calls.data.like('%"taken_at":"%'),
)
_PROMISED = _calls.data.like('%"promise":{%')
_SLIM = _calls.data.like(f'{{"{PURGED}":%')
_OVER = _calls.ended_at.is_not(None)
HOW: dict[str, ColumnElement[bool]] = {  # how it ended
    "open": _calls.ended_at.is_(None),
    "met": and_(_OVER, _MET),
    "promised": and_(_OVER, _PROMISED, ~_MET),
    "left": and_(_OVER, ~_PROMISED, ~_MET, ~_SLIM),
    "purged": and_(_OVER, _SLIM),
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which calls: of a case (its written number), that began in ``since`` <= … < ``until``, that
    ended so (a key of `HOW`), and that are older than ``before``, the last one of another page."""

    case: str = ""
    since: datetime | None = None
    until: datetime | None = None
    how: str = ""
    before: str = ""


class Page(NamedTuple):
    """Calls, and the place of the last one that was looked at, ``""`` if it was the very last."""

    calls: list[Call]
    older: str


def mark(started_at: datetime, sid: str) -> str:
    """Names a call's place in the list."""
    return f"{ticks(started_at)}.{sid}"


def _passing(wanted: Wanted) -> list[ColumnElement[bool]]:
    """What no index tells of a call."""
    conditions = [HOW[wanted.how]] if wanted.how else []
    if wanted.case:
        # What was looked up, purged or not; the digits alone where it wasn't found.
        digits = "".join(key for key in wanted.case if key.isdecimal())
        named = f'%"number":"{wanted.case}"%', f'%"keyed":"{digits}"%'
        conditions.append(or_(*(_calls.data.like(each) for each in named)))
    return conditions


def _within(statement: Select[Any], wanted: Wanted) -> Select[Any]:
    """The statement for the calls of this time. Raises `ValueError` for a ``before`` that
    isn't a place."""
    if wanted.since is not None:
        statement = statement.where(_calls.started_at >= ticks(wanted.since))
    if wanted.until is not None:
        statement = statement.where(_calls.started_at < ticks(wanted.until))
    if wanted.before:
        at, _, sid = wanted.before.partition(".")
        if not abs(began := int(at)) < LATEST:
            raise ValueError(f"no call began at {at}")
        statement = statement.where(tuple_(_calls.started_at, _calls.sid) < tuple_(began, sid))
    return statement.order_by(_calls.started_at.desc(), _calls.sid.desc())


class CallRepository:
    """The calls, their events and the duties of their turns."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        own = connections.own
        self._turns: Turns = PostgresTurns(own) if connections.postgres else SQLiteTurns(own)

    def load(self, sid: str) -> Call | None:
        """A call as it was last saved."""
        return self._turns.load(sid)

    def save(
        self,
        call: Call,
        events: Sequence[Event] = (),
        duties: Sequence[Duty] = (),
        claims: Claims = (),
    ) -> bool:
        """Save all of a turn, or nothing: False when the call has been saved by somebody else since
        it was loaded.

        A duty whose key exists is left as it is. ``claims`` are the people that the turn dials,
        each with the attempt, as in `PersonRepository.claim`. Raises `Engaged`, with nothing saved,
        when one of them isn't free.
        """
        saved = self._turns.save(call, (events, duties), claims)
        if saved:
            self._connections.owed.tell(duties)
        return saved

    def settle(self) -> None:
        """Wait until nothing that has been loaded can be lost, as after `save`."""
        self._connections.own.settle()

    def open(self) -> list[Call]:
        """Every call in progress, the oldest first."""
        return self._list(_CALLS.where(_calls.ended_at.is_(None)).order_by(_calls.started_at))

    def named(self, sids: Sequence[str]) -> dict[str, Call]:
        """Those of these calls that there are, by SID."""
        return {call.sid: call for call in self._list(_CALLS.where(_calls.sid.in_(sids)))}

    def waiting(self) -> list[Call]:
        """The calls that wait in a queue, the longest-waiting first."""
        return [call_of(row) for row in self._connections.asked.rows(_WAITING)]

    def page(self, wanted: Wanted, limit: int, looked_at: int = LOOKED_AT) -> Page:
        """At most ``limit`` of the calls ``wanted``, the newest first. Raises `ValueError` for a
        ``before`` that isn't a place in the list.

        Of a case, or by how they ended, they are looked for among ``looked_at`` calls, so that a
        page that finds few, or none, takes no longer; the next one goes on from there.
        """
        statement, last = _within(_CALLS, wanted).where(*_passing(wanted)), None
        if wanted.case or wanted.how not in ("", "open"):  # there is an index of the open ones
            last = self._place(_within(_PLACE, wanted).offset(looked_at - 1))
        if last is not None:
            statement = statement.where(tuple_(_calls.started_at, _calls.sid) >= tuple_(*last))
        calls = self._list(statement.limit(limit + 1))
        if len(calls) > limit:
            return Page(calls[:limit], mark(calls[limit - 1].started_at, calls[limit - 1].sid))
        return Page(calls, mark(instant(last.started_at), last.sid) if last is not None else "")

    def _place(self, statement: Select[Any]) -> Any | None:
        with self._connections.reading() as connection:
            return connection.execute(statement.limit(1)).one_or_none()

    def recent(self, caller: str, since: datetime) -> list[Call]:
        """The last five calls from a caller's number that have ended since then, the latest
        first."""
        found = self._connections.asked.rows(_RECENT, caller=caller, since=ticks(since))
        return [call_of(row) for row in found]

    def end_open(self, now: datetime) -> None:
        """End every call in progress, free everybody, and drop the duties that move legs: a network
        that was switched off has no calls."""
        people, duties = tables.people, tables.duties
        ended = {"ended_at": ticks(now), "waiting_for": "", "waiting_since": None}
        in_progress = update(tables.calls).where(_calls.ended_at.is_(None))
        stale = (duties.c.state == "due") & duties.c.kind.in_(MOVES_LEGS)
        with self._connections.writing() as connection:
            connection.execute(in_progress.values(ended))
            connection.execute(update(people).values(busy_with=None))
            connection.execute(update(duties).where(stale).values(state="dropped"))

    def _list(self, statement: Any) -> list[Call]:
        with self._connections.reading() as connection:
            return [call_of(row) for row in connection.execute(statement)]


_CALLS = select(*(_calls[name] for name in COLUMNS))
_PLACE = select(_calls.started_at, _calls.sid)
_RECENT = (
    _CALLS.where(_calls.caller == bindparam("caller"))
    .where(_calls.ended_at > bindparam("since"))
    .where(_calls.sid.not_like(f"{BACK}%"))
    .order_by(_calls.ended_at.desc())
    .limit(5)
)
_WAITING = _CALLS.where(text("waiting_for <> ''")).order_by(_calls.waiting_since, _calls.sid)

__all__ = ["HOW", "LOOKED_AT", "CallRepository", "Engaged", "Page", "Wanted", "mark"]
