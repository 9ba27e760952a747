"""How long a caller waits until a person is being rung, on every way through the table.

    python -m tests.bench.seconds

Each way is called on the simulated network, where a prompt takes as long as its words, in English
and in French. Those who call: one who knows the menus and doesn't listen to them; the usual one,
who hears each prompt out and thinks for a second; two who err once at every prompt, by a wrong key
and by silence; one who errs as often as the line lets them; and one who never does anything.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ivr.line.flow.steps import Entry, Menu, RecordStep, Step
from ivr.simulator import Handset
from ivr.simulator.calls.leg import Leg
from ivr.simulator.interpreter.requests import Listen
from tests.kit.desk import CALLER, ENTRY, PEOPLE, Desk
from tests.kit.fresh_desks import FreshDesks

LANGUAGES = {"en": "2", "fr": "1"}  # and the key of each
THINKS = 1.0  # seconds
LONGEST = 900.0  # seconds of one call
CASE = "17349013#"
# What is keyed where a menu's keys aren't all there is; the first is right, "" is silence.
ENTRIES: Mapping[str, Sequence[str]] = {
    "case": (CASE, "21734900#"),
    "emergency_case": (CASE, "21734900#"),
    "pin": ("1111#",),
}
WORDS = "Half of our designers wait."
FORWARD = {"read_back": "1", "emergency_read_back": "1", "status": "0"}  # else they go round
DONE = {"severity_noted"}  # nobody is awaited any more
WRONG = {Menu: "8", Entry: "17#", RecordStep: "5"}

Way = tuple[tuple[str, str], ...]  # step and what was keyed there, in order


@dataclass(frozen=True)
class Timed:
    """One way and how long it took each caller to have a person rung; None: nobody was."""

    language: str
    way: Way
    usual: float
    wrong: float
    quiet: float
    knows: float = 0.0
    worst: float = 0.0

    @property
    def erring(self) -> float:
        """For those who err once at every prompt."""
        return max(self.wrong, self.quiet)

    def __str__(self) -> str:
        keyed = " ".join(f"{step} {keys}" for step, keys in self.way)
        took = (self.knows, self.usual, self.wrong, self.quiet, self.worst)
        return f"{self.language} {''.join(f'{each:7.0f}' for each in took)}  {keyed}"


class Caller:
    """Somebody who calls, and what they do at each prompt.

    ``listens`` to each prompt to its end. ``errs`` in these manners ("wrong", "quiet") at every
    prompt, one after the other; at ``gives_up`` until the line has had enough.
    """

    def __init__(
        self,
        desk: Desk,
        way: Way,
        *,
        listens: bool = True,
        errs: Callable[[Step], Sequence[str]] = lambda step: (),
        gives_up: str = "",
    ) -> None:
        self.desk, self.exchange = desk, desk.exchange
        self.phone: Handset = self.exchange.phone(CALLER)
        self.listens, self.errs, self.gives_up = listens, errs, gives_up
        self.answers: dict[str, list[str]] = {}
        for step, keys in way:
            self.answers.setdefault(step, []).append(keys)
        self.errors: dict[str, int] = {}
        self.stopped_at = ""  # where the way ended before anybody was rung

    def rung(self) -> float | None:
        """Seconds until a person is being rung; None if nobody is."""
        begun = self.exchange.clock.seconds()
        self.phone.call(ENTRY)
        while self._somebody() is None and self.exchange.clock.seconds() - begun < LONGEST:
            if not self._answer():
                break
        found = self._somebody()
        return None if found is None else found - begun

    def _somebody(self) -> float | None:
        """When the first person was rung."""
        at = [leg.created_at for leg in self.exchange.legs.values() if leg.sender != CALLER]
        return min(at) / 1e6 if at else None

    def _answer(self) -> bool:
        """Take the next step; False when there is none."""
        self.exchange.wait_until(self._asked, at_most=LONGEST)
        if self._somebody() is not None or not self.phone.in_call:
            return False
        step = self._step()
        if manner := self._error(step):
            self._err(step, manner)
            return True
        answers = self.answers.get(step.name)
        if not answers:
            self.stopped_at = step.name
            return False
        keys = answers.pop(0) if len(answers) > 1 else answers[0]
        if self.listens:
            self.exchange.wait(THINKS)
        self._key(step, keys)
        return True

    def _key(self, step: Step, keys: str) -> None:
        if isinstance(step, RecordStep):
            self.phone.say(WORDS)
            self.exchange.wait(3)
        if self.phone.in_call:
            self.phone.press(keys)
            self.exchange.wait(0.1)

    def _asked(self) -> bool:
        """Whether it is this caller's turn: at once, or when the prompt is over."""
        leg = self.phone.leg
        if self._somebody() is not None or leg is None:
            return True
        return _over(leg) if self.listens else leg.listening

    def _step(self) -> Step:
        call = self.desk.store.calls.load(self.desk.sid(self.phone))
        assert call is not None
        return self.desk.line.caller.steps[call.step]

    def _error(self, step: Step) -> str:
        """How to err now; ``""`` for not at all."""
        made, manners = self.errors.get(step.name, 0), self.errs(step)
        if step.name == self.gives_up and manners:
            return manners[made % len(manners)]
        return manners[made] if made < len(manners) else ""

    def _err(self, step: Step, manner: str) -> None:
        self.errors[step.name] = self.errors.get(step.name, 0) + 1
        if manner == "wrong":
            self.exchange.wait(THINKS)
            self._key(step, WRONG[type(step)])
            return
        player = self.phone.leg and self.phone.leg.player
        ticket = player and player.ticket
        self.exchange.wait_until(
            lambda: self.phone.leg is None or not player or player.ticket != ticket,
            at_most=LONGEST,
        )


def _over(leg: Leg) -> bool:
    """Whether the prompt has been said, and the line waits for a key."""
    return leg.player is not None and isinstance(leg.player.waiting, Listen)


def often(step: Step) -> Sequence[str]:
    """Errors by turns, one less than the line lets pass; silence twice in a row ends it sooner."""
    return [("quiet", "wrong")[number % 2] for number in range(step.tries - 1)]


def timed(desks: FreshDesks, language: str, way: Way, extremes: bool = False) -> Timed:
    """How long this way takes; with ``extremes`` also those who know it, and the worst."""

    def call(**caller: Any) -> float:
        return Caller(desks.desk(), way, **caller).rung() or 0.0

    return Timed(
        language,
        way,
        usual=call(),
        wrong=call(errs=lambda step: ("wrong",)),
        quiet=call(errs=lambda step: ("quiet",)),
        knows=call(listens=False) if extremes else 0.0,
        worst=max(call(errs=often, gives_up=step) for step in ("", way[-1][0]))
        if extremes
        else 0.0,
    )


def silent(desks: FreshDesks, called: str = ENTRY) -> float | None:
    """How long it takes for a caller who never does anything."""
    desk = desks.desk()
    phone = desk.exchange.phone(CALLER)
    phone.call(called)
    staff = [desk.exchange.phone(number) for number in PEOPLE.values()]
    desk.exchange.wait_until(lambda: any(each.ringing for each in staff), at_most=LONGEST)
    return desk.exchange.clock.seconds()


def ways(desks: FreshDesks, language: str) -> Iterator[Way]:
    """Every way through the table on which somebody is rung in the end, none through a step twice
    with the same keys."""
    open_ways: list[Way] = [(("language", LANGUAGES[language]),)]
    while open_ways:
        way = open_ways.pop()
        caller = Caller(desks.desk(), way, listens=False)
        if caller.rung() is not None:
            yield way
            continue
        step = desks.line.caller.steps.get(caller.stopped_at)
        if step is not None:
            open_ways += [(*way, (step.name, keys)) for keys in reversed(_choices(step, way))]


def _choices(step: Step, way: Way) -> list[str]:
    if step.name in DONE or step.name in dict(way):
        return []
    if isinstance(step, RecordStep):
        return ["#"]
    if isinstance(step, Entry):
        return list(ENTRIES.get(step.name, ()))
    if step.name in FORWARD:
        return list(dict.fromkeys([FORWARD[step.name], "0"]))
    return [*sorted(key for key in step.on if key.isdigit()), "0"]


def main() -> int:
    with FreshDesks() as desks:
        rows = [
            timed(desks, language, way, extremes=True)
            for language in LANGUAGES
            for way in ways(desks, language)
        ]
        print("     knows  usual  wrong  quiet  worst   seconds until a person is rung")
        for row in sorted(rows, key=lambda row: -row.erring):
            print(row)
        print(f"{len(rows)} ways: the usual caller waits {max(each.usual for each in rows):.0f} s")
        print(f"who errs once at every prompt {max(each.erring for each in rows):.0f} s")
        print(f"who errs as often as they may {max(each.worst for each in rows):.0f} s")
        print(f"who never does anything {silent(desks):.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
