"""Telephone numbers as keyed and as shown: which can be called back, and how they are written."""

from __future__ import annotations

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType

# What carriers show instead of a caller's number: words, and words spelled on a keypad
# (ANONYMOUS, UNAVAILABLE, RESTRICTED, BLOCKED, UNKNOWN).
_NOBODY = {"+266696687", "+86282452253", "+7378742833", "+2562533", "+8656696"}
_COSTLY = {PhoneNumberType.PREMIUM_RATE, PhoneNumberType.SHARED_COST}


def shown(number: str) -> str:
    """The caller's number in E.164 if it can be called back, else ``""``: it was withheld."""
    if number in _NOBODY or not number.startswith("+"):
        return ""
    try:
        return number if phonenumbers.is_possible_number(phonenumbers.parse(number)) else ""
    except NumberParseException:
        return ""


def dialled(digits: str, country: str) -> str | None:
    """Keyed digits in E.164, or None if they are no number that may be called.

    National as dialled in ``country`` (ISO, ``"FR"``), or international with ``00`` in front.
    Premium and shared-cost numbers are refused, and so are short codes such as emergency numbers.
    """
    text = f"+{digits[2:]}" if digits.startswith("00") else digits
    try:
        number = phonenumbers.parse(text, country)
    except NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number) or phonenumbers.number_type(number) in _COSTLY:
        return None
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def country_of(number: str) -> str:
    """The ISO country in which an E.164 number is, ``"ZZ"`` if it can't be told."""
    try:
        return phonenumbers.region_code_for_number(phonenumbers.parse(number)) or "ZZ"
    except NumberParseException:
        return "ZZ"
