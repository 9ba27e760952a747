"""Where a telephone number is, as webhooks say it.

"Twilio attempts to look up geographic data based on the 'To' and 'From' phone numbers": the country
follows from a number's prefix; what is more than that has to be told.
(https://www.twilio.com/docs/voice/twiml#request-parameters)
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

# What stands for a number that is withheld, restricted, blocked, unknown or unavailable.
WITHHELD = frozenset(("266696687", "7378742833", "2562533", "8656696", "86282452253"))
# Long enough that the prefix says all, where one country has it.
_LONG = re.compile(r"\+[1-9][0-9]{4,14}")


class Place(NamedTuple):
    """Where somebody is; "" for what isn't known. ``country`` is its code of two letters."""

    city: str = ""
    state: str = ""
    zip: str = ""
    country: str = ""


class Places:
    """What has been told of numbers, and what follows from them."""

    def __init__(self) -> None:
        self._told: dict[str, Place] = {}

    def tell(self, number: str, place: Place) -> None:
        """Say where a number is. Its country follows from the prefix if it isn't given."""
        self._told[number] = place if place.country else place._replace(country=country(number))

    def of_call(self, sender: str, receiver: str) -> dict[str, str]:
        """Those parameters of a request about a call that aren't empty: ``FromCity`` and so on."""
        return self._named(sender, _CALLER) | self._named(receiver, _CALLED)

    def of_text(self, sender: str, receiver: str) -> dict[str, str]:
        """The same of a request about a text, which has no ``Caller…`` and ``Called…``."""
        return self._named(sender, _SENDER) | self._named(receiver, _RECEIVER)

    def _named(self, number: str, names: _Names) -> dict[str, str]:
        place = self._told.get(number)
        if place is None:
            known = country(number)
            return dict.fromkeys(names[-1], known) if known else {}
        parts = zip(names, place, strict=True)
        return {name: text for each, text in parts if text for name in each}


_Names = tuple[tuple[str, ...], ...]


def _names(*ends: str) -> _Names:
    """What each part of a `Place` is called in a request."""
    return tuple(
        tuple(f"{end}{what}" for end in ends) for what in ("City", "State", "Zip", "Country")
    )


_CALLER, _CALLED = _names("From", "Caller"), _names("To", "Called")
_SENDER, _RECEIVER = _names("From"), _names("To")


@lru_cache(maxsize=1024)
def country(number: str) -> str:
    """The code of a number's country by its prefix; "" for what is no number, or nobody's."""
    if not number.startswith("+") or number.removeprefix("+1").lstrip("+") in WITHHELD:
        return ""
    only = _only_country(number[:4]) if _LONG.fullmatch(number) else None
    return _as_parsed(number) if only is None else only


@lru_cache(maxsize=1024)
def _only_country(prefix: str) -> str | None:
    """The country that has every number with this prefix, of three digits; None if there are
    several, "" if there is none."""
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

    for length in (1, 2, 3):
        regions = COUNTRY_CODE_TO_REGION_CODE.get(int(prefix[1 : 1 + length]))
        if regions is not None:
            return _of_two_letters(regions[0]) if len(regions) == 1 else None
    return ""


@lru_cache(maxsize=1024)
def _as_parsed(number: str) -> str:
    """The country of a number that has to be looked at as a whole."""
    from phonenumbers import NumberParseException, parse, region_code_for_number

    try:
        return _of_two_letters(region_code_for_number(parse(number, None)))
    except NumberParseException:
        return ""


def _of_two_letters(region: str | None) -> str:
    """A region that is a country; "" for "001", which stands for numbers of no country."""
    return region if region and len(region) == 2 else ""
