"""Who may be rung for a call, in which order, and who owes the caller a call if nobody answers.

A ranking is an answer for the flow: `Heard` with the value ``found``, or ``not_found`` when nobody
in it may be rung.
"""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy
from datetime import datetime, timedelta
from typing import Any

from ivr.clock import Clock
from ivr.line.config import LineConfig
from ivr.line.desk import roster
from ivr.line.desk.candidates import Candidate, Directory
from ivr.line.desk.cases import Case
from ivr.line.desk.levels import DUTY_ROLES, Level
from ivr.line.flow.conversation import Heard, outcome
from ivr.line.records import Call
from ivr.line.store.store import Store
from ivr.line.values import CallValues, needed


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

    def of_level(self, case: Case | None, level: Level, values: CallValues, hunt: str) -> Heard:
        """The people who answer for a level. ``hunt`` names the rule in ``[hunts]``."""
        now = self.clock.now()
        directory = self.store.people.directory(case, now)
        people = self._ranked(case, level, values, hunt, now, directory)
        return _answer(people, self._owner(case, now, directory, values, level.target))

    def candidates(self, case: Case | None, call: Call) -> tuple[Candidate, ...]:
        """The same people as a page shows them."""
        now = self.clock.now()
        values = copy(call.data.shared)
        values.language = call.language
        directory = self.store.people.directory(case, now)
        return self._ranked(case, self.level(values), values, "manager", now, directory)

    def for_callback(self, case: Case | None, values: CallValues) -> Heard:
        """Who may keep the promise of a callback: its owner, then everybody else who answers for
        the level. In an emergency whoever answers first: operators, and the people on duty."""
        if _is_emergency(values):
            answer = self.operators(values)
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
        answer = _answer(others, needed(values.promise).owner)
        ranking, owner = answer.data["ranking"], answer.data["owner"]
        first = [entry for entry in ranking if entry["person"] == owner]
        rest = [entry for entry in ranking if entry not in first]
        return outcome(answer.value, ranking=first + rest, owner=owner)

    def operators(self, values: CallValues) -> Heard:
        """The operators; in an emergency the people on duty as well, after them. ``found`` also
        when all of them are busy: they are worth waiting for."""
        now = self.clock.now()
        directory = self.store.people.directory(None, now)
        emergency = _is_emergency(values)
        conditions = self._conditions(values, "emergency" if emergency else "operator")
        conditions["language"] = values.called.works_in.get(values.language, values.language)
        people = roster.operators(now, directory, **conditions)
        if emergency:
            on_duty = roster.managers(
                None,
                "manager",
                now,
                directory,
                region=values.called.region,
                emergency=True,
                **conditions,
            )
            operators = {each.person.id for each in people}
            people = (*people, *(each for each in on_duty if each.person.id not in operators))
        answer = _answer(people, self._owner(None, now, directory, values))
        if any(person.skipped == "busy" for person in people):
            return outcome("found", **answer.data)
        return answer

    def engineer(self, case: Case, values: CallValues) -> Heard:
        """The engineer who owns the case, or who stands in for them."""
        now = self.clock.now()
        directory = self.store.people.directory(case, now)
        people = roster.engineer(case, now, directory, **self._conditions(values, "engineer"))
        return _answer(people, self._owner(case, now, directory, values))

    def taker(self, values: CallValues) -> Heard:
        """The person who has offered to take the caller, if they can be rung."""
        person = self.store.people.get(values.hunt.taker)
        if person is None or not person.active or not person.phone:
            return outcome("not_found", ranking=[])
        return _answer([Candidate(person, "operator")], None)

    def _ranked(
        self,
        case: Case | None,
        level: Level,
        values: CallValues,
        hunt: str,
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
            **self._conditions(values, hunt),
        )

    def _conditions(self, values: CallValues, hunt: str) -> dict[str, Any]:
        """What every ranking takes into account besides the desk."""
        return {
            "language": values.language,
            "declined": frozenset(values.hunt.refused),
            "rest": timedelta(seconds=self.config.hunts[hunt].rest),
        }

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


def _answer(people: Iterable[Candidate], owner: str | None) -> Heard:
    """A ranking as plain data, and who owes the caller a call if nobody takes it."""
    ranking = [
        {
            "person": candidate.person.id,
            "name": candidate.person.name,
            "phone": candidate.person.phone,
            "languages": list(candidate.person.languages),
            "reason": candidate.reason,
            "detail": candidate.detail,
            "skipped": candidate.skipped,
        }
        for candidate in people
    ]
    anybody = any(not entry["skipped"] for entry in ranking)
    return outcome("found" if anybody else "not_found", ranking=ranking, owner=owner)


__all__ = ["Rankings"]
