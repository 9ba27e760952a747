"""Whether the caller and somebody who took the call are together, and since when: made of what the
carrier says of the conference, never of what was meant to happen.

Two have met when they have heard each other for ``met_after`` seconds. Only then is the call
accepted, the escalation answered, the promise kept.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from ivr.line.flow.conversation import outcome
from ivr.line.turns.call import case_link, promises
from ivr.line.turns.call.heard import InRoom
from ivr.line.turns.call.holding import unhold
from ivr.line.turns.call.state import Agenda, CallerHears, CallState
from ivr.line.values import Caller, Leg

ASKED = 20  # seconds after which the carrier is asked who is in the conference, if it hasn't said


def is_news(state: CallState, heard: InRoom) -> bool:
    """Whether this report is later than the last one of its leg, and not of another conference that
    is over."""
    at = _end(state, heard.leg)
    if heard.number < 0:
        return heard.what != _where(state, heard.leg)
    if heard.room != state.shared.room:
        return heard.what == "here"  # a conference's first word of a leg
    return heard.number > at.heard_to


def _end(state: CallState, leg: str) -> Leg | Caller:
    """What is stored of one end of the conversation: a leg's, or with ``""`` the caller's."""
    return state.legs.rows[leg] if leg else state.shared.caller


def _where(state: CallState, leg: str) -> str:
    if not leg and state.shared.caller.on_hold:
        return "held"
    return "here" if _end(state, leg).in_room else "gone"


def in_room(state: CallState, heard: InRoom) -> Agenda:
    """A leg has come into the conference, or left it, or is on hold there."""
    state.changed = True
    _count(state, heard)
    if heard.leg:
        yield from _person(state, heard.leg, heard.what)
    else:
        _caller(state.shared.caller, heard.what, state.now)
    expect(state)


def _count(state: CallState, heard: InRoom) -> None:
    """Remember how far the carrier's reports have come. Where there is another conference, the one
    before is over, and whoever was in it has left, whether that was reported or not."""
    if heard.number < 0:
        return
    if heard.room != state.shared.room:
        state.shared.room = heard.room
        for leg in ("", *state.legs.rows):
            out(state, leg)
            _end(state, leg).heard_to = -1
    at = _end(state, heard.leg)
    at.heard_to = heard.number


def _person(state: CallState, leg: str, what: str) -> Agenda:
    row = state.legs.rows[leg]
    if what == "gone":
        row.in_room = None
        return
    row.in_room = row.in_room or state.now
    if row.state == "joining":
        yield from arrived(state, leg)


def arrived(state: CallState, leg: str) -> Agenda:
    """Somebody who took the call is in the conference: now the caller is led there."""
    state.legs.rows[leg].state = "talking"
    yield CallerHears(outcome("joined", leg=leg))
    unhold(state)


def _caller(caller: Caller, what: str, now: datetime) -> None:
    caller.on_hold = what == "held"
    if what in ("gone", "held"):
        caller.in_room = None
    else:
        caller.in_room = caller.in_room or now


def bridged(state: CallState, leg: str) -> Agenda:
    """The carrier bridges a dialled leg with the caller."""
    row = state.legs.rows[leg]
    if row.state != "joining":
        return
    state.changed = True
    row.in_room = state.shared.caller.in_room = state.now
    yield from arrived(state, leg)
    expect(state)


def out(state: CallState, leg: str = "") -> None:
    """This leg (``""`` is the caller's) is in no conversation any more, whatever was reported."""
    if leg:
        state.legs.rows[leg].in_room = None
    else:
        state.shared.caller.in_room, state.shared.caller.on_hold = None, False


def expect(state: CallState) -> None:
    """Look again when those who are together now have met."""
    after = state.line.config.met_after
    for leg in state.legs.talking():
        since = state.together(leg)
        if since is not None and not state.legs.rows[leg].met:
            left = after - (state.now - since).total_seconds()
            at = since.isoformat()
            state.duty("meeting", f"meeting:{leg}:{at}", after=max(left, 0), leg=leg, since=at)


def judge(state: CallState) -> None:
    """Whoever has been together with the caller for long enough until now has met them."""
    enough = timedelta(seconds=state.line.config.met_after)
    for leg, row in state.legs.rows.items():
        since = state.together(leg) if row.state == "talking" else None
        if since is None:
            continue
        row.joined_at = row.joined_at or since
        if not row.met and state.now - since >= enough:
            _met(state, leg, since)


def _met(state: CallState, leg: str, since: datetime) -> None:
    row = state.legs.rows[leg]
    state.changed = row.met = state.shared.met = True
    kind = "operator.accepted" if row.operator else "dial.accepted"
    state.tell(kind, leg=leg, by=row.person, since=since.isoformat())
    case_link.accepted(state, leg)
    promises.keep_promise(state, leg)
