"""What a turn that was saved says to operators: counters, and a line in the log as a call ends."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

from ivr.line import metrics
from ivr.line.desk.events import Event
from ivr.line.records import BACK, WEB, Call
from ivr.line.turns.call.state import CallState

log = logging.getLogger(__name__)


def kind(sid: str) -> str:
    """Whose call it is: ``caller``, ``callback`` (the line makes it), or ``web`` (nobody's)."""
    if sid.startswith(BACK):
        return "callback"
    return "web" if sid.startswith(WEB) else "caller"


def how(call: Call) -> str:
    """How a call went that is over."""
    shared = call.data.shared
    if shared.met:
        return "met"
    return "promised" if shared.promise is not None else "left"


def saw(state: CallState) -> None:
    """Count what happened in a turn, now that it is stored."""
    for event in state.events:
        if counts := _COUNTED.get(event.kind):
            counts(state, event)
    for hunt, outcome in state.hunts_over:
        metrics.HUNTS.labels(hunt, outcome).inc()


def _started(state: CallState, event: Event) -> None:
    metrics.CALLS_STARTED.labels(kind(state.call.sid)).inc()


def _ended(state: CallState, event: Event) -> None:
    call, by = state.call, event.data["who"]
    whose, went = kind(call.sid), how(call)
    metrics.CALLS_ENDED.labels(whose, went).inc()
    seconds = round((event.at - call.started_at).total_seconds())
    more = {"kind": whose, "how": went, "by": by, "seconds": seconds, "turns": call.version}
    log.info(
        "call %s (%s) is over after %d s and %d turns: %s; ended by the %s",
        call.sid, whose, seconds, call.version, went, by,
        extra={"event": "call.ended", "call": call.sid, **more},
    )  # fmt: skip


def _rung(state: CallState, event: Event) -> None:
    metrics.RINGS.inc()


def _became(result: str) -> Callable[[CallState, Event], None]:
    counter = metrics.RING_RESULTS.labels(result)
    return lambda state, event: counter.inc()


def _met(state: CallState, event: Event) -> None:
    metrics.RING_RESULTS.labels("accepted").inc()
    now = [each for each in state.events if each.kind in ACCEPTED]
    before = sum(leg.met for leg in state.legs.rows.values()) - len(now)
    if not before and event is now[0] and kind(state.call.sid) == "caller":
        since = datetime.fromisoformat(event.data["since"])
        metrics.SECONDS_TO_PERSON.observe((since - state.call.started_at).total_seconds())


ACCEPTED = ("dial.accepted", "operator.accepted")
_COUNTED: dict[str, Callable[[CallState, Event], None]] = {
    "call.started": _started,
    "call.ended": _ended,
    "dial.started": _rung,
    "operator.taken": _became("taken"),
    **dict.fromkeys(ACCEPTED, _met),
    **{
        f"dial.{result}": _became(result)
        for result in ("answered", "taken", "declined", "busy", "noanswer", "machine", "failed")
    },
}
