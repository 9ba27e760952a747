"""How bad it is: what the customer wishes, and what staff set. Two people, always."""

from __future__ import annotations

from typing import Any

from ivr.line.errors import CaseError
from ivr.line.turns.case.state import CaseState, Request


def present(turn: CaseState) -> int | None:
    """The severity as last set here, else as the case system has it; None when neither says."""
    set_: dict[str, Any] | None = turn.data.get("severity")
    if set_ is not None:
        return int(set_["severity"])
    return turn.who.case.severity if turn.who.case else None


def _code(turn: CaseState, asked: Request) -> int:
    code = str(asked.data.get("severity"))
    if code not in turn.config.severities:
        raise CaseError(f"there is no severity '{code}'; there are {known(turn)}")
    return int(code)


def known(turn: CaseState) -> str:
    return ", ".join(turn.config.severities)


def check_self_service(turn: CaseState, asked: Request) -> None:
    """A customer who logs a case chooses a severity, never Enterprise Down."""
    code = _code(turn, asked)
    severity = turn.config.severities[str(code)]
    if severity.emergency:
        raise CaseError(
            f"severity {code} can't be chosen when a case is logged: declare it on the case "
            "once that has its number, best by phone"
        )
    if not severity.self_service:
        raise CaseError(f"severity {code} is set by support: choose one of {_offered(turn)}")


def _offered(turn: CaseState) -> str:
    return ", ".join(each.code for each in turn.config.offered(wished=True))


def wish(turn: CaseState, asked: Request) -> None:
    """The customer asks for another severity: the engineer is told, nothing is set."""
    code = _code(turn, asked)
    severity, down = turn.config.severities[str(code)], turn.config.emergency_name
    if severity.emergency:
        raise CaseError(f"severity {code} is declared, not wished for: declare {down}")
    if not severity.self_service:
        raise CaseError(f"severity {code} is set by support: ask for one of {_offered(turn)}")
    reason, recording = str(asked.data.get("reason") or ""), asked.data.get("recording", "")
    before = present(turn)
    turn.data["wish"] = {
        "severity": code,
        "requested_by": asked.by,
        "channel": asked.channel,
        "at": asked.at.isoformat(),
        "reason": reason,
        "recording": recording,
    }
    turn.tell("severity.requested", asked, before=before, after=code, reason=reason)
    said = reason or ("a recorded reason" if recording else "no reason given")
    turn.note(asked, f"Severity {code} requested, is {before}: {said}", visibility="customer")
    turn.notify("severity_wish", asked, turn.who.responsible, severity=code, reason=reason)


def set_(turn: CaseState, asked: Request) -> None:
    """Staff set a severity; lowering it needs a reason and the customer's agreement."""
    asked.only_staff("set a severity")
    code, before = _code(turn, asked), present(turn)
    down = turn.config.emergency_name
    if before == code:
        raise CaseError(f"{turn.file.number} has severity {code} already")
    if turn.config.severities[str(code)].emergency:
        raise CaseError(f"severity {code} is set by declaring {down}, on its conditions")
    emergency: dict[str, Any] | None = turn.data.get("emergency")
    if emergency and emergency["state"] == "set":
        raise CaseError(f"{down} stands: end it with a reason, then set a severity")
    reason = asked.reason("to change a severity")
    if before is not None and turn.config.worse(before, code) and not asked.data.get("agreed"):
        raise CaseError("a severity is lowered with the customer's agreement: ask him, and say so")
    put(turn, asked, code, reason)
    turn.notify("severity_set", asked, turn.who.responsible, severity=code, reason=reason)


def put(turn: CaseState, asked: Request, code: int, reason: str) -> None:
    """Write the new severity: who asked for it, and who set it."""
    before = present(turn)
    wish: dict[str, Any] = turn.data.get("wish") or {}
    granted = wish.get("severity") == code
    requested_by = wish["requested_by"] if granted else asked.data.get("requested_by", asked.by)
    turn.data["severity"] = {
        "severity": code,
        "requested_by": requested_by,
        "set_by": asked.by,
        "at": asked.at.isoformat(),
        "reason": reason,
        "before": before,
    }
    if granted:
        turn.data["wish"] = None
    turn.tell(
        "severity.set",
        asked,
        before=before,
        after=code,
        requested_by=requested_by,
        set_by=asked.by,
        reason=reason,
    )
    turn.note(asked, f"Severity {code}, was {before}: {reason}", f"{asked.key}:set", "customer")
    turn.post(
        "severity",
        asked,
        asked.key,
        severity=code,
        before=before,
        requested_by=requested_by,
        set_by=asked.by,
        reason=reason,
    )
