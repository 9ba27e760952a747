"""Video rooms: telephones join people who are in front of a screen."""

from __future__ import annotations

import pytest

from ivr.errors import CallError
from ivr.simulator import Exchange
from ivr.simulator.dialogues import parse, play
from tests.kit.twiml_app import CALLEE, LINE, App, network, said

STANDUP = "<Response><Connect action='/after'><Room>DailyStandup</Room></Connect></Response>"
ALICE = (
    "<Response><Connect><Room participantIdentity='alice'>\n DailyStandup\n</Room></Connect>"
    "<Say>That was the meeting.</Say></Response>"
)


def meets(voice: str = ALICE) -> tuple[Exchange, App]:
    exchange, app, _ = network({"/voice": voice, "/after": "<Response><Say>Bye.</Say></Response>"})
    return exchange, app


# connect/room: "allows you to connect to a named Programmable Video Room and talk with other
# participants who are connected to that Room"
def test_a_caller_and_people_in_front_of_screens_talk() -> None:
    exchange, _ = meets()
    bob, carol = exchange.phone("client:bob"), exchange.phone("client:carol")
    bob.join("DailyStandup")
    carol.join("DailyStandup")
    caller = exchange.phone(CALLEE)
    caller.call(LINE)

    assert exchange.room("DailyStandup").identities == ["bob", "carol", "alice"]
    assert caller.connected_to == {bob, carol}
    caller.say("Good morning.")
    bob.say("Morning.")
    assert bob.heard[-1].text == "Good morning."
    assert [each.text for each in caller.heard] == ["Morning."]
    assert [each.text for each in carol.heard] == ["Good morning.", "Morning."]
    bob.hang_up()
    carol.hang_up()
    caller.hang_up()
    exchange.strict()


# "If an in-progress Video Room with that unique name does not exist for your account, Twilio will
# move to the next set of TwiML instructions you have provided"
def test_without_such_a_room_the_next_verb_follows_and_the_debugger_says_why() -> None:
    exchange, _ = meets()
    caller = exchange.phone(CALLEE)
    caller.call(LINE)
    exchange.wait(5)

    assert said(caller) == ["That was the meeting."]
    (notice,) = exchange.debugger
    assert notice.text == (
        'no video room "DailyStandup" is in progress; exchange.room("DailyStandup") opens one'
    )


# connect: "When the <Connect> verb ends, Twilio sends an HTTP request to this URL"
def test_the_action_is_requested_when_the_room_ends() -> None:
    exchange, app = meets(STANDUP)
    room = exchange.room("DailyStandup")
    caller = exchange.phone(CALLEE)
    caller.call(LINE)
    # "If you don't set the participantIdentity, then Twilio will assign a unique string value"
    (identity,) = room.identities
    assert identity.startswith("PA")
    room.end()
    exchange.wait(3)

    assert room.status == "completed"
    assert len(app.asked("/after")) == 1
    assert said(caller) == ["Bye."]
    exchange.strict()


# video/api/status-callbacks: "both the unused room timeout and empty room timeout values are 5
# minutes by default"
def test_an_empty_room_ends_after_five_minutes_and_says_what_happened() -> None:
    exchange, app, caller = network({"/voice": ALICE, "/room": ""})
    room = exchange.room("DailyStandup", status_callback="https://line.test/room")
    caller.call(LINE)
    exchange.wait(600)
    assert room.status == "in-progress"
    caller.hang_up()
    exchange.wait(299)
    assert room.status == "in-progress"
    exchange.wait(2)

    told = app.asked("/room")
    assert [each["StatusCallbackEvent"] for each in told] == [
        "room-created",
        "participant-connected",
        "participant-disconnected",
        "room-ended",
    ]
    assert told[1]["ParticipantIdentity"] == "alice"
    assert told[2]["ParticipantDuration"] == "600"
    assert (told[3]["RoomStatus"], told[3]["RoomDuration"]) == ("completed", "900")
    exchange.strict()


# errors/53205: "Participant disconnected because of duplicate identity"
def test_a_second_participant_of_the_same_identity_puts_the_first_one_out() -> None:
    exchange, _ = meets()
    first, second = exchange.phone(CALLEE), exchange.phone("+33155500012")
    exchange.room("DailyStandup")
    first.call(LINE)
    second.call(LINE)
    exchange.wait(5)

    assert said(first) == ["That was the meeting."]
    assert second.in_call
    assert [each.code for each in exchange.debugger] == [53205]


def test_someone_in_front_of_a_screen_who_is_put_out_learns_why() -> None:
    exchange, _ = meets()
    bob = exchange.phone("client:bob")
    bob.join("DailyStandup")
    exchange.room("DailyStandup").end()
    exchange.wait(1)

    assert not bob.in_call
    assert bob.calls[0].because == "the room DailyStandup is over"


def test_the_history_knows_who_could_hear_each_other() -> None:
    exchange, _ = meets()
    bob, caller = exchange.phone("client:bob"), exchange.phone(CALLEE)
    bob.join("DailyStandup")
    exchange.wait(10)
    caller.call(LINE)
    exchange.wait(20)
    caller.hang_up()

    assert [each.what for each in exchange.history].count("started") == 1
    (span,) = exchange.history.together(bob.calls[0].sid, caller.calls[0].sid)
    assert span.until is not None
    assert (span.until - span.since).total_seconds() == 20


def test_only_people_in_front_of_a_screen_join_by_themselves() -> None:
    exchange, _ = meets()

    with pytest.raises(CallError, match=r"\+33155500011 can't join a room: only a client:NAME can"):
        exchange.phone(CALLEE).join("DailyStandup")
    assert exchange.client.calls.list() == []


def test_a_dialogue_has_people_in_rooms() -> None:
    exchange, _ = meets()
    text = f"""\
from +33155500101 to {LINE}
phone bob client:bob
bob > join DailyStandup
> call
< (connected to bob)
> say "Hello, Bob"
bob < (connected to caller)
bob > hang up
< (connected to nobody)
> hang up
"""
    play(parse(text), exchange)
    exchange.strict()
