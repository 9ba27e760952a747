"""A turn's own load and save: two statements' worth of work, through the driver.

SQLAlchemy's layers would cost more than the rest of a webhook, so the two things that every webhook
does go to `sqlite3` or `psycopg` directly. The events of a call are a chain: each hash is over the
one before and the event's own text, so that a changed or missing one shows.
"""

from __future__ import annotations

import json
import random
import sqlite3
import time
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Any, Protocol

from ivr.desk.events import Event
from ivr.rows import Call, Duty, Escalation, Note
from ivr.store.instants import instant, instant_or_none, ticks, ticks_or_none

_COLUMNS = (
    "sid, flow, flow_version, version, step, language, caller, called, waiting_for, waiting_since, "
    "started_at, ended_at, data, document, events, head"
)
_LOAD = f"SELECT {_COLUMNS} FROM calls WHERE sid = "
_CHANGED = (
    "version", "step", "language", "waiting_for", "waiting_since", "ended_at", "data", "document",
    "events", "head",
)  # fmt: skip

BUSY_FOR = 10.0  # seconds until a locked database is an error

Records = tuple[Sequence[Event], Sequence[Duty], Sequence[Escalation], Sequence[Note]]


class Turns(Protocol):
    """Loads a call, and saves it with all that its turn made."""

    def load(self, sid: str) -> Call | None: ...
    def save(self, call: Call, made: Records) -> bool: ...


def call_of(row: tuple[Any, ...]) -> Call:
    """A stored row as a call."""
    return Call(
        sid=row[0],
        flow=row[1],
        flow_version=row[2],
        version=row[3],
        step=row[4],
        language=row[5],
        caller=row[6],
        called=row[7],
        waiting_for=row[8],
        waiting_since=instant_or_none(row[9]),
        started_at=instant(row[10]),
        ended_at=instant_or_none(row[11]),
        data=json.loads(row[12]),
        document=row[13],
        events=row[14],
        head=row[15],
    )


def chained(call: Call, events: Sequence[Event]) -> tuple[list[tuple[Any, ...]], int, str]:
    """The rows of new events, and the chain's new length and head."""
    rows, count, head = [], call.events, call.head
    for event in events:
        data = json.dumps(event.data, separators=(",", ":"), sort_keys=True)
        at = ticks(event.at)
        count += 1
        head = link(head, count, at, event.kind, event.actor, data)
        rows.append((call.sid, count, at, event.kind, event.actor, data, head))
    return rows, count, head


def link(before: str, seq: int, at: int, kind: str, actor: str, data: str) -> str:
    """The hash of one event in its chain."""
    return sha256(f"{before}|{seq}|{at}|{kind}|{actor}|{data}".encode()).hexdigest()


def _call_row(call: Call, count: int, head: str) -> tuple[Any, ...]:
    return (
        call.version + 1,
        call.step,
        call.language,
        call.waiting_for,
        ticks_or_none(call.waiting_since),
        ticks_or_none(call.ended_at),
        json.dumps(call.data, separators=(",", ":")),
        call.document,
        count,
        head,
    )


def _fixed(call: Call) -> tuple[Any, ...]:
    started = ticks(call.started_at)
    return (call.sid, call.flow, call.flow_version, call.caller, call.called, started)


def _duty_row(duty: Duty) -> tuple[Any, ...]:
    data = json.dumps(duty.data, separators=(",", ":"))
    return (duty.key, duty.call, duty.kind, duty.owner, duty.lane, ticks(duty.due), data)


def _escalation_row(made: Escalation) -> tuple[Any, ...]:
    requested = ticks(made.requested_at)
    return (
        made.key, made.call, made.case, made.level, made.requested_by, made.set_by, requested
    )  # fmt: skip


def _note_row(made: Note) -> tuple[Any, ...]:
    return (made.key, made.call, made.case, made.text, made.author, ticks(made.at))


_FIXED = "sid, flow, flow_version, caller, called, started_at"
_EVENT = "call, seq, at, kind, actor, data, hash"
_DUTY = "key, call, kind, owner, lane, due, data"
_ESCALATION = 'key, call, "case", level, requested_by, set_by, requested_at'
_NOTE = 'key, call, "case", text, author, at'


def _marks(columns: str, mark: str = "?") -> str:
    return ", ".join([mark] * len(columns.split(",")))


class SQLiteTurns:
    """Over `sqlite3`; ``connect`` gives this thread's connection, in autocommit."""

    _UPDATE = (
        f"UPDATE calls SET {', '.join(f'{name} = ?' for name in _CHANGED)} "
        "WHERE sid = ? AND version = ?"
    )
    _INSERT = (
        f"INSERT OR IGNORE INTO calls ({', '.join(_CHANGED)}, {_FIXED}) "
        f"VALUES ({_marks(', '.join(_CHANGED))}, {_marks(_FIXED)})"
    )
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
        row = self._connect().execute(_LOAD + "?", (sid,)).fetchone()
        return None if row is None else call_of(row)

    def save(self, call: Call, made: Records) -> bool:
        events, count, head = chained(call, made[0])
        changed, connection = _call_row(call, count, head), self._connect()
        begin(connection)
        try:
            if call.version:
                done = connection.execute(self._UPDATE, (*changed, call.sid, call.version))
            else:
                done = connection.execute(self._INSERT, (*changed, *_fixed(call)))
            if done.rowcount != 1:
                connection.execute("ROLLBACK")
                return False
            connection.executemany(self._EVENTS, events)
            for (statement, row), things in zip(self._ONCE, made[1:], strict=True):
                if things:
                    connection.executemany(statement, [row(thing) for thing in things])  # type: ignore[operator]
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        call.version, call.events, call.head = call.version + 1, count, head
        return True


def begin(connection: sqlite3.Connection) -> None:
    """Begin to write. SQLite's own waiting starves a busy neighbour, so the wait is ours: short,
    uneven."""
    until = time.monotonic() + BUSY_FOR
    while True:
        try:
            connection.execute("BEGIN IMMEDIATE")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > until:
                raise
            time.sleep(random.uniform(0.0001, 0.0006))


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
        row = self._connect().execute(_LOAD + "%s", (sid,), prepare=True).fetchone()
        return None if row is None else call_of(row)

    def save(self, call: Call, made: Records) -> bool:
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
        saved = self._connect().execute(statement, values, prepare=True).fetchone()[0]
        if saved:
            call.version, call.events, call.head = call.version + 1, count, head
        return bool(saved)


_POSTGRES_UPDATE = (
    f"saved AS (UPDATE calls SET {', '.join(f'{name} = %s' for name in _CHANGED)} "
    "WHERE sid = %s AND version = %s RETURNING sid)"
)
_POSTGRES_INSERT = (
    f"saved AS (INSERT INTO calls ({', '.join(_CHANGED)}, {_FIXED}) "
    f"VALUES ({_marks(', '.join(_CHANGED), '%s')}, {_marks(_FIXED, '%s')}) "
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
