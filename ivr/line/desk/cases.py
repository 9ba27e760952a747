"""Cases, who they belong to, and what counts as a case number."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from ivr.errors import SettingsError
from ivr.line.desk.check_digits import CHECKS

MAX_SEVERITY = 99  # a scale counts from 0, in figures that can be read out

ReadingKind = Literal[
    "accepted", "too_short", "too_long", "bad_check", "ambiguous", "operator", "unreadable"
]


@dataclass(frozen=True, slots=True)
class Account:
    """A customer; the contract runs from ``contract_from`` to ``contract_to``, both included."""

    id: str
    name: str
    contract_tier: str = ""
    contract_from: date | None = None
    contract_to: date | None = None
    zone: str = "UTC"
    customer_numbers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Contact:
    """Somebody at the customer's who may speak for a case."""

    name: str
    phones: tuple[str, ...] = ()
    email: str = ""
    language: str = "en"


@dataclass(frozen=True, slots=True)
class Case:
    """One technical case.

    ``number`` is as written ("C17349013"), ``digits`` as keyed ("17349013"); ``status`` is "open"
    or "closed"; ``owner`` and ``queue`` are ids; ``language`` is that of the work, not of a call.
    ``stale``: the records couldn't be asked, and this is what they said some minutes ago.
    """

    number: str
    digits: str
    status: str = "open"
    severity: int | None = None
    subject: str = ""
    product: str = ""
    region: str = ""
    environment: str = ""
    owner: str | None = None
    queue: str | None = None
    account: Account | None = None
    contacts: tuple[Contact, ...] = ()
    language: str = "en"
    url: str = ""
    updated_at: datetime | None = None
    stale: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """What keys or typed text mean.

    ``candidates`` holds the one number that was meant when ``kind`` is "accepted", the possible
    ones, longest first, when it is "ambiguous", and else nothing.
    """

    kind: ReadingKind
    candidates: tuple[str, ...] = ()


_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ON_KEYS = str.maketrans(_LETTERS, "22233344455566677778889999")


def _separates(char: str) -> bool:
    return char.isspace() or char == "." or unicodedata.category(char) == "Pd"


def _digits_of(text: str) -> str:
    return "".join(filter("0123456789".__contains__, text))


@dataclass(frozen=True, slots=True)
class CaseNumbers:
    """How this desk's case numbers are written, so that keys and text can be read as one.

    A number has a ``prefix`` of letters and then digits, as many as one of ``lengths`` says; a zero
    in front is part of it. With ``prefix_key`` a caller may key the prefix too (C is on key 2).
    ``check_digit`` is "none", "luhn", "damm" or "verhoeff": the last digit. Raises `SettingsError`.
    """

    prefix: str = "C"
    lengths: frozenset[int] = frozenset({7, 8})
    prefix_key: bool = True
    check_digit: str = "none"

    def __post_init__(self) -> None:
        if not self.lengths or min(self.lengths) < 1:
            raise SettingsError("lengths: case numbers need at least one, of 1 digit or more")
        if self.check_digit not in CHECKS:
            known = ", ".join(CHECKS)
            raise SettingsError(
                f"check_digit: '{self.check_digit}' isn't known: use one of {known}"
            )
        if set(self.prefix) - set(_LETTERS):
            raise SettingsError(f"prefix: '{self.prefix}' isn't capital letters, A to Z, or empty")
        if self.prefix_key and not self.prefix:
            raise SettingsError("prefix_key: true needs a prefix; write false")

    @property
    def max_keys(self) -> int:
        """The most keys that can make a number, the prefix's included; one more is too long."""
        return max(self.lengths) + len(self._prefix_keys)

    def complete(self, keyed: str) -> bool:
        """Whether an entry may be submitted without its terminator: no further key could belong.

        Never where the length varies: there the caller was asked for a terminator and presses it.
        """
        longest = max(self.lengths)
        if self._prefix_keys and keyed.startswith(self._prefix_keys):
            longest = self.max_keys
        return len(self.lengths) == 1 and len(keyed) >= longest

    def read(self, keyed: str) -> Reading:
        """What a caller keyed; "0" alone is the operator, and only digits count.

        When both the digits and the digits without the prefix's keys could be a number, the check
        digit decides, and where it doesn't the kind is "ambiguous". Never decide it by what exists:
        that would tell strangers which numbers do.
        """
        keyed = _digits_of(keyed)
        if keyed == "0":
            return Reading("operator")
        readings, prefix = [keyed], self._prefix_keys
        if prefix and keyed.startswith(prefix):
            readings.append(keyed.removeprefix(prefix))
        return self._judge(readings)

    def typed(self, text: str) -> Reading:
        """What a person at a keyboard wrote: "C-1734 9013". A letter typed is a letter meant.

        Spaces, dashes and dots don't count. Anything else makes it "unreadable": dropping a stray
        letter could make a legacy number of a slip.
        """
        plain = "".join(
            char for char in unicodedata.normalize("NFKC", text) if not _separates(char)
        )
        digits = plain.upper().removeprefix(self.prefix)
        if not (digits.isascii() and digits.isdecimal()):
            return Reading("unreadable")
        return self._judge([digits])

    def written(self, digits: str) -> str:
        """The number as it is written, ``"C17349013"``, of its digits."""
        return self.prefix + digits

    def digits_of(self, number: str) -> str:
        """The digits of a number as it is written."""
        return _digits_of(number)

    @property
    def _prefix_keys(self) -> str:
        return self.prefix.translate(_ON_KEYS) if self.prefix_key else ""

    def _judge(self, readings: list[str]) -> Reading:
        check = CHECKS[self.check_digit]
        valid = fitting = tuple([digits for digits in readings if len(digits) in self.lengths])
        if check is not None:
            valid = tuple([digits for digits in fitting if check(digits[:-1]) == digits[-1]])
        match len(fitting), len(valid):
            case 0, _:
                too_long = len(readings[0]) > max(self.lengths)
                return Reading("too_long" if too_long else "too_short")
            case _, 0:
                return Reading("bad_check")
            case _, 1:
                return Reading("accepted", valid)
            case _:
                return Reading("ambiguous", valid)


__all__ = ["Account", "Case", "CaseNumbers", "Contact", "Reading", "ReadingKind"]
