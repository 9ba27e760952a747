"""A leg's place in its flow, what it can hear, and what a flow's table may say about it.

A `Conversation` is plain data between two turns. `Heard` is one thing heard of the leg. Effects and
guards are functions of both; `Go` says where an outcome leads.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from msgspec import Struct

from ivr.line.flow.orders import Order


class Heard(Struct, frozen=True):
    """One thing heard of a call.

    ``kind`` is ``"keys"`` (``value``: as pressed, ``""`` for silence) or ``"outcome"`` (``value``:
    its name, such as ``"hangup"``, ``"found"``, ``"joined"``); ``data`` is what came with it.
    """

    kind: str
    value: str = ""
    data: Mapping[str, Any] = {}


def keys(pressed: str) -> Heard:
    """The caller pressed these keys; none is silence."""
    return Heard("keys", pressed)


def outcome(name: str, **data: Any) -> Heard:
    """Something other than the caller answered the present step."""
    return Heard("outcome", name, data)


Shared = TypeVar("Shared", covariant=True)
Own = TypeVar("Own", covariant=True)


class Conversation(Struct, Generic[Shared, Own]):
    """Where one leg is in its flow: plain data between two turns.

    ``own`` are this leg's values, ``shared`` those of the whole call. ``happened`` is what this
    turn has to tell, ``(kind, data)``; ``orders`` what it wants done. ``turn`` counts what was
    heard; ``seen`` is the turn whose document the leg was last given. ``tries`` are this step's
    failures, ``silences`` those of them that were silence, in a row; ``failures`` are those of all
    steps since there was last a person to wait for.
    """

    state: str
    language: str
    shared: Shared
    own: Own
    turn: int = 0
    seen: int = -1
    tries: int = 0
    silences: int = 0
    failures: int = 0
    slow: bool = False
    notes: tuple[str, ...] = ()
    happened: list[tuple[str, dict[str, Any]]] = []
    orders: list[Order] = []

    def order(self, order: Order) -> None:
        """Have the line do something: hunt, escalate, promise a callback … It does so this turn."""
        self.orders.append(order)

    def emit(self, kind: str, /, **data: Any) -> None:
        """Say that something happened. Callbacks do nothing else to the world."""
        self.happened.append((kind, data))


AnyConversation = Conversation[Any, Any]  # the engine reads no values

Phrase = tuple[str, str]  # a prompt's key, and the language it is said in ("" is the caller's)
Says = tuple[str, ...] | Callable[[AnyConversation], tuple[Phrase, ...]]
Effect = Callable[[AnyConversation, Heard], None]
Guard = Callable[[AnyConversation, Heard], bool]


@dataclass(frozen=True, slots=True)
class Go:
    """Where an outcome leads. ``to=None`` stays; ``says`` is said before what comes next."""

    to: str | None = None
    then: tuple[Effect, ...] = ()
    when: Guard | None = None
    says: str = ""


Leads = str | Go | tuple[Go, ...]
