"""Enterprise Down on one case: declared by the customer, set by staff, worked on until it ends.

``data["emergency"]`` holds ``state`` (declared | set | ended), ``answers``, ``contact``, when it
was declared and set, ``conditions`` as judged last, ``manager`` (whose turn it is, around the
clock), ``asked`` (whose shift it was at the last look), ``offered`` (to whom the hand-over was
offered) and how it ended.
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


def declare(turn: CaseState, asked: Request) -> None:
    """The customer says that production is down. He reaches a person whatever comes of it.

    Always on a case that exists: it is a step of its own, never part of logging one.
    """
    file = _file(turn)
    if file["state"] in ("declared", "set"):
        _take(turn, asked, file)
        turn.tell("escalation.joined", asked, level="E-Down")
        return
    turn.data["emergency"] = file = {
        "state": "declared",
        "declared_at": asked.at.isoformat(),
        "declared_by": asked.by,
        "channel": asked.channel,
        "version": rules.VERSION,
        "answers": {},
        "contact": {},
        "manager": "",
        "offered": "",
        "asked": "",
        "flagged": False,
        "key": asked.key,
    }
    _take(turn, asked, file)
    _judge(turn, asked, file)
    turn.tell("edown.declared", asked)
    himself = asked.by == "caller" or asked.by.startswith("contact:")
    by = "the customer" if himself else "the desk, for the customer"
    turn.note(asked, f"{turn.config.emergency_name} declared by {by}", visibility="customer")
    turn.notify("edown", asked, turn.who.duty or turn.config.last_resort, state="declared")
    at = promise_due(asked.at, turn.config, turn.who.zone, "E-Down")
    turn.later("case", f"{asked.key}:unmet", at, what="unmet", of=asked.key)


def unmet(turn: CaseState, asked: Request) -> None:
    """Declared, and nobody of the desk has taken it up: the second level is told."""
    file = _file(turn)
    if file["state"] == "declared" and file["key"] == asked.data["of"]:
        turn.tell("edown.unmet", asked)
        told = turn.who.second_duty or turn.config.last_resort
        turn.notify("overdue", asked, told, turn.who.duty, level="E-Down")


def _file(turn: CaseState) -> dict[str, Any]:
    file: dict[str, Any] = turn.data.get("emergency") or {"state": ""}
    return file


def answer(turn: CaseState, asked: Request) -> None:
    """Further answers, or the contact's details, by whoever has them."""
    file = _file(turn)
    if file["state"] not in ("declared", "set"):
        raise CaseError(f"{turn.config.emergency_name} isn't declared on {turn.file.number}")
    _take(turn, asked, file)
    _judge(turn, asked, file)


def _take(turn: CaseState, asked: Request, file: dict[str, Any]) -> None:
    for name, given in (asked.data.get("answers") or {}).items():
        value = rules.answer(name, given, file["answers"])
        if file["answers"].get(name) != value:
            file["answers"][name] = value
            logged = "given" if rules.BY_NAME[name].kind == "text" else value
            turn.tell("edown.answer", asked, question=name, value=logged, version=rules.VERSION)
        if name == "down_for":
            file["down_since"] = rules.down_since(value, asked.at).isoformat()
    contact = {
        name: value
        for name, value in (asked.data.get("contact") or {}).items()
        if value not in (None, "")
    }
    if contact.get("reach", rules.REACH[0]) not in rules.REACH:
        raise CaseError(f"a contact is reached {', '.join(rules.REACH)}; not '{contact['reach']}'")
    if contact:
        file["contact"] |= contact
        turn.tell("edown.answer", asked, question="contact", value=sorted(contact))


def _judge(turn: CaseState, asked: Request, file: dict[str, Any]) -> rules.Verdict:
    verdict = rules.judge(
        turn.who.case, asked.at, file["answers"], file["contact"], turn.config.emergency
    )
    judged = [asdict(condition) for condition in verdict.conditions]
    for condition in judged:
        if condition not in file.get("conditions", ()):
            turn.tell("edown.condition", asked, **condition)
    file["conditions"] = judged
    return verdict


def set_(turn: CaseState, asked: Request) -> None:
    """Staff set Enterprise Down on a declared or known case; a condition that fails needs a reason.

    What the records can't say is let through, and flagged to be looked at later.
    """
    asked.only_staff(f"set {turn.config.emergency_name}")
    if turn.who.known is False:
        raise CaseError(f"there is no case {turn.file.number}: log one first, then set it down")
    file = _file(turn)
    if file["state"] == "set":
        raise CaseError(f"{turn.config.emergency_name} stands on {turn.file.number} already")
    if file["state"] != "declared":
        declare(turn, asked)
        file = _file(turn)
    else:
        _take(turn, asked, file)
    verdict = _judge(turn, asked, file)
    override = str(asked.data.get("override") or "").strip()
    if verdict.result == "no" and not override:
        raise CaseError(
            f"not met: {', '.join(_said(verdict))}; "
            f"offer severity {turn.config.below_emergency.code} and an escalation, "
            "or say why it is set all the same"
        )
    _begin(turn, asked, file, verdict, override)


def _said(verdict: rules.Verdict) -> list[str]:
    return [
        f"{each.name} ({each.detail})" for each in verdict.conditions if each.name in verdict.failed
    ]


def _begin(
    turn: CaseState, asked: Request, file: dict[str, Any], verdict: rules.Verdict, override: str
) -> None:
    who, manager = turn.who, turn.who.duty or turn.who.manager or turn.config.last_resort
    file |= {
        "state": "set",
        "set_at": asked.at.isoformat(),
        "set_by": asked.by,
        "override": override,
        "flagged": verdict.result == "unknown",
        "manager": manager,
        "asked": manager,
    }
    why = override or "the conditions are met"
    asked.data.setdefault("requested_by", file["declared_by"])
    code = int(turn.config.emergency_severity.code)
    severity.put(turn, asked, code, f"{turn.config.emergency_name}: {why}")
    turn.tell("edown.set", asked, manager=manager, override=override, flagged=file["flagged"])
    turn.notify("edown", asked, manager, who.owner, who.manager, state="set")
    _remind_later(turn, asked)
    turn.later("effort", f"{file['key']}:effort", asked.at, of=file["key"])


def _remind_later(turn: CaseState, asked: Request) -> None:
    file = _file(turn)
    if rules.missing(file["answers"], file["contact"]):
        at = asked.at + timedelta(minutes=turn.config.emergency.remind)
        turn.later("case", f"remind:{at.isoformat()}", at, what="remind", of=file["key"])


def remind(turn: CaseState, asked: Request) -> None:
    """Something of the questionnaire is still missing: whoever has the emergency is told again."""
    file = _file(turn)
    if file["state"] != "set" or file["key"] != asked.data["of"]:
        return
    missing = rules.missing(file["answers"], file["contact"])
    if missing:
        turn.tell("edown.incomplete", asked, missing=list(missing))
        turn.notify("edown_incomplete", asked, file["manager"], missing=", ".join(missing))
        _remind_later(turn, asked)


def end(turn: CaseState, asked: Request) -> None:
    """Staff end it, with how it ended and why; nothing else ever does."""
    asked.only_staff(f"end {turn.config.emergency_name}")
    file, outcome = _file(turn), asked.data.get("outcome")
    if file["state"] not in ("set", "declared"):
        raise CaseError(f"{turn.config.emergency_name} doesn't stand on {turn.file.number}")
    if outcome not in rules.ENDS:
        raise CaseError(f"it ends as one of {', '.join(rules.ENDS)}; not '{outcome}'")
    reason = asked.reason(f"to end {turn.config.emergency_name}")
    was_set = file["state"] == "set"
    file |= {"state": "ended", "ended_at": asked.at.isoformat(), "ended_by": asked.by}
    file |= {"outcome": outcome, "why": reason}
    turn.tell("edown.ended", asked, outcome=outcome, reason=reason)
    turn.note(asked, f"{turn.config.emergency_name} ended, {outcome.replace('_', ' ')}: {reason}")
    if was_set:
        severity.put(turn, asked, _after(turn, asked), reason)
    turn.notify(
        "edown_ended", asked, file["manager"], turn.who.owner, turn.who.manager, reason=reason
    )


def _after(turn: CaseState, asked: Request) -> int:
    """The severity after it: the one given, else what it was before, else the next below."""
    before = (turn.data.get("severity") or {}).get("before")
    given = asked.data.get("severity")
    codes = [each.code for each in turn.config.offered(wished=False)]
    if given is None:
        return int(str(before) if str(before) in codes else turn.config.below_emergency.code)
    if str(given) not in codes:
        raise CaseError(f"'{given}' is no severity to go on with; there are {', '.join(codes)}")
    return int(given)


# --- around the clock ---


def shift_change(turn: CaseState, asked: Request) -> None:
    """Somebody else is on duty now. He is asked to take it; until he does it stays where it is."""
    file, to = _file(turn), str(asked.data["to"])
    if file["state"] != "set" or file["key"] != asked.data["of"] or to == file["asked"]:
        return
    file["asked"] = to  # each shift is asked once
    if to == file["manager"]:
        return
    file["offered"] = to
    turn.tell("edown.hand_over_offered", asked, before=file["manager"], after=to)
    turn.notify("hand_over", asked, to, file["manager"], **_packet(turn, file))
    at = asked.at + timedelta(minutes=turn.config.emergency.accept)
    turn.later("case", f"{asked.key}:lapsed", at, what="hand_over_lapsed", of=file["key"], to=to)


def _packet(turn: CaseState, file: dict[str, Any]) -> dict[str, Any]:
    """What whoever takes over has to know."""
    answers = file["answers"]
    plan = turn.data.get("plan") or {}
    return {
        "users": answers.get("users"),
        "affected": answers.get("affected"),
        "down_since": file.get("down_since", ""),
        "before": file["manager"],
        "engineer": turn.who.owner,
        "plan": plan.get("text", ""),
    }


def accept_hand_over(turn: CaseState, asked: Request) -> None:
    """Whoever it was offered to takes it, or another one of the desk does."""
    asked.only_staff("take over an emergency")
    file = _file(turn)
    if file["state"] != "set":
        raise CaseError(f"{turn.config.emergency_name} doesn't stand on {turn.file.number}")
    if file["manager"] == asked.by:
        raise CaseError("you have it already")
    before = file["manager"]
    file |= {"manager": asked.by, "offered": ""}
    turn.tell("edown.handed_over", asked, before=before, after=asked.by)
    turn.note(asked, f"Emergency handed over from {before} to {asked.by}")


def hand_over_lapsed(turn: CaseState, asked: Request) -> None:
    """Nobody has accepted in time: it stays with whoever has it, and the second level knows."""
    file = _file(turn)
    stale = file["state"] != "set" or file["key"] != asked.data["of"]
    if stale or file["offered"] != asked.data["to"]:
        return
    file["offered"] = ""
    turn.tell("edown.hand_over_lapsed", asked, before=file["manager"], after=asked.data["to"])
    told = turn.who.second_duty or turn.config.last_resort
    turn.notify("hand_over_lapsed", asked, told, file["manager"], **_packet(turn, file))


__all__ = [
    "accept_hand_over",
    "answer",
    "declare",
    "end",
    "hand_over_lapsed",
    "remind",
    "set_",
    "shift_change",
    "unmet",
]
