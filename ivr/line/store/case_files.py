"""Case files: read and written whole, each under its own version, with what came of it: requests
for a level, and notes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import bindparam, select, update

from ivr.line.desk.events import Event
from ivr.line.records import CaseFile, Duty, Escalation, Note
from ivr.line.store import tables
from ivr.line.store.asked import Writing
from ivr.line.store.chain import chained
from ivr.line.store.connections import Connections
from ivr.line.store.inserts import add_duties, add_events, add_new
from ivr.line.store.instants import instant, ticks

_files = tables.case_files
_KEPT = ("version", "data", "events", "head")  # beside the number
_FILE = select(_files).where(_files.c.number == bindparam("number"))
_SAVE = (
    update(_files)
    .where(_files.c.number == bindparam("saved"), _files.c.version == bindparam("before"))
    .values({name: bindparam(name) for name in _KEPT})
)


class CaseRecords(NamedTuple):
    """What is saved together with a case file."""

    events: Sequence[Event] = ()
    duties: Sequence[Duty] = ()
    escalations: Sequence[Escalation] = ()
    notes: Sequence[Note] = ()


class CaseFileRepository:
    """The files on cases, whichever system has the cases themselves."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def load(self, number: str) -> CaseFile | None:
        """The file on a case; None when nothing was ever logged about it."""
        row = self._connections.asked.row(_FILE, number=number)
        return None if row is None else _file(row)

    def named(self, numbers: Sequence[str]) -> dict[str, CaseFile]:
        """The files on those of these cases that have one, by number."""
        wanted = select(_files).where(_files.c.number.in_(numbers))
        with self._connections.reading() as connection:
            return {row.number: _file(row) for row in connection.execute(wanted)}

    def all(self) -> list[CaseFile]:
        """All files, by number."""
        with self._connections.reading() as connection:
            rows = connection.execute(select(_files).order_by(_files.c.number))
            return [_file(row) for row in rows]

    def save(self, file: CaseFile, records: CaseRecords) -> bool:
        """Save the file with its records, or nothing: False when the file has been saved by
        somebody else since it was loaded."""
        rows, count, head = chained(file, records.events)
        with self._connections.asked.writing() as writing:
            if not _write(writing, file, count, head):
                return False
            add_events(writing, rows)
            add_duties(writing, records.duties)
            for escalation in records.escalations:
                add_new(writing, tables.escalations, _instants(asdict(escalation)))
            for note in records.notes:
                add_new(writing, tables.notes, _instants(asdict(note)))
        self._connections.owed.tell(records.duties)
        file.version += 1
        file.events = count
        file.head = head
        return True

    def escalations(self, case: str | None = None) -> list[Escalation]:
        """Requests for a level, of one case or of all, the oldest first."""
        table = tables.escalations
        statement = select(table).order_by(table.c.requested_at)
        if case is not None:
            statement = statement.where(table.c.case == case)
        with self._connections.reading() as connection:
            return [_escalation(row) for row in connection.execute(statement)]

    def escalated_since(self, since: datetime, limit: int = 500) -> list[str]:
        """The cases for which a level has been requested since then, the latest first."""
        table = tables.escalations
        statement = (
            select(table.c.case)
            .where(table.c.requested_at > ticks(since))
            .order_by(table.c.requested_at.desc())
            .limit(limit)
        )
        with self._connections.reading() as connection:
            return list(dict.fromkeys(connection.execute(statement).scalars()))

    def notes(self, case: str) -> list[Note]:
        """The notes that the line has written on a case, the oldest first."""
        table = tables.notes
        statement = select(table).where(table.c.case == case).order_by(table.c.at)
        with self._connections.reading() as connection:
            return [_note(row) for row in connection.execute(statement)]


def _file(row: Any) -> CaseFile:
    return CaseFile(row.number, json.loads(row.data), row.version, row.events, row.head)


def _write(writing: Writing, file: CaseFile, count: int, head: str) -> bool:
    """The file itself, if it is still the one that was loaded."""
    values = {
        "version": file.version + 1,
        "data": json.dumps(file.data),
        "events": count,
        "head": head,
    }
    if not file.version:
        return add_new(writing, _files, {"number": file.number, **values})
    return writing.change(_SAVE, saved=file.number, before=file.version, **values) == 1


def _instants(row: dict[str, Any]) -> dict[str, Any]:
    return {
        name: ticks(value) if name in ("at", "requested_at") else value
        for name, value in row.items()
    }


def _escalation(row: Any) -> Escalation:
    return Escalation(
        key=row.key,
        call=row.call,
        case=row.case,
        level=row.level,
        requested_by=row.requested_by,
        set_by=row.set_by,
        requested_at=instant(row.requested_at),
        reason=row.reason,
    )


def _note(row: Any) -> Note:
    at = instant(row.at)
    return Note(row.key, row.call, row.case, row.text, row.author, at, row.visibility)
