"""Seals: at an instant, one hash over how long every event log is and how it ends.

A seal names the logs that have grown since the seal before it, and is chained to that one. Taking
the last events off a log, or rewriting a whole log hash by hash, is detected as long as an earlier
seal stands. Rewriting the seals as well is detected by a seal's hash that was noted elsewhere.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, and_, func, select

from ivr.line.store import tables
from ivr.line.store.connections import Connections
from ivr.line.store.inserts import insert_new
from ivr.line.store.instants import instant, ticks
from ivr.line.store.streams import ACCESS, Head, heads

PURGED = "retention.purged"
OVERTAKEN = 10_000  # events whose transactions may have ended after those of later ones
AT_ONCE = 500  # events whose logs are looked at together
MOST = 2_000  # logs of one seal, which is written in one transaction


class SealRepository:
    """The seals of one database. Checking them is part of `LogRepository.faults`."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def add(self, now: datetime) -> str:
        """Seal every log as it is now; the seal's hash, ``""`` when nothing was logged since the
        last one. Where many have grown, there are several seals, and the hash is the last one's."""
        with self._connections.reading() as connection:  # nobody waits while it looks
            latest = _last(connection)
            upto = connection.execute(select(func.max(tables.events.c.id))).scalar() or 0
            grown = list(_grown(connection))
        number, hash = (latest.id, latest.hash) if latest else (0, "")
        before = hash
        for first in range(0, len(grown), MOST):
            some, number = grown[first : first + MOST], number + 1
            seal = {"id": number, "at": ticks(now), "streams": len(some), "before": hash}
            hash = _hash(number, ticks(now), hash, some)
            if len(grown) <= first + MOST:
                seal["upto"] = upto
            if not self._written(seal | {"hash": hash}, some):
                return ""  # another process has sealed meanwhile
        return hash if hash != before else ""

    def _written(self, seal: dict[str, Any], grown: Sequence[Head]) -> bool:
        with self._connections.writing() as connection:
            if not insert_new(connection, tables.seals, [seal]):
                return False
            connection.execute(
                tables.sealed.insert(), [_sealed_row(each, seal["id"]) for each in grown]
            )
            return True

    def last(self) -> tuple[int, datetime, str] | None:
        """The number, instant and hash of the last seal, None before the first."""
        with self._connections.reading() as connection:
            row = _last(connection)
        return None if row is None else (row.id, instant(row.at), row.hash)

    def known(self, hash: str) -> bool:
        """Whether a seal has this hash."""
        statement = select(tables.seals).where(tables.seals.c.hash == hash)
        with self._connections.reading() as connection:
            return bool(connection.execute(statement).first())


def _last(connection: Connection) -> Any:
    table = tables.seals
    return connection.execute(select(table).order_by(table.c.id.desc()).limit(1)).one_or_none()


def _sealed_row(head: Head, seal: int) -> dict[str, Any]:
    return {"stream": head.sid, "seal": seal, "length": head.events, "head": head.head}


def _grown(connection: Connection) -> Iterator[Head]:
    """The logs that have grown since they were last sealed. Lengths never shrink."""
    sealed = tables.sealed.c
    for names in _logged(connection):
        asked = select(sealed.stream, sealed.length).where(sealed.stream.in_(names))
        known = {tuple(row) for row in connection.execute(asked)}
        for head in heads(connection, names):
            if head.events and (head.sid, head.events) not in known:
                yield head


def _logged(connection: Connection) -> Iterator[list[str]]:
    """The logs of what was stored since the last seal, some at once."""
    events, seals = tables.events.c, tables.seals.c
    since = connection.execute(select(func.max(seals.upto))).scalar() or 0
    after, seen = since - OVERTAKEN, set[str]()
    statement = select(events.id, events.call).order_by(events.id).limit(AT_ONCE)
    while rows := connection.execute(statement.where(events.id > after)).all():
        after = rows[-1].id
        names = {row.call for row in rows} - seen
        seen |= names
        yield sorted(names)


def _hash(number: int, at: int, before: str, heads: Iterable[Head]) -> str:
    lines = sorted(f"{head.sid}|{head.events}|{head.head}" for head in heads)
    return sha256("\n".join([f"{before}|{number}|{at}", *lines]).encode()).hexdigest()


def faults(connection: Connection) -> Iterator[str]:
    """What is wrong with the seals, or doesn't agree with them any more."""
    before, table = "", tables.seals
    seals = connection.execute(select(table).order_by(table.c.id)).all()
    for place, seal in enumerate(seals, start=1):
        if (seal.id, seal.before) != (place, before):
            yield f"seal {place}: it is missing, or isn't followed by seal {seal.id}"
            return
        if seal.hash != _hash(seal.id, seal.at, before, _sealed(connection, seal.id)):
            yield f"seal {seal.id}: it isn't what was sealed"
        before = seal.hash
    yield from _broken(connection)


def _sealed(connection: Connection, seal: int) -> list[Head]:
    table = tables.sealed
    rows = connection.execute(select(table).where(table.c.seal == seal))
    return [Head(row.stream, row.length, row.head) for row in rows]


def _broken(connection: Connection) -> Iterator[str]:
    """Logs without an event as it was when it was the last one."""
    sealed, events, gone = tables.sealed, tables.events, purged(connection)
    there = and_(events.c.call == sealed.c.stream, events.c.seq == sealed.c.length)
    statement = (
        select(sealed, events.c.hash)
        .outerjoin(events, there)
        .where(events.c.hash.is_(None) | (events.c.hash != sealed.c.head))
        .order_by(sealed.c.stream, sealed.c.seal)
    )
    for row in connection.execute(statement):
        if row.stream not in gone:
            what = "is missing" if row.hash is None else "was written anew"
            yield f"{row.stream}: event {row.length} {what} since seal {row.seal}"


def purged(connection: Connection) -> set[str]:
    """The logs that are gone because they had been kept long enough; the access log names them."""
    events = tables.events
    mine = (events.c.call == ACCESS) & (events.c.kind == PURGED)
    rows = connection.execute(select(events.c.data).where(mine))
    return {name for row in rows for name in json.loads(row.data).get("logs", ())}


__all__ = ["PURGED", "SealRepository", "faults", "purged"]
