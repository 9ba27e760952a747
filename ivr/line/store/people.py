"""The people of the desk, and its rota: as much of it as one call needs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, time
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    CompoundSelect,
    Select,
    bindparam,
    cast,
    func,
    literal,
    null,
    select,
    text,
    union_all,
    update,
)

from ivr.line.desk.candidates import Directory
from ivr.line.desk.cases import Case
from ivr.line.desk.people import Person, Queue, Shift, Stint
from ivr.line.store import tables
from ivr.line.store.asked import Asked
from ivr.line.store.connections import Connections
from ivr.line.store.instants import instant, instant_or_none, ticks, ticks_or_none
from ivr.line.store.remembered import VERSION

ROUNDS = 8  # steps from the first people to their managers and delegates

# Nobody is rung by two calls at once: a person is claimed by an attempt as long as no other attempt
# has them. Formatted with the driver's mark; the values are (attempt, person, attempt).
CLAIM = (
    "UPDATE people SET busy_with = {0} "
    "WHERE id = {0} AND active AND phone <> '' AND (busy_with IS NULL OR busy_with = {0})"
)


class PersonRepository:
    """The people of the desk, and who of them is claimed by which attempt."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._claim = CLAIM.format("%s" if connections.postgres else "?")

    def claim(self, person: str, attempt: str) -> bool:
        """Claim a person for an attempt; False when another attempt has them, or they can't be
        rung any more. A turn claims the people that it dials when it is saved, see
        `CallRepository.save`."""
        return self._connections.own.change(self._claim, (attempt, person, attempt)).number == 1

    def release(self, person: str, attempt: str, at: datetime | None = None, how: str = "") -> None:
        """Free a person, if this attempt has them; ``how`` it ended is ``taken`` or
        ``no_answer``."""
        ended = how if at is not None else ""
        values = {"who": person, "attempt": attempt, "at": ticks_or_none(at)}
        self._connections.asked.change(_RELEASE.get(ended, _RELEASE[""]), **values)

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
        """Set a person's status: available, busy_soon, away (``delegate`` stands in) or dnd.

        It was set ``by`` a person (an id) ``at`` an instant, and ends by itself at ``until``.
        """
        people = tables.people
        values: dict[str, Any] = {"status": status, "status_by": by}
        values |= {"status_since": ticks_or_none(at), "status_until": ticks_or_none(until)}
        if delegate:  # named now, so for as long as they are away
            values |= {"delegate": delegate, "delegate_from": None, "delegate_until": None}
        with self._connections.writing() as connection:
            connection.execute(update(people).where(people.c.id == person).values(values))

    def set_pin(self, person: str, hash: str) -> None:
        """Keep the hash of the PIN with which a person sets their status by telephone."""
        people = tables.people
        with self._connections.writing() as connection:
            connection.execute(update(people).where(people.c.id == person).values(pin=hash))

    def get(self, id: str) -> Person | None:
        """The person with this id."""
        return _read(self._connections.asked, _NAMED, ids=[id]).get(id)

    def all(self) -> list[Person]:
        """Everybody, by id."""
        statement = select(tables.people).order_by(tables.people.c.id)
        with self._connections.reading() as connection:
            return [_person(row) for row in connection.execute(statement)]

    def foremost(self, limit: int, team: str | None = None) -> list[Person]:
        """So many of those who are active: first this team, then who is claimed, operators, and
        managers."""
        people = tables.people.c
        ours = func.coalesce(people.team, "") != (team or "-")
        busy, operates = people.busy_with.is_(None), people.answers_zero.is_(False)
        order = (ours, busy, operates, people.roles.not_like("%manager%"), people.id)
        statement = select(tables.people).where(people.active).order_by(*order).limit(limit)
        with self._connections.reading() as connection:
            return [_person(row) for row in connection.execute(statement)]

    def count(self) -> int:
        """How many are active."""
        people = tables.people
        statement = select(func.count()).select_from(people).where(people.c.active)
        with self._connections.reading() as connection:
            return int(connection.execute(statement).scalar_one())

    def names(self) -> dict[str, str]:
        """Everybody's name, by id."""
        people = tables.people.c
        with self._connections.reading() as connection:
            return {row[0]: row[1] for row in connection.execute(select(people.id, people.name))}

    def busy(self) -> list[str]:
        """The attempts by which people are claimed."""
        return [row.busy_with for row in sorted(self._connections.asked.rows(_BUSY))]

    def at_phone(self, phone: str) -> Person | None:
        """The person with this telephone number; the first by id, if several people have it."""
        found = _read(self._connections.asked, _AT_PHONE, phone=phone)
        return next((found[id] for id in sorted(found)), None)

    def known_as(self, id: str, email: str) -> str | None:
        """The id of the person whom another system knows by this id, else by this email, in
        capitals or not; the first by id."""
        people = tables.people
        by_id = select(people.c.id).where(people.c.id == id)
        by_email = (func.lower(people.c.email) == email.lower()) & people.c.active
        first = select(people.c.id).where(by_email).order_by(people.c.id).limit(1)
        with self._connections.reading() as connection:
            if id and connection.scalar(by_id):
                return id
            return connection.scalar(first) if email else None

    def directory(self, case: Case | None, now: datetime) -> Directory:
        """The part of the desk that one call needs: the operators, everybody on a rota, and from
        the case's owner their managers, colleagues and delegates.

        Everybody as they are at ``now``; overrides and calendar entries that are over are left out.
        """
        owner, queue = (case.owner, case.queue) if case else (None, None)
        version, known = self._connections.remembered.latest()
        part: Part | None = known.get(("part", owner, queue))
        rows = self._as_they_are(part) if part is not None and part.since <= now else []
        if part is None or not rows or rows[0].version != version:
            part, rows = self._read(owner, queue, now)
        stints = tuple(each for each in part.stints if each.ends > now)
        present = {row.id: part.present(row).at(now) for row in rows}
        return Directory(present, part.shifts, part.queues, stints=stints)

    def _as_they_are(self, part: Part) -> list[Any]:
        """How these people are just now, with the directory's version."""
        return self._connections.asked.rows(_PRESENCE, ids=list(part.people))

    def _read(self, owner: str | None, queue: str | None, now: datetime) -> tuple[Part, list[Any]]:
        """A part of the directory, remembered until the directory changes, and how everybody in it
        is."""
        asked = self._connections.asked
        version = asked.rows(_VERSION)[0].version
        part = _part(asked, owner, queue, now)
        self._connections.remembered.under(version)["part", owner, queue] = part
        return part, self._as_they_are(part)


class Part(NamedTuple):
    """What one call needs of the directory: ``people`` by id, ``stints`` that end after ``since``.
    ``seen`` is how each of them was the last time."""

    people: dict[str, Person]
    shifts: tuple[Shift, ...]
    queues: dict[str, Queue]
    stints: tuple[Stint, ...]
    since: datetime
    seen: dict[str, tuple[Any, Person]]

    def present(self, row: Any) -> Person:
        """One of them as they are now."""
        before, person = self.seen.get(row.id, (None, None))
        if person is None or before != row:
            person = replace(self.people[row.id], **_just_now(row))
            self.seen[row.id] = row, person
        return person


def _part(asked: Asked, owner: str | None, queue: str | None, now: datetime) -> Part:
    shifts = [_shift(row) for row in asked.rows(_SHIFTS)]
    queues = {row.id: _queue(row) for row in asked.rows(_QUEUES, queue=queue)}
    stints = tuple(_stint(row) for row in asked.rows(_STINTS, now=ticks(now)))
    wanted = {shift.person for shift in shifts}
    wanted |= {id for stint in stints for id in (stint.person, stint.instead_of) if id}
    wanted |= {queue.manager for queue in queues.values() if queue.manager}
    if owner:
        wanted.add(owner)
    people = _read(asked, _OPERATORS) | _read(asked, _NAMED, ids=sorted(wanted))
    if owner in people and people[owner].team:
        people |= _read(asked, _TEAM, team=people[owner].team)
    for _ in range(ROUNDS):
        named = {each for person in people.values() for each in (person.manager, person.delegate)}
        more = named - people.keys() - {None}
        if not more:
            break
        people |= _read(asked, _NAMED, ids=sorted(more))
    if not any({"manager", "second_level"} & person.roles for person in people.values()):
        people |= _read(asked, _MANAGERS)
    return Part(people, tuple(shifts), queues, stints, now, {})


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


# Built once, as `Asked` wants them.
_PEOPLE = select(tables.people)
_OPERATORS = _PEOPLE.where(text("answers_zero"))  # as the index has it: SQLite sees no "= 1"
_NAMED = _PEOPLE.where(tables.people.c.id.in_(bindparam("ids", expanding=True)))
_TEAM = _PEOPLE.where(tables.people.c.team == bindparam("team"))
_MANAGERS = _PEOPLE.where(tables.people.c.roles.contains("manager"))
_AT_PHONE = _PEOPLE.where((tables.people.c.phone == bindparam("phone")) & tables.people.c.active)
_JUST_NOW = (
    "status", "status_since", "status_by", "status_until", "busy_with", "last_taken",
    "last_no_answer",
)  # fmt: skip
_PRESENCE = select(tables.people.c.id, *(tables.people.c[each] for each in _JUST_NOW), VERSION)
_PRESENCE = _PRESENCE.where(tables.people.c.id.in_(bindparam("ids", expanding=True)))
_VERSION = select(VERSION)
# In no order, which would have SQLite go through everybody by the key.
_BUSY = select(tables.people.c.id, tables.people.c.busy_with).where(text("busy_with IS NOT NULL"))
_SHIFTS = select(tables.shifts)
_QUEUES = select(tables.queues).where(tables.queues.c.id == bindparam("queue"))
_STINTS = _stints()


def _read(asked: Asked, statement: Select[Any], **values: Any) -> dict[str, Person]:
    return {row.id: _person(row) for row in asked.rows(statement, **values)}


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
        on_call=row.on_call,
        hours=hours(row.hours),
        zone=row.zone,
        capacity=row.capacity,
        email=row.email,
        notify=_words(row.notify),
        pin=row.pin,
        days=_days(row.days),
        holidays=row.holidays,
        delegate_from=instant_or_none(row.delegate_from),
        delegate_until=instant_or_none(row.delegate_until),
        **_just_now(row),
    )


def _just_now(row: Any) -> dict[str, Any]:
    """What changes from call to call, and is no part of the directory: `_JUST_NOW`."""
    return {
        "status": row.status,
        "status_since": instant_or_none(row.status_since),
        "status_by": row.status_by,
        "status_until": instant_or_none(row.status_until),
        "busy_with": row.busy_with,
        "last_taken": instant_or_none(row.last_taken),
        "last_no_answer": instant_or_none(row.last_no_answer),
    }


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


def _words(written: str | Iterable[str]) -> tuple[str, ...]:
    return tuple(written.split() if isinstance(written, str) else written)


_CLAIMS = tables.people.c.busy_with == bindparam("attempt")
_FREED = update(tables.people).where(tables.people.c.id == bindparam("who"), _CLAIMS)
_FREED = _FREED.values(busy_with=None)
_RELEASE = {  # by how it ended
    "": _FREED,
    "taken": _FREED.values(last_taken=bindparam("at")),
    "no_answer": _FREED.values(last_no_answer=bindparam("at")),
}
