"""A database's backup in one file, and back: while calls go on, and all of it or nothing.

SQLite copies itself; PostgreSQL's own programs are called for its databases.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from sqlalchemy import Connection, create_engine, inspect
from sqlalchemy.engine import URL
from sqlalchemy.exc import DatabaseError

from ivr.errors import SettingsError
from ivr.line.store.connections import Connections
from ivr.line.store.faults import fault_of
from ivr.line.store.schema import PATIENCE, SchemaState, state_from, state_of

SQLITE, POSTGRES = b"SQLite format 3\0", b"PGDMP"  # how a file begins
BESIDE = ("-wal", "-shm")  # what SQLite keeps beside its file
CLIENT = "PostgreSQL's client programs (postgresql-client)"
FUNCTION = "directory_changed"  # the only one that we have in PostgreSQL


def back_up(connections: Connections, file: Path) -> SchemaState:
    """Write the whole database into a new ``file``, as it is at one instant; its schema.

    Raises `SettingsError` if the file is there already, or a program is missing or fails.
    """
    if file.exists():
        raise SettingsError(f"{file} is there already: name a new file")
    with connections.reading() as connection:
        state_of(connection)  # it is there, and a line's
    part = file.with_name(f"{file.name}.part")
    os.close(os.open(part, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600))  # it holds personal data
    try:
        if connections.postgres:
            target = ("--format=custom", f"--file={part}")
            _program("pg_dump", *target, url=connections.engine.url)
        else:
            _copy_out(connections, part)
        state = look_into(part)
        os.replace(part, file)
    finally:
        part.unlink(missing_ok=True)
    return state


def look_into(file: Path) -> SchemaState:
    """The schema of a backup that is whole. Raises `SettingsError` for any other file."""
    begins = _begins(file)
    if begins.startswith(POSTGRES):
        return state_from(_column(file, "alembic_version"), _column(file, "migrations"))
    if begins != SQLITE:
        raise SettingsError(f"{file} is no backup: neither of SQLite nor of PostgreSQL")
    if any(Path(f"{file}{end}").exists() for end in BESIDE):
        raise SettingsError(f"{file} is a database in use: make a backup of it with ivr db backup")
    with _opened(file) as connection:
        found = connection.exec_driver_sql("PRAGMA integrity_check").scalar()
        if found != "ok":
            raise SettingsError(f"{file} is damaged: {found}")
        return state_of(connection)


def restore(connections: Connections, file: Path, *, replace: bool = False) -> SchemaState:
    """Have the database hold what ``file`` holds, in one transaction; its schema then.

    Raises `SettingsError`, with nothing changed, for a file that isn't whole, is of the other kind
    of database or of a version that this one can't run on; and, unless ``replace``, if the database
    isn't empty. A SQLite file that is damaged is kept beside the new one.
    """
    state = look_into(file)
    if not state.revision or any(each.phase == "contract" for each in state.ahead):
        raise SettingsError(f"{file}: {state.why_not}")
    is_postgres = _begins(file).startswith(POSTGRES)
    if is_postgres != connections.postgres:
        kinds = ("SQLite", "PostgreSQL")
        raise SettingsError(
            f"{file} is a backup of {kinds[is_postgres]}, and IVR_DATABASE is "
            f"{kinds[connections.postgres]}"
        )
    tables = _tables(connections, replace)
    if tables and not replace:
        raise SettingsError("the database isn't empty; to have the backup instead, add --replace")
    if connections.postgres:
        _load(connections.engine.url, file, tables)
    else:
        _copy_in(connections, file)
    return state


def _begins(file: Path) -> bytes:
    with file.open("rb") as opened:
        return opened.read(len(SQLITE))


def _tables(connections: Connections, replace: bool) -> list[str]:
    """Those that the database has. A damaged SQLite file is moved away with ``replace``."""
    try:
        with connections.reading() as connection:
            if not connections.postgres:
                connection.exec_driver_sql("PRAGMA integrity_check").all()
            return inspect(connection).get_table_names()
    except DatabaseError as error:
        fault = fault_of(error)
        if not replace or connections.postgres or fault is None or fault.what != "damaged":
            raise
    connections.close()
    database = Path(str(connections.engine.url.database))
    kept = next(
        name
        for number in range(1, 1000)
        if not (name := database.with_name(f"{database.name}.damaged-{number}")).exists()
    )
    for end in ("", *BESIDE):
        with suppress(FileNotFoundError):
            os.replace(f"{database}{end}", f"{kept}{end}")
    return []


# --- SQLite ---


@contextmanager
def _opened(file: Path) -> Iterator[Connection]:
    engine = create_engine("sqlite://", creator=lambda: _read_only(file))
    try:
        with engine.connect() as connection:
            yield connection
    except DatabaseError as error:
        raise SettingsError(f"{file} is damaged: {error.orig}") from error
    finally:
        engine.dispose()


def _read_only(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro&immutable=1", uri=True)


def _copy_out(connections: Connections, part: Path) -> None:
    with closing(sqlite3.connect(part)) as copy:
        connections.own().backup(copy)  # in one step: readers hold up nobody
        copy.execute("PRAGMA journal_mode=DELETE")  # one file, with nothing beside it


def _copy_in(connections: Connections, file: Path) -> None:
    target = connections.own.begin()  # raises if it stays locked; `backup` would wait for ever
    target.execute("ROLLBACK")
    with closing(_read_only(file)) as copy:
        copy.backup(target)
    connections.own.settle()


# --- PostgreSQL ---


def _load(url: URL, file: Path, tables: list[str]) -> None:
    """One transaction: what is there goes, what the file has comes."""
    drop = "".join(f'DROP TABLE "{name}" CASCADE;\n' for name in tables)
    drop += f"DROP FUNCTION IF EXISTS {FUNCTION}() CASCADE;\n"
    drop = f"SET lock_timeout = '{PATIENCE}';\n{drop}"  # calls wait behind it
    script = _program("pg_restore", "--no-owner", "--no-privileges", "--file=-", str(file))
    options = ("--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1")
    _program("psql", *options, "--output=/dev/null", url=url, given=drop.encode() + script)


def _column(file: Path, table: str) -> list[list[str]]:
    """The rows of a table in a dump."""
    text = _program("pg_restore", "--data-only", f"--table={table}", "--file=-", str(file))
    rows, copying = [], False
    for line in text.decode().splitlines():
        if copying and line == "\\.":
            break
        if copying:
            rows.append(line.split("\t"))
        copying = copying or line.startswith("COPY ")
    return rows


def _program(name: str, *options: str, url: URL | None = None, given: bytes = b"") -> bytes:
    """What one of PostgreSQL's programs prints. Raises `SettingsError` with what it says."""
    command, environment = [name, *options], dict(os.environ)
    if url is not None:
        plain = url.set(drivername="postgresql", password=None)
        command.append(f"--dbname={plain.render_as_string()}")
        if url.password:
            environment["PGPASSWORD"] = str(url.password)  # a command's arguments are seen by all
    if shutil.which(name) is None:
        raise SettingsError(
            f"{name} isn't on this machine. Install {CLIENT}, or run where they are: "
            + " ".join(command)
        )
    done = subprocess.run(command, env=environment, input=given, capture_output=True, check=False)
    if done.returncode:
        raise SettingsError(f"{name}: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout


__all__ = ["back_up", "look_into", "restore"]
