"""What a flow may order the line to do.

An effect gives an order with ``talk.order(StartHunt("operators"))``; it is carried out in the same
turn, by `ivr.line.turns.call.turn.CallTurn`. Where an order is about a leg, it is the one whose
conversation gave it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from msgspec import Struct

# --- who is rung ---


class StartHunt(Struct, frozen=True):
    """Ring the people of the last ranking. ``manual``: one at a time, whenever `RingNext` says so.

    ``name`` is one of the hunts in the line's configuration.
    """

    name: str
    manual: bool = False


class RingNext(Struct, frozen=True):
    """Ring the next person of a manual hunt."""


class RingPerson(Struct, frozen=True):
    """Ring this person of the last ranking first."""

    person: str


class StopHunt(Struct, frozen=True):
    """Ring nobody any more."""


class TakeCaller(Struct, frozen=True):
    """An operator comes forward: ring them beside the others. ``entry`` is theirs in a ranking."""

    entry: dict[str, Any]


# --- what the person who is rung answers ---


class Accept(Struct, frozen=True):
    """The person takes the call."""


class Decline(Struct, frozen=True):
    """The person doesn't take the call."""


class NotAnswered(Struct, frozen=True):
    """Nobody pressed a key, so nobody has answered."""


class CallPersonally(Struct, frozen=True):
    """The person calls the caller personally, soon."""


class HasCalled(Struct, frozen=True):
    """The person has called the customer personally already."""


class ClickKey(Struct, frozen=True):
    """A click in place of a key of the whisper: 1 accepts, 2 declines, 3 calls personally."""

    key: Literal["1", "2", "3"]


# --- what the person who is with the caller orders ---


class HoldCaller(Struct, frozen=True):
    """Put the caller on hold."""


class ResumeCaller(Struct, frozen=True):
    """Take the caller off hold."""


class HandOver(Struct, frozen=True):
    """The operator leaves the rest to the line."""


class HangUp(Struct, frozen=True):
    """End this leg."""


class SetStatus(Struct, frozen=True):
    """The person's status from now ``until`` then, such as ``available`` or ``away``."""

    person: str
    status: str
    until: datetime


# --- the case, and the callback that is owed ---


class Escalate(Struct, frozen=True):
    """Record a request for a level.

    ``set_by`` is the operator who records it, ``""`` the line; ``override`` the operator's reason
    for a level whose turn it isn't yet.
    """

    level: str
    set_by: str = ""
    override: str = ""


class TellCase(Struct, frozen=True):
    """Have the case hear something, once by ``key`` within the call.

    ``what`` is one of `ivr.line.turns.case.turn.ACTIONS`, ``by`` ``"caller"`` or a person's id.
    """

    what: str
    key: str
    by: str = "caller"
    data: Mapping[str, Any] = {}


class PromiseCallback(Struct, frozen=True):
    """Owe the caller a callback to ``number`` (``""`` when it is withheld)."""

    number: str
    why: Literal["asked", "hung up", "on the web"]


class ReportCallback(Struct, frozen=True):
    """Tell the call in which the callback was promised how it went.

    ``what`` is in the words of `ivr.line.turns.call.heard.CallbackWent`; ``by`` is a person's id,
    by default of the person who has the call.
    """

    what: str
    by: str = ""


class RingCustomer(Struct, frozen=True):
    """Ring the customer who is called back."""


class HangUpCustomer(Struct, frozen=True):
    """End the leg of the customer who is being called back."""


HuntOrder = StartHunt | RingNext | RingPerson | StopHunt | TakeCaller
LegOrder = (
    Accept
    | Decline
    | NotAnswered
    | CallPersonally
    | HasCalled
    | ClickKey
    | HoldCaller
    | ResumeCaller
    | HandOver
    | HangUp
)
DeskOrder = (
    SetStatus
    | Escalate
    | TellCase
    | PromiseCallback
    | ReportCallback
    | RingCustomer
    | HangUpCustomer
)
Order = HuntOrder | LegOrder | DeskOrder
