"""A turn's own load and save: two statements' worth of work, through the driver.

SQLAlchemy's layers would cost more than the rest of a webhook, so the two things that every webhook
does go to `sqlite3` or `psycopg` directly. The events of a call are a chain: each hash is over the
one before and the event's own text, so that a changed or missing one shows.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from hashlib import sha256
from typing import Any, Protocol

from ivr.desk.events import Event
from ivr.errors import CallError
from ivr.rows import Call, Duty, Escalation, Note
from ivr.store.connections import patiently
from ivr.store.instants import instant, instant_or_none, ticks, ticks_or_none

COLUMNS = (  # in the order of a call's fields
    "sid", "flow", "flow_version", "step", "language", "caller", "called", "started_at", "data",
    "version", "document", "waiting_for", "waiting_since", "ended_at", "events", "head",
)  # fmt: skip
_LOAD = f"SELECT {', '.join(COLUMNS)} FROM calls WHERE sid = "
_CHANGED = ("flow_version", "version", "step", "language", "data", "document", "events", "head")
_INDEXED = ("waiting_for", "waiting_since", "ended_at")
_FIXED = ("sid", "flow", "caller", "called", "started_at")

_plain = json.JSONEncoder(separators=(",", ":")).encode
_sorted = json.JSONEncoder(separators=(",", ":"), sort_keys=True).encode

_CLAIM = (
    "UPDATE people SET busy_with = {0} "
    "WHERE id = {0} AND active AND (busy_with IS NULL OR busy_with = {0})"
)

Records = tuple[Sequence[Event], Sequence[Duty], Sequence[Escalation], Sequence[Note]]
Claims = Sequence[tuple[str, str]]  # (person, attempt)


class Engaged(CallError):
    """Somebody whom a turn claims is with another call, or isn't here any more."""

    def __init__(self, person: str) -> None:
        super().__init__(f"{person} is engaged")
        self.person = person


class Turns(Protocol):
    """Loads a call, and saves it with all that its turn made."""

    def load(self, sid: str) -> Call | None: ...
    def save(self, call: Call, made: Records, claims: Claims) -> bool: ...


def call_of(row: Sequence[Any]) -> Call:
    """A stored row, its columns as in `COLUMNS`, as a call."""
    (sid, flow, flow_version, step, language, caller, called, started, data, *rest) = row
    version, document, waiting_for, waiting_since, ended, events, head = rest
    return Call(
        sid, flow, flow_version, step, language, caller, called, instant(started),
        json.loads(data), version, document, waiting_for, instant_or_none(waiting_since),
        instant_or_none(ended), events, head,
    )  # fmt: skip


def chained(call: Call, events: Sequence[Event]) -> tuple[list[tuple[Any, ...]], int, str]:
    """The rows of new events, and the chain's new length and head."""
    rows, count, head = [], call.events, call.head
    for event in events:
        data = _sorted(event.data)
        at = ticks(event.at)
        count += 1
        head = link(head, count, at, event.kind, event.actor, data)
        rows.append((call.sid, count, at, event.kind, event.actor, data, head))
    return rows, count, head


def link(before: str, seq: int, at: int, kind: str, actor: str, data: str) -> str:
    """The hash of one event in its chain."""
    return sha256(f"{before}|{seq}|{at}|{kind}|{actor}|{data}".encode()).hexdigest()


def _call_row(call: Call, count: int, head: str) -> tuple[Any, ...]:
    """What may have changed, in the order of ``_CHANGED`` and ``_INDEXED``."""
    return (
        call.flow_version,
        call.version + 1,
        call.step,
        call.language,
        _plain(call.data),
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


def _duty_row(duty: Duty) -> tuple[Any, ...]:
    due, data = ticks(duty.due), _plain(duty.data)
    return (duty.key, duty.call, duty.kind, duty.owner, duty.lane, due, data)


def _escalation_row(made: Escalation) -> tuple[Any, ...]:
    requested = ticks(made.requested_at)
    return (
        made.key, made.call, made.case, made.level, made.requested_by, made.set_by, requested
    )  # fmt: skip


def _note_row(made: Note) -> tuple[Any, ...]:
    return (made.key, made.call, made.case, made.text, made.author, ticks(made.at))


_EVENT = "call, seq, at, kind, actor, data, hash"
_DUTY = "key, call, kind, owner, lane, due, data"
_ESCALATION = 'key, call, "case", level, requested_by, set_by, requested_at'
_NOTE = 'key, call, "case", text, author, at'


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
    _ONCE = (
        (f"INSERT OR IGNORE INTO duties ({_DUTY}) VALUES ({_marks(_DUTY)})", _duty_row),
        (
            f"INSERT OR IGNORE INTO escalations ({_ESCALATION}) VALUES ({_marks(_ESCALATION)})",
            _escalation_row,
        ),
        (f"INSERT OR IGNORE INTO notes ({_NOTE}) VALUES ({_marks(_NOTE)})", _note_row),
    )

    def __init__(self, connect: Callable[[], sqlite3.Connection]) -> None:
        self._connect = connect

    def load(self, sid: str) -> Call | None:
        row = patiently(self._connect(), _LOAD + "?", (sid,)).fetchone()
        return None if row is None else call_of(row)

    def save(self, call: Call, made: Records, claims: Claims) -> bool:
        events, count, head = chained(call, made[0])
        changed, connection = _call_row(call, count, head), self._connect()
        patiently(connection, "BEGIN IMMEDIATE")
        try:
            if not self._write(connection, call, changed):
                connection.execute("ROLLBACK")
                return False
            for event in events:
                connection.execute(self._EVENTS, event)
            for (statement, row), things in zip(self._ONCE, made[1:], strict=True):
                for thing in things:
                    connection.execute(statement, row(thing))  # type: ignore[operator]
            _claim(connection, _CLAIM.format("?"), claims)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
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
_JSON_ESCALATION = (
    'key text, call text, "case" text, level text, requested_by text, set_by text, '
    "requested_at bigint"
)
_JSON_NOTE = 'key text, call text, "case" text, text text, author text, at bigint'
_JSON_EVENT = "call text, seq int, at bigint, kind text, actor text, data text, hash text"


class PostgresTurns:
    """Over `psycopg`: one statement writes the call and all that its turn made, or nothing."""

    def __init__(self, connect: Callable[[], Any]) -> None:
        self._connect = connect

    def load(self, sid: str) -> Call | None:
        row = self._read(_LOAD + "%s", (sid,)).fetchone()
        return None if row is None else call_of(row)

    def _read(self, statement: str, values: tuple[Any, ...]) -> Any:
        connection = self._connect()
        try:
            return connection.execute(statement, values, prepare=True)
        except Exception:
            if not connection.closed:
                raise
            return self._connect().execute(statement, values)  # the server was started again

    def save(self, call: Call, made: Records, claims: Claims) -> bool:
        events, count, head = chained(call, made[0])
        values: list[Any] = [*_call_row(call, count, head)]
        values += [call.sid, call.version] if call.version else [*_fixed(call)]
        values += [_objects(_EVENT, events)]
        parts = [_POSTGRES_UPDATE if call.version else _POSTGRES_INSERT, _POSTGRES_EVENTS]
        for part, columns, row, things in zip(
            _POSTGRES_ONCE,
            (_DUTY, _ESCALATION, _NOTE),
            (_duty_row, _escalation_row, _note_row),
            made[1:],
            strict=True,
        ):
            if things:
                parts.append(part)
                values.append(_objects(columns, [row(thing) for thing in things]))  # type: ignore[operator]
        statement = f"WITH {', '.join(parts)} SELECT count(*) FROM saved"
        connection = self._connect()
        with connection.transaction() if claims else nullcontext():
            saved = connection.execute(statement, values, prepare=True).fetchone()[0]
            _claim(connection, _CLAIM.format("%s"), claims if saved else ())
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
_POSTGRES_ONCE = tuple(
    f"{table}_made AS (INSERT INTO {table} ({columns}) SELECT e.* FROM saved, "
    f"json_to_recordset(%s::json) AS e({types}) ON CONFLICT (key) DO NOTHING)"
    for table, columns, types in (
        ("duties", _DUTY, _JSON_DUTY),
        ("escalations", _ESCALATION, _JSON_ESCALATION),
        ("notes", _NOTE, _JSON_NOTE),
    )
)


def _objects(columns: str, rows: Sequence[tuple[Any, ...]]) -> str:
    names = [name.strip().strip('"') for name in columns.split(",")]
    return json.dumps([dict(zip(names, row, strict=True)) for row in rows])
