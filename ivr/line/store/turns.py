"""How a turn loads and saves its call: through the driver.

SQLAlchemy's layers would cost more than the rest of a webhook, so the two things that every webhook
does go to `sqlite3` or `psycopg` directly.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any, Protocol

from ivr.errors import CallError
from ivr.line.desk.events import Event
from ivr.line.records import Call, Duty
from ivr.line.store.chain import chained
from ivr.line.store.driver import OwnConnections
from ivr.line.store.inserts import DUTY_COLUMNS, EVENT_COLUMNS, duty_row
from ivr.line.store.instants import instant, instant_or_none, ticks, ticks_or_none
from ivr.line.store.people import CLAIM
from ivr.line.values import decode, encode

COLUMNS = (  # in the order of a call's fields
    "sid", "flow", "flow_version", "step", "language", "caller", "called", "started_at", "data",
    "version", "document", "waiting_for", "waiting_since", "ended_at", "events", "head",
)  # fmt: skip
_LOAD = f"SELECT {', '.join(COLUMNS)} FROM calls WHERE sid = "
_CHANGED = ("flow_version", "version", "step", "language", "data", "document", "events", "head")
_INDEXED = ("waiting_for", "waiting_since", "ended_at")
_FIXED = ("sid", "flow", "caller", "called", "started_at")

Records = tuple[Sequence[Event], Sequence[Duty]]
Claims = Sequence[tuple[str, str]]  # (person, attempt)


class Engaged(CallError):
    """A person whom a turn claims is with another call, or isn't active any more."""

    def __init__(self, person: str) -> None:
        super().__init__(f"{person} is engaged")
        self.person = person


class Turns(Protocol):
    """Loads a call, and saves it with the events and duties of its turn."""

    def load(self, sid: str) -> Call | None: ...
    def save(self, call: Call, records: Records, claims: Claims) -> bool: ...


def call_of(row: Sequence[Any]) -> Call:
    """A stored row, its columns as in `COLUMNS`, as a call."""
    (sid, flow, flow_version, step, language, caller, called, started, data, *rest) = row
    version, document, waiting_for, waiting_since, ended, events, head = rest
    return Call(
        sid, flow, flow_version, step, language, caller, called, instant(started),
        decode(data, sid), version, document, waiting_for, instant_or_none(waiting_since),
        instant_or_none(ended), events, head,
    )  # fmt: skip


def _call_row(call: Call, count: int, head: str) -> tuple[Any, ...]:
    """What may have changed, in the order of ``_CHANGED`` and ``_INDEXED``."""
    return (
        call.flow_version,
        call.version + 1,
        call.step,
        call.language,
        encode(call.data),
        call.document,
        count,
        head,
        call.waiting_for,
        ticks_or_none(call.waiting_since),
        ticks_or_none(call.ended_at),
    )


def _fixed(call: Call) -> tuple[Any, ...]:
    started = ticks(call.started_at)
    return (call.sid, call.flow, call.caller, call.called, started)


_EVENT, _DUTY = ", ".join(EVENT_COLUMNS), ", ".join(DUTY_COLUMNS)


def _marks(columns: str, mark: str = "?") -> str:
    return ", ".join([mark] * len(columns.split(",")))


_NEW = ", ".join((*_CHANGED, *_INDEXED, *_FIXED))


def _set(columns: Sequence[str], mark: str) -> str:
    return ", ".join(f"{name} = {mark}" for name in columns)


class SQLiteTurns:
    """Over `sqlite3`; ``connect`` gives this thread's connection, in autocommit."""

    # Naming an indexed column has SQLite go through its indexes, even if nothing changes there.
    _USUAL = (
        f"UPDATE calls SET {_set(_CHANGED, '?')} "
        f"WHERE {' AND '.join(f'{name} IS ?' for name in _INDEXED)} AND sid = ? AND version = ?"
    )
    _UPDATE = f"UPDATE calls SET {_set((*_CHANGED, *_INDEXED), '?')} WHERE sid = ? AND version = ?"
    _INSERT = f"INSERT OR IGNORE INTO calls ({_NEW}) VALUES ({_marks(_NEW)})"
    _EVENTS = f"INSERT INTO events ({_EVENT}) VALUES ({_marks(_EVENT)})"
    _DUTIES = f"INSERT OR IGNORE INTO duties ({_DUTY}) VALUES ({_marks(_DUTY)})"

    def __init__(self, connect: OwnConnections) -> None:
        self._connect = connect

    def load(self, sid: str) -> Call | None:
        row = self._connect.execute(_LOAD + "?", (sid,)).fetchone()
        return None if row is None else call_of(row)

    def save(self, call: Call, records: Records, claims: Claims) -> bool:
        events, count, head = chained(call, records[0])
        changed, duties = _call_row(call, count, head), [duty_row(each) for each in records[1]]
        connection = self._connect.begin()
        try:
            if not self._write(connection, call, changed):
                connection.execute("ROLLBACK")
                return False
            for event in events:
                connection.execute(self._EVENTS, event)
            for duty in duties:
                connection.execute(self._DUTIES, duty)
            _claim(connection, CLAIM.format("?"), claims)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        self._connect.settle()
        call.version, call.events, call.head = call.version + 1, count, head
        return True

    def _write(self, connection: sqlite3.Connection, call: Call, changed: tuple[Any, ...]) -> bool:
        """The call itself, if it is still the one that was loaded."""
        if not call.version:
            new = (*changed, *_fixed(call))
            return connection.execute(self._INSERT, new).rowcount == 1
        values = (*changed, call.sid, call.version)
        return (
            connection.execute(self._USUAL, values).rowcount == 1
            or connection.execute(self._UPDATE, values).rowcount == 1
        )


_JSON_DUTY = "key text, call text, kind text, owner text, lane text, due bigint, data text"
_JSON_EVENT = "call text, seq int, at bigint, kind text, actor text, data text, hash text"


class PostgresTurns:
    """Over `psycopg`: one statement writes the call with the events and duties of its turn, or
    nothing."""

    def __init__(self, connect: OwnConnections) -> None:
        self._connect = connect

    def load(self, sid: str) -> Call | None:
        row = self._connect.execute(_LOAD + "%s", (sid,)).fetchone()
        return None if row is None else call_of(row)

    def save(self, call: Call, records: Records, claims: Claims) -> bool:
        events, count, head = chained(call, records[0])
        values: list[Any] = [*_call_row(call, count, head)]
        values += [call.sid, call.version] if call.version else [*_fixed(call)]
        values += [_objects(_EVENT, events)]
        parts = [_POSTGRES_UPDATE if call.version else _POSTGRES_INSERT, _POSTGRES_EVENTS]
        if records[1]:
            parts.append(_POSTGRES_DUTIES)
            values.append(_objects(_DUTY, [duty_row(duty) for duty in records[1]]))
        statement = f"WITH {', '.join(parts)} SELECT count(*) FROM saved"
        connection = self._connect()
        with connection.transaction() if claims else nullcontext():
            saved = connection.execute(statement, values, prepare=True).fetchone()[0]
            _claim(connection, CLAIM.format("%s"), claims if saved else ())
        if saved:
            call.version, call.events, call.head = call.version + 1, count, head
        return bool(saved)


def _claim(connection: Any, statement: str, claims: Claims) -> None:
    """Raises `Engaged`, which undoes the transaction, unless each of them is free."""
    for person, attempt in claims:
        if connection.execute(statement, (attempt, person, attempt)).rowcount != 1:
            raise Engaged(person)


_POSTGRES_UPDATE = (
    f"saved AS (UPDATE calls SET {_set((*_CHANGED, *_INDEXED), '%s')} "
    "WHERE sid = %s AND version = %s RETURNING sid)"
)
_POSTGRES_INSERT = (
    f"saved AS (INSERT INTO calls ({_NEW}) VALUES ({_marks(_NEW, '%s')}) "
    "ON CONFLICT DO NOTHING RETURNING sid)"
)
_POSTGRES_EVENTS = (
    f"told AS (INSERT INTO events ({_EVENT}) SELECT e.* FROM saved, "
    f"json_to_recordset(%s::json) AS e({_JSON_EVENT}))"
)
_POSTGRES_DUTIES = (
    f"made AS (INSERT INTO duties ({_DUTY}) SELECT e.* FROM saved, "
    f"json_to_recordset(%s::json) AS e({_JSON_DUTY}) ON CONFLICT (key) DO NOTHING)"
)


def _objects(columns: str, rows: Sequence[tuple[Any, ...]]) -> str:
    names = [name.strip().strip('"') for name in columns.split(",")]
    return json.dumps([dict(zip(names, row, strict=True)) for row in rows])
