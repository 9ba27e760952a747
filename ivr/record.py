"""What a turn puts on record: a request for a level, and a call that is owed."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from ivr.desk.promises import promise_due, spoken_time
from ivr.rows import Escalation, Note

if TYPE_CHECKING:
    from ivr.turn import Turn


def escalate(turn: Turn, level: str, set_by: str) -> None:
    """The request counts from now, whatever becomes of the call; who must know is told now.

    Once for a call, case and level. ``set_by`` is the operator who recorded it, ``""`` the line.
    """
    case, shared = turn.shared.get("case") or {}, turn.shared
    number = case.get("number") or shared.get("keyed", "")
    asked = {"level": level, "case": number}
    if asked.items() <= shared.get("requested", {}).items():
        return
    shared["wish"], shared["requested"] = level, {**asked, "at": turn.now.isoformat()}
    turn.tell("escalation.requested", level=level, case=number, set_by=set_by)
    key = f"{turn.call.sid}:{number}:{level}"
    sid, now = turn.call.sid, turn.now
    turn.escalations.append(Escalation(key, sid, number, level, "caller", set_by, now))
    text = f"Escalation {level} requested by phone"
    turn.notes.append(Note(key, sid, number, text, set_by or "line", now))
    for person in dict.fromkeys(_concerned(turn)):
        turn.duty(
            "notify",
            f"notify:{number}:{level}:{person}",
            owner=person,
            case=number,
            level=level,
        )


def _concerned(turn: Turn) -> list[str]:
    """The right manager, there or not, and the engineer."""
    first = [entry["person"] for entry in turn.shared.get("ranking", [])[:1]]
    owner = (turn.shared.get("case") or {}).get("owner")
    return [*first, owner] if owner else first


def promise(turn: Turn, number: str, why: str) -> None:
    """A call back, with an owner and a due time that counts from the request; one for a call."""
    shared, config = turn.shared, turn.line.config
    if shared.get("promise"):
        return
    asked = shared.get("requested", {}).get("at")
    requested = turn.now if asked is None else datetime.fromisoformat(asked)
    level = shared.get("wish", "")
    due = promise_due(requested, config, shared["zone"], level or "M1")
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
        case=(shared.get("case") or {}).get("number") or shared.get("keyed", ""),
        level=level,
        reference=reference,
    )
    turn.tell("callback.promised", owner=owner, due=due.isoformat(), why=why)
