"""What people do with their telephones."""

from __future__ import annotations

from ivr.simulator import Exchange, Handset
from tests.kit.desk import ENTRY, Desk

CASE = "17349013"


def keyed(caller: Handset, exchange: Exchange, *entries: str) -> None:
    """Press each, with a moment in between."""
    for entry in entries:
        caller.press(entry)
        exchange.wait(0.2)


def ask_for_a_manager(caller: Handset, exchange: Exchange, language: str = "2") -> None:
    """From the first ring to the hunt for a manager of the first case."""
    caller.call(ENTRY)
    keyed(caller, exchange, language, "1", f"{CASE}#", "1", "2")


def accept(person: Handset, exchange: Exchange, after: float = 3) -> None:
    exchange.wait_until(lambda: person.ringing, at_most=60)
    exchange.wait(after)
    person.answer()
    exchange.wait(8)
    person.press("1")


def reach_operator(caller: Handset, operator: Handset, exchange: Exchange) -> None:
    caller.call(ENTRY)
    caller.press("0")
    accept(operator, exchange)
    exchange.wait_until(lambda: operator in caller.connected_to, at_most=30)


def free(desk: Desk) -> bool:
    return not any(person.busy_with for person in desk.store.people.all())


def operator_menu(operator: Handset, exchange: Exchange, *entries: str) -> None:
    """Star, and then these."""
    operator.press("*")
    exchange.wait(1)
    for entry in entries:
        exchange.wait(1)
        operator.press(entry)
    exchange.wait(1)


def nobody_rings(desk: Desk) -> None:
    """Wait for a moment in which nobody is rung: a lost Enterprise Down is called back and back."""
    phones = desk.exchange.phones.values()
    desk.exchange.wait_until(lambda: not any(each.ringing for each in phones), at_most=600)


def said_to(phone: Handset) -> list[str]:
    return [each.text for each in phone.heard]
