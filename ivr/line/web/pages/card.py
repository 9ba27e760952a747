"""The card of a call: little while it rings, since somebody may look over a shoulder; everything
once it is taken.

Who is rung decides with what `Cards.ringing` has, who has taken the call works with what
`Cards.connected` has.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ivr.line.desk.candidates import Candidate
from ivr.line.desk.cases import Case
from ivr.line.desk.emergency import Verdict, judge, missing
from ivr.line.desk.events import Event
from ivr.line.service.look_ups import BUDGET
from ivr.line.service.services import Services
from ivr.line.web.pages.call_view import CallView, Doing, LegView
from ivr.line.web.pages.owed import promised_about, still_owed
from ivr.line.web.pages.told import Told, told

NAMED = {"language.chosen": "language", "entry.accepted": "case"}
PATH = ("language.chosen", "menu.key", "entry.accepted", "entry.rejected", "zero.pressed")
NOTES = 5  # last ones shown on a card
HARD = frozenset({"inactive", "no_number", "own_case", "no_rights"})  # never rung, whoever says so
REMEMBERED = timedelta(seconds=30)
BEFORE = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Leg:
    """A call, and somebody's own leg in it."""

    call: CallView
    attempt: str

    @property
    def view(self) -> LegView:
        return self.call.legs[self.attempt]


class Cards:
    """Makes cards. The case system is asked once in half a minute for one number, however often a
    card is shown."""

    def __init__(self, services: Services) -> None:
        self.store = services.store
        self.case_system = services.case_system
        self.rankings = services.rankings
        self.line = services.line
        self.clock = services.clock
        self._read: dict[str, tuple[datetime, Case | None]] = {}

    def card(self, person: str) -> dict[str, Any]:
        """The card of one's own call: ``state`` is ``none``, ``ringing`` (until it is taken) or
        ``connected``; then ``leg``, whose view says what it is doing, and ``call``."""
        leg = self.leg_of(person) if person else None
        if leg is None:
            return {"state": "none"}
        if not leg.view.taken:
            return {"state": "ringing", "leg": leg, "call": self.ringing(leg)}
        return {"state": "connected", "leg": leg, "call": self.connected(leg)}

    def leg_of(self, person: str) -> Leg | None:
        """The leg with which somebody is engaged just now, ringing or talking."""
        known = self.store.people.get(person)
        sid, _, attempt = ((known.busy_with if known else "") or "").partition("/")
        call = self.store.calls.load(sid) if sid else None
        view = CallView(call) if call else None
        if view is None or attempt not in view.legs or view.legs[attempt].over:
            return None
        return Leg(view, attempt)

    def waiting(self) -> list[dict[str, Any]]:
        """Callers who wait, or are asked something while people are rung for them: emergencies
        first, then who has waited longest."""
        steps = self.line.caller.steps
        waits = [
            call
            for call in self.store.calls.open()
            if call.waiting_for or (call.step in steps and steps[call.step].meanwhile)
        ]
        rows = [self._queued(CallView(call)) for call in waits]
        return sorted(rows, key=lambda row: (not row["emergency"], row["since"]))

    def _queued(self, call: CallView) -> dict[str, Any]:
        return {
            **self._little(call),
            "sid": call.sid,
            "caller": call.caller,
            "queue": call.waiting_for or "questions",
            "people": call.people,
            "taken": call.taken_by,
        }

    def _little(self, call: CallView) -> dict[str, Any]:
        return {
            "called": call.called,
            "language": call.language,
            "since": call.since,
            "emergency": call.emergency,
            "wishes": call.wishes,
            "severity_wished": call.severity_wished,
            "keyed": call.keyed,
            "match": call.match,
            "other": [self.line.config.case_numbers.written(each) for each in call.other],
            "cut_off": call.cut_off,
            "calls_back": call.calls_back,
        }

    def ringing(self, leg: Leg) -> dict[str, Any]:
        """What may be seen before it is accepted."""
        file = self._file(leg.call)
        return {
            **self._little(leg.call),
            "hunt": leg.view.hunt,
            "level": file.get("level", ""),
            "clicked": leg.view.clicked,
        }

    def connected(self, leg: Leg) -> dict[str, Any]:
        """Everything: the person who has the caller may see it, and the view is logged."""
        call, now = leg.call, self.clock.now()
        case, known = self._case(call.keyed)
        file = self._file(call)
        events = self.store.logs.events(call.sid)
        number = call.case_number(self.line.config.case_numbers)
        card = {
            **self._little(call),
            "sid": call.sid,
            "caller": call.caller,
            "call_back_at": "" if self.line.config.uncallable(call.caller) else call.caller,
            "joined": leg.view.joined,
            "operator": leg.view.operator,
            "needs_reason": leg.view.needs_reason,
            "path": way(events),
            "errors": sum(event.kind == "entry.rejected" for event in events),
            "verified": call.verified,
            "suspicious": call.suspicious,
            "recording": call.recording,
            "held": call.held,
            "people": call.people,
            "others": [each for each in call.people if each.person != leg.view.person],
            "ringing": call.ringing,
            "more_to_ring": call.more_to_ring,
            "number": number,
            "known": known,
            "case": case,
            "contacts": [] if case is None else on_file(case, call.caller_number),
            "file": file,
            "severity": (file.get("severity") or {}).get("severity", case and case.severity),
            "levels": self._levels(number, file),
            "emergency_told": self._told(number, what="edown"),
            "earlier": self._earlier(number, call.sid, now),
            "candidates": self._candidates(case, call),
            "tried": tried(events, call.legs),
            "verdict": self._verdict(case, call, file) if known != "unknown" else None,
            "answers": answers(call, file),
            "notes": self.store.case_files.notes(number)[-NOTES:] if number else [],
            "sisters": self._sisters(case),
            "promise": call.promise,
            "promises": self._promises(call, number),
        }
        return card | {"main": main_click(card), "next": next_person(card)}

    def _levels(self, number: str, file: dict[str, Any]) -> list[dict[str, Any]]:
        """The levels that stand, with their clocks, and who has been told of each."""
        return [
            {"code": code, **stands, "told": self._told(number, stands["key"])}
            for code, stands in file.get("levels", {}).items()
            if stands["state"] != "over"
        ]

    def _told(self, number: str, about: str = "", what: str = "") -> list[Told]:
        return told(self.store, f"case:{number}", about, what) if number else []

    def _promises(self, call: CallView, number: str) -> list[dict[str, Any]]:
        """The calls back that are owed to this caller, or about this case, from other calls; the
        first one due first."""
        theirs = {each.call for each in call.owes} | {*promised_about(self.store, number)}
        owed = [
            {"call": each.sid, "level": each.wish, "promise": each.promise}
            for each in still_owed(self.store, theirs - {call.sid})
        ]
        return sorted(owed, key=lambda each: str(each["promise"].due))

    def _case(self, digits: str) -> tuple[Case | None, str]:
        """The case, and whether it is ``found``, ``not_found``, ``unknown`` or ``none``."""
        if not digits:
            return None, "none"
        now, kept = self.clock.now(), self._read.get(digits)
        if kept is None or now - kept[0] > REMEMBERED:
            try:
                kept = now, self.case_system.case(digits, BUDGET)
            except (TimeoutError, OSError):
                return None, "unknown"
            if len(self._read) > 500:
                self._read.clear()
            self._read[digits] = kept
        return kept[1], "found" if kept[1] else "not_found"

    def _file(self, call: CallView) -> dict[str, Any]:
        number = call.case_number(self.line.config.case_numbers)
        file = self.store.case_files.load(number) if number else None
        return file.data if file else {}

    def _candidates(self, case: Case | None, call: CallView) -> list[dict[str, Any]]:
        """The right manager and those after them, each with why they are there, and available."""
        here = {each.person: each.state for each in call.people}
        others = engaged(CallView(each) for each in self.store.calls.open())
        listed = self.rankings.candidates(case, call.call)
        return [candidate(each, here, others) for each in listed]

    def _verdict(self, case: Case | None, call: CallView, file: dict[str, Any]) -> Verdict:
        said = answers(call, file)
        terms = self.line.config.emergency
        return judge(case, self.clock.now(), said["answers"], said["contact"], terms)

    def _earlier(self, number: str, call: str, now: datetime) -> int:
        """How often it was escalated in the last 90 days, by other calls."""
        asked = self.store.case_files.escalations(number) if number else []
        return sum(each.call != call and now - each.requested_at < BEFORE for each in asked)

    def _sisters(self, case: Case | None) -> list[Case]:
        if case is None or case.account is None:
            return []
        others = self.store.cases.of_accounts([case.account.id], 20)
        return [each for each in others if each.status == "open" and each.number != case.number]


def engaged(calls: Iterable[CallView]) -> dict[str, Doing]:
    """What everybody with a leg up in these calls is doing with it, by id; of several legs, one
    that was taken."""
    found: dict[str, Doing] = {}
    for each in (leg for call in calls for leg in call.legs.values()):
        if each.doing != "over" and found.get(each.person) in (None, "ringing", "listening"):
            found[each.person] = each.doing
    return found


def candidate(
    each: Candidate, here: Mapping[str, Doing], engaged: Mapping[str, Doing]
) -> dict[str, Any]:
    """One candidate, without a number: a click rings them, unless a leg of theirs is up.

    ``doing`` is what they are doing on this call (``here``), ``busy`` on another one, else ``""``:
    nobody who is engaged is shown as available.
    """
    id = each.person.id
    return {
        "person": id,
        "name": each.person.name,
        "reason": each.reason,
        "detail": each.detail,
        "skipped": each.skipped,
        "doing": here.get(id) or ("busy" if id in engaged or each.skipped == "busy" else ""),
        "status": each.person.status,
        "source": each.source,
        "minutes": None if each.age is None else int(each.age.total_seconds() // 60),
        "may_ring": id not in here and id not in engaged and each.skipped not in HARD,
    }


def main_click(card: Mapping[str, Any]) -> str:
    """The click that is the next thing to do for whoever has the caller: the page's main button;
    ``""`` when there is none, or it is done already."""
    if card["held"]:
        return "unhold"
    if not card["operator"] or card["others"]:
        return ""
    if card["known"] in ("none", "not_found"):
        return "case"
    if next_person(card):
        return "ring"
    return "" if card["promise"] else "promise"


def next_person(card: Mapping[str, Any]) -> str:
    """Whom to ring next: the first who may be, and wasn't rung on this call; ``""`` if nobody."""
    rung = {each["person"] for each in card["tried"]}
    free = [each for each in card["candidates"] if each["may_ring"] and not each["skipped"]]
    return next((each["person"] for each in free if each["person"] not in rung), "")


def answers(call: CallView, file: dict[str, Any]) -> dict[str, Any]:
    """What was answered about an outage, on this call or before, and what is missing still."""
    before = file.get("emergency") or {}
    known = {**before.get("answers", {}), **call.answers.answers}
    contact = {**before.get("contact", {}), **call.answers.contact}
    return {"answers": known, "contact": contact, "missing": missing(known, contact)}


def on_file(case: Case, number: str) -> list[Any]:
    """The case's contacts who call from this number."""
    return [contact for contact in case.contacts if number and number in contact.phones]


def way(events: Iterable[Event]) -> list[dict[str, Any]]:
    """The caller's way through the menus: where, and what was keyed or chosen there."""
    steps: list[dict[str, Any]] = []
    for event in events:
        data = event.data
        if event.kind not in PATH or data.get("leg"):
            continue
        value = data.get("digits") or data.get("value") or data.get("language") or ""
        step = data.get("step") or data.get("where") or NAMED.get(event.kind, "")
        made = {"kind": event.kind.replace(".", "_"), "step": step, "value": value or "0"}
        if steps and steps[-1]["step"] == step:
            steps.pop()  # the key, and then what it meant
        steps.append(made)
    return steps


def tried(events: Iterable[Event], legs: Mapping[str, LegView]) -> list[dict[str, Any]]:
    """Who was rung on this call so far, and how that went; as long as a leg is up, what it is
    doing."""
    made: dict[str, dict[str, Any]] = {}
    for event in events:
        leg = event.data.get("leg", "")
        if event.kind == "dial.started":
            made[leg] = {"person": event.data["person"], "at": event.at, "how": "stopped"}
        elif leg in made and event.kind in HOW:
            made[leg]["how"] = HOW[event.kind]
    for leg, each in made.items():
        if leg in legs and not legs[leg].over:
            each["how"] = legs[leg].doing
    return list(made.values())


HOW = {
    "dial.answered": "answered",
    "dial.taken": "taken",
    "operator.taken": "taken",
    "dial.accepted": "accepted",
    "operator.accepted": "accepted",
    "talk.missed": "missed",
    "dial.declined": "declined",
    "dial.noanswer": "no_answer",
    "dial.busy": "busy",
    "dial.failed": "failed",
    "dial.machine": "machine",
}
__all__ = ["Cards", "Leg"]
