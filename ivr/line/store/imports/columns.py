"""The columns of the desk's CSV files, and how each is read; ``COLUMNS`` is by file and column."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from ivr.line.desk import pins
from ivr.line.desk.cases import MAX_SEVERITY
from ivr.line.desk.days_off import checked
from ivr.line.desk.phone_numbers import forbidden
from ivr.line.store.instants import ticks
from ivr.line.store.people import hours

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
        raise ValueError(f"'{written}' is neither yes nor no")
    return written.lower() == "yes"


def _pin(written: str) -> str:
    """Kept as a hash; never as it is written."""
    if not (written.isascii() and written.isdecimal() and len(written) >= 6):
        raise ValueError("a PIN is 6 digits or more")
    return pins.hashed(written)


def _phone(written: str) -> str:
    if written.startswith(("client:", "sip:")):
        return written
    if not (written.startswith("+") and written[1:].isdecimal() and 7 <= len(written) <= 16):
        raise ValueError(f"'{written}' is no telephone: write +33155500011 or client:name")
    if why := forbidden(written):
        raise ValueError(f"'{written}' is never dialled: {why}")
    return written


def _zone(written: str) -> str:
    try:
        ZoneInfo(written)
    except Exception as error:
        raise ValueError(f"there is no time zone '{written}'") from error
    return written


def _time(written: str) -> str:
    return time.fromisoformat(written).isoformat("minutes")


def _hours(written: str) -> str:
    hours(written)
    return written


def _date(written: str) -> str:
    return date.fromisoformat(written).isoformat()


def _instant(written: str) -> int:
    at = datetime.fromisoformat(written)
    if at.tzinfo is None:
        raise ValueError(f"'{written}' is no instant: write 2026-11-24T18:00+01:00")
    return ticks(at)


def _address(written: str) -> str:
    if not written.startswith(("https://", "http://", "file:///")):
        raise ValueError(f"'{written}' is no address: write https://…, http://… or file:///…")
    return written


def _days(written: str) -> str:
    return "".join(str(DAYS.index(_one_of(*DAYS)(day))) for day in written.split())


def _severity(written: str) -> int:
    if not (written.isascii() and written.isdecimal() and int(written) <= MAX_SEVERITY):
        raise ValueError(f"'{written}' is no severity: 0 to {MAX_SEVERITY}")
    return int(written)


def _whole(written: str) -> int:
    if not (written.isascii() and written.isdecimal()):
        raise ValueError(f"'{written}' is no whole number")
    return int(written)


def _number(written: str) -> str:
    if not digits(written):
        raise ValueError(f"'{written}' has no digits that a caller could key")
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
        "languages": Field(empty="en"),
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
        "email": Field(),
        "notify": Field(),
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
        "phones": Field(),
        "email": Field(),
        "language": Field(empty="en"),
    },
    "cases": {
        "number": Field(_number, needed=True),
        "status": Field(_one_of("open", "closed"), "open"),
        "severity": Field(_severity, None),
        "subject": Field(),
        "product": Field(),
        "region": Field(),
        "environment": Field(),
        "owner": PERSON,
        "queue": Field(names="queues", empty=None),
        "account": Field(names="accounts", empty=None),
        "language": Field(empty="en"),
        "url": Field(),
        "pin": Field(_pin),
    },
}
