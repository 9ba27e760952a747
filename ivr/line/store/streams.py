"""The event logs: one chain of hashes for each call and each case, and for the desk's own.

A log's name says what it is about: a call's SID, ``case:`` and a number, or ``log:`` and a name. A
further kind is one line of `KINDS`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Select,
    Table,
    literal,
    select,
    union_all,
    update,
)

from ivr.line.desk.events import Event
from ivr.line.store import tables
from ivr.line.store.chain import chained, link
from ivr.line.store.inserts import insert_events, insert_new

ACCESS = "log:access"  # who looked at what, what was exported, erased and purged


@dataclass(frozen=True)
class StreamKind:
    """Where the lengths and heads of one kind of log are kept; ``prefix`` is of their names."""

    prefix: str
    table: Table
    key: str

    @property
    def column(self) -> Column[Any]:
        return self.table.c[self.key]


@dataclass(frozen=True, slots=True)
class Head:
    """How long a log is, and the hash of its last event."""

    sid: str
    events: int
    head: str


KINDS = (  # the first whose prefix fits
    StreamKind("case:", tables.case_files, "number"),
    StreamKind("log:", tables.logs, "name"),
    StreamKind("", tables.calls, "sid"),
)


def kind_of(stream: str) -> StreamKind:
    return next(kind for kind in KINDS if stream.startswith(kind.prefix))


def every(connection: Connection, kind: StreamKind) -> Iterator[str]:
    """The names of all logs of one kind."""
    for name in connection.execute(select(kind.column)).scalars():
        yield f"{kind.prefix}{name}"


def heads(connection: Connection, names: Iterable[str]) -> Iterator[Head]:
    """How these logs end, those that are there."""
    of_kind: dict[StreamKind, list[str]] = {}
    for name in names:
        kind = kind_of(name)
        of_kind.setdefault(kind, []).append(name.removeprefix(kind.prefix))
    for kind, keys in of_kind.items():
        columns = (kind.column, kind.table.c.events, kind.table.c.head)
        for row in connection.execute(select(*columns).where(kind.column.in_(keys))):
            yield Head(f"{kind.prefix}{row[0]}", row[1], row[2])


def append(connection: Connection, stream: str, events: Sequence[Event]) -> None:
    """Add to one of the desk's own logs, which begins with its first event."""
    table, name = tables.logs, stream.removeprefix("log:")
    insert_new(connection, table, [{"name": name, "events": 0, "head": ""}])
    statement = select(table).where(table.c.name == name).with_for_update()
    row = connection.execute(statement).one()
    rows, count, head = chained(Head(stream, row.events, row.head), events)
    insert_events(connection, rows)
    values = {"events": count, "head": head}
    connection.execute(update(table).where(table.c.name == name).values(values))


def orphans(connection: Connection) -> list[str]:
    """Logs of which there are events, but nothing that they are about."""
    events = tables.events
    kept = union_all(*(select(literal(k.prefix).concat(k.column)) for k in KINDS))
    lost = select(events.c.call).where(events.c.call.not_in(kept)).distinct()
    return list(connection.execute(lost.order_by(events.c.call)).scalars())


def fault(connection: Connection, stream: str) -> str:
    """What is wrong with a log and where, ``""`` for nothing: every hash fits, and the last is the
    one that is kept beside it."""
    kept = connection.execute(_with_events(stream)).all()  # one statement: no turn comes between
    if not kept:
        return "there is no such log"
    logged, head = [row for row in kept if row.seq is not None], ""
    for place, row in enumerate(logged, start=1):
        if row.seq != place:
            return f"event {place} is missing; event {row.seq} follows"
        head = link(head, place, row.at, row.kind, row.actor, row.data)
        if row.hash != head:
            return f"event {place} ({row.kind}) isn't what was logged"
    if kept[0].length != len(logged):
        return f"{kept[0].length} events were logged, {len(logged)} are there"
    return "" if kept[0].last == head else "its last event isn't what was logged"


def _with_events(stream: str) -> Select[Any]:
    kind, events = kind_of(stream), tables.events
    length, last = kind.table.c.events.label("length"), kind.table.c.head.label("last")
    return (
        select(length, last, events)
        .outerjoin(events, events.c.call == stream)
        .where(kind.column == stream.removeprefix(kind.prefix))
        .order_by(events.c.seq)
    )


__all__ = ["ACCESS", "KINDS", "Head", "StreamKind", "append", "every", "fault", "heads", "orphans"]
