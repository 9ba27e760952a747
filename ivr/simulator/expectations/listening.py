"""Waiting for words at a telephone, in a dialogue or a test written in Python."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from ivr.errors import CallError
from ivr.simulator.expectations.ear import Ear
from ivr.simulator.expectations.matching import Met, Open, Pattern, Verdict, pattern
from ivr.simulator.expectations.mismatch import Report, rang
from ivr.simulator.interpreter.speech import Utterance
from ivr.simulator.network.network import Network
from ivr.simulator.people.handset import Handset

PATIENCE = 60.0  # seconds that an expectation, or an action until it is possible, waits


class Listener:
    """A telephone that must hear words, one expectation after the other; see `Handset.hears`.

    ``phones`` are all of the network, by number: a failure shows what was said to each.
    """

    def __init__(self, phone: Handset, phones: Mapping[str, Handset]) -> None:
        self.ear = Ear(phone.number, phone)
        self.since: datetime = phone.network.clock.start
        self._network = phone.network
        self._phones = phones

    def hears(self, words: str, within: float, language: str) -> None:
        """Wait until they are heard. Raises AssertionError, which shows what was heard instead."""
        wanted = pattern(words)
        verdict = listen(self._network, self.ear, wanted, within)
        if not isinstance(verdict, Met):
            why = f"{self.ear.name} didn't hear what was expected"
            why += f", and waited {within:g} s for it" if isinstance(verdict, Open) else ""
            raise AssertionError(self._explained(why, words))
        wrong = other_languages(self.ear.take(wanted.open_end), language)
        if wrong:
            why = f"the words match, but were spoken in {', '.join(wrong)}, not {language}"
            raise AssertionError(self._explained(why, None))
        self.since = self._network.clock.now()

    def rings(self, within: float) -> None:
        """Wait until it rings. Raises CallError, which shows what happened instead."""
        phone = self.ear.phone
        if comes_true(self._network, lambda: phone.ringing, within):
            return
        why = f"{phone.number} isn't ringing, and waited {within:g} s for it"
        raise CallError(self._explained(why, None, self._network.do(lambda: rang(phone))))

    def _explained(self, why: str, wanted: str | None, notes: tuple[str, ...] = ()) -> str:
        ears = ears_of_all(self._phones) | {self.ear.name: self.ear}
        report = Report(ears, self._network, self.since, self.ear.name, wanted, notes)
        return self._network.do(lambda: report.text([why]))


def ears_of_all(phones: Mapping[str, Handset]) -> dict[str, Ear]:
    """An ear for every telephone, by number, from which nothing is expected."""
    return {number: Ear(number, phone, len(phone.heard)) for number, phone in phones.items()}


def listen(network: Network, ear: Ear, wanted: Pattern, at_most: float) -> Verdict:
    """Let at most so many seconds pass until the words are heard, or can't be any more."""
    comes_true(network, lambda: not isinstance(ear.hears(wanted), Open), at_most)
    return ear.hears(wanted)


def comes_true(network: Network, until: Callable[[], bool], at_most: float) -> bool:
    """Let at most so many seconds pass until the condition is met; whether it was."""
    began = network.clock.now()
    try:
        network.wait_until(until, at_most)
    except AssertionError:
        # Only the network's own "not met in time" is an answer; anything else is a failure.
        if (network.clock.now() - began).total_seconds() < at_most:
            raise
        return False
    return True


def other_languages(utterances: list[Utterance], wanted: str) -> list[str]:
    """The languages in which something was said, except the wanted one ("" for any)."""
    spoken = {_language(utterance) for utterance in utterances if utterance.kind == "say"}
    return sorted(code for code in spoken if wanted and code and not _same(code, wanted))


def _language(utterance: Utterance) -> str:
    # "en-US" unless the verb has a language, or a voice with a language of its own.
    # (https://www.twilio.com/docs/voice/twiml/say#language)
    return utterance.language or ("" if utterance.voice else "en-US")


def _same(spoken: str, wanted: str) -> bool:
    ours, theirs = spoken.casefold().split("-"), wanted.casefold().split("-")
    return ours[: len(theirs)] == theirs
