"""How the database is reached: by SQLAlchemy's pooled connections, and by the driver alone."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from ivr.errors import SettingsError
from ivr.line.store.asked import Asked
from ivr.line.store.driver import BUSY_FOR, OwnConnections, patiently
from ivr.line.store.owed import Owed
from ivr.line.store.remembered import Remembered
from ivr.line.store.syncing import GroupSync, Sync, to_disk

ANSWERS_WITHIN = 3  # seconds until a PostgreSQL server that can't be reached is an error
WRITES = "ivr_writes"  # an execution option: this transaction will write

LONG = 10_000  # pages in the write-ahead log, above which it is begun anew
CEILING = 40_000  # … above which the thread that commits checkpoints, if no other does
RESTART_WITHIN = 100  # milliseconds
_PREPARE = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=NORMAL",
    f"PRAGMA wal_autocheckpoint={CEILING}",
    "PRAGMA cache_size=-32000",  # kB: a thousand calls at once hit as many pages of each index
    "PRAGMA busy_timeout=0",  # we wait ourselves
)


class Connections:
    """One database's connections. ``url`` is ``sqlite:///file`` or ``postgresql://user@host/name``;
    raises `SettingsError` for any other. A lock that another process holds is waited for
    ``busy_for`` seconds. If it is ``power_safe``, whatever has been committed is on the disk;
    ``sync`` brings SQLite's log there, by default as the system does."""

    def __init__(
        self,
        url: str,
        busy_for: float = BUSY_FOR,
        *,
        power_safe: bool = False,
        sync: Sync | None = None,
    ) -> None:
        self.url, self.power_safe = url, power_safe
        self.engine: Engine = engine(url, busy_for, power_safe=power_safe)
        self.writer: Engine = self.engine.execution_options(**{WRITES: True})
        self.own = OwnConnections(self.engine, busy_for)
        self.postgres = self.own.postgres
        if power_safe and not self.postgres:
            log = f"{self.engine.url.database}-wal"
            self.own.settle = GroupSync(log, sync or to_disk, partial(_rewrite, self.own, busy_for))
        self.asked = Asked(self.own, type(self.engine.dialect))
        self.owed = Owed()
        self.remembered = Remembered()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection to read from."""
        with self.engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self, rollback: bool = False) -> Iterator[Connection]:
        """A transaction; with ``rollback`` it is undone at its end."""
        with self.writer.connect() as connection, connection.begin() as transaction:
            yield connection
            if rollback:
                transaction.rollback()
        if not rollback:
            self.own.settle()

    def close(self) -> None:
        """Let go of every connection."""
        self.own.give_back()
        self.engine.dispose()


def engine(url: str, busy_for: float = BUSY_FOR, *, power_safe: bool = False) -> Engine:
    """The engine for a URL. Raises `SettingsError` for what is neither SQLite nor PostgreSQL."""
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise SettingsError(f"IVR_DATABASE is '{url}', which is no database URL") from error
    match parsed.get_backend_name():
        case "sqlite":
            return _sqlite(parsed.database or "", busy_for)
        case "postgresql":
            return _postgres(parsed, busy_for, power_safe)
    raise SettingsError(
        f"IVR_DATABASE is a URL of '{parsed.get_backend_name()}': use sqlite:///file or "
        "postgresql://user@host/name"
    )


def _postgres(url: URL, busy_for: float, power_safe: bool) -> Engine:
    options = {"lock_timeout": str(int(busy_for * 1000))}
    if power_safe:  # else as the server is set up
        options["synchronous_commit"] = "on"
    return create_engine(
        url.set(drivername="postgresql+psycopg"),
        pool_size=20,
        max_overflow=20,
        pool_timeout=busy_for,
        hide_parameters=True,  # an error is logged, and they may be telephone numbers
        pool_pre_ping=True,  # the server may have been started again meanwhile
        connect_args={
            "connect_timeout": ANSWERS_WITHIN,
            "tcp_user_timeout": ANSWERS_WITHIN * 1000,
            "keepalives_idle": ANSWERS_WITHIN,  # a server that has gone while it was being asked
            "keepalives_interval": ANSWERS_WITHIN,
            "keepalives_count": 2,
            "options": " ".join(f"-c {name}={value}" for name, value in options.items()),
        },
    )


def _sqlite(file: str, busy_for: float) -> Engine:
    if file in ("", ":memory:"):
        raise SettingsError("IVR_DATABASE must name a file: sqlite:///instance/ivr.db")
    try:
        Path(file).parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(f"IVR_DATABASE is in '{Path(file).parent}': {error}") from error
    pool = create_engine(
        f"sqlite:///{file}",
        connect_args={"isolation_level": None},
        max_overflow=-1,
        hide_parameters=True,
    )
    event.listen(pool, "connect", partial(_prepare, busy_for))
    event.listen(pool, "begin", partial(_begin, busy_for))
    return pool


def _prepare(busy_for: float, connection: sqlite3.Connection, _record: object) -> None:
    for statement in _PREPARE:
        patiently(connection, statement, busy_for=busy_for)


def checkpoint(connection: sqlite3.Connection, long: int = LONG) -> None:
    """Move what SQLite's write-ahead log has into the file.

    Nobody waits for that. But while commits never stop, there is always more in the log, and it
    would grow without end: when it is long, they are let wait for a few milliseconds until there is
    nothing, so that the next one begins it anew. ``long`` is in pages.
    """
    _, pages, _ = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    if pages > long:
        connection.execute(f"PRAGMA busy_timeout={RESTART_WITHIN}")
        try:
            connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()
        finally:
            connection.execute("PRAGMA busy_timeout=0")


def _rewrite(own: OwnConnections, busy_for: float) -> None:
    """Move all that the log has into the database file, and begin the log anew. Raises
    `sqlite3.OperationalError` if that isn't possible."""
    until = time.monotonic() + busy_for
    while own().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:  # somebody reads
        if time.monotonic() > until:
            raise sqlite3.OperationalError("the log can't be written anew")
        time.sleep(0.001)


def _begin(busy_for: float, connection: Connection) -> None:
    """A transaction that will write has the lock from its start: one that has read before could not
    get the lock any more after another transaction has written."""
    driver: Any = connection.connection.driver_connection
    writes = connection.get_execution_options().get(WRITES)
    patiently(driver, "BEGIN IMMEDIATE" if writes else "BEGIN", busy_for=busy_for)
