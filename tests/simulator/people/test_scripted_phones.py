"""Telephones that answer by themselves: machines, people who speak, hang up, or type slowly."""

from __future__ import annotations

from typing import Any

import pytest

from ivr.simulator import Exchange, Handset
from ivr.simulator.dialogues import CallRecord, parse, play, update, write
from ivr.simulator.expectations.phones import phone_line
from ivr.simulator.expectations.syntax import Dialogue
from ivr.twiml.verbs import (
    Conference,
    Dial,
    Enqueue,
    Gather,
    Hangup,
    Number,
    Pause,
    Queue,
    Record,
    Say,
)
from tests.kit.twiml_app import CALLEE, CALLER, LINE, network, said

ASKS = Gather(action="/said", input="dtmf speech", timeout=5, verbs=(Say("Say yes to accept."),))
WHISPER: dict[str, Any] = {
    "/voice": (Dial((Number(CALLEE, url="/whisper"),)), Say("Goodbye.")),
    "/whisper": (ASKS, Hangup()),
    "/said": lambda p: () if p.get("SpeechResult") == "yes" or p.get("Digits") else (Hangup(),),
}
STRAIGHT: dict[str, Any] = {"/voice": (Dial((Number(CALLEE),)), Say("Goodbye."))}


def rung(pages: dict[str, Any]) -> tuple[Exchange, Any, Handset, Handset]:
    """(exchange, application, caller, callee) of a line that dials the callee."""
    exchange, app, caller = network(pages)
    return exchange, app, caller, exchange.phone(CALLEE)


def from_people(phone: Handset) -> list[tuple[str, str, str]]:
    """(kind, text, whose) of what it heard of other telephones."""
    return [(u.kind, u.text, u.voice) for u in phone.heard if u.voice]


# ---- a machine ---------------------------------------------------------------------------------


def test_a_machine_greets_the_caller_then_beeps_and_is_silent() -> None:
    exchange, _, caller, callee = rung(STRAIGHT)
    callee.will("voicemail", after=3, say="Please leave a message.")
    caller.call(LINE)
    exchange.wait(3)

    assert callee.machine
    assert caller.connected_to == {callee}
    assert from_people(caller) == [("person", "Please leave a message.", CALLEE)]
    exchange.wait(60)
    assert from_people(caller)[1:] == [("tone", "", CALLEE)]
    assert caller.connected_to == {callee}  # it records until somebody hangs up
    caller.hang_up()
    exchange.strict()


def test_a_machine_is_one_from_the_start_and_people_arent() -> None:
    callee = Exchange().phone(CALLEE)

    assert not callee.machine
    callee.will("voicemail")
    assert callee.machine
    callee.will("answer")
    assert not callee.machine


def test_a_machine_that_is_asked_answers_with_its_greeting_and_accepts_nothing() -> None:
    exchange, app, caller, callee = rung(WHISPER)
    callee.will("voicemail", say="This is Anna. I can't answer right now.")
    caller.call(LINE)
    exchange.wait(20)
    [asked] = app.asked("/said")

    assert asked["SpeechResult"] == "This is Anna. I can't answer right now."
    assert "Goodbye." in said(caller)
    assert from_people(caller) == []


def test_a_greeting_that_is_over_isnt_heard_by_who_asks_later() -> None:
    late = (Pause(20), ASKS, Hangup())
    exchange, app, caller, callee = rung(WHISPER | {"/whisper": late})
    callee.will("voicemail", say="Hello.")
    caller.call(LINE)
    exchange.wait(60)

    assert app.asked("/said") == []
    assert "Goodbye." in said(caller)


def test_a_machine_greets_the_next_caller_as_well() -> None:
    exchange, _, caller, callee = rung(STRAIGHT)
    callee.will("voicemail", hang_up=30)
    for _ in range(2):
        caller.call(LINE)
        exchange.wait(40)

    greeting = ("person", "Please leave a message after the tone.", CALLEE)
    assert from_people(caller) == [greeting, ("tone", "", CALLEE)] * 2


def test_a_caller_who_hangs_up_during_the_greeting_hears_no_beep() -> None:
    exchange, _, caller, callee = rung(STRAIGHT)
    callee.will("voicemail", say="A greeting that takes quite some time to be said to its end.")
    caller.call(LINE)
    exchange.wait(1)
    caller.hang_up()
    exchange.wait(30)

    assert [kind for kind, _, _ in from_people(caller)] == ["person"]
    exchange.strict()


# ---- people ------------------------------------------------------------------------------------


def test_a_person_says_what_is_asked_for() -> None:
    exchange, _, caller, callee = rung(WHISPER)
    callee.will("answer", say="yes")
    caller.call(LINE)
    exchange.wait(10)

    assert caller.connected_to == {callee}
    assert callee.last_heard == "Say yes to accept."
    caller.hang_up()


def test_a_person_who_is_connected_speaks_to_the_person_at_the_other_end() -> None:
    exchange, _, caller, callee = rung(STRAIGHT)
    callee.will("answer", after=2, say="Hello?")
    caller.call(LINE)
    exchange.wait(2.5)
    assert from_people(caller) == []
    exchange.wait(1)

    assert from_people(caller) == [("person", "Hello?", CALLEE)]
    caller.hang_up()


def test_a_person_may_be_asked_for_keys_first_and_for_words_then() -> None:
    keys = Gather(action="/code", num_digits=2, verbs=(Say("Your code."),))
    pages = WHISPER | {"/whisper": (keys, Hangup()), "/code": (ASKS, Hangup())}
    exchange, app, caller, callee = rung(pages)
    callee.will("answer", press="42", say="yes")
    caller.call(LINE)
    exchange.wait(15)

    assert app.asked("/code")[0]["Digits"] == "42"
    assert app.asked("/said")[0]["SpeechResult"] == "yes"
    assert caller.connected_to == {callee}
    caller.hang_up()


def test_a_person_leaves_a_message_where_one_is_recorded() -> None:
    pages = {"/told": (), "/message": (Say("Speak."), Record(action="/told", timeout=3))}
    exchange, app, _ = network({"/voice": (), **pages})
    callee = exchange.phone(CALLEE)
    callee.will("answer", say="I'll be there at eight")
    exchange.client.calls.create(to=CALLEE, from_=LINE, url="https://line.test/message")
    exchange.wait(60)

    assert int(app.asked("/told")[0]["RecordingDuration"]) >= 3


@pytest.mark.parametrize("habit", ["answer", "voicemail"])
def test_somebody_hangs_up_so_long_after_answering(habit: str) -> None:
    exchange, _, caller, callee = rung(STRAIGHT)
    callee.will(habit, after=2, hang_up=30)
    caller.call(LINE)
    exchange.wait(31.5)
    assert caller.connected_to == {callee}
    exchange.wait(1)

    assert not callee.in_call
    assert callee.calls[0].duration == 30
    assert caller.last_heard == "Goodbye."
    exchange.wait(5)
    exchange.strict()


def test_who_hangs_up_at_once_is_in_the_call_for_no_time() -> None:
    exchange, _, caller, callee = rung(STRAIGHT)
    callee.will("answer", hang_up=0)
    caller.call(LINE)
    exchange.wait(1)

    assert callee.calls[0].status == "completed"
    assert caller.last_heard == "Goodbye."


def test_a_call_that_is_over_before_isnt_hung_up_again() -> None:
    exchange, _, caller, callee = rung(STRAIGHT)
    callee.will("answer", hang_up=10)
    caller.call(LINE)
    exchange.wait(1)
    caller.hang_up()
    callee.will("answer")
    caller.call(LINE)
    exchange.wait(30)

    assert caller.connected_to == {callee}
    caller.hang_up()


def test_slow_fingers_are_slow_for_everybody() -> None:
    pages = WHISPER | {"/whisper": (Gather(action="/said", num_digits=3, timeout=3), Hangup())}
    exchange, app, caller, callee = rung(pages)
    callee.will("answer", press="123", typing=2)
    caller.call(LINE)
    exchange.wait(4.5)
    assert app.asked("/said") == []
    exchange.wait(1)

    assert app.asked("/said")[0]["Digits"] == "123"
    callee.will("ring")
    assert callee.typing == 2
    caller.hang_up()


def test_who_waits_in_a_queue_may_be_answered_by_a_machine() -> None:
    pages = {"/voice": (Enqueue("q"),), "/take": (Dial((Queue("q"),)),)}
    exchange, _, caller, callee = rung(pages)
    caller.call(LINE)
    callee.will("voicemail", say="Nobody is in.")
    exchange.client.calls.create(to=CALLEE, from_=LINE, url="https://line.test/take")
    exchange.wait(0.5)

    assert from_people(caller) == [("person", "Nobody is in.", CALLEE)]
    caller.hang_up()
    exchange.wait(10)


def test_a_person_in_an_empty_room_speaks_to_the_first_one_who_joins() -> None:
    room = (Dial((Conference("r"),)),)
    exchange, _, caller, callee = rung({"/voice": room, "/room": room})
    callee.will("answer", say="Hello?")
    exchange.client.calls.create(to=CALLEE, from_=LINE, url="https://line.test/room")
    exchange.wait(10.5)
    caller.call(LINE)
    exchange.wait(1)

    assert from_people(caller) == [("person", "Hello?", CALLEE)]
    caller.hang_up()
    callee.hang_up()


def test_a_habit_that_isnt_one_is_refused() -> None:
    with pytest.raises(
        ValueError, match="use one of: answer, busy, decline, ring, unreachable, voice"
    ):
        Exchange().phone(CALLEE).will("sing")


# ---- in a dialogue -----------------------------------------------------------------------------

DESCRIBED = [
    "phone sam +33155500011 voicemail after 3",
    'phone sam +33155500011 voicemail says "Nobody is here, sorry."',
    'phone sam +33155500011 answers after 2 says "yes" press 1 hangs up after 30 types every 0.5',
    "phone sam +33155500011 answers hangs up after 0",
    "phone sam +33155500011 rings types every 2",
]


def read(header: str) -> Dialogue:
    return parse(f"from {CALLER} to {LINE}\n{header}\n")


@pytest.mark.parametrize("header", DESCRIBED)
def test_a_phone_is_written_as_it_is_read(header: str) -> None:
    [phone] = read(header).phones

    assert phone_line(phone) == header


def test_options_stand_in_any_order() -> None:
    header = 'phone sam +33155500011 answers types every 0.5 press 1 after 2 says "a, b"'
    [phone] = read(header).phones

    assert (phone.after, phone.press, phone.say, phone.typing) == (2, "1", "a, b", 0.5)


VOICEMAIL = f"""\
# A machine must not be taken for a person.
from {CALLER} to {LINE}
phone sam {CALLEE} voicemail after 3 says "Please leave a message."
> call
sam < Say yes to accept.
< Goodbye.
"""
PERSON = f"""\
from {CALLER} to {LINE}
phone sam {CALLEE} answers after 2 says "yes" hangs up after 30
> call
sam < Say yes to accept.
< (connected to sam)
< Goodbye.
"""


@pytest.mark.parametrize("text", [VOICEMAIL, PERSON])
def test_a_dialogue_scripts_its_phones_and_is_written_and_updated_with_them(text: str) -> None:
    exchange, _, _ = network(WHISPER)
    dialogue = parse(text)
    record = CallRecord(exchange, dialogue.caller, dialogue.called, dialogue.phones)
    play(dialogue, exchange, record)
    written = write(record)

    assert phone_line(dialogue.phones[0]) in written.splitlines()
    again, _, _ = network(WHISPER)
    play(parse(written), again)
    old = text.replace("Goodbye.", "Good night.")
    assert update(parse(old), network(WHISPER)[0]) == text
