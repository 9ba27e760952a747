"""Calls taken again from their event logs."""

from __future__ import annotations

from typing import Any

from ivr.line.story.replay import replay
from ivr.line.values import CallData
from tests.kit.desk import Desk


def states(data: CallData) -> dict[str, Any]:
    """Where everybody in a call is."""
    return {
        "caller": (data.caller.state, data.caller.turn),
        "legs": {
            attempt: (leg.person, leg.state, leg.talk.state, leg.talk.turn)
            for attempt, leg in data.legs.items()
        },
        "hunt": data.hunt,
        "promise": data.shared.promise,
        "requested": data.shared.requested,
        "keyed": data.shared.case.keyed,
    }


def is_the_same_again(desk: Desk, sid: str) -> None:
    """Replays a stored call, and compares where everybody ended."""
    call = desk.store.calls.load(sid)
    assert call is not None
    *_, (_, turn) = replay(desk.line, call, desk.store.logs.events(sid))
    turn.state.caller.seen = turn.state.caller.turn
    assert states(turn.close().data) == states(call.data)
