"""A call as pages show it. What is stored of a call reaches a page through this alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from ivr.line.desk.cases import CaseNumbers
from ivr.line.records import Call
from ivr.line.values import Emergency, FoundCase, Leg, Promise


@dataclass(frozen=True, slots=True)
class PersonOnCall:
    """Somebody who is being rung for the caller, or talks with them; no manager's number."""

    name: str
    person: str
    state: str


@dataclass(frozen=True, slots=True)
class LegView:
    """The leg of somebody who was rung: ``hunt`` is the name of the hunt that rang them."""

    leg: Leg

    @property
    def over(self) -> bool:
        return self.leg.state == "over"

    @property
    def state(self) -> str:
        """``ringing``, ``joining``, ``talking`` or ``over``."""
        return self.leg.state

    @property
    def step(self) -> str:
        """Where they are in the flow of the people who are rung."""
        return self.leg.talk.state

    @property
    def hunt(self) -> str:
        return self.leg.hunt

    @property
    def operator(self) -> bool:
        return self.leg.operator

    @property
    def joined(self) -> datetime | None:
        """When they and the caller first heard each other; before that, when they took the call."""
        return self.leg.joined_at or self.leg.taken_at

    @property
    def clicked(self) -> bool:
        """Whether they have accepted on a page."""
        return self.leg.talk.own.clicked

    @property
    def needs_reason(self) -> bool:
        """Whether they asked for a level whose turn it isn't, and have to say why."""
        return self.leg.talk.own.needs_reason


@dataclass(frozen=True, slots=True)
class CallView:
    """One call. ``caller`` is what the carrier said of its number; times are instants."""

    call: Call

    @property
    def sid(self) -> str:
        return self.call.sid

    @property
    def caller(self) -> str:
        return self.call.caller

    @property
    def called(self) -> str:
        return self.call.called

    @property
    def language(self) -> str:
        return self.call.language

    @property
    def step(self) -> str:
        """The caller's present step; for who has hung up, the one in which they did."""
        return self.call.data.shared.caller.left_at or self.call.step

    @property
    def waiting_for(self) -> str:
        """The queue that the caller waits in, ``""`` if none."""
        return self.call.waiting_for

    @property
    def since(self) -> datetime:
        """Since when the caller waits, or calls."""
        return self.call.waiting_since or self.call.started_at

    @property
    def purged(self) -> bool:
        """Whether what was keyed, said and told in it has been erased, or was kept long enough."""
        return self.call.data.purged

    # --- who is on it ---

    @property
    def legs(self) -> Mapping[str, LegView]:
        """The legs of everybody who was rung, by attempt."""
        return {attempt: LegView(leg) for attempt, leg in self.call.data.legs.items()}

    @property
    def people(self) -> list[PersonOnCall]:
        """Who is being rung or talks."""
        legs = self.call.data.legs.values()
        return [
            PersonOnCall(leg.name, leg.person, leg.state) for leg in legs if leg.state != "over"
        ]

    @property
    def met(self) -> list[str]:
        """The names of those who have met the caller."""
        return [leg.name for leg in self.call.data.legs.values() if leg.met or _once(leg)]

    @property
    def taken_by(self) -> str:
        """The name of who has accepted on a page, and is still to pick up; ``""`` if nobody."""
        legs = self.call.data.legs.values()
        return next(
            (leg.name for leg in legs if leg.state == "ringing" and leg.talk.own.clicked), ""
        )

    @property
    def ringing(self) -> bool:
        return self.call.data.shared.hunt.ringing

    @property
    def more_to_ring(self) -> bool:
        """Whether somebody is left whom the present hunt could ring next."""
        return self.call.data.shared.hunt.left_to_ring

    @property
    def held(self) -> bool:
        return self.call.data.shared.held

    # --- what it is about ---

    @property
    def wish(self) -> str:
        """A level's code, ``engineer``, ``severity`` or ``E-Down``; ``""`` before that was said."""
        return self.call.data.shared.wish

    @property
    def emergency(self) -> bool:
        """Whether it is for an Enterprise Down."""
        return self.wish == "E-Down"

    @property
    def keyed(self) -> str:
        """The digits of the case number that the caller keyed, or an operator typed."""
        return self.call.data.shared.case.keyed

    @property
    def result(self) -> str:
        """How looking the number up went: ``found``, ``not_found``, ``too_slow``, or ``""``."""
        return self.call.data.shared.case.result

    @property
    def match(self) -> str:
        """The same, and ``none`` without a number."""
        return self.result if self.keyed else "none"

    @property
    def case(self) -> FoundCase | None:
        """What the records said of the case, when it was looked up."""
        return self.call.data.shared.case.found

    @property
    def suspicious(self) -> bool:
        """Whether more numbers were tried than are looked up for one caller."""
        return self.call.data.shared.case.suspicious

    @property
    def verified(self) -> str:
        """V2 by PIN, V1 by a number on file (which can be forged), else V0."""
        on_file = self.case is not None and self.case.on_file
        return self.call.data.shared.case.verified or ("V1" if on_file else "V0")

    def case_number(self, numbers: CaseNumbers) -> str:
        """The number of the case as it is written, ``""`` before one was given."""
        return self.call.data.shared.case.number(numbers)

    @property
    def answers(self) -> Emergency:
        """What was answered on this call about an Enterprise Down."""
        return self.call.data.shared.emergency or Emergency()

    @property
    def caller_number(self) -> str:
        """The caller's number as E.164, ``""`` if it is withheld or none that can be called."""
        return self.call.data.shared.caller.number

    # --- what comes of it ---

    @property
    def promise(self) -> Promise | None:
        """The call back that was promised in it."""
        return self.call.data.shared.promise

    @property
    def owed(self) -> bool:
        """Whether that call hasn't been made yet."""
        return self.promise is not None and self.promise.state == "owed"

    @property
    def recording(self) -> str:
        """What the carrier was last asked for: ``on``, ``paused`` or ``off``."""
        return self.call.data.shared.recording.state

    @property
    def country(self) -> str:
        """Where the called number is; ISO, as are `countries`."""
        return self.call.data.shared.called.country

    @property
    def countries(self) -> Sequence[str]:
        """To where the caller may be called back."""
        return self.call.data.shared.caller.countries

    @property
    def unlogged(self) -> Sequence[str]:
        """The telephone numbers that the log leaves out: where to call back, and what was keyed."""
        promised = [self.promise.number] if self.promise else []
        return [*promised, *self.call.data.shared.personal]


def _once(leg: Leg) -> bool:
    """Whether an earlier version has stored it, which took who joined for who had met."""
    return leg.taken_at is None and leg.joined_at is not None


__all__ = ["CallView", "LegView", "PersonOnCall"]
