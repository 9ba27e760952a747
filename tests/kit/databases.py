"""Databases of a test's own, on SQLite and on PostgreSQL."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

from sqlalchemy import Table, create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

from ivr.line.store import tables
from ivr.line.store.store import Store
from tests.kit.environment import require

Rows = dict[Table, list[dict[str, Any]]]

ADMIN = os.environ.get("IVR_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/postgres")


@contextmanager
def postgres() -> Iterator[str]:
    """The URL of an empty database that is dropped at the end; skips where no server answers."""
    url = make_url(ADMIN)
    engine = create_engine(url.set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    try:
        connection = engine.connect()
    except OperationalError:
        require("a PostgreSQL server (IVR_TEST_POSTGRES)", False)
    name = f"ivr_test_{uuid4().hex[:12]}"
    with connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
        try:
            yield url.set(database=name).render_as_string(hide_password=False)
        finally:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()


def rows_of(store: Store) -> Rows:
    """Everything that is stored."""
    with store.connections.reading() as connection:
        return {
            table: [dict(row) for row in connection.execute(table.select()).mappings()]
            for table in tables.metadata.sorted_tables
        }


def fill(store: Store, rows: Rows) -> None:
    """Put rows into a database without any: much faster than to import the files again."""
    with store.connections.writing() as connection:
        for table, given in rows.items():
            if given and table is not tables.directory:  # its triggers write it
                connection.execute(table.insert(), given)


@contextmanager
def emptied(url: str) -> Iterator[Store]:
    """A store on a database that outlives it, from which everything is deleted at the end."""
    store = Store(url)
    yield store
    with store.connections.writing() as connection:
        for table in tables.metadata.sorted_tables:
            if table is not tables.directory:
                connection.execute(table.delete())
    store.close()
