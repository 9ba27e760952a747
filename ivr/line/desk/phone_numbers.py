"""Telephone numbers as keyed and as shown: which can be called back, and how they are written."""

from __future__ import annotations

from collections.abc import Collection

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType

# What carriers show instead of a caller's number: words, and words spelled on a keypad
# (ANONYMOUS, UNAVAILABLE, RESTRICTED, BLOCKED, UNKNOWN).
_NOBODY = {"+266696687", "+86282452253", "+7378742833", "+2562533", "+8656696"}
COUNTRIES = frozenset(phonenumbers.SUPPORTED_REGIONS)  # ISO
_COSTLY = {PhoneNumberType.PREMIUM_RATE, PhoneNumberType.SHARED_COST}


def shown(number: str) -> str:
    """The caller's number in E.164 if it can be called back, else ``""``: it was withheld."""
    if number in _NOBODY or not number.startswith("+"):
        return ""
    try:
        return number if phonenumbers.is_possible_number(phonenumbers.parse(number)) else ""
    except NumberParseException:
        return ""


def forbidden(number: str, countries: Collection[str] = ()) -> str:
    """Why an E.164 number is never dialled, ``""`` if it may be.

    Numbers that cost more than a call, and short codes such as those of emergency services, never
    are; with ``countries`` (ISO) only numbers there.
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
    if countries and country not in countries:
        return f"it is in {country or 'no country'}, and only {', '.join(countries)} are called"
    return ""


def dialled(digits: str, country: str, countries: Collection[str] = ()) -> str | None:
    """Keyed digits in E.164, or None if they are no number that may be called.

    National as dialled in ``country`` (ISO, ``"FR"``), or international with ``00`` in front. What
    is `forbidden` is refused.
    """
    text = f"+{digits[2:]}" if digits.startswith("00") else digits
    try:
        number = phonenumbers.parse(text, country)
    except NumberParseException:
        return None
    written = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    if not phonenumbers.is_valid_number(number) or forbidden(written, countries):
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


def country_of(number: str) -> str:
    """The ISO country in which an E.164 number is, ``"ZZ"`` if it can't be told."""
    try:
        return phonenumbers.region_code_for_number(phonenumbers.parse(number)) or "ZZ"
    except NumberParseException:
        return "ZZ"
