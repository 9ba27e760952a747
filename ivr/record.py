"""What a turn tells the case, a call that is owed, and what is recorded of it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from ivr.desk.promises import promise_due, spoken_time

if TYPE_CHECKING:
    from ivr.turn import Turn


def case_number(turn: Turn) -> str:
    """The number of the case that this call is about, ``""`` before one was given."""
    number = (turn.shared.get("case") or {}).get("number")
    keyed = turn.shared.get("keyed", "")
    return str(number or (turn.line.config.case_numbers.written(keyed) if keyed else ""))


def tell_case(turn: Turn, what: str, key: str, by: str = "caller", **data: Any) -> None:
    """Have the case hear something of this call, in the order in which it was said; once by
    ``key`` within the call."""
    turn.duty(
        "case",
        f"case:{key}",
        lane="case",
        what=what,
        case=case_number(turn),
        by=by,
        channel="phone",
        at=turn.now.isoformat(),
        call=turn.call.sid,
        **data,
    )


def escalate(turn: Turn, level: str, set_by: str, override: str = "") -> None:
    """The request counts from now, whatever becomes of the call; who must know is told now.

    Once for a call, case and level. ``set_by`` is the operator who recorded it, ``""`` the line;
    ``override`` his reason for a level whose turn it isn't yet.
    """
    shared, number = turn.shared, case_number(turn)
    asked = {"level": level, "case": number}
    shared["wish"] = level
    if asked.items() <= shared.get("requested", {}).items():
        return
    shared["requested"] = {**asked, "at": turn.now.isoformat()}
    turn.tell("escalation.requested", level=level, case=number, set_by=set_by)
    right = next((entry["person"] for entry in shared.get("ranking", [])), "")
    given = {"level": level, "set_by": set_by, "right": right, "override": override}
    tell_case(turn, "escalate", f"{number}:{level}", **given)


def accepted(turn: Turn, leg: str) -> None:
    """Somebody of the level that was asked for has met the caller."""
    asked, person = turn.shared.get("requested"), turn.legs.rows[leg]["person"]
    if not asked or turn.legs.rows[leg]["hunt"] != "manager":
        return
    turn.tell("escalation.accepted", by=person, level=asked["level"])
    tell_case(turn, "accept", f"accept:{asked['level']}:{leg}", person, level=asked["level"])


def promise(turn: Turn, number: str, why: str) -> None:
    """A call back, with an owner and a due time that counts from the request; one for a call."""
    shared, config = turn.shared, turn.line.config
    if shared.get("promise"):
        return
    asked = shared.get("requested", {}).get("at")
    requested = turn.now if asked is None else datetime.fromisoformat(asked)
    level = shared.get("wish", "")
    due = promise_due(requested, config, shared["zone"], level)
    reference = f"{int(turn.call.sid[-6:], 16) % 1_000_000:06d}"
    owner = shared.get("owner") or config.last_resort
    shared["promise"] = {
        "due": due.isoformat(),
        "spoken": spoken_time(due, shared["zone"]).isoformat(),
        "reference": reference,
    }
    turn.duty(
        "call_back",
        "call_back",
        after=(due - turn.now).total_seconds(),
        owner=owner,
        number=number,
        why=why,
        case=case_number(turn),
        level=level,
        reference=reference,
    )
    turn.tell("callback.promised", owner=owner, due=due.isoformat(), why=why)
    if asked:
        tell_case(turn, "promised", f"promised:{level}", level=level, owner=owner)


def conversation(turn: Turn) -> None:
    """Have the caller's leg recorded while he talks with somebody, if he lets it be; never else."""
    shared = turn.shared
    talks = turn.talking and not turn.call.ended_at
    wanted = shared.get("recording", "off") if talks else "off"
    if wanted == shared.get("recorded", "off"):
        return
    shared["recorded"] = wanted
    count = shared["recordings"] = shared.get("recordings", 0) + 1
    if not turn.call.ended_at:
        turn.duty("record", f"record:{count}", lane="record", wanted=wanted)
