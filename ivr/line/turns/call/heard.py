"""What can be heard of a call.

`CallHeard` are the things that move a call. A `Report` is what the carrier or the clock says, out
of which `ivr.line.turns.call.reports` makes one of these, several or none, by where the call is.

``leg`` is the attempt of the person's leg, ``""`` the caller's. ``turn`` is the turn whose document
was answered (it is in the URL that the answer comes to): an answer to another than the present one
is late, or came twice, and moves nothing. None is what answers no document.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct

from ivr.line.desk.hunt import EventName

# --- a step hears ---


class KeysPressed(Struct, frozen=True):
    """Keys as they were pressed; ``""`` is silence."""

    keys: str
    leg: str = ""
    turn: int | None = None


class OutcomeHeard(Struct, frozen=True):
    """Something other than keys answers the present step, by the outcome's name; ``data`` came with
    it."""

    name: str
    leg: str = ""
    data: Mapping[str, Any] = {}
    turn: int | None = None


class Clicked(Struct, frozen=True):
    """A button of the console. ``leg`` is the leg of the person who clicked; ``""`` when they come
    forward (``value`` is then their id, else the button's argument)."""

    click: str
    leg: str
    value: str = ""
    data: Mapping[str, Any] = {}


# --- a leg goes its way ---


class DialEnded(Struct, frozen=True):
    """The caller's <Dial> is over. ``status`` is the last word of the leg that was dialled."""

    status: EventName
    turn: int | None = None


class LeftConference(Struct, frozen=True):
    """A leg that is still up is out of the conference: by star, or because that ended."""

    leg: str
    turn: int | None = None


class InRoom(Struct, frozen=True):
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


class Bridged(Struct, frozen=True):
    """A leg that the caller's document dialled has heard all before it is bridged with the caller,
    at this moment."""

    leg: str


class MeetingLasted(Struct, frozen=True):
    """The time is up after which a leg and the caller have met, if they have been together
    ``since``."""

    leg: str
    since: datetime


class LegEnded(Struct, frozen=True):
    """A leg's last word: ``busy``, ``no_answer``, ``failed`` or ``ended``.

    ``sid`` is the carrier's name of the leg that ended; of another than the attempt's own it moves
    nothing. ``""`` is the attempt's own.
    """

    leg: str
    status: EventName
    sid: str = ""


class LegPlaced(Struct, frozen=True):
    """The carrier is ringing this leg (``""``: the customer who is called back) as ``sid``."""

    leg: str
    sid: str


class PlacementRefused(Struct, frozen=True):
    """The carrier couldn't be asked to ring this leg."""

    leg: str


class PlacementUnsure(Struct, frozen=True):
    """The carrier was asked to ring this leg, and may have heard it or not."""

    leg: str


class RingLapsed(Struct, frozen=True):
    """The time in which this leg could have answered is over."""

    leg: str


# --- the hunt goes on ---


class HuntTimedOut(Struct, frozen=True):
    """The time of hunt number ``hunt`` is up."""

    hunt: int


class CandidatesRanked(Struct, frozen=True):
    """Who may be rung now."""

    ranking: list[dict[str, Any]]


# --- the callback that this call is owed ---


class CallbackTried(Struct, frozen=True):
    """Try ``number`` begins."""

    number: int


class CallbackMissed(Struct, frozen=True):
    """It is due and wasn't made; ``to`` (a person's id) owes it now."""

    to: str


class CallbackWent(Struct, frozen=True):
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


class KeysInQueue(Struct, frozen=True):
    """A key (``""`` is none) that the caller pressed while waiting in a queue."""

    keys: str
    turn: int


class Recorded(Struct, frozen=True):
    """A spoken answer, or a silence as long as Twilio waited for one; ``keys`` ended it.

    https://www.twilio.com/docs/voice/twiml/record says what the action is sent.
    """

    sid: str
    seconds: int
    keys: str
    turn: int
    leg: str = ""


class LegAnswered(Struct, frozen=True):
    """A person's leg asks for its document: it was picked up, or ``answer`` is to the last one."""

    leg: str
    sid: str
    answer: KeysPressed | Recorded


class CallerLegEnded(Struct, frozen=True):
    """The caller's leg ``sid`` is over; ``answered`` is False for a customer who wasn't there."""

    sid: str
    answered: bool


class CustomerAnswered(Struct, frozen=True):
    """The customer who is called back has picked up, on leg ``sid``."""

    sid: str


class CustomerLapsed(Struct, frozen=True):
    """The time in which the customer who is called back could have answered is over."""


class RoomReported(Struct, frozen=True):
    """The carrier tells of leg ``sid`` in conference ``room``; ``what`` and ``number`` as in
    `InRoom`. ``over``: the leg has ended."""

    sid: str
    what: str
    room: str
    number: int
    over: bool = False


class RoomSeen(Struct, frozen=True):
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
