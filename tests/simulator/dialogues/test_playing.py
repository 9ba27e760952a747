"""Dialogues on an exchange: what an expectation means, what a mismatch says, what is written."""

from __future__ import annotations

import pytest

from ivr.simulator import Exchange
from ivr.simulator.dialogues import (
    CallRecord,
    DialogueError,
    DialogueSyntaxError,
    exchange_for,
    parse,
    play,
    update,
    write,
)
from tests.kit.small_apps import LINE, Answer, app, menu_app

DUTY = "+33155500014"
HEADER = f"from +33155500101 to {LINE}\nphone duty {DUTY}"


def played(text: str, answers: dict[str, Answer] | None = None, header: str = HEADER) -> Exchange:
    """Play lines against the menu, with some of its documents replaced."""
    dialogue = parse(f"{header}\n{text.strip()}", "tests/calls/x.call")
    exchange = exchange_for(dialogue)
    exchange.number(LINE, menu_app(**(answers or {})), "/voice")
    play(dialogue, exchange)
    return exchange


def refused(text: str, answers: dict[str, Answer] | None = None, header: str = HEADER) -> str:
    """The message of a dialogue that doesn't come true."""
    with pytest.raises(DialogueError) as raised:
        played(text, answers, header)
    return str(raised.value)


def test_words_are_heard_in_order_and_keys_interrupt() -> None:
    exchange = played(
        """
        > call
        < Welcome to support.
        > press 1
        < One moment, please. Goodbye.
        < (hung up)
        """
    )

    assert [u.complete for u in exchange.phone("+33155500101").heard] == [False, True, True]
    exchange.strict()


@pytest.mark.parametrize(
    "expected",
    [
        "< One moment, please.\n< Goodbye.",
        "< ONE  moment,\n< please. Goodbye.",
        "< … Goodbye.",
        "< One … Goodbye.",
        "< One …\n< Goodbye.",
        "< …\n< Goodbye.",
        "< …",
        "< within 1 One moment, please. …",
    ],
)
def test_one_listening_may_be_written_in_many_ways(expected: str) -> None:
    played(f"> call, press 1\n{expected}").strict()


def test_several_people_meet() -> None:
    exchange = played(
        """
        > call, press 0
        < An operator.
        duty < (rings)
        < (connected to nobody)
        duty > answer
        duty < A call. Press 1.
        duty > press 1
        < (connected to duty)
        duty < (connected to caller)
        > wait 5
        duty > hang up
        < (hung up)
        """
    )

    exchange.strict()


@pytest.mark.parametrize(
    ("does", "status"),
    [
        ("busy", "busy"),
        ("declines after 2", "busy"),
        ("unreachable", "failed"),
        ("rings", "no-answer"),
        ("answers after 2 press 1", "completed"),
    ],
)
def test_a_described_phone_does_it_by_itself(does: str, status: str) -> None:
    def key(_fields: dict[str, str]) -> str:
        return f"<Dial timeout='5' action='/after'><Number>{DUTY}</Number></Dial>"

    # The person who answers hangs up in our place: nobody is left in a call.
    dialling = f"{HEADER} {does}\n> call, press 0\n"
    ending = "< (connected to duty)\nduty > hang up\n" if status == "completed" else ""

    played(
        f"{ending}< … Status {status}.",
        {"key": key, "after": lambda fields: f"<Say>Status {fields['DialCallStatus']}.</Say>"},
        dialling,
    )


def test_a_phone_that_rang_out_stops_ringing() -> None:
    exchange = played(
        "> call, press 0\n< An operator.\nduty < (rings)\nduty < (stops ringing)\n< (hung up)"
    )

    exchange.strict()


# "a person is polite": a prompt that isn't gathering can't be interrupted.
def test_a_key_waits_until_the_phone_listens() -> None:
    exchange = played(
        "> call\n< Please wait.\n> press 1\n< Welcome to support. …\n< Goodbye.",
        {"voice": "<Say>Please wait.</Say><Redirect>/menu</Redirect>", "menu": _MENU},
    )

    assert exchange.phone("+33155500101").heard[0].complete


def test_a_key_at_once_doesnt_wait() -> None:
    message = refused(
        "> call, press 1 at once\n< Please wait. Press one.\n> wait 20\n< Goodbye.",
        {"voice": "<Say>Please wait.</Say><Gather action='/key'><Say>Press one.</Say></Gather>"},
    )

    assert "heard       nothing" in message


def test_a_key_that_nothing_listens_for_fails_after_a_minute() -> None:
    message = refused("> call, press 1", {"voice": "<Pause length='300'/>"})

    assert "caller waited 60 s to press 1, and nothing listened" in message


def test_keys_go_to_people_too() -> None:
    voice = f"<Dial hangupOnStar='true'><Number>{DUTY}</Number></Dial><Say>They left.</Say>"

    played(
        "> call\nduty > answer\n< (connected to duty)\n> press *\n< They left.", {"voice": voice}
    ).strict()


def test_speech_is_said_and_recognised() -> None:
    played(
        '> call, say "a case, please"\n< You said a case, please.',
        {
            "voice": "<Gather input='speech' action='/said' speechTimeout='auto'/>",
            "said": lambda fields: f"<Say>You said {fields['SpeechResult']}.</Say>",
        },
    ).strict()


def test_a_recording_is_written_in_brackets() -> None:
    played(
        "> call\n< Listen. [chime.mp3] Done.",
        {"voice": "<Say>Listen.</Say><Play>http://files.test/a/chime.mp3</Play><Say>Done.</Say>"},
    ).strict()


def test_silence_is_two_seconds_without_a_word() -> None:
    voice = "<Say>A.</Say><Pause length='1'/><Say>B.</Say><Pause length='4'/><Say>C.</Say>"

    played("> call\n< A.\n< (silence)\n< B.\n< C.", {"voice": voice}).strict()
    assert "waited 1 s for (silence)" in refused(
        "> call\n< within 1 (silence)\n< …", {"voice": "<Say>" + 100 * "long " + "</Say>"}
    )


def test_the_language_of_the_words_is_checked_for_the_caller() -> None:
    voice = "<Say language='fr-FR'>Bonjour.</Say><Say>Hello.</Say>"

    played("> call\nlanguage fr\n< Bonjour.\nlanguage en\n< Hello.", {"voice": voice}).strict()
    message = refused("> call\nlanguage fr\n< Bonjour. Hello.", {"voice": voice})
    assert "spoken in" in message
    assert "not fr" in message


def test_seed_and_start_make_the_exchange() -> None:
    exchange = played("< …", header=f"seed 9\nstart 2026-12-24T18:00+01:00\n{HEADER}")

    assert exchange.clock.start.isoformat() == "2026-12-24T17:00:00+00:00"
    assert exchange.account_sid == Exchange(seed=9).account_sid


# ---- strict at the end


def test_words_after_the_last_line_are_an_error() -> None:
    message = refused("> call, press 1\n< One moment, please.")

    assert "caller heard something that no line expects" in message
    assert "Goodbye." in message


def test_words_that_were_cut_short_neednt_be_expected() -> None:
    played("> call, wait 1, press 1\n< One moment, please. Goodbye.").strict()


def test_a_phone_without_a_line_of_words_isnt_listened_to() -> None:
    played("> call, press 0\n< An operator.\nduty > answer, press 1\n> hang up").strict()


@pytest.mark.parametrize(
    ("lines", "left"),
    [
        ("> call\n< Welcome …", "caller is left in a call"),
        ("> call, press 0\n< An operator.\nduty > answer, press 1", "caller is left in a call"),
    ],
)
def test_a_call_that_is_left_is_an_error(lines: str, left: str) -> None:
    assert left in refused(lines)


def test_a_last_ellipsis_says_that_the_rest_doesnt_matter() -> None:
    played("> call, press 0\n< An operator.\nduty > answer, press 1\n< …").strict()
    played("> call, press 0\n< An operator.\nduty < (rings)\n< …").strict()


# ---- what a mismatch says


def test_a_mismatch_shows_the_line_what_was_heard_and_the_difference() -> None:
    message = refused(
        """
        > call
        < Welcome to support.
        > press 1
        < One moment, thanks. Goodbye.
        """
    )

    assert message.splitlines()[0] == ("tests/calls/x.call:6: caller didn't hear what was expected")
    assert "  >   6 |         < One moment, thanks. Goodbye." in message
    assert "  expected    One moment, thanks. Goodbye." in message
    assert "  heard       One moment, please." in message
    assert "“please.” instead of “thanks. Goodbye.”" in message
    assert "09:00:00.0  to caller:  One moment, please." in message
    assert "caller: in a call, connected to nobody" in message


def test_a_mismatch_comes_at_once_when_nothing_can_mend_it() -> None:
    dialogue = parse(f"{HEADER}\n> call\n< Good morning.")
    exchange = exchange_for(dialogue)
    exchange.number(LINE, menu_app(), "/voice")

    with pytest.raises(DialogueError):
        play(dialogue, exchange)

    assert exchange.clock.now() == exchange.clock.start


def test_the_nearest_words_may_have_been_said_to_somebody_else() -> None:
    message = refused("> call, press 0\n< An operator.\nduty > answer\n< within 5 A call. Press 1.")

    assert "heard       nothing" in message
    assert "nearest     A call. Press 1.  (said to duty)" in message


def test_words_that_are_not_alike_are_not_called_the_nearest() -> None:
    message = refused("> call, press 0\n< An operator.\nduty > answer\n< within 5 Sales is closed.")

    assert "heard       nothing" in message
    assert "nearest" not in message
    assert "difference" not in message


def test_three_dots_are_hinted_at() -> None:
    assert "hint        three dots only match dots" in refused("> call\n< Welcome... Press 1")


def test_what_the_network_noted_is_shown() -> None:
    message = refused("> call, press 1\n< One moment.", {"key": lambda fields: fields["Nope"]})

    assert "The debugger's log:" in message
    assert "error 11200" in message


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ("> hang up", "caller can't hang up: it isn't in a call"),
        ("> press 1", "caller can't press 1: the call is over"),
        ("> call, call", "caller can't call: it is already in a call"),
        ("duty > answer", "duty can't answer: it isn't ringing"),
        ("> call\nduty > decline", "duty can't decline: it isn't ringing"),
        ('> say "hello"', "caller can't say anything: it isn't in a call"),
        ("> call\nduty < within 5 (rings)", "duty waited 5 s for (rings), but is on the hook"),
        ("> call\n< within 1 (hung up)", "waited 1 s for (hung up), but is connected to nobody"),
        ("> call\n< within 1 (connected to duty)", "waited 1 s for (connected to duty)"),
    ],
)
def test_what_cant_be_done_or_seen_is_said(lines: str, why: str) -> None:
    assert why in refused(lines)


def test_a_number_without_an_application_is_said() -> None:
    assert "no application answers at +3399" in refused("> call", header="from +3311 to +3399")


# ---- written from what happened

STORY = f"""\
{HEADER}
> call
< Welcome …
> press 0
< An operator.
duty < (rings)
duty > answer
duty < A call. Press 1.
duty > press 1
< (connected to duty)
> wait 12, hang up
duty < (hung up)
"""


def written(text: str) -> str:
    dialogue = parse(text)
    exchange = exchange_for(dialogue)
    exchange.number(LINE, menu_app(), "/voice")
    record = CallRecord(exchange, dialogue.caller, dialogue.called, dialogue.phones)
    play(dialogue, exchange, record)
    return write(record, "What happened.")


def test_what_happened_is_written_as_a_dialogue() -> None:
    text = written(STORY)

    assert text.splitlines()[:6] == [
        "# What happened.",
        "from +33155500101 to +33800000001",
        "start 2026-11-24T09:00:00+00:00",
        "phone duty +33155500014 rings",
        "> call",
        "< Welcome to support.",
    ]
    assert "> wait 12, hang up" in text


def test_a_written_dialogue_plays_again_and_is_written_the_same() -> None:
    once = written(STORY)

    assert written(once) == once


def test_a_long_silence_is_written_as_a_wait() -> None:
    exchange = Exchange(seed=1)
    exchange.number(LINE, menu_app(voice="<Pause length='60'/>"), "/voice")
    record = CallRecord(exchange, "+3311", LINE)
    phone = exchange.phone("+3311")
    record.did("caller", "call")
    phone.call(LINE)
    exchange.wait(25)
    record.did("caller", "hang up")
    phone.hang_up()

    assert write(record).splitlines()[-1] == "> call, wait 25, hang up"


# ---- rewritten with what was heard


def updated(text: str, answers: dict[str, Answer] | None = None) -> str:
    dialogue = parse(f"{HEADER}\n{text}")
    exchange = exchange_for(dialogue)
    exchange.number(LINE, menu_app(**(answers or {})), "/voice")
    return update(dialogue, exchange).removeprefix(f"{HEADER}\n")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        # What still fits stays as it is.
        ("> call\n< Welcome …\n> press 1\n< … Goodbye.", None),
        # A new wording replaces the old one, and the comment stays.
        (
            "# hello\n> call, press 1\n< One minute, please. Goodbye.",
            "# hello\n> call, press 1\n< One moment, please. Goodbye.",
        ),
        # An ellipsis that still makes sense stays.
        (
            "> call\n< Welcome to our support. …\n> press 1\n< … Goodbye.",
            "> call\n< Welcome to support. …\n> press 1\n< … Goodbye.",
        ),
        # A line that is said no more goes, one that is new comes.
        (
            "> call, press 1\n< One moment, please.\n< It is late.\n< Goodbye.",
            "> call, press 1\n< One moment, please.\n< Goodbye.",
        ),
        (
            "> call, press 1\n< One moment, please.",
            "> call, press 1\n< One moment, please.\n< Goodbye.",
        ),
        (
            "> call, press 1\n< It is late.\n< within 9 Goodbye.",
            "> call, press 1\n< One moment, please.\n< within 9 Goodbye.",
        ),
    ],
)
def test_updating_changes_only_words(old: str, new: str | None) -> None:
    assert updated(old) == (old if new is None else new) + "\n"


@pytest.mark.parametrize("old", ["< Hallo.\n< x y z", "< … Nope. …", "< …\n< (hung up)"])
def test_an_updated_dialogue_comes_true(old: str) -> None:
    new = updated(f"> call, press 1\n{old}")

    assert updated(new) == new
    played(new).strict()


def test_updating_goes_on_until_the_call_is_over() -> None:
    voice = "<Say>One.</Say><Pause length='5'/><Say>Two.</Say>"

    assert updated("> call", {"voice": voice}) == "> call\n< One.\n< Two.\n"


def test_updating_cant_end_a_call_that_nobody_ends() -> None:
    with pytest.raises(DialogueError, match="caller is left in a call"):
        updated("> call")


def test_updating_cant_mend_what_people_do() -> None:
    with pytest.raises(DialogueError, match="isn't ringing"):
        updated("> call\nduty > answer")


_MENU = "<Gather numDigits='1' action='/key'><Say>Welcome to support.</Say></Gather>"


def test_an_application_of_ones_own_is_enough() -> None:
    exchange = Exchange(seed=1)
    exchange.number(LINE, app({"/voice": "<Say>Hello.</Say>"}), "/voice")

    play(parse(f"from +3311 to {LINE}\n> call\n< Hello."), exchange)

    exchange.strict()


VOICEMAIL = "<Record action='/key' timeout='3'/><Say>Nothing was recorded.</Say>"


def test_a_dialogue_may_say_that_silent_recordings_are_dropped() -> None:
    header = f"silent recordings dropped\n{HEADER}"
    dialogue = parse(f"{header}\n> call\n< Nothing was recorded.", "voicemail.call")
    exchange = exchange_for(dialogue)
    exchange.number(LINE, menu_app(voice=VOICEMAIL), "/voice")
    record = CallRecord(exchange, dialogue.caller, LINE)
    play(dialogue, exchange, record)

    assert "\nsilent recordings dropped\n" in write(record)
    with pytest.raises(DialogueSyntaxError, match="silent recordings kept, or silent recordings"):
        played("> call", header=f"silent recordings lost\n{HEADER}")


def test_a_service_of_verify_is_a_header() -> None:
    sid = "VA" + "1" * 32
    dialogue = parse(f"verify service {sid}\n{HEADER}\n> call\n< …", "service.call")
    exchange = exchange_for(dialogue)
    exchange.number(LINE, menu_app(), "/voice")
    record = CallRecord(exchange, dialogue.caller, LINE)
    play(dialogue, exchange, record)

    assert f"\nverify service {sid}\n" in write(record)
    with pytest.raises(DialogueSyntaxError, match="isn't a Verify service"):
        played("> call", header=f"verify service 1\n{HEADER}")


GREETED = "<Say>After the tone, say your name.</Say><Record action='/key' timeout='3'/>"


def test_a_sentence_waits_until_it_is_heard() -> None:
    exchange = played('> call, say "Marie"\n< …', {"voice": GREETED})

    [utterance, *_] = exchange.phones["+33155500101"].heard
    assert utterance.complete  # it hasn't been said into the prompt
    assert exchange.debugger == []


def test_a_sentence_that_nobody_heard_is_not_passed_over() -> None:
    exchange = played('> call, say "Marie" at once\n< …', {"voice": GREETED})

    with pytest.raises(AssertionError, match='said "Marie", and nothing and nobody was listening'):
        exchange.strict()


def test_a_sentence_for_which_there_is_never_a_listener() -> None:
    message = refused('> call, say "Marie"', {"voice": "<Pause length='600'/>"})

    assert 'to say "Marie", and nothing listened' in message
