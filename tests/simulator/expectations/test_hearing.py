"""What a test in Python expects a telephone to hear, and how it explains itself."""

from __future__ import annotations

import pytest

from ivr.simulator import Exchange, Handset
from ivr.twiml.verbs import Gather, Hangup, Pause, Say
from tests.kit.small_apps import menu_app
from tests.kit.twiml_app import CALLER, LINE, network


@pytest.fixture
def exchange() -> Exchange:
    made = Exchange(seed=1)
    made.number(LINE, menu_app(), "/voice")
    made.phone("+33155500014")
    return made


@pytest.fixture
def caller(exchange: Exchange) -> Handset:
    return exchange.phone(CALLER)


def complaint(phone: Handset, words: str, **more: object) -> str:
    with pytest.raises(AssertionError) as failed:
        phone.hears(words, **more)  # type: ignore[arg-type]
    return str(failed.value)


def test_words_are_heard_in_order_and_waited_for(exchange: Exchange, caller: Handset) -> None:
    caller.call(LINE)
    caller.hears("Welcome to support. …")
    caller.press("1")
    caller.hears("one moment,  PLEASE.")
    caller.hears("Goodbye.")

    assert caller.in_call  # it is still being said
    exchange.wait(10)
    exchange.strict()


def test_words_may_take_their_time_but_not_longer_than_they_may() -> None:
    exchange, _, caller = network({"/voice": (Say("A."), Pause(30), Say("B."), Hangup())})
    caller.call(LINE)
    caller.hears("A.")
    said = complaint(caller, "B.", within=10)

    assert said.startswith(f"{CALLER} didn't hear what was expected, and waited 10 s for it")
    assert exchange.clock.seconds() == 10
    caller.hears("B.", within=25)


def test_what_was_heard_instead_is_explained_as_in_a_dialogue(caller: Handset) -> None:
    caller.call(LINE)
    caller.hears("Welcome to support.")
    caller.press("1")

    assert complaint(caller, "One minute, please.").splitlines() == [
        f"{CALLER} didn't hear what was expected",
        "",
        "  expected    One minute, please.",
        "  heard       One moment, please.",
        "  difference  “moment,” instead of “minute,”",
        "",
        "  What was said last, and to whom:",
        f"    09:00:00.0  to {CALLER}:  Welcome to support.   (cut short)",
        f"    09:00:00.0  to {CALLER}:  One moment, please.",
        "",
        "  The phones at 09:00:00.0:",
        "    +33155500014: on the hook",
        f"    {CALLER}: in a call, connected to nobody",
    ]


def test_a_failed_expectation_can_be_put_differently(caller: Handset) -> None:
    """What wasn't heard uses up nothing."""
    caller.call(LINE)
    complaint(caller, "Good morning.")

    caller.hears("Welcome to support. …")


def test_words_after_others_need_the_dots_that_are_suggested(
    exchange: Exchange, caller: Handset
) -> None:
    caller.call(LINE)
    exchange.wait(3)
    said = complaint(caller, "Press 1 for English, …")

    assert "hint        it was heard after other words; a … in front of it allows them" in said
    caller.hears("… Press 1 for English, …")


def test_what_other_phones_heard_is_told(exchange: Exchange, caller: Handset) -> None:
    duty = exchange.phone("+33155500014")
    caller.call(LINE)
    caller.press("0")
    caller.hears("… An operator.")
    exchange.wait_until(lambda: duty.ringing)
    duty.answer()
    said = complaint(caller, "A call. Press 1.", within=5)

    assert "nearest     A call. Press 1.  (said to +33155500014)" in said
    duty.hears("A call. Press 1.")
    caller.hang_up()


def test_the_language_in_which_it_is_said_counts_if_it_is_asked_for() -> None:
    _, _, caller = network({"/voice": (Say("Hello."), Say("Bonjour.", language="fr-FR"))})
    caller.call(LINE)

    assert "were spoken in en-US, not fr" in complaint(caller, "Hello.", language="fr")
    caller.hears("Bonjour.", language="fr")


def test_each_phone_listens_for_itself_and_each_call_goes_on_from_the_last() -> None:
    pages = {"/voice": (Say("Hello."), Gather(action="/voice", timeout=2), Hangup())}
    exchange, _, caller = network(pages)
    for _ in range(2):
        caller.call(LINE)
        caller.hears("Hello.")
        exchange.wait(10)
    other = exchange.phone("+33155500102")
    other.call(LINE)

    other.hears("Hello.")
    assert "heard       nothing" in complaint(caller, "Hello.", within=1)


# ---- what is left in disorder ------------------------------------------------------------------


def test_everything_that_isnt_in_order_says_what_to_do(exchange: Exchange, caller: Handset) -> None:
    exchange.note("warning", 13227, "odd", "https://line.test/voice")
    exchange.note("error", 0, "simulator limit: too much")
    exchange.number("+33800000009", menu_app(), "/none", origin="https://other.test")
    lost, duty = exchange.phone("+33155500102"), exchange.phone("+33155500014")
    lost.call("+33800000009")
    caller.call(LINE)
    caller.press("0")
    exchange.wait_until(lambda: duty.ringing)
    with pytest.raises(AssertionError) as failed:
        exchange.strict()

    said = str(failed.value)
    for line in (
        "the exchange isn't in order:",
        "  debugger: warning 13227 odd https://line.test/voice at 09:00:00.0",
        "      see https://www.twilio.com/docs/api/errors/13227 for what it means and what to do",
        "  debugger: error simulator limit: too much at 09:00:00.0",
        "      a note from the simulator, not from Twilio: the application or test may be wrong",
        "  debugger: error 11200 HTTP 404 (text/plain: “no such document”); is the path right? "
        "https://other.test/none at 09:00:00.0",
        "      see https://www.twilio.com/docs/api/errors/11200 for what it means and what to do",
        "      hang_up() where the person would, or wait() until the application ends the call",
        "      answer() or decline() it, or wait() until the application stops ringing it",
        "  What was said last, and to whom:",
    ):
        assert line in said.splitlines()
    assert f"  {CALLER} is still in a call (CA" in said
    assert "  +33155500014 is still ringing (CA" in said


def test_a_webhook_that_raised_or_said_nothing_is_told_apart() -> None:
    def fails(params: dict[str, str]) -> str:
        raise KeyError("price")

    answers = {"/empty": ("500 Internal Server Error", [], b"")}
    exchange, _, caller = network({"/voice": fails}, answers=answers)
    exchange.number("+33800000009", "https://line.test/empty")
    caller.call(LINE)
    exchange.wait(20)
    caller.call("+33800000009")
    exchange.wait(20)

    with pytest.raises(AssertionError) as failed:
        exchange.strict()

    assert "error 11200 HTTP 500: the application raised KeyError('price')" in str(failed.value)
    assert "error 11200 HTTP 500, an empty answer" in str(failed.value)
