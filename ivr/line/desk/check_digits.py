"""Check digits: the last digit of a number, computed from those before it.

They catch slips at the keypad without asking which numbers exist. Damm and Verhoeff catch every
wrong digit and every swap of neighbours; Luhn misses 09 for 90. Zeros in front change nothing for
Damm and Luhn, so lengths must be checked as well.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

# A quasigroup of order 10 whose diagonal is 0: a number with its right digit leads to 0.
_DAMM = (
    "0317598642",
    "7092154863",
    "4206871359",
    "1750983426",
    "6123045978",
    "3674209581",
    "5869720134",
    "8945362017",
    "9438617205",
    "2581436790",
)

# Verhoeff's permutation, applied once for each place from the right.
_PERMUTATION = "1576283094"


def damm(digits: str) -> str:
    """The Damm digit that belongs behind ``digits``."""
    interim = 0
    for digit in digits:
        interim = int(_DAMM[interim][int(digit)])
    return str(interim)


def luhn(digits: str) -> str:
    """The Luhn digit that belongs behind ``digits``."""
    total = sum(int(digit) for digit in digits[-2::-2])
    total += sum(sum(divmod(2 * int(digit), 10)) for digit in digits[::-2])
    return str(-total % 10)


def verhoeff(digits: str) -> str:
    """The Verhoeff digit that belongs behind ``digits``."""
    check = 0
    for place, digit in enumerate(reversed(digits), start=1):
        moved = int(digit)
        for _ in range(place % 8):
            moved = int(_PERMUTATION[moved])
        check = _turned(check, moved)
    return str(-check % 5 if check < 5 else check)


def _turned(first: int, second: int) -> int:
    """The product in the group of a pentagon's symmetries: 0-4 turn it, 5-9 turn it over."""
    turn = first - second if first >= 5 else first + second
    return turn % 5 + 5 * ((first >= 5) != (second >= 5))


CHECKS: Mapping[str, Callable[[str], str] | None] = {
    "none": None,
    "luhn": luhn,
    "damm": damm,
    "verhoeff": verhoeff,
}


__all__ = ["CHECKS", "damm", "luhn", "verhoeff"]
