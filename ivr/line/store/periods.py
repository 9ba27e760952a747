"""What happened between two instants, by the indexes that are there for it."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection, Select, and_, func, or_, select, text

from ivr.line.desk.events import Event
from ivr.line.records import BACK, WEB
from ivr.line.store import tables
from ivr.line.store.connections import Connections
from ivr.line.store.instants import instant, instant_or_none, ticks

RECENT = 1000  # events that tell which emergencies are open
HANG_UP = '%"value":"hangup"%'  # in what was heard as a call ended


@dataclass(frozen=True, slots=True)
class CallThen:
    """A call that began in a period, with part of its log."""

    sid: str
    started_at: datetime
    ended_at: datetime | None
    language: str
    events: list[Event]


class PeriodRepository:
    """Reads of periods."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    @contextmanager
    def reading(self) -> Iterator[Callable[[datetime, datetime], Period]]:
        """Periods that are read over one connection."""
        with self._connections.reading() as connection:
            yield partial(Period, connection)

    def open_emergencies(self) -> list[tuple[str, datetime]]:
        """The cases that are Enterprise Down now, and since when, from the last `RECENT` events."""
        desk = text(tables.DESK_KINDS)
        events = tables.events.c
        statement = select(tables.events).where(desk, events.kind.like("edown.%"))
        newest_first = statement.order_by(events.at.desc(), events.id.desc()).limit(RECENT)
        found: dict[str, datetime | None] = {}
        with self._connections.reading() as connection:
            for row in connection.execute(newest_first):
                ended = row.kind == "edown.ended"
                found.setdefault(row.call.removeprefix("case:"), None if ended else instant(row.at))
        return sorted((case, at) for case, at in found.items() if at is not None)


class Period:
    """Reads of one period, from ``since`` on and before ``until``, over one connection."""

    def __init__(self, connection: Connection, since: datetime, until: datetime) -> None:
        self.connection = connection
        self.since = ticks(since)
        self.until = ticks(until)

    def count(self) -> int:
        """How many calls of callers began in it."""
        statement = select(func.count()).select_from(tables.calls).where(self._began())
        return int(self.connection.execute(statement).scalar() or 0)

    def calls(self, kinds: Collection[str]) -> Iterator[CallThen]:
        """The calls of callers that began in it, with their events of these kinds and how they
        hung up."""
        calls, events = tables.calls.c, tables.events.c
        found: dict[str, list[Event]] = defaultdict(list)
        heard = and_(events.kind == "heard", events.data.like(HANG_UP))
        statement = (
            select(events.call, events.kind, events.at, events.actor, events.data)
            .join(tables.calls, events.call == calls.sid)
            .where(self._began(), or_(events.kind.in_(sorted(kinds)), heard))
            .order_by(events.call, events.seq)
        )
        for row in self.connection.execute(statement):
            found[row.call].append(_event(row))
        started = select(calls.sid, calls.started_at, calls.ended_at, calls.language)
        in_order = started.where(self._began()).order_by(calls.started_at)
        for sid, at, ended, language in self.connection.execute(in_order):
            yield CallThen(sid, instant(at), instant_or_none(ended), language, found[sid])

    def of_the_desk(self) -> Iterator[tuple[Event, datetime | None]]:
        """What happened to cases and notices, each with when the call began that it came of."""
        events = tables.events.c
        desk = text(tables.DESK_KINDS)  # as the index has it
        within = and_(desk, events.at >= self.since, events.at < self.until)
        statement = select(tables.events).where(within).order_by(events.at)
        logged = [_event(row) for row in self.connection.execute(statement)]
        calls = sorted({str(event.data["call"]) for event in logged if event.data.get("call")})
        began: dict[str, datetime] = {}
        for place in range(0, len(calls), 500):
            named = tables.calls.c.sid.in_(calls[place : place + 500])
            of = select(tables.calls.c.sid, tables.calls.c.started_at).where(named)
            began |= {sid: instant(at) for sid, at in self.connection.execute(of)}
        return ((event, began.get(str(event.data.get("call", "")))) for event in logged)

    def requests(self) -> dict[str, list[tuple[datetime, str]]]:
        """The requests for a level (when, which) of each case."""
        table = tables.escalations.c
        within = and_(table.requested_at >= self.since, table.requested_at < self.until)
        statement: Select[Any] = select(table.case, table.requested_at, table.level)
        found: dict[str, list[tuple[datetime, str]]] = defaultdict(list)
        for row in self.connection.execute(statement.where(within).order_by(table.requested_at)):
            found[row.case].append((instant(row.requested_at), row.level))
        return found

    def _began(self) -> Any:
        """Callbacks, which the line makes itself, don't count, nor do requests on the web."""
        calls = tables.calls.c
        began = and_(calls.started_at >= self.since, calls.started_at < self.until)
        return and_(began, calls.sid.not_like(f"{BACK}%"), calls.sid.not_like(f"{WEB}%"))


def _event(row: Any) -> Event:
    return Event(row.kind, instant(row.at), row.actor, json.loads(row.data))


__all__ = ["CallThen", "Period", "PeriodRepository"]
