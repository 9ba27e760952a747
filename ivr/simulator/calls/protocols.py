"""What the parts of a call ask of one another, where neither may import the other.

A leg rings a telephone, may be the child of a <Dial>, and is engaged in what its document has led
to. All of those know legs; a leg knows them only as they are described here. ``L`` is the leg.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from ivr.simulator.calls.messages import Recipient
from ivr.simulator.calls.player import Player
from ivr.simulator.interpreter.requests import NONE, Fetch, Page, Params
from ivr.simulator.interpreter.settings import Setting
from ivr.simulator.interpreter.speech import Utterance
from ivr.simulator.network.network import Network
from ivr.simulator.network.routes import Dialled

L = TypeVar("L")


class Refusal(NamedTuple):
    """Why a telephone can't be rung.

    ``status`` is the call's final one. A call that fails is noted in the debugger's log, with
    ``code``, Twilio's or 0, and ``level``; a "notice" is what a test has arranged. ``sip`` is the
    SIP response.
    """

    status: str
    why: str
    level: str = "notice"
    code: int = 0
    sip: str = ""


class Telephone(Protocol[L]):
    """What a leg asks of what is at its end: a telephone, or another call."""

    eager: bool  # there is something to key or say as soon as a document listens

    @property
    def far(self) -> L | None:
        """The call at its other end, where that is no telephone but an application's number."""

    @property
    def machine(self) -> bool:
        """Whether an answering machine picks up here."""

    @property
    def greeting(self) -> str:
        """What that machine says; "" where there is none."""

    @property
    def sends(self) -> Mapping[str, str]:
        """The SIP headers that it sends with its calls and its answers."""

    def refusal(self, leg: L) -> Refusal | None:
        """Why the call can't ring here; None if it can."""

    def ring(self, leg: L) -> None:
        """A call has arrived."""

    def told(self, content: str) -> None:
        """A softphone gets a message of the application's, a JSON text."""

    def hear(self, utterance: Utterance) -> None:
        """Something is played or said to the person."""

    def tone(self, key: str) -> None:
        """Somebody on the call presses a key."""

    def asked(self, leg: L) -> None:
        """A document has begun to listen; only called while `eager`."""

    def dropped(self, leg: L) -> None:
        """The call is over, as far as this telephone is concerned."""


class Phone(Telephone[L], Recipient, Protocol[L]):
    """A telephone, which gets texts as well."""


class Parent(Protocol[L]):
    """What a leg asks of the <Dial> that placed it."""

    def picked_up(self, child: L) -> None: ...
    def document_over(self, leg: L, setting: Setting, error: str) -> None: ...
    def company_of(self, child: L) -> Iterable[L]: ...
    def child_redirected(self, child: L) -> None: ...
    def child_ended(self, child: L) -> None: ...


class Engagement(Generic[L]):
    """What a leg's document has led to: numbers ringing, a partner, a conference, a queue.

    Every member does nothing unless an engagement has a use for it.
    """

    __slots__ = ()

    def start(self) -> None:
        """Begin; called once, when it has become the leg's."""

    def star(self) -> None:
        """The leg pressed ``*`` while no document was listening."""

    def spoke(self, text: str) -> None:
        """The person at the leg has said something."""

    def document_over(self, leg: L, setting: Setting, error: str) -> None:
        """A document that played over the leg's own has ended; ``error`` is "" if it was well."""

    def left(self, result: str) -> None:
        """The leg's wait document says <Leave>, or can't go on."""

    def leave(self, reason: str) -> Params:
        """The leg goes ("hangup", "redirected"); returns the parameters of its action, if any."""
        return NONE

    def company(self) -> Iterable[L]:
        """The legs that this one can talk to."""
        return ()

    def waiting_params(self) -> Params:
        """What the request for a wait document says, as things stand when it is made."""
        return NONE


class CallNetwork(Network, ABC, Generic[L]):
    """The network, as far as a leg has to do with it."""

    legs: dict[str, L]  # by SID, those that have ended not long ago among them
    # What answers each kind of request of a document, or PENDING and resumes the player later.
    handlers: Mapping[type, Callable[[L, Player, Any], object]]

    @abstractmethod
    def dial_out(
        self, sender: str, called: Dialled, start: Fetch | Page, timeout: float, digits: str = ""
    ) -> L:
        """A call made by REST, or for TaskRouter."""

    @abstractmethod
    def leg(self, direction: str, sender: str, receiver: str, parent: L | None = None) -> L:
        """A new leg; see `Leg`."""

    @abstractmethod
    def telephone(self, leg: L) -> Telephone[L] | None:
        """What an outgoing call rings; None if there is nothing."""

    @abstractmethod
    def ended(self, leg: L) -> None:
        """A call is over."""
