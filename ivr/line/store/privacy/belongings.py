"""Whose rows are whose: the cases that they belong to, and what identifies a person."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, Table, select

from ivr.line.desk.subjects import Subject
from ivr.line.store import tables
from ivr.line.store.privacy.rows import DataClass, Row
from ivr.line.values import decode

SETTLES = 3600 * 1_000_000  # µs after which the carrier reports nothing more about a call


def going_on(kind: DataClass, row: Row, now: int) -> bool:
    """Whether it is a call about which the carrier may still report something."""
    if kind.table is not tables.calls:
        return False
    return row.ended_at is None or bool(now - row.ended_at < SETTLES)


def cases_of(connection: Connection, kind: DataClass, rows: Sequence[Row]) -> list[set[str]]:
    """The cases that each row belongs to, as digits."""
    streams = {kind.of(row) for row in rows} - {""}
    by_stream = _cases_of_streams(connection, streams) if streams else {}
    found = []
    for row in rows:
        named = {digits(row._mapping[kind.about])} if kind.about else set()
        if kind.table is tables.duties:
            named.add(digits(str(json.loads(row.data).get("case", ""))))
        if kind.table is tables.calls:
            case = decode(row.data, row.sid).shared.case.found
            named.add(digits(case.number if case else ""))
        found.append((named | by_stream.get(kind.of(row), set())) - {""})
    return found


def _cases_of_streams(connection: Connection, streams: Iterable[str]) -> dict[str, set[str]]:
    """What was looked up or asked for in each call."""
    streams = list(streams)
    found: dict[str, set[str]] = {
        each: {digits(each)} if each.startswith("case:") else set() for each in streams
    }
    events = tables.events
    named = events.c.kind.in_(("case.lookup", "escalation.requested"))
    asked = select(events.c.call, events.c.data).where(events.c.call.in_(streams), named)
    for row in connection.execute(asked):
        data = json.loads(row.data)
        found[row.call].add(digits(str(data.get("number") or data.get("case") or "")))
    for table in (tables.escalations, tables.recordings, tables.notes):
        pairs = select(table.c.call, table.c.case).where(table.c.call.in_(streams)).distinct()
        for call, case in connection.execute(pairs):
            found[call].add(digits(case))
    return found


def digits(case: str) -> str:
    """The digits of a case's number."""
    return re.sub(r"\D", "", case)


def owing(connection: Connection, kind: DataClass, rows: Sequence[Row]) -> set[str]:
    """The event logs of these rows that still have a duty."""
    if kind.table not in (tables.calls, tables.case_files):
        return set()
    duties, streams = tables.duties, [kind.of(row) for row in rows]
    asked = select(duties.c.call).where(duties.c.call.in_(streams), duties.c.state == "due")
    return set(connection.execute(asked.distinct()).scalars())


def subject_named(connection: Connection, text: str) -> list[Subject]:
    """Everybody with this telephone number (E.164), email address or id."""
    people = [*_known(connection, tables.contacts, "phones"), *_known(connection, tables.people)]
    found = [each for each in people if text in each.phones | each.mails | each.ids]
    return [_with_logins(connection, _alone(each, people)) for each in found]


def _known(connection: Connection, table: Table, phones: str = "phone") -> list[Subject]:
    rows = connection.execute(select(table)).all()
    return [
        Subject(
            phones=frozenset(n for n in row._mapping[phones].split() if n.startswith("+")),
            mails=frozenset({row.email} - {""}),
            names=frozenset({row.name} - {""}),
            ids=frozenset({row.id}),
        )
        for row in rows
    ]


def _alone(subject: Subject, people: Iterable[Subject]) -> Subject:
    """Without the telephone numbers that other people have as well."""
    others = [each for each in people if each.ids != subject.ids]
    shared = frozenset(phone for each in others for phone in each.phones)
    return Subject(subject.phones - shared, subject.mails, subject.names, subject.ids)


def _with_logins(connection: Connection, subject: Subject) -> Subject:
    table = tables.logins
    mine = table.c.person.in_(subject.ids) | table.c.contact.in_(subject.ids)
    rows = connection.execute(select(table).where(mine | table.c.email.in_(subject.mails))).all()
    ids, mails = {row.id for row in rows}, {row.email for row in rows}
    return Subject(subject.phones, subject.mails | mails, subject.names, subject.ids | ids)


__all__ = ["cases_of", "digits", "going_on", "owing", "subject_named"]
