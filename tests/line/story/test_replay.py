"""A call can be taken again from its event log alone."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from ivr.errors import CallError
from ivr.line.story.replay import HEARD, replay
from ivr.simulator import Exchange, Handset
from tests.kit.desk import ENTRY, Desk
from tests.kit.promises import promised
from tests.kit.replays import is_the_same_again
from tests.kit.telephones import accept, ask_for_a_manager, keyed, reach_operator


def test_a_hunt_that_ends_in_a_promise(exchange: Exchange, caller: Handset, desk: Desk) -> None:
    desk.phone("MGR1").will("busy")
    desk.phone("MGR2").will("decline", after=3)
    ask_for_a_manager(caller, exchange)
    exchange.wait_until(lambda: "To keep waiting" in caller.last_heard, at_most=180)
    keyed(caller, exchange, "2", "2", "0155500102#", "1")
    exchange.wait(40)

    assert desk.store.duties.all("call_back")[0].data["number"] == "+33155500102"
    is_the_same_again(desk, desk.sid(caller))


def test_an_operator_who_transfers(exchange: Exchange, caller: Handset, desk: Desk) -> None:
    operator, manager = desk.phone("OP1"), desk.phone("MGR1")
    reach_operator(caller, operator, exchange)
    operator.press("*")
    exchange.wait(1)
    keyed(operator, exchange, "1", "17349013#", "2")
    accept(manager, exchange)
    exchange.wait(12)
    operator.hang_up()
    exchange.wait(2)
    manager.hang_up()
    exchange.wait(5)
    caller.hang_up()
    exchange.wait(60)

    is_the_same_again(desk, desk.sid(caller))


def test_a_call_without_the_rest_api(exchange: Exchange, caller: Handset, desk: Desk) -> None:
    exchange.rest_fails("500")
    desk.phone("OP2").will("answer", after=2, press="1")
    caller.call(ENTRY)
    caller.press("0")
    exchange.wait_until(lambda: bool(caller.connected_to), at_most=60)
    caller.hang_up()
    exchange.wait(120)

    is_the_same_again(desk, desk.sid(caller))


def test_a_call_back(exchange: Exchange, caller: Handset, desk: Desk) -> None:
    promised(caller, exchange, desk)
    desk.phone("MGR2").will("answer", after=2, press="1")
    caller.will("answer", after=2, press="1")
    exchange.wait_until(lambda: bool(caller.connected_to), at_most=600)
    exchange.wait(20)
    caller.hang_up()
    exchange.wait(20)

    is_the_same_again(desk, desk.sid(caller))
    is_the_same_again(desk, f"CB-{desk.sid(caller)}-1")


def test_a_log_that_this_line_could_not_have_written_is_refused(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    ask_for_a_manager(caller, exchange)
    caller.hang_up()
    exchange.wait(60)
    call = desk.store.calls.load(desk.sid(caller))
    assert call is not None
    log = desk.store.logs.events(call.sid)
    heard = [at for at, event in enumerate(log) if event.kind in HEARD]
    log[heard[1]] = replace(log[heard[1]], data={**log[heard[1]].data, "value": "9"})

    with pytest.raises(CallError, match="can't have been in 'case'"):
        list(replay(desk.line, call, log))
