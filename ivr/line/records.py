"""What is stored of calls and cases, as plain values."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from ivr.line.values import CallData


class Call(Struct):
    """One caller's call. ``version`` is the optimistic lock, 0 before it was ever stored.

    ``document`` is the TwiML of the caller's present step. ``waiting_for`` names the queue that
    they wait in, ``""`` when they don't. ``events`` and ``head`` are
    the length of the call's event log and the hash of its last one.
    """

    sid: str
    flow: str
    flow_version: str
    step: str
    language: str
    caller: str
    called: str
    started_at: datetime
    data: CallData
    version: int = 0
    document: str = ""
    waiting_for: str = ""
    waiting_since: datetime | None = None
    ended_at: datetime | None = None
    events: int = 0
    head: str = ""


BACK = "CB-"  # begins the name of a call that we make ourselves …
WEB = "WEB-"  # … and of one that stands for a request on the web, and nobody made

MOVES_LEGS = (  # the kinds of duty that bring people and calls where they belong, at once
    "ring", "lapse", "hang_up", "send", "hold", "announce", "release", "time_up", "look_again",
    "ring_customer", "record", "room", "meeting", "free",
    "holder",
)  # fmt: skip
IN_A_WHILE = (  # the kinds that are due some time after something, whatever the hour is then
    *MOVES_LEGS, "came", "feed", "lost_calls", "notify", "owe", "post", "rota",
)  # fmt: skip


class Duty(Struct):
    """Something that must happen at ``due``, once by ``key``.

    ``call`` is a call's SID, or ``case:`` and a case's number. ``lane`` keeps those of one call
    that must follow each other in order; ``owner`` is the id of the person who owes it, if a person
    does. ``id``, ``attempts`` and ``why`` (it was put off or given up) are the store's.
    """

    key: str
    call: str
    kind: str
    due: datetime
    data: dict[str, Any] = {}
    owner: str = ""
    lane: str = ""
    id: int = 0
    attempts: int = 0
    state: str = "due"
    taken_until: datetime | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Escalation:
    """A request for a level: who wanted it and who recorded it are two people."""

    key: str
    call: str
    case: str
    level: str
    requested_by: str
    set_by: str
    requested_at: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Note:
    """A line in a case's history; ``visibility`` is "internal" or "customer"."""

    key: str
    call: str
    case: str
    text: str
    author: str
    at: datetime
    visibility: str = "internal"


@dataclass(frozen=True, slots=True)
class Recording:
    """What the carrier keeps of a voice; its address is left with the carrier.

    ``purpose`` is "message" (spoken on purpose, see `ivr.line.flow.steps.RecordStep`) or
    "conversation"; ``state`` is "in-progress", "completed", "absent" (too short to be kept) or
    "deleted".
    """

    sid: str
    call: str
    case: str
    purpose: str
    seconds: int
    state: str
    at: datetime
    deleted_at: datetime | None = None


@dataclass(slots=True)
class CaseFile:
    """What is going on with a case, see `ivr.line.turns.case.turn`.

    ``version`` is the optimistic lock.
    """

    number: str
    data: dict[str, Any] = field(default_factory=dict)
    version: int = 0
    events: int = 0
    head: str = ""

    @property
    def sid(self) -> str:
        """The name of its event log, and of its duties' lanes."""
        return f"case:{self.number}"


@dataclass(frozen=True, slots=True)
class Feed:
    """An on-call calendar of another system: whoever it names does ``role`` then.

    ``fetched_at`` is when it was last known to be current, ``body`` what it said; ``error`` is what
    went wrong at the last try. ``unmatched`` are entries that are nobody's, in words.
    """

    id: str
    url: str
    role: str = "duty"
    region: str = ""
    product: str = ""
    zone: str = "UTC"
    added_at: datetime | None = None
    fetched_at: datetime | None = None
    etag: str = ""
    modified: str = ""
    body: str = ""
    error: str = ""
    unmatched: tuple[str, ...] = ()

    def stale(self, now: datetime, after: timedelta) -> bool:
        """Whether nothing has been heard of it for longer than ``after``."""
        since = self.fetched_at or self.added_at
        return since is not None and now - since > after


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """From ``starts`` until before ``ends`` a feed has ``person`` on duty."""

    id: str
    feed: str
    person: str
    starts: datetime
    ends: datetime


@dataclass(frozen=True, slots=True)
class Login:
    """Somebody who may sign in.

    ``person`` is the id of whoever works here, ``contact`` a customer's, with the ``accounts`` that
    they may see, the primary one first. ``hash`` is of the password, ``""`` when another provider
    vouches for them. A higher ``epoch`` ends every session that began before.
    """

    id: str
    email: str
    name: str
    roles: tuple[str, ...]
    person: str = ""
    contact: str = ""
    accounts: tuple[str, ...] = ()
    hash: str = ""
    active: bool = True
    epoch: int = 0
