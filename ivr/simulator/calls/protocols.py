"""What the parts of a call ask of one another, where neither may import the other.

A leg rings a telephone, may be the child of a <Dial>, and is engaged in what its document has led
to. All of those know legs; a leg knows them only as they are described here. ``L`` is the leg.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Generic, Protocol, TypeVar

from ivr.simulator.calls.messages import Recipient
from ivr.simulator.calls.player import Player
from ivr.simulator.interpreter.requests import NONE, Fetch, Page, Params
from ivr.simulator.interpreter.settings import Setting
from ivr.simulator.interpreter.speech import Utterance
from ivr.simulator.network.network import Network

L = TypeVar("L")
L_contra = TypeVar("L_contra", contravariant=True)


class Telephone(Recipient, Protocol[L_contra]):
    """What a leg asks of the telephone at its end."""

    eager: bool  # there is something to key or say as soon as a document listens

    @property
    def machine(self) -> bool:
        """Whether an answering machine picks up here."""

    @property
    def greeting(self) -> str:
        """What that machine says; "" where there is none."""

    def refusal(self) -> str:
        """The final status of a call that can't ring here; "" if it can."""

    def ring(self, leg: L_contra) -> None:
        """A call has arrived."""

    def told(self, content: str) -> None:
        """A softphone gets a message of the application's, a JSON text."""

    def hear(self, utterance: Utterance) -> None:
        """Something is played or said to the person."""

    def asked(self, leg: L_contra) -> None:
        """A document has begun to listen; only called while `eager`."""

    def dropped(self, leg: L_contra) -> None:
        """The call is over, as far as this telephone is concerned."""


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

    @abstractmethod
    def dial_out(
        self, sender: str, receiver: str, start: Fetch | Page, timeout: float, digits: str = ""
    ) -> L:
        """A call made by REST, or for TaskRouter."""

    @abstractmethod
    def leg(self, direction: str, sender: str, receiver: str, parent: L | None = None) -> L:
        """A new leg; see `Leg`."""

    @abstractmethod
    def carry_out(self, leg: L, player: Player, request: object) -> object:
        """Answer one request of a document, or return PENDING and resume the player later."""

    @abstractmethod
    def ended(self, leg: L) -> None:
        """A call is over."""
