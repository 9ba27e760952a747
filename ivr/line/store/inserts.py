"""Rows that are written once: a row whose key exists is left as it is."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects.postgresql import insert as insert_postgres
from sqlalchemy.dialects.sqlite import insert as insert_sqlite

from ivr.line.records import Duty
from ivr.line.store import tables
from ivr.line.store.instants import ticks

_EVENT_COLUMNS = ("call", "seq", "at", "kind", "actor", "data", "hash")
_DUTY_COLUMNS = ("key", "call", "kind", "owner", "lane")


def insert_new(connection: Connection, table: Table, rows: Iterable[dict[str, Any]]) -> int:
    """Write the rows whose keys are new; how many that were."""
    postgres = connection.dialect.name == "postgresql"
    insert = insert_postgres if postgres else insert_sqlite
    written = 0
    for row in rows:
        statement = insert(table).values(row).on_conflict_do_nothing()
        written += len(connection.execute(statement.returning(*table.primary_key)).all())
    return written


def insert_events(connection: Connection, rows: Iterable[Sequence[Any]]) -> None:
    """New events, as `ivr.line.store.chain.chained` returns them."""
    values = [dict(zip(_EVENT_COLUMNS, row, strict=True)) for row in rows]
    if values:
        connection.execute(tables.events.insert(), values)


def insert_duties(connection: Connection, duties: Iterable[Duty]) -> None:
    """Duties whose keys are new."""
    insert_new(connection, tables.duties, (_duty_row(duty) for duty in duties))


def _duty_row(duty: Duty) -> dict[str, Any]:
    row: dict[str, Any] = {name: getattr(duty, name) for name in _DUTY_COLUMNS}
    return row | {"due": ticks(duty.due), "data": json.dumps(duty.data)}
