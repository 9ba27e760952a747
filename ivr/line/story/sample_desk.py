"""The people and cases of a flow's sample desk, which are nobody's: what stands for real ones."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ALIKE = ("status", "severity", "owner")  # what a look-up says that a call depends on


@dataclass(frozen=True, slots=True)
class SampleDesk:
    """``people`` are telephones by id, ``cases`` and ``contacts`` the rows of their files."""

    people: Mapping[str, str]
    cases: tuple[Mapping[str, str], ...]
    contacts: tuple[Mapping[str, str], ...]

    @classmethod
    def read(cls, folder: Path) -> SampleDesk:
        """From the desk's CSV files; one that is missing has no rows, and a column that is missing
        is empty."""
        people = {row["id"]: row["phone"] for row in _rows(folder / "people.csv")}
        return cls(people, _rows(folder / "cases.csv"), _rows(folder / "contacts.csv"))

    def case_like(self, found: Mapping[str, Any]) -> Mapping[str, str] | None:
        """The case itself if it is one of these, else one of which a look-up says the same."""
        alike = [row for row in self.cases if _said(row) == _said(found)]
        same = [row for row in alike if row["number"] == found["number"]]
        return next(iter(same or alike), None)

    def account_of(self, digits: str) -> str:
        """The account of a case, by its digits."""
        return next((row["account"] for row in self.cases if digits_of(row) == digits), "")

    def knows(self, digits: str) -> bool:
        """Whether there is a case of these digits."""
        return any(digits_of(row) == digits for row in self.cases)

    def customer(self, number: str, account: str = "") -> str:
        """The phone with ``number`` if it belongs to one of these people, else a contact's
        of this account, or of any."""
        phones = [row["phones"].split()[0] for row in self.contacts if row["phones"]]
        own = [
            row["phones"].split()[0]
            for row in self.contacts
            if row["phones"] and row["account"] == account
        ]
        return number if number in phones else (own or phones or [number])[0]


def digits_of(row: Mapping[str, str]) -> str:
    """A case's number as it is keyed."""
    return "".join(key for key in row["number"] if key.isdecimal())


def _said(found: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple("" if found.get(name) is None else str(found[name]) for name in ALIKE)


def _rows(file: Path) -> tuple[Mapping[str, str], ...]:
    if not file.is_file():
        return ()
    with file.open(encoding="utf-8", newline="") as opened:
        return tuple(defaultdict(str, row) for row in csv.DictReader(opened))


__all__ = ["SampleDesk", "digits_of"]
