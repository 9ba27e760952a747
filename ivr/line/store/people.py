"""Cases and people as the rules want them, read from the tables: only what one call needs."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    CompoundSelect,
    Connection,
    Select,
    bindparam,
    cast,
    func,
    literal,
    null,
    select,
    text,
    union_all,
)

from ivr.line.desk.candidates import Directory
from ivr.line.desk.cases import Account, Case, Contact
from ivr.line.desk.people import Person, Queue, Shift, Stint
from ivr.line.store import tables
from ivr.line.store.instants import instant, instant_or_none, ticks

ROUNDS = 8  # how far up and along from the first people others are looked for


def case(connection: Connection, digits: str) -> Case | None:
    """The case, with its account and whoever may speak for it."""
    row = connection.execute(_CASE, {"digits": digits}).one_or_none()
    if row is None:
        return None
    account = connection.execute(_ACCOUNT, {"account": row.account}).one_or_none()
    people = connection.execute(_CONTACTS, {"account": row.account}).all()
    return Case(
        number=row.number,
        digits=row.digits,
        status=row.status,
        severity=row.severity,
        subject=row.subject,
        product=row.product,
        region=row.region,
        environment=row.environment,
        owner=row.owner,
        queue=row.queue,
        account=account_of(account) if account else None,
        contacts=tuple(_contact(each) for each in people),
        language=row.language,
        url=row.url,
        updated_at=instant_or_none(row.updated_at),
    )


def directory(connection: Connection, case: Case | None, now: datetime) -> Directory:
    """Operators, whoever is on a rota, and from the case's owner upwards, along and for him.

    Everybody as he is at ``now``; overrides and calendar entries that are over are left out.
    """
    of_case = {"queue": case.queue if case else None}
    shifts = [_shift(row) for row in connection.execute(_SHIFTS)]
    queues = {row.id: _queue(row) for row in connection.execute(_QUEUES, of_case)}
    stints = tuple(_stint(row) for row in connection.execute(_STINTS, {"now": ticks(now)}))
    wanted = {shift.person for shift in shifts}
    wanted |= {id for stint in stints for id in (stint.person, stint.instead_of) if id}
    wanted |= {queue.manager for queue in queues.values() if queue.manager}
    if case and case.owner:
        wanted.add(case.owner)
    people = _read(connection, _OPERATORS) | _read(connection, _NAMED, ids=sorted(wanted))
    if case and case.owner in people and people[case.owner].team:
        people |= _read(connection, _TEAM, team=people[case.owner].team)
    for _ in range(ROUNDS):
        named = {each for person in people.values() for each in (person.manager, person.delegate)}
        more = named - people.keys() - {None}
        if not more:
            break
        people |= _read(connection, _NAMED, ids=sorted(more))
    if not any({"manager", "second_level"} & person.roles for person in people.values()):
        people |= _read(connection, _MANAGERS)
    present = {id: person.at(now) for id, person in people.items()}
    return Directory(present, tuple(shifts), queues, stints=stints)


def person(connection: Connection, id: str) -> Person | None:
    """Somebody by his id."""
    return _read(connection, _NAMED, ids=[id]).get(id)


def person_at(connection: Connection, phone: str) -> Person | None:
    """Whose telephone this is; the first by id, if it is several people's."""
    found = _read(connection, _AT_PHONE, phone=phone)
    return next((found[id] for id in sorted(found)), None)


def person_known_as(connection: Connection, id: str, email: str) -> str | None:
    """Who has this id, else this e-mail, in large letters or small; the first by id."""
    people = tables.people
    if id and connection.scalar(select(people.c.id).where(people.c.id == id)):
        return id
    if not email:
        return None
    his = (func.lower(people.c.email) == email.lower()) & people.c.active
    return connection.scalar(select(people.c.id).where(his).order_by(people.c.id).limit(1))


def everybody(connection: Connection) -> list[Person]:
    """All people, by id."""
    rows = connection.execute(select(tables.people).order_by(tables.people.c.id))
    return [_person(row) for row in rows]


def _stints() -> CompoundSelect[Any]:
    """What a calendar says and the overrides, in one question."""
    own, feeds, entries = tables.overrides, tables.feeds, tables.feed_entries
    names = ("id", "person", "starts", "ends")
    what = ("role", "region", "product")
    first = select(
        *(own.c[name] for name in (*names, *what)),
        func.coalesce(own.c.instead_of, "").label("instead_of"),
        literal("override").label("source"),
        cast(null(), BigInteger).label("as_of"),
    ).where(own.c.ends > bindparam("now"))
    second = (
        select(
            *(entries.c[name] for name in names),
            *(feeds.c[name] for name in what),
            literal(""),
            literal("calendar"),
            feeds.c.fetched_at,
        )
        .join(feeds, feeds.c.id == entries.c.feed)
        .where(entries.c.ends > bindparam("now"))
    )
    return union_all(first, second)


def _stint(row: Any) -> Stint:
    return Stint(
        id=row.id,
        person=row.person,
        starts=instant(row.starts),
        ends=instant(row.ends),
        role=row.role,
        region=row.region,
        product=row.product,
        instead_of=row.instead_of,
        source=row.source,
        as_of=instant_or_none(row.as_of),
    )


# Written once: to put a statement together costs as much as to ask it.
_CASE = select(tables.cases).where(tables.cases.c.digits == bindparam("digits"))
_ACCOUNT = select(tables.accounts).where(tables.accounts.c.id == bindparam("account"))
_CONTACTS = select(tables.contacts).where(tables.contacts.c.account == bindparam("account"))
_PEOPLE = select(tables.people)
_OPERATORS = _PEOPLE.where(text("answers_zero"))  # as the index has it: SQLite sees no "= 1"
_NAMED = _PEOPLE.where(tables.people.c.id.in_(bindparam("ids", expanding=True)))
_TEAM = _PEOPLE.where(tables.people.c.team == bindparam("team"))
_MANAGERS = _PEOPLE.where(tables.people.c.roles.contains("manager"))
_AT_PHONE = _PEOPLE.where((tables.people.c.phone == bindparam("phone")) & tables.people.c.active)
_SHIFTS = select(tables.shifts)
_QUEUES = select(tables.queues).where(tables.queues.c.id == bindparam("queue"))
_STINTS = _stints()


def _read(connection: Connection, statement: Select[Any], **values: Any) -> dict[str, Person]:
    return {row.id: _person(row) for row in connection.execute(statement, values)}


@lru_cache(maxsize=1000)
def _person(row: Any) -> Person:
    return Person(
        id=row.id,
        name=row.name,
        phone=row.phone,
        roles=frozenset(row.roles.split()),
        languages=tuple(row.languages.split()),
        manager=row.manager,
        delegate=row.delegate,
        team=row.team,
        region=row.region,
        active=row.active,
        status=row.status,
        on_call=row.on_call,
        busy_with=row.busy_with,
        hours=hours(row.hours),
        zone=row.zone,
        capacity=row.capacity,
        last_taken=instant_or_none(row.last_taken),
        last_no_answer=instant_or_none(row.last_no_answer),
        email=row.email,
        notify=_words(row.notify),
        pin=row.pin,
        days=_days(row.days),
        holidays=row.holidays,
        status_since=instant_or_none(row.status_since),
        status_by=row.status_by,
        status_until=instant_or_none(row.status_until),
        delegate_from=instant_or_none(row.delegate_from),
        delegate_until=instant_or_none(row.delegate_until),
    )


def _days(written: str) -> frozenset[int]:
    return frozenset(int(day) for day in written)


def hours(written: str) -> tuple[time, time] | None:
    """``"09:00-17:30"`` as two times; ``""`` is any time."""
    if not written:
        return None
    start, _, end = written.partition("-")
    return time.fromisoformat(start), time.fromisoformat(end)


@lru_cache(maxsize=1000)
def _shift(row: Any) -> Shift:
    return Shift(
        id=row.id,
        person=row.person,
        role=row.role,
        region=row.region,
        product=row.product,
        starts=time.fromisoformat(row.starts),
        ends=time.fromisoformat(row.ends),
        zone=row.zone,
        days=_days(row.days),
        first=_date(row.first),
        last=_date(row.last),
        holidays=row.holidays,
    )


def _date(written: str | None) -> date | None:
    return date.fromisoformat(written) if written else None


def _queue(row: Any) -> Queue:
    return Queue(row.id, row.manager, row.region, row.product, row.name)


def account_of(row: Any) -> Account:
    """A stored row as a customer."""
    return Account(
        id=row.id,
        name=row.name,
        contract_tier=row.contract_tier,
        contract_from=_date(row.contract_from),
        contract_to=_date(row.contract_to),
        zone=row.zone,
        customer_numbers=_words(row.customer_numbers),
    )


def _contact(row: Any) -> Contact:
    return Contact(row.name, _words(row.phones), row.email, row.language)


def _words(written: str | Iterable[str]) -> tuple[str, ...]:
    return tuple(written.split() if isinstance(written, str) else written)
