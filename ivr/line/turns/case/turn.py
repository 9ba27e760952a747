"""What one thing heard makes of a case; pure.

Telephone and web are heard here alike (`hear`), so the same rules hold and the same events are
written whichever way somebody comes, also when both come at once.
"""

from __future__ import annotations

from collections.abc import Callable

from ivr.line.errors import CaseError
from ivr.line.turns.case import emergency, levels, severity
from ivr.line.turns.case.state import CaseState, Request

SEEN = 200  # keys that are remembered; a repetition comes within minutes


def hear(turn: CaseState, asked: Request) -> bool:
    """Move by one thing heard; False when it was heard before. Raises `CaseError`."""
    seen: list[str] = turn.data.setdefault("seen", [])
    if asked.key in seen:
        return False
    action = ACTIONS.get(asked.what)
    if action is None:
        raise CaseError(f"nobody knows what '{asked.what}' of a case is")
    action(turn, asked)
    turn.data["seen"] = [*seen, asked.key][-SEEN:]
    return True


# --- the small things ---


def _write_note(turn: CaseState, asked: Request) -> None:
    visibility = asked.data.get("visibility", "internal" if asked.staff else "customer")
    turn.note(asked, asked.text("text", "an empty note"), visibility=visibility)


def _log_case(turn: CaseState, asked: Request) -> None:
    """A case that was logged just now. Enterprise Down is never set at that moment."""
    severity.check_self_service(turn, asked)
    turn.tell("case.logged", asked, severity=asked.data.get("severity"))
    turn.notify("case_logged", asked, turn.who.responsible)


def _reopen(turn: CaseState, asked: Request) -> None:
    """The same problem again; a new one needs a new case."""
    reason = asked.reason("to open a closed case again")
    if turn.who.case and turn.who.case.status != "closed":
        raise CaseError(f"{turn.file.number} isn't closed")
    turn.tell("case.reopened", asked, reason=reason)
    turn.note(asked, f"Reopened: {reason}", visibility="customer")
    turn.post("reopen", asked, asked.key, reason=reason)
    turn.notify("case_reopened", asked, turn.who.responsible, reason=reason)


def _plan(turn: CaseState, asked: Request) -> None:
    """What the manager will do, and with whom."""
    asked.only_staff("write the action plan")
    text = asked.text("text", "an empty action plan")
    turn.data["plan"] = {"text": text, "by": asked.by, "at": asked.at.isoformat()}
    turn.tell("plan.written", asked)
    turn.note(asked, f"Action plan: {text}")


ACTIONS: dict[str, Callable[[CaseState, Request], None]] = {
    "note": _write_note,
    "log": _log_case,
    "reopen": _reopen,
    "plan": _plan,
    "escalate": levels.escalate,
    "accept": levels.accept,
    "deescalate": levels.deescalate,
    "overdue": levels.overdue,
    "promised": levels.promised,
    "report": levels.report,
    "wish_severity": severity.wish,
    "set_severity": severity.set_,
    "declare": emergency.declare,
    "answer": emergency.answer,
    "set_emergency": emergency.set_,
    "end_emergency": emergency.end,
    "remind": emergency.remind,
    "unmet": emergency.unmet,
    "shift_change": emergency.shift_change,
    "accept_hand_over": emergency.accept_hand_over,
    "hand_over_lapsed": emergency.hand_over_lapsed,
}

__all__ = ["ACTIONS", "hear"]
