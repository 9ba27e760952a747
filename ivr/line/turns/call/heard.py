"""What can be heard of a call.

`CallHeard` are the things that move a call. A `Report` is what the carrier or the clock says, out
of which `ivr.line.turns.call.reports` makes one of these, several or none, by where the call is.

``leg`` is the attempt of the person's leg, ``""`` the caller's. ``turn`` is the turn whose document
was answered (it is in the URL that the answer comes to): an answer to another than the present one
is late, or came twice, and moves nothing. None is what answers no document.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ivr.line.desk.hunt import EventName

# --- a step hears ---


@dataclass(frozen=True, slots=True)
class KeysPressed:
    """Keys as they were pressed; ``""`` is silence."""

    keys: str
    leg: str = ""
    turn: int | None = None


@dataclass(frozen=True, slots=True)
class OutcomeHeard:
    """Something other than keys answers the present step, by the outcome's name; ``data`` came with
    it."""

    name: str
    leg: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    turn: int | None = None


@dataclass(frozen=True, slots=True)
class Clicked:
    """A button of the console. ``leg`` is the leg of the person who clicked; ``""`` when they come
    forward (``value`` is then their id, else the button's argument)."""

    click: str
    leg: str
    value: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)


# --- a leg goes its way ---


@dataclass(frozen=True, slots=True)
class DialEnded:
    """The caller's <Dial> is over. ``status`` is the last word of the leg that was dialled."""

    status: EventName
    turn: int | None = None


@dataclass(frozen=True, slots=True)
class LeftConference:
    """A leg that is still up is out of the conference: by star, or because that ended."""

    leg: str
    turn: int | None = None


@dataclass(frozen=True, slots=True)
class InRoom:
    """What the carrier says of a leg (``""`` is the caller's) in the conference.

    ``what`` is ``here``, ``gone``, ``held`` (there, and on hold) or ``back`` (from being held).
    ``room`` is the carrier's name of the conference, and ``number`` counts its reports, which may
    come in any order: https://www.twilio.com/docs/voice/twiml/conference. An answer to a question
    of ours has no number: -1.
    """

    leg: str
    what: str
    room: str = ""
    number: int = -1


@dataclass(frozen=True, slots=True)
class Bridged:
    """A leg that the caller's document dialled has heard all before it is bridged with the caller,
    at this moment."""

    leg: str


@dataclass(frozen=True, slots=True)
class MeetingLasted:
    """The time is up after which a leg and the caller have met, if they have been together
    ``since``."""

    leg: str
    since: datetime


@dataclass(frozen=True, slots=True)
class LegEnded:
    """A leg's last word: ``busy``, ``no_answer``, ``failed`` or ``ended``.

    ``sid`` is the carrier's name of the leg that ended; of another than the attempt's own it moves
    nothing. ``""`` is the attempt's own.
    """

    leg: str
    status: EventName
    sid: str = ""


@dataclass(frozen=True, slots=True)
class LegPlaced:
    """The carrier is ringing this leg (``""``: the customer who is called back) as ``sid``."""

    leg: str
    sid: str


@dataclass(frozen=True, slots=True)
class PlacementRefused:
    """The carrier couldn't be asked to ring this leg."""

    leg: str


@dataclass(frozen=True, slots=True)
class PlacementUnsure:
    """The carrier was asked to ring this leg, and may have heard it or not."""

    leg: str


@dataclass(frozen=True, slots=True)
class RingLapsed:
    """The time in which this leg could have answered is over."""

    leg: str


# --- the hunt goes on ---


@dataclass(frozen=True, slots=True)
class HuntTimedOut:
    """The time of hunt number ``hunt`` is up."""

    hunt: int


@dataclass(frozen=True, slots=True)
class CandidatesRanked:
    """Who may be rung now."""

    ranking: list[dict[str, Any]]


# --- the callback that this call is owed ---


@dataclass(frozen=True, slots=True)
class CallbackTried:
    """Try ``number`` begins."""

    number: int


@dataclass(frozen=True, slots=True)
class CallbackMissed:
    """It is due and wasn't made; ``to`` (a person's id) owes it now."""

    to: str


@dataclass(frozen=True, slots=True)
class CallbackWent:
    """How a try went: ``kept``, ``unanswered`` (by the customer), ``unplaced`` (the carrier didn't
    ring the customer), ``nobody`` (of the desk answered), ``later`` (the customer asks),
    ``operator`` (the customer went to one instead), ``himself`` (``by`` calls personally),
    ``renewed`` (another promise took its place) or ``over`` (``by`` has ended what it was for)."""

    how: str
    by: str


HeardByStep = KeysPressed | OutcomeHeard | Clicked
HeardOfLeg = (
    DialEnded
    | LeftConference
    | InRoom
    | Bridged
    | MeetingLasted
    | LegEnded
    | LegPlaced
    | PlacementRefused
    | PlacementUnsure
    | RingLapsed
)
HeardOfHunt = HuntTimedOut | CandidatesRanked
HeardOfCallback = CallbackTried | CallbackMissed | CallbackWent
CallHeard = HeardByStep | HeardOfLeg | HeardOfHunt | HeardOfCallback


# --- what the carrier and the clock report ---


@dataclass(frozen=True, slots=True)
class KeysInQueue:
    """A key (``""`` is none) that the caller pressed while waiting in a queue."""

    keys: str
    turn: int


@dataclass(frozen=True, slots=True)
class Recorded:
    """A spoken answer, or a silence as long as Twilio waited for one; ``keys`` ended it.

    https://www.twilio.com/docs/voice/twiml/record says what the action is sent.
    """

    sid: str
    seconds: int
    keys: str
    turn: int
    leg: str = ""


@dataclass(frozen=True, slots=True)
class LegAnswered:
    """A person's leg asks for its document: it was picked up, or ``answer`` is to the last one."""

    leg: str
    sid: str
    answer: KeysPressed | Recorded


@dataclass(frozen=True, slots=True)
class CallerLegEnded:
    """The caller's leg ``sid`` is over; ``answered`` is False for a customer who wasn't there."""

    sid: str
    answered: bool


@dataclass(frozen=True, slots=True)
class CustomerAnswered:
    """The customer who is called back has picked up, on leg ``sid``."""

    sid: str


@dataclass(frozen=True, slots=True)
class CustomerLapsed:
    """The time in which the customer who is called back could have answered is over."""


@dataclass(frozen=True, slots=True)
class RoomReported:
    """The carrier tells of leg ``sid`` in conference ``room``; ``what`` and ``number`` as in
    `InRoom`. ``over``: the leg has ended."""

    sid: str
    what: str
    room: str
    number: int
    over: bool = False


@dataclass(frozen=True, slots=True)
class RoomSeen:
    """Who is in the conference ``room``, as the carrier answered: the legs' SIDs, and whether each
    is on hold."""

    room: str
    held: Mapping[str, bool]


Report = (
    KeysInQueue
    | Recorded
    | LegAnswered
    | CallerLegEnded
    | CustomerAnswered
    | CustomerLapsed
    | RoomReported
    | RoomSeen
)
