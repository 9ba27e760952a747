"""The caller on hold: whoever put them there may be gone without a word."""

from __future__ import annotations

import pytest

from ivr.line.turns.call.heard import Clicked
from ivr.simulator import Exchange, Handset
from tests.kit.desk import Desk
from tests.kit.telephones import reach_operator


@pytest.mark.lenient_calls
def test_an_operator_who_dies_in_the_menu_leaves_nobody_on_hold(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    """In the menu of a telephone a leg is in no room, and its one status callback can be lost."""
    operator, other = desk.phone("OP1"), desk.phone("OP2")
    reach_operator(caller, operator, exchange)
    exchange.wait(10)
    operator.press("*")
    exchange.wait(1)
    assert "Restez en ligne" in caller.last_heard
    exchange.webhook_fails("dropped", "*/status*", times=2)
    operator.hang_up()

    exchange.wait_until(lambda: other.ringing, at_most=75)
    caller.hang_up()
    exchange.wait(30)


def test_nobody_takes_a_caller_off_hold_who_is_in_the_menu(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    operator = desk.phone("OP1")
    reach_operator(caller, operator, exchange)
    exchange.wait(10)
    operator.press("*")
    exchange.wait(1)
    click = Clicked("unhold", "1-1")

    assert not desk.services.calls.hear(desk.sid(caller), click).moved
    operator.press("*")
    exchange.wait(20)
    assert caller.connected_to == {operator}
    caller.hang_up()
    exchange.wait(30)
