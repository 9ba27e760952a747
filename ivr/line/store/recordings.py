"""Which recordings there are: written when the carrier says so, kept when the sound is deleted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from ivr.line.records import Recording
from ivr.line.store import tables
from ivr.line.store.case_files import once
from ivr.line.store.instants import instant, instant_or_none, ticks

IN_PROGRESS = "in-progress"


def keep(connection: Connection, recording: Recording) -> bool:
    """A new one, or the end of one that was going on; False for what was known already."""
    table = tables.recordings
    row = asdict(recording) | {"at": ticks(recording.at), "deleted_at": None}
    if once(connection, table, [row]):
        return True
    if recording.state == IN_PROGRESS:
        return False
    ended = {name: row[name] for name in ("case", "seconds", "state")}
    going_on = (table.c.sid == recording.sid) & (table.c.state == IN_PROGRESS)
    return connection.execute(update(table).where(going_on).values(ended)).rowcount == 1


def deleted(connection: Connection, sid: str, at: datetime) -> bool:
    """Its sound is gone; False if it was already."""
    table = tables.recordings
    there = (table.c.sid == sid) & table.c.deleted_at.is_(None)
    values = {"state": "deleted", "deleted_at": ticks(at)}
    return connection.execute(update(table).where(there).values(values)).rowcount == 1


def listed(connection: Connection, **where: str) -> Iterator[Recording]:
    """Those of a ``call``, ``case`` or ``sid``, or all; the oldest first."""
    table = tables.recordings
    asked = select(table).order_by(table.c.at, table.c.sid)
    for name, value in where.items():
        asked = asked.where(table.c[name] == value)
    return (_recording(row) for row in connection.execute(asked))


def _recording(row: Any) -> Recording:
    return Recording(
        row.sid,
        row.call,
        row.case,
        row.purpose,
        row.seconds,
        row.state,
        instant(row.at),
        instant_or_none(row.deleted_at),
    )
