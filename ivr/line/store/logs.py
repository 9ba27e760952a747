"""Reading, adding to and verifying the event logs. See `ivr.line.store.streams` for their names."""

from __future__ import annotations

import json
from collections.abc import Iterator

from sqlalchemy import func, select, text

from ivr.line.desk.events import Event
from ivr.line.records import CaseFile
from ivr.line.store import seals, streams, tables
from ivr.line.store.calls import CallRepository
from ivr.line.store.case_files import CaseFileRepository, CaseRecords
from ivr.line.store.connections import Connections
from ivr.line.store.instants import instant

RECENT = 200  # events whose transactions may still overtake each other


class LogRepository:
    """The event logs, whatever they are about."""

    def __init__(
        self, connections: Connections, calls: CallRepository, case_files: CaseFileRepository
    ) -> None:
        self._connections = connections
        self._calls = calls
        self._case_files = case_files

    def events(self, stream: str) -> list[Event]:
        """What was logged, in order."""
        events = tables.events
        statement = select(events).where(events.c.call == stream).order_by(events.c.seq)
        with self._connections.reading() as connection:
            return [
                Event(row.kind, instant(row.at), row.actor, json.loads(row.data))
                for row in connection.execute(statement)
            ]

    def append(self, stream: str, event: Event) -> None:
        """Add to the log of a call, of a case or of the desk (`streams.ACCESS`)."""
        if stream.startswith("log:"):
            with self._connections.writing() as connection:
                streams.append(connection, stream, [event])
        elif stream.startswith("case:"):
            self._append_to_case(stream.removeprefix("case:"), event)
        else:
            self._append_to_call(stream, event)

    def _append_to_case(self, number: str, event: Event) -> None:
        saved = False
        while not saved:
            file = self._case_files.load(number) or CaseFile(number)
            saved = self._case_files.save(file, CaseRecords(events=[event]))

    def _append_to_call(self, sid: str, event: Event) -> None:
        saved = False
        while not saved:
            call = self._calls.load(sid)
            saved = call is None or self._calls.save(call, [event])

    def latest(self) -> str:
        """Names the present state: as long as it stands, nothing that a page shows has changed.

        Events may become visible out of the order of their numbers, so the last ones are counted
        as well.
        """
        events, people = tables.events.c, tables.people.c
        last = select(func.max(events.id)).scalar_subquery()
        recent = select(func.count()).where(events.id > last - RECENT).scalar_subquery()
        busy = select(func.count(people.busy_with)).where(text("busy_with IS NOT NULL"))
        marks = (people.status_since, people.last_taken, people.last_no_answer)
        newest = [select(func.max(mark)).scalar_subquery() for mark in marks]
        statement = select(last, recent, busy.scalar_subquery(), *newest)
        with self._connections.reading() as connection:
            row = connection.execute(statement).one()
        return ".".join(str(each or 0) for each in row)

    def verify(self, stream: str) -> bool:
        """Whether a log is whole; see `streams.fault`."""
        with self._connections.reading() as connection:
            return not streams.fault(connection, stream)

    def faults(self, stream: str = "") -> Iterator[str]:
        """What is wrong with one log, or with any of them and their seals."""
        with self._connections.reading() as connection:
            every = (name for kind in streams.KINDS for name in streams.every(connection, kind))
            for each in [stream] if stream else every:
                if wrong := streams.fault(connection, each):
                    yield f"{each}: {wrong}"
            if not stream:
                yield from (f"{each}: it is gone" for each in streams.orphans(connection))
                yield from seals.faults(connection)


__all__ = ["LogRepository"]
