"""A case as `ivr case` prints it: what the line sees, from where, and how fast."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from time import monotonic

import click

from ivr.clock import SystemClock
from ivr.line.desk.cases import Account, Case
from ivr.line.outside.case_systems.built_in import BuiltIn
from ivr.line.outside.case_systems.system import CaseSystem, Unreachable
from ivr.line.service.look_ups import BUDGET
from ivr.line.store.store import Store
from ivr.server.build import case_system_of, line_of
from ivr.server.settings import Settings


@dataclass(frozen=True, slots=True)
class Answer:
    """What a case system says about a case; ``case`` is None if there is no such case."""

    digits: str
    case: Case | None
    system: str
    milliseconds: int


def look_up(number: str, settings: Settings, store: Store) -> Answer:
    """Ask the configured case system.

    Raises `click.BadParameter` for what isn't a case number, and `Unreachable`.
    """
    line = line_of(settings)
    reading = line.config.case_numbers.typed(number)
    if reading.kind != "accepted":
        reason = reading.kind.replace("_", " ")
        raise click.BadParameter(f"{number!r} isn't a valid case number: {reason}")
    system = case_system_of(settings, line, SystemClock(), store) or BuiltIn(store)
    return _ask(system, reading.candidates[0])


def _ask(system: CaseSystem, digits: str) -> Answer:
    began = monotonic()
    try:
        case = system.case(digits, BUDGET)
    except Unreachable as error:
        raise Unreachable(f"{error} ({system.name}, {_milliseconds(began)} ms)") from error
    return Answer(digits, case, system.name, _milliseconds(began))


def _milliseconds(began: float) -> int:
    return round(1000 * (monotonic() - began))


def as_json(answer: Answer) -> str:
    """The answer for another program."""
    return json.dumps(asdict(answer), indent=2, ensure_ascii=False, default=str)


def as_text(answer: Answer) -> str:
    """The answer for a reader: the fields of the case, a line each."""
    source = f"{answer.system}, {answer.milliseconds} ms"
    if answer.case is None:
        return f"there is no case {answer.digits} ({source})"
    rows = [*_rows(answer.case), ("source", source)]
    return "\n".join(f"{name:<12}{value}" for name, value in rows if value)


def _rows(case: Case) -> list[tuple[str, str]]:
    rows = [
        ("number", case.number),
        ("status", case.status),
        ("severity", "unknown" if case.severity is None else str(case.severity)),
        ("subject", case.subject),
        ("product", case.product),
        ("region", case.region),
        ("environment", case.environment),
        ("owner", case.owner or "not one of our people"),
        ("queue", case.queue or ""),
        ("language", case.language),
    ]
    if case.account:
        rows += _account(case.account)
    for contact in case.contacts:
        details = (contact.name, contact.language, contact.email, *contact.phones)
        rows.append(("contact", " ".join(details)))
    return rows


def _account(account: Account) -> list[tuple[str, str]]:
    begins = account.contract_from or "no start date"
    ends = account.contract_to or "no end date"
    return [
        ("account", f"{account.name} ({account.id}), {account.zone}"),
        ("contract", f"{account.contract_tier or 'no tier'}, {begins} to {ends}"),
        ("customer", " ".join(account.customer_numbers)),
    ]
