"""Participants by REST: machine detection, recording, and what is changed while they are there."""

from __future__ import annotations

from typing import Any

import pytest

from ivr.twiml.verbs import Conference, Dial, Say
from tests.kit.twiml_app import CALLEE, CALLER, LINE, network, said

TOLD = "https://line.test/told"


@pytest.fixture
def world() -> Any:
    """A caller who waits in a conference, and somebody who can be invited."""
    room = Conference("room", beep="false", wait_url="/music")
    exchange, app, caller = network(
        {
            "/voice": (Dial((room,)),),
            "/music": (Say("Please wait."),),
            "/news": (Say("It takes longer."),),
            "/told": "",
        }
    )
    caller.call(LINE)
    exchange.wait(1)
    return exchange, app, exchange.client.conferences(exchange.client.conferences.list()[0].sid)


# conference-participant-resource: "AmdStatusCallback: whether the call was answered by human,
# machine or fax"; the participant joins meanwhile
@pytest.mark.parametrize(
    ("habit", "verdict"), [("answer", "human"), ("voicemail", "machine_start")]
)
def test_whether_a_machine_has_joined(world: Any, habit: str, verdict: str) -> None:
    exchange, app, room = world
    exchange.phone(CALLEE).will(habit)
    made = room.participants.create(
        from_=LINE, to=CALLEE, machine_detection="Enable", amd_status_callback=TOLD
    )
    exchange.wait(0.5)
    assert [each.call_sid for each in room.participants.list()][-1] == made.call_sid

    exchange.wait(10)
    (told,) = app.asked("/told")
    assert (told["AnsweredBy"], told["CallSid"]) == (verdict, made.call_sid)


# "Record: whether to record the participant and their conferences, including the time between"
def test_a_participant_is_recorded(world: Any) -> None:
    exchange, app, room = world
    exchange.phone(CALLEE).will("answer", hang_up=20)
    made = room.participants.create(
        from_=LINE,
        to=CALLEE,
        record=True,
        recording_channels="dual",
        recording_status_callback=TOLD,
    )
    exchange.wait(30)

    (recording,) = exchange.client.calls(made.call_sid).recordings.list()
    assert (recording.channels, recording.duration) == (2, "20")
    (told,) = app.asked("/told")
    assert told["RecordingSid"] == recording.sid


# "WaitUrl: … before the conference has started"
def test_those_who_wait_hear_another_document(world: Any) -> None:
    exchange, _, room = world
    phone = exchange.phone(CALLER)
    sid = room.participants.list()[0].call_sid

    room.participants(sid).update(wait_url="https://line.test/news")
    exchange.wait(2)
    assert said(phone)[-1] == "It takes longer."

    room.participants(sid).update(wait_url="")
    exchange.wait(60)
    assert said(phone).count("It takes longer.") == 1


# "BeepOnExit: whether to play a notification beep to the conference when the participant exits"
@pytest.mark.parametrize("beeps", [True, False])
def test_a_beep_when_somebody_leaves(world: Any, beeps: bool) -> None:
    exchange, _, room = world
    exchange.phone(CALLEE).will("answer", hang_up=60)
    third = exchange.phone("+33155500012")
    third.will("answer")
    made = room.participants.create(from_=LINE, to=CALLEE, beep="false")
    room.participants.create(from_=LINE, to=third.number, beep="false")
    exchange.wait(10)
    room.participants(made.call_sid).update(beep_on_exit=beeps)
    exchange.wait(60)

    assert ("tone" in [each.kind for each in third.heard]) is beeps
