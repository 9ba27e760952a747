"""No call ends as failed, busy, unanswered or canceled without a reason that can be read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.simulator import Exchange, Handset
from ivr.twiml.verbs import (
    Application,
    Client,
    Conference,
    Dial,
    Enqueue,
    Gather,
    Number,
    Pause,
    Queue,
    Reject,
    Say,
    Sim,
    Sip,
    Verb,
)
from tests.kit.twiml_app import CALLEE, CALLER, LINE, App, network

THIRD = "+33155500012"
STRANGER = "+33155500666"
OTHER = "+33800000002"
UNKNOWN = "+442071234567"


def calling(*verbs: Verb) -> tuple[Exchange, App, Handset]:
    exchange, app, caller = network({"/voice": verbs, "/over": (Say("Over."),)})
    for number in (CALLEE, THIRD):
        exchange.phone(number)
    caller.call(LINE)
    return exchange, app, caller


def dialled(noun: Any, **options: Any) -> Dial:
    return Dial((noun,), action="/over", **options)


# What goes wrong: the document, (level, code) in the debugger's log, and words of its text.
FAILS: list[tuple[Dial, tuple[str, int], str]] = [
    (
        dialled(Number("+442071234567")),
        ("error", 13224),
        "no phone has the number +442071234567",
    ),
    (dialled(Number("12")), ("warning", 13223), '"12" isn\'t valid in a <Number>'),
    (dialled(Number("")), ("warning", 13223), "isn't valid in a <Number>"),
    (dialled(Client("nobody")), ("warning", 0), "no phone is registered as client:nobody"),
    (dialled(Client("")), ("warning", 13223), "isn't valid in a <Client>"),
    (dialled(Sip("sip:nobody@pbx.test")), ("warning", 0), "registered as sip:nobody@pbx.test"),
    (dialled(Sip("sip:nobody")), ("warning", 13243), "isn't valid in a <Sip>"),
    (dialled(Sim("DE1")), ("warning", 0), "no phone is registered as sim:DE1"),
    (dialled(Application("AP1")), ("error", 0), "AP1 isn't a TwiML application"),
    (dialled(Number(CALLEE), caller_id=STRANGER), ("error", 13214), "exchange.verify()"),
    (dialled(Number(LINE)), ("error", 0), "may be calling itself"),
    (dialled(Queue("gone")), ("warning", 0), "there is no queue gone"),
    (Dial((), action="/over"), ("warning", 13223), "names nobody to call"),
    (dialled(Conference("Room", coach="CA" + "0" * 32)), ("error", 16028), "can't be coached"),
]


@pytest.mark.parametrize(("dial", "noted", "words"), FAILS)
def test_a_dial_that_fails_says_why(dial: Dial, noted: tuple[str, int], words: str) -> None:
    exchange, app, caller = calling(dial)
    exchange.wait(60)

    assert app.asked("/over")[0]["DialCallStatus"] == "failed"
    notice = exchange.debugger[0]
    assert (notice.level, notice.code) == noted
    assert words in notice.text
    assert notice.call_sid in exchange.legs
    assert caller.leg is None


def test_a_conference_that_is_full_says_so() -> None:
    exchange, app, _ = calling(dialled(Conference("Room", max_participants=2)))
    for number in (CALLEE, THIRD):
        exchange.phone(number).call(LINE)

    assert app.asked("/over")[0]["DialCallStatus"] == "failed"
    assert exchange.debugger[0].text == "the conference Room is full: it has 2 participants"


def test_an_empty_queue_says_that_nobody_came() -> None:
    exchange, app, _ = calling(dialled(Queue("Sales"), timeout=10))
    exchange.client.queues.create(friendly_name="Sales")
    exchange.phone(CALLEE).call(LINE)
    exchange.wait(30)

    assert app.asked("/over")[-1]["DialCallStatus"] == "no-answer"
    assert "nobody came into the queue Sales within 10 s" in exchange.debugger[-1].text


# What a test has arranged is a notice, and no disorder.
def test_a_phone_that_a_test_makes_unreachable_is_no_disorder() -> None:
    exchange, _, caller = network({"/voice": (dialled(Number(CALLEE)),), "/over": ()})
    exchange.phone(CALLEE).will("unreachable")
    caller.call(LINE)
    exchange.wait(5)

    (notice,) = exchange.debugger
    assert (notice.level, notice.text) == ("notice", f"{CALLEE} can't be reached")
    exchange.strict()


# A phone with a number of the application's never rings: the application answers.
def test_a_phone_whose_number_an_application_has_is_passed_over_with_a_notice() -> None:
    exchange, app, caller = network({"/voice": (Dial((Number(OTHER),)),), "/other": (Say("Hi"),)})
    phone = exchange.phone(OTHER)
    exchange.number(OTHER, app, "/other")
    caller.call(LINE)

    assert (phone.ringing, caller.last_heard) == (False, "Hi")
    assert "is answered by its application" in exchange.debugger[0].text
    exchange.wait(5)
    exchange.strict()


def declined(exchange: Exchange, callee: Handset, _caller: Handset) -> None:
    callee.decline()


def waited(exchange: Exchange, _callee: Handset, _caller: Handset) -> None:
    exchange.wait(60)


def hung_up(exchange: Exchange, _callee: Handset, caller: Handset) -> None:
    caller.hang_up()


def canceled(exchange: Exchange, callee: Handset, _caller: Handset) -> None:
    exchange.client.calls(callee.calls[0].sid).update(status="canceled")
    exchange.wait(0)


def picked_up_elsewhere(exchange: Exchange, callee: Handset, _caller: Handset) -> None:
    exchange.phone(THIRD).answer()


def redirected(exchange: Exchange, _callee: Handset, caller: Handset) -> None:
    exchange.client.calls(caller.calls[0].sid).update(twiml="<Response><Pause/></Response>")
    exchange.wait(0)


# What happens while it rings: the final status of the callee's call, and why.
ENDS: list[tuple[Callable[[Exchange, Handset, Handset], None], str, str]] = [
    (declined, "busy", f"{CALLEE} has declined the call"),
    (waited, "no-answer", f"{CALLEE} didn't answer within 35 s"),
    (hung_up, "canceled", "the caller has hung up"),
    (canceled, "canceled", "by a request to the REST API"),
    (picked_up_elsewhere, "canceled", f"{THIRD} has picked up first"),
    (redirected, "canceled", "the caller was redirected"),
]


@pytest.mark.parametrize(("happens", "status", "why"), ENDS)
def test_a_call_that_is_not_answered_says_why(
    happens: Callable[[Exchange, Handset, Handset], None], status: str, why: str
) -> None:
    exchange, _, caller = calling(Dial((Number(CALLEE), Number(THIRD))), Pause(60))
    callee = exchange.phone(CALLEE)
    happens(exchange, callee, caller)

    (leg,) = callee.calls
    assert (leg.status, leg.because) == (status, why)
    ended = [each for each in exchange.history if (each.call_sid, each.what) == (leg.sid, "ended")]
    assert [(each.about, each.why) for each in ended] == [(status, why)]
    assert f"{status}: {why}" in repr(leg)


# And what ends a call that was answered.
def test_a_time_limit_says_so() -> None:
    exchange, _, _ = calling(Dial((Number(CALLEE),), time_limit=5))
    callee = exchange.phone(CALLEE)
    callee.answer()
    exchange.wait(10)

    assert callee.calls[0].because == "the <Dial> has a timeLimit of 5 s"
    made = exchange.client.calls.create(
        to=CALLEE, from_=LINE, twiml="<Response><Pause length='60'/></Response>", time_limit=7
    )
    exchange.wait(0)
    callee.answer()
    exchange.wait(10)
    assert exchange.legs[made.sid].because == "it has lasted 7 s, the longest it may last"


NOUNS = st.sampled_from(
    [
        *(Number(number) for number in (CALLEE, THIRD, LINE, CALLER, UNKNOWN, "12")),
        *(Client("nobody"), Client("anna"), Sip("sip:nobody@pbx.test"), Sip("x")),
    ]
)
DIALS = st.builds(
    Dial,
    nouns=st.lists(NOUNS, max_size=4).map(tuple),
    timeout=st.just(5),
    time_limit=st.sampled_from([3, 14400]),
    caller_id=st.sampled_from(["", LINE, STRANGER]),
    sequential=st.booleans(),
)
VERBS = st.one_of(
    DIALS,
    st.sampled_from(
        [
            Dial((Conference("Room"),)),
            Dial((Queue("Q"),), timeout=5),
            Enqueue("Q"),
            Reject(),
            Pause(3),
        ]
    ),
)
HABITS = st.sampled_from(["ring", "answer", "decline", "busy", "unreachable", "voicemail"])


@given(
    verbs=st.lists(VERBS, min_size=1, max_size=3),
    habits=st.lists(HABITS, min_size=3, max_size=3),
    hangs_up=st.sampled_from([None, 0.0, 2.0, 8.0]),
)
def test_whatever_ends_a_call_has_a_reason(
    verbs: list[Any], habits: list[str], hangs_up: float | None
) -> None:
    exchange, _, caller = network({"/voice": (*verbs, Gather(timeout=5))})
    for number, habit in zip((CALLEE, THIRD, "client:anna"), habits, strict=True):
        exchange.phone(number).will(habit, after=2, hang_up=4)
    caller.call(LINE)
    exchange.wait(hangs_up or 0)
    if hangs_up is not None and caller.in_call:
        caller.hang_up()
    exchange.wait(120)

    legs = list(exchange.legs.values())
    assert [leg for leg in legs if leg.ended and not leg.because] == []
    noted = {notice.call_sid for notice in exchange.debugger}
    failed = [leg for leg in legs if leg.status == "failed"]
    assert [leg for leg in failed if not {leg.sid, leg.parent_sid} & noted] == []
