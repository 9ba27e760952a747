"""What goes wrong with a database, from outside of the line: each a context in which it is so."""

from __future__ import annotations

import resource
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.engine import make_url

from ivr.line.store.store import Store

Fault = Callable[[Store], AbstractContextManager[None]]
BESIDE = ("-wal", "-shm")


def file_of(store: Store) -> Path:
    return Path(str(store.connections.engine.url.database))


@contextmanager
def locked(store: Store) -> Iterator[None]:
    """Another process writes, and doesn't come to an end."""
    with closing(sqlite3.connect(file_of(store), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


@contextmanager
def read_only(store: Store) -> Iterator[None]:
    """The file can't be written to. (For root, to whom a file's mode says nothing, SQLite is told
    by another way; what it answers is the same.)"""

    def tell(connection: sqlite3.Connection, *_: object) -> None:
        connection.execute(f"PRAGMA query_only = {told}")

    told, engine = "on", store.connections.engine
    store.connections.own.give_back()
    event.listen(engine, "checkout", tell)
    yield
    told = "off"
    store.connections.own.give_back()


@contextmanager
def full(store: Store) -> Iterator[None]:
    """The disk is full: no file gets any longer."""
    log = Path(f"{file_of(store)}-wal")
    with store.connections.writing() as connection:  # longer than anything else that is written
        connection.execute(text("CREATE TABLE filler AS SELECT randomblob(400000) AS words"))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (log.stat().st_size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def damaged(store: Store) -> Iterator[None]:
    """Somebody has written over the file; at the end it is as it was."""
    file = file_of(store)
    store.connections.close()
    whole = file.read_bytes()
    file.write_bytes(whole[:100] + b"\xff" * (len(whole) - 100))
    yield
    store.connections.close()
    for end in BESIDE:
        Path(f"{file}{end}").unlink(missing_ok=True)
    file.write_bytes(whole)


@contextmanager
def gone(store: Store) -> Iterator[None]:
    """The file isn't there: what it was on has been taken away."""
    file = file_of(store)
    store.connections.close()
    away = file.with_name("away")
    file.rename(away)
    file.mkdir()
    yield
    file.rmdir()
    away.rename(file)


# --- PostgreSQL ---


def _as_admin(url: str) -> tuple[Engine, str]:
    parsed = make_url(url).set(drivername="postgresql+psycopg")
    admin = create_engine(parsed.set(database="postgres"), isolation_level="AUTOCOMMIT")
    return admin, str(parsed.database)


@contextmanager
def down(store: Store) -> Iterator[None]:
    """The server closes its connections, and takes no others."""
    admin, name = _as_admin(store.connections.url)
    with admin.connect() as connection:
        connection.execute(text(f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false"))
        ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"
        connection.execute(text(ended), {"name": name})
        try:
            yield
        finally:
            connection.execute(text(f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS true"))
    admin.dispose()


@contextmanager
def standby(store: Store) -> Iterator[None]:
    """The server has become one that only reads."""
    admin, name = _as_admin(store.connections.url)
    with admin.connect() as connection:
        connection.execute(text(f"ALTER DATABASE {name} SET default_transaction_read_only = on"))
        ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"
        connection.execute(text(ended), {"name": name})
        try:
            yield
        finally:
            connection.execute(text(f"ALTER DATABASE {name} RESET default_transaction_read_only"))
            connection.execute(text(ended), {"name": name})
    admin.dispose()


@contextmanager
def taken(store: Store) -> Iterator[None]:
    """Another process has locked the tables, and doesn't come to an end."""
    other = Store(store.connections.url)
    with other.connections.writing() as connection:
        connection.execute(text("LOCK TABLE calls, signs IN ACCESS EXCLUSIVE MODE"))
        yield
    other.close()
