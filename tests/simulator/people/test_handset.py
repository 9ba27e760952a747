"""A telephone: what it hears, and what its owner does or will do."""

from __future__ import annotations

import re
from typing import Any

import pytest

from ivr.errors import CallError
from ivr.simulator import Exchange
from ivr.twiml.verbs import Dial, Gather, Hangup, Number, Record, Say
from tests.kit.twiml_app import CALLEE, CALLER, LINE, network, said

ENTRY = {
    "/voice": (Gather(action="/entered", finish_on_key="#", verbs=(Say("Your number"),)),),
    "/entered": lambda p: (Say(f"Got {p['Digits']}"), Gather(timeout=60)),
}


def test_a_number_means_one_telephone() -> None:
    exchange = Exchange()

    assert exchange.phone(CALLER) is exchange.phone(CALLER)
    assert exchange.phone(CALLER) is not exchange.phone("client:op1")


def test_keys_are_typed_one_after_the_other() -> None:
    exchange, _, caller = network(ENTRY)
    caller.call(LINE)
    before = exchange.clock.now()

    caller.press("12345#")

    assert caller.last_heard == "Got 12345"
    assert (exchange.clock.now() - before).total_seconds() == 5 * caller.typing


def test_only_keys_can_be_pressed() -> None:
    _, _, caller = network(ENTRY)
    caller.call(LINE)

    with pytest.raises(ValueError, match="'1x' isn't keys: a phone has 0-9"):
        caller.press("1x")


MISUSED = [
    (lambda phone: phone.press("1"), "isn't in a call"),
    (lambda phone: phone.hang_up(), "isn't in a call"),
    (lambda phone: phone.answer(), "isn't ringing"),
    (lambda phone: phone.decline(), "isn't ringing"),
    (lambda phone: phone.say("Hello"), "isn't in a call"),
]


@pytest.mark.parametrize(("act", "message"), MISUSED)
def test_an_idle_telephone_can_only_call(act: Any, message: str) -> None:
    _, _, caller = network(ENTRY)

    with pytest.raises(CallError, match=message):
        act(caller)


RINGS_LATER = {"/voice": (Say("One moment, please."), Dial(timeout=20, nouns=(Number(CALLEE),)))}


# As in a dialogue: whoever answers waits until the phone rings.
@pytest.mark.parametrize("does", ["answer", "decline"])
def test_a_person_waits_until_the_phone_rings(does: str) -> None:
    exchange, _, caller = network(RINGS_LATER)
    other = exchange.phone(CALLEE)
    caller.call(LINE)

    getattr(other, does)()

    assert caller.connected_to == ({other} if does == "answer" else set())
    assert other.calls[-1].status == ("in-progress" if does == "answer" else "busy")


def test_nobody_answers_what_doesnt_ring_in_time() -> None:
    exchange, _, caller = network(RINGS_LATER)
    other = exchange.phone(CALLEE)
    caller.call(LINE)
    exchange.wait(60)

    with pytest.raises(CallError) as raised:
        other.answer(within=10)

    told = str(raised.value)
    assert told.startswith(f"{CALLEE} isn't ringing, and waited 10 s for it")
    assert f"to {CALLER}:  One moment, please." in told
    assert re.search(r"It was called at 09:00:0\S+; that call ended at \S+ \(no-answer\): ", told)
    with pytest.raises(CallError, match="It has never been called"):
        exchange.phone("+33155500012").decline(within=0)


def test_a_call_that_found_it_in_use_is_told_of() -> None:
    exchange, _, caller = network(ENTRY)
    caller.call(LINE)
    exchange.client.calls.create(to=CALLER, from_=LINE, twiml="<Response/>")
    exchange.wait(1)
    caller.hang_up()

    with pytest.raises(CallError, match=rf"ended at \S+ \(busy\): \{CALLER} is in use"):
        caller.answer(within=10)


# The page of phones acts in the middle of the network's thread, where no time can pass.
def test_within_an_event_a_phone_must_be_ringing_already() -> None:
    exchange = Exchange()
    before = exchange.clock.now()

    with pytest.raises(CallError, match=r"isn't ringing$"):
        exchange.do(exchange.phone("+33155500011").answer)

    assert exchange.clock.now() == before


def test_a_telephone_in_use_cannot_call() -> None:
    _, _, caller = network(ENTRY)
    caller.call(LINE)

    with pytest.raises(CallError, match="already in a call: hang_up"):
        caller.call(LINE)


def test_keys_after_the_end_of_the_call_go_nowhere() -> None:
    pages = ENTRY | {"/voice": (Gather(action="/bye", num_digits=1),), "/bye": (Hangup(),)}
    _, app, caller = network(pages)
    caller.call(LINE)

    caller.press("1234")

    assert app.paths == ["/voice", "/bye"]


# ---- what it does by itself --------------------------------------------------------------------

WHISPER = {
    "/voice": (Dial((Number(CALLEE, url="/whisper"),)),),
    "/whisper": (
        Say("A call"),
        Gather(action="/ok", num_digits=1, verbs=(Say("Press 1"),)),
        Hangup(),
    ),
    "/ok": lambda p: () if p["Digits"] == "1" else (Hangup(),),
}


def test_it_answers_after_a_while_and_presses_what_it_is_asked_for() -> None:
    exchange, _, caller = network(WHISPER)
    callee = exchange.phone(CALLEE)
    callee.will("answer", after=2, press="1")
    caller.call(LINE)
    assert callee.ringing

    exchange.wait(2)
    assert callee.in_call
    exchange.wait(5)
    assert caller.connected_to == {callee}


def test_it_answers_at_once() -> None:
    exchange, _, caller = network(WHISPER)
    callee = exchange.phone(CALLEE)
    callee.will("answer")

    caller.call(LINE)

    assert callee.last_heard == "A call"


def test_it_declines_after_a_while() -> None:
    exchange, _, caller = network(WHISPER)
    callee = exchange.phone(CALLEE)
    callee.will("decline", after=3)
    caller.call(LINE)
    assert callee.ringing
    exchange.wait(3)

    assert callee.calls[0].status == "busy"


def test_a_second_caller_finds_it_busy() -> None:
    exchange, _, caller = network(WHISPER)
    callee, other = exchange.phone(CALLEE), exchange.phone("+33155500102")
    caller.call(LINE)
    callee.answer()

    other.call(LINE)

    assert [leg.status for leg in callee.calls] == ["in-progress"]
    busy = [leg for leg in exchange.legs.values() if leg.receiver == CALLEE]
    assert [leg.status for leg in busy] == ["in-progress", "busy"]


def test_it_has_no_other_habits() -> None:
    with pytest.raises(ValueError, match="unknown habit 'explode'"):
        Exchange().phone(CALLER).will("explode")


# ---- speaking ----------------------------------------------------------------------------------


def test_speech_is_gathered() -> None:
    pages = {
        "/voice": (
            Gather(input="speech", speech_timeout="auto", action="/said", verbs=(Say("Speak"),)),
        ),
        "/said": lambda p: (Say(p["SpeechResult"]),),
    }
    _, _, caller = network(pages)
    caller.call(LINE)

    caller.press("1")
    assert said(caller) == ["Speak"]
    caller.say("a person")
    assert caller.last_heard == "a person"


def test_a_recording_lasts_as_long_as_there_is_something_to_hear() -> None:
    pages = {"/voice": (Record(action="/kept", timeout=3, finish_on_key="#"),), "/kept": ()}
    exchange, app, caller = network(pages)
    caller.call(LINE)
    exchange.wait(2.5)
    assert caller.listening
    caller.say("My printer is on fire")
    exchange.wait(2)
    caller.say("Please come")
    exchange.wait(3.1)  # it takes 0.7 s to say that
    assert app.asked("/kept") == []
    exchange.wait(1)

    (told,) = app.asked("/kept")
    assert told["RecordingDuration"] == "7"
    assert told["RecordingUrl"].startswith("https://api.twilio.com/2010-04-01/Accounts/AC")


# "Requested on caller hang-up as well (Digits=hangup; the answer can't be executed)"
def test_hanging_up_ends_a_recording() -> None:
    pages = {"/voice": (Record(action="/kept"),), "/kept": (Say("Never"),)}
    exchange, app, caller = network(pages)
    caller.call(LINE)
    exchange.wait(3)
    caller.hang_up()

    (told,) = app.asked("/kept")
    assert told["Digits"] == "hangup"
    assert told["CallStatus"] == "completed"
    assert said(caller) == []


def test_chinese_takes_longer_a_character() -> None:
    pages = {"/voice": (Say("a" * 45, language="en-US"), Say("请" * 45, language="zh-CN"))}
    exchange, _, caller = network(pages)
    caller.call(LINE)
    exchange.wait(60)

    assert [u.seconds for u in caller.heard] == [3.0, 10.0]
