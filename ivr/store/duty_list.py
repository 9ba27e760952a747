"""The list of duties: who takes what, and in which order.

A duty that was taken is nobody else's until its lease is over, so that one whose worker was killed
is taken again. Within a call, those of one lane follow each other.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, select, text

from ivr.rows import Duty
from ivr.store import tables
from ivr.store.instants import instant, instant_or_none, ticks

LEASE = timedelta(seconds=30)

_FIRST_OF_ITS_LANE = """
(d.lane = '' OR NOT EXISTS (
    SELECT 1 FROM duties e
    WHERE e.call = d.call AND e.lane = d.lane AND e.state = 'due' AND e.id < d.id))
"""

_TAKE = """
UPDATE duties SET taken_until = :until, attempts = attempts + 1
WHERE id IN (
    SELECT d.id FROM duties d
    WHERE d.state = 'due' AND d.due <= :now AND d.kind IN :kinds
      AND (d.taken_until IS NULL OR d.taken_until <= :now)
      {of_call} AND {first}
    ORDER BY d.due, d.id LIMIT :limit {locking})
RETURNING id, key, call, kind, owner, lane, due, data, attempts, state, taken_until, why
"""

_NEXT = f"""
SELECT min(CASE WHEN d.taken_until > d.due THEN d.taken_until ELSE d.due END) FROM duties d
WHERE d.state = 'due' AND d.kind IN :kinds AND {_FIRST_OF_ITS_LANE}
"""


def take(
    connection: Connection, now: datetime, kinds: list[str], call: str | None, limit: int
) -> list[Duty]:
    """What is due now, taken; in the order of due times."""
    given = {"now": ticks(now), "until": ticks(now + LEASE), "kinds": kinds, "limit": limit}
    if call is not None:
        given["call"] = call
    asked = _TAKE.format(
        first=_FIRST_OF_ITS_LANE,
        of_call="" if call is None else "AND d.call = :call",
        locking="FOR UPDATE SKIP LOCKED" if connection.dialect.name == "postgresql" else "",
    )
    statement = text(asked).bindparams(bindparam("kinds", expanding=True))
    rows = connection.execute(statement, given).all()
    return [_duty(row) for row in sorted(rows, key=lambda row: (row.due, row.id))]


def next_due(connection: Connection, kinds: list[str]) -> datetime | None:
    """When something of these kinds is due next; one that is taken, when its lease is over."""
    statement = text(_NEXT).bindparams(bindparam("kinds", expanding=True))
    return instant_or_none(connection.execute(statement, {"kinds": kinds}).scalar())


def listed(
    connection: Connection, kinds: Iterable[str], call: str | None, owed: bool
) -> list[Duty]:
    """Duties of any state, or those still ``owed``."""
    duties = tables.duties
    asked = select(duties).order_by(duties.c.due, duties.c.id)
    if owed:
        asked = asked.where(text("state = 'due'"))
    if kinds := list(kinds):
        asked = asked.where(duties.c.kind.in_(kinds))
    if call is not None:
        asked = asked.where(duties.c.call == call)
    return [_duty(row) for row in connection.execute(asked)]


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
