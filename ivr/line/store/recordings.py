"""Recordings: a row is written when the carrier reports one, and kept when the audio is deleted."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, literal_column, select, update

from ivr.line.records import Recording
from ivr.line.store import tables
from ivr.line.store.connections import Connections
from ivr.line.store.inserts import add_new
from ivr.line.store.instants import instant, instant_or_none, ticks

IN_PROGRESS = "in-progress"

_AT_ITS_END = ("case", "seconds", "state")
_END = (
    update(tables.recordings)
    .where(tables.recordings.c.sid == bindparam("recording"))
    .where(tables.recordings.c.state == literal_column(f"'{IN_PROGRESS}'"))
    .values({name: bindparam(name) for name in _AT_ITS_END})
)


class RecordingRepository:
    """What was recorded; the audio is the carrier's."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def keep(self, recording: Recording) -> bool:
        """Add a recording, or note the end of one that was in progress; False for what was known
        already."""
        row = asdict(recording) | {"at": ticks(recording.at), "deleted_at": None}
        with self._connections.asked.writing() as writing:
            if add_new(writing, tables.recordings, row):
                return True
            if recording.state == IN_PROGRESS:
                return False
            ended = {name: row[name] for name in _AT_ITS_END}
            return writing.change(_END, recording=recording.sid, **ended) == 1

    def mark_deleted(self, sid: str, at: datetime) -> bool:
        """Its audio has been deleted; False if that was known already."""
        table = tables.recordings
        there = (table.c.sid == sid) & table.c.deleted_at.is_(None)
        values = {"state": "deleted", "deleted_at": ticks(at)}
        with self._connections.writing() as connection:
            return connection.execute(update(table).where(there).values(values)).rowcount == 1

    def all(self, **where: str) -> list[Recording]:
        """Those of a ``call``, ``case`` or ``sid``, or all; the oldest first."""
        table = tables.recordings
        statement = select(table).order_by(table.c.at, table.c.sid)
        for name, value in where.items():
            statement = statement.where(table.c[name] == value)
        with self._connections.reading() as connection:
            return [_recording(row) for row in connection.execute(statement)]


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
