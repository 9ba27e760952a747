"""What fills the slots of this line's prompts."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from ivr.line.config import LineConfig
from ivr.line.flow.flow import SlotValue
from ivr.line.flow.prompts import Language
from ivr.line.values import CallerTalk, LegTalk, PersonTalk, needed


def keyed(talk: LegTalk, language: Language) -> str:
    return language.read_digits(talk.shared.case.keyed)


def first(talk: LegTalk, language: Language) -> str:
    return language.read_digits(talk.own.readings[0])


def second(talk: LegTalk, language: Language) -> str:
    return language.read_digits(talk.own.readings[1])


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
    spoken = needed(talk.shared.promise).spoken
    return language.read_time(spoken.astimezone(ZoneInfo(talk.shared.called.zone)))


def until(talk: CallerTalk, language: Language) -> str:
    """When a status ends, by the clock of whoever has set it."""
    return language.read_time(needed(talk.shared.caller.status_until))


def reference(talk: LegTalk, language: Language) -> str:
    return language.read_digits(needed(talk.shared.promise).reference, 3)


def title(talk: PersonTalk, language: Language) -> str:
    return talk.own.title


def call_language(talk: PersonTalk, language: Language) -> str:
    return language.names[talk.own.call_language]


def severity(talk: LegTalk, language: Language) -> str:
    return _digit(language, needed(talk.shared.case.found).severity)


def status_severity(talk: LegTalk, language: Language) -> str:
    return _digit(language, needed(talk.shared.case.status).severity)


def _digit(language: Language, number: int | None) -> str:
    return language.read_number(needed(number))


def _count(talk: LegTalk, question: str) -> int:
    """An answer about an Enterprise Down that is a number."""
    return int(needed(talk.shared.emergency).answers[question])


def users(talk: LegTalk, language: Language) -> str:
    return str(_count(talk, "users"))


def affected(talk: LegTalk, language: Language) -> str:
    return str(_count(talk, "affected"))


def hours(talk: LegTalk, language: Language) -> str:
    return language.read_count("hours", _count(talk, "down_for") // 60)


def minutes(talk: LegTalk, language: Language) -> str:
    return language.read_count("minutes", _count(talk, "down_for") % 60)


def other(talk: LegTalk, language: Language) -> str:
    """What was keyed, read as the other case that it fits."""
    return language.read_digits(talk.shared.case.other[0])


def account(talk: LegTalk, language: Language) -> str:
    return needed(talk.shared.case.found).account


def candidate(talk: LegTalk, language: Language) -> str:
    return needed(talk.shared.hunt.rung).name


# --- what line.toml calls things ---


def level(config: LineConfig) -> SlotValue:
    """The level that somebody is rung for: the first one, unless another was asked for."""
    codes = [each.code for each in config.levels]

    def value(talk: PersonTalk, language: Language) -> str:
        code = talk.own.level if talk.own.level in codes else codes[0]
        return config.level_name(code, language.code)

    return value


def wished_level(config: LineConfig) -> SlotValue:
    return lambda talk, language: config.level_name(talk.shared.wish, language.code)


def status_level(config: LineConfig) -> SlotValue:
    def value(talk: LegTalk, language: Language) -> str:
        return config.level_name(needed(talk.shared.case.status).level, language.code)

    return value


def severities(config: LineConfig, wished: bool) -> SlotValue:
    """The severities that can be chosen, each with its key."""
    keys = config.keys(wished)

    def value(talk: LegTalk, language: Language) -> str:
        names = {key: config.severity_name(each.code, language.code) for key, each in keys.items()}
        return language.read_choices(names)

    return value


def emergency(config: LineConfig) -> SlotValue:
    code = config.emergency_severity.code
    return lambda talk, language: config.severity_name(code, language.code)


def below_emergency(config: LineConfig) -> SlotValue:
    return lambda talk, language: config.below_emergency.code


# --- the two listeners ---


def caller(config: LineConfig) -> dict[str, SlotValue]:
    return {
        "status_severity": status_severity,
        "status_level": status_level(config),
        "severities": severities(config, wished=True),
        "digits": keyed,
        "first": first,
        "second": second,
        "callback_number": callback_number,
        "language_key": language_key,
        "work_language": work_language,
        "due": due,
        "reference": reference,
        "until": until,
    }


def person(config: LineConfig) -> dict[str, SlotValue]:
    return {
        "digits": keyed,
        "first": first,
        "second": second,
        "title": title,
        "level": level(config),
        "wished_level": wished_level(config),
        "other": other,
        "call_language": call_language,
        "severity": severity,
        "severities": severities(config, wished=False),
        "emergency": emergency(config),
        "below_emergency": below_emergency(config),
        "account": account,
        "users": users,
        "affected": affected,
        "hours": hours,
        "minutes": minutes,
        "candidate": candidate,
    }
