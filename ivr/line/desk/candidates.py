"""Candidates: a name, why it is on the list, and whether it may be rung just now."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property

from ivr.line.desk.people import Person, Queue, Shift, Stint
from ivr.line.desk.rota import OnDuty, all_on_duty, working_day

STALE = timedelta(hours=24)
REST_AFTER_NO_ANSWER = timedelta(minutes=1)

_AVAILABILITY = {"available": 0, "busy_soon": 1}
_TRUST = ("override", "rota", "calendar")
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Directory:
    """The desk at one instant, or the part of it that one case needs.

    ``people`` and ``queues`` are by id. ``as_of`` is when it was last brought up to date.
    ``stints`` are overrides and calendar entries.
    """

    people: Mapping[str, Person] = field(default_factory=dict)
    shifts: tuple[Shift, ...] = ()
    queues: Mapping[str, Queue] = field(default_factory=dict)
    as_of: datetime | None = None
    stints: tuple[Stint, ...] = ()

    def stale(self, now: datetime) -> bool:
        """Whether it is more than 24 hours old; readers should be told if so."""
        return self.as_of is not None and now - self.as_of > STALE


@dataclass(frozen=True, slots=True)
class Candidate:
    """One name on the list.

    ``reason`` is why they are on it: "owners_manager", "queue_manager", "went_up" (the post below
    is vacant, or its holder owns the case), "managers_manager", "second_level", "delegate",
    "deputy", "duty", "follow_the_sun", "global_duty", "operator", "owner", "was_with" (the caller,
    before they were cut off); ``also`` holds further
    ones; ``detail`` says it in words. ``skipped`` is "" if they may be rung, else "own_case",
    "inactive", "no_rights" (a delegate who isn't a manager), "first_level" (of this case, when the
    second is asked for), "no_number", "declined", "out_of_office", "off_shift", "dnd",
    "at_capacity", "busy" or "no_answer_recently" (rung for this very call, a moment ago).
    ``source`` is how their availability is known,
    the most trusted there is: "status" (set by hand), "override", "rota", "calendar", "hours", or
    "" for nothing; ``age`` is how long ago that was said or began, None for hours.
    """

    person: Person
    reason: str
    detail: str = ""
    skipped: str = ""
    also: tuple[str, ...] = ()
    source: str = ""
    age: timedelta | None = None


# The list is made of groups: those before others are rung first, those in one are tied.
Group = tuple[Candidate, ...]


@dataclass(frozen=True)
class Asked:
    """What the rules for skipping look at, beside the person.

    ``unanswered`` are the people who were rung for this call a moment ago and didn't answer. Who
    hasn't answered another one within ``rest`` isn't skipped, but comes after the others.
    """

    now: datetime
    directory: Directory
    language: str
    emergency: bool
    declined: frozenset[str]
    rest: timedelta
    unanswered: frozenset[str] = frozenset()
    own_case: str | None = None
    first_level: str | None = None
    load_counts: bool = True

    @cached_property
    def on_duty(self) -> Mapping[str, OnDuty]:
        """The most trusted duty of each person on duty, by person."""
        every = all_on_duty(self.directory.shifts, self.now, self.directory.stints)
        trusted = sorted(every, key=lambda duty: (_TRUST.index(duty.source), duty.since, duty.id))
        return {duty.person: duty for duty in reversed(trusted)}

    def source(self, person: Person) -> tuple[str, timedelta | None]:
        """How the person's availability is known, and how old that is."""
        if person.status_since is not None:
            return "status", self.now - person.status_since
        duty = self.on_duty.get(person.id)
        if duty is not None:
            return duty.source, self.now - (duty.as_of or duty.since)
        return ("hours" if person.hours is not None else ""), None


def ranked(groups: Iterable[Group], asked: Asked) -> tuple[Candidate, ...]:
    """Each person once, with the reason for a skip; available people come before those soon busy,
    and who is likely to answer before who has just not answered somebody.

    A skipped person keeps their place in the list, so that readers see who would have been rung.
    """

    def availability(candidate: Candidate) -> tuple[int, bool]:
        if candidate.skipped:
            return 0, False
        person = candidate.person
        return _AVAILABILITY.get(person.status, 2), _resting(person, asked)

    def tie(candidate: Candidate) -> tuple[bool, int, datetime, str]:
        person = candidate.person
        load = person.active_escalations if asked.load_counts else 0
        speaks = person.speaks(asked.language)
        return not speaks, load, person.last_taken or _NEVER, person.id

    named: dict[str, Candidate] = {}
    for group in groups:
        for candidate in sorted(group, key=tie):
            _name(named, candidate)
    judged = (_judged(candidate, asked) for candidate in named.values())
    return tuple(sorted(judged, key=availability))


def _judged(candidate: Candidate, asked: Asked) -> Candidate:
    source, age = asked.source(candidate.person)
    skipped = candidate.skipped or _why_not(candidate.person, asked)
    return replace(candidate, skipped=skipped, source=source, age=age)


def _name(named: dict[str, Candidate], candidate: Candidate) -> None:
    """Add a candidate; a second reason for the same person goes beside the first."""
    id = candidate.person.id
    first = named.get(id)
    if first is not None and first.skipped and not candidate.skipped:
        del named[id]  # no rights as a delegate, but rights of their own
        candidate = replace(candidate, also=(*first.also, first.reason))
    elif first is not None:
        reasons = (first.reason, *first.also)
        new = () if candidate.reason in reasons else (candidate.reason,)
        candidate = replace(first, also=(*first.also, *new))
    named[id] = candidate


def _off_shift(person: Person, asked: Asked) -> bool:
    """A rota outranks working hours: who is on duty is on shift."""
    if person.hours is None or person.on_call or person.id in asked.on_duty:
        return False
    return working_day(person, asked.now) is None


def _too_much(person: Person, asked: Asked) -> bool:
    full = person.active_escalations >= person.capacity
    return full and asked.load_counts and not asked.emergency


def _resting(person: Person, asked: Asked) -> bool:
    last = person.last_no_answer
    return last is not None and asked.now - last < asked.rest


_WHY_NOT: tuple[tuple[str, Callable[[Person, Asked], bool]], ...] = (
    ("own_case", lambda person, asked: person.id == asked.own_case),
    ("inactive", lambda person, asked: not person.active),
    ("first_level", lambda person, asked: person.id == asked.first_level),
    ("no_number", lambda person, asked: not person.phone),
    ("declined", lambda person, asked: person.id in asked.declined),
    ("out_of_office", lambda person, asked: person.status == "away"),
    ("off_shift", _off_shift),
    ("dnd", lambda person, asked: person.status == "dnd" and not asked.emergency),
    ("at_capacity", _too_much),
    ("busy", lambda person, asked: person.busy_with is not None),
    ("no_answer_recently", lambda person, asked: person.id in asked.unanswered),
)


def _why_not(person: Person, asked: Asked) -> str:
    return next((code for code, applies in _WHY_NOT if applies(person, asked)), "")


__all__ = ["REST_AFTER_NO_ANSWER", "Asked", "Candidate", "Directory", "Group", "ranked"]
