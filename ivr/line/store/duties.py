"""The duties: which worker takes which, and in which order.

A duty that was taken is leased: other workers skip it until the lease expires, so that a duty whose
worker was killed is taken again. Within a call, the duties of one lane follow each other.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import select, text, update

from ivr.line.records import Duty
from ivr.line.store import tables
from ivr.line.store.connections import Connections
from ivr.line.store.driver import Changed
from ivr.line.store.inserts import add_duties
from ivr.line.store.instants import instant, instant_or_none, ticks

LEASE = timedelta(seconds=30)

_FIRST_OF_ITS_LANE = """
(d.lane = '' OR NOT EXISTS (
    SELECT 1 FROM duties e
    WHERE e.call = d.call AND e.lane = d.lane AND e.state = 'due' AND e.id < d.id))
"""

_TAKE = """
UPDATE duties SET taken_until = {until}, attempts = attempts + 1
WHERE id IN (
    SELECT d.id FROM duties d
    WHERE d.state = 'due' AND d.due <= {now} AND d.kind IN ({kinds})
      AND (d.taken_until IS NULL OR d.taken_until <= {now})
      {of_call} AND {first}
    ORDER BY d.due, d.id LIMIT {limit} {locking})
RETURNING id, key, call, kind, owner, lane, due, data, attempts, state, taken_until, why
"""

# The first of each kind that isn't leased, and all that are leased: quick however many are due.
_NEXT = """
SELECT min(soonest.at) FROM (
    {first_of_each} UNION ALL
    SELECT CASE WHEN d.taken_until > d.due THEN d.taken_until ELSE d.due END AS at FROM duties d
    WHERE d.state = 'due' AND d.taken_until > 0 AND d.kind IN ({kinds}) AND {first}) AS soonest
"""
_FIRST_OF_A_KIND = """
SELECT {name}.at FROM (
    SELECT d.due AS at FROM duties d
    WHERE d.state = 'due' AND d.kind = {kind} AND d.taken_until IS NULL AND {first}
    ORDER BY d.due LIMIT 1) AS {name}
"""

_DONE = "UPDATE duties SET state = 'done', taken_until = NULL, why = '' WHERE id = {id}"
# Only if no other worker has taken it since, as each take counts one more attempt.
_OURS = "WHERE id = {id} AND state = 'due' AND attempts = {attempts}"
_RETRY = f"UPDATE duties SET due = {{due}}, taken_until = NULL, why = {{why}} {_OURS}"
_DROP = f"UPDATE duties SET state = 'dropped', taken_until = NULL, why = {{why}} {_OURS}"


class DutyRepository:
    """The duties. What every turn with duties needs goes through the driver, as the turn itself."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._own = connections.own
        self._written = lru_cache(maxsize=100)(self._write)

    def take(
        self, now: datetime, kinds: Iterable[str], call: str | None = None, limit: int = 50
    ) -> list[Duty]:
        """Lease the duties of these kinds that are due, of one ``call`` or of all; other workers
        skip them until the lease expires. In the order of their due times."""
        values = {"now": ticks(now), "until": ticks(now + LEASE), "limit": limit, "call": call}
        taken = self._change(_TAKE, values, tuple(kinds), call is not None)
        duties = [_duty(_Row(*row)) for row in taken.rows]
        return sorted(duties, key=lambda duty: (duty.due, duty.id))

    def next_due(self, kinds: Collection[str]) -> datetime | None:
        """When the next duty of these kinds is due, or its lease expires."""
        statement, values = self._written(_NEXT, len(kinds), False), _named(kinds)
        return instant_or_none(self._own.execute(statement, values).fetchone()[0])

    def add(self, duties: Iterable[Duty]) -> None:
        """Add duties of no call and no case; a duty whose key exists is left as it is."""
        with self._connections.asked.writing() as writing:
            add_duties(writing, duties)

    def done(self, duty: Duty) -> None:
        """It has been carried out, even if another worker has taken it since."""
        self._change(_DONE, {"id": duty.id})

    def retry(self, duty: Duty, at: datetime, why: str = "") -> None:
        """Put it off until ``at``, unless another worker has taken it since."""
        values = {"id": duty.id, "attempts": duty.attempts, "due": ticks(at), "why": why}
        self._change(_RETRY, values)

    def drop(self, duty: Duty, why: str) -> None:
        """Give it up, unless another worker has taken it since; the row stays, with the reason."""
        self._change(_DROP, {"id": duty.id, "attempts": duty.attempts, "why": why})

    def bring_forward(self, kinds: Iterable[str], after: datetime, by: timedelta) -> int:
        """Duties that are due, or leased until, after an instant are so earlier by ``by``; how
        many.

        For a clock that has gone back by that. Several processes may find it out: what has been
        brought forward isn't due after that instant any more.
        """
        duties, back = tables.duties, by // timedelta(microseconds=1)
        ours = (text("state = 'due'"), duties.c.kind.in_(tuple(kinds)))
        changed = 0
        with self._connections.writing() as connection:
            for column in (duties.c.due, duties.c.taken_until):
                earlier = update(duties).where(*ours, column > ticks(after))
                changed += connection.execute(earlier.values({column: column - back})).rowcount
        return changed

    def all(self, *kinds: str, call: str | None = None, owed: bool = False) -> list[Duty]:
        """Duties of these kinds (of any, if none is named) in the order of their due times; with
        ``owed`` only those that are neither done nor dropped."""
        duties = tables.duties
        statement = select(duties).order_by(duties.c.due, duties.c.id)
        if owed:
            statement = statement.where(text("state = 'due'"))  # as the index has it
        if kinds:
            statement = statement.where(duties.c.kind.in_(kinds))
        if call is not None:
            statement = statement.where(duties.c.call == call)
        with self._connections.reading() as connection:
            return [_duty(row) for row in connection.execute(statement)]

    def _change(
        self,
        statement: str,
        values: dict[str, Any],
        kinds: tuple[str, ...] = (),
        of_call: bool = False,
    ) -> Changed:
        written = self._written(statement, len(kinds), of_call)
        return self._own.change(written, values | _named(kinds))

    def _write(self, statement: str, kinds: int, of_call: bool) -> str:
        """The statement with this driver's marks."""
        mark = "%({})s" if self._own.postgres else ":{}"
        names = ("now", "until", "limit", "id", "attempts", "due", "why")
        each = [f"kind{place}" for place in range(kinds)]
        first_of_each = (
            _FIRST_OF_A_KIND.format(name=name, kind=mark.format(name), first=_FIRST_OF_ITS_LANE)
            for name in each
        )
        return statement.format(
            kinds=", ".join(map(mark.format, each)) or "NULL",
            first_of_each=" UNION ALL ".join(first_of_each),
            of_call=f"AND d.call = {mark.format('call')}" if of_call else "",
            first=_FIRST_OF_ITS_LANE,
            locking="FOR UPDATE SKIP LOCKED" if self._own.postgres else "",
            **{name: mark.format(name) for name in names},
        )


def _named(kinds: Iterable[str]) -> dict[str, Any]:
    return {f"kind{place}": kind for place, kind in enumerate(kinds)}


class _Row(NamedTuple):
    """What a statement returns, in the order in which `_TAKE` names it."""

    id: int
    key: str
    call: str
    kind: str
    owner: str
    lane: str
    due: int
    data: str
    attempts: int
    state: str
    taken_until: int | None
    why: str


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
