"""How rows with personal data are read, erased, and ended when they are old."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, delete, select, update

from ivr.line.desk.subjects import Subject
from ivr.line.store import tables
from ivr.line.store.inserts import insert_new
from ivr.line.store.privacy import remains
from ivr.line.values import decode

JSON = ("data",)  # columns that are read and written as JSON

Values = dict[str, Any]
Row = Any


@dataclass
class Round:
    """One transaction's worth of purging or erasing."""

    connection: Connection
    now: int
    subject: Subject = field(default_factory=Subject)
    instead: str = ""  # what stands where the subject was named
    gone: list[str] = field(default_factory=list)  # event logs that were deleted

    def set(self, table: Table, row: Row, **values: Any) -> bool:
        [key] = table.primary_key
        if "version" in table.c:
            values["version"] = row.version + 1  # a process that has loaded it takes its turn again
        self.connection.execute(update(table).where(key == row._mapping[key.name]).values(values))
        return True

    def delete(self, table: Table, row: Row) -> bool:
        [key] = table.primary_key
        self.connection.execute(delete(table).where(key == row._mapping[key.name]))
        return True


Erase = Callable[["Round", "DataClass", Row], bool]


@dataclass(frozen=True)
class Age:
    """Rows that have been kept for the days of ``term``: ``old`` finds them by the instant before
    which they ended, ``end`` does away with what is personal in one. False: it has to wait."""

    term: str
    old: Callable[[int], ColumnElement[bool]]
    end: Callable[[Round, Row], bool]


@dataclass(frozen=True, eq=False)
class DataClass:
    """Rows of one table. ``personal`` are its columns that hold something of a person.

    ``mine`` says whether a row is a subject's, besides (``named``) those that name them; ``erase``
    takes them out of one. ``about`` is the column with the case it belongs to, ``of`` the one with
    its event log.
    ``hidden`` is in no export.
    """

    table: Table
    personal: tuple[str, ...]
    erase: Erase
    mine: Callable[[Subject, Row], bool] = lambda subject, row: False
    named: bool = True
    about: str = ""
    of: Callable[[Row], str] = lambda row: ""
    hidden: tuple[str, ...] = ()
    ages: tuple[Age, ...] = ()
    in_order: tuple[ColumnElement[Any], ...] = ()

    @property
    def by(self) -> Sequence[ColumnElement[Any]]:
        """Columns whose values together are one row's, as an index has them in order."""
        return self.in_order or tuple(self.table.primary_key)

    @property
    def name(self) -> str:
        return str(self.table.name)

    def concerns(self, subject: Subject, row: Row) -> bool:
        """Whether the row is the subject's, or names them."""
        named = self.named and subject.stands_in(list(read(self, row).values()))
        return named or self.mine(subject, row)

    def shown(self, row: Row) -> Values:
        """The row as its subject may have it: without secrets, and without other people."""
        given = {name: value for name, value in row._mapping.items() if name not in self.hidden}
        given |= {name: each for name, each in read(self, row).items() if name in given}
        if self.table is tables.calls:
            given["data"] = decode(row.data, row.sid).shared.without_staff()
        return given


def read(kind: DataClass, row: Row) -> Values:
    """The personal columns of a row, JSON as what it means."""
    given = {name: row._mapping[name] for name in kind.personal}
    return {name: json.loads(text) if name in JSON else text for name, text in given.items()}


def written(values: Mapping[str, Any]) -> Values:
    """Values as they are stored."""
    return {name: _compact(each) if name in JSON else each for name, each in values.items()}


_compact = json.JSONEncoder(separators=(",", ":")).encode  # as the store writes and searches it


# --- how rows are erased ---


def rewrite(round: Round, kind: DataClass, row: Row) -> bool:
    """Put something else wherever the subject is named."""
    before = read(kind, row)
    after = {name: round.subject.without(each, round.instead) for name, each in before.items()}
    return before != after and round.set(kind.table, row, **written(after))


def blank(**values: Any) -> Erase:
    """Their row stays, for what refers to it, with these values."""

    def erase(round: Round, kind: DataClass, row: Row) -> bool:
        if all(row._mapping[name] == value for name, value in values.items()):
            return False
        return round.set(kind.table, row, **values)

    return erase


def discard(round: Round, kind: DataClass, row: Row) -> bool:
    return round.delete(kind.table, row)


def drop(table: Table) -> Callable[[Round, Row], bool]:
    """The same, because it is old."""
    return lambda round, row: round.delete(table, row)


def with_its_call(round: Round, kind: DataClass, row: Row) -> bool:
    """Nothing: `erase_call` has it deleted."""
    return False


def erase_call(round: Round, kind: DataClass, row: Row) -> bool:
    """Their call remains, as one of an unknown caller; where they are only mentioned, all else
    stays."""
    subject = round.subject
    is_caller = subject.stands_in(row.caller)
    known = decode(row.data, row.sid).shared.without_staff()
    if not is_caller and not subject.stands_in(known):
        return rewrite(round, kind, row)
    _give_up_promise(round, row.sid)
    for recording in _sounds(round.connection, row.sid) if is_caller else ():
        delete_sound(round, recording)
    left = {"data": remains.of_call(row.data, row.sid), "document": ""}
    return round.set(tables.calls, row, caller=round.instead if is_caller else row.caller, **left)


def _give_up_promise(round: Round, sid: str) -> None:
    """There is nobody to call any more."""
    duties = tables.duties
    owed = (duties.c.call == sid) & (duties.c.state == "due")
    owed &= duties.c.kind.in_(("try_back", "call_back", "ring_customer"))
    given_up = update(duties).where(owed).values(state="dropped", why="whom it concerns was erased")
    round.connection.execute(given_up)


def _sounds(connection: Connection, call: str) -> Sequence[Row]:
    table = tables.recordings
    there = (table.c.call == call) & table.c.deleted_at.is_(None) & (table.c.state != "absent")
    return connection.execute(select(table).where(there)).all()


def delete_sound(round: Round, recording: Row) -> bool:
    """Add the duty that deletes the audio at the carrier, unless it is there already."""
    duties, key = tables.duties, f"erase:{recording.sid}"
    owed = (duties.c.call == recording.call) & (duties.c.kind == "delete_recording")
    owed &= (duties.c.state == "due") & duties.c.key.startswith(key)
    if round.connection.execute(select(duties.c.id).where(owed)).first():
        return False
    data = {"sid": recording.sid, "why": "erased" if round.instead else "kept long enough"}
    duty = {"key": f"{key}:{round.now}", "call": recording.call, "kind": "delete_recording"}
    duty |= {"owner": "", "lane": "", "due": round.now, "data": json.dumps(data)}
    return insert_new(round.connection, duties, [duty]) == 1


# --- how they end ---


def end_keyed(round: Round, row: Row, **more: str) -> bool:
    left = {"data": remains.of_call(row.data, row.sid), "document": ""}
    return round.set(tables.calls, row, **left, **more)


def end_caller(round: Round, row: Row) -> bool:
    return end_keyed(round, row, caller=remains.PURGED)


def end_call(round: Round, row: Row) -> bool:
    """The call with its log: nothing of it is left, except in seals."""
    if _sounds(round.connection, row.sid):
        return False
    for table in (tables.recordings, tables.duties, tables.events):
        round.connection.execute(delete(table).where(table.c.call == row.sid))
    round.gone.append(row.sid)
    return round.delete(tables.calls, row)


def end_case(round: Round, row: Row) -> bool:
    return round.set(tables.case_files, row, data="{}")


def end_case_log(round: Round, row: Row) -> bool:
    stream = f"case:{row.number}"
    for table in (tables.duties, tables.events):
        round.connection.execute(delete(table).where(table.c.call == stream))
    round.gone.append(stream)
    return round.delete(tables.case_files, row)


def quiet_since(before: int, stream: ColumnElement[str]) -> ColumnElement[bool]:
    """Nothing was logged since."""
    events = tables.events
    return ~select(events.c.id).where(events.c.call == stream, events.c.at >= before).exists()


def sound_of(purpose: str) -> Callable[[int], ColumnElement[bool]]:
    table = tables.recordings
    there = (table.c.purpose == purpose) & table.c.state.not_in(("deleted", "absent"))
    return lambda before: there & (table.c.at < before)


__all__ = [
    "Age", "DataClass", "Round", "Row", "Values", "blank", "delete_sound", "discard", "drop",
    "end_call", "end_caller", "end_case", "end_case_log", "end_keyed", "erase_call", "quiet_since",
    "read", "rewrite", "sound_of", "with_its_call",
]  # fmt: skip
