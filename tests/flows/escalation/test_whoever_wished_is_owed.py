"""Whoever wished for somebody and hung up before they met them is owed a call, wherever it was."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ivr.line.values import Promise, needed
from ivr.simulator import Exchange, Handset
from tests.kit.desk import CALLER, ENTRY, Desk
from tests.kit.telephones import CASE, accept, keyed, operator_menu, reach_operator

OUTAGE = ("2", "3", f"{CASE}#", "1")


def promised(desk: Desk, caller: Handset) -> Promise | None:
    return needed(desk.store.calls.load(desk.sid(caller))).data.shared.promise


def hangs_up(caller: Handset, exchange: Exchange, desk: Desk) -> None:
    """… and nobody is there to call them back at once."""
    caller.hang_up()
    exchange.wait(0.5)
    for person in ("MGR1", "MGR2", "MGR3", "MGR4", "OP1", "OP2"):
        desk.store.people.set_status(person, "away")
    exchange.wait(60)


@pytest.mark.parametrize(
    ("keys", "seconds"),
    [
        (("2", "0"), 1),  # at once
        (("2", "0"), 50),
        (("2", "1", f"{CASE}#", "1", "1"), 5),
        (("2", "1", f"{CASE}#", "1", "2"), 5),
        (("2", "1", f"{CASE}#", "1", "3"), 5),
        (("2", "1", "17349099#", "1", "2"), 5),  # a number that nobody knows
        (("2", "1", f"{CASE}#", "1", "2", "2"), 2),  # while the number is confirmed
        (("2", "1", f"{CASE}#", "1", "4"), 2),  # in the menu of severities
        (("2", "1", f"{CASE}#", "1", "4", "*"), 2),  # and back from it
    ],
)
def test_who_gives_up_waiting_is_owed_a_call(
    exchange: Exchange, caller: Handset, desk: Desk, keys: tuple[str, ...], seconds: int
) -> None:
    caller.call(ENTRY)
    keyed(caller, exchange, *keys)
    exchange.wait(seconds)
    hangs_up(caller, exchange, desk)

    promise = needed(promised(desk, caller))
    assert (promise.owner, promise.number, promise.why) == ("MGR2", CALLER, "hung up")
    assert desk.notices("callback_owed") == {"MGR2"}


@pytest.mark.parametrize("keys", [(), ("2",), ("2", "1"), ("2", "1", f"{CASE}#", "1")])
def test_who_hangs_up_before_they_wished_for_anything_is_not(
    exchange: Exchange, caller: Handset, desk: Desk, keys: tuple[str, ...]
) -> None:
    caller.call(ENTRY)
    keyed(caller, exchange, *keys)
    hangs_up(caller, exchange, desk)

    assert promised(desk, caller) is None


@pytest.mark.parametrize(
    "keys",
    [
        OUTAGE[:2],  # before there is a number
        OUTAGE[:3],
        OUTAGE,
        (*OUTAGE, "2"),
        (*OUTAGE, "2", "1200#"),
        (*OUTAGE, "2", "1200#", "950#"),
        (*OUTAGE, "0"),
    ],
)
def test_an_outage_that_is_lost_is_called_back_with_priority(
    exchange: Exchange, caller: Handset, desk: Desk, keys: tuple[str, ...]
) -> None:
    caller.call(ENTRY)
    keyed(caller, exchange, *keys)
    exchange.wait(2)
    left = exchange.clock.now()
    hangs_up(caller, exchange, desk)

    promise = needed(promised(desk, caller))
    assert promise.owner == "MGR2"
    assert promise.due - left <= timedelta(minutes=15)  # [emergency] due
    assert desk.notices("callback_owed") == {"MGR2"}
    if len(keys) >= len(OUTAGE):
        assert desk.file("C17349013")["emergency"]["state"] == "declared"


def test_an_outage_that_is_lost_after_key_1_is_owed_as_well(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    caller.call(ENTRY)
    keyed(caller, exchange, *OUTAGE)
    accept(desk.phone("OP1"), exchange)
    exchange.wait(2)  # OP1 hears what it is about
    hangs_up(caller, exchange, desk)

    assert needed(promised(desk, caller)).owner == "MGR2"


def test_who_hangs_up_while_the_operator_rings_the_manager_is_owed_the_managers_call(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    operator = desk.phone("OP1")
    reach_operator(caller, operator, exchange)
    exchange.wait(10)
    operator_menu(operator, exchange, "1", f"{CASE}#")
    exchange.wait(6)
    keyed(operator, exchange, "2")
    exchange.wait_until(lambda: desk.phone("MGR1").ringing, at_most=20)
    hangs_up(caller, exchange, desk)

    assert needed(promised(desk, caller)).owner == "MGR2"
    assert not desk.phone("MGR1").ringing


def test_who_hangs_up_instead_of_a_reason_has_wished_for_the_severity(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    caller.call(ENTRY)
    keyed(caller, exchange, "2", "1", f"{CASE}#", "1", "4", "1")
    exchange.wait(1)
    hangs_up(caller, exchange, desk)

    assert [each.data["after"] for each in desk.on_case("C17349013", "severity.requested")] == [1]
    assert "ENG1" in desk.notices("severity_wish")
    assert promised(desk, caller) is None
