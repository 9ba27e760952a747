"""Escalations of one case: asked for, met, chased, ended, and the reports attached to them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from ivr.line.desk.levels import Level, ruling
from ivr.line.desk.promises import promise_due
from ivr.line.errors import CaseError
from ivr.line.records import WEB, Escalation
from ivr.line.turns.case.state import CaseState, Request

REPORT_STATES = ("asked", "escalated", "n.a.")


def escalate(state: CaseState, request: Request) -> None:
    """Somebody asks for a level. Nothing is argued: the people concerned are told at once.

    What a caller asks for that can't be recorded as an escalation is kept as a wish (`wish`).
    Raises `CaseError` only where the level below was never asked for, and staff, or a customer on
    a page, gave no reason to override that.
    """
    wanted = level_of(state, str(request.data["level"]))
    case, caller = state.who.case, request.by == "caller" and not _by_staff(request)
    if state.who.known is False:
        return wish(state, request, "it isn't in the records")
    if caller and case is not None and case.status == "closed":
        return wish(state, request, "it is closed")
    override = str(request.data.get("override") or "") if _by_staff(request) else ""
    judged = ruling(
        wanted,
        _stands(state),
        request.at,
        channel=request.channel,
        join=timedelta(minutes=state.config.join_minutes),
        override=override,
    )
    level = level_of(state, judged.level)
    match judged.ruling:
        case "joined":
            state.tell("escalation.joined", request, level=level.code)
            _owe(state, request, level)
        case "chased":
            _chase(state, request, level)
        case "proposed" if caller:
            wish(state, request, f"{level.code} comes first, and was never asked for")
        case "proposed":
            raise CaseError(
                f"{wanted.code} needs {level.code} first: ask for {level.code}, "
                f"or let staff say why {wanted.code} all the same",
                "override",
                "level_first",
                wanted=wanted.code,
                first=level.code,
            )
        case _:
            _open(state, request, level, override)


def wish(state: CaseState, request: Request, why: str = "") -> None:
    """Somebody wishes for a level that can't be recorded as an escalation: it stands in the file
    until staff record one, and whoever looks after the case is told."""
    level = level_of(state, str(request.data["level"]))
    wishes: list[dict[str, Any]] = state.data.setdefault("wishes", [])
    known = _wish_for(state, level)
    if known is None:
        known = {"level": level.code, "count": 0}
        wishes.append(known)
    call = str(request.data.get("call") or "")
    known |= {"at": request.at.isoformat(), "by": request.by, "call": call, "why": why}
    known["count"] += 1
    state.tell("escalation.wished", request, level=level.code, why=why)
    because = f": {why}" if why else ""
    state.note(request, f"{level.code} wished for, not recorded as an escalation{because}")
    right = _right(state, request, level)
    state.notify("escalation_wish", request, right, state.who.owner, level=level.code)


def _wish_for(state: CaseState, level: Level) -> dict[str, Any] | None:
    wishes: list[dict[str, Any]] = state.data.get("wishes", [])
    return next((each for each in wishes if each["level"] == level.code), None)


def wished(state: CaseState, request: Request) -> None:
    """A caller wished for a level whose turn it isn't, or for a case that can't be escalated."""
    case = state.who.case
    known = {False: "it isn't in the records", None: "the records couldn't be asked"}
    closed = case is not None and case.status == "closed"
    why = "it is closed" if closed else "its turn hasn't come"
    wish(state, request, known.get(state.who.known, why))


def _by_staff(request: Request) -> bool:
    """An operator who records a caller's wish is staff as well."""
    return request.staff or bool(request.data.get("set_by"))


def level_of(state: CaseState, code: str) -> Level:
    """The level of this code. Raises `CaseError`."""
    for level in state.config.levels:
        if level.code == code:
            return level
    known = ", ".join(level.code for level in state.config.levels)
    raise CaseError(
        f"there is no level '{code}'; there are {known}", "level", "no_level", known=known
    )


def _stands(state: CaseState) -> dict[str, Any]:
    stands: dict[str, Any] = state.data.setdefault("levels", {})
    return stands


def _open(state: CaseState, request: Request, level: Level, override: str) -> None:
    number, set_by = state.file.number, str(request.data.get("set_by") or "")
    reason = str(request.data.get("reason") or "")
    right = _right(state, request, level)
    due = promise_due(request.at, state.config, state.who.zone, level.code)
    _stands(state)[level.code] = {
        "state": "requested",
        "asked_at": request.at.isoformat(),
        "requested_by": request.by,
        "set_by": set_by or (request.by if request.staff else ""),
        "channel": request.channel,
        "call": request.data.get("call", ""),
        "reason": reason,
        "override": override,
        "right": right,
        "due": due.isoformat(),
        "count": 1,
        "promised": False,
        "key": request.key,
    }
    state.data["level"] = level.code
    wishes = state.data.get("wishes", [])
    state.data["wishes"] = [each for each in wishes if each["level"] != level.code]
    state.tell("escalation.requested", request, level=level.code, set_by=set_by, reason=reason)
    if override:
        state.tell("escalation.overridden", request, level=level.code, reason=override)
    call = str(request.data.get("call", ""))
    state.escalations.append(
        Escalation(request.key, call, number, level.code, request.by, set_by, request.at, reason)
    )
    by_phone = request.channel == "phone"
    how = "by phone" if by_phone else "on the web"
    state.note(
        request,
        f"Escalation {level.code} requested {how}",
        visibility="internal" if override else "customer",
        written=reason or override,
        say="escalation_phone" if by_phone else "escalation_web",
        level=level.code,
    )
    state.post(
        "escalation",
        request,
        request.key,
        level=level.code,
        reason=reason or override,
        requested_by=request.by,
        channel=request.channel,
    )
    _tell_people(state, request, "escalation", level, right)
    _owe(state, request, level)
    state.later(
        "case", f"{request.key}:overdue", due, what="overdue", level=level.code, of=request.key
    )


def _right(state: CaseState, request: Request, level: Level) -> str:
    """Who answers for this level now: the holder of the post, or whoever is there for them;
    somebody always, as long as anybody works here."""
    who, given = state.who, str(request.data.get("right") or "")
    if level.target == "manager":
        return who.for_manager or given or who.duty or state.config.last_resort
    return who.for_second or given or who.second_duty or state.config.last_resort


def _away(state: CaseState, level: Level, right: str) -> tuple[str, ...]:
    """Who is told as well while the holder of the post is away: they, and who is on duty."""
    who = state.who
    post, duty = (
        (who.manager, who.duty) if level.target == "manager" else (who.second, who.second_duty)
    )
    return () if post in ("", right) else (post, duty)


def _tell_people(state: CaseState, request: Request, what: str, level: Level, right: str) -> None:
    informed = {"owner": state.who.owner, "manager": state.who.manager}
    others = [*_away(state, level, right), *(informed[name] for name in level.informs)]
    if request.data.get("override"):
        others.append(state.who.manager)
    reason = str(request.data.get("reason") or request.data.get("override") or "")
    state.notify(what, request, right, *others, level=level.code, reason=reason)


def _chase(state: CaseState, request: Request, level: Level) -> None:
    """Asked for again: it is counted, and the people responsible are told again."""
    stands = _stands(state)[level.code]
    stands["count"] += 1
    state.tell("escalation.chased", request, level=level.code, count=stands["count"])
    count = stands["count"]
    again = f"Escalation {level.code} asked for again ({count} times)"
    about = {"say": "escalation_again", "level": level.code, "count": count}
    state.note(request, again, visibility="customer", **about)
    right = _right(state, request, level)
    _tell_people(state, request, "chase", level, right)
    _owe(state, request, level)


def _owe(state: CaseState, request: Request, level: Level) -> None:
    """On a page nobody can be put through: whoever asks there is owed a call."""
    if request.channel == "web":
        state.owe(request, level.code, _right(state, request, level))


def accept(state: CaseState, request: Request) -> None:
    """A manager at this level has spoken with the customer: live, called back, or personally."""
    level = level_of(state, str(request.data["level"]))
    stands = _stands(state).get(level.code)
    if stands is None and (met := _wish_for(state, level)):
        state.data["wishes"].remove(met)
        state.note(request, f"{level.code} was wished for: spoken with the customer")
        return
    if stands is None or stands["state"] == "over":
        raise CaseError(
            f"{level.code} wasn't asked for on {state.file.number}", say="not_escalated"
        )
    if stands["state"] == "accepted":
        return
    stands |= {
        "state": "accepted",
        "accepted_by": request.by,
        "accepted_at": request.at.isoformat(),
    }
    if web := stands.get("web"):
        state.close_promise(request, web, "kept")
    took = (request.at - datetime.fromisoformat(stands["asked_at"])).total_seconds()
    state.tell("escalation.accepted", request, level=level.code, seconds=round(took))


def promised(state: CaseState, request: Request) -> None:
    """A call back was promised for this level: that duty has its own clock from here."""
    level = str(request.data["level"])
    stands = state.data.get("emergency") if level == "E-Down" else _stands(state).get(level)
    if stands is not None:
        stands["promised"] = True
        if str(request.data.get("call", "")).startswith(WEB):
            stands["web"] = request.data["call"]


def overdue(state: CaseState, request: Request) -> None:
    """The promised time is over and nobody has spoken with the customer: the next level is told."""
    stands = _stands(state).get(str(request.data["level"]))
    if stands is None or stands["state"] != "requested" or stands["key"] != request.data["of"]:
        return
    state.tell("escalation.overdue", request, level=request.data["level"], right=stands["right"])
    if not stands["promised"]:
        next_level = state.who.second_duty or state.who.second or state.config.last_resort
        state.notify("overdue", request, next_level, stands["right"], level=request.data["level"])


def deescalate(state: CaseState, request: Request) -> None:
    """Staff end an escalation, with a reason and the customer's agreement."""
    request.only_staff("end an escalation")
    reason = request.reason("to end an escalation")
    if not request.data.get("agreed"):
        raise CaseError(
            "an escalation ends with the customer's agreement: ask them, and say so",
            "agreed",
            "ends_agreed",
        )
    running = [code for code, each in _stands(state).items() if each["state"] != "over"]
    if not running:
        raise CaseError(f"{state.file.number} isn't escalated", say="not_escalated")
    for code in running:
        _stands(state)[code] |= {"state": "over", "over_at": request.at.isoformat(), "why": reason}
    before, state.data["level"] = state.data.get("level", ""), ""
    state.tell("escalation.deescalated", request, before=before, reason=reason)
    state.note(request, f"De-escalated with the customer's agreement: {reason}")
    state.notify("deescalation", request, state.who.owner, state.who.manager, reason=reason)


def report(state: CaseState, request: Request) -> None:
    """A software performance report goes with the escalation."""
    request.only_staff("attach a report")
    number = request.text("id", "the report's number is missing")
    answer = request.data.get("state")
    if answer not in REPORT_STATES:
        raise CaseError(
            f"a report is {', '.join(REPORT_STATES)}, not '{answer}'", "state", "choose_one"
        )
    reports: list[dict[str, Any]] = state.data.setdefault("reports", [])
    known = next((each for each in reports if each["id"] == number), None)
    before = known["state"] if known else ""
    level = state.data.get("level", "")
    if known:
        known["state"] = answer
    else:
        reports.append({"id": number, "state": answer, "level": level})
    state.tell("report.attached", request, report=number, before=before, after=answer, level=level)
    state.note(request, f"Report {number}: {answer}")
    state.post("report", request, request.key, report=number, answer=answer)
    if answer == "escalated":
        state.notify("report", request, state.who.owner, state.who.manager, report=number)
