"""Telephone numbers as keyed and as shown: whose they are, which are dialled, how they are written.

`forbidden` are numbers that the line dials for nobody. `uncallable` are those at which a customer
is never called back, and therefore never told that they will be.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType

# What carriers show instead of a caller's number: words, and words spelled on a keypad (ANONYMOUS,
# UNAVAILABLE, RESTRICTED, BLOCKED, UNKNOWN), the last three of them with or without a 1 in front.
_NOBODY = {"+266696687", "+86282452253"}
_NOBODY |= {f"+{one}{word}" for word in ("7378742833", "2562533", "8656696") for one in ("", "1")}
COUNTRIES = frozenset(phonenumbers.SUPPORTED_REGIONS)  # ISO
_COSTLY = {PhoneNumberType.PREMIUM_RATE, PhoneNumberType.SHARED_COST}
_NOT_A_PLACE = {PhoneNumberType.PERSONAL_NUMBER, PhoneNumberType.VOICEMAIL, PhoneNumberType.PAGER}


def withheld(caller: str) -> bool:
    """Whether what the carrier says of a caller says that they don't want to be known."""
    name = caller.removeprefix("sip:").partition("@")[0].casefold()
    return not name or name in _NOBODY | {"anonymous", "restricted", "unavailable", "unknown"}


@lru_cache(maxsize=10_000)
def shown(number: str) -> str:
    """The caller's number in E.164, ``""`` if it was withheld or is nobody's.

    A number that can't be anybody's is what a switchboard shows for all who call through it.
    """
    if withheld(number) or not number.startswith("+"):
        return ""
    try:
        return number if phonenumbers.is_valid_number(phonenumbers.parse(number)) else ""
    except NumberParseException:
        return ""


def forbidden(number: str) -> str:
    """Why an E.164 number is never dialled, ``""`` if it may be.

    Numbers that cost more than a call never are, nor short codes such as those of emergency
    services, nor what is too long or too short for a number.
    """
    try:
        parsed = phonenumbers.parse(number)
    except NumberParseException:
        return "it is no telephone number"
    kind, country = phonenumbers.number_type(parsed), phonenumbers.region_code_for_number(parsed)
    if kind in _COSTLY:
        return "it is a premium-rate or shared-cost number"
    national = phonenumbers.national_significant_number(parsed)
    if country and phonenumbers.is_emergency_number(national, country):
        return "it is an emergency number"
    if not phonenumbers.is_possible_number(parsed):
        return "it is too long or too short for a number of its country"
    return ""


def uncallable(number: str, countries: Collection[str], own: Collection[str] = ()) -> str:
    """Why a customer is never called back at an E.164 number, ``""`` if they may be.

    It has to be a number that exists, in one of ``countries`` (ISO): satellites, and others of no
    country, are in none. Personal numbers lead anywhere at any price. Nor is it one of our ``own``.
    """
    if why := forbidden(number):
        return why
    parsed = phonenumbers.parse(number)
    country = phonenumbers.region_code_for_number(parsed)
    if not phonenumbers.is_valid_number(parsed):
        return "there is no such number"
    if phonenumbers.number_type(parsed) in _NOT_A_PLACE:
        return "it is a personal number, a mailbox or a pager"
    if number in own:
        return "it is the line's own"
    if country not in countries:
        return f"it is in {_place(country)}, and only {', '.join(sorted(countries))} are called"
    return ""


def _place(country: str | None) -> str:
    return country if country in COUNTRIES else "no country"


def dialled(digits: str, country: str) -> str | None:
    """Keyed digits in E.164, or None if there is no such number or it is `forbidden`.

    National as dialled in ``country`` (ISO, ``"FR"``), or international with ``00`` in front.
    """
    text = f"+{digits[2:]}" if digits.startswith("00") else digits
    try:
        number = phonenumbers.parse(text, country)
    except NumberParseException:
        return None
    written = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    if not phonenumbers.is_valid_number(number) or forbidden(written):
        return None
    return str(written)


def zone_of(number: str, otherwise: str) -> str:
    """The time zone where a number is, ``otherwise`` if that can't be told."""
    from phonenumbers import timezone  # large, and needed for a call back only

    try:
        zones = timezone.time_zones_for_number(phonenumbers.parse(number))
    except NumberParseException:
        return otherwise
    known = [zone for zone in zones if zone != timezone.UNKNOWN_TIMEZONE]
    return str(known[0]) if known else otherwise


@lru_cache(maxsize=10_000)
def country_of(number: str) -> str:
    """The ISO country in which an E.164 number is, ``"ZZ"`` if it can't be told."""
    try:
        return phonenumbers.region_code_for_number(phonenumbers.parse(number)) or "ZZ"
    except NumberParseException:
        return "ZZ"
