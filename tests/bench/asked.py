"""Which statements SQLite is asked, as they are written, with values beside them: for their plans.

What the driver traces has the values in it, and SQLite plans such a statement otherwise: it takes
an index of some rows only for a condition that stands in the text.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, event

PLANNED = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH)", re.I)

Statements = dict[str, Any]  # a text, and the values with which it was last asked


@contextmanager
def statements() -> Iterator[Statements]:
    """Those that are asked over connections which are opened meanwhile, from whichever thread."""
    asked: Statements = {}

    class Watched(sqlite3.Connection):
        def execute(self, text: str, values: Any = (), /) -> sqlite3.Cursor:
            asked[text] = values
            return super().execute(text, values)

        def cursor(self, factory: Any = None) -> Any:
            return super().cursor(Cursor)

    class Cursor(sqlite3.Cursor):
        def execute(self, text: str, values: Any = (), /) -> sqlite3.Cursor:
            asked[text] = values
            return super().execute(text, values)

    def watch(_dialect: Any, _record: Any, _given: Any, options: dict[str, Any]) -> None:
        options["factory"] = Watched

    event.listen(Engine, "do_connect", watch)
    try:
        yield asked
    finally:
        event.remove(Engine, "do_connect", watch)


def plans(connection: sqlite3.Connection, asked: Statements) -> Iterator[tuple[str, list[str]]]:
    """How this database carries out each of them: a line for each table, and each sorting."""
    for text, values in asked.items():
        if PLANNED.match(text):
            rows = connection.execute(f"EXPLAIN QUERY PLAN {text}", values)
            yield " ".join(text.split()), [row[3] for row in rows]
