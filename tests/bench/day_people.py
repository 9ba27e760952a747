"""Who takes part in a simulated day: customers who want something, and staff who mostly answer.

Everybody is a telephone that does things by itself. What a customer does is drawn from the seed
and their number alone, and what staff do from the seed, the telephone and how often it has rung: so
the same seed gives the same day, in whatever order things are looked at.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from random import Random

from ivr.line.flow.prompts import Prompts
from ivr.simulator import Exchange, Handset, Utterance
from ivr.simulator.calls.leg import Leg

HANG_UP = "hang up"
LANGUAGES: Mapping[str, tuple[str, ...]] = {  # entry numbers, and what is spoken there
    "+33800000001": ("fr", "en"),
    "+49800000001": ("de", "en"),
    "+81800000001": ("ja", "en"),
}

# What somebody does who hears a prompt; the first time, the second …, then the last for ever.
# A dot stands for nothing at all: the caller stays silent.
Manners = Mapping[str, Sequence[str]]

POLITE: Manners = {
    "menu": ("1",),
    "read_back": ("1",),
    "offer": ("2",),
    "callback_confirm": ("1",),
    "after": (HANG_UP,),
    "status": (HANG_UP,),
    "severity_noted": (HANG_UP,),
    "welcome_back": ("1",),
    "which": ("1",),
    "back_confirm": ("1",),
    "severity_wish": ("2",),
    "severity_reason": ("Half of our designers wait.",),
}
OUTAGE: Manners = {
    "menu": ("3",),
    "purpose": ("1",),
    "users": ("200#",),
    "affected": ("180#",),
    "actions": ("4",),
    "actions_said": ("We have started it again.",),
    "down_hours": ("1#",),
    "down_minutes": ("20#",),
    "environment": ("1",),
    "contact": ("1",),
    "reach": ("2",),
    "english": ("1",),
    "competent": ("1",),
}
WISHES: Sequence[tuple[int, Manners]] = (  # so many of a hundred callers, and how they go about it
    (50, {"menu": ("0",)}),
    (14, {"wish": ("2",)}),
    (9, {"wish": ("1",)}),
    (2, {"wish": ("5",), "pin": ("1111#", "482913#")}),
    (5, {"wish": ("4",)}),
    (2, {"wish": ("3",), "offer": ("1", "2")}),
    (2, OUTAGE),
    (6, {"menu": (".", "9", "1"), "case": ("17#", "."), "wish": ("7", "2")}),
    (3, {"case": ("99999999#",), "wish": ("2",)}),
    (4, {"read_back": ("2", "1"), "wish": ("2",), "still_trying": ("2",)}),
    (3, {"wish": (HANG_UP, "2")}),  # cut off, and calls again
)


class Customer(Handset):
    """A caller who knows what they want, and answers what they are asked."""

    def __init__(self, exchange: Exchange, number: str, entry: str, case: str, seed: str) -> None:
        super().__init__(exchange, number)
        self._random = Random(seed)
        self._entry = entry
        languages = LANGUAGES[entry]
        self._language = languages[0] if self._random.random() < 0.7 else languages[1]
        keys = {"choose_language": (str(languages.index(self._language) + 1),)}
        wish = self._random.choices([w for _, w in WISHES], [share for share, _ in WISHES])[0]
        self._manners = {**POLITE, "case": (f"{case}#",), "emergency_case": (f"{case}#",)}
        self._manners |= {**keys, **wish}
        self._times: dict[str, int] = {}
        self._last = ""
        self.calls_again = HANG_UP in wish.get("wish", ())
        self.patience = self._random.uniform(60, 900)
        # Whoever is rung because it was promised answers, mostly.
        self.will("answer" if self._random.random() < 0.8 else "ring", after=4, hang_up=150)

    def dial(self) -> None:
        """Call; who gets no further than this hangs up after a while."""
        if self.leg is None:
            self.call(self._entry)
            self.network.clock.after(self.patience, self._enough, self.leg)

    def hear(self, utterance: Utterance) -> None:
        super().hear(utterance)
        if utterance.kind != "say":
            return
        key, language = prompt(utterance.text)
        if key == "choose_language" and language != self._language:
            return
        if key in self._manners:
            self._last = key
            wait = self._random.uniform(0.6, 9.0)
            self.network.clock.after(wait, self._reply, key, self.leg)

    def _reply(self, key: str, leg: Leg) -> None:
        if self.leg is not leg or self._last != key:
            return
        self._last = ""
        known = self._manners[key]
        self._times[key] = times = self._times.get(key, 0) + 1
        match known[min(times, len(known)) - 1]:
            case ".":
                return
            case "hang up":
                self._put_down()
                if self.calls_again:
                    self.calls_again = False
                    self.network.clock.after(90.0, self.dial)
            case keys if keys[0].isdigit():
                self._type(keys)
            case words:
                self.say(words)
                self.network.clock.after(3.0, self._type_in, leg, "#")

    def _type_in(self, leg: Leg, keys: str) -> None:
        if self.leg is leg:
            self._type(keys)

    def _enough(self, leg: Leg) -> None:
        if self.leg is leg and not self.connected_to:
            self._put_down()

    def _put_down(self) -> None:
        if self.in_call:
            self.hang_up()


class Colleague(Handset):
    """An operator, a manager or an engineer: each time it rings, something is drawn."""

    def __init__(
        self, exchange: Exchange, number: str, seed: str, talk: float, answers: float
    ) -> None:
        super().__init__(exchange, number)
        self._random, self._talk, self._answers = Random(seed), talk, answers

    def ring(self, leg: Leg) -> None:
        draw = self._random
        chance, talk = draw.random(), draw.expovariate(1 / self._talk) + 15.0
        left = 1 - self._answers
        if chance < self._answers:
            self.will("answer", after=draw.uniform(1, 12), press="1", hang_up=talk + 15)
        elif chance < 1 - 0.55 * left:
            self.will("answer", after=2, press=draw.choice("23"), hang_up=30)
        elif chance < 1 - 0.3 * left:
            self.will("decline", after=3)
        else:
            self.will("ring")
        super().ring(leg)


# ---- what is said ------------------------------------------------------------------------------

_PROMPTS: list[tuple[re.Pattern[str], str, str]] = []


def learn(prompts: Prompts) -> None:
    """The words of a line, to know them again: what has more words of its own comes first."""
    _PROMPTS.clear()
    prompt.cache_clear()
    texts = [
        (re.split(r"\{\w+\}", text), key, code)
        for code in prompts.codes
        for key, text in prompts.language(code).prompts.items()
    ]
    for fixed, key, code in sorted(texts, key=lambda each: -sum(map(len, each[0]))):
        _PROMPTS.append((re.compile(".*".join(map(re.escape, fixed))), key, code))


@lru_cache(maxsize=20_000)
def prompt(text: str) -> tuple[str, str]:
    """The key and the language of what was said; ("", "") for what no prompt says."""
    return next(((key, code) for words, key, code in _PROMPTS if words.fullmatch(text)), ("", ""))
