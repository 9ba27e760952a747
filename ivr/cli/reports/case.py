"""A case as `ivr case` prints it: what the line sees, from where, and how fast."""

from __future__ import annotations

from time import monotonic

from ivr.clock import SystemClock
from ivr.errors import DataError
from ivr.line.desk.cases import Account, Case
from ivr.line.outside.case_systems.built_in import BuiltIn
from ivr.line.outside.case_systems.system import CaseSystem, Unreachable
from ivr.line.service.look_ups import BUDGET
from ivr.line.store.store import Store
from ivr.server.settings import Settings


def look_up(number: str, settings: Settings, store: Store) -> tuple[bool, str]:
    """Whether there is such a case in the configured system, and what to print of it. Raises
    `Unreachable`, and `DataError` for what is no case number."""
    line = settings.line()
    reading = line.config.case_numbers.typed(number)
    if reading.kind != "accepted":
        raise DataError(f"'{number}' is no case number here: {reading.kind.replace('_', ' ')}")
    system = settings.case_system(line, SystemClock(), store) or BuiltIn(store)
    return asked(system, reading.candidates[0])


def asked(system: CaseSystem, digits: str) -> tuple[bool, str]:
    """Whether ``system`` has the case, and its fields as a text, a line each."""
    began = monotonic()
    try:
        case = system.case(digits, BUDGET)
    except Unreachable as error:
        raise Unreachable(f"{error} ({_source(system, began)})") from error
    source = _source(system, began)
    if case is None:
        return False, f"there is no case {digits} ({source})"
    rows = [*_rows(case), ("source", source)]
    return True, "\n".join(f"{name:<12}{value}" for name, value in rows if value)


def _source(system: CaseSystem, began: float) -> str:
    return f"{system.name}, {1000 * (monotonic() - began):.0f} ms"


def _rows(case: Case) -> list[tuple[str, str]]:
    rows = [
        ("number", case.number),
        ("status", case.status),
        ("severity", "unknown" if case.severity is None else str(case.severity)),
        ("subject", case.subject),
        ("product", case.product),
        ("region", case.region),
        ("environment", case.environment),
        ("owner", case.owner or "nobody of ours"),
        ("queue", case.queue or ""),
        ("language", case.language),
    ]
    rows += _account(case.account) if case.account else []
    return rows + [
        ("contact", " ".join((each.name, each.language, each.email, *each.phones)))
        for each in case.contacts
    ]


def _account(account: Account) -> list[tuple[str, str]]:
    contract = f"{account.contract_from or 'ever'} to {account.contract_to or 'further notice'}"
    return [
        ("account", f"{account.name} ({account.id}), {account.zone}"),
        ("contract", f"{account.contract_tier or 'no tier'}, {contract}"),
        ("customer", " ".join(account.customer_numbers)),
    ]
