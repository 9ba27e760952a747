"""Statements that nearly every call asks: written once, with SQLAlchemy, compiled once for the
database, and asked through its driver on the thread's own connection.

SQLAlchemy's way from a statement to its rows costs several times what the database needs for them.
Each statement is a transaction of its own.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Dialect, Executable

from ivr.line.store.driver import OwnConnections

Sizes = tuple[tuple[str, int], ...]  # of the lists among the values, by name


class Compiled(NamedTuple):
    """A statement as the driver takes it. ``given`` are the values that stand in it already;
    ``spread`` has the marks that take the place of each list, and ``row`` reads what comes back."""

    text: str
    given: Mapping[str, Any]
    spread: Mapping[str, list[str]]
    row: Callable[[tuple[Any, ...]], Any] | None


class Asked:
    """Asks statements that are built once, since each is compiled once and remembered."""

    def __init__(self, own: OwnConnections, dialect: type[Dialect]) -> None:
        self._own = own
        kind: Any = dialect  # every dialect's class takes it, but `Dialect` doesn't say so
        self._dialect: Dialect = kind(paramstyle="pyformat" if own.postgres else "named")
        self._compiled = lru_cache(maxsize=200)(self._compile)

    def rows(self, statement: Executable, **values: Any) -> list[Any]:
        """What a SELECT finds: tuples whose fields have the columns' names. A value that is a list
        is the list of an ``expanding`` parameter."""
        compiled = self._compiled(statement, _sizes(values))
        row = compiled.row
        if row is None:
            raise TypeError("only a SELECT has rows")
        found = self._own.execute(compiled.text, _all(compiled, values)).fetchall()
        return [row(each) for each in found]

    def row(self, statement: Executable, **values: Any) -> Any | None:
        """The first row that a SELECT finds."""
        return next(iter(self.rows(statement, **values)), None)

    def change(self, statement: Executable, **values: Any) -> int:
        """How many rows a statement changes. It is repeated if PostgreSQL was started again."""
        compiled = self._compiled(statement, _sizes(values))
        return self._own.change(compiled.text, _all(compiled, values)).number

    def _compile(self, statement: Any, sizes: Sizes) -> Compiled:
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

    def _reader(self, statement: Any) -> Callable[[tuple[Any, ...]], Any] | None:
        """Makes rows of what the driver returns, which knows no booleans in SQLite."""
        if not statement.is_select:
            return None
        columns = list(statement.selected_columns)
        fields: Any = namedtuple("Row", [column.key for column in columns])  # type: ignore[misc]
        made: Callable[[tuple[Any, ...]], Any] = fields._make
        processors = [column.type.result_processor(self._dialect, None) for column in columns]
        if not any(processors):
            return made
        pairs = tuple(enumerate(processors))
        return lambda row: made(
            tuple([each(row[place]) if each else row[place] for place, each in pairs])
        )


def _all(compiled: Compiled, values: dict[str, Any]) -> dict[str, Any]:
    """The values as the driver takes them."""
    for name, marks in compiled.spread.items():
        values.update(zip(marks, values.pop(name), strict=True))
    return {**compiled.given, **values} if compiled.given else values


def _sizes(values: dict[str, Any]) -> Sizes:
    return tuple((name, len(each)) for name, each in values.items() if isinstance(each, list))


__all__ = ["Asked"]
