"""Who works at the desk, when, and for which queue."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, time

EVERY_DAY = frozenset(range(7))


@dataclass(frozen=True, slots=True)
class Person:
    """A person who may be rung, with their present state.

    ``phone`` is E.164 or ``client:name``; empty if they can't be rung. ``roles`` are of "operator",
    "engineer", "manager", "second_level". ``status`` is "available", "busy_soon", "away" (out of
    office; then ``delegate`` stands in) or "dnd". ``hours`` are working hours in ``zone``, None
    for any time; who is ``on_call`` may be rung outside them. ``days`` (Monday is 0) are those on
    which they begin, ``holidays`` the calendar ("FR", "DE-BY") on whose holidays they don't, "" for
    none. ``status_by`` (a person's id) set the status at ``status_since``, both empty when nobody
    did; it ends by itself at ``status_until``. The delegate stands in from ``delegate_from`` until
    ``delegate_until`` only. ``busy_with`` is the attempt that has claimed them. Instants are aware.
    ``notify`` are their own `apprise` URLs, used instead of mail;
    ``pin`` is the hash of the PIN that they key to set their status by phone.
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
    pin: str = ""
    days: frozenset[int] = EVERY_DAY
    holidays: str = ""
    status_since: datetime | None = None
    status_by: str = ""
    status_until: datetime | None = None
    delegate_from: datetime | None = None
    delegate_until: datetime | None = None

    def at(self, now: datetime) -> Person:
        """The person at ``now``: without a status that has ended or a delegate who isn't due."""
        person = self
        if self.status_until is not None and self.status_until <= now:
            person = replace(person, status="available", status_by="")
            person = replace(person, status_since=None, status_until=None)
        early = self.delegate_from is not None and now < self.delegate_from
        late = self.delegate_until is not None and self.delegate_until <= now
        return replace(person, delegate=None) if early or late else person

    def speaks(self, language: str) -> bool:
        """Whether they speak it. Regions don't count: "fr" covers "fr-CA"."""
        wanted = _plain(language)
        return any(_plain(spoken) == wanted for spoken in self.languages)


@dataclass(frozen=True, slots=True)
class Shift:
    """A daily window on the rota: ``person`` does ``role`` from ``starts`` to ``ends`` in ``zone``.

    ``role`` is "duty" or "second_level_duty". An empty ``region`` is the whole world, an empty
    ``product`` is any. ``ends`` at or before ``starts`` is on the next day. ``days`` (Monday is 0),
    ``first`` and ``last`` are about the day on which the window starts. It is worked on holidays,
    except those of the calendar ``holidays`` ("FR", "DE-BY").
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
    holidays: str = ""


@dataclass(frozen=True, slots=True)
class Stint:
    """``person`` is on duty once, from the instant ``starts`` until before ``ends``.

    ``source`` is "override", which beats the rota, or "calendar", which is part of it; ``as_of`` is
    when the calendar was read. With ``instead_of`` an override takes over what that person would
    be on duty for, and ``role``, ``region`` and ``product`` say for what alone, empty for all.
    """

    id: str
    person: str
    starts: datetime
    ends: datetime
    role: str = ""
    region: str = ""
    product: str = ""
    instead_of: str = ""
    source: str = "override"
    as_of: datetime | None = None


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


__all__ = ["EVERY_DAY", "Person", "Queue", "Shift", "Stint"]
