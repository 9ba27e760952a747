"""Time that runs, and other threads."""

from __future__ import annotations

import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ivr.simulator import Exchange
from ivr.simulator.network.virtual_clock import VirtualClock
from ivr.twiml.verbs import Gather, Say
from tests.kit.twiml_app import CALLER, LINE, App

START = datetime(2026, 1, 1, tzinfo=UTC)


def test_what_is_due_happens_in_order() -> None:
    exchange = Exchange(start=START)
    happened: list[Any] = []

    def note(name: str) -> None:
        happened.append((name, (exchange.clock.now() - START).total_seconds()))

    exchange.clock.call_at(START + timedelta(seconds=2), lambda: note("later"))
    exchange.clock.call_at(START + timedelta(seconds=1), lambda: note("first"))
    exchange.clock.call_at(START + timedelta(seconds=1), lambda: note("second"))
    exchange.clock.call_at(START - timedelta(seconds=9), lambda: note("at once"))
    exchange.wait(1.5)
    assert happened == [("at once", 0.0), ("first", 1.0), ("second", 1.0)]

    exchange.wait(1)
    assert happened[-1] == ("later", 2.0)
    assert exchange.clock.now() == START + timedelta(seconds=2.5)


def test_a_cancelled_bell_does_not_ring() -> None:
    clock = VirtualClock(START)
    rung: list[int] = []
    for second in range(5000):
        bell = clock.after(second, rung.append, second)
        if second < 4999:
            bell.cancel()
            bell.cancel()

    assert len(clock._heap) < 2500
    while clock.ring_next(10**12):
        pass
    assert rung == [4999]
    bell.cancel()


def test_no_bell_is_lost_among_those_that_other_threads_set_and_cancel() -> None:
    rung: list[int] = []

    def set_and_cancel(clock: VirtualClock) -> None:
        for number in range(5000):
            bell = clock.after(1, rung.append, number)
            if number % 10:
                bell.cancel()

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)  # so that threads get in each other's way
    try:
        with ThreadPoolExecutor(4) as pool:
            clocks = [VirtualClock(START) for _ in range(20)]
            list(pool.map(set_and_cancel, [clock for clock in clocks for _ in range(4)]))
    finally:
        sys.setswitchinterval(before)
    for clock in clocks:
        while clock.ring_next(10**12):
            pass

    assert len(rung) == 20 * 4 * 500


def test_a_start_without_a_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        VirtualClock(datetime(2026, 1, 1))


def test_an_event_that_fails_is_raised_where_time_was_moved() -> None:
    exchange = Exchange()
    exchange.clock.call_at(exchange.clock.now(), lambda: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        exchange.wait(1)


# ---- with a thread of its own ------------------------------------------------------------------

AT_MOST = 6000  # seconds of the exchange's time, a minute of ours


@pytest.fixture
def running() -> Any:
    exchange = Exchange(rate=100)
    app = App(
        {
            "/voice": (Gather("/menu", num_digits=1, timeout=600, verbs=(Say("Hello"),)),),
            "/menu": (Say("Menu"), Gather(timeout=600)),
        }
    )
    exchange.number(LINE, app, "/voice")
    exchange.start()
    yield exchange, app
    exchange.stop()


def test_a_call_at_a_hundred_times_the_speed(running: Any) -> None:
    exchange, _ = running
    caller = exchange.phone(CALLER)
    caller.call(LINE)
    exchange.wait_until(lambda: caller.listening, AT_MOST)
    caller.press("1")
    exchange.wait_until(lambda: caller.last_heard == "Menu", AT_MOST)
    exchange.wait(1)

    caller.hang_up()

    assert not caller.in_call


def test_everything_happens_on_the_exchanges_thread(running: Any) -> None:
    exchange, _ = running
    here = threading.get_ident()
    rang: list[int] = []
    passed = threading.Event()

    exchange.clock.call_at(exchange.clock.now(), lambda: rang.append(threading.get_ident()))
    exchange.clock.after(0.5, passed.set)
    assert passed.wait(60)

    assert exchange.do(threading.get_ident) == rang[0] != here
    assert exchange.do(lambda: exchange.do(lambda: 7)) == 7


def test_what_a_function_raises_comes_back(running: Any) -> None:
    with pytest.raises(ZeroDivisionError):
        running[0].do(lambda: 1 / 0)


def test_an_event_that_fails_on_the_thread_is_raised_by_stop() -> None:
    exchange = Exchange(rate=100)
    exchange.start()
    exchange.clock.call_at(exchange.clock.now(), lambda: 1 / 0)
    exchange.wait(1)

    with pytest.raises(ZeroDivisionError):
        exchange.stop()


def test_it_can_be_stopped_and_started_again() -> None:
    exchange = Exchange(rate=1000)
    for _ in range(2):
        exchange.start()
        exchange.wait(1)
        exchange.stop()
    exchange.stop()

    stopped = exchange.clock.now()
    assert exchange.clock.now() == stopped >= exchange.clock.start + timedelta(seconds=2)


def test_rate_0_has_no_thread() -> None:
    with pytest.raises(ValueError, match="rate 0 has no thread"):
        Exchange().start()


@pytest.mark.parametrize("rate", [0, 1000])
def test_many_threads_may_ask_at_once(rate: float) -> None:
    exchange = Exchange(rate=rate)
    if rate:
        exchange.start()
    count = [0]

    def add() -> int:
        count[0] += 1
        return count[0]

    with ThreadPoolExecutor(8) as pool:
        seen = list(pool.map(lambda _: exchange.do(add), range(400)))
    exchange.stop()

    assert sorted(seen) == list(range(1, 401))
