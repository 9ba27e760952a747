"""What is asked for of a case by a form, as `ivr.line.service.cases.Cases.hear` wants it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import blake2b
from secrets import token_urlsafe
from typing import Any

from ivr.line.desk.emergency import BY_NAME, CONTACT, answer
from ivr.line.errors import CaseError

Form = Any
LONGEST_COUNT = 7  # digits of a number of hours or minutes; each has its own bound below that


def key_of(form: Form, login: str, about: str) -> str:
    """What makes this form count once, however often it is sent: the same key from somebody else,
    or about another case, is another form. One without a key counts whenever it comes."""
    sent = form.get("key") or token_urlsafe(12)
    return f"web:{blake2b(repr((login, about, sent)).encode(), digest_size=15).hexdigest()}"


def _fields(*names: str) -> Callable[[Form], dict[str, Any]]:
    return lambda form: {name: form.get(name, "").strip() for name in names}


def _yes(form: Form, name: str) -> bool | None:
    return {"yes": True, "no": False}.get(form.get(name, ""))


def _emergency(form: Form) -> dict[str, Any]:
    """The questionnaire, as far as it was filled in."""
    contact: dict[str, Any] = {name: form.get(name, "").strip() for name in CONTACT}
    contact |= {"english": _yes(form, "english"), "competent": _yes(form, "competent")}
    contact["name"] = form.get("name", "").strip()
    return {
        "answers": _answers(form),
        "contact": {name: value for name, value in contact.items() if value not in ("", None)},
    }


def _answers(form: Form) -> dict[str, str]:
    """What was answered; hours and minutes are one question. Raises `CaseError` for those alone."""
    given = {name: form.get(name, "").strip() for name in BY_NAME}
    hours, minutes = form.get("hours", "").strip(), form.get("minutes", "").strip()
    if hours or minutes:
        if not (is_count(hours or "0") and is_count(minutes or "0")):
            raise CaseError(
                f"down_for: '{hours}' hours and '{minutes}' minutes are no numbers",
                "down_for",
                "no_number_given",
            )
        given["down_for"] = str(60 * int(hours or 0) + int(minutes or 0))
    return {name: value for name, value in given.items() if value}


def is_count(written: str) -> bool:
    """Whether this is a number that can be counted with."""
    return written.isascii() and written.isdecimal() and len(written) <= LONGEST_COUNT


def faults(what: str, form: Form, known: Mapping[str, Any]) -> list[CaseError]:
    """Everything that is wrong with the answers about an outage at once; of other forms nothing.
    ``known`` is the case's file."""
    if what not in ("declare", "answer", "set_emergency"):
        return []
    answers = dict((known.get("emergency") or {}).get("answers", {}))
    try:
        given, wrong = _answers(form), []
    except CaseError as error:
        given, wrong = {n: form[n].strip() for n in BY_NAME if form.get(n, "").strip()}, [error]
    for name, value in given.items():
        try:
            answers[name] = answer(name, value, answers)
        except CaseError as error:
            wrong.append(error)
    return wrong


def _agreed(*names: str) -> Callable[[Form], dict[str, Any]]:
    return lambda form: _fields(*names)(form) | {"agreed": form.get("agreed") == "yes"}


ASKED: dict[str, Callable[[Form], dict[str, Any]]] = {
    "note": _fields("text"),
    "wish_severity": _fields("severity", "reason"),
    "escalate": _fields("level", "reason", "override"),
    "declare": _emergency,
    "answer": _emergency,
    "reopen": _fields("reason"),
    "set_severity": _agreed("severity", "reason"),
    "set_emergency": lambda form: _emergency(form) | _fields("override")(form),
    "end_emergency": _fields("outcome", "reason"),
    "take_emergency": _fields(),
    "accept_hand_over": _fields(),
    "accept": _fields("level"),
    "deescalate": _agreed("reason"),
    "plan": _fields("text"),
    "report": _fields("id", "state"),
}

__all__ = ["ASKED", "faults", "is_count", "key_of"]
