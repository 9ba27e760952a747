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


def hear(state: CaseState, request: Request) -> bool:
    """Move by one thing heard; False when it was heard before. Raises `CaseError`."""
    seen: list[str] = state.data.setdefault("seen", [])
    if request.key in seen:
        return False
    action = ACTIONS.get(request.what)
    if action is None:
        raise CaseError(f"nobody knows what '{request.what}' of a case is")
    request.check_lengths()
    action(state, request)
    state.data["seen"] = [*seen, request.key][-SEEN:]
    return True


# --- the small things ---


def _write_note(state: CaseState, request: Request) -> None:
    visibility = request.data.get("visibility", "internal" if request.staff else "customer")
    state.note(request, request.text("text", "an empty note"), visibility=visibility)


def _log_case(state: CaseState, request: Request) -> None:
    """A case that was logged just now. Enterprise Down is never set at that moment."""
    severity.check_at_logging(state, request)
    state.tell("case.logged", request, severity=request.data.get("severity"))
    state.notify("case_logged", request, *state.who.responsible)


def _reopen(state: CaseState, request: Request) -> None:
    """The same problem again; a new one needs a new case."""
    reason = request.reason("to open a closed case again")
    if state.who.case and state.who.case.status != "closed":
        raise CaseError(f"{state.file.number} isn't closed", say="not_closed")
    state.tell("case.reopened", request, reason=reason)
    state.note(request, "Reopened", visibility="customer", written=reason, say="reopened")
    state.post("reopen", request, request.key, reason=reason)
    state.notify("case_reopened", request, *state.who.responsible, reason=reason)


def _plan(state: CaseState, request: Request) -> None:
    """What the manager will do, and with whom."""
    request.only_staff("write the action plan")
    text = request.text("text", "an empty action plan")
    state.data["plan"] = {"text": text, "by": request.by, "at": request.at.isoformat()}
    state.tell("plan.written", request)
    state.note(request, f"Action plan: {text}")


ACTIONS: dict[str, Callable[[CaseState, Request], None]] = {
    "note": _write_note,
    "log": _log_case,
    "reopen": _reopen,
    "plan": _plan,
    "escalate": levels.escalate,
    "wish_level": levels.wished,
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
    "judge": emergency.judge_again,
    "remind": emergency.remind,
    "unmet": emergency.unmet,
    "shift_change": emergency.shift_change,
    "send_form": emergency.send_form,
    "take_emergency": emergency.take,
    "accept_hand_over": emergency.accept_hand_over,
    "hand_over_lapsed": emergency.hand_over_lapsed,
}

__all__ = ["ACTIONS", "hear"]
