"""What fills the slots of this line's prompts."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from ivr.line.flow.conversation import Conversation
from ivr.line.flow.flow import SlotValue
from ivr.line.flow.prompts import Language


def keyed(talk: Conversation, language: Language) -> str:
    return language.read_digits(talk.shared["keyed"])


def first(talk: Conversation, language: Language) -> str:
    return language.read_digits(talk.own["readings"][0])


def second(talk: Conversation, language: Language) -> str:
    return language.read_digits(talk.own["readings"][1])


def count(talk: Conversation, language: Language) -> str:
    number = int(talk.own["count"])
    return language.digits[number] if number < 10 else str(number)


def callback_number(talk: Conversation, language: Language) -> str:
    """Two by two, as telephone numbers are read."""
    number = talk.own["callback_number"]
    return language.read_digits(number, 2)


def language_key(talk: Conversation, language: Language) -> str:
    return str(talk.shared["offers"].index(language.code) + 1)


def work_language(talk: Conversation, language: Language) -> str:
    works = talk.shared["works"].get(language.code, language.code)
    return str(language.names[works])


def due(talk: Conversation, language: Language) -> str:
    """The promised time as the line's own clock on the wall shows it."""
    promise = talk.shared["promise"]
    return language.read_time(
        datetime.fromisoformat(promise["spoken"]).astimezone(ZoneInfo(talk.shared["zone"]))
    )


def reference(talk: Conversation, language: Language) -> str:
    return language.read_digits(talk.shared["promise"]["reference"], 3)


def title(talk: Conversation, language: Language) -> str:
    return str(talk.own["title"])


def level(talk: Conversation, language: Language) -> str:
    return str(talk.own["level"])


def call_language(talk: Conversation, language: Language) -> str:
    return str(language.names[talk.own["call_language"]])


def severity(talk: Conversation, language: Language) -> str:
    return str(language.digits[talk.shared["case"]["severity"]])


def status_severity(talk: Conversation, language: Language) -> str:
    return str(language.digits[talk.shared["status"]["severity"]])


def status_level(talk: Conversation, language: Language) -> str:
    return str(talk.shared["status"]["level"])


def purpose(talk: Conversation, language: Language) -> str:
    return str(language.digits[talk.shared["emergency"]["answers"]["purpose"]])


def users(talk: Conversation, language: Language) -> str:
    return str(talk.shared["emergency"]["answers"]["users"])


def affected(talk: Conversation, language: Language) -> str:
    return str(talk.shared["emergency"]["answers"]["affected"])


def hours(talk: Conversation, language: Language) -> str:
    return str(talk.shared["emergency"]["answers"]["down_for"] // 60)


def minutes(talk: Conversation, language: Language) -> str:
    return str(talk.shared["emergency"]["answers"]["down_for"] % 60)


def account(talk: Conversation, language: Language) -> str:
    return str(talk.shared["case"]["account"])


def candidate(talk: Conversation, language: Language) -> str:
    return str(talk.shared["rung"]["name"])


CALLER: dict[str, SlotValue] = {
    "status_severity": status_severity,
    "status_level": status_level,
    "digits": keyed,
    "first": first,
    "second": second,
    "count": count,
    "callback_number": callback_number,
    "language_key": language_key,
    "work_language": work_language,
    "due": due,
    "reference": reference,
}

PERSON: dict[str, SlotValue] = {
    "digits": keyed,
    "first": first,
    "second": second,
    "count": count,
    "title": title,
    "level": level,
    "call_language": call_language,
    "severity": severity,
    "account": account,
    "purpose": purpose,
    "users": users,
    "affected": affected,
    "hours": hours,
    "minutes": minutes,
    "candidate": candidate,
}
