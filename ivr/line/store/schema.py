"""The database's schema: which version it has, whether this code may run on it, bringing it up to
date.

Each migration is one of two kinds. One that *expands* leaves what the version before reads and
writes as it is, so that both versions run at once. One that *contracts* doesn't, and is carried
out on request, once no process of the version before runs any more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.resources import as_file, files
from typing import TYPE_CHECKING, Literal

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    MetaData,
    String,
    Table,
    inspect,
    select,
    text,
)

from ivr.errors import SettingsError
from ivr.line.store.connections import Connections

if TYPE_CHECKING:
    from alembic.config import Config

Phase = Literal["expand", "contract"]

LOCK = 17349013  # the advisory lock of who migrates, on PostgreSQL
PATIENCE = "5s"  # a change of a table that waits for it makes every call wait behind it

metadata = MetaData()  # apart from the line's own data, which is copied, counted and erased
migrations = Table(
    "migrations",
    metadata,
    Column("revision", String, primary_key=True),
    Column("phase", String, nullable=False),
    Column("about", String, nullable=False),
    Column("at", BigInteger, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Migration:
    """A step from one version of the schema to the next."""

    revision: str
    phase: Phase
    about: str


@dataclass(frozen=True, slots=True)
class SchemaState:
    """A database's schema beside what this version of the code expects.

    ``revision`` is the database's, ``""`` while it is empty. ``pending`` are the migrations that
    it hasn't had, ``ahead`` those that a later version carried out, both in order. ``oldest`` is
    the revision that code must expect at least to run on it.
    """

    revision: str
    expected: str
    pending: tuple[Migration, ...]
    ahead: tuple[Migration, ...]
    oldest: str

    @property
    def needed(self) -> tuple[Migration, ...]:
        """Those of ``pending`` without which this version can't run: all up to the last one that
        expands."""
        last = max((n for n, each in enumerate(self.pending) if each.phase == "expand"), default=-1)
        return self.pending[: last + 1]

    @property
    def stops(self) -> tuple[Migration, ...]:
        """Those of ``needed`` that end what the version before reads."""
        return tuple(each for each in self.needed if each.phase == "contract")

    @property
    def why_not(self) -> str:
        """Why this version can't run on it; ``""`` if it can."""
        gone = [each.revision for each in self.ahead if each.phase == "contract"]
        if gone:
            return (
                f"the database's schema is {self.revision}, of a later version. This version "
                f"expects {self.expected} and can't run on it: {', '.join(gone)} took away what it "
                "reads. Install the later version, or restore a backup with: ivr db restore"
            )
        if not self.revision:
            return "the database is empty: run ivr db migrate"
        if self.needed:
            return (
                f"the database's schema is {self.revision}, and this version needs "
                f"{self.needed[-1].revision}: run ivr db migrate"
            )
        return ""


class Schema:
    """The schema of one database."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def state(self) -> SchemaState:
        """What the database has. Raises `SettingsError` for a database of something else."""
        with self._connections.reading() as connection:
            return state_of(connection)

    def has(self, revision: str) -> bool:
        """Whether the database has had a migration."""
        named = select(migrations.c.revision).where(migrations.c.revision == revision)
        with self._connections.reading() as connection:
            return connection.execute(named).first() is not None

    def migrate(self, *, contract: bool = False) -> list[Migration]:
        """Carry out what this version needs, and with ``contract`` everything; what was carried
        out.

        Nothing is locked when nothing is to be done; two processes may do it at once. A database
        of a later version is left as it is. Raises `SettingsError` if this version can't run on
        the database, or if a migration that it needs would take away what the version before reads
        and ``contract`` isn't given. An empty database gets everything.
        """
        before = self.state()
        if before.revision:
            if before.stops and not contract:
                raise SettingsError(_must_stop(before))
            if not (before.pending if contract else before.needed):
                return self._checked(before)
        with _config() as config, self._connections.writing() as connection:
            if self._connections.postgres:
                connection.execute(text("SET LOCAL lock_timeout = 0"))  # for who migrates, all wait
                connection.execute(text(f"SELECT pg_advisory_xact_lock({LOCK})"))
                connection.execute(text(f"SET LOCAL lock_timeout = '{PATIENCE}'"))
            before = state_of(connection)  # another process may have been quicker
            everything = contract or not before.revision
            todo = before.pending if everything else before.needed
            if todo:
                from alembic import command

                config.attributes["connection"] = connection
                command.upgrade(config, todo[-1].revision)
        self._checked(self.state())
        return list(todo)

    def _checked(self, state: SchemaState) -> list[Migration]:
        if state.why_not:
            raise SettingsError(state.why_not)
        return []


@cache
def known() -> tuple[Migration, ...]:
    """The migrations of this version, in order."""
    from alembic.script import ScriptDirectory

    with _config() as config:
        scripts = list(ScriptDirectory.from_config(config).walk_revisions())
    return tuple(
        Migration(each.revision, each.module.phase, str(each.doc).splitlines()[0])
        for each in reversed(scripts)
    )


def state_of(connection: Connection) -> SchemaState:
    """What the database behind a connection has. Raises `SettingsError`."""
    tables = set(inspect(connection).get_table_names())
    revision = ""
    if "alembic_version" in tables:
        stored = connection.execute(text("SELECT version_num FROM alembic_version"))
        revision = stored.scalar() or ""
    if not revision and tables - {"alembic_version"}:
        raise SettingsError(
            "the database isn't a line's: it has tables, and none that says which version they are"
        )
    recorded: list[list[str]] = []
    if "migrations" in tables:
        rows = connection.execute(select(*migrations.c).order_by(migrations.c.revision))
        recorded = [[str(value) for value in row] for row in rows]
    return state_from([[revision]], recorded)


def state_from(version: Sequence[Sequence[str]], recorded: Iterable[Sequence[str]]) -> SchemaState:
    """The same from the rows of ``alembic_version`` and `migrations`. Raises `SettingsError`."""
    revision = version[0][0] if version else ""
    steps = known()
    own = [each.revision for each in steps]
    rows = [Migration(row[0], _phase(row[1]), row[2]) for row in recorded]
    rows.sort(key=lambda each: each.revision)
    ahead = tuple(each for each in rows if each.revision not in own)
    if revision and revision not in own and not ahead:
        raise SettingsError(
            f"the database's schema is '{revision}', which this version doesn't know, and nothing "
            "in the database says more of it"
        )
    done = own.index(revision) + 1 if revision in own else (len(own) if revision else 0)
    contracted = [each.revision for each in rows if each.phase == "contract"]
    first = [each.revision for each in rows[:1]]
    return SchemaState(
        revision=revision,
        expected=own[-1],
        pending=steps[done:],
        ahead=ahead,
        oldest=(contracted[-1:] or first or [revision])[0],
    )


def _phase(name: str) -> Phase:
    return "expand" if name == "expand" else "contract"


def _must_stop(state: SchemaState) -> str:
    named = " and ".join(f"{each.revision} ({each.about.rstrip('.')})" for each in state.stops)
    verb = "takes" if len(state.stops) == 1 else "take"
    return (
        f"the database's schema is {state.revision}, and this version needs "
        f"{state.needed[-1].revision}. On the way, {named} {verb} away what the version before "
        "reads. Stop every process of that version, make a backup with ivr db backup, and run: "
        "ivr db migrate --contract"
    )


@contextmanager
def _config() -> Iterator[Config]:
    from alembic.config import Config

    config = Config()
    with ExitStack() as stack:
        folder = stack.enter_context(as_file(files("ivr.line.store") / "migrations"))
        config.set_main_option("script_location", str(folder).replace("%", "%%"))
        yield config


__all__ = ["Migration", "Schema", "SchemaState", "known", "state_from", "state_of"]
