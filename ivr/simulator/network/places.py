"""Where a telephone number is, as webhooks say it.

"Twilio attempts to look up geographic data based on the 'To' and 'From' phone numbers": the country
follows from a number's prefix; what is more than that has to be told.
(https://www.twilio.com/docs/voice/twiml#request-parameters)
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

# What stands for a number that is withheld, restricted, blocked, unknown or unavailable.
WITHHELD = frozenset(("266696687", "7378742833", "2562533", "8656696", "86282452253"))


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
        return self._named(sender, "From", "Caller") | self._named(receiver, "To", "Called")

    def of_text(self, sender: str, receiver: str) -> dict[str, str]:
        """The same of a request about a text, which has no ``Caller…`` and ``Called…``."""
        return self._named(sender, "From") | self._named(receiver, "To")

    def _named(self, number: str, *ends: str) -> dict[str, str]:
        place = self._told.get(number)
        if place is None:
            known = country(number)
            return {f"{end}Country": known for end in ends} if known else {}
        parts = zip(("City", "State", "Zip", "Country"), place, strict=True)
        return {f"{end}{what}": text for what, text in parts if text for end in ends}


@lru_cache(maxsize=256)
def country(number: str) -> str:
    """The code of a number's country by its prefix; "" for what is no number, or nobody's."""
    from phonenumbers import NumberParseException, parse, region_code_for_number

    if not number.startswith("+") or number.removeprefix("+1").lstrip("+") in WITHHELD:
        return ""
    try:
        found = region_code_for_number(parse(number, None))
    except NumberParseException:
        return ""
    return found if found and len(found) == 2 else ""
