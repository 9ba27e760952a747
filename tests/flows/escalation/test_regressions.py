"""Calls that once went wrong, found by random callers and a random network."""

from __future__ import annotations

import pytest

from ivr.simulator import Exchange, Handset
from tests.kit.desk import Desk
from tests.kit.telephones import ask_for_a_manager, reach_operator


@pytest.mark.unaudited("the API is down, and a person in a conference can't be fetched without it")
def test_whoever_accepted_hears_that_the_caller_has_gone_though_the_api_is_down(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    """He waits in a conference to which nobody comes, and can't be fetched from there."""
    manager = desk.phone("MGR1")
    ask_for_a_manager(caller, exchange)
    exchange.wait_until(lambda: manager.ringing, at_most=20)
    manager.answer()
    exchange.wait(8)
    with exchange.rest_fails("500"):
        manager.press("1")
        caller.hang_up()
        exchange.wait(180)

        assert manager.in_call
        assert manager.last_heard == "La personne a raccroché. Au revoir."
        manager.hang_up()
    exchange.wait(5)


@pytest.mark.unaudited("the API is down, and a caller in a conference can't be fetched without it")
def test_a_caller_whose_operator_has_left_is_fetched_however_long_the_api_was_down(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    operator = desk.phone("OP1")
    reach_operator(caller, operator, exchange)
    exchange.wait(30)
    with exchange.rest_fails("500"):
        operator.hang_up()
        exchange.wait(300)
    exchange.wait_until(lambda: "n'est plus en ligne" in caller.last_heard, at_most=70)

    caller.hang_up()
    exchange.wait(60)
