"""One person whose data is looked for: what identifies them, and where it appears in a text."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import phonenumbers

_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_NUMBER = re.compile(r"(?<![\w.:-])\+\d[\d ().-]{6,}\d")
_SOUND = re.compile(r"\S*/Recordings/\S+")
_BETWEEN = r"[\s().\-/]*"


@dataclass(frozen=True)
class Subject:
    """``phones`` in E.164, ``mails`` and ``names`` as written; ``ids`` are those of contacts,
    people and logins. A name of one word is no proof of anybody, and isn't looked for."""

    phones: frozenset[str] = frozenset()
    mails: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    ids: frozenset[str] = frozenset()

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        parts = [_phone(number) for number in sorted(self.phones)]
        parts += [rf"(?<![\w.+-]){re.escape(mail)}(?![\w-])" for mail in sorted(self.mails)]
        parts += [_name(name) for name in sorted(self.names) if len(name.split()) > 1]
        return re.compile("|".join(parts) or r"(?!)", re.IGNORECASE)

    def stands_in(self, value: Any) -> bool:
        """Whether a JSON-safe value names this person anywhere; ids don't count as names."""
        return any(self._pattern.search(text) for text in _texts(value))

    def without(self, value: Any, instead: str) -> Any:
        """The value with ``instead`` in every place that names this person."""
        match value:
            case str():
                return self._pattern.sub(instead, value)
            case dict():
                return {
                    self.without(name, instead): self.without(each, instead)
                    for name, each in value.items()
                }
            case list():
                return [self.without(each, instead) for each in value]
        return value


def masked(text: str) -> str:
    """A text without telephone numbers and addresses of people and recordings, for logs that
    outlive them."""
    text = _SOUND.sub("[recording]", text)
    return _MAIL.sub("[address]", _NUMBER.sub("[number]", text))


def e164(text: str) -> str:
    """A telephone number as it is stored, ``""`` for what is none."""
    try:
        number = phonenumbers.parse(text)
    except phonenumbers.NumberParseException:
        return ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _phone(number: str) -> str:
    """As people write it: +33…, 0033…, 0…, with whatever they put between the digits."""
    parsed = phonenumbers.parse(number)
    national = _BETWEEN.join(phonenumbers.national_significant_number(parsed))
    code = _BETWEEN.join(str(parsed.country_code))
    abroad = rf"(?:\+|00)?{_BETWEEN}{code}{_BETWEEN}(?:\(?0\)?{_BETWEEN})?"
    return rf"(?<!\d)(?:{abroad}|0{_BETWEEN})?{national}(?!\d)"


def _name(name: str) -> str:
    parts = r"\s+".join(re.escape(part) for part in name.split())
    return rf"(?<!\w){parts}(?!\w)"


def _texts(value: Any) -> Iterable[str]:
    match value:
        case str():
            yield value
        case dict():
            for name, each in value.items():
                yield from (str(name), *_texts(each))
        case list():
            for each in value:
                yield from _texts(each)


__all__ = ["Subject", "e164", "masked"]
