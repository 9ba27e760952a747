"""The dialogue format as text: reading it, and comparing what was heard with what was expected."""

from __future__ import annotations

import contextlib
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.simulator.dialogues import DialogueSyntaxError, parse, parse_acts
from ivr.simulator.dialogues.record import as_line, phone_line
from ivr.simulator.dialogues.update import reword
from ivr.simulator.expectations.matching import (
    Met,
    Missed,
    Open,
    difference,
    fold,
    match,
    nearest,
    pattern,
    sentences,
    unfolded,
)
from ivr.simulator.expectations.syntax import Act, Do, Language, Phone, State, Words

DUTY = """\
# The right manager is busy, the duty manager takes it.
from +33155500101 to +33800000001
phone manager +33155500011 busy
phone duty +33155500014
> call
< Welcome to technical support. …
> press 1, press 1, type 17349013#, press 1, press 2
duty < (rings)
duty > answer, press 1
< (connected to duty)
> hang up
"""


def body(line: str) -> object:
    """The one step that a line means, in a file where a phone is called duty."""
    dialogue = parse(f"from +3311 to +3322\nphone duty +3333\n{line}")
    return dialogue.steps[0]


def test_the_dialogue_of_the_readme_is_read() -> None:
    dialogue = parse(DUTY, "duty.call")

    assert dialogue.title == "The right manager is busy, the duty manager takes it."
    assert (dialogue.caller, dialogue.called) == ("+33155500101", "+33800000001")
    assert dialogue.phones == (
        Phone(3, "manager", "+33155500011", "busy"),
        Phone(4, "duty", "+33155500014", "rings"),
    )
    assert [step.line for step in dialogue.steps] == [5, 6, 7, 8, 9, 10, 11]
    assert dialogue.steps[2] == Do(
        7,
        "caller",
        (
            Act("press", "1"),
            Act("press", "1"),
            Act("type", "17349013#"),
            Act("press", "1"),
            Act("press", "2"),
        ),
    )
    assert not dialogue.open_end


@pytest.mark.parametrize(
    ("line", "step"),
    [
        ("> call", Do(3, "caller", (Act("call"),))),
        ("caller > hang up", Do(3, "caller", (Act("hang up"),))),
        ("> lose connection", Do(3, "caller", (Act("lose connection"),))),
        ("duty > answer, press 1", Do(3, "duty", (Act("answer"), Act("press", "1")))),
        ("duty>decline", Do(3, "duty", (Act("decline"),))),
        ("> press *", Do(3, "caller", (Act("press", "*"),))),
        ("> press 0 at once", Do(3, "caller", (Act("press", "0", at_once=True),))),
        ("> wait 30", Do(3, "caller", (Act("wait", seconds=30),))),
        ("> wait 1.5 s", Do(3, "caller", (Act("wait", seconds=1.5),))),
        ("> wait 1 second", Do(3, "caller", (Act("wait", seconds=1),))),
        ('> say "yes, please"', Do(3, "caller", (Act("say", "yes, please"),))),
        ("< Welcome, to support.", Words(3, "caller", "Welcome, to support.")),
        ("< …", Words(3, "caller", "…")),
        ("duty < within 2.5 A call for you.", Words(3, "duty", "A call for you.", 2.5)),
        ("< Within 10 minutes we call.", Words(3, "caller", "Within 10 minutes we call.")),
        ("duty < (rings)", State(3, "duty", "rings")),
        ("duty < (stops ringing)", State(3, "duty", "stops ringing")),
        ("< (hung up)", State(3, "caller", "hung up")),
        ("< within 4 (silence)", State(3, "caller", "silence", within=4)),
        ("< (connected to duty)", State(3, "caller", "connected", frozenset({"duty"}))),
        (
            "duty < (connected to duty,  caller)",
            State(3, "duty", "connected", frozenset({"duty", "caller"})),
        ),
        ("< (connected to nobody)", State(3, "caller", "connected", frozenset())),
        ("language fr-FR", Language(3, "fr-FR")),
    ],
)
def test_a_line_means(line: str, step: object) -> None:
    assert body(line) == step


@pytest.mark.parametrize(
    ("described", "phone"),
    [
        ("m +3311", Phone(2, "m", "+3311")),
        ("m client:op1 rings", Phone(2, "m", "client:op1", "rings")),
        ("m sip:a@b.test declines after 2", Phone(2, "m", "sip:a@b.test", "declines", 2.0)),
        ("m +3311 unreachable", Phone(2, "m", "+3311", "unreachable")),
        ("m +3311 answers after 3 press 1", Phone(2, "m", "+3311", "answers", 3.0, "1")),
    ],
)
def test_a_phone_is_described(described: str, phone: Phone) -> None:
    dialogue = parse(f"from +3311 to +3322\nphone {described}")

    assert dialogue.phones == (phone,)
    assert parse(f"from +3311 to +3322\n{phone_line(phone)}").phones == (phone,)


def test_seed_and_start_are_headers() -> None:
    dialogue = parse("seed 7\nstart 2026-11-24T10:00+01:00\nfrom anonymous to +3322\n> call")

    assert dialogue.seed == 7
    assert dialogue.start == datetime(2026, 11, 24, 10, tzinfo=timezone(timedelta(hours=1)))
    assert dialogue.caller == "anonymous"


def test_a_comment_is_a_whole_line_because_a_hash_is_a_key() -> None:
    dialogue = parse("from +3311 to +3322\n  # indented\n> type 12#")

    assert dialogue.steps == (Do(3, "caller", (Act("type", "12#"),)),)


@pytest.mark.parametrize(
    ("text", "line", "found", "could"),
    [
        ("", 1, "the from line is missing", "from +33155500101 to"),
        ("from +3311", 1, "the from line can't be read", "from NUMBER to NUMBER"),
        ("from bob to +3322", 1, "“bob” isn't a phone number", "client:NAME"),
        ("from +3311 to +3322\nfrom +3311 to +3322", 2, "a second from line", "one from line"),
        ("from +3311 to +3322\nhello", 2, "can't begin with “hello”", "a comment (#)"),
        ("from +3311 to +3322\n> dance", 2, "“dance” isn't an action", "press KEYS"),
        ("from +3311 to +3322\n> press one", 2, "“press one” isn't", "press KEYS"),
        ("from +3311 to +3322\n> press 1,", 2, "an action is missing", "press KEYS"),
        ("from +3311 to +3322\n<", 2, "an expectation is missing", "(hung up)"),
        ("from +3311 to +3322\n< (sings)", 2, "(sings) isn't a state", "(rings)"),
        ("from +3311 to +3322\nbob < hello", 2, "no phone is called “bob”", "caller"),
        ("from +3311 to +3322\n< (connected to bob)", 2, "no phone is called", "caller"),
        ("from +3311 to +3322\nphone caller +3333", 2, "“caller” is already used", "another name"),
        ("from +3311 to +3322\nphone m +3333 sleeps", 2, "can't be read", "unreachable"),
        ("from +3311 to +3322\nphone m +3333 press 1", 2, "“press KEYS” has no effect", "answers"),
        ("from +3311 to +3322\nphone m +3333 busy after 3", 2, "described as “busy”", "declines"),
        ("from +3311 to +3322\nphone m +3333 answers sleeps", 2, "can't be read", "types every"),
        ('from +3311 to +3322\nphone m +3333 declines says "no"', 2, "no effect", "voicemail"),
        ("from +3311 to +3322\nphone m +3333 voicemail press 1", 2, "no effect", "answers"),
        ("from +3311 to +3322\nphone m +3333 hangs up after 3", 2, "no effect", "answers or voice"),
        ("from +3311 to +3322\nphone m +3333 answers after 1 after 2", 2, "is given twice", "once"),
        ("from +3311 to +3322\n> call\nseed 3", 3, "“seed” comes too late", "above the first"),
        ("from +3311 to +3322\nseed x", 2, "“x” isn't a seed", "whole number"),
        ("from +3311 to +3322\nstart monday", 2, "“monday” isn't a date and time", "+01:00"),
        ("from +3311 to +3322\nstart 2026-11-24T10:00", 2, "isn't a date and time", "with a zone"),
        ("from +3311 to +3322\nlanguage french!", 2, "isn't a language", "fr-FR"),
    ],
)
def test_a_syntax_error_says_where_what_and_what_could_stand_there(
    text: str, line: int, found: str, could: str
) -> None:
    with pytest.raises(DialogueSyntaxError) as raised:
        parse(text, "tests/calls/x.call")

    message = str(raised.value)
    assert message.startswith(f"tests/calls/x.call:{line}: ")
    assert found in message
    assert could in message.partition("Expected here: ")[2]


def test_a_syntax_error_points_at_what_was_found() -> None:
    with pytest.raises(DialogueSyntaxError) as raised:
        parse("from +3311 to +3322\n> press 1, jump", "x.call")

    assert str(raised.value).splitlines()[1:3] == [
        "    > press 1, jump",
        "               ^^^^",
    ]


@given(st.text())
def test_any_text_is_read_or_refused_as_a_syntax_error(text: str) -> None:
    with contextlib.suppress(DialogueSyntaxError):
        parse(f"from +3311 to +3322\n{text}")


def test_actions_alone_can_be_read() -> None:
    assert parse_acts("press 1, wait 2") == (Act("press", "1"), Act("wait", seconds=2.0))


@pytest.mark.parametrize(
    ("wanted", "heard", "verdict"),
    [
        ("Hello there", "hello  THERE", Met),
        ("Hello", "Hello there", Met),
        ("Hello there", "Hello", Open),
        ("Hello", "", Open),
        ("Hello", "Goodbye", Missed),
        ("Hello", "Hello.", Missed),
        ("press 1", "press 10", Missed),
        ("press 10", "press 1", Missed),
        ("…", "", Met),
        ("Hello …", "Hello", Met),
        ("… there", "Hello you there", Met),
        ("… there", "Hello you", Open),
        ("… there", "Hello thereabouts", Open),
        ("Hello … there", "Hello there", Met),
        ("Hello … there", "Oh, hello there", Missed),
        ("One moment…", "One moment… please", Met),
        ("One moment", "One moment…", Met),
        ("A … … B", "A x y B", Met),
        ("ようこそ。一番を", "ようこそ。", Open),
        ("ようこそ。一番を", "ようこそ。 一番を押してください。", Met),
        ("… 一番", "ようこそ。一番を押してください。", Met),
        ("ようこそ", "ようこそ。", Missed),
    ],
)
def test_expected_and_heard(wanted: str, heard: str, verdict: type) -> None:
    assert isinstance(match(pattern(wanted), fold(heard)), verdict)


def test_the_shortest_beginning_that_fits_is_used_up() -> None:
    met = match(pattern("… press 2"), fold("Press 1 or press 2 or press 2"))

    assert isinstance(met, Met)
    assert met.end == len("press 1 or press 2")


def test_an_earlier_ellipsis_lets_anything_come_first() -> None:
    assert isinstance(match(pattern("B"), "a b"), Missed)
    assert isinstance(match(pattern("B"), "a b", anything_first=True), Met)


WORDS = st.text(alphabet="ab1.,' \n…日。", min_size=1).filter(lambda text: bool(fold(text)))


@given(WORDS)
def test_whatever_is_said_fits_itself(text: str) -> None:
    met = match(pattern(text), fold(text))

    assert isinstance(met, Met)


@given(WORDS, st.integers(min_value=0, max_value=30))
def test_a_beginning_up_to_a_word_may_still_fit(text: str, words: int) -> None:
    folded = fold(text)
    beginning = " ".join(folded.split()[:words])

    assert not isinstance(match(pattern(folded), beginning), Missed)


@given(WORDS)
def test_words_written_into_a_dialogue_are_read_as_words(text: str) -> None:
    step = body(f"< {as_line(text)}")

    assert isinstance(step, Words)
    assert step.within is None
    assert isinstance(match(pattern(step.text), fold(text)), Met)


@pytest.mark.parametrize(
    ("said", "line"),
    [
        ("(whispering)", "… (whispering)"),
        ("within 5 minutes", "Within 5 minutes"),
        ("two\n  lines", "two lines"),
    ],
)
def test_words_that_look_like_grammar_are_written_so_that_they_dont(said: str, line: str) -> None:
    assert as_line(said) == line


@pytest.mark.parametrize(
    ("wanted", "heard", "changes"),
    [
        ("Press 1 now.", "Press one now.", ["“one” instead of “1”"]),
        ("Press 1 now.", "Press 1.", ["“1.” instead of “1 now.”"]),
        ("Please press 1", "press 1", ["“Please” is missing"]),
        ("press 1", "press 1 again", ["“again” was added"]),
        ("Welcome … now", "Welcome to all of it now", []),
        ("Welcome …", "Hello to all", ["“Hello to all” instead of “Welcome”"]),
        ("一番です", "二番です", ["“二” instead of “一”"]),
    ],
)
def test_a_difference_is_said_in_words(wanted: str, heard: str, changes: list[str]) -> None:
    assert difference(wanted, heard) == changes


def test_the_nearest_candidate_is_the_most_alike() -> None:
    said = ["Welcome.", "Press one for French.", "Goodbye."]

    assert nearest("Press 1 for English.", said) == "Press one for French."
    assert nearest("Press 1 for English.", []) is None


def test_sentences_end_at_full_stops() -> None:
    assert sentences("One. Two? 三。四") == ["One.", "Two?", "三。", "四"]


@pytest.mark.parametrize(
    ("old", "heard", "new"),
    [
        ("Hello.", ["Good morning."], ["Good morning."]),
        ("Hello.", [], []),
        (
            "Welcome to support. …",
            ["Welcome to our support.", "Press 1."],
            ["Welcome to our support. …"],
        ),
        ("… press 1 now.", ["Hello.", "Press one now."], ["… Press one now."]),
        ("Hi. … Bye now.", ["Hi.", "x y", "Bye then."], ["Hi. … Bye then."]),
        # Nothing that was heard is like the words: all of it, and no `…` that would hide it.
        ("Welcome. …", ["12345678"], ["12345678"]),
    ],
)
def test_rewording_keeps_an_ellipsis_that_still_makes_sense(
    old: str, heard: list[str], new: list[str]
) -> None:
    assert reword(old, heard) == new


def test_the_rest_of_an_utterance_keeps_its_capitals() -> None:
    assert unfolded("Welcome.  Press One", len("welcome.")) == "Press One"
