"""Escalations of one case: asked for, met, chased, ended, and the reports attached to them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from ivr.line.desk.levels import Level, ruling
from ivr.line.desk.promises import promise_due
from ivr.line.errors import CaseError
from ivr.line.records import Escalation
from ivr.line.turns.case.state import CaseState, Request

REPORT_STATES = ("asked", "escalated", "n.a.")


def escalate(turn: CaseState, asked: Request) -> None:
    """Somebody asks for a level. Nothing is argued: who must know is told at once.

    Raises `CaseError` only where the level below was never asked for, and nobody gave a reason to
    override that.
    """
    wanted = level_of(turn, str(asked.data["level"]))
    override = str(asked.data.get("override") or "") if _by_staff(asked) else ""
    judged = ruling(
        wanted,
        _stands(turn),
        asked.at,
        channel=asked.channel,
        join=timedelta(minutes=turn.config.join_minutes),
        override=override,
    )
    level = level_of(turn, judged.level)
    match judged.ruling:
        case "joined":
            turn.tell("escalation.joined", asked, level=level.code)
        case "chased":
            _chase(turn, asked, level)
        case "proposed":
            raise CaseError(
                f"{wanted.code} needs {level.code} first: ask for {level.code}, "
                f"or let staff say why {wanted.code} all the same"
            )
        case _:
            _open(turn, asked, level, override)


def _by_staff(asked: Request) -> bool:
    """An operator who records a caller's wish is staff as well."""
    return asked.staff or bool(asked.data.get("set_by"))


def level_of(turn: CaseState, code: str) -> Level:
    """The level of this code. Raises `CaseError`."""
    for level in turn.config.levels:
        if level.code == code:
            return level
    known = ", ".join(level.code for level in turn.config.levels)
    raise CaseError(f"there is no level '{code}'; there are {known}")


def _stands(turn: CaseState) -> dict[str, Any]:
    stands: dict[str, Any] = turn.data.setdefault("levels", {})
    return stands


def _open(turn: CaseState, asked: Request, level: Level, override: str) -> None:
    number, set_by = turn.file.number, str(asked.data.get("set_by") or "")
    reason = str(asked.data.get("reason") or "")
    right = _right(turn, asked, level)
    due = promise_due(asked.at, turn.config, turn.who.zone, level.code)
    _stands(turn)[level.code] = {
        "state": "requested",
        "asked_at": asked.at.isoformat(),
        "requested_by": asked.by,
        "set_by": set_by or (asked.by if asked.staff else ""),
        "channel": asked.channel,
        "call": asked.data.get("call", ""),
        "reason": reason,
        "override": override,
        "right": right,
        "due": due.isoformat(),
        "count": 1,
        "promised": False,
        "key": asked.key,
    }
    turn.data["level"] = level.code
    turn.tell("escalation.requested", asked, level=level.code, set_by=set_by, reason=reason)
    if override:
        turn.tell("escalation.overridden", asked, level=level.code, reason=override)
    call = str(asked.data.get("call", ""))
    turn.escalations.append(
        Escalation(asked.key, call, number, level.code, asked.by, set_by, asked.at, reason)
    )
    because = f": {reason or override}" if reason or override else ""
    how = "by phone" if asked.channel == "phone" else "on the web"
    visibility = "internal" if override else "customer"
    turn.note(asked, f"Escalation {level.code} requested {how}{because}", visibility=visibility)
    turn.post(
        "escalation",
        asked,
        asked.key,
        level=level.code,
        reason=reason or override,
        requested_by=asked.by,
        channel=asked.channel,
    )
    _tell_people(turn, asked, "escalation", level, right)
    turn.later("case", f"{asked.key}:overdue", due, what="overdue", level=level.code, of=asked.key)


def _right(turn: CaseState, asked: Request, level: Level) -> str:
    """Who answers for this level, there or not; somebody always, as long as anybody works here."""
    who, given = turn.who, str(asked.data.get("right") or "")
    if level.target == "manager":
        return who.manager or given or who.duty or turn.config.last_resort
    return who.second or given or who.second_duty or turn.config.last_resort


def _tell_people(turn: CaseState, asked: Request, what: str, level: Level, right: str) -> None:
    informed = {"owner": turn.who.owner, "manager": turn.who.manager}
    others = [informed[name] for name in level.informs]
    if asked.data.get("override"):
        others.append(turn.who.manager)
    reason = str(asked.data.get("reason") or asked.data.get("override") or "")
    turn.notify(what, asked, right, *others, level=level.code, reason=reason)


def _chase(turn: CaseState, asked: Request, level: Level) -> None:
    """Asked for again: counted, and whoever answers for it is told again."""
    stands = _stands(turn)[level.code]
    stands["count"] += 1
    turn.tell("escalation.chased", asked, level=level.code, count=stands["count"])
    again = f"Escalation {level.code} asked for again ({stands['count']} times)"
    turn.note(asked, again, visibility="customer")
    right = _right(turn, asked, level)
    _tell_people(turn, asked, "chase", level, right)


def accept(turn: CaseState, asked: Request) -> None:
    """Somebody of this level has met the customer: live, called back, or in his own way."""
    level = level_of(turn, str(asked.data["level"]))
    stands = _stands(turn).get(level.code)
    if stands is None or stands["state"] == "over":
        raise CaseError(f"{level.code} wasn't asked for on {turn.file.number}")
    if stands["state"] == "accepted":
        return
    stands |= {"state": "accepted", "accepted_by": asked.by, "accepted_at": asked.at.isoformat()}
    took = (asked.at - datetime.fromisoformat(stands["asked_at"])).total_seconds()
    turn.tell("escalation.accepted", asked, level=level.code, seconds=round(took))


def promised(turn: CaseState, asked: Request) -> None:
    """A call back was promised for this level: that duty has its own clock from here."""
    stands = _stands(turn).get(str(asked.data["level"]))
    if stands is not None:
        stands["promised"] = True


def overdue(turn: CaseState, asked: Request) -> None:
    """The time in which the customer had to be met is over: the next level is told."""
    stands = _stands(turn).get(str(asked.data["level"]))
    if stands is None or stands["state"] != "requested" or stands["key"] != asked.data["of"]:
        return
    turn.tell("escalation.overdue", asked, level=asked.data["level"], right=stands["right"])
    if not stands["promised"]:
        told = turn.who.second_duty or turn.who.second or turn.config.last_resort
        turn.notify("overdue", asked, told, stands["right"], level=asked.data["level"])


def deescalate(turn: CaseState, asked: Request) -> None:
    """Staff end an escalation, with a reason and the customer's agreement."""
    asked.only_staff("end an escalation")
    reason = asked.reason("to end an escalation")
    if not asked.data.get("agreed"):
        raise CaseError("an escalation ends with the customer's agreement: ask him, and say so")
    running = [code for code, each in _stands(turn).items() if each["state"] != "over"]
    if not running:
        raise CaseError(f"{turn.file.number} isn't escalated")
    for code in running:
        _stands(turn)[code] |= {"state": "over", "over_at": asked.at.isoformat(), "why": reason}
    before, turn.data["level"] = turn.data.get("level", ""), ""
    turn.tell("escalation.deescalated", asked, before=before, reason=reason)
    turn.note(asked, f"De-escalated with the customer's agreement: {reason}")
    turn.notify("deescalation", asked, turn.who.owner, turn.who.manager, reason=reason)


def report(turn: CaseState, asked: Request) -> None:
    """A software performance report goes with the escalation."""
    asked.only_staff("attach a report")
    number, state = asked.text("id", "the report's number is missing"), asked.data.get("state")
    if state not in REPORT_STATES:
        raise CaseError(f"a report is {', '.join(REPORT_STATES)}, not '{state}'")
    reports: list[dict[str, Any]] = turn.data.setdefault("reports", [])
    known = next((each for each in reports if each["id"] == number), None)
    before = known["state"] if known else ""
    level = turn.data.get("level", "")
    if known:
        known["state"] = state
    else:
        reports.append({"id": number, "state": state, "level": level})
    turn.tell("report.attached", asked, report=number, before=before, after=state, level=level)
    turn.note(asked, f"Report {number}: {state}")
    turn.post("report", asked, asked.key, report=number, state=state)
    if state == "escalated":
        turn.notify("report", asked, turn.who.owner, turn.who.manager, report=number)
