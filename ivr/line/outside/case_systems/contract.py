"""A case in the form of the contract, checked field by field; other fields are ignored.

A field of another shape is a `ValueError` that names it: half a case would send a caller to the
wrong person.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from ivr.line.desk.cases import MAX_SEVERITY, Account, Case, Contact
from ivr.line.outside.case_systems.last_known import Whose

CLOSED = ("closed", "resolved")


class Fields:
    """The fields of one JSON object, which is ``name`` in its document."""

    def __init__(self, read: Any, name: str = "") -> None:
        if not isinstance(read, Mapping):
            raise ValueError(f"{name or 'the answer'} is {_kind(read)}, no object")
        self.read = read
        self.name = name

    def named(self, name: str) -> str:
        return f"{self.name}.{name}" if self.name else name

    def text(self, name: str, otherwise: str = "", needed: bool = False) -> str:
        """A text, or a number as one; ``otherwise`` if there is none."""
        value = self.read.get(name)
        if isinstance(value, bool) or not isinstance(value, str | int | None):
            raise ValueError(f"{self.named(name)} is {_kind(value)}, no text")
        if needed and value in (None, ""):
            raise ValueError(f"{self.named(name)} is missing")
        return otherwise if value in (None, "") else str(value)

    def object(self, name: str) -> Fields | None:
        value = self.read.get(name)
        return None if value in (None, "") else Fields(value, self.named(name))

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts; one text alone is a list of one."""
        value = self.read.get(name)
        values = [value] if isinstance(value, str) and value else value or []
        if not isinstance(values, list) or not all(isinstance(each, str) for each in values):
            raise ValueError(f"{self.named(name)} is {_kind(value)}, no list of texts")
        return tuple(values)

    def objects(self, name: str) -> list[Fields]:
        values = self.read.get(name) or []
        if not isinstance(values, list):
            raise ValueError(f"{self.named(name)} is {_kind(values)}, no list")
        return [Fields(each, f"{self.named(name)}[{at}]") for at, each in enumerate(values)]

    def id(self, name: str) -> str:
        """An id, or the id of an object."""
        value = self.read.get(name)
        if isinstance(value, Mapping):
            return Fields(value, self.named(name)).text("id")
        return self.text(name)

    def severity(self, name: str) -> int | None:
        value = self.read.get(name)
        if value is None:
            return None
        written = str(value)
        whole = written.isascii() and written.isdecimal() and len(written) <= 2
        if isinstance(value, bool) or not whole:
            raise ValueError(f"{self.named(name)} is {value!r}, no severity: 0 to {MAX_SEVERITY}")
        return int(written)

    def zone(self, name: str) -> str:
        value = self.text(name, "UTC")
        try:
            ZoneInfo(value)
        except (LookupError, ValueError, OSError) as error:
            raise ValueError(f"{self.named(name)} is '{value}', no time zone") from error
        return value

    def day(self, name: str) -> date | None:
        value = self.text(name)
        try:
            return date.fromisoformat(value) if value else None
        except ValueError as error:
            raise ValueError(f"{self.named(name)} is '{value}', no day (2026-11-24)") from error

    def instant(self, name: str) -> datetime | None:
        """An instant; in UTC if it names no zone."""
        value = self.text(name)
        try:
            at = datetime.fromisoformat(value) if value else None
        except ValueError as error:
            raise ValueError(f"{self.named(name)} is '{value}', no instant") from error
        return at.replace(tzinfo=UTC) if at and not at.tzinfo else at


def case_of(read: Any, digits: str, whose: Whose) -> Case:
    """The case in an answer; ``whose`` finds the person of the desk who is its owner."""
    fields = Fields(read)
    owner, account = fields.object("owner"), fields.object("account")
    return Case(
        number=fields.text("number", needed=True),
        digits=digits,
        status="closed" if fields.text("status", needed=True).lower() in CLOSED else "open",
        severity=fields.severity("severity"),
        subject=fields.text("subject"),
        product=fields.text("product"),
        region=fields.text("region"),
        environment=fields.text("environment"),
        owner=whose(owner.text("id"), owner.text("email")) if owner else None,
        queue=fields.id("queue") or None,
        account=_account(account) if account else None,
        contacts=tuple(_contact(each) for each in fields.objects("contacts")),
        language=fields.text("language", "en"),
        url=fields.text("url"),
        updated_at=fields.instant("updated_at"),
    )


def _account(fields: Fields) -> Account:
    contract = fields.object("contract") or Fields({}, fields.named("contract"))
    return Account(
        id=fields.text("id", needed=True),
        name=fields.text("name"),
        contract_tier=contract.text("tier"),
        contract_from=contract.day("valid_from"),
        contract_to=contract.day("valid_to"),
        zone=fields.zone("zone"),
        customer_numbers=fields.texts("customer_numbers"),
    )


def _contact(fields: Fields) -> Contact:
    return Contact(
        fields.text("name"), fields.texts("phones"), fields.text("email"), fields.text("lang", "en")
    )


def _kind(value: Any) -> str:
    kinds = {dict: "an object", list: "a list", str: "a text", bool: "true or false"}
    return kinds.get(type(value), "nothing" if value is None else "a number")


__all__ = ["case_of"]
