"""The built-in cases as a list: whose they are, the next free number, and what may change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, func, select, update

from ivr.line.desk.cases import Account, Case, CaseNumbers
from ivr.line.desk.check_digits import CHECKS
from ivr.line.store import tables
from ivr.line.store.case_files import once
from ivr.line.store.people import account_of

AGAIN = 50  # numbers that others may have taken meanwhile


def accounts(connection: Connection) -> list[Account]:
    """Every customer, by id."""
    table = tables.accounts
    return [account_of(row) for row in connection.execute(select(table).order_by(table.c.id))]


def cases_of(connection: Connection, accounts: Sequence[str] | None, limit: int) -> list[Case]:
    """Cases without their contacts, the newest number first."""
    table = tables.cases
    asked = select(table).order_by(table.c.digits.desc()).limit(limit)
    if accounts is not None:
        asked = asked.where(table.c.account.in_(accounts))
    return [_case(row) for row in connection.execute(asked)]


def _case(row: Any) -> Case:
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


def open_case(connection: Connection, numbers: CaseNumbers, **values: Any) -> str:
    """A new case; nobody else gets its number, however many log one at once."""
    length = max(numbers.lengths)
    table = tables.cases
    last = select(func.max(table.c.digits)).where(func.length(table.c.digits) == length)
    newest = int(connection.execute(last).scalar() or "1" + "0" * (length - 1))
    empty = dict.fromkeys(("subject", "product", "region", "environment", "url", "pin"), "")
    for step in range(1, AGAIN):
        digits = _next(newest, step, numbers)
        row = empty | {"status": "open", "language": "en"} | values
        row |= {"number": numbers.written(digits), "digits": digits}
        if once(connection, table, [row]):
            return str(row["number"])
    raise RuntimeError(f"{AGAIN} case numbers in a row were taken")


def _next(newest: int, step: int, numbers: CaseNumbers) -> str:
    check = CHECKS[numbers.check_digit]
    if check is None:
        return str(newest + step)
    body = str(newest // 10 + step)
    return body + check(body)


def change(connection: Connection, number: str, **values: Any) -> None:
    table = tables.cases
    connection.execute(update(table).where(table.c.number == number).values(values))
