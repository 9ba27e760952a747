"""The duties: which worker takes which, and in which order.

A duty that was taken is leased: other workers skip it until the lease expires, so that a duty whose
worker was killed is taken again. Within a call, the duties of one lane follow each other.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Executable,
    Select,
    and_,
    bindparam,
    case,
    func,
    literal_column,
    null,
    or_,
    select,
    text,
    union_all,
    update,
)

from ivr.line.records import Duty
from ivr.line.store import tables
from ivr.line.store.connections import Connections
from ivr.line.store.inserts import add_duties
from ivr.line.store.instants import instant, instant_or_none, ticks

LEASE = timedelta(seconds=30)
_OWED = text("state = 'due'")  # as the indexes have it

_duties = tables.duties
_d, _e = _duties.alias("d"), _duties.alias("e")
_DUE = text("d.state = 'due'")  # as the indexes have it: SQLite sees no value beside the question
_NOBODYS = _d.c.taken_until.is_(None)
_FIRST_OF_ITS_LANE = or_(
    _d.c.lane == literal_column("''"),
    ~select(_e.c.id)
    .where(_e.c.call == _d.c.call, _e.c.lane == _d.c.lane, text("e.state = 'due'"))
    .where(_e.c.id < _d.c.id)
    .exists(),
)


def _soonest(kind: str, *which: ColumnElement[bool]) -> Select[Any]:
    """The duties of a kind that may be taken, the soonest first: by the index, however many there
    are."""
    of_kind = _d.c.kind == literal_column(f"'{kind}'")
    found = select(_d.c.id, _d.c.due).where(_DUE, of_kind, *which, _FIRST_OF_ITS_LANE)
    return found.order_by(_d.c.due, _d.c.id)


def _limited(found: Select[Any], limit: int) -> Select[Any]:
    """At most so many; a number that is written out needn't be handed in each time."""
    return found.limit(literal_column(str(limit))).offset(literal_column("0"))


@lru_cache
def _take(kinds: tuple[str, ...], limit: int) -> Executable:
    """Lease the soonest of these kinds."""
    now: Any = bindparam("now")
    free = _d.c.due <= now, or_(_NOBODYS, _d.c.taken_until <= now)
    each = [
        select(
            _limited(_soonest(kind, *free), limit)
            .with_for_update(skip_locked=True)
            .subquery(f"kind{place}")
        )
        for place, kind in enumerate(kinds)
    ]
    soonest = union_all(*each).subquery("soonest")
    first = _limited(select(soonest.c.id).order_by(soonest.c.due, soonest.c.id), limit)
    tried = _duties.c.attempts + literal_column("1")
    leased = {"taken_until": bindparam("until"), "attempts": tried}
    return update(_duties).where(_duties.c.id.in_(first)).values(leased).returning(_duties)


@lru_cache
def _next(kinds: tuple[str, ...]) -> Executable:
    """The first of each kind that isn't leased, and all that are leased: quick however many are
    due."""
    each = [
        select(_limited(_soonest(kind, _NOBODYS), 1).subquery(f"kind{place}").c.due.label("at"))
        for place, kind in enumerate(kinds)
    ]
    free_again = case((_d.c.taken_until > _d.c.due, _d.c.taken_until), else_=_d.c.due).label("at")
    ours = _d.c.kind.in_([literal_column(f"'{kind}'") for kind in kinds])
    leased = select(free_again).where(_DUE, _d.c.taken_until > literal_column("0"), ours)
    soonest = union_all(*each, leased.where(_FIRST_OF_ITS_LANE)).subquery("soonest")
    return select(func.min(soonest.c.at).label("at"))


def _of_successor(column: Column[Any]) -> ColumnElement[Any]:
    """What a duty that follows another in its lane has in this column. As text: SQLAlchemy writes
    no table's name in what SQLite returns."""
    written = (
        f"(SELECT e.{column.name} FROM duties e WHERE e.call = duties.call AND duties.lane <> '' "
        "AND e.lane = duties.lane AND e.state = 'due' AND e.id > duties.id ORDER BY e.id LIMIT 1)"
    )
    return literal_column(written, column.type).label(column.name)


def _ends(state: str, which: ColumnElement[bool]) -> Executable:
    """A duty ends; returns what follows it in its lane."""
    ended = {"state": literal_column(f"'{state}'"), "taken_until": null()}
    statement = update(_duties).where(which).values(ended | {"why": bindparam("reason")})
    return statement.returning(_of_successor(_duties.c.kind), _of_successor(_duties.c.due))


_THIS = _duties.c.id == bindparam("which")
# Only if no other worker has taken it since, as each take counts one more attempt.
_OURS = and_(_THIS, text("state = 'due'"), _duties.c.attempts == bindparam("tried"))
_DONE, _DROP = _ends("done", _THIS), _ends("dropped", _OURS)
_PUT_OFF = {"due": bindparam("later"), "taken_until": null(), "why": bindparam("reason")}
_RETRY = update(_duties).where(_OURS).values(_PUT_OFF)


class DutyRepository:
    """The duties. What carries them out in this process is told when what is added here, put
    off or freed is due: `Connections.owed`."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def take(self, now: datetime, kinds: Iterable[str], limit: int = 100) -> list[Duty]:
        """Lease the duties of these kinds that are due; other workers skip them until the lease
        expires. In the order of their due times."""
        wanted = tuple(kinds)
        if not wanted:
            return []
        values = {"now": ticks(now), "until": ticks(now + LEASE)}
        rows = self._connections.asked.changed(_take(wanted, limit), **values)
        return sorted(map(_duty, rows), key=lambda duty: (duty.due, duty.id))

    def next_due(self, kinds: Iterable[str]) -> datetime | None:
        """When the next duty of these kinds is due, or its lease expires."""
        return instant_or_none(self._connections.asked.rows(_next(tuple(kinds)))[0].at)

    def add(self, duties: Iterable[Duty]) -> None:
        """Add duties of no call and no case; a duty whose key exists is left as it is."""
        new = list(duties)
        with self._connections.asked.writing() as writing:
            add_duties(writing, new)
        self._connections.owed.tell(new)

    def done(self, duty: Duty) -> None:
        """It has been carried out, even if another worker has taken it since."""
        self._ended(self._connections.asked.changed(_DONE, which=duty.id, reason=""))

    def retry(self, duty: Duty, at: datetime, why: str = "") -> None:
        """Put it off until ``at``, unless another worker has taken it since."""
        values = {"which": duty.id, "tried": duty.attempts, "later": ticks(at), "reason": why}
        if self._connections.asked.change(_RETRY, **values):
            self._connections.owed.due(duty.kind, at)

    def drop(self, duty: Duty, why: str) -> None:
        """Give it up, unless another worker has taken it since; the row stays, with the reason."""
        values = {"which": duty.id, "tried": duty.attempts, "reason": why}
        self._ended(self._connections.asked.changed(_DROP, **values))

    def _ended(self, successors: list[Any]) -> None:
        for next_ in successors:
            if next_.due is not None:
                self._connections.owed.due(next_.kind, instant(next_.due))

    def bring_forward(self, kinds: Iterable[str], after: datetime, by: timedelta) -> int:
        """Duties that are due, or leased until, after an instant are so earlier by ``by``; how
        many.

        For a clock that has gone back by that. Several processes may find it out: what has been
        brought forward isn't due after that instant any more.
        """
        back = by // timedelta(microseconds=1)
        ours = (text("state = 'due'"), _duties.c.kind.in_(tuple(kinds)))
        changed = 0
        with self._connections.writing() as connection:
            for column in (_duties.c.due, _duties.c.taken_until):
                earlier = update(_duties).where(*ours, column > ticks(after))
                changed += connection.execute(earlier.values({column: column - back})).rowcount
        return changed

    def all(self, *kinds: str, call: str | None = None, owed: bool = False) -> list[Duty]:
        """Duties of these kinds (of any, if none is named) in the order of their due times; with
        ``owed`` only those that are neither done nor dropped."""
        statement = select(_duties).order_by(_duties.c.due, _duties.c.id)
        if owed:
            statement = statement.where(_OWED)
        if kinds:
            statement = statement.where(_duties.c.kind.in_(kinds))
        if call is not None:
            statement = statement.where(_duties.c.call == call)
        return self._list(statement)

    def owed(
        self, kind: str, *, owner: str | None = None, naming: str = "", limit: int | None = None
    ) -> list[Duty]:
        """The duties of a kind that are neither done nor dropped, the first one due first: those of
        an owner, those whose data name something, only so many."""
        duties = _duties.c
        statement = select(_duties).where(_OWED, duties.kind == kind)
        if owner is not None:
            statement = statement.where(duties.owner == owner)
        if naming:
            statement = statement.where(duties.data.contains(naming, autoescape=True))
        return self._list(statement.order_by(duties.due).limit(limit))

    def count(self, kind: str) -> int:
        """How many there are of them."""
        statement = select(func.count()).select_from(_duties).where(_OWED, _duties.c.kind == kind)
        with self._connections.reading() as connection:
            return int(connection.execute(statement).scalar_one())

    def undone(self, kind: str, since: datetime, limit: int | None = None) -> list[Duty]:
        """The latest duties of a kind that aren't done: those that are still due, and those that
        were due since then and have been given up. In the order of their due times."""
        duties = _duties.c
        latest = select(_duties).where(duties.kind == kind).order_by(duties.due.desc())
        due = self._list(latest.where(_OWED).limit(limit))
        given_up = latest.where(text("state = 'dropped'"), duties.due > ticks(since))
        both = sorted(
            (*due, *self._list(given_up.limit(limit))), key=lambda each: (each.due, each.id)
        )
        return both if limit is None else both[-limit:]

    def _list(self, statement: Select[Any]) -> list[Duty]:
        with self._connections.reading() as connection:
            return [_duty(row) for row in connection.execute(statement)]


def _duty(row: Any) -> Duty:
    return Duty(
        key=row.key,
        call=row.call,
        kind=row.kind,
        due=instant(row.due),
        data=json.loads(row.data),
        owner=row.owner,
        lane=row.lane,
        id=row.id,
        attempts=row.attempts,
        state=row.state,
        taken_until=instant_or_none(row.taken_until),
        why=row.why or "",
    )
