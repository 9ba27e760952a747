"""What has happened between telephones: the facts that a line's words can be held against."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NamedTuple, Protocol

MOST = 200_000  # happenings that are remembered


class Happening(NamedTuple):
    """Something that has happened to a call.

    ``what`` is one of

    - "ringing", "answered" and "ended" (``about``: the final status, ``why``: the reason in words);
    - "lost": its telephone is gone, and the network doesn't know;
    - "queued" and "dequeued" (``about``: the queue's name);
    - "joined" and "left" a conference, "held", "resumed", "muted" and "unmuted" in it (``about``:
      its name); "started" (no call): those who are in it hear each other from now on;
    - "bridged" and "parted" by a <Dial> (``about``: the other call's SID).
    """

    at: datetime
    call_sid: str
    what: str
    about: str = ""
    why: str = ""


class Span(NamedTuple):
    """A stretch of time; ``until`` is None if it goes on."""

    since: datetime
    until: datetime | None = None


class _Clock(Protocol):
    def now(self) -> datetime: ...


class History:
    """What has happened, the oldest first; of more than ``most`` happenings the oldest are
    forgotten. Iterating gives `Happening`s."""

    def __init__(self, clock: _Clock, most: int = MOST) -> None:
        self.most = most
        self._clock = clock
        self._happenings: list[Happening] = []

    def __iter__(self) -> Iterator[Happening]:
        return iter(self._happenings)

    def __len__(self) -> int:
        return len(self._happenings)

    def add(self, call_sid: str, what: str, about: str = "", why: str = "") -> None:
        """Something has happened just now."""
        self._happenings.append(Happening(self._clock.now(), call_sid, what, about, why))
        if len(self._happenings) > self.most * 1.1:
            del self._happenings[: -self.most]

    def together(self, one: str, other: str) -> list[Span]:
        """When two calls, by SID, could hear each other, in a conference or connected by a <Dial>.

        Whom a coach talks to makes no difference.
        """
        return together(self).get(frozenset((one, other)), [])


def together(happenings: Iterable[Happening]) -> dict[frozenset[str], list[Span]]:
    """When calls could hear each other, by pairs of their SIDs."""
    company = _Company()
    for happening in happenings:
        company.hear(happening)
    return company.spans()


class _Room:
    """A conference: who is in it, and who of them neither hears nor is heard."""

    def __init__(self) -> None:
        self.members: set[str] = set()
        self.apart: dict[str, set[str]] = {}  # by call, why: held, muted
        self.started = False

    def talking(self) -> set[str]:
        return {sid for sid in self.members if not self.apart.get(sid)} if self.started else set()


class _Company:
    def __init__(self) -> None:
        self._rooms: dict[str, _Room] = {}
        self._open: dict[frozenset[str], datetime] = {}
        self._over: dict[frozenset[str], list[Span]] = {}

    def hear(self, happening: Happening) -> None:
        at, sid, what, about, _ = happening
        if what in ("bridged", "parted"):
            self._set({sid, about}, what == "bridged", at)
        elif about in self._rooms or what == "joined":
            room = self._rooms.setdefault(about, _Room())
            before = room.talking()
            self._change(room, sid, what)
            after = room.talking()
            if before != after:
                self._compare(before, after, at)
            if not room.members:
                del self._rooms[about]

    def _change(self, room: _Room, sid: str, what: str) -> None:
        match what:
            case "joined":
                room.members.add(sid)
            case "left":
                room.members.discard(sid)
                room.apart.pop(sid, None)
            case "held" | "muted":
                room.apart.setdefault(sid, set()).add(what)
            case "resumed":
                room.apart.get(sid, set()).discard("held")
            case "unmuted":
                room.apart.get(sid, set()).discard("muted")
            case "started":
                room.started = True

    def _compare(self, before: set[str], after: set[str], at: datetime) -> None:
        for sid in before - after:
            for other in before - {sid}:
                self._set({sid, other}, False, at)
        for sid in after - before:
            for other in after - {sid}:
                self._set({sid, other}, True, at)

    def _set(self, two: set[str], hear: bool, at: datetime) -> None:
        pair = frozenset(two)
        if hear:
            self._open.setdefault(pair, at)
        elif pair in self._open:
            self._over.setdefault(pair, []).append(Span(self._open.pop(pair), at))

    def spans(self) -> dict[frozenset[str], list[Span]]:
        for pair, since in self._open.items():
            self._over.setdefault(pair, []).append(Span(since))
        return self._over


__all__ = ["Happening", "History", "Span", "together"]
