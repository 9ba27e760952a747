"""What a flow may ask the desk's records in the middle of a call, answered within a webhook's
budget.

An answer is `Heard`: ``found``, ``not_found`` or ``too_slow``. Nothing raises: records that are
down are slow records, and the caller goes on to a person either way.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol

from ivr.clock import Clock
from ivr.desk import roster
from ivr.desk.candidates import Candidate, Directory
from ivr.desk.cases import Case
from ivr.line import HuntRule
from ivr.steps import Heard, outcome

log = logging.getLogger(__name__)

BUDGET = 3.0  # seconds for one look-up; a webhook has 15 in all


class Records(Protocol):
    """Where cases come from: the built-in tables, or a case system behind an adapter."""

    def case(self, digits: str, budget: float) -> Case | None:
        """The case of these digits, or None. Raises `TimeoutError` or `OSError` when it can't
        say."""
        ...


class Desk(Protocol):
    """Who works here, as far as it concerns a case."""

    def directory(self, case: Case | None, now: datetime) -> Directory: ...


class LookUps:
    """Answers by name: ``case``, ``managers``, ``operators``, ``duty``, ``engineer``."""

    def __init__(
        self, records: Records, desk: Desk, clock: Clock, hunts: Mapping[str, HuntRule]
    ) -> None:
        self.records, self.desk, self.clock, self.hunts = records, desk, clock, hunts
        self._asked: dict[str, Callable[[dict[str, Any]], Heard]] = {
            "case": self._case,
            "managers": self._managers,
            "operators": self._operators,
            "duty": self._duty,
            "engineer": self._engineer,
        }

    def answer(self, asks: str, shared: dict[str, Any]) -> Heard:
        """Answer for a call; ``shared`` are the call's values."""
        try:
            return self._asked[asks](shared)
        except (TimeoutError, OSError) as error:
            log.warning("look-up of %s: %s: %s", asks, type(error).__name__, error)
            return outcome("too_slow")

    def _case(self, shared: dict[str, Any]) -> Heard:
        case = self.records.case(shared["keyed"], BUDGET)
        if case is None:
            return outcome("not_found")
        return outcome(
            "found",
            number=case.number,
            digits=case.digits,
            status=case.status,
            severity=case.severity,
            subject=case.subject,
            owner=case.owner,
            account=case.account.name if case.account else "",
        )

    def _managers(self, shared: dict[str, Any]) -> Heard:
        return self._first_level(self._known(shared), shared, "manager")

    def _duty(self, shared: dict[str, Any]) -> Heard:
        return self._first_level(None, shared, "duty")

    def _first_level(self, case: Case | None, shared: dict[str, Any], hunt: str) -> Heard:
        now = self.clock.now()
        directory = self.desk.directory(case, now)
        asked = self._asked_for(shared, hunt)
        people = roster.managers(case, "M1", now, directory, region=shared["region"], **asked)
        return _answer(people, self._owner(case, now, directory, shared))

    def _operators(self, shared: dict[str, Any]) -> Heard:
        now = self.clock.now()
        directory = self.desk.directory(None, now)
        people = roster.operators(now, directory, **self._asked_for(shared, "operator"))
        heard = _answer(people, self._owner(None, now, directory, shared))
        if any(person.skipped == "busy" for person in people):
            return outcome("found", **heard.data)  # worth waiting for
        return heard

    def _engineer(self, shared: dict[str, Any]) -> Heard:
        case, now = self._known(shared), self.clock.now()
        if case is None:
            return outcome("not_found")
        directory = self.desk.directory(case, now)
        people = roster.engineer(case, now, directory, **self._asked_for(shared, "engineer"))
        return _answer(people, self._owner(case, now, directory, shared))

    def _asked_for(self, shared: dict[str, Any], hunt: str) -> dict[str, Any]:
        """What every ranking looks at beside the desk."""
        return {
            "language": shared["language"],
            "declined": frozenset(shared.get("refused", ())),
            "rest": timedelta(seconds=self.hunts[hunt].rest),
        }

    def _owner(
        self, case: Case | None, now: datetime, directory: Directory, shared: dict[str, Any]
    ) -> str | None:
        return roster.promise_owner(case, now, directory, shared["region"])

    def _known(self, shared: dict[str, Any]) -> Case | None:
        keyed = shared.get("keyed")
        return self.records.case(keyed, BUDGET) if keyed else None


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
