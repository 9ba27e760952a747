"""What an operator puts on record from a plain telephone: the next level, an emergency, a severity.

All of it is told to the case (`ivr.line.service.cases`), which judges it by the same rules as a
click on a page.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import convert

from ivr.line.config import LineConfig
from ivr.line.desk import emergency as rules
from ivr.line.flow.conversation import Go, Heard, Leads, Phrase
from ivr.line.flow.orders import Escalate, TellCase
from ivr.line.flow.steps import LookUp, Menu, Step
from ivr.line.values import Conditions, Emergency, PersonTalk, needed

from . import effects as do
from . import guards

# Why a rule is overridden or a severity changed: a key, what is written, whether the customer
# agreed to it.
OVERRIDES = {"1": "no progress", "2": "a deadline", "3": "the customer insists"}
EXCEPTIONS = {
    "1": "the contract is being renewed",
    "2": "it is production by what the customer says",
    "3": "the duty manager's decision",
}
CHANGES = {
    "1": ("the impact has grown", False),
    "2": ("a workaround is in place", True),
    "3": ("it was set wrongly", True),
}

# What may be left open of the questions about an outage; the contact's details are one of them.
OPEN = (*(question.name for question in rules.QUESTIONS), "environment", "contact")

NO_CASE = Go(says="desk_no_case")


def steps(config: LineConfig) -> list[Step]:
    return [
        Menu(
            "desk_more",
            says=("desk_next", "desk_more") if config.levels[1:] else ("desk_more",),
            on={
                **_next_level(config),
                "2": (Go("desk_emergency_search", when=guards.has_case), NO_CASE),
                "3": (Go("desk_severity", when=guards.known), NO_CASE),
                "4": (
                    Go("desk", says="desk_recorded", when=guards.closed, then=(reopen,)),
                    Go(says="desk_not_closed", when=guards.has_case),
                    NO_CASE,
                ),
                "back": "desk",
            },
        ),
        *_next_level_steps(config),
        # --- Enterprise Down ---
        LookUp(
            "desk_emergency_search",
            asks="emergency",
            on={
                "found": Go("desk_emergency", then=(keep_conditions,)),
                "not_found": Go("desk", says="brief_unknown"),
                "too_slow": Go("desk_emergency", then=(keep_conditions,)),
            },
        ),
        Menu(
            "desk_emergency",
            says=conditions,
            on={
                "1": (
                    Go("desk", says="emergency_stands", when=stands),
                    Go("desk_definition"),
                ),
                "back": "desk",
            },
        ),
        Menu(
            "desk_definition",  # the caller's answer is kept, and decides nothing
            says=("desk_definition",),
            on={
                str(key): (
                    Go("desk_emergency_why", when=not_met, then=(stopped(key),)),
                    Go("desk", says="desk_recorded", then=(stopped(key), set_emergency)),
                )
                for key in (rules.YES, rules.NO)
            }
            | {"back": "back_to_caller"},
        ),
        Menu(
            "desk_emergency_why",
            says=("desk_emergency_why",),
            on={
                key: Go("desk", says="desk_recorded", then=(why(reason), set_emergency))
                for key, reason in EXCEPTIONS.items()
            }
            | {"back": "desk"},
        ),
        # --- a severity ---
        Menu(
            "desk_severity",
            says=("desk_severity",),
            on={
                key: (
                    Go(says="desk_same", when=has_severity(int(severity.code))),
                    Go("desk_severity_why", then=(choose_severity(int(severity.code)),)),
                )
                for key, severity in config.keys(wished=False).items()
            }
            | {"back": "desk"},
        ),
        Menu(
            "desk_severity_why",
            says=("desk_severity_why",),
            on={
                key: Go("desk", says="desk_recorded", then=(set_severity(reason, agreed),))
                for key, (reason, agreed) in CHANGES.items()
            }
            | {"back": "desk"},
        ),
    ]


def _next_level(config: LineConfig) -> dict[str, Leads]:
    """Key 1 of the second menu, where there is a level above the first."""
    if not config.levels[1:]:
        return {}
    return {
        "1": (
            Go(says="desk_still_ringing", when=guards.ringing),
            Go("desk_next_search", when=guards.has_case),
            NO_CASE,
        )
    }


def _next_level_steps(config: LineConfig) -> list[Step]:
    """The next level, or one whose turn it isn't yet, with a reason."""
    if not config.levels[1:]:
        return []
    return [
        LookUp(
            "desk_next_search",
            asks="next_level",
            on={
                "found": Go(
                    "back_to_caller", then=(do.keep_ranking, do.request_level, do.ring_right)
                ),
                "not_found": Go("desk_override", then=(do.want_level,)),
                "too_slow": Go("desk", says="brief_records_down"),
            },
        ),
        Menu(
            "desk_override",
            says=("desk_override",),
            on=_reasons(OVERRIDES, "desk_override_search") | {"back": "desk"},
        ),
        LookUp(
            "desk_override_search",
            asks="managers",
            on={
                "found": Go(
                    "back_to_caller", then=(do.keep_ranking, request_override, do.ring_right)
                ),
                "not_found": Go(
                    "desk", says="desk_nobody", then=(do.keep_ranking, request_override)
                ),
                "too_slow": Go("desk", says="brief_records_down", then=(request_override,)),
            },
        ),
    ]


def _reasons(reasons: dict[str, str], to: str) -> dict[str, Leads]:
    return {key: Go(to, then=(why(reason),)) for key, reason in reasons.items()}


def why(reason: str) -> Callable[[PersonTalk, Heard], None]:
    def effect(talk: PersonTalk, heard: Heard) -> None:
        talk.own.why = reason

    return effect


def _tell(talk: PersonTalk, what: str, **data: Any) -> None:
    """The case hears it of this person, once."""
    by, key = talk.own.person, f"{what}:{talk.own.person}:{talk.turn}"
    talk.order(TellCase(what, key, by, {"requested_by": "caller", **data}))


def reopen(talk: PersonTalk, heard: Heard) -> None:
    _tell(talk, "reopen", reason="the same problem again, by phone")


def request_override(talk: PersonTalk, heard: Heard) -> None:
    level, why = talk.shared.wish, talk.own.why
    talk.order(Escalate(level, set_by=talk.own.person, override=why))


def keep_conditions(talk: PersonTalk, heard: Heard) -> None:
    """How the conditions stand; what the records can't say is let through, and flagged."""
    talk.own.conditions = convert(heard.data, Conditions)
    talk.own.why = ""


def conditions(talk: PersonTalk) -> tuple[Phrase, ...]:
    judged = needed(talk.own.conditions)
    if judged.stands:
        return (("emergency_stands", ""), ("desk_emergency", ""))
    failed = ((f"condition_{name}", "") for name in judged.failed)
    left = [(f"desk_open_{name}", "") for name in OPEN if name in judged.missing]
    left += [("desk_open_contact", "")] if set(judged.missing) & set(rules.CONTACT) else []
    left = [("desk_open", ""), *left] if left else []
    return ((f"emergency_{judged.result}", ""), *failed, *left, ("desk_emergency", ""))


def stands(talk: PersonTalk, heard: Heard) -> bool:
    return needed(talk.own.conditions).stands


def not_met(talk: PersonTalk, heard: Heard) -> bool:
    return needed(talk.own.conditions).result == "no"


def stopped(answer: int) -> Callable[[PersonTalk, Heard], None]:
    def effect(talk: PersonTalk, heard: Heard) -> None:
        do.emergency(talk).answers["stopped"] = answer

    return effect


def set_emergency(talk: PersonTalk, heard: Heard) -> None:
    """Severity 0, by this person; with all that the caller has answered so far."""
    answered = talk.shared.emergency or Emergency()
    _tell(
        talk,
        "set_emergency",
        override=talk.own.why,
        answers=answered.answers,
        contact=answered.contact,
    )


def has_severity(code: int) -> Callable[[PersonTalk, Heard], bool]:
    def guard(talk: PersonTalk, heard: Heard) -> bool:
        case = talk.shared.case.found
        return case is not None and case.severity == code

    return guard


def choose_severity(code: int) -> Callable[[PersonTalk, Heard], None]:
    def effect(talk: PersonTalk, heard: Heard) -> None:
        talk.own.severity = code

    return effect


def set_severity(reason: str, agreed: bool) -> Callable[[PersonTalk, Heard], None]:
    def effect(talk: PersonTalk, heard: Heard) -> None:
        code = talk.own.severity
        if case := talk.shared.case.found:
            case.severity = code
        _tell(talk, "set_severity", severity=code, reason=reason, agreed=agreed)

    return effect
