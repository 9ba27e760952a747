"""What each page shows of calls and people at this moment, as plain values without words.

Templates put exactly this into words, so whoever checks the pages against the network asks here
(`Shown`), without HTML. Each value is made from the legs as they are, never from what was clicked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from ivr.line.desk.people import Person
from ivr.line.records import BACK, Call, Duty
from ivr.line.service.services import Services
from ivr.line.values import needed
from ivr.line.web.pages.call_view import CallView, Doing
from ivr.line.web.pages.card import Cards, engaged
from ivr.line.web.pages.told import Told, told_of

RECENT = timedelta(days=90)  # in which an escalation may still be somebody's
SOON = timedelta(minutes=15)  # a promise that is due within them is at risk
LATEST = 20  # notices that are shown
LATELY = timedelta(days=7)  # in which a notice that was given up is still news
MOST = 300  # promises that are shown, the first ones due
EVERYBODY = 300  # people who are shown, if so many work here
HowEnded = Literal["open", "met", "promised", "left", "purged"]
Status = Literal["available", "busy_soon", "away", "dnd"]
# What somebody is doing, as long as a leg of theirs is up; else the status that they have set, if
# they are engaged in nothing.
Presence = Literal[Doing, Status]


@dataclass(frozen=True, slots=True)
class PersonNow:
    """A person as every list shows them: ``doing`` since when they have done it, if it is known."""

    id: str
    name: str
    roles: frozenset[str]
    doing: Presence
    until: datetime | None = None


class Shown:
    """The data of the pages: ``console`` and ``me`` of one person (an id), ``now``, ``wall`` and
    ``calls``."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.store = services.store
        self.clock = services.clock
        self.cards = Cards(services)

    def console(self, person: str) -> dict[str, Any]:
        """One's own call (``card``, see `Cards.card`), and the callers who wait (``queue``)."""
        return {"card": self.cards.card(person), "queue": self.cards.waiting()}

    def me(self, person: str) -> dict[str, Any]:
        """One's own call, what one is doing, the promises that one owes, the levels that one
        answers for."""
        return {
            "card": self.cards.card(person),
            "present": self._present(person),
            "owed": self.owed(person),
            "escalated": self._escalated(person),
        }

    def now(self) -> dict[str, Any]:
        """Every call that goes on, the promises that aren't kept, the notices that reached
        nobody."""
        return {"calls": self.open(), "owed": self.owed(), "undelivered": self.undelivered()}

    def wall(self) -> dict[str, Any]:
        """Who waits, what everybody is doing, and which promises are about to be broken."""
        now, owed, people = self.clock.now(), self.owed(), self.people()
        waiting = [each for each in self.open() if each.waiting_for]
        operators = Counter(availability(each) for each in people if "operator" in each.roles)
        return {
            "waiting": len(waiting),
            "since": min((each.since for each in waiting), default=None),
            "queues": Counter(each.waiting_for for each in waiting),
            "operators": {name: operators[name] for name in ("free", "busy", "away")},
            "people": people,
            "more": self.store.people.count() - len(people) if len(people) >= EVERYBODY else 0,
            "overdue": [each for each in owed if each["overdue"]],
            "at_risk": [e for e in owed if not e["overdue"] and e["due"] <= now + SOON],
            "owed": self._owed_in_all(len(owed)),
            "emergencies": [
                {"case": case, "since": since}
                for case, since in self.store.periods.open_emergencies()
            ],
            "undelivered": self.undelivered(),
        }

    def calls(self, calls: Iterable[Call]) -> list[dict[str, Any]]:
        """Each of these calls as the list of calls shows it."""
        return [self._listed(call) for call in calls]

    # --- calls ---

    def open(self) -> list[CallView]:
        """Every call that goes on, the oldest first."""
        return [CallView(call) for call in self.store.calls.open()]

    def _listed(self, call: Call) -> dict[str, Any]:
        view, ended = CallView(call), call.ended_at
        return {
            "sid": call.sid,
            "caller": view.caller,
            "back": call.sid.startswith(BACK),
            "started": call.started_at,
            "seconds": int((ended - call.started_at).total_seconds()) if ended else None,
            "case": view.case_number(self.services.line.config.case_numbers),
            "people": view.met,
            "how": how_ended(call),
            "step": view.step,
        }

    # --- people ---

    def people(self) -> list[PersonNow]:
        """Everybody who works here, by id, and what they are doing; where more than `EVERYBODY` do,
        those who are on the telephone, operators and managers before others."""
        now, busy = self.clock.now(), engaged(self.open())
        foremost = sorted(self.store.people.foremost(EVERYBODY), key=lambda each: each.id)
        return [_present(person.at(now), busy) for person in foremost]

    def _present(self, id: str) -> PersonNow | None:
        person = self.store.people.get(id)
        if person is None or not person.active:
            return None
        return _present(person.at(self.clock.now()), engaged(self.open()))

    # --- promises, levels, notices ---

    def owed(self, owner: str | None = None) -> list[dict[str, Any]]:
        """The first `MOST` promises that aren't kept yet (of one person, if given), by due time."""
        duties = self.store.duties.owed("call_back", owner=owner, limit=MOST)
        calls = self.store.calls.named([duty.call for duty in duties])
        owed = [
            self._promise(duty, calls[duty.call])
            for duty in duties
            if duty.call in calls and CallView(calls[duty.call]).owed
        ]
        mine = [each for each in owed if owner in (None, each["owner"])]
        return sorted(mine, key=lambda each: str(each["due"]))

    def _owed_in_all(self, shown: int) -> int:
        """How many promises aren't kept yet, if so many are shown."""
        return shown if shown < MOST else self.store.duties.count("call_back")

    def _promise(self, duty: Duty, call: Call) -> dict[str, Any]:
        promise = needed(CallView(call).promise)
        return {
            "call": duty.call,
            "number": promise.number,
            "owner": promise.owner,
            "due": promise.due,
            "overdue": self.clock.now() >= promise.due,
            "tries": promise.tries,
            "unanswered": promise.unanswered,
            "case": duty.data["case"],
            "why": promise.why,
            "reference": promise.reference,
        }

    def _escalated(self, person: str) -> list[dict[str, Any]]:
        """The levels that they answer for, the first one due first; those that were met last."""
        since, found = self.clock.now() - RECENT, []
        numbers = self.store.case_files.escalated_since(since)
        files = self.store.case_files.named(numbers)
        for number in (each for each in numbers if each in files):
            for code, stands in files[number].data.get("levels", {}).items():
                theirs = person in (stands.get("right"), stands.get("accepted_by"))
                if theirs and stands["state"] != "over":
                    found.append({"number": number, "code": code, **stands})
        return sorted(found, key=lambda each: (each["state"] != "requested", each["due"]))

    def undelivered(self) -> list[Told]:
        """The latest notices that reached nobody: given up, or still to be handed over."""
        notices = self.store.duties.undone("notify", self.clock.now() - LATELY, LATEST)
        return [told_of(each) for each in notices]


def availability(person: PersonNow) -> str:
    """``free``, ``busy`` or ``away``, as an operator."""
    if person.doing in ("available", "busy_soon"):
        return "free"
    return "away" if person.doing in ("away", "dnd") else "busy"


def _present(person: Person, busy: dict[str, Doing]) -> PersonNow:
    status: Any = person.status
    doing: Presence = busy.get(person.id, status)
    return PersonNow(person.id, person.name, person.roles, doing, person.status_until)


def how_ended(call: Call) -> HowEnded:
    """A key of `ivr.line.store.calls.HOW`."""
    if call.ended_at is None:
        return "open"
    view = CallView(call)
    if view.purged:
        return "purged"
    if view.met:
        return "met"
    return "promised" if view.promise else "left"


__all__ = ["PersonNow", "Presence", "Shown", "how_ended"]
