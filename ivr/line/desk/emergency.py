"""Enterprise Down: its conditions, its five questions, and the contact it needs.

One definition for the telephone and the web. Nothing here sets a severity: that is staff's to do,
on a case that exists. What isn't known never keeps anybody out; it is flagged for later.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple, get_args
from zoneinfo import ZoneInfo

from ivr.line.desk.cases import Account, Case
from ivr.line.errors import CaseError

VERSION = "2"  # of the questions' wording, kept with each answer

Kind = Literal["choice", "count", "text", "minutes"]
Result = Literal["yes", "no", "unknown"]
Mode = Literal["hard", "warn", "ask"]
MODES: tuple[Mode, ...] = get_args(Mode)


@dataclass(frozen=True, slots=True)
class Question:
    """One question. A "choice" is answered by 1 to ``choices``, "minutes" is how long ago."""

    name: str
    kind: Kind
    choices: int = 0


QUESTIONS = (
    Question("purpose", "choice", 5),
    Question("users", "count"),
    Question("affected", "count"),
    Question("actions", "text"),
    Question("down_for", "minutes"),
)
# Asked as well, each answered by 1 (yes) or 2 (no): whether the software runs in production, and
# whether all of the production has stopped and can't reasonably go on, as the customer says.
FURTHER = (Question("environment", "choice", 2), Question("stopped", "choice", 2))
BY_NAME: Mapping[str, Question] = {each.name: each for each in (*QUESTIONS, *FURTHER)}
YES, NO = 1, 2

CATEGORIES = ("no_access", "hangs", "suppliers", "work_lost", "slow")  # 1 to 5
REACH = ("on_site", "mobile", "pager", "other")
CONTACT = ("number", "reach", "english", "competent")  # what a contact must have; a name is good

ENDS = ("restored", "no_progress", "severity_lowered", "contact_unreachable")

LONGEST = 1200  # characters of a text
MOST_USERS = 10_000_000
LONGEST_DOWN = 60 * 24 * 365  # minutes


@dataclass(frozen=True, slots=True)
class EmergencyTerms:
    """What a desk asks for: the mode of each condition, the contract's tier, and its clocks.

    ``due`` are minutes until a call back in and off hours, ``again`` minutes between two rounds in
    which the desk is rung for one; ``remind`` minutes between reminders of what is missing,
    ``accept`` minutes in which a hand-over must be accepted.
    """

    tier: str = "Enterprise"
    contract: Mode = "hard"
    production: Mode = "hard"
    situation: Mode = "ask"
    contact: Mode = "warn"
    due: tuple[int, int] = (15, 15)
    again: int = 2
    remind: int = 15
    accept: int = 15


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition as judged: for staff, and never said to a caller by a machine.

    ``detail`` says in English what was found; ``say`` names the same in the words of the pages,
    with ``values`` in its slots.
    """

    name: str
    mode: Mode
    result: Result
    detail: str = ""
    say: str = ""
    values: Mapping[str, str] = field(default_factory=dict)


class Judged(NamedTuple):
    """Whether a condition is met, and what was found, as in `Condition`."""

    result: Result
    detail: str = ""
    say: str = ""
    values: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Verdict:
    """All conditions together. "no" needs staff's reason to be overridden; "unknown" is let
    through and flagged."""

    conditions: tuple[Condition, ...] = field(default_factory=tuple)

    @property
    def result(self) -> Result:
        hard = [each.result for each in self.conditions if each.mode == "hard"]
        return "no" if "no" in hard else "unknown" if "unknown" in hard else "yes"

    @property
    def failed(self) -> tuple[str, ...]:
        """The hard conditions that aren't met."""
        return tuple(
            each.name for each in self.conditions if each.mode == "hard" and each.result == "no"
        )


def judge(
    case: Case | None,
    now: datetime,
    answers: Mapping[str, Any],
    contact: Mapping[str, Any],
    terms: EmergencyTerms,
) -> Verdict:
    """Every condition for ``case`` (None: the records can't say) at ``now``."""
    account = case.account if case else None
    return Verdict(
        (
            _condition("contract", terms.contract, contract(account, now, terms.tier)),
            _condition("production", terms.production, _production(case, answers)),
            _condition("situation", terms.situation, _situation(answers)),
            _condition("contact", terms.contact, _contact(contact)),
        )
    )


def _condition(name: str, mode: Mode, judged: Judged) -> Condition:
    return Condition(name, mode, *judged)


def contract(account: Account | None, now: datetime, tier: str) -> Judged:
    """Whether the account's contract is of ``tier`` and valid on the day that it is there now."""
    if account is None or not account.contract_tier:
        return Judged("unknown", "no contract on record", "no_contract")
    has = account.contract_tier
    if has.casefold() != tier.casefold():
        return Judged("no", f"{has}, not {tier}", "other_tier", {"has": has, "tier": tier})
    today = now.astimezone(ZoneInfo(account.zone)).date()
    first, last = account.contract_from, account.contract_to
    if first and today < first:
        day = {"tier": tier, "day": first.isoformat()}
        return Judged("no", f"{tier}, valid from {first}", "valid_from", day)
    if not last:
        return Judged("yes", tier, "valid", {"tier": tier})
    day = {"tier": tier, "day": last.isoformat()}
    if today > last:
        return Judged("no", f"{tier}, expired on {last}", "expired", day)
    return Judged("yes", f"{tier}, valid to {last}", "valid_to", day)


def _production(case: Case | None, answers: Mapping[str, Any]) -> Judged:
    """What is on record counts; where nothing is, the customer's word."""
    said = answers.get("environment")
    if case is None or not case.environment:
        known = {
            YES: Judged("yes", "the customer says so", "customer_yes"),
            NO: Judged("no", "the customer says that it isn't", "customer_no"),
        }
        unknown = Judged("unknown", "no environment on record", "no_environment")
        return known.get(int(said or 0), unknown)
    there = {"environment": case.environment}
    if case.environment == "production":
        return Judged("yes", case.environment, "on_record", there)
    if said == YES:
        but = f"{case.environment}, production by what the customer says"
        return Judged("no", but, "on_record_but", there)
    return Judged("no", case.environment, "on_record", there)


def _situation(answers: Mapping[str, Any]) -> Judged:
    purpose = answers.get("purpose")
    if not purpose:
        return Judged("unknown", "not asked yet", "not_asked")
    category = CATEGORIES[purpose - 1]
    return Judged("yes", category, f"category_{category}")


def _contact(contact: Mapping[str, Any]) -> Judged:
    if not contact.get("number"):
        return Judged("unknown", "nobody named yet", "nobody_named")
    lacking = [name for name in ("english", "competent") if contact.get(name) is False]
    if not lacking:
        return Judged("yes")
    return Judged("no", ", ".join(lacking), f"lacks_{'_'.join(lacking)}")


def answer(name: str, given: object, answers: Mapping[str, Any]) -> Any:
    """``given`` as the answer to question ``name``; `CaseError` says what is wrong with it.

    Counts below the total are fine however small: most of the categories don't need everybody to
    be affected.
    """
    question = BY_NAME.get(name)
    if question is None:
        raise CaseError(f"there is no question '{name}'; there are {', '.join(BY_NAME)}")
    if question.kind == "text":
        return _text(given)
    number = _whole(name, given)
    match question.kind:
        case "choice" if not 1 <= number <= question.choices:
            raise CaseError(
                f"{name}: {number} is none of 1 to {question.choices}", name, "choose_one"
            )
        case "minutes" if number > LONGEST_DOWN:
            raise CaseError(f"{name}: {number} minutes are more than a year", name, "too_long_ago")
        case "count" if number > MOST_USERS or (name == "users" and number < 1):
            raise CaseError(
                f"{name}: {number} can't be a number of people; give 1 or more", name, "no_people"
            )
    total = answers.get("users")
    if name == "affected" and total is not None and number > total:
        raise CaseError(
            f"affected: {number} are more than the {total} there are",
            "affected",
            "more_than_all",
            number=number,
            total=total,
        )
    return number


def _whole(name: str, given: object) -> int:
    written = str(given).strip()
    if not (written.isascii() and written.isdecimal()) or len(written) > 9:
        raise CaseError(f"{name}: '{written}' is no whole number", name, "no_number_given")
    return int(written)


def _text(given: object) -> str:
    text = str(given).strip()
    if len(text) > LONGEST:
        raise CaseError(
            f"actions: {len(text)} characters; {LONGEST} are the most",
            "actions",
            "too_long",
            most=LONGEST,
        )
    return text


def down_since(minutes: int, asked_at: datetime) -> datetime:
    """The instant at which it went down."""
    return asked_at - timedelta(minutes=minutes)


def missing(
    answers: Mapping[str, Any], contact: Mapping[str, Any], environment: str = "on record"
) -> tuple[str, ...]:
    """What a declaration still lacks; it goes ahead without, and somebody is reminded.

    ``environment`` is what the records say; if that is nothing (``""``), it is asked for.
    """
    asked = [q.name for q in QUESTIONS if answers.get(q.name) in (None, "")]
    asked += ["environment"] if not environment and not answers.get("environment") else []
    return (*asked, *(name for name in CONTACT if contact.get(name) in (None, "")))


__all__ = [
    "BY_NAME",
    "CATEGORIES",
    "CONTACT",
    "ENDS",
    "FURTHER",
    "MODES",
    "NO",
    "QUESTIONS",
    "REACH",
    "VERSION",
    "YES",
    "Condition",
    "EmergencyTerms",
    "Judged",
    "Question",
    "Verdict",
    "answer",
    "contract",
    "down_since",
    "judge",
    "missing",
]
