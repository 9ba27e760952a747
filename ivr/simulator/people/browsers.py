"""Which browser has which phone in hand, and what one sends to another.

Two people who talk hear each other's microphones where each has his phone in hand in a browser of
his own. The browsers find each other by letters (WebRTC's descriptions and candidates), which are
kept here until they are fetched; sound never comes by.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock
from typing import Any

GONE = 5.0  # seconds without a word after which a browser has let go of its phones
MOST = 200  # letters kept for one browser


class Hands:
    """Phones in hand. ``now`` tells seconds that only go forward."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now, self._lock = now, Lock()
        self._hands: dict[str, str] = {}
        self._seen: dict[str, float] = {}
        self._letters: dict[str, list[dict[str, Any]]] = {}

    def seen(self, client: str) -> None:
        """This browser is there; those that haven't been for a while have let go."""
        with self._lock:
            now = self._now()
            if client:
                self._seen[client] = now
            gone = {each for each, at in self._seen.items() if now - at > GONE}
            for each in gone:
                del self._seen[each]
                self._letters.pop(each, None)
            self._hands = {n: who for n, who in self._hands.items() if who not in gone}

    def take(self, number: str, client: str) -> None:
        """Take a phone in hand, out of another browser's if need be."""
        with self._lock:
            if client:
                self._hands[number] = client
                self._seen[client] = self._now()

    def put_down(self, number: str, client: str) -> None:
        """Let go of it, if it is this browser that has it."""
        with self._lock:
            if self._hands.get(number) == client:
                del self._hands[number]

    def of(self, number: str) -> str:
        """The browser that has it in hand, ``""`` if none has."""
        return self._hands.get(number, "")

    def send(self, client: str, sender: str, receiver: str, letter: Any) -> str:
        """A letter from one phone to another; what is wrong with that otherwise."""
        with self._lock:
            if self._hands.get(sender) != client:
                return f"{sender} isn't in this browser's hand"
            to = self._hands.get(receiver, "")
            if not to or to == client:
                return f"{receiver} isn't in another browser's hand"
            box = self._letters.setdefault(to, [])
            if len(box) >= MOST:
                return f"{receiver} doesn't fetch its letters"
            box.append({"from": sender, "to": receiver, "letter": letter})
            return ""

    def letters(self, client: str) -> list[dict[str, Any]]:
        """What came for this browser since it asked last."""
        with self._lock:
            return self._letters.pop(client, [])


__all__ = ["Hands"]
