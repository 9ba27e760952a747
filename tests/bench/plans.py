"""How a database carries out what it is asked: whether that goes through all of a table.

Statements are gathered as they are written, with their values beside them: what a driver traces has
the values in it, and SQLite plans such a statement otherwise, since it takes an index of some rows
only for a condition that stands in the text.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg
from sqlalchemy import Engine, event

# Tables with a row for each call, case, person or customer, or for what happened to them.
GROWS = frozenset(
    [
        "accounts",
        "calls",
        "case_files",
        "cases",
        "contacts",
        "duties",
        "escalations",
        "events",
        "logins",
        "notes",
        "people",
        "recordings",
        "sealed",
        "sessions",
        "tallies",
    ]
)
# Indexes that hold only what is going on, waits, is owed, or works here as an operator.
OF_FEW = frozenset(
    [
        "ix_calls_open",
        "ix_calls_waiting",
        "ix_duties_dropped",
        "ix_duties_kind_due",
        "ix_duties_open",
        "ix_duties_taken",
        "ix_people_busy",
        "ix_people_operators",
    ]
)
PLANNED = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b", re.I)
NAMED = re.compile(r'\b(?:FROM|JOIN|UPDATE|INTO)\s+"?(\w+)"?(?:\s+AS)?\s+(\w+)', re.I)
SCAN = re.compile(r"SCAN (?P<what>\w+)(?: USING (?:COVERING )?INDEX (?P<index>\w+))?")
MARK = re.compile(r"%\(\w+\)s(::\w+)?|%s|(?<!:):\w+")
COLUMNS = re.compile(r"\bSELECT (?!\*)(?:(?!\bSELECT\b).)*? FROM\b")

Asked = dict[str, Any]  # a text, and the values with which it was last asked


@contextmanager
def asked() -> Iterator[Asked]:
    """What is asked over connections that are opened meanwhile, from whichever thread."""
    found: Asked = {}

    class Cursor(sqlite3.Cursor):
        def execute(self, text: str, values: Any = (), /) -> sqlite3.Cursor:
            found[text] = values
            return super().execute(text, values)

    class Connection(sqlite3.Connection):
        def execute(self, text: str, values: Any = (), /) -> sqlite3.Cursor:
            return self.cursor().execute(text, values)

        def cursor(self, factory: Any = Cursor) -> Any:
            return super().cursor(factory)

    class Postgres(psycopg.Cursor[Any]):
        def execute(self, query: Any, params: Any = None, **more: Any) -> Any:
            found[str(query)] = params
            return super().execute(query, params, **more)

    def watch(dialect: Any, _record: Any, _given: Any, options: dict[str, Any]) -> None:
        if dialect.name == "sqlite":
            options["factory"] = Connection
        else:
            options["cursor_factory"] = Postgres

    event.listen(Engine, "do_connect", watch)
    try:
        yield found
    finally:
        event.remove(Engine, "do_connect", watch)


def on_sqlite(file: str, asked: Mapping[str, Any]) -> Iterator[tuple[str, list[str]]]:
    """What of these goes through a table that grows, or sorts however many rows; the text, without
    the columns, and those lines of its plan."""
    connection = sqlite3.connect(file)
    for text, values in asked.items():
        if not PLANNED.match(text):
            continue
        tables = {alias: table for table, alias in NAMED.findall(text)}
        plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {text}", values)]
        if through := [line for line in plan if _goes_through(line, tables)]:
            yield shortened(text), through
    connection.close()


def _goes_through(line: str, tables: Mapping[str, str]) -> bool:
    if "TEMP B-TREE" in line:
        return (
            "RIGHT PART" not in line and "LAST TERM" not in line
        )  # those that are equal before it
    scan = SCAN.match(line)
    if scan is None:
        return False
    return tables.get(scan["what"], scan["what"]) in GROWS and scan["index"] not in OF_FEW


def on_postgres(url: str, asked: Mapping[str, Any]) -> Iterator[tuple[str, list[str]]]:
    """What of these no index could serve, however large the table were."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET enable_seqscan = off")
        for text, values in asked.items():
            if not PLANNED.match(text):
                continue
            plan = [row[0] for row in connection.execute(f"EXPLAIN {text}", values)]
            found = [re.search(r"Seq Scan on (\w+)", line) for line in plan]
            if through := [each[0] for each in found if each and each[1] in GROWS]:
                yield shortened(text), through


def shortened(text: str) -> str:
    """Without its columns, and with the same mark for each value."""
    return COLUMNS.sub("SELECT … FROM", MARK.sub("?", " ".join(text.split())))
