"""Dial: ringing, whispering, connected, and what the action is told."""

from __future__ import annotations

from typing import Any

import pytest

from ivr.simulator import Exchange, Handset
from ivr.simulator.network.routes import e164
from ivr.twiml.verbs import Client, Dial, Gather, Hangup, Number, Redirect, Say, Sip
from tests.kit.twiml_app import CALLEE, CALLER, LINE, App, network, said

THIRD = "+33155500012"


def dialling(dial: Dial, **pages: Any) -> tuple[Exchange, App, Handset, Handset]:
    """A caller whose call dials; the callee's phone exists."""
    documents = {"/voice": (dial, Say("Next")), "/over": (Say("Over"),), "/status": ()}
    exchange, app, caller = network(documents | {f"/{k}": v for k, v in pages.items()})
    return exchange, app, caller, exchange.phone(CALLEE)


def outcome(app: App) -> dict[str, str]:
    (params,) = app.asked("/over")
    return {k: v for k, v in params.items() if k.startswith("Dial")}


TO_CALLEE = Dial((Number(CALLEE),), action="/over")


def test_two_people_are_connected() -> None:
    exchange, app, caller, callee = dialling(TO_CALLEE)
    caller.call(LINE)
    assert callee.ringing
    assert callee.caller_id == CALLER

    exchange.wait(3)
    callee.answer()
    assert caller.connected_to == {callee}
    assert callee.connected_to == {caller}

    exchange.wait(42)
    callee.hang_up()
    assert outcome(app) == {
        "DialCallStatus": "completed",
        "DialBridged": "true",
        "DialCallSid": callee.calls[0].sid,
        "DialCallDuration": "42",
    }
    assert caller.last_heard == "Over"
    assert app.asked("/over")[0]["CallStatus"] == "in-progress"


# "busy, no-answer, failed (invalid or unroutable number)"; never answered: no DialCallDuration
NOT_REACHED = [
    ("busy", "busy"),
    ("decline", "busy"),
    ("ring", "no-answer"),
    ("unreachable", "failed"),
]


@pytest.mark.parametrize(("habit", "status"), NOT_REACHED)
def test_who_is_not_reached(habit: str, status: str) -> None:
    exchange, app, caller, callee = dialling(TO_CALLEE)
    callee.will(habit)
    caller.call(LINE)
    exchange.wait(40)

    told = outcome(app)
    assert told.pop("DialCallSid").startswith("CA")
    assert told == {"DialCallStatus": status, "DialBridged": "false"}


def test_a_number_without_a_telephone_fails() -> None:
    _, app, caller, _ = dialling(Dial((Number("+4412345678"),), action="/over"))

    caller.call(LINE)

    assert outcome(app)["DialCallStatus"] == "failed"


def test_what_is_no_number_fails_and_is_warned_of() -> None:
    exchange, app, caller, _ = dialling(Dial((Number("hello"),), action="/over"))

    caller.call(LINE)

    assert outcome(app)["DialCallStatus"] == "failed"
    assert [notice.code for notice in exchange.debugger] == [13223]


# "timeout 30: Twilio adds a ~5 s buffer"
def test_it_rings_for_the_time_out_and_a_buffer() -> None:
    exchange, _, caller, callee = dialling(Dial((Number(CALLEE),), timeout=10))
    caller.call(LINE)

    exchange.wait(14.9)
    assert callee.ringing
    exchange.wait(0.2)
    assert not callee.ringing
    assert caller.last_heard == "Next"


# "caller hangs up: all over; the action is still requested with CallStatus=completed"
def test_the_caller_hangs_up() -> None:
    exchange, app, caller, callee = dialling(TO_CALLEE)
    caller.call(LINE)
    callee.answer()
    exchange.wait(5)

    caller.hang_up()

    assert not callee.in_call
    assert app.asked("/over")[0]["CallStatus"] == "completed"
    assert outcome(app)["DialCallStatus"] == "completed"


def test_the_caller_gives_up_while_it_rings() -> None:
    _, app, caller, callee = dialling(TO_CALLEE)
    caller.call(LINE)

    caller.hang_up()

    assert not callee.ringing
    assert callee.calls[0].status == "canceled"
    assert len(app.asked("/over")) == 1


# "the first to pick up is connected to the current call and the rest are hung up"
def test_the_first_of_several_wins() -> None:
    exchange, app, caller, callee = dialling(Dial((Number(CALLEE), Client("op1")), action="/over"))
    operator = exchange.phone("client:op1")
    caller.call(LINE)
    assert callee.ringing
    assert operator.ringing

    operator.answer()

    assert not callee.ringing
    assert callee.calls[0].status == "canceled"
    assert caller.connected_to == {operator}
    operator.hang_up()
    assert outcome(app)["DialCallStatus"] == "completed"


# "sequential: try the nouns in order"
def test_sequential_dialling_tries_one_after_the_other() -> None:
    dial = Dial((Number(CALLEE), Number(THIRD)), sequential=True, timeout=10, action="/over")
    exchange, _, caller, callee = dialling(dial)
    third = exchange.phone(THIRD)
    caller.call(LINE)
    assert callee.ringing
    assert not third.ringing

    callee.decline()

    assert third.ringing
    third.answer()
    assert caller.connected_to == {third}


# ---- whisper -----------------------------------------------------------------------------------

SCREENED = Dial((Number(CALLEE, url="/whisper"),), action="/over")
WHISPER = (Gather(action="/accept", num_digits=1, verbs=(Say("Press 1"),)), Hangup())


# docs/voice/twiml/number: runs on the callee's leg; its end bridges
def test_a_whisper_is_accepted() -> None:
    exchange, app, caller, callee = dialling(SCREENED, whisper=WHISPER, accept=(Say("Thanks"),))
    caller.call(LINE)

    callee.answer()
    assert callee.last_heard == "Press 1"
    assert caller.connected_to == set()
    callee.press("1")
    exchange.wait(1)

    assert caller.connected_to == {callee}
    (asked,) = app.asked("/whisper")
    assert asked["CallSid"] == callee.calls[0].sid
    assert asked["ParentCallSid"] == caller.calls[0].sid
    assert asked["Direction"] == "outbound-dial"
    assert asked["CallStatus"] == "in-progress"
    assert "Thanks" not in said(caller)


# "Hangup: decline: DialCallStatus=completed, DialBridged=false"
def test_a_whisper_is_declined() -> None:
    exchange, app, caller, callee = dialling(SCREENED, whisper=WHISPER)
    caller.call(LINE)
    callee.answer()
    exchange.wait(10)

    assert outcome(app)["DialCallStatus"] == "completed"
    assert outcome(app)["DialBridged"] == "false"
    assert caller.last_heard == "Over"


# "nested Dial: 13201 error"
def test_a_dial_within_a_whisper_is_an_error() -> None:
    exchange, _, caller, callee = dialling(SCREENED, whisper=(Dial((Client("x"),)),))
    caller.call(LINE)
    callee.answer()
    exchange.wait(10)

    assert 13201 in [notice.code for notice in exchange.debugger]
    assert callee.last_heard.startswith("We are sorry")


# "sendDigits after answer, before bridge and whisper"
def test_digits_are_sent_before_the_connection() -> None:
    exchange, _, caller, callee = dialling(Dial((Number(CALLEE, send_digits="W12"),)))
    caller.call(LINE)

    callee.answer()

    assert caller.connected_to == set()
    assert [(u.kind, u.text) for u in callee.heard] == [("tones", "W12")]
    exchange.wait(1.6)
    assert caller.connected_to == {callee}


# ---- keys and limits ---------------------------------------------------------------------------


# "hangupOnStar: the caller pressing * ends only the dialled leg: DialCallStatus completed"
@pytest.mark.parametrize("allowed", [True, False])
def test_a_star_leaves_the_conversation(allowed: bool) -> None:
    dial = Dial((Number(CALLEE),), action="/over", hangup_on_star=allowed)
    _, app, caller, callee = dialling(dial)
    caller.call(LINE)
    callee.answer()

    callee.press("*")
    assert callee.in_call
    caller.press("1")
    caller.press("*")

    assert callee.in_call is not allowed
    assert len(app.asked("/over")) == allowed


# "timeLimit 14400 seconds, whole bridged call"
def test_the_time_limit_ends_the_conversation() -> None:
    exchange, app, caller, callee = dialling(Dial((Number(CALLEE),), time_limit=60, action="/over"))
    caller.call(LINE)
    exchange.wait(20)
    callee.answer()

    exchange.wait(59)
    assert caller.connected_to == {callee}
    exchange.wait(2)
    assert outcome(app)["DialCallDuration"] == "60"


# "answerOnBridge as first verb keeps ringing until the callee is bridged"
def test_answer_on_bridge_leaves_the_caller_ringing() -> None:
    exchange, _, caller, callee = dialling(Dial((Number(CALLEE),), answer_on_bridge=True))
    caller.call(LINE)
    assert caller.calls[0].status == "ringing"

    exchange.wait(5)
    callee.answer()

    assert caller.calls[0].status == "in-progress"
    exchange.wait(10)
    assert caller.calls[0].duration == 10


# ---- caller id, status callbacks ---------------------------------------------------------------


def test_the_caller_id_can_be_chosen() -> None:
    _, _, caller, callee = dialling(Dial((Number(CALLEE),), caller_id=LINE))

    caller.call(LINE)

    assert callee.caller_id == LINE


# errors/13214: "client: must be set for PSTN"
def test_a_client_needs_a_caller_id_to_reach_a_telephone() -> None:
    exchange, app, _, callee = dialling(TO_CALLEE)

    exchange.phone("client:anna").call(LINE)

    assert not callee.ringing
    assert outcome(app)["DialCallStatus"] == "failed"
    assert [notice.code for notice in exchange.debugger] == [13214]


ALL = "initiated ringing answered completed"


# "Order: initiated, ringing, in-progress, completed"; SequenceNumber from 0; Duration in minutes
def test_the_progress_of_a_dialled_call_is_told() -> None:
    noun = Number(CALLEE, status_callback="/status", status_callback_event=ALL)
    exchange, app, caller, callee = dialling(Dial((noun,)))
    caller.call(LINE)
    exchange.wait(2)
    callee.answer()
    exchange.wait(61)
    callee.hang_up()

    told = app.asked("/status")
    assert [p["CallStatus"] for p in told] == ["initiated", "ringing", "in-progress", "completed"]
    assert [p["SequenceNumber"] for p in told] == ["0", "1", "2", "3"]
    assert told[-1]["CallDuration"] == "61"
    assert told[-1]["Duration"] == "2"
    assert told[-1]["CallbackSource"] == "call-progress-events"
    assert told[-1]["ParentCallSid"] == caller.calls[0].sid
    assert told[0]["Timestamp"] == "Tue, 24 Nov 2026 09:00:00 +0000"


# "default only completed"; a busy call's last number is 2, SipResponseCode 486
def test_by_default_only_the_end_is_told() -> None:
    _, app, caller, callee = dialling(Dial((Number(CALLEE, status_callback="/status"),)))
    caller.call(LINE)
    callee.decline()

    (told,) = app.asked("/status")
    assert told["CallStatus"] == "busy"
    assert told["SequenceNumber"] == "2"
    assert told["SipResponseCode"] == "486"
    assert told["CallDuration"] == told["Duration"] == "0"


@pytest.mark.parametrize(
    ("noun", "address"),
    [
        (Client("op1"), "client:op1"),
        (Sip("sip:a@b.test"), "sip:a@b.test"),
        (Sip("a@b.test"), "sip:a@b.test"),
    ],
)
def test_other_addresses_ring_too(noun: Any, address: str) -> None:
    exchange, _, caller, _ = dialling(Dial((noun,)))
    phone = exchange.phone(address)

    caller.call(LINE)

    assert phone.ringing
    assert phone.calls[0].receiver == address


# docs/voice/twiml/dial: 415-123-4567, +1…, 2175553322
@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("415-123-4567", "+14151234567"),
        ("(415) 123 4567", "+14151234567"),
        ("2175553322", "+12175553322"),
        ("+33 1 55 50 01 01", "+33155500101"),
        ("12", ""),
        ("+0123", ""),
        ("client:op1", "client:op1"),
    ],
)
def test_numbers_are_understood(text: str, number: str) -> None:
    assert e164(text) == number


def test_a_dial_without_an_action_falls_through() -> None:
    exchange, app, caller, callee = dialling(Dial((Number(CALLEE),)))
    caller.call(LINE)
    callee.answer()
    callee.hang_up()

    assert caller.last_heard == "Next"
    assert app.paths == ["/voice"]
    exchange.wait(5)
    assert not caller.in_call


def test_a_whisper_may_redirect() -> None:
    pages = {"whisper": (Redirect("/more"),), "more": (Say("Case"),)}
    exchange, _, caller, callee = dialling(SCREENED, **pages)
    caller.call(LINE)
    callee.answer()
    assert callee.last_heard == "Case"
    exchange.wait(1)
    assert caller.connected_to == {callee}
