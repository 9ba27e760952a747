"""What fills the slots of this line's prompts."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from ivr.line.config import LineConfig
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
    return language.read_number(int(talk.own["count"]))


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


def call_language(talk: Conversation, language: Language) -> str:
    return str(language.names[talk.own["call_language"]])


def severity(talk: Conversation, language: Language) -> str:
    return language.read_number(talk.shared["case"]["severity"])


def status_severity(talk: Conversation, language: Language) -> str:
    return language.read_number(talk.shared["status"]["severity"])


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


# --- what line.toml calls things ---


def level(config: LineConfig) -> SlotValue:
    """The level that somebody is rung for: the first one, unless another was asked for."""
    codes = [each.code for each in config.levels]

    def value(talk: Conversation, language: Language) -> str:
        code = talk.own["level"] if talk.own["level"] in codes else codes[0]
        return config.level_name(code, language.code)

    return value


def status_level(config: LineConfig) -> SlotValue:
    return lambda talk, language: config.level_name(talk.shared["status"]["level"], language.code)


def severities(config: LineConfig, wished: bool) -> SlotValue:
    """The severities that can be chosen, each with its key."""
    keys = config.keys(wished)

    def value(talk: Conversation, language: Language) -> str:
        names = {key: config.severity_name(each.code, language.code) for key, each in keys.items()}
        return language.read_choices(names)

    return value


def emergency(config: LineConfig) -> SlotValue:
    code = config.emergency_severity.code
    return lambda talk, language: config.severity_name(code, language.code)


def below_emergency(config: LineConfig) -> SlotValue:
    return lambda talk, language: config.below_emergency.code


# --- for whom ---


def caller(config: LineConfig) -> dict[str, SlotValue]:
    return {
        "status_severity": status_severity,
        "status_level": status_level(config),
        "severities": severities(config, wished=True),
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


def person(config: LineConfig) -> dict[str, SlotValue]:
    return {
        "digits": keyed,
        "first": first,
        "second": second,
        "count": count,
        "title": title,
        "level": level(config),
        "call_language": call_language,
        "severity": severity,
        "severities": severities(config, wished=False),
        "emergency": emergency(config),
        "below_emergency": below_emergency(config),
        "account": account,
        "purpose": purpose,
        "users": users,
        "affected": affected,
        "hours": hours,
        "minutes": minutes,
        "candidate": candidate,
    }
