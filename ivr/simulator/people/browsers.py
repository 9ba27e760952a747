"""Which browser holds which phone, and the messages between browsers.

Two people on a call hear each other's microphones if each holds their phone in a browser of their
own. The browsers connect by letters (WebRTC's descriptions and candidates), which are kept here
until they are fetched; the sound itself goes from browser to browser.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock
from typing import Any

GONE = 5.0  # seconds without a request after which a browser no longer holds its phones
MAX_LETTERS = 200  # kept for one browser


class Hands:
    """The phones that browsers hold. ``now`` is a monotonic clock, in seconds."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lock = Lock()
        self._hands: dict[str, str] = {}
        self._seen: dict[str, float] = {}
        self._letters: dict[str, list[dict[str, Any]]] = {}

    def seen(self, client: str) -> None:
        """A browser has sent a request; those that haven't for a while lose their phones."""
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
        """Hold a phone, even if another browser holds it now."""
        with self._lock:
            if client:
                self._hands[number] = client
                self._seen[client] = self._now()

    def put_down(self, number: str, client: str) -> None:
        """Put down a phone, if it is this browser that holds it."""
        with self._lock:
            if self._hands.get(number) == client:
                del self._hands[number]

    def of(self, number: str) -> str:
        """The browser that holds a phone, "" if none does."""
        return self._hands.get(number, "")

    def send(self, client: str, sender: str, receiver: str, letter: Any) -> str:
        """Send a letter from one phone to another. Returns why it can't be sent, "" if it was."""
        with self._lock:
            if self._hands.get(sender) != client:
                return f"this browser doesn't hold {sender}"
            to = self._hands.get(receiver, "")
            if not to or to == client:
                return f"no other browser holds {receiver}"
            box = self._letters.setdefault(to, [])
            if len(box) >= MAX_LETTERS:
                return f"the browser that holds {receiver} doesn't fetch its letters"
            box.append({"from": sender, "to": receiver, "letter": letter})
            return ""

    def letters(self, client: str) -> list[dict[str, Any]]:
        """The letters for this browser since it last asked."""
        with self._lock:
            return self._letters.pop(client, [])


__all__ = ["Hands"]
