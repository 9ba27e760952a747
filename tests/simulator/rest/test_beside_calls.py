"""What goes on beside a call by REST: streams, recorders, transcripts, messages to softphones."""

from __future__ import annotations

import json
from typing import Any

import pytest
from twilio.base.exceptions import TwilioRestException

from ivr.twiml.verbs import Client, Dial, Gather
from tests.kit.twiml_app import LINE, network

URL = "wss://ears.example/audio"
TOLD = "https://line.test/told"


@pytest.fixture
def world() -> Any:
    pages = {"/voice": (Gather(timeout=600),), "/told": "", "/client": Dial((Client("ann"),))}
    exchange, app, caller = network(pages)
    caller.call(LINE)
    return exchange, app, caller, exchange.client.calls(caller.calls[0].sid)


# stream-resource: "start a unidirectional stream … stop it by its SID or its name"
@pytest.mark.parametrize("by", ["sid", "name"])
def test_a_stream_is_started_and_stopped(world: Any, by: str) -> None:
    exchange, app, _, call = world
    made = call.streams.create(
        url=URL,
        name="ears",
        track="both_tracks",
        status_callback=TOLD,
        parameter1_name="case",
        parameter1_value="C1",
    )
    assert (made.name, made.status) == ("ears", "in-progress")
    (stream,) = exchange.streams
    assert stream.parameters == {"case": "C1"}

    stopped = call.streams(getattr(made, by)).update(status="stopped")

    assert stopped.status == "stopped"
    assert exchange.streams == []
    exchange.wait(1)
    events = [params["StreamEvent"] for params in app.asked("/told")]
    assert events == ["stream-started", "stream-stopped"]


def test_a_transcription_hears_what_is_said(world: Any) -> None:
    exchange, app, caller, call = world
    made = call.transcriptions.create(status_callback_url=TOLD, track="inbound_track")

    caller.say("The pump leaks.")
    exchange.wait(1)

    said = [each for each in app.asked("/told") if "TranscriptionData" in each]
    assert json.loads(said[0]["TranscriptionData"])["transcript"] == "The pump leaks."
    assert call.transcriptions(made.sid).update(status="stopped").status == "stopped"


def test_a_session_recorder_ends_with_the_call(world: Any) -> None:
    exchange, app, caller, call = world
    assert call.siprec.create(connector_name="rec", status_callback=TOLD).name is None

    caller.hang_up()
    exchange.wait(1)

    assert [each["SiprecEvent"] for each in app.asked("/told")] == [
        "siprec-started",
        "siprec-stopped",
    ]


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        (lambda call: call.streams.create(url="https://ears.example"), 400, 21205),
        (lambda call: call.streams.create(url=URL, track="all"), 400, 20001),
        (lambda call: call.streams("MZ1").update(status="stopped"), 404, 20404),
        (lambda call: call.user_defined_message_subscriptions.create(callback=TOLD), 501, 99501),
        (lambda call: call.user_defined_messages.create(content='{"a": 1}'), 400, 20001),
    ],
)
def test_what_is_refused(world: Any, asked: Any, status: int, code: int) -> None:
    with pytest.raises(TwilioRestException) as refused:
        asked(world[3])

    assert (refused.value.status, refused.value.code) == (status, code)


def test_two_streams_of_one_name_are_refused(world: Any) -> None:
    world[3].streams.create(url=URL, name="ears")

    with pytest.raises(TwilioRestException, match="already has one"):
        world[3].streams.create(url=URL, name="ears")


def test_a_call_that_is_over_has_no_streams(world: Any) -> None:
    world[2].hang_up()

    with pytest.raises(TwilioRestException) as refused:
        world[3].streams.create(url=URL)
    assert refused.value.code == 21220


# userdefinedmessage-resource: "send a message to the Voice SDK … during an active call"
def test_a_softphone_gets_a_message(world: Any) -> None:
    exchange = world[0]
    ann = exchange.phone("client:ann")
    made = exchange.client.calls.create(to="client:ann", from_=LINE, url="https://line.test/voice")
    exchange.wait(1)

    exchange.client.calls(made.sid).user_defined_messages.create(content='{"case": "C1"}')

    assert ann.call_messages == ['{"case": "C1"}']
