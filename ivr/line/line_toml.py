"""Reading a ``line.toml``: whatever nothing answers to is refused, by file, key and value."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from ivr.errors import SettingsError
from ivr.line.config import (
    DAYS,
    HUNTS,
    KEYS,
    EntryNumber,
    Hours,
    HuntRule,
    LineConfig,
    RotaTerms,
    Severity,
)
from ivr.line.desk.cases import MAX_SEVERITY, CaseNumbers
from ivr.line.desk.check_digits import CHECKS
from ivr.line.desk.days_off import checked
from ivr.line.desk.emergency import MODES, EmergencyTerms
from ivr.line.desk.figures.figures import ServiceTerms
from ivr.line.desk.levels import INFORMED, TARGETS, WISHES, Level
from ivr.line.desk.limits import Limits
from ivr.line.desk.notice_texts import KINDS
from ivr.line.desk.phone_numbers import COUNTRIES, forbidden
from ivr.line.desk.promises import CallbackTerms
from ivr.line.desk.recording_terms import RecordingTerms
from ivr.line.desk.retention import RetentionTerms
from ivr.line.desk.roles import ROLES
from ivr.line.errors import FlowError
from ivr.line.toml_table import NEEDED, Table, hint, written

E164 = re.compile(r"\+[1-9]\d{6,14}")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")
MAX_DIGITS = 20  # of a case number
MAX_RING = 600  # seconds; Twilio lets no phone ring longer
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def load(file: Path) -> LineConfig:
    """Read and check. Raises `FlowError` with file, key, value and what to do."""
    try:
        return _config(Table(tomllib.loads(file.read_text(encoding="utf-8"))), file)
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise FlowError(f"{file}: line {line} isn't UTF-8; save the file as UTF-8") from error
    except (SettingsError, ValueError) as error:
        raise FlowError(f"{file}: {error}") from error


def _config(table: Table, file: Path) -> LineConfig:
    promise = table.table("promise", needed=True)
    fallback = table.table("fallback", needed=True)
    escalation, resume = table.table("escalation"), table.table("resume")
    sign_in, notices = table.table("sign_in"), table.table("notices")
    meeting = table.table("meeting")
    status = table.table("status")
    lists = _lists(notices.table("lists"))
    config = LineConfig(
        name=_name(table),
        title=table.text("title"),
        version=table.text("version"),
        case_numbers=_case_numbers(table.table("case_number", needed=True)),
        hours=_hours(table.table("hours", needed=True)),
        promise_minutes=(promise.whole("in_hours", least=1), promise.whole("off_hours", least=1)),
        last_resort=promise.text("last_resort"),
        fallback=_phone(fallback, "dial", fallback.text("dial")),
        hunts=_hunts(table.table("hunts", needed=True)),
        numbers=_numbers(table.table("numbers", needed=True)),
        levels=_levels(table),
        severities=_severities(table.table("severities", needed=True)),
        join_minutes=escalation.whole("join", 10),
        emergency=_emergency(table.table("emergency")),
        limits=table.table("limits").terms(Limits),
        callback=_callback(table.table("callback")),
        met_after=meeting.whole("met_after", 8, least=1),
        resume_minutes=resume.whole("minutes", 10),
        status_hours=status.whole("hours", 8, least=1),
        session_idle=sign_in.whole("idle", 30, least=1),
        session_longest=sign_in.whole("longest", 720, least=1),
        provider_roles=_roles(sign_in.table("roles")),
        recording=_recording(table.table("recording")),
        lists=lists,
        told_also=_told_also(notices.table("also"), lists),
        rota=table.table("rota").terms(RotaTerms, least=1),
        retention=table.table("retention").terms(RetentionTerms, least=1),
        wall=table.table("wall").terms(ServiceTerms),
        file=str(file),
    )
    for each in (promise, fallback, escalation, resume, status, sign_in, notices, meeting, table):
        each.done()
    return config


def _name(table: Table) -> str:
    name = table.text("name")
    if not NAME.fullmatch(name):
        what = "isn't a name for a URL: write up to 40 letters, digits, - and _"
        raise table.wrong("name", f"'{name}' {what}")
    return name


def _case_numbers(table: Table) -> CaseNumbers:
    called = f"a list of numbers of digits, from 1 to {MAX_DIGITS}: write [7, 8]"
    lengths = table.value("lengths", NEEDED, list, called)
    possible = all(type(each) is int and 1 <= each <= MAX_DIGITS for each in lengths)
    if not lengths or not possible:
        raise table.wrong("lengths", f"{written(lengths)} isn't {called}")
    try:
        numbers = CaseNumbers(
            prefix=table.text("prefix", ""),
            lengths=frozenset(lengths),
            prefix_key=table.truth("prefix_key", False),
            check_digit=table.choice("check_digit", CHECKS, "none"),
        )
    except SettingsError as error:
        raise ValueError(f"{table.path}.{error}") from error
    table.done()
    return numbers


def _hours(table: Table) -> Hours:
    days = table.choices("days", DAYS, NEEDED)
    holidays = table.text("holidays", "")
    try:
        checked(holidays)
    except ValueError as error:
        raise table.wrong("holidays", str(error)) from error
    hours = Hours(
        opens=table.clock("opens"),
        closes=table.clock("closes"),
        days=frozenset(DAYS.index(day) for day in days),
        holidays=holidays,
    )
    table.done()
    return hours


def _phone(table: Table, key: str, number: str) -> str:
    if not E164.fullmatch(number):
        raise table.wrong(key, f"'{number}' isn't a phone number: write +33155500012")
    if why := forbidden(number):
        raise table.wrong(key, f"'{number}' is never dialled: {why}")
    return number


def _hunts(table: Table) -> dict[str, HuntRule]:
    rules = {}
    for name, rule in table.tables():
        table.known(name, name, HUNTS)
        for key in ("cap", "at_once"):
            rule.whole(key, 1, least=1)
        rule.whole("ring", 1, least=1, most=MAX_RING)
        rules[name] = rule.terms(HuntRule)
    if missing := [name for name in HUNTS if name not in rules]:
        raise table.wrong(missing[0], f"it is missing: write [hunts.{missing[0]}]")
    return rules


def _numbers(table: Table) -> dict[str, EntryNumber]:
    if not table.values:
        raise ValueError("numbers: there is none; a line needs a number that callers dial")
    return {
        number: _number(_phone(table, number, number), entry) for number, entry in table.tables()
    }


def _number(number: str, table: Table) -> EntryNumber:
    languages = table.texts("languages")
    if not languages:
        raise table.wrong("languages", '[] offers no language: write ["en"]')
    if len(languages) > len(KEYS):
        raise table.wrong("languages", f"{len(languages)} languages; a keypad offers {len(KEYS)}")
    work = {}
    for language, hours in table.table("work").tables():
        table.known(f"work.{language}", language, languages)
        work[language] = _hours(hours)
    entry = EntryNumber(
        number=number,
        languages=languages,
        zone=_zone(table),
        region=table.text("region", ""),
        work=work,
        after=table.text("after", "en"),
    )
    table.done()
    return entry


def _zone(table: Table) -> str:
    zone = table.text("zone")
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        known = hint(zone, available_timezones())
        raise table.wrong("zone", f"there is no time zone '{zone}'{known}") from error
    return zone


def _levels(table: Table) -> tuple[Level, ...]:
    levels: dict[str, Level] = {}
    for row in table.rows("levels"):
        level = _level(row, levels)
        levels[level.code] = level
    if not levels:
        raise ValueError("levels: there is none; write [[levels]] once for each, the first first")
    return tuple(levels.values())


def _level(row: Table, before: Collection[str]) -> Level:
    code = row.text("code")
    if code in WISHES:
        raise row.wrong("code", f"'{code}' is a word of the line's own; choose another")
    if code in before:
        raise row.wrong("code", f"'{code}' is another level's code")
    requires = row.text("requires", "")
    if requires and requires not in before:
        raise row.wrong(
            "requires", f"'{requires}' isn't a level above this one{hint(requires, before)}"
        )
    level = Level(
        code=code,
        target=row.choice("target", TARGETS),
        due=row.pair("due"),
        requires=requires,
        informs=row.choices("informs", INFORMED, ()),
        names=row.names("names", {}),
    )
    row.done()
    return level


def _severities(table: Table) -> dict[str, Severity]:
    severities = {code: _severity(code, row) for code, row in table.tables()}
    downs = [code for code, each in severities.items() if each.emergency]
    if len(downs) != 1:
        raise ValueError(
            f"severities: {len(downs)} of {', '.join(severities) or 'none'} are Enterprise Down; "
            "write `emergency = true` at one"
        )
    offered = [each for each in severities.values() if not each.emergency]
    if not any(each.self_service for each in offered):
        raise ValueError("severities: there is none that may be wished for")
    if len(offered) > len(KEYS):
        raise ValueError(f"severities: {len(offered)} to choose from; a keypad offers {len(KEYS)}")
    return severities


def _severity(code: str, row: Table) -> Severity:
    if not (code.isascii() and code.isdecimal() and str(int(code)) == code):
        raise ValueError(f"{row.path}: '{code}' isn't a whole number from 0 to {MAX_SEVERITY}")
    if int(code) > MAX_SEVERITY:
        raise ValueError(f"{row.path}: {code} isn't a whole number from 0 to {MAX_SEVERITY}")
    emergency = row.truth("emergency", False)
    severity = Severity(
        code=code,
        names=row.names("names"),
        emergency=emergency,
        self_service=row.truth("self_service", not emergency),
    )
    if emergency and severity.self_service:
        raise row.wrong("self_service", "Enterprise Down is declared, never wished for")
    row.done()
    return severity


def _emergency(table: Table) -> EmergencyTerms:
    usual = EmergencyTerms()

    def mode(name: str) -> Any:
        return table.choice(name, MODES, getattr(usual, name))

    return table.terms(
        EmergencyTerms,
        least=1,
        tier=table.text("tier", usual.tier),
        contract=mode("contract"),
        production=mode("production"),
        situation=mode("situation"),
        contact=mode("contact"),
        due=table.pair("due", usual.due),
    )


def _callback(table: Table) -> CallbackTerms:
    usual = CallbackTerms()
    return table.terms(
        CallbackTerms,
        least=1,
        night=table.night("night", usual.night),
        countries=table.choices("countries", COUNTRIES, usual.countries),
    )


def _roles(table: Table) -> dict[str, str]:
    """A provider's groups, with the role of each."""
    return {group: table.choice(group, ROLES) for group in table.values}


def _recording(table: Table) -> RecordingTerms:
    table.read |= {"conversations", "legal_basis"}
    table.done()
    try:
        return RecordingTerms.read(**table.values)
    except ValueError as error:
        raise ValueError(f"{table.path}.{error}") from error


def _lists(table: Table) -> dict[str, str]:
    """Lists of people, with the environment variable that holds the addresses of each."""
    lists = {name: table.text(name) for name in table.values}
    for name, variable in lists.items():
        if not VARIABLE.fullmatch(variable):
            raise table.wrong(
                name,
                f"'{variable}' isn't the name of an environment variable: write \"IVR_NOTICE_…\"",
            )
    return lists


def _told_also(table: Table, lists: Collection[str]) -> dict[str, tuple[str, ...]]:
    for notice in table.values:
        table.known(notice, notice, KINDS)
    return {notice: table.choices(notice, lists, ()) for notice in table.values}


__all__ = ["load"]
