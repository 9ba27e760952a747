"""What goes on beside a call: streams, recorders, transcriptions, echo, and calls handed over."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ivr.twiml.verbs import (
    Connect,
    Dial,
    Echo,
    Hangup,
    Number,
    Parameter,
    Pause,
    Recording,
    Refer,
    Say,
    Sip,
    Siprec,
    Start,
    Stop,
    Stream,
    Transcription,
)
from tests.kit.twiml_app import CALLEE, LINE, App, network, said

URL = "wss://ears.example/audio"
STREAM = Stream(URL, "ears", status_callback="/stream", parameters=(Parameter("case", "C1"),))


def told(app: App, path: str, event: str) -> list[str]:
    return [params[event] for params in app.asked(path)]


# twiml/stream: "<Start><Stream> … forks the media … and continues with the next instruction"
def test_a_stream_is_started_beside_the_call_and_stopped_by_its_name() -> None:
    exchange, app, caller = network(
        {
            "/voice": (
                Start((STREAM,)),
                Say("We are listening."),
                Stop((Stream(name="ears"),)),
                Pause(10),
            ),
            "/stream": "",
        }
    )
    caller.call(LINE)

    assert caller.last_heard == "We are listening."
    (stream,) = exchange.streams
    assert stream.parameters == {"case": "C1"}
    exchange.wait(5)
    assert told(app, "/stream", "StreamEvent") == ["stream-started", "stream-stopped"]
    assert exchange.streams == []
    started = app.asked("/stream")[0]
    assert started["StreamName"] == "ears"
    assert started["StreamSid"].startswith("MZ")
    # "Timestamp: ISO 8601", and none of the standard parameters but the SIDs
    assert started["Timestamp"] == "2026-11-24T09:00:00.000Z"
    assert "From" not in started
    caller.hang_up()


def test_what_is_still_going_on_stops_with_the_call() -> None:
    _, app, caller = network(
        {"/voice": (Start((STREAM, Siprec("box", status_callback="/rec"))), Pause(60))}
        | {"/stream": "", "/rec": ""}
    )
    caller.call(LINE)
    caller.hang_up()

    assert told(app, "/stream", "StreamEvent") == ["stream-started", "stream-stopped"]
    assert told(app, "/rec", "SiprecEvent") == ["siprec-started", "siprec-stopped"]


# "If there are no further instructions, the call ends"
def test_starting_alone_doesnt_hold_the_call() -> None:
    _, _, caller = network({"/voice": (Start((STREAM,)),), "/stream": ""})

    caller.call(LINE)

    assert not caller.in_call


def test_a_name_is_taken_once_a_call() -> None:
    exchange, app, caller = network({"/voice": (Start((STREAM, STREAM)), Pause(60)), "/stream": ""})
    caller.call(LINE)

    assert told(app, "/stream", "StreamEvent") == ["stream-started", "stream-error"]
    assert "ears" in app.asked("/stream")[1]["StreamError"]
    assert len(exchange.streams) == 1
    caller.hang_up()


# errors/31923: "Stream - WebSocket - Malformed URL"
def test_a_stream_without_a_wss_address_is_an_error_and_the_call_goes_on() -> None:
    exchange, _, caller = network(
        {
            "/voice": '<Response><Start><Stream url="https://a.example"/></Start>'
            "<Say>On we go.</Say></Response>"
        }
    )
    caller.call(LINE)

    assert caller.last_heard == "On we go."
    assert [notice.code for notice in exchange.debugger] == [12200, 31923]
    caller.hang_up()


def test_stopping_what_was_never_started_is_said() -> None:
    exchange, _, caller = network({"/voice": (Stop((Stream(name="nothing"),)), Say("Still here."))})
    caller.call(LINE)

    assert caller.last_heard == "Still here."
    assert "nothing with that name" in exchange.debugger[0].text
    caller.hang_up()


# twiml/stream: "<Connect><Stream> … blocks … until the WebSocket connection is closed"
@pytest.mark.parametrize(
    ("action", "heard"), [("", "Back again."), ("/over", "The stream is over.")]
)
def test_a_connected_stream_has_the_call_until_it_closes(action: str, heard: str) -> None:
    exchange, app, caller = network(
        {
            "/voice": (Connect((STREAM,), action=action), Say("Back again.")),
            "/over": (Say("The stream is over."),),
            "/stream": "",
        }
    )
    caller.call(LINE)
    exchange.wait(600)
    assert said(caller) == []
    assert caller.connected_to == set()

    exchange.streams[0].close()

    assert caller.last_heard == heard
    assert told(app, "/stream", "StreamEvent") == ["stream-started", "stream-stopped"]
    caller.hang_up()


def test_hanging_up_ends_a_connected_stream() -> None:
    exchange, app, caller = network(
        {"/voice": (Connect((STREAM,), action="/over"), Say("Back.")), "/stream": ""}
    )
    caller.call(LINE)
    caller.hang_up()

    assert exchange.streams == []
    assert told(app, "/stream", "StreamEvent") == ["stream-started", "stream-stopped"]
    assert app.asked("/over") == []


def transcribed(app: App) -> list[tuple[str, str, str]]:
    """(track, words, final) of each result."""
    return [
        (each["Track"], json.loads(each["TranscriptionData"])["transcript"], each["Final"])
        for each in app.asked("/text")
        if each["TranscriptionEvent"] == "transcription-content"
    ]


# twiml/transcription: "inbound_track … outbound_track … both_tracks"
@pytest.mark.parametrize(
    ("track", "results"),
    [
        ("inbound_track", [("inbound_track", "Hello there.", "true")]),
        ("outbound_track", [("outbound_track", "Good morning.", "true")]),
        (
            "both_tracks",
            [
                ("outbound_track", "Good morning.", "true"),
                ("inbound_track", "Hello there.", "true"),
            ],
        ),
    ],
)
def test_what_is_said_is_transcribed_by_track(track: str, results: Any) -> None:
    transcription = Transcription(track=track, status_callback_url="/text", language_code="fr-FR")
    _, app, caller = network(
        {"/voice": (Start((transcription,)), Say("Good morning."), Pause(60)), "/text": ""}
    )
    caller.call(LINE)
    caller.say("Hello there.")
    caller.hang_up()

    assert transcribed(app) == results
    asked = app.asked("/text")
    assert [asked[0]["TranscriptionEvent"], asked[-1]["TranscriptionEvent"]] == [
        "transcription-started",
        "transcription-stopped",
    ]
    assert [each["SequenceId"] for each in asked] == [str(i + 1) for i in range(len(asked))]
    assert {each["LanguageCode"] for each in asked} == {"fr-FR"}


def test_partial_results_come_before_the_final_one() -> None:
    transcription = Transcription(
        track="inbound_track", status_callback_url="/text", partial_results=True
    )
    _, app, caller = network({"/voice": (Start((transcription,)), Pause(60)), "/text": ""})
    caller.call(LINE)
    caller.say("Hello.", confidence=0.5)
    caller.hang_up()

    assert [final for _, _, final in transcribed(app)] == ["false", "true"]
    content = app.asked("/text")[1]["TranscriptionData"]
    assert json.loads(content)["confidence"] == 0.5


def test_two_people_who_talk_are_on_the_two_tracks() -> None:
    transcription = Transcription(status_callback_url="/text")
    exchange, app, caller = network(
        {"/voice": (Start((transcription,)), Dial((Number(CALLEE),))), "/text": ""}
    )
    other = exchange.phone(CALLEE)
    caller.call(LINE)
    other.answer()
    caller.say("Is it Paul?")
    other.say("It is.")
    caller.hang_up()

    assert transcribed(app) == [
        ("inbound_track", "Is it Paul?", "true"),
        ("outbound_track", "It is.", "true"),
    ]


# twiml/recording: "it immediately starts recording … [and] continues … the next instruction"
def test_the_call_is_recorded_from_here_on() -> None:
    recording = Recording("dual", recording_status_callback="/recorded")
    exchange, app, caller = network(
        {"/voice": (Start((recording,)), Say("This call is recorded."), Pause(60)), "/recorded": ""}
    )
    caller.call(LINE)
    exchange.wait(30)
    caller.hang_up()

    (done,) = app.asked("/recorded")
    assert done["RecordingDuration"] == "30"
    assert done["RecordingChannels"] == "2"
    assert done["RecordingSource"] == "StartCallRecordingTwiML"


def test_an_echo_lasts_until_the_caller_hangs_up() -> None:
    exchange, _, caller = network({"/voice": (Echo(), Say("Never."))})
    caller.call(LINE)
    caller.say("Can you hear me?")
    exchange.wait(3600)

    assert caller.in_call
    assert [(each.kind, each.text) for each in caller.heard] == [("person", "Can you hear me?")]
    caller.hang_up()


# errors/13801: "Refer not allowed on non-SIP call legs"
def test_only_a_sip_call_can_be_handed_over() -> None:
    exchange, app, caller = network(
        {"/voice": (Refer((Sip("sip:desk@acme.example"),), "/referred"),), "/referred": (Hangup(),)}
    )
    caller.call(LINE)
    assert caller.last_heard.startswith("We are sorry, an application error has occurred")
    assert [notice.code for notice in exchange.debugger] == [13801]
    caller.hang_up()

    soft = exchange.phone("sip:marie@helio.example")
    soft.call(LINE)

    (asked,) = app.asked("/referred")
    assert asked["ReferCallStatus"] == "completed"
    assert (asked["ReferSipResponseCode"], asked["NotifySipResponseCode"]) == ("202", "200")
    assert not soft.in_call
