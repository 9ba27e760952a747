"""What a flow may look up in the middle of a call, answered within a webhook's budget.

An answer is `Heard`: ``found``, ``not_found`` or ``too_slow``. Nothing raises: a case system that
is down is a slow one, and the caller reaches a person either way.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from ivr.clock import Clock
from ivr.line.config import LineConfig
from ivr.line.desk import limits, pins
from ivr.line.desk.cases import Case
from ivr.line.desk.emergency import judge, missing
from ivr.line.desk.levels import Level, ruling
from ivr.line.desk.promises import spoken_time
from ivr.line.desk.rota import working_day
from ivr.line.flow.conversation import Heard, outcome
from ivr.line.outside.case_systems.system import CaseSystem
from ivr.line.records import Call, Duty
from ivr.line.service.rankings import Rankings
from ivr.line.store.store import Store
from ivr.line.store.tallies import Bound
from ivr.line.values import CallValues, Emergency, FoundCase, UnansweredCase, needed, resume_words

log = logging.getLogger(__name__)

BUDGET = 3.0  # seconds for one lookup; a webhook has 15 in all


class LookUps:
    """Answers the lookups that steps of a flow name. Whom to ring, `Rankings` answers."""

    def __init__(
        self,
        case_system: CaseSystem,
        store: Store,
        rankings: Rankings,
        clock: Clock,
        config: LineConfig,
    ) -> None:
        self.case_system = case_system
        self.store = store
        self.rankings = rankings
        self.clock = clock
        self.config = config
        self._answers: dict[str, Callable[[CallValues], Heard]] = {
            "case": self._case,
            "desk_case": self._desk_case,
            "pin": self._pin,
            "arrival": self._arrival,
            "callable": self._callable,
            "staff_pin": self._staff_pin,
            "emergency": self._emergency,
            "next_level": self._next_level,
            "managers": self._managers,
            "people": self._people,
            "owner": self._for_callback,
            "taker": rankings.taker,
        }

    def answer(self, name: str, values: CallValues) -> Heard:
        """Answer a lookup for the call with these values."""
        try:
            return self._answers[name](values)
        except (TimeoutError, OSError) as error:
            log.warning(
                "lookup of %s: %s: %s", name, type(error).__name__, error,
                extra={"event": "lookup.failed", "call": values.sid},
            )  # fmt: skip
            return outcome("too_slow")

    # --- cases ---

    def _case(self, values: CallValues) -> Heard:
        """The case whose number a caller has keyed. Over the limits nothing is looked up any more,
        and the caller hears no difference."""
        bucket = limits.bucket("unknown", values.caller.number)
        now, most = self.clock.now(), self.config.limits
        tried = len({*values.case.numbers, values.case.keyed})
        failed = self.store.tallies.count(bucket, now - limits.HOUR)
        if tried > most.numbers or failed >= most.failed:
            return outcome("not_found", suspicious=True)
        answer = self._desk_case(values)
        if answer.value == "not_found":
            self._count_unknown(bucket, now)
        return answer

    def _count_unknown(self, bucket: str, now: datetime) -> None:
        """Count one more unknown number; very many of them raise an alarm, once an hour."""
        self.store.tallies.add(bucket, now)
        self.store.tallies.add("unknown", now)
        count = self.store.tallies.count("unknown", now - limits.HOUR)
        if count >= self.config.limits.alarm:
            key = f"suspicious:{now:%Y-%m-%dT%H}"
            notice = {"what": "suspicious", "list": "", "why": f"{count} within an hour"}
            self.store.duties.add([Duty(key, "", "notify", now, notice, self.config.last_resort)])

    def _desk_case(self, values: CallValues) -> Heard:
        """The case whose number a person of the desk has keyed: without limits."""
        case = self.case_system.case(values.case.keyed, BUDGET)
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
            queue=case.queue or "",
            region=case.region,
            product=case.product,
            on_file=values.caller.number in phones,
            stale=case.stale,
        )

    def _emergency(self, values: CallValues) -> Heard:
        """Whether the conditions of Enterprise Down are met; ``not_found`` without a case."""
        case = self._known(values)
        if case is None:
            return outcome("not_found")
        file = self.store.case_files.load(case.number)
        known = (file.data.get("emergency") if file else None) or {}
        given = values.emergency or Emergency()
        answers = known.get("answers", {}) | given.answers
        contact = known.get("contact", {}) | given.contact
        verdict = judge(case, self.clock.now(), answers, contact, self.config.emergency)
        return outcome(
            "found",
            result=verdict.result,
            failed=list(verdict.failed),
            missing=list(missing(answers, contact, case.environment)),
            stands=known.get("state") == "set",
        )

    # --- who is calling ---

    def _pin(self, values: CallValues) -> Heard:
        """Whether the PIN that was just keyed is the case's. For an unknown case it takes as long,
        and the caller hears no difference."""
        case, now = self._known(values), self.clock.now()
        account = case.account.id if case and case.account else ""
        bounds = self._pin_bounds(values, case, account or values.case.keyed, now)
        taken = self.store.tallies.take(bounds, now)  # over a limit, no PIN is hashed any more
        if not taken or not self._is_pin(values, account) or case is None:
            return outcome("not_found", over=not taken)
        self.store.tallies.give_back(taken)
        self.store.tallies.clear(bounds[-1].bucket)
        file = self.store.case_files.load(case.number)
        level = file.data.get("level", "") if file else ""
        return outcome("found", status=case.status, severity=case.severity, level=level)

    def _is_pin(self, values: CallValues, account: str) -> bool:
        """Whether what was keyed is the PIN, or that has been shown before."""
        if values.case.verified == "V2":
            return True
        return pins.fits(values.case.secret, self.store.cases.pin(values.case.keyed, account))

    def _pin_bounds(
        self, values: CallValues, case: Case | None, whose: str, now: datetime
    ) -> list[Bound]:
        """How many wrong PINs there may be: from this telephone, and for this account.

        For the account each number on file is counted by itself, and all others are counted
        together: tries from elsewhere never shut out who calls from there. Callers who withhold
        their number are one telephone for each account.
        """
        number, most = values.caller.number, self.config.limits
        phones = {phone for contact in case.contacts for phone in contact.phones} if case else ()
        caller = limits.bucket("pin", number or f"withheld {whose}")
        account = limits.bucket("account", whose)
        return [
            Bound(caller, now - limits.DAY, most.pin_day),
            Bound(
                f"{account} {caller}" if number in phones else account,
                now - limits.MONTH,
                most.pin_month,
            ),
        ]

    def _staff_pin(self, values: CallValues) -> Heard:
        """Whether the PIN that was just keyed is that of the person who calls; and until when a
        status holds that they set now: to the end of their working day, if that is soon enough."""
        person = self.store.people.get(values.caller.staff)
        bucket, now = limits.bucket("staff", values.caller.staff), self.clock.now()
        bound = Bound(bucket, now - limits.DAY, self.config.limits.pin_day)
        taken = self.store.tallies.take([bound], now)  # over the limit, no PIN is hashed any more
        if person is not None and taken and pins.fits(values.case.secret, person.pin):
            self.store.tallies.give_back(taken)
            day = working_day(person, now)
            longest = now + timedelta(hours=self.config.status_hours)
            ends = min(longest, day[1]) if day else longest
            return outcome("found", until=spoken_time(ends, person.zone).isoformat())
        return outcome("not_found", over=self.store.tallies.count(*bound[:2]) >= bound.most)

    def _arrival(self, values: CallValues) -> Heard:
        """Whether the caller works here, was cut off a few minutes ago, or is owed a call."""
        number, now = values.caller.number, self.clock.now()
        if not number:
            return outcome("not_found")
        person = self.store.people.at_phone(number)
        if person is not None:
            return outcome("found", staff=person.id, pin=bool(person.pin))
        calls = self.store.calls.recent(number, now - timedelta(days=1))
        owes = [self._promise_of(call) for call in calls if _is_owed_a_call(call)]
        since = now - timedelta(minutes=self.config.resume_minutes)
        for call in [each for each in calls if each.data.shared.web is None][:1]:
            cut_off = call.data.shared.caller.left_at
            if call.ended_at and call.ended_at >= since and cut_off:
                return outcome("found", resume=resume_words(call.data, call.language), owes=owes)
        return outcome("found", owes=owes) if owes else outcome("not_found")

    def _callable(self, values: CallValues) -> Heard:
        """Whether the customer may be called back at the number that they have just keyed: nobody
        who works here is a customer at their own telephone."""
        number = values.caller.wanted
        never = self.config.uncallable(number) or self.store.people.at_phone(number)
        return outcome("not_found" if never else "found")

    def _promise_of(self, call: Call) -> dict[str, Any]:
        """What was promised in this call, as `ivr.line.turns.call.promises` reads it."""
        values = call.data.shared
        case = values.case.number(self.config.case_numbers)
        due = needed(values.promise).due.isoformat()
        return {"call": call.sid, "case": case, "level": values.wish, "due": due}

    # --- whom to ring for a case ---

    def _managers(self, values: CallValues) -> Heard:
        """The people who answer for the level that was asked for."""
        return self.rankings.of_level(self._known(values), self.rankings.level(values), values)

    def _next_level(self, values: CallValues) -> Heard:
        """The people who answer for the case's next level; ``not_found`` when that has to be
        decided by staff."""
        case = self._known(values)
        level, due = self._next(case.number if case else "")
        if not due:
            return outcome("not_found", level=level.code)
        answer = self.rankings.of_level(case, level, values)
        return outcome("found", **answer.data, level=level.code)

    def _next(self, number: str) -> tuple[Level, bool]:
        """The level that comes next for a case, and whether its turn has come."""
        file = self.store.case_files.load(number) if number else None
        levels = file.data.get("levels", {}) if file else {}
        wanted = _next(self.config.levels, levels)
        join = timedelta(minutes=self.config.join_minutes)
        decision = ruling(wanted, levels, self.clock.now(), channel="phone", join=join)
        if decision.ruling == "proposed":
            return wanted, False
        return next(each for each in self.config.levels if each.code == decision.level), True

    def _people(self, values: CallValues) -> Heard:
        """Whom to ring for a caller who waits. ``request`` is the level that this asks for, and
        ``wish`` the one that they wish for though its turn hasn't come; ``""`` for none.

        The case system isn't asked again: for every number this takes the same time.
        """
        level, due = self._asked(values)
        answer = self.rankings.people(values, level if due else None)
        asked = level.code if level else ""
        request, wish = (asked, "") if due else ("", asked)
        return outcome(answer.value, **answer.data, request=request, wish=wish)

    def _asked(self, values: CallValues) -> tuple[Level | None, bool]:
        """The level that the caller asks for, if it is one of an open case, and whether its turn
        has come. The first level's has for every case, also when the records don't answer."""
        if standing := self.rankings.asked(values):
            return standing, True
        first, *above = self.config.levels
        record, asked = values.case.record, values.asked_for
        if isinstance(record, UnansweredCase) and asked == first.code:
            return first, True
        if not isinstance(record, FoundCase) or record.status != "open":
            return None, False
        if asked == first.code:
            return first, True
        return (
            self._next(record.number) if asked in [each.code for each in above] else (None, False)
        )

    def _for_callback(self, values: CallValues) -> Heard:
        """Who may keep the promise of a callback, even when the case system doesn't answer."""
        try:
            case = self._known(values)
        except (TimeoutError, OSError):
            case = None
        return self.rankings.for_callback(case, values)

    def _known(self, values: CallValues) -> Case | None:
        """The case that the call is about."""
        keyed = values.case.keyed
        return self.case_system.case(keyed, BUDGET) if keyed else None


def _is_owed_a_call(call: Call) -> bool:
    promise = call.data.shared.promise
    return promise is not None and promise.state == "owed"


def _next(levels: tuple[Level, ...], known: Mapping[str, Any]) -> Level:
    """The level above the highest that is open; the last one has none above."""
    open_ = [at for at, level in enumerate(levels) if _is_open(known.get(level.code))]
    return levels[min((open_[-1] if open_ else 0) + 1, len(levels) - 1)]


def _is_open(level: Mapping[str, Any] | None) -> bool:
    return level is not None and level["state"] != "over"


__all__ = ["BUDGET", "LookUps"]
