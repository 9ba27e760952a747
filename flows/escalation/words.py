"""What fills the slots of this line's prompts."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from ivr.line.flow.flow import SlotValue
from ivr.line.flow.prompts import Language
from ivr.line.values import LegTalk, PersonTalk, there


def keyed(talk: LegTalk, language: Language) -> str:
    return language.read_digits(talk.shared.case.keyed)


def first(talk: LegTalk, language: Language) -> str:
    return language.read_digits(talk.own.readings[0])


def second(talk: LegTalk, language: Language) -> str:
    return language.read_digits(talk.own.readings[1])


def count(talk: LegTalk, language: Language) -> str:
    number = talk.own.count
    return language.digits[number] if number < 10 else str(number)


def callback_number(talk: LegTalk, language: Language) -> str:
    """Two by two, as telephone numbers are read."""
    number = talk.own.callback_number
    return language.read_digits(number, 2)


def language_key(talk: LegTalk, language: Language) -> str:
    return str(talk.shared.called.languages.index(language.code) + 1)


def work_language(talk: LegTalk, language: Language) -> str:
    works = talk.shared.called.works_in.get(language.code, language.code)
    return str(language.names[works])


def due(talk: LegTalk, language: Language) -> str:
    """The promised time as the line's own clock on the wall shows it."""
    spoken = there(talk.shared.promise).spoken
    return language.read_time(spoken.astimezone(ZoneInfo(talk.shared.called.zone)))


def reference(talk: LegTalk, language: Language) -> str:
    return language.read_digits(there(talk.shared.promise).reference, 3)


def title(talk: PersonTalk, language: Language) -> str:
    return talk.own.title


def level(talk: PersonTalk, language: Language) -> str:
    return talk.own.level


def call_language(talk: PersonTalk, language: Language) -> str:
    return language.names[talk.own.call_language]


def severity(talk: LegTalk, language: Language) -> str:
    return _digit(language, there(talk.shared.case.found).severity)


def status_severity(talk: LegTalk, language: Language) -> str:
    return _digit(language, there(talk.shared.case.status).severity)


def status_level(talk: LegTalk, language: Language) -> str:
    return there(talk.shared.case.status).level


def _digit(language: Language, number: int | None) -> str:
    return language.digits[there(number)]


def _count(talk: LegTalk, question: str) -> int:
    """An answer about an Enterprise Down that is a number."""
    return int(there(talk.shared.emergency).answers[question])


def purpose(talk: LegTalk, language: Language) -> str:
    return _digit(language, _count(talk, "purpose"))


def users(talk: LegTalk, language: Language) -> str:
    return str(_count(talk, "users"))


def affected(talk: LegTalk, language: Language) -> str:
    return str(_count(talk, "affected"))


def hours(talk: LegTalk, language: Language) -> str:
    return str(_count(talk, "down_for") // 60)


def minutes(talk: LegTalk, language: Language) -> str:
    return str(_count(talk, "down_for") % 60)


def account(talk: LegTalk, language: Language) -> str:
    return there(talk.shared.case.found).account


def candidate(talk: LegTalk, language: Language) -> str:
    return there(talk.shared.hunt.rung).name


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
