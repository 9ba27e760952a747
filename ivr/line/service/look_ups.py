"""What a flow may ask the desk's records in the middle of a call, answered within a webhook's
budget.

An answer is `Heard`: ``found``, ``not_found`` or ``too_slow``. Nothing raises: records that are
down are slow records, and the caller goes on to a person either way.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from copy import copy
from datetime import datetime, timedelta
from typing import Any

from ivr.clock import Clock
from ivr.line.config import LineConfig
from ivr.line.desk import limits, pins, roster
from ivr.line.desk.candidates import Candidate, Directory
from ivr.line.desk.cases import Case
from ivr.line.desk.emergency import judge
from ivr.line.desk.levels import Level, ruling
from ivr.line.flow.conversation import Heard, outcome
from ivr.line.outside.case_systems.system import CaseSystem
from ivr.line.records import Call, Duty
from ivr.line.store.store import Store
from ivr.line.values import CallValues, Emergency, resume_words, there

log = logging.getLogger(__name__)

DUTIES = {"manager": "duty", "second_level": "second_level_duty"}
BUDGET = 3.0  # seconds for one look-up; a webhook has 15 in all


class LookUps:
    """Answers by name: ``case``, ``desk_case``, ``pin``, ``managers``, ``next_level``,
    ``operators``, ``duty``, ``engineer``, ``emergency``, ``taker``."""

    def __init__(
        self, case_system: CaseSystem, store: Store, clock: Clock, config: LineConfig
    ) -> None:
        self.case_system = case_system
        self.store = store
        self.clock = clock
        self.config = config
        self._asked: dict[str, Callable[[CallValues], Heard]] = {
            "case": self._case,
            "desk_case": self._desk_case,
            "pin": self._pin,
            "arrival": self._arrival,
            "staff_pin": self._staff_pin,
            "owner": self._owed_by,
            "managers": self._managers,
            "next_level": self._next_level,
            "operators": self._operators,
            "duty": self._duty,
            "engineer": self._engineer,
            "emergency": self._emergency,
            "taker": self._taker,
        }

    def answer(self, asks: str, shared: CallValues) -> Heard:
        """Answer for a call; ``shared`` are the call's values."""
        try:
            return self._asked[asks](shared)
        except (TimeoutError, OSError) as error:
            log.warning("look-up of %s: %s: %s", asks, type(error).__name__, error)
            return outcome("too_slow")

    def _case(self, shared: CallValues) -> Heard:
        """A caller's number. Over the limits nothing is looked up any more, and all sounds the
        same."""
        bucket = limits.bucket("unknown", shared.caller.number)
        now, most = self.clock.now(), self.config.limits
        tried = len({*shared.case.numbers, shared.case.keyed})
        if (
            tried > most.numbers
            or self.store.tallies.count(bucket, now - limits.HOUR) >= most.failed
        ):
            return outcome("not_found", suspicious=True)
        heard = self._desk_case(shared)
        if heard.value == "not_found":
            self._count_unknown(bucket, now)
        return heard

    def _count_unknown(self, bucket: str, now: datetime) -> None:
        """One more unknown number; very many of them are worth an alarm, once an hour."""
        self.store.tallies.add(bucket, now)
        self.store.tallies.add("unknown", now)
        count = self.store.tallies.count("unknown", now - limits.HOUR)
        if count >= self.config.limits.alarm:
            why = f"{count} within an hour"
            key = f"suspicious:{now:%Y-%m-%dT%H}"
            told = {"what": "suspicious", "list": "", "why": why}
            self.store.duties.add([Duty(key, "", "notify", now, told, self.config.last_resort)])

    def _pin(self, shared: CallValues) -> Heard:
        """Whether the PIN that was keyed just now is the case's. It takes as long for an unknown
        case, and sounds the same."""
        case, now, most = self._known(shared), self.clock.now(), self.config.limits
        account = case.account.id if case and case.account else ""
        caller = limits.bucket("pin", shared.caller.number)
        subject = limits.bucket("account", account or shared.case.keyed)
        right = pins.fits(shared.case.secret, self.store.cases.pin(shared.case.keyed, account))
        over = (
            self.store.tallies.count(caller, now - limits.DAY) >= most.pin_day
            or self.store.tallies.count(subject, now - limits.MONTH) >= most.pin_month
        )
        right = right or shared.case.verified == "V2"
        if case is None or over or not right:
            self.store.tallies.add(caller, now)
            self.store.tallies.add(subject, now)
            return outcome("not_found", over=over)
        self.store.tallies.clear(subject)
        file = self.store.case_files.load(case.number)
        level = file.data.get("level", "") if file else ""
        return outcome("found", status=case.status, severity=case.severity, level=level)

    def _desk_case(self, shared: CallValues) -> Heard:
        case = self.case_system.case(shared.case.keyed, BUDGET)
        if case is None:
            return outcome("not_found")
        phones = {phone for contact in case.contacts for phone in contact.phones}
        return outcome(
            "found",
            number=case.number,
            digits=case.digits,
            status=case.status,
            severity=case.severity,
            subject=case.subject,
            owner=case.owner,
            account=case.account.name if case.account else "",
            on_file=shared.caller.number in phones,
            stale=case.stale,
        )

    def _arrival(self, shared: CallValues) -> Heard:
        """Who calls: somebody who works here, or somebody who was cut off a few minutes ago."""
        number, now = shared.caller.number, self.clock.now()
        if not number:
            return outcome("not_found")
        person = self.store.people.at_phone(number)
        if person is not None:
            return outcome("found", staff=person.id, pin=bool(person.pin))
        since = now - timedelta(minutes=self.config.resume_minutes)
        owed = now - timedelta(days=1)
        calls = self.store.calls.recent(number, owed)
        owes = [self._owes(call) for call in calls if _still_owed(call)]
        for call in calls[:1]:
            cut = call.data.shared.caller.left_at
            if call.ended_at and call.ended_at >= since and cut:
                return outcome("found", resume=resume_words(call.data, call.language), owes=owes)
        return outcome("found", owes=owes) if owes else outcome("not_found")

    def _owes(self, call: Call) -> dict[str, str]:
        """What was promised in this call, as `ivr.line.turns.call.promises` asks for it."""
        shared = call.data.shared
        case = shared.case.number(self.config.case_numbers)
        return {"call": call.sid, "case": case, "level": shared.wish}

    def _staff_pin(self, shared: CallValues) -> Heard:
        person = self.store.people.get(shared.caller.staff)
        bucket, now = limits.bucket("staff", shared.caller.staff), self.clock.now()
        tried = self.store.tallies.count(bucket, now - limits.DAY)
        right = person is not None and pins.fits(shared.case.secret, person.pin)
        if right and tried < self.config.limits.pin_day:
            return outcome("found")
        self.store.tallies.add(bucket, now)
        return outcome("not_found", over=tried + 1 >= self.config.limits.pin_day)

    def _owed_by(self, shared: CallValues) -> Heard:
        """Whoever owes the caller a call, then everybody else who could keep the promise."""
        now, case = self.clock.now(), self._known_or_none(shared)
        level = self._level(shared)
        directory = self.store.people.directory(case, now)
        asked = self._asked_for(shared, "callback")
        others = roster.managers(
            case, level.target, now, directory, region=shared.called.region, **asked
        )
        heard = _answer(others, there(shared.promise).owner)
        first = [e for e in heard.data["ranking"] if e["person"] == heard.data["owner"]]
        rest = [e for e in heard.data["ranking"] if e not in first]
        return outcome(heard.value, ranking=first + rest, owner=heard.data["owner"])

    def _known_or_none(self, shared: CallValues) -> Case | None:
        try:
            return self._known(shared)
        except (TimeoutError, OSError):
            return None

    def _managers(self, shared: CallValues) -> Heard:
        """Whoever answers for the level that was asked for, the first one if none was."""
        return self._of_level(self._known(shared), self._level(shared), shared, "manager")

    def _next_level(self, shared: CallValues) -> Heard:
        """The level whose turn it is on this case; ``not_found`` when that needs staff's word."""
        case = self._known(shared)
        file = self.store.case_files.load(case.number) if case else None
        stands = file.data.get("levels", {}) if file else {}
        wanted = _after(self.config.levels, stands)
        asked = ruling(
            wanted,
            stands,
            self.clock.now(),
            channel="phone",
            join=timedelta(minutes=self.config.join_minutes),
        )
        if asked.ruling == "proposed":
            return outcome("not_found", level=wanted.code)
        level = next(level for level in self.config.levels if level.code == asked.level)
        heard = self._of_level(case, level, shared, "manager")
        return outcome("found", **heard.data, level=level.code)

    def _duty(self, shared: CallValues) -> Heard:
        return self._of_level(None, self.config.levels[0], shared, "duty")

    def candidates(self, case: Case | None, call: Call) -> tuple[Candidate, ...]:
        """Whoever answers for the level that was asked for, as a page shows them; ``managers``
        ranks the same people."""
        now = self.clock.now()
        shared = copy(call.data.shared)
        shared.language = call.language
        level, directory = self._level(shared), self.store.people.directory(case, now)
        return self._ranked(case, level, shared, "manager", now, directory)

    def _level(self, shared: CallValues) -> Level:
        levels = {level.code: level for level in self.config.levels}
        return levels.get(shared.wish, self.config.levels[0])

    def _of_level(self, case: Case | None, level: Level, shared: CallValues, hunt: str) -> Heard:
        now = self.clock.now()
        directory = self.store.people.directory(case, now)
        people = self._ranked(case, level, shared, hunt, now, directory)
        return _answer(people, self._owner(case, now, directory, shared, level.target))

    def _ranked(
        self,
        case: Case | None,
        level: Level,
        shared: CallValues,
        hunt: str,
        now: datetime,
        directory: Directory,
    ) -> tuple[Candidate, ...]:
        return roster.managers(
            case,
            level.target,
            now,
            directory,
            region=shared.called.region,
            emergency=_is_emergency(shared),
            **self._asked_for(shared, hunt),
        )

    def _taker(self, shared: CallValues) -> Heard:
        """Whoever comes forward to take the caller, as somebody who can be rung."""
        person = self.store.people.get(shared.hunt.taker)
        if person is None or not person.active or not person.phone:
            return outcome("not_found", ranking=[])
        return _answer([Candidate(person, "operator")], None)

    def _operators(self, shared: CallValues) -> Heard:
        """Operators; in an emergency whoever is on duty as well, after them."""
        now = self.clock.now()
        directory = self.store.people.directory(None, now)
        hunt = "emergency" if _is_emergency(shared) else "operator"
        asked = self._asked_for(shared, hunt)
        asked["language"] = shared.called.works_in.get(shared.language, shared.language)
        people = roster.operators(now, directory, **asked)
        if _is_emergency(shared):
            region = shared.called.region
            duty = roster.managers(
                None, "manager", now, directory, region=region, emergency=True, **asked
            )
            seen = {each.person.id for each in people}
            people = (*people, *(each for each in duty if each.person.id not in seen))
        heard = _answer(people, self._owner(None, now, directory, shared))
        if any(person.skipped == "busy" for person in people):
            return outcome("found", **heard.data)  # worth waiting for
        return heard

    def _engineer(self, shared: CallValues) -> Heard:
        case, now = self._known(shared), self.clock.now()
        if case is None:
            return outcome("not_found")
        directory = self.store.people.directory(case, now)
        people = roster.engineer(case, now, directory, **self._asked_for(shared, "engineer"))
        return _answer(people, self._owner(case, now, directory, shared))

    def _emergency(self, shared: CallValues) -> Heard:
        """How the conditions of Enterprise Down stand; ``not_found`` without a case."""
        case = self._known(shared)
        if case is None:
            return outcome("not_found")
        file = self.store.case_files.load(case.number)
        known = (file.data.get("emergency") if file else None) or {}
        given = shared.emergency or Emergency()
        answers = known.get("answers", {}) | given.answers
        contact = known.get("contact", {}) | given.contact
        verdict = judge(case, self.clock.now(), answers, contact, self.config.emergency)
        return outcome(
            "found",
            result=verdict.result,
            failed=list(verdict.failed),
            stands=known.get("state") == "set",
        )

    def _asked_for(self, shared: CallValues, hunt: str) -> dict[str, Any]:
        """What every ranking looks at beside the desk."""
        return {
            "language": shared.language,
            "declined": frozenset(shared.hunt.refused),
            "rest": timedelta(seconds=self.config.hunts[hunt].rest),
        }

    def _owner(
        self,
        case: Case | None,
        now: datetime,
        directory: Directory,
        shared: CallValues,
        target: str = "manager",
    ) -> str | None:
        role, region = DUTIES[target], shared.called.region
        resort = self.config.last_resort
        return roster.promise_owner(case, now, directory, region, role=role, last_resort=resort)

    def _known(self, shared: CallValues) -> Case | None:
        keyed = shared.case.keyed
        return self.case_system.case(keyed, BUDGET) if keyed else None


def _still_owed(call: Call) -> bool:
    promise = call.data.shared.promise
    return promise is not None and promise.state == "owed"


def _is_emergency(shared: CallValues) -> bool:
    return shared.wish == "E-Down"


def _after(levels: tuple[Level, ...], stands: Mapping[str, Any]) -> Level:
    """The level above the highest that stands; the last one has none above."""
    open_ = [at for at, level in enumerate(levels) if _stands(stands.get(level.code))]
    return levels[min((open_[-1] if open_ else 0) + 1, len(levels) - 1)]


def _stands(level: Mapping[str, Any] | None) -> bool:
    return level is not None and level["state"] != "over"


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
