"""Waiting for words at a telephone, in a dialogue and in a test that is written in Python."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ivr.simulator.expectations.ear import Ear
from ivr.simulator.expectations.matching import Met, Open, Pattern, Verdict, pattern
from ivr.simulator.expectations.mismatch import Report

if TYPE_CHECKING:
    from datetime import datetime

    from ivr.simulator import Exchange, Handset, Utterance

PATIENCE = 60.0  # seconds an expectation waits, or an action for the moment when it is possible


class Listener:
    """A telephone of which words are expected, one after the other; see `Handset.hears`."""

    def __init__(self, phone: Handset) -> None:
        self.ear = Ear(phone.number, phone)
        self.since: datetime = phone.exchange.clock.start

    def hears(self, words: str, within: float, language: str) -> None:
        """Raises AssertionError, which explains itself."""
        __tracebackhide__ = True  # pytest: what failed is the test's line
        exchange, wanted = self.ear.phone.exchange, pattern(words)
        verdict = listen(exchange, self.ear, wanted, within)
        if not isinstance(verdict, Met):
            why = f"{self.ear.name} didn't hear what was expected"
            why += f", and waited {within:g} s for it" if isinstance(verdict, Open) else ""
            raise AssertionError(self._explained(why, words))
        wrong = other_languages(self.ear.take(wanted.open_end), language)
        if wrong:
            why = f"the words fit, but were spoken in {', '.join(wrong)}, not {language}"
            raise AssertionError(self._explained(why, None))
        self.since = exchange.clock.now()

    def _explained(self, why: str, wanted: str | None) -> str:
        exchange = self.ear.phone.exchange
        ears = everybody(exchange) | {self.ear.name: self.ear}
        report = Report(ears, exchange, self.since, self.ear.name, wanted)
        return exchange.do(lambda: report.text([why]))


def everybody(exchange: Exchange) -> dict[str, Ear]:
    """Ears for every telephone of an exchange, of which nothing is expected."""
    return {
        number: Ear(number, phone, len(phone.heard)) for number, phone in exchange.phones.items()
    }


def listen(exchange: Exchange, ear: Ear, wanted: Pattern, at_most: float) -> Verdict:
    """Let time pass until the words have been heard or can't be any more, ``at_most`` seconds."""
    comes_true(exchange, lambda: not isinstance(ear.hears(wanted), Open), at_most)
    return ear.hears(wanted)


def comes_true(exchange: Exchange, until: Callable[[], bool], at_most: float) -> bool:
    """Let time pass, at most so many seconds; whether it came true."""
    began = exchange.clock.now()
    try:
        exchange.wait_until(until, at_most)
    except AssertionError:
        # Only the exchange's own "in vain" is an answer; what else fails is a failure.
        if (exchange.clock.now() - began).total_seconds() < at_most:
            raise
        return False
    return True


def other_languages(said: list[Utterance], wanted: str) -> list[str]:
    """The languages in which something was said, but for the one that was wanted ("": any)."""
    spoken = {_language(utterance) for utterance in said if utterance.kind == "say"}
    return sorted(code for code in spoken if wanted and code and not _same(code, wanted))


def _language(utterance: Utterance) -> str:
    # "en-US" unless the verb says otherwise, by its voice perhaps, which we don't know.
    # (https://www.twilio.com/docs/voice/twiml/say#language)
    return utterance.language or ("" if utterance.voice else "en-US")


def _same(spoken: str, wanted: str) -> bool:
    ours, theirs = spoken.casefold().split("-"), wanted.casefold().split("-")
    return ours[: len(theirs)] == theirs
