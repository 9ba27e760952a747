"""Where calls, duties, people and cases are kept: SQLite in a file, or PostgreSQL for many workers.

No transaction is open when a method returns. Several processes and threads may share a database;
migrate it before they start.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, bindparam, func, select, text, update
from sqlalchemy.exc import OperationalError

from ivr.errors import SettingsError
from ivr.line.desk.candidates import Directory
from ivr.line.desk.cases import Account, Case, CaseNumbers
from ivr.line.desk.events import Event
from ivr.line.desk.people import Person
from ivr.line.records import (
    BACK,
    MOVES_LEGS,
    Call,
    CaseFile,
    Duty,
    Escalation,
    Feed,
    FeedEntry,
    Login,
    Note,
    Recording,
)
from ivr.line.store import (
    calls as call_list,
)
from ivr.line.store import (
    case_files,
    logins,
    recordings,
    seals,
    tables,
)
from ivr.line.store import (
    cases as case_list,
)
from ivr.line.store import (
    feeds as feed_list,
)
from ivr.line.store import (
    logs as streams,
)
from ivr.line.store import people as directories
from ivr.line.store.case_files import Made
from ivr.line.store.connections import WRITES, OwnConnections, engine
from ivr.line.store.duties import DutyList, listed
from ivr.line.store.instants import instant, ticks, ticks_or_none
from ivr.line.store.privacy.keeping import Keeping
from ivr.line.store.turns import (
    COLUMNS,
    Claims,
    Engaged,
    PostgresTurns,
    SQLiteTurns,
    Turns,
    call_of,
)

log = logging.getLogger(__name__)

RECENT = 200  # events whose transactions may still overtake each other

__all__ = ["Engaged", "Store"]


class Store:
    """A database. ``url`` is ``sqlite:///file`` or ``postgresql://user@host/name``.

    Raises `SettingsError` for any other.
    """

    def __init__(self, url: str, *, checkpoints: bool = False) -> None:
        self.url = url
        self._engine: Engine = engine(url)
        self._writer: Engine = self._engine.execution_options(**{WRITES: True})
        self._own = OwnConnections(self._engine)
        self.postgres = self._engine.dialect.name == "postgresql"
        self._turns: Turns = PostgresTurns(self._own) if self.postgres else SQLiteTurns(self._own)
        self._duties = DutyList(self._own)
        self._stop = threading.Event()
        if checkpoints and not self.postgres:
            threading.Thread(target=self._checkpoint, name="checkpoints", daemon=True).start()

    def close(self) -> None:
        """Let go of every connection."""
        self._stop.set()
        self._own.give_back()
        self._engine.dispose()

    def migrate(self) -> None:
        """Bring the schema up to date; safe at any time, and by two processes at once.

        Raises `SettingsError` when there is no database to be reached.
        """
        from alembic import command
        from alembic.config import Config

        config = Config()
        with (
            as_file(files("ivr.line.store") / "migrations") as folder,
            self._reached() as connection,
        ):
            if self.postgres:
                connection.execute(text("SELECT pg_advisory_xact_lock(17349013)"))
            config.set_main_option("script_location", str(folder).replace("%", "%%"))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")

    @contextmanager
    def _reached(self) -> Iterator[Connection]:
        """A transaction, the first of a process: `SettingsError` if there is no database."""
        try:
            connection = self._writer.connect()
        except OperationalError as error:
            raise SettingsError(
                f"IVR_DATABASE is {self._engine.url!r}, and that doesn't answer: {error.orig}"
            ) from error
        with connection, connection.begin():
            yield connection

    def _checkpoint(self) -> None:
        """Move the write-ahead log into the file, off the path of any call."""
        while not self._stop.wait(0.25):
            try:
                self._own().execute("PRAGMA wal_checkpoint(PASSIVE)")
            except Exception:
                log.exception("the write-ahead log of %s stays as it is", self.url)
        self._own.give_back()

    # --- a turn ---

    def load(self, sid: str) -> Call | None:
        """A call as it was last saved."""
        return self._turns.load(sid)

    def save(
        self,
        call: Call,
        events: Sequence[Event] = (),
        duties: Sequence[Duty] = (),
        claims: Claims = (),
    ) -> bool:
        """All of a turn, or nothing: False when somebody saved this call since it was loaded.

        What has a key that exists already is left as it is. ``claims`` are people whom the turn
        must have to itself, each with its attempt as in `claim`. Raises `Engaged`, with nothing
        saved, when one of them isn't free.
        """
        return self._turns.save(call, (events, duties), claims)

    # --- files on cases ---

    def case_file(self, number: str) -> CaseFile | None:
        """What is going on with a case; None when nothing was ever heard of it."""
        with self._engine.connect() as connection:
            return case_files.load(connection, number)

    def case_files(self) -> list[CaseFile]:
        """Every case of which anything was heard, by number."""
        with self._engine.connect() as connection:
            return case_files.every(connection)

    def save_case(self, file: CaseFile, made: Made) -> bool:
        """The file with its events, duties, escalations and notes, or nothing: False when somebody
        saved it since it was loaded."""
        with self._writer.connect() as connection, connection.begin() as transaction:
            saved = case_files.save(connection, file, made)
            if not saved:
                transaction.rollback()
            return saved

    def append(self, sid: str, event: Event) -> None:
        """Add to the log of a call (its SID), of a case (``case:`` and its number) or of the desk
        (`streams.ACCESS`)."""
        if sid.startswith("log:"):
            with self._writer.begin() as connection:
                return streams.append(connection, sid, [event])
        number = sid.removeprefix("case:")
        while True:
            if number != sid:
                file = self.case_file(number) or CaseFile(number)
                if self.save_case(file, ([event], (), (), ())):
                    return
            else:
                call = self.load(sid)
                if call is None or self.save(call, [event]):
                    return

    # --- duties ---

    def due(
        self, now: datetime, kinds: Iterable[str], call: str | None = None, limit: int = 50
    ) -> list[Duty]:
        """Take what is due: nobody else gets it until its lease is over. See `duty_list`."""
        return self._duties.take(now, tuple(kinds), call, limit)

    def owe(self, duties: Iterable[Duty]) -> None:
        """Duties of no call and no case; one whose key exists is left as it is."""
        with self._writer.begin() as connection:
            case_files.owe(connection, duties)

    def done(self, duty: Duty) -> None:
        """It has happened, whoever has taken it since."""
        self._duties.done(duty)

    def retry(self, duty: Duty, at: datetime, why: str = "") -> None:
        """Not now, but at ``at``; nothing, if somebody else has taken it since."""
        self._duties.retry(duty, at, why)

    def drop(self, duty: Duty, why: str) -> None:
        """Given up; it stays in the table with the reason. Nothing, if somebody else has taken it
        since."""
        self._duties.drop(duty, why)

    def next_due(self, kinds: Iterable[str]) -> datetime | None:
        """When the next duty of these kinds is due or its lease ends."""
        return self._duties.next_due(tuple(kinds))

    def duties(self, *kinds: str, call: str | None = None, owed: bool = False) -> list[Duty]:
        """Duties of these kinds (all, if none is named) in the order of their due times; with
        ``owed`` only those neither done nor dropped, however many there have been."""
        with self._engine.connect() as connection:
            return listed(connection, kinds, call, owed)

    # --- people ---

    def claim(self, person: str, attempt: str, now: datetime) -> bool:
        """Whether this attempt has him to itself now; nobody is rung by two calls at once."""
        with self._writer.begin() as connection:
            values = {"who": person, "attempt": attempt}
            return connection.execute(_CLAIM, values).rowcount == 1

    def release(self, person: str, attempt: str, at: datetime | None = None, how: str = "") -> None:
        """He is free again, if this attempt had him; ``how`` it went is ``taken`` or
        ``no_answer``."""
        ended = how if at is not None else ""
        values = {"who": person, "attempt": attempt, "at": ticks_or_none(at)}
        with self._writer.begin() as connection:
            connection.execute(_RELEASE.get(ended, _RELEASE[""]), values)

    def set_status(
        self,
        person: str,
        status: str,
        delegate: str | None = None,
        *,
        at: datetime | None = None,
        by: str = "",
        until: datetime | None = None,
    ) -> None:
        """What he says of himself: available, busy_soon, away (``delegate`` stands in) or dnd.

        ``by`` (a person's id) said so ``at`` this instant, and it ends by itself at ``until``.
        """
        people = tables.people
        values: dict[str, Any] = {"status": status, "status_by": by}
        values |= {"status_since": ticks_or_none(at), "status_until": ticks_or_none(until)}
        if delegate:  # named now, so for as long as he is away
            values |= {"delegate": delegate, "delegate_from": None, "delegate_until": None}
        with self._writer.begin() as connection:
            connection.execute(update(people).where(people.c.id == person).values(values))

    def directory(self, case: Case | None, now: datetime) -> Directory:
        """The part of the desk that concerns a case, or anybody who presses 0."""
        with self._engine.connect() as connection:
            return directories.directory(connection, case, now)

    def case(self, digits: str, budget: float = 3.0) -> Case | None:
        """The case of these digits. These tables answer in time; ``budget`` is for other
        records."""
        with self._engine.connect() as connection:
            return directories.case(connection, digits)

    def person(self, id: str) -> Person | None:
        """Somebody by his id."""
        with self._engine.connect() as connection:
            return directories.person(connection, id)

    def people(self) -> list[Person]:
        """Everybody, by id."""
        with self._engine.connect() as connection:
            return directories.everybody(connection)

    def recent(self, caller: str, since: datetime) -> list[Call]:
        """The last calls that he made from this number and that ended since, the last one first."""
        return self._calls(_RECENT, caller=caller, since=ticks(since))

    def person_at(self, phone: str) -> Person | None:
        """Whose telephone this is, if it is somebody's who works here."""
        with self._engine.connect() as connection:
            return directories.person_at(connection, phone)

    def person_known_as(self, id: str, email: str) -> str | None:
        """The id of whoever another system knows by ``id`` or, large letters or small,
        ``email``."""
        with self._engine.connect() as connection:
            return directories.person_known_as(connection, id, email)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection to read from."""
        with self._engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self, rollback: bool = False) -> Iterator[Connection]:
        """A transaction; undone at its end when ``rollback`` says so."""
        with self._writer.connect() as connection, connection.begin() as transaction:
            yield connection
            if rollback:
                transaction.rollback()

    # --- logins ---

    def login(self, **values: str) -> Login | None:
        """Whoever signs in with this ``id`` or ``email``."""
        with self._engine.connect() as connection:
            return logins.by(connection, **values)

    def logins(self) -> list[Login]:
        """Everybody who may sign in, by id."""
        with self._engine.connect() as connection:
            return logins.every(connection)

    def save_login(self, login: Login) -> None:
        """In place of the one of that id."""
        with self._writer.begin() as connection:
            logins.save(connection, login)

    def change_login(self, id: str, **values: Any) -> None:
        """Some of a login's fields."""
        with self._writer.begin() as connection:
            logins.change(connection, id, **values)

    # --- the built-in cases ---

    def accounts(self) -> list[Account]:
        """Every customer, by id."""
        with self._engine.connect() as connection:
            return case_list.accounts(connection)

    def cases_of(self, accounts: Sequence[str] | None, limit: int = 200) -> list[Case]:
        """The cases of these accounts (of all, if None), the newest number first."""
        with self._engine.connect() as connection:
            return case_list.cases_of(connection, accounts, limit)

    def open_case(self, numbers: CaseNumbers, **values: Any) -> str:
        """A new case, under the next free number; that number."""
        with self._writer.begin() as connection:
            return case_list.open_case(connection, numbers, **values)

    def change_case(self, number: str, **values: Any) -> None:
        """The severity or status of a case."""
        with self._writer.begin() as connection:
            case_list.change(connection, number, **values)

    # --- tallies ---

    def tally(self, bucket: str, now: datetime) -> None:
        """Count one more."""
        with self._writer.begin() as connection:
            connection.execute(tables.tallies.insert().values(bucket=bucket, at=ticks(now)))

    def tallied(self, bucket: str, since: datetime) -> int:
        """How many were counted since."""
        tallies = tables.tallies
        which = (tallies.c.bucket == bucket) & (tallies.c.at > ticks(since))
        asked = select(func.count()).select_from(tallies).where(which)
        with self._engine.connect() as connection:
            return int(connection.execute(asked).scalar_one())

    def forget(self, bucket: str) -> None:
        """Begin to count anew."""
        tallies = tables.tallies
        with self._writer.begin() as connection:
            connection.execute(tallies.delete().where(tallies.c.bucket == bucket))

    def pin(self, digits: str, account: str) -> str:
        """The hash of the case's PIN, else of its account's; ``""`` when there is none."""
        cases, accounts = tables.cases, tables.accounts
        with self._engine.connect() as connection:
            own = connection.execute(select(cases.c.pin).where(cases.c.digits == digits)).scalar()
            asked = select(accounts.c.pin).where(accounts.c.id == account)
            return own or connection.execute(asked).scalar() or ""

    def feeds(self) -> list[Feed]:
        """The on-call calendars, by id."""
        with self._engine.connect() as connection:
            return feed_list.every(connection)

    def save_feed(self, feed: Feed, entries: Iterable[FeedEntry]) -> None:
        """What is now known of a calendar, in place of what was."""
        with self._writer.begin() as connection:
            feed_list.save(connection, feed, entries)

    # --- pages ---

    def first_waiting(self, queue: str) -> Call | None:
        """Who has waited longest in a queue."""
        return next(iter(self._calls(_FIRST_WAITING, queue=queue)), None)

    def open_calls(self) -> list[Call]:
        """Every call that is going on, the oldest first."""
        calls = tables.calls
        return self._calls(_CALLS.where(calls.c.ended_at.is_(None)).order_by(calls.c.started_at))

    def calls(self, wanted: call_list.Wanted, limit: int) -> list[Call]:
        """Calls, the newest first. Raises `ValueError`; see `call_list`."""
        return self._calls(call_list.only(_CALLS, wanted).limit(limit))

    def close_open_calls(self, now: datetime) -> None:
        """A network that was switched off has no calls: end what it left open, and free
        everybody."""
        calls, people, duties = tables.calls, tables.people, tables.duties
        with self._writer.begin() as connection:
            connection.execute(
                update(calls)
                .where(calls.c.ended_at.is_(None))
                .values(ended_at=ticks(now), waiting_for="", waiting_since=None)
            )
            connection.execute(update(people).values(busy_with=None))
            stale = (duties.c.state == "due") & duties.c.kind.in_(MOVES_LEGS)
            connection.execute(update(duties).where(stale).values(state="dropped"))

    def _calls(self, statement: Any, **values: Any) -> list[Call]:
        with self._engine.connect() as connection:
            return [call_of(row) for row in connection.execute(statement, values)]

    def latest(self) -> str:
        """Names the present state: as long as it stands, nothing that a page shows has changed.

        Numbers of events may come to be seen out of their order, so the last ones are counted too.
        """
        events, people = tables.events.c, tables.people.c
        last = select(func.max(events.id)).scalar_subquery()
        recent = select(func.count()).where(events.id > last - RECENT).scalar_subquery()
        busy = select(func.count(people.busy_with)).where(text("busy_with IS NOT NULL"))
        marks = (people.status_since, people.last_taken, people.last_no_answer)
        newest = [select(func.max(mark)).scalar_subquery() for mark in marks]
        with self._engine.connect() as connection:
            told = connection.execute(select(last, recent, busy.scalar_subquery(), *newest)).one()
        return ".".join(str(each or 0) for each in told)

    def events(self, sid: str) -> list[Event]:
        """What happened on a call, in order."""
        events = tables.events
        asked = select(events).where(events.c.call == sid).order_by(events.c.seq)
        with self._engine.connect() as connection:
            return [
                Event(row.kind, instant(row.at), row.actor, json.loads(row.data))
                for row in connection.execute(asked)
            ]

    def verify(self, sid: str) -> bool:
        """Whether a log is whole; see `streams.fault`."""
        with self._engine.connect() as connection:
            return not streams.fault(connection, sid)

    def faults(self, sid: str = "") -> Iterator[str]:
        """What is wrong with one log, or with all of them and their seals."""
        with self._engine.connect() as connection:
            every = (h.sid for kind in streams.KINDS for h in streams.heads(connection, kind))
            for each in [sid] if sid else every:
                if wrong := streams.fault(connection, each):
                    yield f"{each}: {wrong}"
            if not sid:
                yield from (f"{each}: it is gone" for each in streams.orphans(connection))
                yield from seals.faults(connection)

    def seal(self, now: datetime) -> str:
        """Seal every log as it is now; the seal's hash, ``""`` when nothing was logged since."""
        with self._writer.begin() as connection:
            return seals.make(connection, now)

    def last_seal(self) -> tuple[int, datetime, str] | None:
        """The number, instant and hash of the last seal."""
        with self._engine.connect() as connection:
            row = seals.last(connection)
        return None if row is None else (row.id, instant(row.at), row.hash)

    def is_seal(self, hash: str) -> bool:
        """Whether a seal has this hash."""
        with self._engine.connect() as connection:
            return seals.known(connection, hash)

    @property
    def keeping(self) -> Keeping:
        """Purging, erasing and exporting."""
        return Keeping(self.reading, self.writing)

    def escalations(self, case: str | None = None) -> list[Escalation]:
        """Requests for a level, of one case or all."""
        table = tables.escalations
        asked = select(table).order_by(table.c.requested_at)
        asked = asked if case is None else asked.where(table.c.case == case)
        with self._engine.connect() as connection:
            return [_escalation(row) for row in connection.execute(asked)]

    def escalated_since(self, since: datetime, limit: int = 500) -> list[str]:
        """The cases for which a level was asked for since then, the last one first."""
        table = tables.escalations
        asked = select(table.c.case).where(table.c.requested_at > ticks(since))
        asked = asked.order_by(table.c.requested_at.desc()).limit(limit)
        with self._engine.connect() as connection:
            return list(dict.fromkeys(connection.execute(asked).scalars()))

    def notes(self, case: str) -> list[Note]:
        """A case's history as told from here."""
        table = tables.notes
        asked = select(table).where(table.c.case == case).order_by(table.c.at)
        with self._engine.connect() as connection:
            return [_note(row) for row in connection.execute(asked)]

    # --- recordings ---

    def keep_recording(self, recording: Recording) -> bool:
        """A new one, or the end of one that was going on; False for what was known already."""
        with self._writer.begin() as connection:
            return recordings.keep(connection, recording)

    def recording_deleted(self, sid: str, at: datetime) -> bool:
        """Its sound is gone; False if it was already."""
        with self._writer.begin() as connection:
            return recordings.deleted(connection, sid, at)

    def recordings(self, **where: str) -> list[Recording]:
        """Those of a ``call``, ``case`` or ``sid``, or all; the oldest first."""
        with self._engine.connect() as connection:
            return list(recordings.listed(connection, **where))

    def import_csv(self, source: Path) -> dict[str, int]:
        """Load the desk's files from a folder, or one file. See `csv_import`."""
        from ivr.line.store.imports import csv as csv_import

        with self._writer.begin() as connection:
            return csv_import.load(connection, source)


_CALLS = select(*(tables.calls.c[name] for name in COLUMNS))
_WHO = tables.people.c.id == bindparam("who")
_HIS = tables.people.c.busy_with == bindparam("attempt")
_FREE = tables.people.c.busy_with.is_(None) | _HIS
_CLAIM = update(tables.people).where(_WHO, tables.people.c.active, _FREE)
_CLAIM = _CLAIM.values(busy_with=bindparam("attempt"))
_FREED = update(tables.people).where(_WHO, _HIS).values(busy_with=None)
_RELEASE = {  # by how it went
    "": _FREED,
    "taken": _FREED.values(last_taken=bindparam("at")),
    "no_answer": _FREED.values(last_no_answer=bindparam("at")),
}
_RECENT = (
    _CALLS.where(tables.calls.c.caller == bindparam("caller"))
    .where(tables.calls.c.ended_at > bindparam("since"))
    .where(tables.calls.c.sid.not_like(f"{BACK}%"))
    .order_by(tables.calls.c.ended_at.desc())
    .limit(5)
)
_FIRST_WAITING = (
    _CALLS.where(tables.calls.c.waiting_for == bindparam("queue"))
    .where(text("waiting_for <> ''"))  # as the index has it
    .order_by(tables.calls.c.waiting_since)
    .limit(1)
)


def _escalation(row: Any) -> Escalation:
    return Escalation(
        key=row.key,
        call=row.call,
        case=row.case,
        level=row.level,
        requested_by=row.requested_by,
        set_by=row.set_by,
        requested_at=instant(row.requested_at),
        reason=row.reason,
    )


def _note(row: Any) -> Note:
    at = instant(row.at)
    return Note(row.key, row.call, row.case, row.text, row.author, at, row.visibility)
