"""Enterprise Down on one case: declared by the customer, set by staff, worked on until it ends.

``data["emergency"]`` holds ``state`` (declared | set | ended), ``answers``, ``contact``, when it
was declared and set, ``conditions`` as judged last, ``manager`` (who works on it now, around the
clock), ``asked`` (whose shift it was at the last look), ``offered`` (who was offered the hand-over)
and how it ended.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import Any

from ivr.line.desk import emergency as rules
from ivr.line.desk.promises import promise_due
from ivr.line.errors import CaseError
from ivr.line.turns.case import severity
from ivr.line.turns.case.state import CaseState, Request

JUDGED_AGAIN = timedelta(minutes=2)  # while the records can't be asked


def declare(state: CaseState, request: Request) -> None:
    """The customer says that production is down. They reach a person whatever comes of it.

    Always on a case that exists: it is a step of its own, never part of logging one.
    """
    file = _file(state)
    if file["state"] in ("declared", "set"):
        _take(state, request, file)
        state.tell("escalation.joined", request, level="E-Down")
        return
    state.data["emergency"] = file = {
        "state": "declared",
        "declared_at": request.at.isoformat(),
        "declared_by": request.by,
        "channel": request.channel,
        "version": rules.VERSION,
        "answers": {},
        "contact": {},
        "manager": "",
        "offered": "",
        "asked": "",
        "flagged": False,
        "key": request.key,
    }
    _take(state, request, file)
    _judge(state, request, file)
    state.tell("edown.declared", request)
    by_customer = request.by == "caller" or request.by.startswith("contact:")
    by = "the customer" if by_customer else "the desk, for the customer"
    text = f"{state.config.emergency_name} declared by {by}"
    say = "declared_customer" if by_customer else "declared_desk"
    state.note(request, text, visibility="customer", say=say)
    state.notify("edown", request, state.who.duty or state.config.last_resort, state="declared")
    at = promise_due(request.at, state.config, state.who.zone, "E-Down")
    state.later("case", f"{request.key}:unmet", at, what="unmet", of=request.key)
    _owe(state, request)
    _remind_later(state, request)


def _owe(state: CaseState, request: Request) -> None:
    """Declared on a page: the desk is rung at once, to call the customer."""
    if request.channel == "web":
        state.owe(request, "E-Down", state.who.duty or state.config.last_resort)


def take(state: CaseState, request: Request) -> None:
    """Somebody of the desk has it: they have met the customer, or say so on a page."""
    file = _file(state)
    if file["state"] not in ("declared", "set") or file["manager"]:
        return
    file["manager"] = request.by
    state.tell("edown.taken", request, by=request.by)
    _close_promise(state, request, file, "kept")


def _close_promise(state: CaseState, request: Request, file: dict[str, Any], how: str) -> None:
    """The call that was owed for it isn't any more."""
    if web := file.pop("web", ""):
        state.close_promise(request, web, how)


def unmet(state: CaseState, request: Request) -> None:
    """Declared, and nobody of the desk has taken it up: the second level is told."""
    file = _file(state)
    waits = file["state"] == "declared" and not file["manager"]
    if waits and file["key"] == request.data["of"]:
        state.tell("edown.unmet", request)
        second_level = state.who.second_duty or state.config.last_resort
        state.notify("overdue", request, second_level, state.who.duty, level="E-Down")


def send_form(state: CaseState, request: Request) -> None:
    """A caller wants the questions in writing: a link to them goes to the contact on file, to whom
    the telephone belongs that calls, or else to the first."""
    case, phone = state.who.case, str(request.data.get("phone") or "")
    contacts = case.contacts if case else ()
    mine = next((each for each in contacts if phone and phone in each.phones), None)
    contact = mine or next(iter(contacts), None)
    if contact is None:
        state.note(request, "The questions were asked for in writing; no contact is on file")
        return
    state.tell("edown.form_asked", request)
    state.notify_contact("form", request, contact)


def _file(state: CaseState) -> dict[str, Any]:
    file: dict[str, Any] = state.data.get("emergency") or {"state": ""}
    return file


def answer(state: CaseState, request: Request) -> None:
    """Further answers, or the contact's details."""
    file = _file(state)
    if file["state"] not in ("declared", "set"):
        raise CaseError(
            f"{state.config.emergency_name} isn't declared on {state.file.number}",
            say="not_declared",
        )
    _take(state, request, file)
    _judge(state, request, file)


def _take(state: CaseState, request: Request, file: dict[str, Any]) -> None:
    for name, given in (request.data.get("answers") or {}).items():
        value = rules.answer(name, given, file["answers"])
        if file["answers"].get(name) == value:
            continue  # told again, by whoever sets it: what was so when it was answered stays so
        file["answers"][name] = value
        logged = "given" if rules.BY_NAME[name].kind == "text" else value
        state.tell("edown.answer", request, question=name, value=logged, version=rules.VERSION)
        if name == "down_for":
            file["down_since"] = rules.down_since(value, request.at).isoformat()
    contact = {
        name: value
        for name, value in (request.data.get("contact") or {}).items()
        if value not in (None, "")
    }
    if contact.get("reach", rules.REACH[0]) not in rules.REACH:
        reach = ", ".join(rules.REACH)
        raise CaseError(f"a contact is reached {reach}; not '{contact['reach']}'", "reach")
    if contact:
        file["contact"] |= contact
        state.tell("edown.answer", request, question="contact", value=sorted(contact))


def _judge(state: CaseState, request: Request, file: dict[str, Any]) -> rules.Verdict:
    verdict = rules.judge(
        state.who.case, request.at, file["answers"], file["contact"], state.config.emergency
    )
    judged = [asdict(condition) for condition in verdict.conditions]
    for condition in judged:
        if condition not in file.get("conditions", ()):
            state.tell("edown.condition", request, **condition)
    file["conditions"] = judged
    if state.who.known is None and not file.get("unchecked"):
        file["unchecked"] = True
        _judge_later(state, request, file)
    return verdict


def _judge_later(state: CaseState, request: Request, file: dict[str, Any]) -> None:
    at = request.at + JUDGED_AGAIN
    state.later("case", f"judge:{at.isoformat()}", at, what="judge", of=file["key"])


def judge_again(state: CaseState, request: Request) -> None:
    """The records couldn't be asked: as soon as they can, the conditions are judged, and whoever
    has the emergency is told how they stand."""
    file = _file(state)
    if file["state"] not in ("declared", "set") or file["key"] != request.data["of"]:
        return
    if state.who.known is None:
        return _judge_later(state, request, file)
    file["unchecked"] = False
    verdict = _judge(state, request, file)
    if file["state"] == "set":
        file["flagged"] = verdict.result == "unknown"
    how = _how_judged(verdict)
    state.tell("edown.checked", request, result=verdict.result, failed=list(verdict.failed))
    state.note(request, f"The conditions of {state.config.emergency_name} were checked: {how}")
    people = file["manager"] or state.who.duty or state.config.last_resort
    state.notify("edown_checked", request, people, state.who.owner, reason=how)


def _how_judged(verdict: rules.Verdict) -> str:
    """Each condition, with whether it is met, in words for staff."""
    words = {"yes": "met", "no": "not met", "unknown": "unknown"}
    said = (
        f"{each.name} {words[each.result]}" + (f" ({each.detail})" if each.detail else "")
        for each in verdict.conditions
    )
    return ", ".join(said)


def set_(state: CaseState, request: Request) -> None:
    """Staff set Enterprise Down on a declared or known case; a condition that fails needs a reason.

    What the records can't say is let through, and flagged to be looked at later.
    """
    request.only_staff(f"set {state.config.emergency_name}")
    if state.who.known is False:
        raise CaseError(f"there is no case {state.file.number}: log one first, then set it down")
    file = _file(state)
    if file["state"] == "set":
        raise CaseError(
            f"{state.config.emergency_name} stands on {state.file.number} already",
            say="stands_already",
        )
    if file["state"] != "declared":
        declare(state, request)
        file = _file(state)
    else:
        _take(state, request, file)
    verdict = _judge(state, request, file)
    override = str(request.data.get("override") or "").strip()
    if verdict.result == "no" and not override:
        raise CaseError(
            f"not met: {', '.join(_said(verdict))}; "
            f"offer severity {state.config.below_emergency.code} and an escalation, "
            "or say why it is set all the same",
            "override",
            "not_met",
            conditions=", ".join(_said(verdict)),
            below=state.config.below_emergency.code,
        )
    _begin(state, request, file, verdict, override)


def _said(verdict: rules.Verdict) -> list[str]:
    return [
        f"{each.name} ({each.detail})" for each in verdict.conditions if each.name in verdict.failed
    ]


def _begin(
    state: CaseState, request: Request, file: dict[str, Any], verdict: rules.Verdict, override: str
) -> None:
    who, manager = state.who, state.who.duty or state.who.manager or state.config.last_resort
    file |= {
        "state": "set",
        "set_at": request.at.isoformat(),
        "set_by": request.by,
        "override": override,
        "flagged": verdict.result == "unknown",
        "manager": manager,
        "asked": manager,
    }
    met = f"the conditions are met: {_how_judged(verdict)}"
    why = override or (met if verdict.result == "yes" else f"unchecked: {_how_judged(verdict)}")
    request.data.setdefault("requested_by", file["declared_by"])
    code = int(state.config.emergency_severity.code)
    severity.put(state, request, code, f"{state.config.emergency_name}: {why}")
    state.note(request, f"{state.config.emergency_name} set", f"{request.key}:why", written=why)
    state.tell("edown.set", request, manager=manager, override=override, flagged=file["flagged"])
    state.notify("edown", request, manager, who.owner, who.manager, state="set")
    _remind_later(state, request)
    state.later("effort", f"{file['key']}:effort", request.at, of=file["key"])


def _missing(state: CaseState, file: dict[str, Any]) -> tuple[str, ...]:
    case = state.who.case
    return rules.missing(file["answers"], file["contact"], case.environment if case else "")


def _remind_later(state: CaseState, request: Request) -> None:
    file = _file(state)
    if file["state"] == "declared" or _missing(state, file):
        at = request.at + timedelta(minutes=state.config.emergency.remind)
        state.later("case", f"remind:{at.isoformat()}", at, what="remind", of=file["key"])


def remind(state: CaseState, request: Request) -> None:
    """It is declared and not set, or something of the questionnaire is still missing: whoever has
    it is told again, and as long as nobody has, the people on duty."""
    file = _file(state)
    if file["state"] not in ("declared", "set") or file["key"] != request.data["of"]:
        return
    missing = _missing(state, file)
    if file["state"] == "declared":
        who = state.who
        told = [file["manager"]] if file["manager"] else [who.duty, who.second_duty]
        state.tell("edown.waiting", request, manager=file["manager"])
        people = [*told, *(() if any(told) else (state.config.last_resort,))]
        state.notify("edown", request, *people, state="declared", missing=", ".join(missing))
        _remind_later(state, request)
    elif missing:
        state.tell("edown.incomplete", request, missing=list(missing))
        state.notify("edown_incomplete", request, file["manager"], missing=", ".join(missing))
        _remind_later(state, request)


def end(state: CaseState, request: Request) -> None:
    """Staff end it, with how it ended and why; nothing else ever does."""
    request.only_staff(f"end {state.config.emergency_name}")
    file, outcome = _file(state), request.data.get("outcome")
    if file["state"] not in ("set", "declared"):
        raise CaseError(
            f"{state.config.emergency_name} doesn't stand on {state.file.number}",
            say="not_declared",
        )
    if outcome not in rules.ENDS:
        ends = ", ".join(rules.ENDS)
        raise CaseError(f"it ends as one of {ends}; not '{outcome}'", "outcome", "choose_one")
    reason = request.reason(f"to end {state.config.emergency_name}")
    was_set = file["state"] == "set"
    file |= {"state": "ended", "ended_at": request.at.isoformat(), "ended_by": request.by}
    file |= {"outcome": outcome, "why": reason}
    _close_promise(state, request, file, "over")
    state.tell("edown.ended", request, outcome=outcome, reason=reason)
    state.note(
        request, f"{state.config.emergency_name} ended, {outcome.replace('_', ' ')}: {reason}"
    )
    if was_set:
        severity.put(state, request, _after(state, request), reason)
    state.notify(
        "edown_ended", request, file["manager"], state.who.owner, state.who.manager, reason=reason
    )


def _after(state: CaseState, request: Request) -> int:
    """The severity after it: the one given, else what it was before, else the next below."""
    before = (state.data.get("severity") or {}).get("before")
    given = request.data.get("severity")
    codes = [each.code for each in state.config.offered(wished=False)]
    if given is None:
        return int(str(before) if str(before) in codes else state.config.below_emergency.code)
    if str(given) not in codes:
        raise CaseError(f"'{given}' is no severity to go on with; there are {', '.join(codes)}")
    return int(given)


# --- around the clock ---


def shift_change(state: CaseState, request: Request) -> None:
    """Somebody else is on duty now: they are asked to take it, and until they do it stays."""
    file, to = _file(state), str(request.data["to"])
    if file["state"] != "set" or file["key"] != request.data["of"] or to == file["asked"]:
        return
    file["asked"] = to  # each shift is asked once
    if to == file["manager"]:
        return
    file["offered"] = to
    state.tell("edown.hand_over_offered", request, before=file["manager"], after=to)
    state.notify("hand_over", request, to, file["manager"], **_packet(state, file))
    at = request.at + timedelta(minutes=state.config.emergency.accept)
    state.later("case", f"{request.key}:lapsed", at, what="hand_over_lapsed", of=file["key"], to=to)


def _packet(state: CaseState, file: dict[str, Any]) -> dict[str, Any]:
    """What the person who takes over has to know."""
    answers = file["answers"]
    plan = state.data.get("plan") or {}
    return {
        "users": answers.get("users"),
        "affected": answers.get("affected"),
        "down_since": file.get("down_since", ""),
        "before": file["manager"],
        "engineer": state.who.owner,
        "plan": plan.get("text", ""),
    }


def accept_hand_over(state: CaseState, request: Request) -> None:
    """The person who was offered it takes it, or somebody else on the desk does."""
    request.only_staff("take over an emergency")
    file = _file(state)
    if file["state"] not in ("declared", "set"):
        raise CaseError(
            f"{state.config.emergency_name} doesn't stand on {state.file.number}",
            say="not_declared",
        )
    if file["manager"] == request.by:
        raise CaseError("you have it already", say="you_have_it")
    before = file["manager"]
    if not before:
        return take(state, request)
    file |= {"manager": request.by, "offered": ""}
    state.tell("edown.handed_over", request, before=before, after=request.by)
    state.note(request, f"Emergency handed over from {before} to {request.by}")


def hand_over_lapsed(state: CaseState, request: Request) -> None:
    """Nobody has accepted in time: it stays where it is, and the second level is told."""
    file = _file(state)
    stale = file["state"] != "set" or file["key"] != request.data["of"]
    if stale or file["offered"] != request.data["to"]:
        return
    file["offered"] = ""
    state.tell("edown.hand_over_lapsed", request, before=file["manager"], after=request.data["to"])
    second_level = state.who.second_duty or state.config.last_resort
    state.notify("hand_over_lapsed", request, second_level, file["manager"], **_packet(state, file))


__all__ = [
    "accept_hand_over",
    "answer",
    "declare",
    "end",
    "hand_over_lapsed",
    "judge_again",
    "remind",
    "send_form",
    "set_",
    "shift_change",
    "take",
    "unmet",
]
