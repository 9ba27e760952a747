"""Who works at the desk, when, and for which queue."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time

EVERY_DAY = frozenset(range(7))


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may be rung, with the state he is in just now.

    ``phone`` is E.164 or ``client:name``; empty when he can't be rung. ``roles`` are of "operator",
    "engineer", "manager", "second_level". ``status`` is "available", "busy_soon", "away" (out of
    office; then ``delegate`` stands in) or "dnd". ``hours`` are his working hours in ``zone``, None
    for any time; who is ``on_call`` may be rung outside them. ``busy_with`` is the attempt that has
    claimed him. ``last_taken`` and ``last_no_answer`` are aware instants. ``notify`` are
    his own `apprise` URLs, if mail isn't what reaches him.
    """

    id: str
    name: str
    phone: str = ""
    roles: frozenset[str] = frozenset()
    languages: tuple[str, ...] = ("en",)
    manager: str | None = None
    delegate: str | None = None
    team: str | None = None
    region: str = ""
    active: bool = True
    status: str = "available"
    on_call: bool = False
    busy_with: str | None = None
    hours: tuple[time, time] | None = None
    zone: str = "UTC"
    active_escalations: int = 0
    capacity: int = 3
    last_taken: datetime | None = None
    last_no_answer: datetime | None = None
    email: str = ""
    notify: tuple[str, ...] = ()

    def speaks(self, language: str) -> bool:
        """Whether he speaks it; regions don't count, "fr-CA" is spoken by who speaks "fr"."""
        wanted = _plain(language)
        return any(_plain(spoken) == wanted for spoken in self.languages)


@dataclass(frozen=True, slots=True)
class Shift:
    """A daily window on the rota: ``person`` does ``role`` from ``starts`` to ``ends`` in ``zone``.

    ``role`` is "duty" or "second_level_duty". An empty ``region`` is the whole world, an empty
    ``product`` is any. ``ends`` at or before ``starts`` is on the next day. ``days`` (Monday is 0),
    ``first`` and ``last`` are about the day on which the window starts.
    """

    id: str
    person: str
    role: str
    region: str = ""
    product: str = ""
    starts: time = time(0)
    ends: time = time(0)
    zone: str = "UTC"
    days: frozenset[int] = EVERY_DAY
    first: date | None = None
    last: date | None = None


@dataclass(frozen=True, slots=True)
class Queue:
    """Where cases wait for an owner; its manager answers for those that have none."""

    id: str
    manager: str | None = None
    region: str = ""
    product: str = ""
    name: str = ""


def _plain(language: str) -> str:
    return language.partition("-")[0].lower()


__all__ = ["EVERY_DAY", "Person", "Queue", "Shift"]
