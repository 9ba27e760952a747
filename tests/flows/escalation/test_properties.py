"""Whatever callers, operators and managers do: nobody is stranded, nothing happens twice."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.line.service.duties.lost_calls import first_check
from ivr.simulator import Handset
from tests.kit.desk import CALLER, ENTRY, PEOPLE, Desk
from tests.kit.random_people import (
    ACTS,
    PEOPLES_HABITS,
    SETTINGS,
    do,
    network,
    settled,
)
from tests.kit.replays import is_the_same_again

WANTS_A_MANAGER = [(1.0, keys) for keys in ("2", "1", "17349013#", "1", "2")]


def everything_is_in_order(desk: Desk, caller: Handset) -> None:
    """After the call: nobody left behind, nothing that Twilio or the line would complain of."""
    exchange = desk.exchange
    for number in PEOPLE.values():
        if exchange.phone(number).in_call:
            exchange.phone(number).hang_up()
    if caller.in_call:
        caller.hang_up()
    exchange.wait(180)
    for number in PEOPLE.values():  # a call back may have come in the meantime
        if exchange.phone(number).in_call:
            exchange.phone(number).hang_up()
    exchange.wait(5)
    exchange.strict()
    assert not [person.id for person in desk.store.people.all() if person.busy_with]
    assert not desk.store.calls.open()
    assert desk.store.logs.verify(desk.sid(caller))
    is_the_same_again(desk, desk.sid(caller))
    shown = {number for number in PEOPLE.values() if number.startswith("+")}
    on_his_leg = [asked for asked in exchange.requests if asked.call_sid == desk.sid(caller)]
    said = " ".join(each.text for each in caller.heard)
    for number in shown:
        assert number not in said
        assert not any(number in str(asked.params) for asked in on_his_leg)


@SETTINGS
@given(acts=ACTS, habits=PEOPLES_HABITS)
def test_every_call_ends_with_a_person_with_a_promise_or_because_the_caller_hangs_up(
    sample_database: Path,
    acts: list[tuple[float, str]],
    habits: dict[str, tuple[str, float, str]],
) -> None:
    with network(sample_database, habits) as desk:
        caller = desk.exchange.phone(CALLER)
        do(caller, desk.exchange, acts)
        desk.exchange.wait_until(lambda: settled(desk, caller), at_most=1200)

        steps = [event.data.get("step") for event in desk.events(caller, "heard")]
        if not caller.connected_to and "after" not in steps:
            assert desk.store.duties.all("call_back"), caller.heard[-3:]
        everything_is_in_order(desk, caller)


@SETTINGS
@given(
    acts=ACTS,
    habits=PEOPLES_HABITS,
    leaves=st.floats(0, 90),
    lost=st.sampled_from(["nobody", "the caller", "everybody who is rung or talks"]),
)
def test_hanging_up_or_losing_the_connection_at_any_moment_leaves_nobody_behind(
    sample_database: Path,
    acts: list[tuple[float, str]],
    habits: dict[str, tuple[str, float, str]],
    leaves: float,
    lost: str,
) -> None:
    with network(sample_database, habits) as desk:
        caller = desk.exchange.phone(CALLER)
        do(caller, desk.exchange, acts)
        desk.exchange.wait(leaves)
        if lost == "everybody who is rung or talks":
            for number in PEOPLE.values():
                if desk.exchange.phone(number).leg is not None:
                    desk.exchange.phone(number).lose_connection()
        if caller.in_call:
            caller.lose_connection() if lost == "the caller" else caller.hang_up()
        everything_is_in_order(desk, caller)


@SETTINGS
@given(
    acts=ACTS,
    habits=PEOPLES_HABITS,
    kind=st.sampled_from(["429", "500", "timeout", "malformed", "answer lost"]),
    after=st.integers(0, 4),
)
def test_a_failing_api_strands_nobody_and_rings_nobody_twice_for_one_attempt(
    sample_database: Path,
    acts: list[tuple[float, str]],
    habits: dict[str, tuple[str, float, str]],
    kind: str,
    after: int,
) -> None:
    with network(sample_database, habits) as desk:
        caller = desk.exchange.phone(CALLER)
        do(caller, desk.exchange, acts[:after])
        desk.exchange.rest_fails(kind)
        for pause, keys in acts[after:]:
            desk.exchange.wait(pause)
            if caller.in_call:
                caller.press(keys)
        desk.exchange.wait_until(lambda: settled(desk, caller), at_most=1200)

        everything_is_in_order(desk, caller)
        served = {}
        for asked in desk.exchange.requests:
            if "/leg/" in asked.url and asked.url.count("/") == 6:
                served.setdefault(asked.url.partition("?")[0], set()).add(asked.call_sid)
        assert all(len(legs) == 1 for legs in served.values())


@SETTINGS
@given(acts=ACTS, habits=PEOPLES_HABITS, seed=st.integers(0, 10**6))
def test_whatever_is_late_lost_or_comes_twice_nobody_is_stranded(
    sample_database: Path,
    acts: list[tuple[float, str]],
    habits: dict[str, tuple[str, float, str]],
    seed: int,
) -> None:
    with network(sample_database, habits) as desk:
        exchange, caller = desk.exchange, desk.exchange.phone(CALLER)
        desk.store.duties.add([first_check(desk.exchange.clock.now())])
        desk.duties.run()
        exchange.chaos(webhooks=0.1, callbacks=0.2, rest=0.1, seed=seed)
        do(caller, exchange, [*WANTS_A_MANAGER, *acts])
        exchange.wait_until(lambda: settled(desk, caller), at_most=1500)

        for phone in exchange.phones.values():
            if phone.in_call:
                phone.hang_up()
        exchange.wait(1800)
        assert not [phone for phone in exchange.phones.values() if phone.leg is not None]
        assert not [person.id for person in desk.store.people.all() if person.busy_with]
        assert not desk.store.calls.open()
        assert desk.store.logs.verify(desk.sid(caller)), exchange.injected


def records(desk: Desk, caller: Handset) -> tuple[object, ...]:
    """What a call leaves behind, but for the numbers that Twilio makes up."""
    events = [(event.kind, event.actor, dict(event.data)) for event in desk.events(caller)]
    duties = sorted((duty.kind, duty.owner, duty.state) for duty in desk.store.duties.all())
    return events, duties, [each.text for each in caller.heard]


@SETTINGS
@given(
    acts=ACTS,
    habits=PEOPLES_HABITS,
    matching=st.sampled_from(
        [
            "*/voice/escalation*",
            "*/held*",
            "*/left*",
            "*/talked*",
            "*/status*",
            "*/leg/*",
            "*/present*",
        ]
    ),
)
def test_a_webhook_that_is_delivered_twice_changes_nothing(
    sample_database: Path,
    acts: list[tuple[float, str]],
    habits: dict[str, tuple[str, float, str]],
    matching: str,
) -> None:
    left = []
    for twice in (False, True):
        with network(sample_database, habits) as desk:
            caller = desk.exchange.phone(CALLER)
            if twice:
                desk.exchange.deliver_twice(matching)
            do(caller, desk.exchange, acts)
            desk.exchange.wait(240)
            if caller.in_call:
                caller.hang_up()
            everything_is_in_order(desk, caller)
            left.append(records(desk, caller))

    assert left[0] == left[1]


@pytest.mark.parametrize("first", ["caller", "operator"])
@pytest.mark.parametrize("act", ["0", "2", "hang up"])
def test_two_presses_at_one_instant_agree_in_either_order(
    sample_database: Path, first: str, act: str
) -> None:
    """The caller changes their mind at the very instant at which a manager accepts."""
    with network(sample_database, {}) as desk:
        exchange, caller, manager = desk.exchange, desk.exchange.phone(CALLER), desk.phone("MGR1")
        do(caller, exchange, [(0.1, keys) for keys in ("2", "1", "17349013#", "1", "2")])
        exchange.wait(8)
        manager.answer()
        exchange.wait(8)
        presses = [lambda: manager.in_call and manager.press("1")]
        presses.insert(
            0 if first == "caller" else 1,
            caller.hang_up if act == "hang up" else lambda: caller.press(act),
        )
        for press in presses:
            press()
        exchange.wait(15)

        together = manager in caller.connected_to
        assert together == (manager.connected_to == {caller})
        if not together:
            assert not manager.in_call
        everything_is_in_order(desk, caller)


@SETTINGS
@given(starts=st.lists(st.floats(0, 20), min_size=2, max_size=5), habits=PEOPLES_HABITS)
def test_no_two_calls_ring_one_person_at_once(
    sample_database: Path, starts: list[float], habits: dict[str, tuple[str, float, str]]
) -> None:
    with network(sample_database, habits) as desk:
        callers = [desk.exchange.phone(f"+3315550020{number}") for number in range(len(starts))]
        for caller, pause in zip(callers, starts, strict=True):
            desk.exchange.wait(pause)
            caller.call(ENTRY)
            caller.press("0")
        for _ in range(60):
            desk.exchange.wait(2)
            for number in PEOPLE.values():
                legs = desk.exchange.phone(number).calls
                live = [leg for leg in legs if leg.status in ("queued", "ringing", "in-progress")]
                assert len(live) <= 1, (number, [leg.status for leg in legs])
        for caller in callers:
            if caller.in_call:
                caller.hang_up()
        everything_is_in_order(desk, callers[0])
        for caller in callers:
            is_the_same_again(desk, desk.sid(caller))
