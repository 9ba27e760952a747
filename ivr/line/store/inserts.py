"""Rows that are written once: a row whose key exists is left as it is."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Executable, Table, bindparam, insert
from sqlalchemy.dialects.postgresql import insert as insert_quietly  # SQLite says it the same way

from ivr.line.records import Duty
from ivr.line.store import tables
from ivr.line.store.asked import Writing
from ivr.line.store.instants import ticks

EVENT_COLUMNS = ("call", "seq", "at", "kind", "actor", "data", "hash")
DUTY_COLUMNS = ("key", "call", "kind", "owner", "lane", "due", "data")

_plain = json.JSONEncoder(separators=(",", ":")).encode


@lru_cache
def new_row(table: Table, *columns: str) -> Executable:
    """The statement for a row with these columns; it returns the row's key if that was new."""
    values: dict[str, Any] = {name: bindparam(name) for name in columns}
    written = insert_quietly(table).values(values).on_conflict_do_nothing()
    return written.returning(*table.primary_key)


def insert_new(connection: Connection, table: Table, rows: Iterable[dict[str, Any]]) -> int:
    """Write the rows whose keys are new; how many that were. Through SQLAlchemy, for what is
    written seldom."""
    return sum(len(connection.execute(new_row(table, *row), row).all()) for row in rows)


def add_new(writing: Writing, table: Table, row: dict[str, Any]) -> bool:
    """Write a row; False if there is one with its key."""
    return bool(writing.rows(new_row(table, *row), **row))


def add_duties(writing: Writing, duties: Iterable[Duty]) -> None:
    """Duties whose keys are new."""
    for duty in duties:
        writing.change(ADD_DUTY, **dict(zip(DUTY_COLUMNS, duty_row(duty), strict=True)))


def duty_row(duty: Duty) -> tuple[Any, ...]:
    """A new duty's values, in the order of ``DUTY_COLUMNS``."""
    due, data = ticks(duty.due), _plain(duty.data)
    return (duty.key, duty.call, duty.kind, duty.owner, duty.lane, due, data)


def add_events(writing: Writing, rows: Iterable[Sequence[Any]]) -> None:
    """New events, as `ivr.line.store.chain.chained` returns them."""
    for row in rows:
        writing.change(ADD_EVENT, **dict(zip(EVENT_COLUMNS, row, strict=True)))


def insert_events(connection: Connection, rows: Iterable[Sequence[Any]]) -> None:
    """The same through SQLAlchemy."""
    values = [dict(zip(EVENT_COLUMNS, row, strict=True)) for row in rows]
    if values:
        connection.execute(ADD_EVENT, values)


ADD_EVENT = insert(tables.events).values({name: bindparam(name) for name in EVENT_COLUMNS}).inline()
ADD_DUTY = (
    insert_quietly(tables.duties)
    .values({name: bindparam(name) for name in DUTY_COLUMNS})
    .on_conflict_do_nothing()
    .inline()
)
