"""What goes wrong on purpose: by name, and by chance from a seed."""

from __future__ import annotations

from typing import Any

import pytest
from twilio.base.exceptions import TwilioException

from ivr.simulator import Exchange
from ivr.twiml.verbs import Dial, Gather, Hangup, Number, Pause, Say
from tests.kit.twiml_app import CALLEE, CALLER, LINE, App, network

MENU = (Gather("/menu", num_digits=1, verbs=(Say("Press one."),)), Say("Goodbye."))
PAGES = {"/voice": MENU, "/menu": (Say("Thank you."), Hangup()), "/spare": (Say("Spare."),)}


def called(**options: Any) -> tuple[Exchange, App, Any]:
    exchange, app, caller = network(PAGES, **options)
    caller.call(LINE)
    return exchange, app, caller


# connection overrides: "by default exactly one retry, and only after a connect failure"
def test_a_dropped_connection_is_tried_again_once() -> None:
    exchange, app, caller = called()
    exchange.webhook_fails("dropped", "/menu", times=1)
    caller.press("1")

    assert caller.last_heard == "Thank you."
    assert len(app.asked("/menu")) == 1
    assert [w.status for w in exchange.requests] == [200, 0, 200]
    assert exchange.debugger == []
    exchange.wait(5)


# errors/11205: "HTTP connection failure"; the fallback goes on with ErrorCode and ErrorUrl
def test_a_connection_that_is_dropped_twice_is_a_failure() -> None:
    exchange, app, caller = called(fallback="/spare")
    exchange.webhook_fails("dropped", "/menu")
    caller.press("1")

    assert app.asked("/menu") == []
    assert app.asked("/spare")[0]["ErrorCode"] == "11205"
    assert caller.last_heard == "Spare."
    exchange.wait(5)


# "never on a 5xx"
def test_what_stands_in_front_of_the_application_answers_503() -> None:
    exchange, app, caller = called()
    fault = exchange.webhook_fails("503", "/menu")
    caller.press("1")

    assert app.asked("/menu") == []
    assert caller.last_heard.startswith("We are sorry")
    assert [notice.code for notice in exchange.debugger] == [11200]
    assert fault.hits == 1
    exchange.wait(5)


# "15 s per TwiML fetch in all; nothing plays meanwhile"
def test_a_lost_answer_was_worked_for_and_is_waited_for_15_seconds() -> None:
    exchange, app, caller = called(fallback="/spare")
    exchange.webhook_fails("answer lost", "/menu", times=1)
    caller.press("1")
    assert len(app.asked("/menu")) == 1
    exchange.wait(14.9)
    assert caller.last_heard == "Press one."
    exchange.wait(0.2)

    assert caller.last_heard == "Spare."
    assert app.asked("/spare")[0]["ErrorCode"] == "11203"
    exchange.wait(5)


def test_there_is_no_other_way_to_fail() -> None:
    for kind in ("200", "oops", "600"):
        with pytest.raises(ValueError, match="unknown kind of failure"):
            Exchange().webhook_fails(kind)
    with pytest.raises(ValueError, match="probability"):
        Exchange().chaos(webhooks=2)


def test_what_was_asked_for_is_listed_where_it_is_complained_of() -> None:
    exchange, _, caller = called()
    exchange.webhook_fails("503", "/menu")
    caller.press("1")
    exchange.wait(5)

    assert [(each.kind, each.what) for each in exchange.injected] == [
        ("503", "https://line.test/menu")
    ]
    with pytest.raises(
        AssertionError, match=r"injected these faults:\n.* 503: https://line.test/menu"
    ):
        exchange.strict()


# ---- by chance


def talk(seed: int, **chances: Any) -> tuple[Exchange, App]:
    """Ten calls to a line that tells of every step of a dialled call."""
    noun = Number(
        CALLEE,
        status_callback="/status",
        status_callback_event="initiated ringing answered completed",
    )
    exchange = Exchange(seed=seed)
    app = App({"/voice": (Dial((noun,)),), "/status": "<Response/>"})
    exchange.number(LINE, app, "/voice")
    caller, callee = exchange.phone(CALLER), exchange.phone(CALLEE)
    callee.will("answer", after=1)
    exchange.chaos(**chances)
    for _ in range(10):
        caller.call(LINE)
        exchange.wait(3)
        if caller.in_call:
            caller.hang_up()
        exchange.wait(60)
    return exchange, app


def test_the_same_seed_gives_the_same_faults() -> None:
    first, second, other = (talk(seed)[0] for seed in (1, 1, 2))

    assert first.injected == second.injected
    assert [w.body for w in first.requests] == [w.body for w in second.requests]
    assert [each.kind for each in first.injected] != [each.kind for each in other.injected]


# "Callbacks may arrive out of order ⇒ SequenceNumber"
def test_callbacks_overtake_each_other_come_twice_and_are_lost() -> None:
    exchange, app = talk(1, webhooks=0, callbacks=0.7, rest=0)
    by_call: dict[str, list[int]] = {}
    for asked in app.asked("/status"):
        by_call.setdefault(asked["CallSid"], []).append(int(asked["SequenceNumber"]))

    assert any(numbers != sorted(numbers) for numbers in by_call.values())
    assert any(len(numbers) != len(set(numbers)) for numbers in by_call.values())
    assert {"twice", "dropped", "503", "answer lost"} <= {each.kind for each in exchange.injected}


def test_without_a_chance_nothing_happens() -> None:
    exchange, app = talk(1, webhooks=0, callbacks=0, rest=0)

    assert exchange.injected == []
    assert [int(each["SequenceNumber"]) for each in app.asked("/status")] == [0, 1, 2, 3] * 10
    exchange.strict()


def test_rest_requests_fail_by_chance() -> None:
    exchange, _, _ = network({"/voice": (Pause(1),)})
    exchange.phone(CALLEE)
    made = failed = 0
    with exchange.chaos(webhooks=0, callbacks=0, rest=0.5):
        for _ in range(40):
            try:
                exchange.client.calls.list(limit=1)
                made += 1
            except (TwilioException, OSError):
                failed += 1

    assert made > 5
    assert failed > 5
    assert len(exchange.injected) == failed
    exchange.client.calls.list(limit=1)  # chaos is over
