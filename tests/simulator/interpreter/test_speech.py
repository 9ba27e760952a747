"""Speech: recognised, partly recognised, written down; and how long it takes to say things."""

from __future__ import annotations

from typing import Any

import pytest

from ivr.simulator import Handset
from ivr.twiml.verbs import Conference, Dial, Gather, Hangup, Number, Pause, Record, Say
from tests.kit.twiml_app import CALLEE, LINE, App, network

ASK = Say("How may we help you today?")


def asked(gather: Gather, **pages: Any) -> tuple[Any, App, Handset]:
    exchange, app, caller = network(
        {"/voice": (gather, Say("Nothing.")), "/said": (Hangup(),), "/partly": "", **pages}
    )
    caller.call(LINE)
    return exchange, app, caller


# twiml/gather: "SpeechResult … Confidence: between 0.0 and 1.0"
def test_what_was_said_comes_with_how_sure_it_is() -> None:
    _, app, caller = asked(Gather("/said", input="speech", speech_timeout="auto", verbs=(ASK,)))
    caller.say("My server is down", confidence=0.42)

    assert app.asked("/said")[0]["SpeechResult"] == "My server is down"
    assert app.asked("/said")[0]["Confidence"] == "0.42"
    assert "Digits" not in app.asked("/said")[0]


# "partialResultCallback: … requests in real time … UnstableSpeechResult"
def test_partial_results_come_while_the_person_speaks() -> None:
    gather = Gather(
        "/said",
        input="speech",
        speech_timeout="3",
        verbs=(ASK,),
        partial_result_callback="/partly",
    )
    exchange, app, caller = asked(gather)
    caller.say("My server")
    exchange.wait(1)
    caller.say("is down")
    assert app.asked("/said") == []
    exchange.wait(4)

    partly = [
        (each["SequenceNumber"], each["StableSpeechResult"], each["UnstableSpeechResult"])
        for each in app.asked("/partly")
    ]
    assert partly == [("0", "", "My server"), ("1", "My server", "is down")]
    assert app.asked("/said")[0]["SpeechResult"] == "My server is down"


# "max speech 60 s"
def test_whoever_speaks_on_and_on_is_cut_short_after_a_minute() -> None:
    gather = Gather("/said", input="speech", speech_timeout="5", verbs=(ASK,))
    exchange, app, caller = asked(gather)
    for number in range(15):
        caller.say(f"and {number}") if caller.listening else None
        exchange.wait(4.5)

    (said,) = app.asked("/said")
    assert said["SpeechResult"].endswith("and 13")  # begun 58.5 s after the first word


# "any TwiML answer is ignored"
def test_what_partial_results_are_answered_with_is_ignored() -> None:
    gather = Gather(
        "/said", input="speech", speech_timeout="auto", partial_result_callback="/partly"
    )
    exchange, app, caller = asked(gather, **{"/partly": (Say("Ignore me."),)})
    caller.say("Hello")

    assert len(app.asked("/partly")) == 1
    assert not caller.in_call
    assert exchange.debugger == []


# "bargeIn: stop playing media upon speech"
def test_without_barge_in_speech_doesnt_stop_the_prompt_but_a_key_does() -> None:
    gather = Gather(
        "/said", input="dtmf speech", num_digits=1, barge_in=False, verbs=(ASK, Say("Speak now."))
    )
    exchange, app, caller = asked(gather)
    caller.say("Hello")
    exchange.wait(2)
    assert caller.last_heard == "Speak now."
    caller.press("1")

    assert [each["Digits"] for each in app.asked("/said")] == ["1"]


# "once speech begins, finishOnKey is ignored"
def test_a_key_after_speech_changes_nothing() -> None:
    exchange, app, caller = asked(Gather("/said", input="dtmf speech", speech_timeout="2"))
    caller.say("Hello")
    caller.press("#")
    exchange.wait(3)

    assert [each["SpeechResult"] for each in app.asked("/said")] == ["Hello"]


# ---- written down afterwards

RECORD = Record(action="/done", transcribe=True, transcribe_callback="/text", max_length=120)


def recorded(verb: Record) -> tuple[Any, App, Handset]:
    exchange, app, caller = network({"/voice": (verb,), "/done": (Hangup(),), "/text": ""})
    caller.call(LINE)
    exchange.wait(1)
    return exchange, app, caller


# twiml/record: "transcribeCallback … TranscriptionText, TranscriptionStatus completed or failed"
def test_a_message_is_written_down() -> None:
    exchange, app, caller = recorded(RECORD)
    caller.say("Please call me back about the outage.")
    exchange.wait(2)
    caller.say("It is urgent.")
    exchange.wait(2)
    caller.press("#")
    assert app.asked("/text") == []
    exchange.wait(30)

    (text,) = app.asked("/text")
    assert text["TranscriptionText"] == "Please call me back about the outage. It is urgent."
    assert text["TranscriptionStatus"] == "completed"
    assert text["TranscriptionSid"].startswith("TR")
    assert text["RecordingSid"] == app.asked("/done")[0]["RecordingSid"]
    assert text["From"] == caller.number  # this one has the standard parameters


def test_who_hangs_up_is_written_down_too() -> None:
    exchange, app, caller = recorded(RECORD)
    caller.say("Please call me back about the outage.")
    exchange.wait(3)
    caller.hang_up()
    exchange.wait(30)

    assert [each["TranscriptionStatus"] for each in app.asked("/text")] == ["completed"]


def test_keys_alone_are_no_text() -> None:
    exchange, app, caller = recorded(
        Record("/done", transcribe=True, transcribe_callback="/text", finish_on_key="#")
    )
    for _ in range(4):
        caller.press("1")
        exchange.wait(1)
    caller.press("#")
    exchange.wait(30)

    assert [each["TranscriptionStatus"] for each in app.asked("/text")] == ["failed"]


# "transcribe: … 2 to 120 seconds"; errors/13617
def test_too_short_a_message_isnt_written_down() -> None:
    exchange, app, caller = recorded(RECORD)
    caller.say("Oh.")
    caller.press("#")
    exchange.wait(30)

    assert app.asked("/text") == []
    assert [notice.code for notice in exchange.debugger] == [13617]


# ---- in a room


# twiml/conference: statusCallbackEvent "speaker": participant-speech-start, -stop
def test_who_speaks_in_a_room_is_told() -> None:
    room = Conference("r", status_callback="/room", status_callback_event="speaker")
    exchange, app, caller = network({"/voice": (Dial((room,)),), "/room": ""})
    other = exchange.phone(CALLEE)
    caller.call(LINE)
    caller.say("Nobody hears this.")
    other.call(LINE)
    caller.say("Good morning, everybody.")
    exchange.wait(5)
    caller.hang_up()
    other.hang_up()

    assert [(e["StatusCallbackEvent"], e["CallSid"]) for e in app.asked("/room")] == [
        ("participant-speech-start", caller.calls[0].sid),
        ("participant-speech-stop", caller.calls[0].sid),
    ]


# ---- how long it takes


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("<Say>One two three four five six.</Say>", 1.867),
        ('<Say>One two three<break time="2s"/> four five six.</Say>', 3.867),
        ('<Say><prosody rate="50%">One two three four five six.</prosody></Say>', 3.733),
        ('<Say><prosody rate="x-fast">One two three four five six.</prosody></Say>', 1.067),
        ('<Say language="ja-JP">こんにちは、皆さん。</Say>', 1.429),
    ],
)
def test_saying_takes_its_time_by_language_breaks_and_rate(said: str, seconds: float) -> None:
    exchange, app, caller = network(
        {"/voice": f"<Response>{said}<Redirect>/next</Redirect></Response>", "/next": (Pause(9),)}
    )
    caller.call(LINE)
    began = exchange.clock.now()
    exchange.wait_until(lambda: app.asked("/next"))

    assert (exchange.clock.now() - began).total_seconds() == pytest.approx(seconds, abs=0.001)
    caller.hang_up()


def test_a_softphone_is_told_the_parameters() -> None:
    exchange, _, caller = network(
        {
            "/voice": "<Response><Dial><Client>op1<Parameter name='case' value='C17349013'/>"
            "</Client></Dial></Response>"
        }
    )
    soft = exchange.phone("client:op1")
    caller.call(LINE)

    assert soft.parameters == {"case": "C17349013"}
    caller.hang_up()
    assert not soft.ringing


def test_a_number_has_no_parameters() -> None:
    exchange, _, caller = network({"/voice": (Dial((Number(CALLEE),)),)})
    callee = exchange.phone(CALLEE)
    caller.call(LINE)

    assert callee.parameters == {}
    caller.hang_up()
