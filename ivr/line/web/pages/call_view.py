"""A call as pages show it. What is stored of a call reaches a page through this alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from ivr.line.desk.cases import CaseNumbers
from ivr.line.desk.phone_numbers import withheld
from ivr.line.records import Call
from ivr.line.values import Caller, Emergency, FoundCase, Leg, Owed, Promise

# What the leg of somebody who was rung is doing: the phone rings; they hear who calls, and have
# pressed nothing; they have taken it, and are on their way to the caller; the two hear each other;
# the caller is on hold; they are there without the caller; they have handed the caller over, and
# aren't gone yet; it is over.
Doing = Literal["ringing", "listening", "coming", "talking", "on_hold", "alone", "leaving", "over"]
# How a caller is placed with those who have taken the call, and by what they are doing.
Placed = Literal["talking", "on_hold", "coming", ""]
_PLACED: dict[Placed, frozenset[Doing]] = {
    "talking": frozenset({"talking"}),
    "on_hold": frozenset({"on_hold"}),
    "coming": frozenset({"coming", "alone"}),
}
Recording = Literal["on", "paused", "off", "refused"]
Verified = Literal["V0", "V1", "V2"]


@dataclass(frozen=True, slots=True)
class PersonOnCall:
    """Somebody who is being rung for the caller, or talks with them; no manager's number."""

    name: str
    person: str
    state: Doing
    operator: bool


@dataclass(frozen=True, slots=True)
class LegView:
    """The leg of somebody who was rung, and the caller's: ``hunt`` is the name of the hunt that
    rang them."""

    leg: Leg
    with_caller: Caller

    @property
    def over(self) -> bool:
        return self.leg.state in ("leaving", "over")

    @property
    def taken(self) -> bool:
        """Whether the person has taken the call, and is still up."""
        return self.leg.state in ("joining", "talking")

    @property
    def doing(self) -> Doing:
        """What it is doing at this moment."""
        if self.over:
            return "leaving" if self.leg.state == "leaving" else "over"
        if not self.taken:
            return "listening" if self.picked_up else "ringing"
        if self.leg.state == "joining":
            return "coming"
        if self.with_caller.on_hold:
            return "on_hold"
        return "talking" if self.leg.in_room and self.with_caller.in_room else "alone"

    @property
    def picked_up(self) -> bool:
        """Whether it has been told anything: the carrier asks for that once somebody answers."""
        return self.leg.talk.seen >= 0

    @property
    def person(self) -> str:
        return self.leg.person

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
    """One call. ``caller`` is what the carrier said of its number, ``""`` for who withholds it;
    times are instants."""

    call: Call

    @property
    def sid(self) -> str:
        return self.call.sid

    @property
    def caller(self) -> str:
        return "" if withheld(self.call.caller) else self.call.caller

    @property
    def called(self) -> str:
        return self.call.called

    @property
    def language(self) -> str:
        return self.call.language

    @property
    def step(self) -> str:
        """The caller's present step; for who has hung up, the one in which they did."""
        left_at = self.call.data.shared.caller.left_at if self.call.ended_at else ""
        return left_at or self.call.step

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
        caller = self.call.data.shared.caller
        return {attempt: LegView(leg, caller) for attempt, leg in self.call.data.legs.items()}

    @property
    def people(self) -> list[PersonOnCall]:
        """Who is being rung or talks."""
        return [
            PersonOnCall(each.leg.name, each.leg.person, each.doing, each.operator)
            for each in self.legs.values()
            if not each.over
        ]

    @property
    def met(self) -> list[str]:
        """The names of those who have met the caller."""
        return [leg.name for leg in self.call.data.legs.values() if leg.met or _once(leg)]

    @property
    def doing(self) -> Placed:
        """How the caller is placed with those who have taken the call: ``talking``, ``on_hold``,
        ``coming`` while somebody is on the way; ``""`` if nobody has."""
        doing = {each.doing for each in self.legs.values() if each.taken}
        return next((placed for placed, ranks in _PLACED.items() if doing & ranks), "")

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
    def asked_for(self) -> str:
        """The same as `wish`, or ``operator``."""
        return self.call.data.shared.asked_for

    @property
    def wishes(self) -> list[str]:
        """What the caller wants, and ``operator`` if they have asked for one since."""
        wish = [self.wish] if self.wish else []
        return [*wish, "operator"] if self.asked_for == "operator" else wish

    @property
    def severity_wished(self) -> int | None:
        """The severity that the caller asks for."""
        return self.call.data.caller.own.severity

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
    def other(self) -> Sequence[str]:
        """The digits of the case numbers that what was keyed can be read as, too."""
        return self.call.data.shared.case.other

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
    def verified(self) -> Verified:
        """V2 by PIN, V1 by a number on file (which can be forged), else V0."""
        on_file = self.case is not None and self.case.on_file
        by_pin = self.call.data.shared.case.verified == "V2"
        return "V2" if by_pin else "V1" if on_file else "V0"

    def case_number(self, numbers: CaseNumbers) -> str:
        """The number of the case as it is written, ``""`` before one was given."""
        return self.call.data.shared.case.number(numbers)

    @property
    def answers(self) -> Emergency:
        """What was answered on this call about an Enterprise Down."""
        return self.call.data.shared.emergency or Emergency()

    @property
    def caller_number(self) -> str:
        """The caller's number in E.164, ``""`` if it is withheld or nobody's."""
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
    def recording(self) -> Recording:
        """What the carrier was last asked for: ``on``, ``paused`` or ``off``; and ``refused``, when
        it is off because the caller objects to it or hasn't agreed."""
        recording = self.call.data.shared.recording
        return "refused" if recording.wanted == "off" else recording.state

    @property
    def owes(self) -> Sequence[Owed]:
        """The calls back that the caller had been promised when this call began."""
        return self.call.data.shared.caller.owes

    @property
    def cut_off(self) -> bool:
        """Whether an earlier call of theirs was cut off minutes before this one."""
        caller = self.call.data.shared.caller
        return caller.resume is not None or (bool(caller.left_at) and self.call.ended_at is None)

    @property
    def calls_back(self) -> bool:
        """Whether it is the line that calls, to keep a promise."""
        return self.call.data.shared.back is not None

    @property
    def country(self) -> str:
        """Where the called number is; ISO."""
        return self.call.data.shared.called.country

    @property
    def unlogged(self) -> Sequence[str]:
        """The telephone numbers that the log leaves out: where to call back, and what was keyed."""
        promised = [self.promise.number] if self.promise else []
        return [*promised, *self.call.data.shared.personal]


def _once(leg: Leg) -> bool:
    """Whether an earlier version has stored it, which took who joined for who had met."""
    return leg.taken_at is None and leg.joined_at is not None


__all__ = ["CallView", "LegView", "PersonOnCall"]
