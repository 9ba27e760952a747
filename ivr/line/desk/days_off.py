"""Public holidays, by country and region: days on which nobody works unless the rota says so."""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from holidays import HolidayBase


def is_holiday(calendar: str, day: date) -> bool:
    """Whether ``day`` is one in ``calendar``: "FR", "DE-BY"; "" knows none.

    Raises `ValueError` for a calendar that doesn't exist.
    """
    return bool(calendar) and day in _calendar(calendar)


def checked(calendar: str) -> str:
    """``calendar``, if there is such a one. Raises `ValueError`."""
    if calendar:
        _calendar(calendar)
    return calendar


@cache
def _calendar(calendar: str) -> HolidayBase:
    from holidays import country_holidays  # half a second, and most desks don't ask

    country, _, region = calendar.partition("-")
    try:
        return country_holidays(country, region or None)
    except NotImplementedError as error:
        raise ValueError(
            f"there is no calendar of holidays '{calendar}': write a country (FR) or a country "
            "and its region (DE-BY)"
        ) from error


__all__ = ["checked", "is_holiday"]
