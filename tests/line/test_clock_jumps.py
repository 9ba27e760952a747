"""The machine's clock jumps by hours in the middle of calls, and callers don't notice."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from ivr.clock import Alarm, Clock
from ivr.line.definition import Line
from ivr.line.service.services import build_services
from ivr.line.store.store import Store
from ivr.line.web.webhooks.app import create_app
from ivr.simulator import Exchange, Handset
from tests.kit.desk import CALLER, ENTRY, ORIGIN, PEOPLE, Desk, connect
from tests.kit.telephones import accept, ask_for_a_manager, free, keyed, reach_operator

HOURS = [timedelta(hours=3), timedelta(hours=-3), timedelta(days=-400)]


class Machine:
    """A machine's clock, which somebody sets. As there, an alarm rings after a while, whatever the
    clock shows by then."""

    def __init__(self, real: Clock) -> None:
        self.real = real
        self.off = timedelta()

    def now(self) -> datetime:
        return self.real.now() + self.off

    def call_at(self, when: datetime, what: Callable[[], None]) -> Alarm:
        return self.real.call_at(when - self.off, what)


@pytest.fixture
def desk(store: Store, escalation: Line) -> Desk:
    """A process that looks each second for what is due, as `ivr serve` does."""
    network = Exchange(seed=1)
    clock = Machine(network.clock)
    services = build_services(
        escalation, store, twilio=network.client, public_url=ORIGIN, clock=clock
    )
    desk = connect(network, services, create_app(services))
    services.begin()

    def patrol() -> None:
        services.duties.everything()
        network.clock.call_at(network.clock.now() + timedelta(seconds=1), patrol)

    patrol()
    return desk


@pytest.fixture
def caller(desk: Desk) -> Handset:
    return desk.exchange.phone(CALLER)


def set_clock(desk: Desk, by: timedelta) -> None:
    clock = desk.services.clock
    assert isinstance(clock, Machine)
    clock.off += by


@pytest.mark.parametrize("by", HOURS, ids=str)
def test_a_caller_in_a_menu_goes_on(desk: Desk, caller: Handset, by: timedelta) -> None:
    caller.call(ENTRY)
    keyed(caller, desk.exchange, "2")
    set_clock(desk, by)

    caller.press("0")
    accept(desk.phone("OP1"), desk.exchange)

    desk.exchange.wait_until(lambda: caller.connected_to == {desk.phone("OP1")}, at_most=30)


@pytest.mark.parametrize("by", HOURS, ids=str)
def test_a_caller_who_waits_is_brought_to_somebody_or_owed_a_call(
    desk: Desk, caller: Handset, by: timedelta, caplog: pytest.LogCaptureFixture
) -> None:
    """The manager who is rung when it happens doesn't answer; the next one does."""
    manager = desk.phone("MGR1")
    ask_for_a_manager(caller, desk.exchange)
    desk.exchange.wait_until(lambda: manager.ringing, at_most=20)
    others = [phone for name in PEOPLE if (phone := desk.phone(name)) is not manager]
    for phone in others:
        phone.will("answer", after=3, press="1")
    with caplog.at_level(logging.WARNING):
        set_clock(desk, by)

        desk.exchange.wait_until(lambda: caller.connected_to or not caller.in_call, at_most=240)

    assert caller.connected_to or desk.store.duties.all("call_back")
    back = by < timedelta()
    events = {getattr(each, "event", "") for each in caplog.records}
    assert ("clock.went_back" in events) is back
    desk.exchange.wait(15)
    for phone in (caller, *others):
        phone.will("ring")
        if phone.in_call:
            phone.hang_up()
    desk.exchange.wait_until(lambda: free(desk), at_most=300)


@pytest.mark.parametrize("by", HOURS, ids=str)
def test_who_rests_before_they_are_rung_again_is_rung_again(
    desk: Desk, caller: Handset, by: timedelta
) -> None:
    """Nobody has answered, and nothing but the line's own clock says when to try again."""
    operators = [desk.phone("OP1"), desk.phone("OP2")]
    caller.call(ENTRY)
    keyed(caller, desk.exchange, "2", "0")
    desk.exchange.wait_until(lambda: operators[0].ringing, at_most=20)
    desk.exchange.wait_until(lambda: operators[1].ringing, at_most=60)
    desk.exchange.wait_until(lambda: not any(each.ringing for each in operators), at_most=60)
    for phone in (desk.phone(name) for name in PEOPLE):
        phone.will("answer", after=3, press="1")
    set_clock(desk, by)

    desk.exchange.wait_until(lambda: caller.connected_to or not caller.in_call, at_most=240)
    if by > timedelta():  # then their time is over: whether to keep waiting is asked
        assert any("To keep waiting, press 1" in each.text for each in caller.heard)
        assert desk.store.duties.all("call_back")
    else:
        assert caller.connected_to


@pytest.mark.parametrize("by", HOURS, ids=str)
def test_a_conversation_goes_on_and_ends(desk: Desk, caller: Handset, by: timedelta) -> None:
    operator = desk.phone("OP1")
    reach_operator(caller, operator, desk.exchange)
    set_clock(desk, by)
    desk.exchange.wait(120)

    assert caller.connected_to == {operator}
    caller.hang_up()
    desk.exchange.wait(30)
    assert free(desk)
    assert desk.store.calls.open() == []
