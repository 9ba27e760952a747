"""Case files: read and written whole, each under its own version, with what came of it: requests
for a level, and notes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, select, update

from ivr.line.desk.events import Event
from ivr.line.records import CaseFile, Duty, Escalation, Note
from ivr.line.store import tables
from ivr.line.store.chain import chained
from ivr.line.store.connections import Connections
from ivr.line.store.inserts import insert_duties, insert_events, insert_new
from ivr.line.store.instants import instant, ticks

_FILE = select(tables.case_files).where(tables.case_files.c.number == bindparam("number"))


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

    def all(self) -> list[CaseFile]:
        """All files, by number."""
        table = tables.case_files
        with self._connections.reading() as connection:
            rows = connection.execute(select(table).order_by(table.c.number))
            return [_file(row) for row in rows]

    def save(self, file: CaseFile, records: CaseRecords) -> bool:
        """Save the file with its records, or nothing: False when the file has been saved by
        somebody else since it was loaded."""
        rows, count, head = chained(file, records.events)
        with self._connections.writing() as connection:
            if not _write(connection, file, count, head):
                return False
            insert_events(connection, rows)
            insert_duties(connection, records.duties)
            escalations = (_instants(asdict(each)) for each in records.escalations)
            insert_new(connection, tables.escalations, escalations)
            notes = (_instants(asdict(each)) for each in records.notes)
            insert_new(connection, tables.notes, notes)
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


def _write(connection: Connection, file: CaseFile, count: int, head: str) -> bool:
    """The file itself, if it is still the one that was loaded."""
    table = tables.case_files
    values = {
        "version": file.version + 1,
        "data": json.dumps(file.data),
        "events": count,
        "head": head,
    }
    if not file.version:
        return insert_new(connection, table, [{"number": file.number, **values}]) == 1
    here = (table.c.number == file.number) & (table.c.version == file.version)
    return connection.execute(update(table).where(here).values(values)).rowcount == 1


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
