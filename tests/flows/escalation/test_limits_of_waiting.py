"""Nobody rings the desk for ever: rounds of waiting and early drops have limits, and at a limit the
caller is owed a call, or told how else to reach us."""

from __future__ import annotations

from collections import Counter

import pytest

from ivr.line.values import Promise, needed
from ivr.simulator import Exchange, Handset
from tests.kit.desk import ENTRY, Desk
from tests.kit.telephones import CASE, ask_for_a_manager, keyed

FOUR_HOURS = 4 * 3600


def rings(desk: Desk, caller: Handset) -> Counter[str]:
    return Counter(each["person"] for each in desk.told(caller, "dial.started"))


def promised(desk: Desk, caller: Handset) -> Promise | None:
    return needed(desk.store.calls.load(desk.sid(caller))).data.shared.promise


def waits_on(caller: Handset, exchange: Exchange, rounds: int) -> None:
    """Key 1 at each offer."""
    for _ in range(rounds):
        exchange.wait_until(lambda: caller.last_heard.startswith("I am sorry, no one"), at_most=200)
        keyed(caller, exchange, "1")


def test_a_silent_caller_without_a_number_is_told_how_to_reach_us(
    exchange: Exchange, desk: Desk
) -> None:
    caller = exchange.phone("anonymous")
    caller.call(ENTRY)
    exchange.wait_until(lambda: not caller.in_call, at_most=FOUR_HOURS)

    assert "sur la page de votre requête" in caller.last_heard
    assert max(rings(desk, caller).values()) <= 2
    assert promised(desk, caller) is None  # nobody could tell whom to call
    exchange.wait(60)


def test_a_silent_caller_with_a_number_is_promised_a_call(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    caller.call(ENTRY)
    exchange.wait_until(lambda: not caller.in_call, at_most=FOUR_HOURS)

    assert max(rings(desk, caller).values()) <= 2
    assert needed(promised(desk, caller)).number
    exchange.wait(60)


def test_who_keeps_waiting_is_promised_a_call_after_so_many_rounds(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    """``[limits] rounds``."""
    rounds = desk.line.config.limits.rounds
    ask_for_a_manager(caller, exchange)
    waits_on(caller, exchange, rounds - 1)
    exchange.wait_until(lambda: "A support manager will call you" in caller.last_heard, at_most=200)

    said = [each.text for each in caller.heard[-2:]]
    assert said[0] == "I am sorry, you have waited long enough."
    assert needed(promised(desk, caller)).owner == "MGR2"
    exchange.wait(60)


def test_who_cannot_be_called_is_asked_for_a_number_then(exchange: Exchange, desk: Desk) -> None:
    caller = exchange.phone("anonymous")
    ask_for_a_manager(caller, exchange)
    waits_on(caller, exchange, desk.line.config.limits.rounds - 1)
    exchange.wait_until(lambda: "Enter the phone number" in caller.last_heard, at_most=200)
    keyed(caller, exchange, "0155500101#", "1")
    exchange.wait(30)

    assert needed(promised(desk, caller)).number == "+33155500101"
    exchange.wait(60)


def test_who_cannot_be_called_is_told_so_while_they_wait(exchange: Exchange, desk: Desk) -> None:
    caller = exchange.phone("anonymous")
    caller.call(ENTRY)
    caller.press("0")
    exchange.wait(25)

    assert caller.last_heard == (
        "Votre numéro ne permet pas de vous rappeler. Pour en laisser un autre, tapez 2."
    )
    caller.hang_up()
    exchange.wait(60)


def test_an_outage_is_never_dropped(exchange: Exchange, desk: Desk) -> None:
    """Without a number, and silent: the manager on duty is told, and owes it with priority."""
    caller = exchange.phone("anonymous")
    caller.call(ENTRY)
    keyed(caller, exchange, "2", "3", f"{CASE}#", "1")
    exchange.wait_until(lambda: not caller.in_call, at_most=FOUR_HOURS)

    promise = needed(promised(desk, caller))
    assert (promise.owner, promise.number) == ("MGR2", "")
    assert desk.notices("callback_no_number") == {"MGR2"}
    exchange.wait(60)


@pytest.mark.parametrize("person", ["OP1", "MGR1"])
def test_who_takes_a_call_and_drops_it_is_not_rung_for_it_for_ever(
    exchange: Exchange, caller: Handset, desk: Desk, person: str
) -> None:
    """``[limits] drops``."""
    drops = desk.phone(person)
    for other in {"MGR1", "MGR2", "MGR3", "MGR4", "OP1", "OP2"} - {person}:
        desk.store.people.set_status(other, "away")
    caller.call(ENTRY)
    keyed(caller, exchange, *(["0"] if person == "OP1" else ["2", "1", f"{CASE}#", "1", "2"]))
    for _ in range(170):
        exchange.wait(1)
        if drops.ringing:
            drops.answer()
            exchange.wait(3)
            drops.press("1")
            exchange.wait(2)
            drops.hang_up()

    assert rings(desk, caller) == {person: desk.line.config.limits.drops}
    if caller.in_call:
        caller.hang_up()
    exchange.wait(60)
