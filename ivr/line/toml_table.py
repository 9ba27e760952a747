"""A table of a TOML file, read key by key, so that a wrong one is named: where, what, and what was
meant perhaps."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import fields
from datetime import date, time
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

NEEDED = object()
LIST = (list, tuple)
MOST = 100_000  # of any number: more seconds than a day has, and days than a log is kept
TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?")
NAMES = 'a table of names by language: write { en = "…" }'
BARE = re.compile(r"[A-Za-z0-9_-]+")  # a key that needs no quotes
FEW = 30  # names that a person reads through for the one that they meant

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

    def header(self, key: str) -> str:
        """How the table below ``key`` begins in the file."""
        parts = self.path.split(".") if self.path else []
        return ".".join(part if BARE.fullmatch(part) else f'"{part}"' for part in (*parts, key))

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
                raise self.wrong(key, f"it is missing; it must be {called}")
            return otherwise
        value = self.values[key]
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise self.wrong(key, f"{written(value)} isn't {called}")
        return value

    def text(self, key: str, otherwise: Any = NEEDED) -> str:
        text: str = self.value(key, otherwise, str, "a text in quotes")
        if otherwise is NEEDED and not text.strip():
            raise self.wrong(key, f"{written(text)} is empty; write a text")
        return self._spoken(key, text)

    def _spoken(self, key: str, text: str) -> str:
        """``text``, if no character of it would break a document or a log."""
        if not text.isprintable():
            raise self.wrong(key, f"{text!r} isn't a text on one line, without control characters")
        return text

    def truth(self, key: str, otherwise: Any = NEEDED) -> bool:
        return bool(self.value(key, otherwise, bool, "true or false"))

    def whole(self, key: str, otherwise: Any = NEEDED, least: int = 0, most: int = MOST) -> int:
        called = f"a whole number from {least} to {most}"
        number: int = self.value(key, otherwise, int, called)
        if not least <= number <= most:
            raise self.wrong(key, f"{number} isn't {called}")
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
        values = self.value(key, otherwise, LIST, 'a list of texts: write ["…", "…"]')
        for each in values:
            if not isinstance(each, str) or not each:
                raise self.wrong(key, f"{written(each)} isn't a text in quotes")
            self._spoken(key, each)
        for each in values:
            if values.count(each) > 1:
                raise self.wrong(key, f"{written(each)} stands twice; write it once")
        return tuple(values)

    def choices(self, key: str, options: Collection[str], otherwise: Any) -> tuple[str, ...]:
        return tuple(self.known(key, each, options) for each in self.texts(key, otherwise))

    def pair(self, key: str, otherwise: Any = NEEDED) -> tuple[int, int]:
        """Two numbers of minutes: in working hours, and outside."""
        called = "two numbers of minutes, in hours and outside: write [30, 60]"
        pair = self.value(key, otherwise, LIST, called)
        whole = [each for each in pair if isinstance(each, int) and not isinstance(each, bool)]
        if len(pair) != 2 or len(whole) != 2 or not 1 <= min(whole) <= max(whole) <= MOST:
            raise self.wrong(key, f"{written(pair)} isn't {called}")
        return whole[0], whole[1]

    def clock(self, key: str) -> time:
        called = 'a time of day in quotes: write "08:00"'
        return self._time(key, self.value(key, NEEDED, str, called))

    def _time(self, key: str, text: str) -> time:
        if not TIME.fullmatch(text):
            raise self.wrong(key, f"'{text}' isn't a time of day: write \"08:00\"")
        return time.fromisoformat(text)

    def night(self, key: str, otherwise: tuple[time, time]) -> tuple[time, time]:
        """Two times of day: from, and until."""
        called = 'two times of day, from and until: write ["21:00", "08:00"]'
        self.value(key, (), LIST, called)
        if key not in self.values:
            return otherwise
        texts = self.texts(key)
        if len(texts) != 2:
            raise self.wrong(key, f"{written(list(texts))} isn't {called}")
        return self._time(key, texts[0]), self._time(key, texts[1])

    def table(self, key: str, needed: bool = False) -> Table:
        """A table below this one; an empty one where it may be left out."""
        values = self.value(
            key, NEEDED if needed else {}, dict, f"a table: write [{self.header(key)}]"
        )
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
                what = f"{written(each)} isn't a table: write [[{self.named(key)}]]"
                raise self.wrong(key, what)
        return [
            Table(each, f"{self.named(key)}.{each.get('code', at)}")
            for at, each in enumerate(rows, start=1)
        ]

    def names(self, key: str, otherwise: Any = NEEDED) -> dict[str, str]:
        """A name by language."""
        names: dict[str, str] = self.value(key, otherwise, dict, NAMES)
        for language, name in names.items():
            if not isinstance(name, str) or not name.strip():
                raise self.wrong(f"{key}.{language}", f"{written(name)} isn't a name in quotes")
            self._spoken(f"{key}.{language}", name)
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
    if len(options) > FEW:
        return f"; there are {len(options)}, such as {', '.join(options[:3])}"
    return f"; there are {', '.join(options)}" if options else ""


def written(value: Any) -> str:
    """A value as it stands in the file, with the single quotes that TOML knows as well."""
    match value:
        case bool():
            return str(value).lower()
        case date() | time():
            return value.isoformat()
        case list() | tuple():
            return f"[{', '.join(map(written, value))}]"
        case dict():
            return f"{{ {', '.join(f'{key} = {written(each)}' for key, each in value.items())} }}"
        case _:
            return repr(value)


__all__ = ["NEEDED", "Table", "hint", "written"]
