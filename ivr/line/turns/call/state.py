"""One call during a turn: what was stored of it, and what the turn has to save and to do.

A `CallState` is made of a call as it was stored. Everything else in this package takes one: it
answers questions about the call, and collects events (`tell`) and duties (`duty`). Nothing here
decides what happens next.

**The agenda.** One thing heard often leads to another: a leg that is lost moves the hunt, and that
moves the caller. Whatever has to be heard next is put on the agenda as `CallerHears`, `LegHears` or
`HuntHears`, and `ivr.line.turns.call.turn.CallTurn` works it off, depth first. A function that
returns an `Agenda` is a generator: it yields what has to be heard, and goes on when all that came
of it is done. It does nothing before somebody iterates it, so call it with ``yield from``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from ivr.line.definition import Line
from ivr.line.desk.events import Event
from ivr.line.desk.hunt import EventName
from ivr.line.desk.people import Person
from ivr.line.flow.conversation import Heard, outcome
from ivr.line.flow.steps import Dialling, Goodbye, Hold, Step, Talk
from ivr.line.records import Call, Duty
from ivr.line.values import CallValues, Leg, LegTalk, PersonTalk


class CallerHears(Struct, frozen=True):
    """The caller's leg has to hear something."""

    heard: Heard


class LegHears(Struct, frozen=True):
    """The leg of somebody who was rung has to hear something."""

    attempt: str
    heard: Heard


class HuntHears(Struct, frozen=True):
    """The hunt has to hear something; `ivr.line.desk.hunt.hear` says what the fields mean."""

    event: EventName
    attempt: str = ""
    people: Sequence[str] = ()


Agenda = Iterator[CallerHears | LegHears | HuntHears]
Who = Callable[[str], Person | None]  # by id; None if nobody has it any more


class Legs:
    """The legs of a call, by attempt: ``rows`` as they are stored, and their conversations."""

    def __init__(self, rows: dict[str, Leg], shared: CallValues) -> None:
        self.rows, self.shared = rows, shared
        self.talks: dict[str, PersonTalk] = {}  # of the legs that this turn has looked at

    def talk(self, attempt: str) -> PersonTalk:
        """The conversation of a leg."""
        if attempt not in self.talks:
            self.talks[attempt] = self.rows[attempt].talk.conversation(self.shared)
        return self.talks[attempt]

    def talking(self) -> list[str]:
        """The legs that have come to the caller; also in the operator's menu, and coming back."""
        return [attempt for attempt, row in self.rows.items() if row.state == "talking"]

    def joining(self) -> list[str]:
        """The legs that took the call, and are on the way to the caller."""
        return [attempt for attempt, row in self.rows.items() if row.state == "joining"]

    def person(self, attempt: str) -> str:
        """The id of the person whom this leg rings."""
        return self.rows[attempt].person


class CallState:
    """What a turn reads, stores and collects. ``root`` is the path under which the line is served,
    ``who`` knows how people are called and reached.

    ``claims`` are ``(person, attempt)`` of those whom a document is about to dial: they are saved
    with the turn. ``left_from`` is the step in which the caller heard the last thing. ``leaves``
    says that the caller was told to leave the queue, or their <Dial> is over, so that the next
    document is asked for by itself.
    ``refuses`` says that the leg which asks for a document is one too many, to be hung up.
    ``hunts_over`` are the hunts that came to an end, ``(name, outcome)``; they are only counted.
    """

    def __init__(self, line: Line, call: Call, now: datetime, who: Who, root: str = "") -> None:
        self.line, self.call, self.now, self.who, self.root = line, call, now, who, root
        self._steps = line.caller.steps
        self.shared = call.data.shared
        self.caller = call.data.caller.conversation(self.shared)
        self.legs = Legs(call.data.legs, self.shared)
        self.hunt = call.data.hunt
        self.events: list[Event] = []
        self.duties: list[Duty] = []
        self.claims: list[tuple[str, str]] = []
        self.hunts_over: list[tuple[str, str]] = []
        self.changed = not call.version
        self.left_from: str | None = None
        self.leaves = False
        self.refuses = False

    def talk(self, leg: str) -> LegTalk:
        """The conversation of a leg, ``""`` is the caller's."""
        return self.legs.talk(leg) if leg else self.caller

    # --- what the turn collects ---

    def tell(self, kind: str, /, by: str = "", **data: Any) -> None:
        """Add to the event log; ``by`` is the id of who did it, ``""`` the caller or the
        line."""
        if "ranking" in data:
            data["ranking"] = by_reference(data["ranking"])
        self.events.append(Event(kind, self.now, by, data))

    def duty(
        self,
        kind: str,
        key: str,
        *,
        after: float = 0,
        lane: str = "",
        owner: str = "",
        **data: Any,
    ) -> None:
        """Add what must happen, ``after`` so many seconds; once by ``key`` within the call."""
        self.duties.append(
            Duty(
                key=f"{self.call.sid}:{key}",
                call=self.call.sid,
                kind=kind,
                owner=owner,
                lane=lane,
                due=self.now + timedelta(seconds=after),
                data=data,
            )
        )

    # --- where the caller is ---

    @property
    def step(self) -> Step:
        """The caller's present step."""
        return self._steps[self.caller.state]

    @property
    def waiting(self) -> bool:
        """Whether the caller is in a queue."""
        return isinstance(self._steps[self.caller.state], Hold)

    @property
    def meanwhile(self) -> bool:
        """Whether the caller is asked something while people are rung."""
        return self._steps[self.caller.state].meanwhile

    @property
    def talking(self) -> bool:
        """Whether the caller is in the conference, or about to be."""
        return isinstance(self._steps[self.caller.state], Talk)

    @property
    def customer_comes(self) -> bool:
        """Whether a customer who is called back is on the way to the conference."""
        return not self.talking and self.line.caller.expects(self.caller, outcome("ended"))

    @property
    def dialling(self) -> bool:
        """Whether the caller's own document dials."""
        return isinstance(self._steps[self.caller.state], Dialling)

    def dials(self, attempt: str) -> bool:
        """Whether the caller's own document dials this leg."""
        dialled = self.shared.hunt.dialled
        return self.dialling and dialled is not None and dialled.leg == attempt

    @property
    def said_all(self) -> bool:
        """Whether the caller has come to the last words."""
        return isinstance(self._steps[self.caller.state], Goodbye)

    @property
    def said_goodbye(self) -> bool:
        """Whether the last document hung up."""
        return self.left_from is not None and isinstance(self._steps[self.left_from], Goodbye)

    @property
    def leg_sid(self) -> str:
        """The carrier's name of the caller's leg; ``""`` before a customer is called back, and
        for a request on the web, which has none."""
        back = self.shared.back
        if self.shared.web is not None:
            return ""
        return self.call.sid if back is None else back.leg

    def together(self, attempt: str) -> datetime | None:
        """Since when this leg and the caller have heard each other; None while they don't."""
        person, caller = self.legs.rows[attempt].in_room, self.shared.caller.in_room
        return max(person, caller) if person and caller else None

    def leg_state(self, attempt: str) -> str:
        """``ringing``, ``listening`` (picked up, nothing taken yet), ``joining``, ``talking``,
        ``beside`` (stepped out of the conference), ``leaving`` or ``over``; see
        `ivr.line.values.Leg`."""
        row = self.legs.rows[attempt]
        picked_up = self.legs.talk(attempt).state != self.line.person.start
        if row.state == "ringing" and picked_up:
            return "listening"
        return "beside" if row.state == "talking" and row.in_room is None else row.state

    def in_menu(self, attempt: str) -> bool:
        """Whether whoever has this leg has stepped out to the menu of their telephone."""
        step = self.line.person.steps[self.legs.talk(attempt).state]
        return self.legs.rows[attempt].state == "talking" and not isinstance(step, Talk)

    # --- documents ---

    def caller_document(self) -> str:
        """The TwiML of the caller's present step."""
        return self.line.caller.document(self.caller, self._slots(""))

    def caller_waiting(self, position: str, first: bool) -> str:
        """The wait document of the caller's queue; ``first`` when the wait has just begun."""
        values = {**self._slots(""), "position": position}
        coming = bool(self.legs.joining())
        return self.line.caller.waiting(self.caller, first, values, coming=coming)

    def leg_document(self, attempt: str) -> str:
        """The TwiML of a leg's present step."""
        return self.line.person.document(self.legs.talk(attempt), self._slots(attempt))

    def here(self, attempt: str = "") -> str:
        """The path of a leg's own webhook."""
        line = self.line.config.name
        if not attempt and self.shared.back is not None:
            return f"{self.root}/back/{line}/{self.call.sid}"
        if not attempt:
            return f"{self.root}/voice/{line}"
        return f"{self.root}/leg/{line}/{self.call.sid}/{attempt}"

    def wait_url(self) -> str:
        """Where the queue's wait document is asked for."""
        return f"{self.here()}/wait?queue={self.call.waiting_for}"

    def _slots(self, attempt: str) -> Mapping[str, str]:
        values = {
            "here": self.here(attempt),
            "room": f"call-{self.call.sid}",
            "room_here": f"{self.root}/room/{self.line.config.name}/{self.call.sid}",
        }
        if dialled := self.shared.hunt.dialled:
            values["leg"] = self.here(dialled.leg)
            values["phone"] = dialled.phone.removeprefix("client:")
            values["line_number"] = self.call.called
        return values


def by_reference(ranking: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A ranking without names and numbers: a log must outlive them."""
    named = ("name", "phone", "languages")
    return [
        {name: value for name, value in entry.items() if name not in named} for entry in ranking
    ]
