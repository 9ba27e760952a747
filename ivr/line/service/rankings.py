"""Who may be rung for a call, in which order, and who owes the caller a call if nobody answers.

A ranking is an answer for the flow: `Heard` with the value ``found``, or ``not_found`` when nobody
in it may be rung. People are ids in it.

The version before read from a ranking how people are called and reached, too. As long as processes
of it may run (until migration 0026 has been carried out), that is written for them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from copy import copy
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from ivr.clock import Clock
from ivr.line.config import HuntRule, LineConfig
from ivr.line.desk import roster
from ivr.line.desk.candidates import Candidate, Directory
from ivr.line.desk.cases import Case
from ivr.line.desk.levels import DUTY_ROLES, Level
from ivr.line.flow.conversation import Heard, outcome
from ivr.line.records import Call
from ivr.line.store.store import Store
from ivr.line.values import CallValues, needed

IDS_ALONE = "0026"  # the migration after which nobody needs more of people in a ranking
LATER = ("", "busy", "no_answer_recently")  # who may be rung now, or is worth waiting for

Entry = dict[str, Any]


class Rankings:
    """The rankings of one desk. ``values`` are those of the call; ``case`` is its case, if it is
    known."""

    def __init__(self, store: Store, clock: Clock, config: LineConfig) -> None:
        self.store = store
        self.clock = clock
        self.config = config

    def level(self, values: CallValues) -> Level:
        """The level that was asked for; the first one if none was."""
        levels = {level.code: level for level in self.config.levels}
        return levels.get(values.wish, self.config.levels[0])

    def asked(self, values: CallValues) -> Level | None:
        """The level that was requested for the caller's case, if they ask for it and nobody of that
        level has met them yet."""
        levels = {level.code: level for level in self.config.levels}
        requested, number = values.requested, values.case.number(self.config.case_numbers)
        if requested is None or requested.met or requested.case != number:
            return None
        if values.asked_for not in levels:
            return None
        return levels.get(requested.level)

    # --- for a caller who waits ---

    def people(self, values: CallValues, level: Level | None) -> Heard:
        """Whom to ring for a caller who is to be found somebody: those who answer for ``level`` or
        the engineer, if that is asked for and their case is known and open; then the operators;
        then the people on duty, once nobody has taken the call for as long as the rule says, or if
        no operator is worth waiting for. In an emergency operators and people on duty at once.

        ``found`` also when they are busy, or rest a moment: they are worth waiting for.
        """
        now, case = self.clock.now(), _open_case(values)
        directory = self.store.people.directory(case, now)
        hunt = self._hunt(values)
        entries = [*self._wished(case, level, values, now, directory)]
        operators = [*self._operators(values, now, directory)]
        entries += operators
        if self._waited(values, now, self.config.hunts[hunt]) or not _anybody(operators):
            entries += self._on_duty(values, now, directory)
        entries = [*self._was_with(values, now, directory), *entries]
        first = {entry["person"]: entry for entry in reversed(entries)}
        ranking = [entry for entry in entries if entry is first[entry["person"]]]
        target = level.target if level else "manager"
        owner = self._owner(case, now, directory, values, target)
        value = "found" if _anybody(ranking) else "not_found"
        return outcome(value, ranking=ranking, owner=owner)

    def _hunt(self, values: CallValues) -> str:
        """The name of the rule by which people are looked for."""
        if _is_emergency(values):
            return "emergency"
        asked = values.asked_for
        levels = {level.code for level in self.config.levels}
        return "wish" if asked == "engineer" or asked in levels else "operator"

    def _waited(self, values: CallValues, now: datetime, rule: HuntRule) -> bool:
        """Whether the caller has waited for as long as operators alone are rung."""
        waited = now - (values.hunt.began or now)
        return waited >= timedelta(seconds=rule.duty)

    def _was_with(self, values: CallValues, now: datetime, directory: Directory) -> Iterator[Entry]:
        """Whoever the caller was with when they were cut off."""
        id = values.caller.was_with
        person = self.store.people.get(id) if id else None
        if person is None:
            return
        hunt = self._hunt(values)
        people = roster.again(person.at(now), now, directory, **self._conditions(values, hunt))
        rung_as = "operator" if "operator" in person.roles else "manager"
        yield from self._entries(people, "emergency" if hunt == "emergency" else rung_as)

    def _wished(
        self,
        case: Case | None,
        level: Level | None,
        values: CallValues,
        now: datetime,
        directory: Directory,
    ) -> Iterator[Entry]:
        """The people whom the caller wishes for; nobody without a case that is open."""
        if case is None or self._hunt(values) != "wish":
            return
        conditions = self._conditions(values, "wish")
        if values.asked_for == "engineer":
            people = roster.engineer(case, now, directory, **conditions)
            yield from self._entries(people, "engineer")
        elif level is not None:
            yield from self._entries(self._ranked(case, level, values, now, directory), "manager")

    def _operators(
        self, values: CallValues, now: datetime, directory: Directory
    ) -> Iterator[Entry]:
        hunt = self._hunt(values)
        people = roster.operators(now, directory, **self._spoken_at_the_desk(values, hunt))
        return self._entries(people, "emergency" if hunt == "emergency" else "operator")

    def _on_duty(self, values: CallValues, now: datetime, directory: Directory) -> Iterator[Entry]:
        hunt = self._hunt(values)
        people = roster.managers(
            None,
            "manager",
            now,
            directory,
            region=values.called.region,
            emergency=hunt == "emergency",
            **self._spoken_at_the_desk(values, hunt),
        )
        return self._entries(people, "emergency" if hunt == "emergency" else "duty")

    # --- for people of the desk ---

    def of_level(self, case: Case | None, level: Level, values: CallValues) -> Heard:
        """The people who answer for a level."""
        now = self.clock.now()
        directory = self.store.people.directory(case, now)
        people = self._ranked(case, level, values, now, directory)
        owner = self._owner(case, now, directory, values, level.target)
        return self._answer(people, "manager", owner)

    def candidates(self, case: Case | None, call: Call) -> tuple[Candidate, ...]:
        """The same people as a page shows them."""
        now = self.clock.now()
        values = copy(call.data.shared)
        values.language = call.language
        directory = self.store.people.directory(case, now)
        return self._ranked(case, self.level(values), values, now, directory)

    def taker(self, values: CallValues) -> Heard:
        """The person who has offered to take the caller, if they can be rung."""
        person = self.store.people.get(values.hunt.taker)
        if person is None or not person.active or not person.phone:
            return outcome("not_found", ranking=[])
        hunt = "emergency" if _is_emergency(values) else "operator"
        return self._answer([Candidate(person, "operator")], hunt, None)

    def for_callback(self, case: Case | None, values: CallValues) -> Heard:
        """Who may keep the promise of a callback: its owner, then everybody else who answers for
        the level. In an emergency whoever answers first: operators, and the people on duty."""
        if _is_emergency(values):
            answer = self.people(values, None)
            ranking = _duty_second(answer.data["ranking"])
            return outcome(answer.value, ranking=ranking, owner=needed(values.promise).owner)
        now = self.clock.now()
        directory = self.store.people.directory(case, now)
        others = roster.managers(
            case,
            self.level(values).target,
            now,
            directory,
            region=values.called.region,
            **self._conditions(values, "callback"),
        )
        answer = self._answer(others, "callback", needed(values.promise).owner)
        ranking, owner = answer.data["ranking"], answer.data["owner"]
        first = [entry for entry in ranking if entry["person"] == owner]
        rest = [entry for entry in ranking if entry not in first]
        return outcome(answer.value, ranking=first + rest, owner=owner)

    # --- what they have in common ---

    def _ranked(
        self,
        case: Case | None,
        level: Level,
        values: CallValues,
        now: datetime,
        directory: Directory,
    ) -> tuple[Candidate, ...]:
        return roster.managers(
            case,
            level.target,
            now,
            directory,
            region=values.called.region,
            emergency=_is_emergency(values),
            **self._conditions(values, "wish"),
        )

    def _conditions(self, values: CallValues, hunt: str) -> dict[str, Any]:
        """What every ranking takes into account besides the desk."""
        view, now = values.hunt, self.clock.now()
        rest = timedelta(seconds=self.config.hunts[hunt].rest)
        dropped = [p for p in view.missed if view.missed.count(p) >= self.config.limits.drops]
        resting = [person for person, at in view.unanswered.items() if now - at < rest]
        return {
            "language": values.language,
            "declined": frozenset((*view.refused, *dropped)),
            "unanswered": frozenset(resting),
            "rest": rest,
        }

    def _spoken_at_the_desk(self, values: CallValues, hunt: str) -> dict[str, Any]:
        """The same, in the language in which the desk works at this hour."""
        works_in = values.called.works_in.get(values.language, values.language)
        return self._conditions(values, hunt) | {"language": works_in}

    def _entries(self, people: Iterable[Candidate], hunt: str) -> Iterator[Entry]:
        """A ranking as plain data; ``hunt`` is as whom these people are rung."""
        for candidate in people:
            person = candidate.person
            entry: Entry = {
                "person": person.id,
                "hunt": hunt,
                "reason": candidate.reason,
                "skipped": candidate.skipped,
            }
            if self._in_full:
                languages = list(person.languages)
                entry |= {"name": person.name, "phone": person.phone, "languages": languages}
            yield entry

    @cached_property
    def _in_full(self) -> bool:
        return not self.store.schema.has(IDS_ALONE)

    def _answer(self, people: Iterable[Candidate], hunt: str, owner: str | None) -> Heard:
        """A ranking as an answer, with who owes the caller a call if nobody takes it."""
        ranking = list(self._entries(people, hunt))
        anybody = any(not entry["skipped"] for entry in ranking)
        return outcome("found" if anybody else "not_found", ranking=ranking, owner=owner)

    def _owner(
        self,
        case: Case | None,
        now: datetime,
        directory: Directory,
        values: CallValues,
        target: str = "manager",
    ) -> str | None:
        role, region = DUTY_ROLES[target], values.called.region
        resort = self.config.last_resort
        return roster.promise_owner(case, now, directory, region, role=role, last_resort=resort)


def _duty_second(ranking: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """An operator and the first who is on duty are rung together, and then the others."""
    free = [entry for entry in ranking if not entry["skipped"]]
    first = [entry for entry in free if entry["reason"] == "operator"][:1]
    first += [entry for entry in free if entry["reason"] != "operator"][:1]
    return first + [entry for entry in ranking if entry not in first]


def _is_emergency(values: CallValues) -> bool:
    return values.wish == "E-Down"


def _open_case(values: CallValues) -> Case | None:
    """The caller's case as the records gave it, if it is open; they aren't asked again."""
    found = values.case.found
    if found is None or found.status != "open":
        return None
    return Case(
        found.number,
        found.digits,
        severity=found.severity,
        product=found.product,
        region=found.region,
        owner=found.owner,
        queue=found.queue or None,
    )


def _anybody(entries: Iterable[Entry]) -> bool:
    """Whether there is anybody to be rung, now or in a moment."""
    return any(entry["skipped"] in LATER for entry in entries)


__all__ = ["Rankings"]
