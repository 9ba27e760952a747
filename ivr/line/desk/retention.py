"""How long each class of what is stored may be kept, and of which class a stored value is."""

from dataclasses import dataclass, fields
from enum import Enum
from functools import cache
from inspect import get_annotations
from types import UnionType
from typing import Annotated, Any, Self, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

PIN_MONTH = 30  # days over which failures are counted


@dataclass(frozen=True, slots=True)
class RetentionTerms:
    """Days, each from when it ended; ``purge`` and ``seal`` are hours between two rounds.

    ``recordings`` are conversations, ``messages`` what callers spoke on purpose, ``digits`` what
    they keyed and were told, ``calls`` who called, ``texts`` notes and reasons, ``tallies`` counts
    of failures, ``audit`` the event logs of calls. Raises ValueError.
    """

    recordings: int = 180
    messages: int = 396
    digits: int = 30
    calls: int = 396
    texts: int = 1095
    tallies: int = 31
    audit: int = 730
    purge: int = 24
    seal: int = 24

    def __post_init__(self) -> None:
        for each in fields(self):
            value = getattr(self, each.name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise ValueError(f"retention.{each.name} is a whole number from 1, not {value!r}")
        if self.tallies < PIN_MONTH:
            raise ValueError(
                f"retention.tallies: {self.tallies} is too few, as failures are counted over "
                f"{PIN_MONTH} days"
            )
        longest = max(self.recordings, self.messages, self.digits, self.calls)
        if self.audit < longest:
            raise ValueError(
                f"retention.audit: {self.audit} is too few, as the log of a call outlasts what is "
                f"kept of it: write {longest} or more"
            )


class Keep(Enum):
    """Until when a stored value is kept, and whether the caller may be shown it.

    ``AUDIT`` names nobody and stays as long as the log of its call. ``DIGITS`` goes when the term
    ``digits`` is over: what callers keyed and were told, and what only an open call needs.
    ``STAFF`` goes at the same time, and is about people who work here: no caller's export has it.
    """

    AUDIT = "audit"
    DIGITS = "digits"
    STAFF = "staff"


_T = TypeVar("_T")
Audit = Annotated[_T, Keep.AUDIT]
Digits = Annotated[_T, Keep.DIGITS]
Staff = Annotated[_T, Keep.STAFF]


class Kept(msgspec.Struct, omit_defaults=True):
    """A record of stored values, each of which declares its class: ``zone: Audit[str]``.

    A field that holds another `Kept` declares none, because that record's own fields do. A class
    with any other field is refused with `TypeError`.
    """

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        for name, hint in get_annotations(cls, eval_str=True).items():
            if _keep(hint) is None and not _records(hint):
                raise TypeError(
                    f"{cls.__name__}.{name} doesn't say how long it is kept: "
                    f"declare it as Audit[...], Digits[...] or Staff[...]"
                )

    def remaining(self) -> Self:
        """A copy in which only what is kept as ``AUDIT`` has a value, in records of records too."""
        left: dict[str, Any] = {}
        required = _required(type(self))
        for name, keep in classes(type(self)).items():
            value = getattr(self, name)
            if keep is Keep.AUDIT:
                left[name] = value
            elif keep is None and isinstance(value, Kept) and lasts(type(value)):
                left[name] = value.remaining()
            elif name in required:
                left[name] = type(value)()
        return type(self)(**left)

    def without_staff(self) -> dict[str, Any]:
        """The values as JSON-safe data, without what is about people who work here."""
        data: dict[str, Any] = msgspec.to_builtins(self)
        for name, keep in classes(type(self)).items():
            value = getattr(self, name)
            if keep is Keep.STAFF:
                data.pop(name, None)
            elif keep is None and name in data and isinstance(value, Kept):
                data[name] = value.without_staff()
        return data


@cache
def classes(record: type[Kept]) -> dict[str, Keep | None]:
    """The class of each field, in their order; None for a field that holds another record."""
    hints = get_type_hints(record, include_extras=True)
    return {name: _keep(hints[name]) for name in record.__struct_fields__}


@cache
def lasts(record: type[Kept]) -> bool:
    """Whether anything of a record remains when all but ``AUDIT`` is gone."""
    hints = get_type_hints(record, include_extras=True)
    return any(
        keep is Keep.AUDIT or (keep is None and any(map(lasts, _records(hints[name]))))
        for name, keep in classes(record).items()
    )


@cache
def _required(record: type[Kept]) -> frozenset[str]:
    """The fields without which no such record is made."""
    return frozenset(each.name for each in msgspec.structs.fields(record) if each.required)


def _keep(hint: Any) -> Keep | None:
    """The class that a field's annotation declares."""
    declared = [each for each in getattr(hint, "__metadata__", ()) if isinstance(each, Keep)]
    return declared[0] if declared else None


def _records(hint: Any) -> list[type[Kept]]:
    """The records that a field may hold; none if it may hold anything else besides None."""
    options = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    types = [get_origin(each) or each for each in options if each is not type(None)]
    return types if all(isinstance(each, type) and issubclass(each, Kept) for each in types) else []
