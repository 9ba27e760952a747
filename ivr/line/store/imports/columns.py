"""The columns of the desk's CSV files, and how each is read; ``COLUMNS`` is by file and column."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from ivr.line.desk import pins
from ivr.line.desk.cases import MAX_SEVERITY
from ivr.line.desk.days_off import checked
from ivr.line.desk.phone_numbers import forbidden
from ivr.line.store.instants import ticks
from ivr.line.toml_table import hint

CLIENT = re.compile(r"client:[\w.@+-]+", re.ASCII)
SIP = re.compile(r"sips?:[^@\s]+@[^@\s]+", re.ASCII)
E164 = re.compile(r"\+[1-9][0-9]{6,14}")
TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
MAIL = re.compile(r"[^@\s]+@[^@\s]+")
LAST_YEAR = 9000  # whatever is added to an instant of it, in any time zone, is still one
MOST = 1000  # escalations at a time
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class Field:
    """One column: how it is read, what stands for an empty field, and the table that it names."""

    read: Callable[[str], Any] = str
    empty: Any = ""
    needed: bool = False
    names: str = ""  # a table's


def _one_of(*words: str) -> Callable[[str], str]:
    def read(written: str) -> str:
        if written not in words:
            raise ValueError(f"'{written}' is none of {', '.join(words)}")
        return written

    return read


def _some_of(*words: str) -> Callable[[str], str]:
    def read(written: str) -> str:
        if wrong := set(written.split()) - set(words):
            raise ValueError(f"'{' '.join(sorted(wrong))}' is none of {', '.join(words)}")
        return written

    return read


def _yes(written: str) -> bool:
    if written.lower() not in ("yes", "no"):
        raise ValueError(f"'{written}' is neither yes nor no: write one of them")
    return written.lower() == "yes"


def _pin(written: str) -> str:
    """Kept as a hash; never as it is written."""
    if not pins.is_one(written):
        raise ValueError(f"a PIN is {pins.SHORTEST} digits or more")
    return pins.hashed(written)


def _phone(written: str) -> str:
    """Where somebody who works here is rung."""
    if CLIENT.fullmatch(written) or SIP.fullmatch(written):
        return written
    if written.startswith(("client:", "sip:")):
        raise ValueError(f"'{written}' is nobody's: write client:name or sip:name@host")
    return _e164(written, " or client:name")


def _phones(written: str) -> str:
    """Where a contact calls from."""
    return " ".join(_e164(each) for each in written.split())


def _e164(written: str, otherwise: str = "") -> str:
    if not E164.fullmatch(written):
        raise ValueError(f"'{written}' is no telephone: write +33155500011{otherwise}")
    if why := forbidden(written):
        raise ValueError(f"'{written}' is never dialled: {why}")
    return written


def _zone(written: str) -> str:
    try:
        ZoneInfo(written)
    except Exception as error:
        known = hint(written, available_timezones())
        raise ValueError(f"there is no time zone '{written}'{known}") from error
    return written


def _time(written: str) -> str:
    if not TIME.fullmatch(written):
        raise ValueError(f"'{written}' is no time of day: write 09:00")
    return time.fromisoformat(written).isoformat("minutes")


def _hours(written: str) -> str:
    starts, _, ends = written.partition("-")
    if not (TIME.fullmatch(starts) and TIME.fullmatch(ends)):
        raise ValueError(f"'{written}' are no hours: write 09:00-17:30")
    return written


def _date(written: str) -> str:
    try:
        return date.fromisoformat(written).isoformat()
    except ValueError as error:
        raise ValueError(f"'{written}' is no date: write 2026-11-24") from error


def _instant(written: str) -> int:
    try:
        at = datetime.fromisoformat(written)
    except ValueError as error:
        raise ValueError(f"'{written}' is no instant: write 2026-11-24T18:00+01:00") from error
    if at.tzinfo is None:
        raise ValueError(f"'{written}' is no instant: write 2026-11-24T18:00+01:00")
    if not 1970 <= at.year <= LAST_YEAR:
        raise ValueError(f"'{written}' is no instant from 1970 to {LAST_YEAR}: write another year")
    return ticks(at)


def _languages(written: str) -> str:
    """Codes, as prompts and notices have them; a name ("French") would match none."""
    for each in written.split():
        if not LANGUAGE.fullmatch(each):
            raise ValueError(f"'{each}' is no language's code: write fr or en-GB")
    return written


def _language(written: str) -> str:
    if " " in written:
        raise ValueError(f"'{written}' is more than one language: write one, the preferred")
    return _languages(written)


def _mail(written: str) -> str:
    if not MAIL.fullmatch(written):
        raise ValueError(f"'{written}' is no mail address: write name@example.com")
    return written


def _urls(written: str) -> str:
    for each in written.split():
        scheme, _, rest = each.partition("://")
        if not (scheme and rest):
            raise ValueError(f"'{each}' is no URL: write them with their kind, as slack://…")
    return written


def _page(written: str) -> str:
    return _web(written, ("https://", "http://"), "https://… or http://…")


def _address(written: str) -> str:
    if written.startswith("file:///") and written != "file:///":
        return written
    return _web(written, ("https://", "http://"), "https://…, http://… or file:///…")


def _web(written: str, schemes: tuple[str, ...], wanted: str) -> str:
    if not (written.startswith(schemes) and urlsplit(written).hostname):
        raise ValueError(f"'{written}' is no address: write {wanted}")
    return written


def _days(written: str) -> str:
    return "".join(str(DAYS.index(_one_of(*DAYS)(day))) for day in written.split())


def _severity(written: str) -> int:
    if not _counts(written, MAX_SEVERITY):
        raise ValueError(f"'{written}' is no severity: write one from 0 to {MAX_SEVERITY}")
    return int(written)


def _whole(written: str) -> int:
    if not _counts(written, MOST):
        raise ValueError(f"'{written}' is no whole number from 0 to {MOST}")
    return int(written)


def _counts(written: str, most: int) -> bool:
    """Whether this is a whole number up to ``most``."""
    return written.isascii() and written.isdecimal() and len(written) < 9 and int(written) <= most


def _number(written: str) -> str:
    if not digits(written):
        raise ValueError(f"'{written}' has no digits that a caller could key: write C17349013")
    return written


def digits(number: str) -> str:
    return "".join(key for key in number if key in "0123456789")


KEY = Field(needed=True)
PERSON = Field(names="people", empty=None)
ROLES = ("operator", "engineer", "manager", "second_level")
DUTIES = ("duty", "second_level_duty")

COLUMNS: dict[str, dict[str, Field]] = {
    "accounts": {
        "id": KEY,
        "name": KEY,
        "contract_tier": Field(),
        "contract_from": Field(_date, None),
        "contract_to": Field(_date, None),
        "zone": Field(_zone, "UTC"),
        "customer_numbers": Field(),
        "pin": Field(_pin),
    },
    "people": {
        "id": KEY,
        "name": KEY,
        "phone": Field(_phone),
        "roles": Field(_some_of(*ROLES), needed=True),
        "languages": Field(_languages, "en"),
        "manager": PERSON,
        "delegate": PERSON,
        "team": Field(empty=None),
        "region": Field(),
        "active": Field(_yes, True),
        "status": Field(_one_of("available", "busy_soon", "away", "dnd"), "available"),
        "on_call": Field(_yes, False),
        "hours": Field(_hours),
        "zone": Field(_zone, "UTC"),
        "capacity": Field(_whole, 3),
        "email": Field(_mail),
        "notify": Field(_urls),
        "pin": Field(_pin),
        "days": Field(_days, "0123456"),
        "holidays": Field(checked),
        "status_until": Field(_instant, None),
        "delegate_from": Field(_instant, None),
        "delegate_until": Field(_instant, None),
    },
    "queues": {
        "id": KEY,
        "name": Field(),
        "manager": PERSON,
        "region": Field(),
        "product": Field(),
    },
    "shifts": {
        "id": KEY,
        "person": Field(needed=True, names="people"),
        "role": Field(_one_of(*DUTIES), "duty"),
        "region": Field(),
        "product": Field(),
        "starts": Field(_time, "00:00"),
        "ends": Field(_time, "00:00"),
        "zone": Field(_zone, "UTC"),
        "days": Field(_days, "0123456"),
        "first": Field(_date, None),
        "last": Field(_date, None),
        "holidays": Field(checked),
    },
    "overrides": {
        "id": KEY,
        "person": Field(needed=True, names="people"),
        "instead_of": PERSON,
        "role": Field(_one_of(*DUTIES)),
        "region": Field(),
        "product": Field(),
        "starts": Field(_instant, needed=True),
        "ends": Field(_instant, needed=True),
    },
    "feeds": {
        "id": KEY,
        "url": Field(_address, needed=True),
        "role": Field(_one_of(*DUTIES), "duty"),
        "region": Field(),
        "product": Field(),
        "zone": Field(_zone, "UTC"),
    },
    "contacts": {
        "id": KEY,
        "account": Field(needed=True, names="accounts"),
        "name": KEY,
        "phones": Field(_phones),
        "email": Field(_mail),
        "language": Field(_language, "en"),
    },
    "cases": {
        "number": Field(_number, needed=True),
        "status": Field(_one_of("open", "closed"), "open"),
        "severity": Field(_severity, None),
        "subject": Field(),
        "product": Field(),
        "region": Field(),
        "environment": Field(str.casefold),
        "owner": PERSON,
        "queue": Field(names="queues", empty=None),
        "account": Field(names="accounts", empty=None),
        "language": Field(_language, "en"),
        "url": Field(_page),
        "pin": Field(_pin),
    },
}
