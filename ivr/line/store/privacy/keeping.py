"""Purging, erasing and exporting what is stored, while calls go on: what it concerns is looked for
page by page with nothing locked, and changed a few rows at a time, in a transaction each. An
interrupted run can be completed by running it again."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, or_, select, true, tuple_

from ivr.line.desk.events import Event
from ivr.line.desk.subjects import Subject
from ivr.line.store import streams, tables
from ivr.line.store.connections import Connections
from ivr.line.store.inserts import insert_new
from ivr.line.store.instants import instant, ticks
from ivr.line.store.privacy import belongings
from ivr.line.store.privacy.personal import CLASSES, KNOWN_BY
from ivr.line.store.privacy.rows import Age, DataClass, Round, Row
from ivr.line.store.seals import PURGED

PAGE = 500  # rows that are read at once
AT_ONCE = 20  # … and changed: no turn waits longer than they take

Page = Sequence[Row]


@dataclass
class Tally:
    """How many rows of each class were dealt with, and how many weren't: ``held`` for a case
    (the numbers are in ``cases``), ``waiting`` because a duty of them is still due."""

    done: Counter[str] = field(default_factory=Counter)
    held: Counter[str] = field(default_factory=Counter)
    waiting: Counter[str] = field(default_factory=Counter)
    cases: set[str] = field(default_factory=set)

    def data(self) -> dict[str, Any]:
        """As it is logged and printed."""
        return {
            "done": {name: count for name, count in self.done.items() if count},
            "held": dict(self.held),
            "waiting": dict(self.waiting),
            "cases": sorted(self.cases),
        }


@dataclass(frozen=True)
class Hold:
    """Why nothing of a case is purged or erased."""

    case: str
    reason: str
    by: str
    at: datetime


class PrivacyRepository:
    """Purging, erasing, exporting and holding stored data."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    # --- purging ---

    def purge(self, days: Mapping[str, int], now: datetime, *, dry: bool = False) -> Tally:
        """Delete what has been kept for the ``days`` of its term; ``dry`` only counts."""
        tally = Tally()
        for kind in CLASSES:
            for age in kind.ages:
                self._end(kind, age, now, ticks(now - timedelta(days=days[age.term])), tally, dry)
        self._connections.owed.due("delete_recording", now)
        return tally

    def _end(
        self, kind: DataClass, age: Age, now: datetime, before: int, tally: Tally, dry: bool
    ) -> None:
        name, old = f"{kind.name} ({age.term})", age.old(before)
        for few in self._few(kind, old):
            with self._locked(kind, few, old, rollback=dry) as (connection, rows):
                round = Round(connection, ticks(now))
                owing = belongings.owing(connection, kind, rows)
                for row in self._free(connection, kind, rows, name, tally):
                    if kind.of(row) in owing or not age.end(round, row):
                        tally.waiting[name] += 1
                    else:
                        tally.done[name] += 1
                if round.gone:
                    gone = Event(PURGED, now, "", {"logs": round.gone})
                    streams.append(connection, streams.ACCESS, [gone])

    # --- one person ---

    def known_as(self, text: str) -> list[Subject]:
        """Everybody with this telephone number (E.164), email address or id."""
        with self._connections.reading() as connection:
            return belongings.subject_named(connection, text)

    def erase(self, subject: Subject, instead: str, now: datetime) -> Tally:
        """Replace a person by ``instead`` wherever they are named.

        What identifies them is erased last, and only when nothing else is left: rows that have to
        wait are found by it.
        """
        tally = Tally()
        for kind in CLASSES:
            known_by = kind in KNOWN_BY and bool(tally.held or tally.waiting)
            for few in self._few(kind, true(), subject):
                with self._locked(kind, few) as (connection, rows):
                    round = Round(connection, ticks(now), subject, instead)
                    theirs = [row for row in rows if kind.concerns(subject, row)]
                    for row in self._free(connection, kind, theirs, kind.name, tally):
                        if known_by or belongings.going_on(kind, row, round.now):
                            tally.waiting[kind.name] += 1
                        elif kind.erase(round, kind, row):
                            tally.done[kind.name] += 1
        self._connections.owed.due("delete_recording", now)
        return tally

    def export(self, subject: Subject) -> dict[str, list[dict[str, Any]]]:
        """All rows that concern a person, by class, and the event logs of their calls."""
        found: dict[str, list[dict[str, Any]]] = {}
        calls: list[str] = []
        for kind in CLASSES:
            for rows in self._pages(kind, true()):
                theirs = [row for row in rows if self._concerns(kind, subject, row, calls)]
                found.setdefault(kind.name, []).extend(kind.shown(row) for row in theirs)
                if kind.table is tables.calls:
                    calls += [row.sid for row in theirs if subject.stands_in(row.caller)]
        found["events"] = [
            row for sid in calls for row in self._events(tables.events.c.call == sid)
        ]
        return {name: rows for name, rows in found.items() if rows}

    def _concerns(self, kind: DataClass, subject: Subject, row: Row, calls: list[str]) -> bool:
        sound = kind.table is tables.recordings and row.call in calls
        return sound or kind.concerns(subject, row)

    # --- holds ---

    def hold(self, hold: Hold, event: Event) -> bool:
        """Stop purging and erasing for a case; False if that was so already."""
        row = {"case": hold.case, "reason": hold.reason, "by": hold.by, "at": ticks(hold.at)}
        return self._logged(lambda c: insert_new(c, tables.holds, [row]) == 1, event)

    def release(self, case: str, event: Event) -> bool:
        """End the hold; False if there was none."""
        table = tables.holds
        statement = delete(table).where(table.c.case == case)
        return self._logged(lambda c: c.execute(statement).rowcount == 1, event)

    def holds(self) -> list[Hold]:
        """The cases that are on hold, by number."""
        table = tables.holds
        with self._connections.reading() as connection:
            rows = connection.execute(select(table).order_by(table.c.case)).all()
        return [Hold(row.case, row.reason, row.by, instant(row.at)) for row in rows]

    def _logged(self, act: Any, event: Event) -> bool:
        with self._connections.writing() as connection:
            acted = bool(act(connection))
            if acted:
                streams.append(connection, streams.ACCESS, [event])
            return acted

    # --- what was logged ---

    def audit(
        self, case: str, digits: str, since: datetime | None, until: datetime | None
    ) -> Iterator[dict[str, Any]]:
        """The events from ``since`` until before ``until``, as lines of an export, in the order in
        which they were stored. With a ``case`` only those that concern it; ``digits`` are its
        number's."""
        events = tables.events.c
        which: list[ColumnElement[bool]] = []
        if since:
            which.append(events.at >= ticks(since))
        if until:
            which.append(events.at < ticks(until))
        if case:
            which.append(_about(case, digits))
        return (_exported(row) for row in self._events(*which))

    def _events(self, *which: ColumnElement[bool]) -> Iterator[dict[str, Any]]:
        events, after = tables.events, 0
        while True:
            statement = select(events).where(*which, events.c.id > after).order_by(events.c.id)
            with self._connections.reading() as connection:
                rows = connection.execute(statement.limit(PAGE)).all()
            if not rows:
                return
            after = rows[-1].id
            yield from (dict(row._mapping) for row in rows)

    # --- pages, and a few at once ---

    def _free(
        self, connection: Connection, kind: DataClass, rows: Sequence[Row], name: str, tally: Tally
    ) -> list[Row]:
        """The rows that aren't on hold."""
        held = {
            belongings.digits(case): case
            for case in connection.execute(select(tables.holds.c.case)).scalars()
        }
        if not held:
            return list(rows)
        free = []
        for row, cases in zip(rows, belongings.cases_of(connection, kind, rows), strict=True):
            if keeps := cases & held.keys():
                tally.held[name] += 1
                tally.cases |= {held[each] for each in keeps}
            else:
                free.append(row)
        return free

    def _pages(self, kind: DataClass, which: ColumnElement[bool]) -> Iterator[Page]:
        """All these rows, in the order of ``kind.by``; nothing is locked meanwhile."""
        statement = select(kind.table).where(which).order_by(*kind.by).limit(PAGE)
        beyond: ColumnElement[bool] = true()
        while True:
            with self._connections.reading() as connection:
                rows = connection.execute(statement.where(beyond)).all()
            if not rows:
                return
            yield rows
            last = [rows[-1]._mapping[column.name] for column in kind.by]
            beyond = tuple_(*kind.by) > tuple_(*last)

    def _few(
        self, kind: DataClass, which: ColumnElement[bool], subject: Subject | None = None
    ) -> Iterator[Page]:
        """The same, `AT_ONCE` together; only those that concern the subject, if there is one."""
        for page in self._pages(kind, which):
            rows = [row for row in page if subject is None or kind.concerns(subject, row)]
            for first in range(0, len(rows), AT_ONCE):
                yield rows[first : first + AT_ONCE]

    @contextmanager
    def _locked(
        self,
        kind: DataClass,
        few: Page,
        which: ColumnElement[bool] | None = None,
        rollback: bool = False,
    ) -> Iterator[tuple[Connection, Page]]:
        """Those of these rows that are still there (and still ``which``), in a transaction."""
        [key] = kind.table.primary_key
        there = key.in_([row._mapping[key.name] for row in few])
        asked = select(kind.table).where(there, true() if which is None else which)
        with self._connections.writing(rollback=rollback) as connection:
            yield connection, connection.execute(asked.order_by(*kind.by).with_for_update()).all()


def _about(case: str, digits: str) -> ColumnElement[bool]:
    """The events that concern a case: of its own log, of the calls in which it was looked up or
    escalated, and any that names it."""
    events, escalations = tables.events, tables.escalations
    looked_up = select(events.c.call).where(
        events.c.kind == "case.lookup", events.c.data.contains(f'"number":"{digits}"')
    )
    escalated = select(escalations.c.call).where(escalations.c.case == case)
    named = [events.c.call == f"case:{case}", events.c.data.contains(f'"case":"{case}"')]
    return or_(*named, events.c.call.in_(looked_up), events.c.call.in_(escalated))


def _exported(row: dict[str, Any]) -> dict[str, Any]:
    """An event as a line of an export."""
    return {
        "log": row["call"],
        "seq": row["seq"],
        "at": instant(row["at"]).isoformat(),
        "kind": row["kind"],
        "actor": row["actor"],
        "data": json.loads(row["data"]),
        "ticks": row["at"],
        "hash": row["hash"],
    }


__all__ = ["Hold", "PrivacyRepository", "Tally"]
