"""What a call tells its case."""

from __future__ import annotations

from typing import Any

from ivr.line.turns.call.state import CallState
from ivr.line.values import Requested, needed


def case_number(state: CallState) -> str:
    """The number of the case that this call is about, ``""`` before one was given."""
    return state.shared.case.number(state.line.config.case_numbers)


def tell_case(state: CallState, what: str, key: str, by: str = "caller", **data: Any) -> None:
    """Have the case hear something of this call, in the order in which it was said; once by
    ``key`` within the call."""
    state.duty(
        "case",
        f"case:{key}",
        lane="case",
        what=what,
        case=case_number(state),
        by=by,
        channel="phone",
        at=state.now.isoformat(),
        call=state.call.sid,
        **data,
    )


def escalate(state: CallState, level: str, set_by: str, override: str = "") -> None:
    """The request counts from now, whatever becomes of the call; the people concerned are told now.

    Once for a call, case and level, until somebody of that level has met the caller. ``set_by`` is
    the operator who recorded it, ``""`` the line; ``override`` is the operator's reason for a level
    whose turn it isn't yet.
    """
    shared, number = state.shared, case_number(state)
    before = shared.requested
    shared.wish = level
    same = before is not None and (before.level, before.case) == (level, number)
    if same and not needed(before).met:
        return
    shared.requested = Requested(level, number, state.now)
    state.tell("escalation.requested", level=level, case=number, set_by=set_by)
    right = next((each.person for each in shared.hunt.ranking if each.hunt == "manager"), "")
    given = {"level": level, "set_by": set_by, "right": right, "override": override}
    again = f":{state.caller.turn}" if same else ""
    tell_case(state, "escalate", f"{number}:{level}{again}", **given)


def answers_for(state: CallState, leg: str, level: str) -> bool:
    """Whether this leg's person is one of those whom the caller wishes for: somebody of that level,
    not an operator who only puts them through. Any other wish than a level anybody can meet."""
    row, levels = state.legs.rows[leg], [each.code for each in state.line.config.levels]
    if level not in levels:
        return True
    on_duty = level == levels[0] and row.hunt in ("duty", "emergency")
    return (row.hunt in ("manager", "callback") or on_duty) and not row.operator


def accepted(state: CallState, leg: str) -> None:
    """Somebody of the requested level has met the caller, or anybody in an emergency."""
    asked, person = state.shared.requested, state.legs.person(leg)
    if state.shared.wish == "E-Down" and case_number(state):
        tell_case(state, "take_emergency", f"take:{leg}", person)
    if asked is None or asked.met or not answers_for(state, leg, asked.level):
        return
    asked.met = True
    state.tell("escalation.accepted", by=person, level=asked.level)
    tell_case(state, "accept", f"accept:{asked.level}:{leg}", person, level=asked.level)
