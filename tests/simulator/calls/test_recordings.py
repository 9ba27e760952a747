"""Recordings on the simulated network: verbs, callbacks, the REST resource, the file."""

from __future__ import annotations

import io
import urllib.error
import urllib.request
import wave
from typing import Any

import pytest
from twilio.base.exceptions import TwilioRestException

from ivr.simulator import Exchange, Handset
from ivr.simulator.rest.serving.server import RestServer
from ivr.twiml.verbs import Conference, Dial, Enqueue, Gather, Number, Play, Queue, Record, Say
from tests.kit.twiml_app import CALLEE, LINE, App, network

EVENTS = "in-progress completed absent"
TOLD = {"recording_status_callback": "/told", "recording_status_callback_event": EVENTS}
STAYS = Gather(timeout=600)


def recording(*verbs: Any, **pages: Any) -> tuple[Exchange, App, Handset, Handset]:
    """A caller whose call begins with these verbs; the callee's phone exists."""
    documents = {"/voice": verbs, "/over": (STAYS,), "/told": ()}
    exchange, app, caller = network(documents | {f"/{k}": v for k, v in pages.items()})
    return exchange, app, caller, exchange.phone(CALLEE)


def told(app: App) -> list[tuple[str, str | None]]:
    """(status, duration) of each status callback."""
    return [(p["RecordingStatus"], p.get("RecordingDuration")) for p in app.asked("/told")]


# ---- <Record> ----------------------------------------------------------------------------------


# docs/voice/twiml/record: "trim-silence" is the default of trim; the action is told the length as
# it was, "the final value comes with recordingStatusCallback"
@pytest.mark.parametrize(("trim", "kept"), [("trim-silence", "2"), ("do-not-trim", "10")])
def test_silence_is_cut_off_its_ends_unless_told_otherwise(trim: str, kept: str) -> None:
    exchange, app, caller, _ = recording(Record(action="/over", timeout=5, trim=trim, **TOLD))
    caller.call(LINE)
    exchange.wait(3.5)
    caller.say("It takes two seconds to say so")
    exchange.wait(8)

    (over,) = app.asked("/over")
    assert over["RecordingDuration"] == "10"
    assert told(app) == [("in-progress", None), ("completed", kept)]


# "timeout: seconds of silence": it counts from the last word, not from the first
def test_silence_counts_from_the_last_word() -> None:
    exchange, app, caller, _ = recording(Record(action="/over", timeout=2))
    caller.call(LINE)
    exchange.wait(1)
    caller.say("x" * 60)
    exchange.wait(5.5)
    assert app.asked("/over") == []

    exchange.wait(0.6)
    assert len(app.asked("/over")) == 1


# "maxLength: the maximum length of the recording in seconds"
def test_a_recording_ends_in_the_middle_of_a_word_if_need_be() -> None:
    exchange, app, caller, _ = recording(Record(action="/over", max_length=3))
    caller.call(LINE)
    exchange.wait(1)
    caller.say("x" * 600)
    exchange.wait(3)

    assert app.asked("/over")[0]["RecordingDuration"] == "3"


# docs/voice/twiml/record#recordingstatuscallback: its parameters; no From, To or CallStatus
def test_what_the_status_callback_holds() -> None:
    exchange, app, caller, _ = recording(
        Record(action="/over", recording_status_callback="/told", play_beep=False)
    )
    caller.call(LINE)
    exchange.wait(2)
    caller.press("#")

    (over,) = app.asked("/over")
    (params,) = app.asked("/told")
    assert params == {
        "AccountSid": exchange.account_sid,
        "CallSid": caller.calls[0].sid,
        "RecordingSid": over["RecordingSid"],
        "RecordingUrl": over["RecordingUrl"],
        "RecordingStatus": "completed",
        "RecordingDuration": "2",
        "RecordingChannels": "1",
        "RecordingStartTime": "Tue, 24 Nov 2026 09:00:00 +0000",
        "RecordingSource": "RecordVerb",
        "RecordingTrack": "both",
        "ErrorCode": "0",
    }


# "absent: the call recording was too short to be processed"; errors/16101
def test_what_is_too_short_is_absent() -> None:
    exchange, app, caller, _ = recording(Record(action="/over", **TOLD))
    caller.call(LINE)
    exchange.wait(0.6)
    caller.press("#")

    assert told(app)[-1] == ("absent", "0")
    assert app.asked("/told")[-1]["ErrorCode"] == "16101"


def test_a_call_that_is_redirected_ends_its_recording() -> None:
    exchange, app, caller, _ = recording(Record(action="/none", **TOLD))
    caller.call(LINE)
    exchange.wait(4.5)
    exchange.client.calls(caller.calls[0].sid).update(url="https://line.test/over")
    exchange.wait(0)

    assert told(app)[-1] == ("completed", "4")
    assert app.asked("/none") == []


# ---- <Dial record> -----------------------------------------------------------------------------


# docs/voice/twiml/dial#record: from the answer, or from the ringing on; "dual" has two channels
@pytest.mark.parametrize(
    ("record", "seconds", "channels"),
    [
        ("record-from-answer", "20", 1),
        ("record-from-ringing", "24", 1),
        ("record-from-answer-dual", "20", 2),
        ("record-from-ringing-dual", "24", 2),
    ],
)
def test_a_dialled_call_is_recorded(record: str, seconds: str, channels: int) -> None:
    dial = Dial((Number(CALLEE),), action="/over", record=record, **TOLD)
    exchange, app, caller, callee = recording(dial)
    caller.call(LINE)
    exchange.wait(4)
    callee.answer()
    exchange.wait(20)
    callee.hang_up()

    (over,) = app.asked("/over")
    [made] = exchange.client.recordings.list()
    assert (over["RecordingSid"], over["RecordingUrl"]) == (made.sid, made.media_url)
    assert over["RecordingDuration"] == made.duration == seconds
    assert (made.channels, made.source) == (channels, "DialVerb")
    assert made.call_sid == caller.calls[0].sid
    assert told(app) == [("in-progress", None), ("completed", seconds)]


def test_a_call_that_nobody_answers_leaves_no_recording() -> None:
    dial = Dial((Number(CALLEE),), action="/over", record="record-from-answer")
    exchange, app, caller, callee = recording(dial)
    callee.will("busy")
    caller.call(LINE)

    assert not [name for name in app.asked("/over")[0] if name.startswith("Recording")]
    assert exchange.client.recordings.list() == []


def test_a_recorded_caller_who_hangs_up_ends_it() -> None:
    dial = Dial((Number(CALLEE),), action="/over", record="record-from-answer", **TOLD)
    exchange, app, caller, callee = recording(dial)
    caller.call(LINE)
    callee.answer()
    exchange.wait(7)
    caller.hang_up()

    assert app.asked("/over")[0]["RecordingDuration"] == "7"
    assert told(app)[-1] == ("completed", "7")


# One of the published documents: <Dial record="record-from-ringing-dual"><Conference>
@pytest.mark.parametrize("record", ["record-from-answer", "record-from-ringing-dual"])
def test_the_call_that_joins_a_conference_is_recorded_while_it_is_there(record: str) -> None:
    dial = Dial((Conference("a"),), "/over", hangup_on_star=True, record=record, **TOLD)
    exchange, app, caller, _ = recording(dial)
    caller.call(LINE)
    exchange.wait(7)
    caller.press("*")

    (over,) = app.asked("/over")
    assert (over["DialCallStatus"], over["RecordingDuration"]) == ("answered", "7")
    (kept,) = exchange.client.recordings.list()
    assert (kept.call_sid, kept.source) == (caller.calls[0].sid, "DialVerb")
    assert kept.channels == (2 if record.endswith("dual") else 1)


def test_the_call_that_takes_somebody_out_of_a_queue_is_recorded_while_they_talk() -> None:
    dial = Dial((Queue("a"),), "/over", record="record-from-answer", **TOLD)
    exchange, app, caller, callee = recording(dial)
    exchange.number(
        "+33800000002", App({"/wait": (Enqueue("a"),)}), "/wait", origin="https://q.test"
    )
    callee.call("+33800000002")
    caller.call(LINE)
    exchange.wait(5)
    callee.hang_up()

    assert app.asked("/over")[0]["RecordingDuration"] == "5"


# ---- <Conference record> -----------------------------------------------------------------------


def together(*rooms: Conference) -> tuple[Exchange, App, Handset, Handset]:
    """Two callers in a room, the second after 30 seconds."""
    left = list(rooms)
    exchange, app, caller, second = recording()
    app.pages["/voice"] = lambda _: (Dial((left.pop(0),), action="/over"),)
    caller.call(LINE)
    exchange.wait(30)
    second.call(LINE)
    return exchange, app, caller, second


RECORDED = Conference("a", end_on_exit=True, record="record-from-start", **TOLD)


# docs/voice/twiml/conference#record: "recording starts once the first two are bridged"
def test_a_conference_is_recorded_from_when_two_are_together() -> None:
    exchange, app, caller, second = together(RECORDED, Conference("a"))
    exchange.wait(12)
    caller.hang_up()

    [made] = exchange.client.recordings.list()
    [params] = [p for p in app.asked("/told") if p["RecordingStatus"] == "completed"]
    assert told(app) == [("in-progress", None), ("completed", "12")]
    assert params["ConferenceSid"] == made.conference_sid
    assert "CallSid" not in params
    assert made.source == params["RecordingSource"] == "Conference"
    assert second.in_call


# docs/voice/api/recording: "Use Twilio.CURRENT to reference the current active recording"
def test_a_conferences_recording_is_listed_paused_and_stopped() -> None:
    exchange, app, _, _ = together(RECORDED, Conference("a"))
    room = exchange.client.conferences(exchange.client.conferences.list()[0].sid)
    exchange.wait(5)

    assert room.recordings("Twilio.CURRENT").update(status="paused").status == "paused"
    exchange.wait(5)
    room.recordings("Twilio.CURRENT").update(status="in-progress")
    exchange.wait(5)
    room.recordings("Twilio.CURRENT").update(status="stopped")
    exchange.wait(5)

    [made] = room.recordings.list()
    assert (made.status, made.duration) == ("completed", "15")
    assert told(app)[-1] == ("completed", "15")
    room.recordings(made.sid).delete()
    assert room.recordings.list() == []


def test_a_conference_that_asks_for_nothing_is_not_recorded() -> None:
    exchange, _, _, _ = together(Conference("a"), Conference("a"))
    exchange.wait(5)

    assert exchange.client.recordings.list() == []


# ---- by REST -----------------------------------------------------------------------------------


@pytest.fixture
def call() -> tuple[Exchange, App, Handset, Any]:
    """A call that goes on, and Twilio's client on it."""
    exchange, app, caller, _ = recording(STAYS)
    caller.call(LINE)
    return exchange, app, caller, exchange.client.calls(caller.calls[0].sid)


Call = tuple[Exchange, App, Handset, Any]


def test_a_live_call_is_recorded(call: Call) -> None:
    exchange, app, caller, leg = call
    made = leg.recordings.create(
        recording_status_callback="https://line.test/told",
        recording_status_callback_event=["in-progress", "completed"],
        recording_channels="dual",
    )
    assert (made.status, made.source) == ("in-progress", "StartCallRecordingAPI")
    assert made.duration is None
    exchange.wait(9)
    caller.hang_up()

    assert told(app) == [("in-progress", None), ("completed", "9")]
    assert leg.recordings(made.sid).fetch().channels == 2
    assert [each.sid for each in leg.recordings.list()] == [made.sid]


# "silence will replace the actual audio, skip does not record during the pause period"
@pytest.mark.parametrize(("behaviour", "seconds"), [("silence", "9"), ("skip", "6")])
def test_a_pause_lasts_or_is_left_out(call: Call, behaviour: str, seconds: str) -> None:
    exchange, _, _, leg = call
    made = leg.recordings.create()
    exchange.wait(3)
    leg.recordings("Twilio.CURRENT").update(status="paused", pause_behavior=behaviour)
    exchange.wait(3)
    leg.recordings(made.sid).update(status="in-progress")
    exchange.wait(3)

    assert leg.recordings("Twilio.CURRENT").update(status="stopped").duration == seconds


REFUSED = [
    # errors/21220: "Calls that have completed cannot be recorded"
    (lambda c, leg, old: old.recordings.create(), 400, 21220),
    (lambda c, leg, old: leg.recordings("Twilio.CURRENT").update(status="paused"), 404, 20404),
    (lambda c, leg, old: leg.recordings("RE0").fetch(), 404, 20404),
    (lambda c, leg, old: leg.recordings("RE0").delete(), 404, 20404),
    (lambda c, leg, old: c.recordings("RE0").delete(), 404, 20404),
    (lambda c, leg, old: leg.recordings.create(recording_channels="three"), 400, 20001),
]


@pytest.mark.parametrize(("ask", "status", "code"), REFUSED)
def test_what_cannot_be_done_is_refused(ask: Any, status: int, code: int) -> None:
    exchange, _, caller, callee = recording(STAYS)
    callee.call(LINE)
    callee.hang_up()
    caller.call(LINE)
    leg, old = (exchange.client.calls(p.calls[0].sid) for p in (caller, callee))

    with pytest.raises(TwilioRestException) as caught:
        ask(exchange.client, leg, old)

    assert (caught.value.status, caught.value.code) == (status, code)


# errors/16108: "there is more than one active recording for the provided Call SID"
def test_the_current_one_of_two_is_unclear(call: Call) -> None:
    *_, leg = call
    leg.recordings.create()
    leg.recordings.create()

    with pytest.raises(TwilioRestException) as caught:
        leg.recordings("Twilio.CURRENT").update(status="stopped")

    assert caught.value.code == 16108


@pytest.mark.parametrize("status", ["paused", "completed"])
def test_a_recording_that_has_ended_stays_as_it_is(call: Call, status: str) -> None:
    exchange, _, _, leg = call
    made = leg.recordings.create()
    exchange.wait(3)
    leg.recordings(made.sid).update(status="stopped")
    exchange.wait(0)

    with pytest.raises(TwilioRestException):
        leg.recordings(made.sid).update(status=status)
    assert leg.recordings(made.sid).fetch().status == "completed"


def test_what_goes_on_is_not_deleted(call: Call) -> None:
    exchange, _, _, leg = call
    made = leg.recordings.create()

    with pytest.raises(TwilioRestException, match="in progress"):
        exchange.client.recordings(made.sid).delete()


def test_the_accounts_recordings_are_listed_newest_first(call: Call) -> None:
    exchange, _, caller, leg = call
    made = []
    for _ in range(3):
        made.append(leg.recordings.create().sid)
        exchange.wait(2)
        leg.recordings("Twilio.CURRENT").update(status="stopped")
    everything = exchange.client.recordings

    assert [each.sid for each in everything.list()] == made[::-1]
    assert len(everything.list(call_sid=caller.calls[0].sid)) == 3
    assert everything.list(call_sid="CA0") == []


# ---- the file ----------------------------------------------------------------------------------


# docs/voice/api/recording#fetch-a-recordings-media-file: without an ending it is WAV
@pytest.mark.parametrize("ending", ["", ".wav"])
def test_the_file_is_silence_of_that_length_until_it_is_deleted(call: Call, ending: str) -> None:
    exchange, _, _, leg = call
    made = leg.recordings.create()
    exchange.wait(4)
    leg.recordings(made.sid).update(status="stopped")
    exchange.wait(0)
    with RestServer(exchange.api) as server:
        url = exchange.client.recordings(made.sid).fetch().media_url + ending
        url = url.replace("https://api.twilio.com", server.url)
        with urllib.request.urlopen(url) as answer, wave.open(io.BytesIO(answer.read())) as file:
            assert answer.headers["Content-Type"] == "audio/x-wav"
            assert file.getnframes() / file.getframerate() == 4

        exchange.client.recordings(made.sid).delete()
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(url)
        assert caught.value.code == 404
        caught.value.close()


def test_a_recording_is_played_for_as_long_as_it_is() -> None:
    pages = {"kept": lambda p: (Play(p["RecordingUrl"]), Say("That was you"), STAYS)}
    exchange, _, caller, _ = recording(Record(action="/kept", timeout=20), **pages)
    caller.call(LINE)
    exchange.wait(12)
    caller.press("#")
    exchange.wait(10)
    assert caller.last_heard == ""

    exchange.wait(2)
    assert caller.last_heard == "That was you"


# ---- silence


VOICEMAIL = {
    "/voice": "<Response><Record action='/recorded' timeout='3'/><Say>Nothing was recorded</Say>"
    "</Response>",
    "/recorded": "<Response><Say>Recorded</Say></Response>",
}


# "Silent recordings are kept" (accounts of today), or debugger 16102 and the next verb runs
@pytest.mark.parametrize(
    ("setting", "says", "heard", "noted"),
    [
        ("kept", "", "Recorded", False),
        ("dropped", "", "Nothing was recorded", True),
        ("dropped", "Hello", "Recorded", False),
    ],
)
def test_whether_a_silent_recording_is_kept_is_the_accounts_setting(
    setting: str, says: str, heard: str, noted: bool
) -> None:
    exchange, app, caller = network(VOICEMAIL)
    exchange.silent_recordings = setting
    caller.call(LINE)
    exchange.wait(1)
    if says:
        caller.say(says)
    exchange.wait(6)

    assert caller.last_heard == heard
    assert ("/recorded" in app.paths) == (heard == "Recorded")
    assert (16102 in [each.code for each in exchange.debugger]) == noted


def test_who_says_nothing_and_hangs_up_leaves_nothing_where_silence_is_dropped() -> None:
    exchange, app, caller = network(VOICEMAIL)
    exchange.silent_recordings = "dropped"
    caller.call(LINE)
    exchange.wait(1)
    caller.hang_up()
    exchange.wait(1)

    assert app.paths == ["/voice"]


def test_a_setting_that_there_is_not_is_refused() -> None:
    with pytest.raises(ValueError, match="kept or dropped, not lost"):
        network(VOICEMAIL)[0].silent_recordings = "lost"
