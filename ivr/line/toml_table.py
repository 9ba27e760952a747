"""A table of a TOML file, read key by key, so that a wrong one is named: where, what, and what was
meant perhaps."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import fields
from datetime import time
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

NEEDED = object()
LIST = (list, tuple)

T = TypeVar("T", bound="DataclassInstance")


class Table:
    """One table, of which each key is read once; `done` refuses those that nobody has read.

    ``path`` is how its keys are named in errors: ``hunts.operator``.
    """

    def __init__(self, values: Mapping[str, Any], path: str = "") -> None:
        self.values, self.path = values, path
        self.read: set[str] = set()

    def named(self, key: str) -> str:
        return f"{self.path}.{key}" if self.path else key

    def wrong(self, key: str, what: str) -> ValueError:
        return ValueError(f"{self.named(key)}: {what}")

    def done(self) -> None:
        """Everything known has been read: whatever is left is a mistake."""
        for key in self.values:
            if key not in self.read:
                raise self.wrong(key, f"there is no such key{hint(key, self.read)}")

    def value(self, key: str, otherwise: Any, kind: type | tuple[type, ...], called: str) -> Any:
        """What ``key`` holds, of its ``kind``; ``otherwise`` is `NEEDED` where it must be there."""
        self.read.add(key)
        if key not in self.values:
            if otherwise is NEEDED:
                raise self.wrong(key, "it is missing")
            return otherwise
        value = self.values[key]
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise self.wrong(key, f"{value!r} isn't {called}")
        return value

    def text(self, key: str, otherwise: Any = NEEDED) -> str:
        text: str = self.value(key, otherwise, str, "a text")
        if otherwise is NEEDED and not text.strip():
            raise self.wrong(key, "it is empty")
        return text

    def truth(self, key: str, otherwise: Any = NEEDED) -> bool:
        return bool(self.value(key, otherwise, bool, "true or false"))

    def whole(self, key: str, otherwise: Any = NEEDED, least: int = 0) -> int:
        number: int = self.value(key, otherwise, int, "a whole number")
        if number < least:
            raise self.wrong(key, f"{number} is less than {least}")
        return number

    def choice(self, key: str, options: Collection[str], otherwise: Any = NEEDED) -> str:
        text = self.text(key, otherwise)
        return self.known(key, text, options)

    def known(self, key: str, text: str, options: Collection[str]) -> str:
        """``text``, if it is one of ``options``."""
        if text not in options:
            raise self.wrong(key, f"there is no '{text}'{hint(text, options)}")
        return text

    def texts(self, key: str, otherwise: Any = NEEDED) -> tuple[str, ...]:
        values = self.value(key, otherwise, LIST, "a list")
        for each in values:
            if not isinstance(each, str) or not each:
                raise self.wrong(key, f"{each!r} isn't a text")
        return tuple(values)

    def choices(self, key: str, options: Collection[str], otherwise: Any) -> tuple[str, ...]:
        return tuple(self.known(key, each, options) for each in self.texts(key, otherwise))

    def pair(self, key: str, otherwise: Any = NEEDED) -> tuple[int, int]:
        """Two numbers of minutes: in working hours, and outside."""
        pair = self.value(key, otherwise, LIST, "a list")
        whole = [each for each in pair if isinstance(each, int) and not isinstance(each, bool)]
        if len(pair) != 2 or len(whole) != 2 or min(whole) < 1:
            raise self.wrong(key, f"{pair!r} isn't two numbers of minutes, in hours and outside")
        return whole[0], whole[1]

    def clock(self, key: str) -> time:
        return self._time(key, self.text(key))

    def _time(self, key: str, text: str) -> time:
        try:
            return time.fromisoformat(text)
        except ValueError as error:
            raise self.wrong(key, f"'{text}' isn't a time of day: write \"08:00\"") from error

    def night(self, key: str, otherwise: tuple[time, time]) -> tuple[time, time]:
        """Two times of day: from, and until."""
        texts = self.texts(key, ())
        if not texts:
            return otherwise
        if len(texts) != 2:
            raise self.wrong(key, f"{list(texts)} isn't two times of day, from and until")
        return self._time(key, texts[0]), self._time(key, texts[1])

    def table(self, key: str, needed: bool = False) -> Table:
        """A table below this one; an empty one where it may be left out."""
        values = self.value(key, NEEDED if needed else {}, dict, "a table")
        return Table(values, self.named(key))

    def tables(self) -> Iterable[tuple[str, Table]]:
        """Every key of this table, which holds a table each."""
        for key in self.values:
            yield key, self.table(key)

    def rows(self, key: str) -> list[Table]:
        """``[[key]]``: an ordered list of tables."""
        rows = self.value(key, NEEDED, list, f"a list: write [[{self.named(key)}]]")
        for each in rows:
            if not isinstance(each, dict):
                raise self.wrong(key, f"{each!r} isn't a table: write [[{self.named(key)}]]")
        return [
            Table(each, f"{self.named(key)}.{each.get('code', at)}")
            for at, each in enumerate(rows, start=1)
        ]

    def names(self, key: str, otherwise: Any = NEEDED) -> dict[str, str]:
        """A name by language."""
        names: dict[str, str] = self.value(key, otherwise, dict, "a table of names by language")
        for language, name in names.items():
            if not isinstance(name, str) or not name.strip():
                raise self.wrong(f"{key}.{language}", f"{name!r} isn't a name")
        return names

    def terms(self, cls: type[T], least: int = 0, **more: Any) -> T:
        """A dataclass of whole numbers, each with a key of its own; ``more`` are its others."""
        numbers = {
            each.name: self.whole(each.name, each.default, least)
            for each in fields(cls)
            if each.name not in more
        }
        self.done()
        return cls(**numbers, **more)


def hint(wrong: str, known: Iterable[str]) -> str:
    """What may have been meant, else what there is."""
    options = sorted(known)
    close = get_close_matches(wrong, options, 1)
    if close:
        return f"; did you mean '{close[0]}'?"
    return f"; there are {', '.join(options)}" if options else ""


__all__ = ["NEEDED", "Table", "hint"]
