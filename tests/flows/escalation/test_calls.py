"""Whole calls, from the first ring to the last word, through the front door."""

from __future__ import annotations

import pytest

from ivr.simulator import Exchange, Handset
from tests.kit.desk import ENTRY, Desk


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


def test_a_call_whose_flow_version_is_gone_goes_to_the_operator(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    """A call keeps the flow version that it began with, as long as that version is deployed."""
    caller.call(ENTRY)
    caller.press("2")
    exchange.wait(1)
    old = desk.store.calls.load(desk.sid(caller))
    assert old is not None
    old.flow_version = "0"
    old.data.caller.state = "a step of long ago"
    with desk.store.connections.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE calls SET flow_version = '0'")
    assert desk.store.calls.save(old)

    caller.press("1")
    exchange.wait(6)

    assert desk.phone("OP1").ringing
    assert desk.told(caller, "flow.renewed") == [{"began": "0", "now": "1"}]
    caller.hang_up()
    exchange.wait(60)


def test_a_turn_that_fails_says_a_sentence_and_goes_to_an_operator(
    exchange: Exchange, caller: Handset, desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    """Never a bare 500, never silence."""
    caller.call(ENTRY)
    caller.press("2")
    exchange.wait(1)
    broken = desk.store.calls.load(desk.sid(caller))
    assert broken is not None
    broken.data.caller.state = "which"  # of two readings, and there is none
    assert desk.store.calls.save(broken)

    caller.press("1")
    exchange.wait(8)

    assert "I am sorry, something went wrong." in [each.text for each in caller.heard]
    assert desk.phone("OP1").ringing
    assert "webhook '/voice/escalation'" in caplog.text
    caller.hang_up()
    exchange.wait(60)


@pytest.mark.unaudited("its store is gone, and with it what the line says")
@pytest.mark.lenient_calls
def test_a_line_whose_store_is_gone_answers_with_the_static_document(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    with desk.store.connections.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE calls")

    caller.call(ENTRY)
    exchange.wait(12)

    assert caller.heard[0].text == "Toutes nos excuses, une erreur s'est produite."
    assert desk.phone("MGR2").ringing  # the telephone that line.toml names


def test_a_webhook_that_nobody_signed_is_refused_and_moves_nothing(desk: Desk) -> None:
    answer = desk.app.test_client().post("/voice/escalation", data={"CallSid": "CA1"})

    assert answer.status_code == 403
    assert desk.store.calls.load("CA1") is None
