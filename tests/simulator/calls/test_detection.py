"""Machine detection: a person, a machine that has begun to speak, a machine that has ended."""

from __future__ import annotations

from typing import Any

import pytest

from ivr.simulator.calls.detection import Detection, answered_by
from ivr.twiml.verbs import Dial, Hangup, Number, Pause, Say
from tests.kit.twiml_app import CALLEE, LINE, network

GREETING = "You have reached Paul Morel. Please leave a message after the tone."  # 4.4 s


# docs/voice/answering-machine-detection: MachineDetectionSpeechThreshold 2400 ms,
# SpeechEndThreshold 1200 ms, Timeout 30 s, DetectMessageEnd waits for the beep
@pytest.mark.parametrize(
    ("greeting", "options", "verdict", "seconds"),
    [
        (None, {}, "human", 1.6),
        (None, {"speech_end_threshold": 2000}, "human", 2.4),
        (4.4, {}, "machine_start", 2.4),
        (4.4, {"speech_threshold": 1500}, "machine_start", 1.5),
        (4.4, {"mode": "DetectMessageEnd"}, "machine_end_beep", 4.9),
        (2.0, {}, "human", 3.2),  # so short a greeting is taken for a person
        (40.0, {"mode": "DetectMessageEnd"}, "unknown", 30.0),
        (9.0, {"mode": "DetectMessageEnd", "timeout": 5}, "unknown", 5.0),
    ],
)
def test_who_has_answered_and_when_that_is_known(
    greeting: float | None, options: dict[str, Any], verdict: str, seconds: float
) -> None:
    found, after = answered_by(greeting, Detection(**{"mode": "Enable", **options}))

    assert (found, after) == (verdict, pytest.approx(seconds))


@pytest.mark.parametrize(("machine", "verdict"), [(False, "human"), (True, "machine_start")])
def test_a_dialled_number_is_connected_at_once_and_the_callback_told(
    machine: bool, verdict: str
) -> None:
    noun = Number(
        CALLEE,
        machine_detection="Enable",
        amd_status_callback="/amd",
        status_callback="/status",
    )
    exchange, app, caller = network(
        {"/voice": (Dial((noun,)), Hangup()), "/amd": "", "/status": ""}
    )
    callee = exchange.phone(CALLEE)
    if machine:
        callee.will("voicemail", say=GREETING)
    caller.call(LINE)
    if not machine:
        callee.answer()
    exchange.wait(0)
    assert caller.connected_to == {callee}
    assert app.asked("/amd") == []
    exchange.wait(5)
    caller.hang_up()

    (told,) = app.asked("/amd")
    assert set(told) == {"AccountSid", "AnsweredBy", "CallSid", "MachineDetectionDuration"}
    assert told["AnsweredBy"] == verdict
    assert told["CallSid"] == callee.calls[0].sid
    assert app.asked("/status")[0]["AnsweredBy"] == verdict


# errors/21262: "No AMD status callback URL provided … results will still be available in /Calls"
def test_without_a_callback_there_is_a_warning_and_the_calls_resource() -> None:
    noun = Number(CALLEE, machine_detection="DetectMessageEnd")
    exchange, _, caller = network({"/voice": (Dial((noun,)),)})
    callee = exchange.phone(CALLEE)
    callee.will("voicemail", say=GREETING)
    caller.call(LINE)
    exchange.wait(10)
    caller.hang_up()

    assert [notice.code for notice in exchange.debugger] == [21262]
    assert exchange.client.calls(callee.calls[0].sid).fetch().answered_by == "machine_end_beep"


def place(exchange: Any, **options: Any) -> None:
    exchange.client.calls.create(
        to=CALLEE, from_=LINE, url="https://line.test/voice", machine_detection="Enable", **options
    )
    exchange.wait(0)


# "synchronous … blocks until detection completes", and the document's request says AnsweredBy
def test_a_call_by_rest_waits_for_the_verdict() -> None:
    exchange, app, _ = network({"/voice": (Say("Hello."), Pause(60))})
    callee = exchange.phone(CALLEE)
    place(exchange)
    callee.answer()
    assert app.asked("/voice") == []
    exchange.wait(2)

    assert [asked["AnsweredBy"] for asked in app.asked("/voice")] == ["human"]
    assert callee.last_heard == "Hello."
    callee.hang_up()


# "asynchronous: connecting immediately while detection runs in the background"
def test_in_the_background_the_call_begins_at_once() -> None:
    exchange, app, _ = network({"/voice": (Say("Hello."), Pause(60)), "/amd": ""})
    callee = exchange.phone(CALLEE)
    callee.will("voicemail", say=GREETING)
    told = {"async_amd": "true", "async_amd_status_callback": "https://line.test/amd"}
    place(exchange, **told)
    assert callee.last_heard == "Hello."
    assert "AnsweredBy" not in app.asked("/voice")[0]
    exchange.wait(5)
    callee.hang_up()

    assert app.asked("/amd")[0]["AnsweredBy"] == "machine_start"
    assert app.asked("/amd")[0]["MachineDetectionDuration"] == "2400"


def test_whoever_hangs_up_before_leaves_no_verdict() -> None:
    exchange, app, _ = network({"/voice": (Say("Hello."),)})
    callee = exchange.phone(CALLEE)
    place(exchange)
    callee.answer()
    callee.hang_up()
    exchange.wait(10)

    assert app.asked("/voice") == []
    assert exchange.client.calls(callee.calls[0].sid).fetch().answered_by is None
