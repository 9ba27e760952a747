"""Conferences: who waits, who talks, who is thrown out, who is told."""

from __future__ import annotations

from typing import Any

import pytest
from twilio.base.exceptions import TwilioRestException

from ivr.simulator import Exchange, Handset
from ivr.twiml.verbs import Conference, Dial, Gather, Redirect, Say
from tests.kit.twiml_app import CALLEE, LINE, App, network, said

ALL = "start end join leave mute hold modify announcement"
ROOM = Conference("Room 1", beep="false", status_callback="/told", status_callback_event=ALL)


def meeting(*rooms: Conference, **pages: Any) -> tuple[Exchange, App, list[Handset]]:
    """The n-th caller enters by the n-th noun (the last one for all further callers)."""
    left = list(rooms)

    def voice(_params: Any) -> Any:
        noun = left.pop(0) if len(left) > 1 else left[0]
        return (Dial((noun,), action="/over", hangup_on_star=True), Say("Next"))

    documents = {"/voice": voice, "/over": (Say("Over"), Gather(timeout=60)), "/told": ()}
    exchange, app, _ = network(documents | {f"/{k}": v for k, v in pages.items()})
    return exchange, app, [exchange.phone(f"+3315550020{i}") for i in range(4)]


def events(app: App) -> list[str]:
    return [params["StatusCallbackEvent"] for params in app.asked("/told")]


def test_two_people_meet() -> None:
    exchange, app, (anna, bert, *_) = meeting(ROOM)
    anna.call(LINE)
    assert [u.kind for u in anna.heard] == ["music"]
    assert anna.connected_to == set()

    bert.call(LINE)
    assert anna.connected_to == {bert}
    assert bert.heard == []

    exchange.wait(30)
    bert.hang_up()
    anna.hang_up()
    assert events(app) == [
        "participant-join",
        "participant-join",
        "conference-start",
        "participant-leave",
        "participant-leave",
        "conference-end",
    ]


# "No From/To/CallStatus" in a conference's callback; participant events say who and how
def test_what_a_conferences_callback_holds() -> None:
    exchange, app, (anna, *_) = meeting(ROOM)
    anna.call(LINE)

    (told,) = app.asked("/told")
    assert told == {
        "AccountSid": exchange.account_sid,
        "CallSid": anna.calls[0].sid,
        "Coaching": "false",
        "ConferenceSid": exchange.conferences.open("Room 1").sid,
        "EndConferenceOnExit": "false",
        "FriendlyName": "Room 1",
        "Hold": "false",
        "Muted": "false",
        "SequenceNumber": "1",
        "StartConferenceOnEnter": "true",
        "StatusCallbackEvent": "participant-join",
        "Timestamp": "Tue, 24 Nov 2026 09:00:00 +0000",
    }


# "URL and events are taken from the first participant; later participants' values are ignored"
def test_the_first_participants_callback_counts() -> None:
    quiet = Conference("Room 1", beep="false")

    _, app, (anna, bert, *_) = meeting(quiet, ROOM)
    anna.call(LINE)
    bert.call(LINE)

    assert app.asked("/told") == []


# "starts when at least 2 participants are there and one entered with startConferenceOnEnter"
def test_nothing_starts_without_a_moderator() -> None:
    listener = Conference("Room 1", beep="false", start_on_enter=False)
    _, _, (anna, bert, chef, _) = meeting(listener, listener, Conference("Room 1", beep="false"))
    anna.call(LINE)
    bert.call(LINE)
    assert anna.connected_to == set()

    chef.call(LINE)

    assert anna.connected_to == {bert, chef}


# "endConferenceOnExit participant leaves: everybody is removed; each Dial continues: answered"
def test_when_the_moderator_leaves_all_have_to() -> None:
    exchange, app, (anna, bert, *_) = meeting(ROOM, Conference("Room 1", end_on_exit=True))
    anna.call(LINE)
    bert.call(LINE)

    bert.hang_up()

    assert anna.last_heard == "Over"
    assert exchange.conferences.named("Room 1") is None
    told = app.asked("/told")
    assert told[-2]["ReasonParticipantLeft"] == "moderator_ended_conference"
    assert told[-1]["ReasonConferenceEnded"] == "participant-with-end-conference-on-exit-left"
    assert told[-1]["CallSidEndingConference"] == bert.calls[0].sid
    over = app.asked("/over")[-1]
    assert over["DialCallStatus"] == "answered"
    assert "DialCallSid" not in over
    assert "DialCallDuration" not in over


# "hangupOnStar: the way out"; DialCallStatus answered
def test_a_star_leaves_the_room() -> None:
    _, app, (anna, bert, *_) = meeting(ROOM)
    anna.call(LINE)
    bert.call(LINE)

    bert.press("*")

    assert bert.last_heard == "Over"
    assert anna.connected_to == set()
    assert app.asked("/over")[0]["DialCallStatus"] == "answered"


# "same name later: a new ConferenceSid"
def test_a_room_ends_when_it_is_empty() -> None:
    _, app, (anna, *_) = meeting(ROOM)
    for _ in range(2):
        anna.call(LINE)
        anna.hang_up()

    sids = [params["ConferenceSid"] for params in app.asked("/told")]
    assert len(set(sids)) == 2


# "waitUrl: when it runs out of verbs: silence, not asked for again"
def test_a_wait_document_ends_in_silence() -> None:
    room = Conference("Room 1", wait_url="/wait")
    exchange, app, (anna, *_) = meeting(room, wait=(Say("Soon"),))
    anna.call(LINE)
    exchange.wait(60)

    assert said(anna) == ["Soon"]
    assert app.asked("/wait")[0]["ConferenceSid"].startswith("CF")
    assert anna.in_call


def test_a_wait_document_stops_when_the_conference_starts() -> None:
    room = Conference("Room 1", wait_url="/wait", beep="false")
    exchange, _, (anna, bert, *_) = meeting(room, wait=(Say("Soon"), Redirect()))
    anna.call(LINE)
    exchange.wait(10)
    bert.call(LINE)
    heard = len(anna.heard)

    exchange.wait(60)

    assert len(anna.heard) == heard
    assert anna.connected_to == {bert}


# "If it fails the conference isn't established and the call goes on"
def test_a_wait_document_that_fails_ends_the_dial() -> None:
    exchange, app, (anna, *_) = meeting(Conference("Room 1", wait_url="/wait"), wait="<bad")

    anna.call(LINE)

    assert app.asked("/over")[0]["DialCallStatus"] == "failed"
    assert exchange.conferences.named("Room 1") is None


# "waitUrl '' = silence"
def test_no_wait_url_is_silence() -> None:
    _, _, (anna, *_) = meeting(Conference("Room 1", wait_url=""))

    anna.call(LINE)

    assert anna.heard == []


@pytest.mark.parametrize(
    ("beep", "tones"), [("true", 2), ("onEnter", 1), ("onExit", 1), ("false", 0)]
)
def test_a_beep_when_somebody_comes_or_goes(beep: str, tones: int) -> None:
    room = Conference("Room 1", beep=beep, wait_url="")
    _, _, (anna, bert, chef, _) = meeting(Conference("Room 1", beep="false", wait_url=""), room)
    anna.call(LINE)
    chef.call(LINE)
    before = len(anna.heard)
    bert.call(LINE)
    bert.hang_up()

    assert [u.kind for u in anna.heard[before:]] == ["tone"] * tones


# "maxParticipants"
def test_a_full_room_takes_nobody() -> None:
    _, app, (anna, bert, chef, _) = meeting(Conference("Room 1", max_participants=2, beep="false"))
    for phone in (anna, bert, chef):
        phone.call(LINE)

    assert anna.connected_to == {bert}
    assert app.asked("/over")[0]["DialCallStatus"] == "failed"


# errors/16025: a label is unique in its conference
def test_a_label_is_unique() -> None:
    exchange, _, (anna, bert, *_) = meeting(Conference("Room 1", label="same"))
    anna.call(LINE)
    bert.call(LINE)

    assert [notice.code for notice in exchange.debugger] == [16025]


# ---- by REST -----------------------------------------------------------------------------------


@pytest.fixture
def talk() -> Any:
    pages = {
        "hold": (Say("Please hold"), Redirect()),
        "say": (Say("Attention"),),
        "bad": "<bad",
    }
    exchange, app, (anna, bert, *_) = meeting(ROOM, **pages)
    anna.call(LINE)
    bert.call(LINE)
    room = exchange.client.conferences(exchange.conferences.open("Room 1").sid)
    return exchange, app, anna, bert, room, room.participants(anna.calls[0].sid)


def test_a_participant_is_held_and_comes_back(talk: Any) -> None:
    exchange, app, anna, bert, _, participant = talk

    assert participant.update(hold=True, hold_url="https://line.test/hold").hold is True
    assert app.asked("/hold") == []  # a REST request never calls an application
    exchange.wait(3)
    assert anna.last_heard == "Please hold"
    assert anna.connected_to == bert.connected_to == set()

    assert participant.update(hold=False).hold is False
    exchange.wait(0)
    assert anna.connected_to == {bert}
    assert events(app)[-2:] == ["participant-hold", "participant-unhold"]


# "HoldMethod: GET by default"
# "EndConferenceOnExit changed while a participant is on hold has no effect until the hold ends"
@pytest.mark.parametrize(("resumed", "goes_on"), [(False, True), (True, False)])
def test_end_on_exit_that_is_changed_on_hold_counts_once_the_hold_ends(
    talk: Any, resumed: bool, goes_on: bool
) -> None:
    exchange, app, anna, bert, _, participant = talk
    participant.update(hold=True)
    assert participant.update(end_conference_on_exit=True).end_conference_on_exit is True
    if resumed:
        participant.update(hold=False)
    exchange.wait(1)

    anna.hang_up()
    exchange.wait(0)

    assert bert.in_call
    assert (bert.last_heard != "Over") is goes_on
    assert ("conference-end" not in events(app)) is goes_on


def test_hold_music_is_asked_for_by_get(talk: Any) -> None:
    exchange, _, _, _, _, participant = talk
    participant.update(hold=True, hold_url="https://line.test/hold")
    exchange.wait(0)

    assert exchange.requests[-1].method == "GET"


def test_a_muted_participant_talks_to_nobody(talk: Any) -> None:
    exchange, app, anna, bert, _, participant = talk

    participant.update(muted=True)
    assert anna.connected_to == bert.connected_to == set()
    participant.update(muted=False)
    exchange.wait(0)

    assert anna.connected_to == {bert}
    assert events(app)[-2:] == ["participant-mute", "participant-unmute"]


def test_an_announcement_to_one(talk: Any) -> None:
    exchange, app, anna, bert, _, participant = talk

    participant.update(announce_url="https://line.test/say")
    exchange.wait(0)
    assert (anna.last_heard, bert.last_heard) == ("Attention", "")
    exchange.wait(5)

    assert anna.connected_to == {bert}
    assert events(app)[-1] == "announcement-end"


def test_an_announcement_to_all_is_fetched_once(talk: Any) -> None:
    exchange, app, anna, bert, room, _ = talk

    room.update(announce_url="https://line.test/say")
    exchange.wait(5)

    assert anna.last_heard == bert.last_heard == "Attention"
    assert len(app.asked("/say")) == 1
    assert events(app).count("announcement-end") == 1


def test_an_announcement_that_fails(talk: Any) -> None:
    exchange, app, anna, bert, room, participant = talk

    participant.update(announce_url="https://line.test/bad")
    room.update(announce_url="https://line.test/bad")
    exchange.wait(0)

    assert events(app)[-2:] == ["announcement-fail", "announcement-fail"]
    assert anna.connected_to == {bert}


# "DELETE = kick"; the Dial goes on
def test_a_participant_is_put_out(talk: Any) -> None:
    exchange, app, anna, _, room, participant = talk

    participant.delete()
    exchange.wait(0)

    assert anna.last_heard == "Over"
    left = [p for p in app.asked("/told") if p["StatusCallbackEvent"] == "participant-leave"]
    assert left[0]["ReasonParticipantLeft"] == "participant_updated_via_api"
    assert len(room.participants.list()) == 1


def test_a_conference_is_ended(talk: Any) -> None:
    exchange, app, anna, bert, room, _ = talk

    room.update(status="completed")
    exchange.wait(0)

    assert anna.last_heard == bert.last_heard == "Over"
    assert app.asked("/told")[-1]["ReasonConferenceEnded"] == "conference-ended-via-api"
    assert room.fetch().status == "completed"
    assert room.fetch().reason_conference_ended == "conference-ended-via-api"
    assert room.participants.list() == []


def test_a_third_person_is_rung_and_joins(talk: Any) -> None:
    exchange, _, anna, bert, room, _ = talk
    operator = exchange.phone("client:op1")

    made = room.participants.create(from_=LINE, to="client:op1", label="op", beep="false")
    assert (made.status, made.label) == ("queued", "op")
    exchange.wait(0)
    assert room.participants("op").fetch().status == "ringing"
    operator.answer()

    assert operator.connected_to == {anna, bert}
    assert room.participants("op").fetch().status == "connected"
    room.participants("op").update(end_conference_on_exit=True)
    operator.hang_up()
    assert not exchange.conferences.named("Room 1")


def test_a_room_can_be_made_by_inviting_somebody_by_its_name() -> None:
    exchange, app, (anna, *_) = meeting(ROOM)
    operator = exchange.phone("client:op1")
    exchange.client.conferences("Room 1").participants.create(
        from_=LINE,
        to="client:op1",
        beep="false",
        conference_status_callback="https://line.test/told",
    )
    exchange.wait(0)
    operator.answer()
    anna.call(LINE)

    assert operator.connected_to == {anna}
    assert events(app) == ["conference-start"]


# "A REST redirect of a parent in <Dial>: the Dial's action is requested first, its answer unused,
# then the new URL"
def test_a_redirected_participant_leaves_by_way_of_the_action(talk: Any) -> None:
    exchange, app, anna, bert, _, _ = talk

    exchange.client.calls(anna.calls[0].sid).update(url="https://line.test/say")
    exchange.wait(0)

    assert anna.last_heard == "Attention"
    assert bert.connected_to == set()
    [over] = app.asked("/over")
    assert (over["CallSid"], over["DialCallStatus"]) == (anna.calls[0].sid, "answered")
    assert app.paths.index("/over") < app.paths.index("/say")


# ---- coaching


# twiml/conference#coach: "the coach can be heard only by the agent who is being coached"
def test_a_coach_is_heard_by_one_person_only(talk: Any) -> None:
    exchange, _, anna, bert, room, _ = talk
    carla = exchange.phone("+33155500103")
    room.participants.create(
        to=carla.number,
        from_=LINE,
        coaching=True,
        call_sid_to_coach=anna.calls[0].sid,
        label="coach",
    )
    exchange.wait(1)
    carla.answer()
    exchange.wait(1)

    assert carla.connected_to == {anna}
    assert bert.connected_to == {anna, carla}  # the coach hears everybody
    carla.say("Ask for the serial number.")
    assert [each.text for each in anna.heard if each.kind == "person"] == [
        "Ask for the serial number."
    ]
    assert not [each for each in bert.heard if each.kind == "person"]
    shown = room.participants("coach").fetch()
    assert (shown.coaching, shown.call_sid_to_coach) == (True, anna.calls[0].sid)
    assert [each.label for each in room.participants.list(coaching=True)] == ["coach"]

    room.participants("coach").update(coaching=False)
    assert carla.connected_to == {anna, bert}
    room.participants("coach").update(coaching=True, call_sid_to_coach=bert.calls[0].sid)
    assert carla.connected_to == {bert}
    for phone in (anna, bert, carla):
        phone.hang_up()


def test_nobody_can_be_coached_who_is_not_there(talk: Any) -> None:
    _, _, anna, bert, room, participant = talk
    with pytest.raises(TwilioRestException, match="CallSidToCoach CA1 is not in"):
        participant.update(coaching=True, call_sid_to_coach="CA1")
    with pytest.raises(TwilioRestException, match="CallSidToCoach"):
        room.participants.create(to=CALLEE, from_=LINE, coaching=True)
    anna.hang_up()
    bert.hang_up()


# errors/16028: "participant to be whispered is not present in the conference"
def test_a_coach_by_twiml_needs_somebody_to_coach() -> None:
    somebody = "CA" + "0" * 32
    exchange, _, caller = network(
        {"/voice": (Dial((Conference("r", coach=somebody),)), Say("Nobody to coach."))}
    )
    caller.call(LINE)

    assert caller.last_heard == "Nobody to coach."
    assert [notice.code for notice in exchange.debugger] == [16028]
    caller.hang_up()


def test_a_conference_is_recorded_because_an_invitation_asks_for_it(talk: Any) -> None:
    exchange, _, anna, bert, room, _ = talk
    carla = exchange.phone("+33155500103")
    carla.will("answer")
    room.participants.create(to=carla.number, from_=LINE, conference_record="true")
    exchange.wait(10)
    for phone in (anna, bert, carla):
        phone.hang_up()
    exchange.wait(1)

    [recording] = exchange.client.recordings.list()
    assert (recording.source, recording.duration) == ("Conference", "10")
