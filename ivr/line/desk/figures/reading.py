"""Reads the log of one call, and sums it up: who answered, what was asked for, how it ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from ivr.line.desk.events import Event

STAGES = ("menu", "entry", "queue", "hunt")  # where callers may give up
HOW = ("met", "promised", "gave_up", "other")  # how a call went

# The kinds of event that are counted: of calls, and of cases and notices.
OF_CALLS = frozenset(
    {
        "call.ended",
        "callback.breached",
        "callback.done",
        "callback.promised",
        "candidate.ranked",
        "dial.accepted",
        "dial.started",
        "entry.accepted",
        "entry.rejected",
        "escalation.accepted",
        "escalation.requested",
        "operator.accepted",
        "queue.entered",
        "queue.left",
        "zero.pressed",
    }
)
OF_THE_DESK = ("edown.ended", "edown.set", "notification.failed", "notification.sent")


@dataclass(frozen=True, slots=True)
class LoggedCall:
    """A call with its log. ``stage`` is where it ended, one of `STAGES` or ``""``."""

    started: datetime
    ended: datetime | None
    language: str
    stage: str
    events: Sequence[Event]


@dataclass(slots=True)
class Request:
    """An escalation asked for on the telephone. ``tried`` are the people who were rung for it,
    ``first`` is who ranked first, ``taken`` by whom and when."""

    at: datetime
    first: str = ""
    tried: list[str] = field(default_factory=list)
    taken: str = ""
    taken_at: datetime | None = None


@dataclass(slots=True)
class CallSummary:
    """What a call comes to, as `summary` reads it from its log."""

    call: LoggedCall
    waits: list[tuple[float, str]] = field(default_factory=list)  # seconds: answered, given_up, on
    requests: list[Request] = field(default_factory=list)
    met: bool = False  # the caller spoke with somebody of the desk
    promised: bool = False  # of a callback; the caller asked for it, or had to make do with it
    due: datetime | None = None
    kept: datetime | None = None
    outcome: str = ""  # of the callback
    breached: bool = False
    tries: int = 0  # until the case number was right; 0 for never
    entered: bool = False  # the caller keyed a case number
    zeros: list[str] = field(default_factory=list)
    suggested: str = ""
    overruled: bool | None = None  # the operator rang somebody else first
    since: datetime | None = None  # in the operators' queue, until it is known how that ended
    left: datetime | None = None  # when they left it, while an operator may be met still

    @property
    def gave_up(self) -> bool:
        """The caller hung up before they spoke with anybody, and without a promise."""
        ended = [event for event in self.call.events if event.kind == "call.ended"]
        hung_up = bool(ended) and ended[-1].data.get("who") == "caller"
        return hung_up and not (self.met or self.promised)


def summary(call: LoggedCall) -> CallSummary:
    """Read the log of one call. Whoever is met counts from when the two were in one room, which
    was some seconds before that was a meeting."""
    found = CallSummary(call)
    with_operator = False
    together: dict[str, datetime] = {}  # since when, by person
    for event in call.events:
        data = event.data
        match event.kind:
            case "queue.entered":
                _went_on(found)
                found.since = event.at if data["queue"] == "operators" else None
            case "operator.taken":
                with_operator = True
            case "operator.accepted":
                with_operator = found.met = True
                _waited(found, _since(event), "answered")
            case "queue.left" if data["why"] == "abandoned":
                _waited(found, event.at, "given_up")
            case "queue.left":
                found.left = event.at if found.since else None
            case "call.ended":
                _went_on(found)
                _waited(found, event.at, "given_up")
            case "candidate.ranked":
                free = [each["person"] for each in data["ranking"] if not each["skipped"]]
                found.suggested = next(iter(free), "")
                if found.requests and not found.requests[-1].tried:
                    found.requests[-1].first = found.suggested
            case "escalation.requested":
                found.requests.append(Request(event.at, found.suggested))
            case "dial.started" if data["reason"] != "operator":
                if with_operator and found.overruled is None and found.suggested:
                    found.overruled = data["person"] != found.suggested
                for request in found.requests[-1:]:
                    request.tried.append(data["person"])
            case "dial.accepted":
                found.met = True
                together[event.actor] = _since(event)
            case "escalation.accepted":
                _taken(found, event.actor, together.get(event.actor, event.at))
            case "entry.accepted" | "entry.rejected":
                found.entered = True
                found.tries = found.tries or data.get("tries", 0)
            case "zero.pressed":
                found.zeros.append(str(data["where"]))
            case _:
                _promise(found, event)
    return found


def _since(event: Event) -> datetime:
    """Since when the two who have met were together; a log of old says only when they joined."""
    return datetime.fromisoformat(event.data["since"]) if "since" in event.data else event.at


def _waited(found: CallSummary, until: datetime, how: str) -> None:
    if found.since is not None:
        found.waits.append(((until - found.since).total_seconds(), how))
        found.since = found.left = None


def _went_on(found: CallSummary) -> None:
    """The queue was left, and no operator has been met since: the caller went on elsewhere."""
    if found.left is not None:
        _waited(found, found.left, "on")


def _taken(found: CallSummary, person: str, at: datetime) -> None:
    for request in found.requests:
        if request.taken_at is None:
            request.taken, request.taken_at = person, at


def _promise(found: CallSummary, event: Event) -> None:
    match event.kind:
        case "callback.promised":
            found.promised = event.data["why"] != "hung up"
            found.due = datetime.fromisoformat(event.data["due"])
        case "callback.done":
            found.outcome = event.data["outcome"]
            if found.outcome == "met":
                found.kept = event.at
                _taken(found, event.actor, event.at)
        case "callback.breached":
            found.breached = True


def how(call: CallSummary) -> str:
    """One of `HOW`; ``other`` are calls in progress, and those that ended with a goodbye."""
    if call.met:
        return "met"
    if call.promised:
        return "promised"
    return "gave_up" if call.gave_up else "other"


__all__ = [
    "HOW", "OF_CALLS", "OF_THE_DESK", "STAGES", "CallSummary", "LoggedCall", "Request", "how",
    "summary",
]  # fmt: skip
