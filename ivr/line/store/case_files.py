"""Case files: read and written whole, each under its own version."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Table, select, update
from sqlalchemy.dialects.postgresql import insert as insert_postgres
from sqlalchemy.dialects.sqlite import insert as insert_sqlite

from ivr.line.desk.events import Event
from ivr.line.records import CaseFile, Duty, Escalation, Note
from ivr.line.store import tables
from ivr.line.store.instants import ticks
from ivr.line.store.turns import chained

Made = tuple[Sequence[Event], Sequence[Duty], Sequence[Escalation], Sequence[Note]]


def load(connection: Connection, number: str) -> CaseFile | None:
    """The file on a case, if anything was ever heard of it."""
    table = tables.case_files
    row = connection.execute(select(table).where(table.c.number == number)).one_or_none()
    return None if row is None else _file(row)


def every(connection: Connection) -> list[CaseFile]:
    """All files, by number."""
    table = tables.case_files
    return [_file(row) for row in connection.execute(select(table).order_by(table.c.number))]


def _file(row: Any) -> CaseFile:
    return CaseFile(row.number, json.loads(row.data), row.version, row.events, row.head)


def save(connection: Connection, file: CaseFile, made: Made) -> bool:
    """All that one thing heard has made of it; False when somebody was quicker."""
    events, duties, escalations, notes = made
    rows, count, head = chained(file, events)
    if not _write(connection, file, count, head):
        return False
    log(connection, rows)
    owe(connection, duties)
    once(connection, tables.escalations, (_instants(asdict(each)) for each in escalations))
    once(connection, tables.notes, (_instants(asdict(each)) for each in notes))
    file.version, file.events, file.head = file.version + 1, count, head
    return True


def log(connection: Connection, rows: Iterable[Sequence[Any]]) -> None:
    """New events, as `chained` has made them."""
    names = ("call", "seq", "at", "kind", "actor", "data", "hash")
    values = [dict(zip(names, row, strict=True)) for row in rows]
    if values:
        connection.execute(tables.events.insert(), values)


def owe(connection: Connection, duties: Iterable[Duty]) -> None:
    """Duties whose keys are new."""
    once(connection, tables.duties, (_duty(each) for each in duties))


def _write(connection: Connection, file: CaseFile, count: int, head: str) -> bool:
    table = tables.case_files
    values = {"version": file.version + 1, "data": json.dumps(file.data)}
    values |= {"events": count, "head": head}
    if not file.version:
        return once(connection, table, [{"number": file.number, **values}]) == 1
    here = (table.c.number == file.number) & (table.c.version == file.version)
    return connection.execute(update(table).where(here).values(values)).rowcount == 1


def once(connection: Connection, table: Table, rows: Iterable[dict[str, Any]]) -> int:
    """Write what has no row of its key yet; how many were written."""
    postgres = connection.dialect.name == "postgresql"
    insert = insert_postgres if postgres else insert_sqlite
    written = 0
    for row in rows:
        statement = insert(table).values(row).on_conflict_do_nothing()
        written += len(connection.execute(statement.returning(*table.primary_key)).all())
    return written


def _duty(duty: Duty) -> dict[str, Any]:
    names = ("key", "call", "kind", "owner", "lane")
    row: dict[str, Any] = {name: getattr(duty, name) for name in names}
    return row | {"due": ticks(duty.due), "data": json.dumps(duty.data)}


def _instants(row: dict[str, Any]) -> dict[str, Any]:
    return {
        name: ticks(value) if name in ("at", "requested_at") else value
        for name, value in row.items()
    }
