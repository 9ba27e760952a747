"""Statements that nearly every call asks: written once, with SQLAlchemy, compiled once for the
database, and asked through its driver on the thread's own connection.

SQLAlchemy's way from a statement to its rows costs several times what the database needs for them.
Each statement is a transaction of its own, except within `Asked.writing`.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache, lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Dialect, Executable

from ivr.line.store.driver import OwnConnections

Sizes = tuple[tuple[str, int], ...]  # of the lists among the values, by name
Row = Callable[[tuple[Any, ...]], Any]


class Compiled(NamedTuple):
    """A statement as the driver takes it. ``given`` are the values that stand in it already;
    ``spread`` has the marks that take the place of each list, and ``row`` reads what comes back."""

    text: str
    given: Mapping[str, Any]
    spread: Mapping[str, list[str]]
    row: Row | None

    def all(self, values: dict[str, Any]) -> dict[str, Any]:
        """The values as the driver takes them."""
        for name, marks in self.spread.items():
            values.update(zip(marks, values.pop(name), strict=True))
        return {**self.given, **values} if self.given else values

    def reader(self) -> Row:
        """What makes a row of each tuple that comes back."""
        if self.row is None:
            raise TypeError("this statement returns no rows")
        return self.row


class _Compiler:
    """Makes of statements what a kind of database takes."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect

    def compile(self, statement: Any, sizes: Sizes) -> Compiled:
        compiled = statement.compile(dialect=self._dialect)
        text, spread = compiled.string, {}
        if sizes:
            lists = {name: [None] * size for name, size in sizes}
            expanded = compiled.construct_expanded_state(lists)
            text, spread = expanded.statement, dict(expanded.parameter_expansion)
        given = {
            name: value
            for name, value in compiled.params.items()
            if not compiled.binds[name].required
        }
        return Compiled(text, given, spread, self._reader(statement))

    def _reader(self, statement: Any) -> Row | None:
        """Makes rows of what the driver returns, which knows no booleans in SQLite."""
        columns = list(statement.exported_columns)
        if not columns:
            return None
        fields: Any = namedtuple("Row", [column.key for column in columns])  # type: ignore[misc]
        made: Row = fields._make
        processors = [column.type.result_processor(self._dialect, None) for column in columns]
        if not any(processors):
            return made
        pairs = tuple(enumerate(processors))
        return lambda row: made(
            tuple([each(row[place]) if each else row[place] for place, each in pairs])
        )


@cache
def _compiler(kind: Any, paramstyle: str) -> Callable[[Any, Sizes], Compiled]:
    """The one that every store of this process shares: their statements are the same."""
    return lru_cache(maxsize=200)(_Compiler(kind(paramstyle=paramstyle)).compile)


class Asked:
    """Asks statements that are built once, since each is compiled once and remembered."""

    def __init__(self, own: OwnConnections, dialect: type[Dialect]) -> None:
        self._own = own
        kind: Any = dialect  # every dialect's class takes it, but `Dialect` doesn't say so
        self._compiled = _compiler(kind, "pyformat" if own.postgres else "named")

    def rows(self, statement: Executable, **values: Any) -> list[Any]:
        """What a SELECT finds: tuples whose fields have the columns' names. A value that is a list
        is the list of an ``expanding`` parameter."""
        compiled = self.compiled(statement, values)
        row = compiled.reader()
        found = self._own.execute(compiled.text, compiled.all(values)).fetchall()
        return [row(each) for each in found]

    def row(self, statement: Executable, **values: Any) -> Any | None:
        """The first row that a SELECT finds."""
        return next(iter(self.rows(statement, **values)), None)

    def change(self, statement: Executable, **values: Any) -> int:
        """How many rows a statement changes. It is repeated if PostgreSQL was started again."""
        compiled = self.compiled(statement, values)
        return self._own.change(compiled.text, compiled.all(values)).number

    def changed(self, statement: Executable, **values: Any) -> list[Any]:
        """The rows that a statement changes and returns; repeated as `change` is."""
        compiled = self.compiled(statement, values)
        row = compiled.reader()
        return [row(each) for each in self._own.change(compiled.text, compiled.all(values)).rows]

    @contextmanager
    def writing(self) -> Iterator[Writing]:
        """A transaction that will write: of what is asked in it all counts, or nothing. What it
        raises undoes it."""
        with self._own.writing() as connection:
            yield Writing(self, connection)

    def compiled(self, statement: Executable, values: dict[str, Any]) -> Compiled:
        """The statement for lists of these lengths."""
        sizes = tuple((name, len(each)) for name, each in values.items() if isinstance(each, list))
        return self._compiled(statement, sizes)


class Writing:
    """What is asked within one transaction."""

    def __init__(self, asked: Asked, connection: Any) -> None:
        self._asked, self._connection = asked, connection

    def rows(self, statement: Executable, **values: Any) -> list[Any]:
        """What a statement finds, or changes and returns."""
        compiled = self._asked.compiled(statement, values)
        row = compiled.reader()
        return [row(each) for each in self._execute(compiled, values).fetchall()]

    def row(self, statement: Executable, **values: Any) -> Any | None:
        """The first of these rows."""
        return next(iter(self.rows(statement, **values)), None)

    def change(self, statement: Executable, **values: Any) -> int:
        """How many rows a statement changes."""
        return int(self._execute(self._asked.compiled(statement, values), values).rowcount)

    def _execute(self, compiled: Compiled, values: dict[str, Any]) -> Any:
        return self._connection.execute(compiled.text, compiled.all(values))


__all__ = ["Asked", "Writing"]
