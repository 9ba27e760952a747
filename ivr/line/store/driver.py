"""Each thread's own connection of the database's driver, in autocommit, from the pool.

SQLite's own waiting starves a busy neighbour, so a thread that finds the database locked waits
here instead: for short, uneven times.
"""

from __future__ import annotations

import random
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from sqlalchemy import Engine

BUSY_FOR = 5.0  # seconds until a locked database is an error; the carrier waits for 15


def patiently(
    connection: sqlite3.Connection,
    statement: str,
    values: tuple[Any, ...] | dict[str, Any] = (),
    busy_for: float = BUSY_FOR,
) -> sqlite3.Cursor:
    """Execute, and try again for ``busy_for`` seconds while the database is locked."""
    until = 0.0
    while True:
        try:
            return connection.execute(statement, values)
        except sqlite3.OperationalError as error:
            until = until or time.monotonic() + busy_for
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(random.uniform(0.00002, 0.0001))


class Changed(NamedTuple):
    """What a statement has changed: how many rows, and those that it returns."""

    number: int
    rows: list[Any]


def _at_once() -> None:
    """Who has committed needn't wait for anything."""


class OwnConnections:
    """Each thread's own driver connection, from the pool and in autocommit.

    It goes back when its thread ends. One that PostgreSQL has closed is replaced. ``settle`` is
    called after each commit, and returns when nothing can undo it any more.
    """

    settle: Callable[[], None] = staticmethod(_at_once)

    def __init__(self, source: Engine, busy_for: float = BUSY_FOR) -> None:
        self._engine = source
        self._busy_for = busy_for
        self._local = threading.local()
        self.postgres = source.dialect.name == "postgresql"

    def __call__(self) -> Any:
        """This thread's."""
        driver = getattr(self._local, "driver", None)
        if driver is None or (self.postgres and driver.closed):
            driver = self._take()
        return driver

    def execute(self, statement: str, values: tuple[Any, ...] | dict[str, Any]) -> Any:
        """One statement that changes nothing; the driver's cursor."""
        connection = self()
        if not self.postgres:
            return patiently(connection, statement, values, self._busy_for)
        try:
            return connection.execute(statement, values, prepare=True)
        except Exception:
            if not connection.closed:
                raise
            return self().execute(statement, values)  # the server was started again

    def change(self, statement: str, values: tuple[Any, ...] | dict[str, Any]) -> Changed:
        """One statement that changes something; it may be repeated."""
        cursor = self.execute(statement, values)
        rows = cursor.fetchall() if cursor.description else []
        changed = Changed(cursor.rowcount, rows)
        if changed.number:
            self.settle()
        return changed

    def begin(self) -> Any:
        """This thread's, of SQLite, with a transaction that will write."""
        patiently(connection := self(), "BEGIN IMMEDIATE", busy_for=self._busy_for)
        return connection

    @contextmanager
    def writing(self) -> Iterator[Any]:
        """This thread's, with a transaction that will write; it is undone by what is raised."""
        if self.postgres:
            with (connection := self()).transaction():
                yield connection
        else:
            connection = self.begin()
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
        self.settle()

    def _take(self) -> Any:
        self.give_back()
        held = self._engine.connect()
        if self.postgres:  # the option is undone when the pool has it back
            held = held.execution_options(isolation_level="AUTOCOMMIT")
        self._local.held, self._local.driver = held, held.connection.driver_connection
        return self._local.driver

    def give_back(self) -> None:
        """This thread no longer needs its connection."""
        held = getattr(self._local, "held", None)
        if held is None:
            return
        broken = self.postgres and self._local.driver.closed
        self._local.held = self._local.driver = None
        if broken:
            held.invalidate()  # there is nothing that could be undone
        held.close()
