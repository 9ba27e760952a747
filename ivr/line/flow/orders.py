"""What a flow may order the line to do.

An effect gives an order with ``talk.order(StartHunt("operators"))``; it is carried out in the same
turn, by `ivr.line.turns.call.turn.CallTurn`. Where an order is about a leg, it is the one whose
conversation gave it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

# --- who is rung ---


@dataclass(frozen=True, slots=True)
class StartHunt:
    """Ring the people of the last ranking. ``manual``: one at a time, whenever `RingNext` says so.

    ``name`` is one of the hunts in the line's configuration.
    """

    name: str
    manual: bool = False


@dataclass(frozen=True, slots=True)
class RingNext:
    """Ring the next person of a manual hunt."""


@dataclass(frozen=True, slots=True)
class RingPerson:
    """Ring this person of the last ranking first."""

    person: str


@dataclass(frozen=True, slots=True)
class StopHunt:
    """Ring nobody any more."""


@dataclass(frozen=True, slots=True)
class TakeCaller:
    """An operator comes forward: ring them beside the others. ``entry`` is theirs in a ranking."""

    entry: dict[str, Any]


# --- what the person who is rung answers ---


@dataclass(frozen=True, slots=True)
class Accept:
    """The person takes the call."""


@dataclass(frozen=True, slots=True)
class Decline:
    """The person doesn't take the call."""


@dataclass(frozen=True, slots=True)
class NotAnswered:
    """Nobody pressed a key, so nobody has answered."""


@dataclass(frozen=True, slots=True)
class CallPersonally:
    """The person calls the caller personally, soon."""


@dataclass(frozen=True, slots=True)
class HasCalled:
    """The person has called the customer personally already."""


@dataclass(frozen=True, slots=True)
class ClickKey:
    """A click in place of a key of the whisper: 1 accepts, 2 declines, 3 calls personally."""

    key: Literal["1", "2", "3"]


# --- what the person who is with the caller orders ---


@dataclass(frozen=True, slots=True)
class HoldCaller:
    """Put the caller on hold."""


@dataclass(frozen=True, slots=True)
class ResumeCaller:
    """Take the caller off hold."""


@dataclass(frozen=True, slots=True)
class HandOver:
    """The operator leaves the rest to the line."""


@dataclass(frozen=True, slots=True)
class HangUp:
    """End this leg."""


@dataclass(frozen=True, slots=True)
class SetStatus:
    """The person's status from now ``until`` then, such as ``available`` or ``away``."""

    person: str
    status: str
    until: datetime


# --- the case, and the callback that is owed ---


@dataclass(frozen=True, slots=True)
class Escalate:
    """Record a request for a level.

    ``set_by`` is the operator who records it, ``""`` the line; ``override`` the operator's reason
    for a level whose turn it isn't yet.
    """

    level: str
    set_by: str = ""
    override: str = ""


@dataclass(frozen=True, slots=True)
class TellCase:
    """Have the case hear something, once by ``key`` within the call.

    ``what`` is one of `ivr.line.turns.case.turn.ACTIONS`, ``by`` ``"caller"`` or a person's id.
    """

    what: str
    key: str
    by: str = "caller"
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PromiseCallback:
    """Owe the caller a callback to ``number`` (``""`` when it is withheld)."""

    number: str
    why: Literal["asked", "hung up", "on the web"]


@dataclass(frozen=True, slots=True)
class ReportCallback:
    """Tell the call in which the callback was promised how it went.

    ``what`` is in the words of `ivr.line.turns.call.heard.CallbackWent`; ``by`` is a person's id,
    by default of the person who has the call.
    """

    what: str
    by: str = ""


@dataclass(frozen=True, slots=True)
class RingCustomer:
    """Ring the customer who is called back."""


@dataclass(frozen=True, slots=True)
class HangUpCustomer:
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
