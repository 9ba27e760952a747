"""Whom to ring, in which order, and why: a pure function of the desk as it is at one instant.

Each person who could take the call is named once, with the reason why they are on the list and,
if they are skipped, the reason for that: an operator sees all of it and may decide otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import groupby

from ivr.line.desk.candidates import (
    REST_AFTER_NO_ANSWER,
    Asked,
    Candidate,
    Directory,
    Group,
    ranked,
)
from ivr.line.desk.cases import Case
from ivr.line.desk.levels import TARGETS
from ivr.line.desk.people import Person
from ivr.line.desk.rota import OnDuty, on_duty

DELEGATES = 3

_FIRST_LEVEL = frozenset({"manager", "second_level"})
_SECOND_LEVEL = frozenset({"second_level"})
_ENGINEERS = frozenset({"engineer"})


def managers(
    case: Case | None,
    target: str,
    now: datetime,
    directory: Directory,
    language: str = "en",
    *,
    emergency: bool = False,
    declined: frozenset[str] = frozenset(),
    unanswered: frozenset[str] = frozenset(),
    region: str = "",
    rest: timedelta = REST_AFTER_NO_ANSWER,
) -> tuple[Candidate, ...]:
    """Who may take an escalation to a level's ``target``, skipped ones in their places.

    "manager" is the engineer's own, "second_level" the one above; others follow after them.

    Without a ``case``, or where it names no region, the line's ``region`` counts. ``declined`` are
    the people who have said no on this call, ``unanswered`` those who have just been rung for it in
    vain. ``emergency`` rings who doesn't want to be disturbed or has enough to do. Who hasn't
    answered another call for ``rest`` comes last. Raises `ValueError` for another target.
    """
    line = _line(case, directory)
    holder = line[-1].person if line and line[-1].person.active else None
    where = _region(case, region)
    product = case.product if case else ""
    asked = Asked(now, directory, language, emergency, declined, rest, unanswered)
    asked = replace(asked, own_case=case.owner if case else None)
    match target:
        case "manager":
            groups = _first_level(case, line, holder, directory)
            duty = _duty("duty", where, product, now, directory)
        case "second_level":
            asked = replace(asked, first_level=holder.id if holder else None)
            groups = _second_level(holder, where, directory)
            duty = _duty("second_level_duty", where, product, now, directory)
        case _:
            raise ValueError(f"no level has the target '{target}': use {' or '.join(TARGETS)}")
    return ranked((*groups, *duty), asked)


def duty_manager(
    now: datetime,
    directory: Directory,
    region: str = "",
    language: str = "en",
    *,
    product: str = "",
    role: str = "duty",
    emergency: bool = False,
    declined: frozenset[str] = frozenset(),
    unanswered: frozenset[str] = frozenset(),
    rest: timedelta = REST_AFTER_NO_ANSWER,
) -> Candidate | None:
    """The first on duty who may be rung: the region's, another region's, the global one."""
    asked = Asked(now, directory, language, emergency, declined, rest, unanswered)
    duty = ranked(_duty(role, region, product, now, directory), asked)
    return next((candidate for candidate in duty if not candidate.skipped), None)


def operators(
    now: datetime,
    directory: Directory,
    language: str = "en",
    *,
    declined: frozenset[str] = frozenset(),
    unanswered: frozenset[str] = frozenset(),
    rest: timedelta = REST_AFTER_NO_ANSWER,
) -> tuple[Candidate, ...]:
    """Who may answer 0: who is available, then who speaks the language, then idle the longest."""
    asked = Asked(now, directory, language, False, declined, rest, unanswered, load_counts=False)
    desk = (person for person in directory.people.values() if "operator" in person.roles)
    return ranked([tuple(Candidate(person, "operator") for person in desk)], asked)


def again(
    person: Person,
    now: datetime,
    directory: Directory,
    language: str = "en",
    *,
    declined: frozenset[str] = frozenset(),
    unanswered: frozenset[str] = frozenset(),
    rest: timedelta = REST_AFTER_NO_ANSWER,
) -> tuple[Candidate, ...]:
    """Whoever the caller was with when they were cut off."""
    asked = Asked(now, directory, language, False, declined, rest, unanswered, load_counts=False)
    return ranked([(Candidate(person, "was_with"),)], asked)


def engineer(
    case: Case,
    now: datetime,
    directory: Directory,
    language: str = "en",
    *,
    emergency: bool = False,
    declined: frozenset[str] = frozenset(),
    unanswered: frozenset[str] = frozenset(),
    rest: timedelta = REST_AFTER_NO_ANSWER,
) -> tuple[Candidate, ...]:
    """The case's owner and their stand-ins; empty when the case has no owner."""
    owner = directory.people.get(case.owner or "")
    if owner is None:
        return ()
    asked = Asked(now, directory, language, emergency, declined, rest, unanswered)
    first = Candidate(owner, "owner", f"owns {case.number}")
    return ranked([(first,), *_delegates(owner, _ENGINEERS, directory)], asked)


def promise_owner(
    case: Case | None,
    now: datetime,
    directory: Directory,
    region: str = "",
    *,
    role: str = "duty",
    last_resort: str | None = None,
) -> str | None:
    """The id of the person who owes the caller a call. None only if there is no manager at all.

    In order: people on duty in this ``role``, as `on_duty` lists them; ``last_resort`` of the
    settings; the right manager of the case; any manager, by id. People who are out of office come
    last. A person who didn't answer a minute ago counts: the call is owed within the hour, not
    now.
    """
    people = directory.people
    where = _region(case, region)
    product = case.product if case else ""
    duties = on_duty(directory.shifts, now, role, where, product, directory.stints)
    named = [duty.person for duty in duties]
    named += [last_resort or "", *(post.person.id for post in _line(case, directory))]
    named += sorted(id for id, person in people.items() if person.roles & _FIRST_LEVEL)
    fit = [people[id] for id in named if id in people and people[id].active]
    present = [person for person in fit if person.status != "away"]
    return next((person.id for person in (*present, *fit)), None)


def _region(case: Case | None, region: str) -> str:
    return (case.region if case else "") or region


def _line(case: Case | None, directory: Directory) -> list[Candidate]:
    """The posts of the first level, upwards: vacant ones, and last the one that is held, if any."""
    if case is None:
        return []
    owner = directory.people.get(case.owner or "")
    posts: list[Candidate] = []
    if owner is not None:
        posts = _upwards(owner.manager, directory, _owners_post(owner), {owner.id})
    queue = directory.queues.get(case.queue or "")
    if queue is not None and not (posts and posts[-1].person.active):
        seen = {case.owner or "", *(post.person.id for post in posts)}
        why = ("queue_manager", f"manager of {queue.id}")
        posts += _upwards(queue.manager, directory, why, seen)
    return posts


def _owners_post(owner: Person) -> tuple[str, str]:
    if owner.roles & _FIRST_LEVEL:
        return "went_up", f"{owner.name} owns the case and is a manager"
    left = "" if owner.active else ", who has left"
    return "owners_manager", f"manager of {owner.name}{left}"


def _upwards(
    post: str | None, directory: Directory, why: tuple[str, str], seen: Iterable[str]
) -> list[Candidate]:
    """From ``post`` up to the first that is held; a circle ends where it would begin again."""
    posts: list[Candidate] = []
    seen = set(seen)
    while (person := directory.people.get(post or "")) and person.id not in seen:
        seen.add(person.id)
        posts.append(Candidate(person, *why))
        if person.active:
            break
        post, why = person.manager, ("went_up", f"the post of {person.name} is vacant")
    return posts


def _first_level(
    case: Case | None, line: Sequence[Candidate], holder: Person | None, directory: Directory
) -> Iterator[Group]:
    yield from ((post,) for post in line)
    if holder is not None:
        yield from _delegates(holder, _FIRST_LEVEL, directory)
    owner = directory.people.get(case.owner or "") if case else None
    team = (owner.team if owner else None) or (holder.team if holder else None)
    above = {post.person.id for post in line}
    yield tuple(
        Candidate(person, "deputy", f"manager in {team}")
        for person in directory.people.values()
        if team and person.team == team and "manager" in person.roles and person.id not in above
    )


def _second_level(holder: Person | None, region: str, directory: Directory) -> Iterator[Group]:
    boss = holder.manager if holder else None
    why = ("managers_manager", f"manager of {holder.name}" if holder else "")
    posts = _upwards(boss, directory, why, {holder.id} if holder else ())
    yield from ((post,) for post in posts)
    if posts and posts[-1].person.active:
        yield from _delegates(posts[-1].person, _SECOND_LEVEL, directory)
    others = [p for p in directory.people.values() if p.roles & _SECOND_LEVEL]
    yield tuple(_second(person) for person in others if region and person.region == region)
    yield tuple(_second(person) for person in others)


def _second(person: Person) -> Candidate:
    return Candidate(person, "second_level", " ".join(("second level", person.region)).strip())


def _delegates(person: Person, rights: frozenset[str], directory: Directory) -> Iterator[Group]:
    """Who stands in while ``person`` is out of office, and who for them in turn: at most three.

    Who has no right to take the call is named, skipped, and can't pass it on.
    """
    seen = {person.id}
    for _ in range(DELEGATES):
        delegate = directory.people.get(person.delegate or "")
        if person.status != "away" or delegate is None or delegate.id in seen:
            return
        skipped = "" if delegate.roles & rights else "no_rights"
        yield (Candidate(delegate, "delegate", f"stands in for {person.name}", skipped),)
        if skipped:
            return
        seen.add(delegate.id)
        person = delegate


def _duty(
    role: str, region: str, product: str, now: datetime, directory: Directory
) -> Iterator[Group]:
    duties = on_duty(directory.shifts, now, role, region, product, directory.stints)
    for _, tied in groupby(duties, key=lambda duty: duty.place):
        yield tuple(
            Candidate(directory.people[duty.person], duty.reason, _on_rota(duty, directory))
            for duty in tied
            if duty.person in directory.people
        )


def _on_rota(duty: OnDuty, directory: Directory) -> str:
    what = " ".join(("on duty:", duty.region or "global", duty.product)).rstrip()
    absent = directory.people.get(duty.instead_of)
    return f"{what}, for {absent.name}" if absent else what


__all__ = [
    "REST_AFTER_NO_ANSWER",
    "Candidate",
    "Directory",
    "duty_manager",
    "engineer",
    "managers",
    "operators",
    "promise_owner",
]
