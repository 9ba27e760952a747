"""The built-in cases, their accounts and contacts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection, bindparam, func, select, update

from ivr.line.desk.cases import Account, Case, CaseNumbers, Contact
from ivr.line.desk.check_digits import CHECKS
from ivr.line.store import tables
from ivr.line.store.connections import Connections
from ivr.line.store.inserts import insert_new
from ivr.line.store.instants import instant_or_none
from ivr.line.store.remembered import VERSION

MAX_NUMBERS_TRIED = 50  # that others may have taken meanwhile

# Built once, as `Asked` wants them.
_OF_DIGITS = tables.cases.c.digits == bindparam("digits")
_CASE = select(tables.cases, VERSION).where(_OF_DIGITS)
_ACCOUNT = select(tables.accounts).where(tables.accounts.c.id == bindparam("account"))
_CONTACTS = select(tables.contacts).where(tables.contacts.c.account == bindparam("account"))
_PIN = select(
    select(tables.cases.c.pin).where(_OF_DIGITS).scalar_subquery().label("of_case"),
    select(tables.accounts.c.pin)
    .where(tables.accounts.c.id == bindparam("account"))
    .scalar_subquery()
    .label("of_account"),
)

Customer = tuple[Account | None, tuple[Contact, ...]]


class CaseRepository:
    """The built-in cases: for a desk whose cases are in no other system."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def find(self, digits: str) -> Case | None:
        """The case with these digits, its account and its contacts."""
        row = self._connections.asked.row(_CASE, digits=digits)
        if row is None:
            return None
        account, contacts = self._customer(row.account, row.version)
        return Case(
            number=row.number,
            digits=row.digits,
            status=row.status,
            severity=row.severity,
            subject=row.subject,
            product=row.product,
            region=row.region,
            environment=row.environment,
            owner=row.owner,
            queue=row.queue,
            account=account,
            contacts=contacts,
            language=row.language,
            url=row.url,
            updated_at=instant_or_none(row.updated_at),
        )

    def _customer(self, id: str | None, version: str | None) -> Customer:
        """An account and its contacts, as the directory of this version has them."""
        known = self._connections.remembered.under(version)
        key = ("customer", id)
        customer: Customer | None = known.get(key)
        if customer is None:
            account = self._connections.asked.row(_ACCOUNT, account=id)
            contacts = self._connections.asked.rows(_CONTACTS, account=id)
            customer = _account(account) if account else None, tuple(map(_contact, contacts))
            known[key] = customer
        return customer

    def pin(self, digits: str, account: str) -> str:
        """The hash of the case's PIN, else of its account's; ``""`` when there is none."""
        [found] = self._connections.asked.rows(_PIN, digits=digits, account=account)
        return str(found.of_case or found.of_account or "")

    def contact(self, id: str) -> Contact | None:
        """Somebody at a customer's, by id."""
        table = tables.contacts
        with self._connections.reading() as connection:
            row = connection.execute(select(table).where(table.c.id == id)).one_or_none()
        return _contact(row) if row else None

    def accounts(self, ids: Sequence[str] | None = None) -> list[Account]:
        """These customers (all, if None), by id."""
        table = tables.accounts
        statement = select(table).order_by(table.c.id)
        if ids is not None:
            statement = statement.where(table.c.id.in_(ids))
        with self._connections.reading() as connection:
            return [_account(row) for row in connection.execute(statement)]

    def of_accounts(self, accounts: Sequence[str] | None, limit: int = 200) -> list[Case]:
        """The cases of these accounts (of all, if None) without their contacts, the newest number
        first."""
        table = tables.cases
        statement = select(table).order_by(table.c.digits.desc()).limit(limit)
        if accounts is not None:
            statement = statement.where(table.c.account.in_(accounts))
        with self._connections.reading() as connection:
            return [_case_alone(row) for row in connection.execute(statement)]

    def opened_by(self, form: str) -> str:
        """The number of the case that this form has opened, ``""`` if it has opened none."""
        with self._connections.reading() as connection:
            return _of_form(connection, form)

    def open(self, numbers: CaseNumbers, *, form: str, **values: Any) -> str:
        """Open a case under the next free number, and return the number. No two cases get the same
        number, and one ``form`` opens one case, however many are sent at once."""
        length = max(numbers.lengths)
        table = tables.cases
        last = select(func.max(table.c.digits)).where(func.length(table.c.digits) == length)
        empty = dict.fromkeys(("subject", "product", "region", "environment", "url", "pin"), "")
        row = empty | {"status": "open", "language": "en", "form": form} | values
        with self._connections.writing() as connection:
            newest = int(connection.execute(last).scalar() or "1" + "0" * (length - 1))
            for step in range(1, MAX_NUMBERS_TRIED):
                digits = _next(newest, step, numbers)
                row |= {"number": numbers.written(digits), "digits": digits}
                if insert_new(connection, table, [row]):
                    return str(row["number"])
                if number := _of_form(connection, form):
                    return number
        raise RuntimeError(f"{MAX_NUMBERS_TRIED} case numbers in a row were taken")

    def change(self, number: str, **values: Any) -> None:
        """Change the severity or status of a case."""
        table = tables.cases
        with self._connections.writing() as connection:
            connection.execute(update(table).where(table.c.number == number).values(values))


def _of_form(connection: Connection, form: str) -> str:
    table = tables.cases
    return connection.execute(select(table.c.number).where(table.c.form == form)).scalar() or ""


def _case_alone(row: Any) -> Case:
    return Case(
        number=row.number,
        digits=row.digits,
        status=row.status,
        severity=row.severity,
        subject=row.subject,
        product=row.product,
        region=row.region,
        environment=row.environment,
        owner=row.owner,
        queue=row.queue,
    )


def _next(newest: int, step: int, numbers: CaseNumbers) -> str:
    check = CHECKS[numbers.check_digit]
    if check is None:
        return str(newest + step)
    body = str(newest // 10 + step)
    return body + check(body)


def _account(row: Any) -> Account:
    return Account(
        id=row.id,
        name=row.name,
        contract_tier=row.contract_tier,
        contract_from=_date(row.contract_from),
        contract_to=_date(row.contract_to),
        zone=row.zone,
        customer_numbers=_words(row.customer_numbers),
    )


def _contact(row: Any) -> Contact:
    return Contact(row.name, _words(row.phones), row.email, row.language)


def _date(written: str | None) -> date | None:
    return date.fromisoformat(written) if written else None


def _words(written: str | Iterable[str]) -> tuple[str, ...]:
    return tuple(written.split() if isinstance(written, str) else written)
