"""Whole calls, from the first ring to the last word, through the front door."""

from __future__ import annotations

from ivr.simulator import Exchange, Handset
from tests.conftest import ENTRY, Desk


def test_zero_reaches_an_operator_who_accepts_with_one_key(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    operator = desk.phone("OP1")

    caller.call(ENTRY)
    caller.press("0")
    exchange.wait(1)
    operator.answer()
    exchange.wait(8)
    operator.press("1")
    exchange.wait(15)

    assert caller.connected_to == {operator}
    caller.hang_up()
    exchange.wait(30)
