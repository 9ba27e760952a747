"""What the carrier and the clock report, as things heard of the call."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import assert_never

from ivr.line.flow.steps import Customer, RecordStep
from ivr.line.turns.call.heard import (
    CallerLegEnded,
    CallHeard,
    CustomerAnswered,
    CustomerLapsed,
    InRoom,
    KeysInQueue,
    KeysPressed,
    LegAnswered,
    LegEnded,
    LegPlaced,
    OutcomeHeard,
    Recorded,
    Report,
    RoomReported,
    RoomSeen,
)
from ivr.line.turns.call.state import CallState


def heard_of(state: CallState, report: Report) -> Iterator[CallHeard]:
    """What a report comes to. Each thing is heard before the next one is thought of."""
    match report:
        case KeysInQueue(keys=keys, turn=turn):
            before = state.caller.state
            yield KeysPressed(keys, turn=turn)
            state.leaves = not state.waiting or state.caller.state != before
        case Recorded():
            yield from _recorded(state, report)
        case LegAnswered():
            yield from _leg_answered(state, report)
        case CallerLegEnded(sid=sid, answered=answered):
            if state.leg_sid in ("", sid):  # else it is a second leg, which was hung up
                yield OutcomeHeard("hangup" if answered else "unanswered")
        case CustomerAnswered(sid=sid):
            yield from _customer_answered(state, sid)
        case RoomReported():
            yield from _room_reported(state, report)
        case RoomSeen(room=room, held=held):
            yield from _room_seen(state, room, held)
        case CustomerLapsed():
            if isinstance(state.step, Customer):  # it can have rung only if there was a leg
                yield OutcomeHeard("unanswered" if state.leg_sid else "unplaced")
        case _:
            assert_never(report)


def _leg_of(state: CallState, sid: str) -> str | None:
    """Whose leg the carrier calls ``sid``: an attempt, ``""`` for the caller's, None for no leg."""
    if sid == state.leg_sid:
        return ""
    return next((leg for leg, row in state.legs.rows.items() if row.sid == sid), None)


def _room_reported(state: CallState, report: RoomReported) -> Iterator[CallHeard]:
    leg = _leg_of(state, report.sid)
    if leg is None:
        return
    yield InRoom(leg, report.what, report.room, report.number)
    if report.over:
        yield LegEnded(leg, "ended", report.sid) if leg else OutcomeHeard("hangup")


def _room_seen(state: CallState, room: str, held: Mapping[str, bool]) -> Iterator[CallHeard]:
    """What the carrier's answer says of each leg; it moves something only where that is news."""
    sids = {"": state.leg_sid} | {leg: row.sid for leg, row in state.legs.rows.items()}
    for leg, sid in sids.items():
        where = "gone" if sid not in held else "held" if held[sid] else "here"
        yield InRoom(leg, where, room)


def _recorded(state: CallState, report: Recorded) -> Iterator[CallHeard]:
    """Twilio reports silence as a recording too, of as many seconds as it waited."""
    sid, keys, leg, turn = report.sid, report.keys, report.leg, report.turn
    talk = state.talk(leg)
    if turn != talk.turn:
        return
    flow = state.line.person if leg else state.line.caller
    step = flow.steps[talk.state]
    pause = step.pause(talk) if isinstance(step, RecordStep) else 0
    silent = not report.seconds or (not keys and report.seconds <= pause)
    if silent or keys == "0":
        yield KeysPressed(keys if keys == "0" else "", leg)
        why = "nothing was said"
        state.duty("delete_recording", f"delete:{sid}", sid=sid, why=why)
    else:
        yield OutcomeHeard("recorded", leg, {"sid": sid, "seconds": report.seconds})


def _leg_answered(state: CallState, report: LegAnswered) -> Iterator[CallHeard]:
    """A second leg of one attempt is hung up before it speaks."""
    leg, row = report.leg, state.legs.rows[report.leg]
    if row.state == "over" or row.sid not in ("", report.sid):
        state.refuses = True
        return
    if not row.sid:
        yield LegPlaced(leg, report.sid)
    if state.legs.talk(leg).state == state.line.person.start:
        yield OutcomeHeard("next", leg)
    elif isinstance(report.answer, Recorded):
        yield from _recorded(state, report.answer)
    else:
        yield report.answer


def _customer_answered(state: CallState, sid: str) -> Iterator[CallHeard]:
    """A second leg is hung up before it speaks."""
    if state.call.ended_at or state.leg_sid not in ("", sid):
        state.refuses = True
        return
    if not state.leg_sid:
        yield LegPlaced("", sid)
    yield OutcomeHeard("answered")
