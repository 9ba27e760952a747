"""How bad it is: what the customer wishes, what they may set themselves, and what staff set."""

from __future__ import annotations

from typing import Any

from ivr.line.errors import CaseError
from ivr.line.turns.case.state import CaseState, Request


def present(state: CaseState) -> int | None:
    """The severity as last set here, else as the case system has it; None when neither says."""
    set_: dict[str, Any] | None = state.data.get("severity")
    if set_ is not None:
        return int(set_["severity"])
    return state.who.case.severity if state.who.case else None


def _code(state: CaseState, request: Request) -> int:
    code = str(request.data.get("severity"))
    if code not in state.config.severities:
        known = ", ".join(state.config.severities)
        raise CaseError(
            f"there is no severity '{code}'; there are {known}", "severity", "need_severity"
        )
    return int(code)


def check_at_logging(state: CaseState, request: Request) -> None:
    """Who logs a case chooses a severity, never Enterprise Down; a customer one of their own."""
    code = _code(state, request)
    severity = state.config.severities[str(code)]
    if severity.emergency:
        raise CaseError(
            f"severity {code} can't be chosen when a case is logged: declare it on the case "
            "once that has its number, best by phone",
            "severity",
        )
    if not severity.self_service and not request.staff:
        offered = ", ".join(each.code for each in state.config.offered(wished=True))
        raise CaseError(
            f"severity {code} is set by support: choose one of {offered}",
            "severity",
            "need_severity",
        )


def wish(state: CaseState, request: Request) -> None:
    """The customer asks for another severity. On a page they set it, if it is one that they may
    set; by telephone, and any other, it is a wish: the engineer is told, nothing is set."""
    code = _code(state, request)
    severity, down = state.config.severities[str(code)], state.config.emergency_name
    if severity.emergency:
        raise CaseError(
            f"severity {code} is declared, not wished for: declare {down}",
            "severity",
            "declare_it_instead",
        )
    if present(state) == code and request.by.startswith("contact:"):
        raise _has_it_already(state, code)
    emergency = state.data.get("emergency") or {}
    if request.by.startswith("contact:") and severity.self_service:
        if emergency.get("state") == "set":
            raise _stands(down)
        put(state, request, code, request.reason("to change a severity"))
        told = {"severity": code, "reason": str(request.data.get("reason") or "")}
        state.notify("severity_set", request, *state.who.responsible, **told)
    else:
        _keep(state, request, code)


def _keep(state: CaseState, request: Request, code: int) -> None:
    reason, recording = str(request.data.get("reason") or ""), request.data.get("recording", "")
    before = present(state)
    state.data["wish"] = {
        "severity": code,
        "requested_by": request.by,
        "channel": request.channel,
        "at": request.at.isoformat(),
        "reason": reason,
        "recording": recording,
    }
    state.tell("severity.requested", request, before=before, after=code, reason=reason)
    state.note(
        request,
        f"Severity {code} requested, is {before}",
        visibility="customer",
        written=reason or ("a recorded reason" if recording else "no reason given"),
        say="severity_requested",
        severity=code,
        before=before,
    )
    state.notify("severity_wish", request, *state.who.responsible, severity=code, reason=reason)


def _has_it_already(state: CaseState, code: int) -> CaseError:
    text = f"{state.file.number} has severity {code} already"
    return CaseError(text, "severity", "has_severity", severity=code)


def _stands(down: str) -> CaseError:
    text = f"{down} stands: end it with a reason, then set a severity"
    return CaseError(text, "severity", "stands_first")


def set_(state: CaseState, request: Request) -> None:
    """Staff set a severity; lowering it needs a reason and the customer's agreement."""
    request.only_staff("set a severity")
    code, before = _code(state, request), present(state)
    down = state.config.emergency_name
    if before == code:
        raise _has_it_already(state, code)
    if state.config.severities[str(code)].emergency:
        raise CaseError(
            f"severity {code} is set by declaring {down}, on its conditions",
            "severity",
            "declare_it_instead",
        )
    emergency: dict[str, Any] | None = state.data.get("emergency")
    if emergency and emergency["state"] == "set":
        raise _stands(down)
    reason = request.reason("to change a severity")
    if before is not None and state.config.worse(before, code) and not request.data.get("agreed"):
        raise CaseError(
            "a severity is lowered with the customer's agreement: ask them, and say so",
            "agreed",
            "lowered_agreed",
        )
    put(state, request, code, reason)
    state.notify("severity_set", request, *state.who.responsible, severity=code, reason=reason)


def put(state: CaseState, request: Request, code: int, reason: str) -> None:
    """Write the new severity: who asked for it, and who set it. Why Enterprise Down is set is for
    staff alone, and in no note that customers read."""
    before = present(state)
    emergency = state.config.severities[str(code)].emergency
    wish: dict[str, Any] = state.data.get("wish") or {}
    granted = wish.get("severity") == code
    requested_by = wish["requested_by"] if granted else request.data.get("requested_by", request.by)
    state.data["severity"] = {
        "severity": code,
        "requested_by": requested_by,
        "set_by": request.by,
        "at": request.at.isoformat(),
        "reason": reason,
        "before": before,
    }
    if granted:
        state.data["wish"] = None
    state.tell(
        "severity.set",
        request,
        before=before,
        after=code,
        requested_by=requested_by,
        set_by=request.by,
        reason=reason,
    )
    state.note(
        request,
        f"Severity {code}, was {before}",
        f"{request.key}:set",
        "customer",
        written="" if emergency else reason,
        say="severity_set",
        severity=code,
        before=before,
    )
    state.post(
        "severity",
        request,
        request.key,
        severity=code,
        before=before,
        requested_by=requested_by,
        set_by=request.by,
        reason=reason,
    )
