"""Random stories: a customer who calls once or a few times, and people who do as people do.

    python -m tests.bench.stories --calls 100000 --seed 1 --chaos
    python -m tests.bench.stories --seed 1 --only 17

Nobody is told what to expect. After each story the auditor holds what the line claims against what
was so; what doesn't fit is printed by rule, with the smallest story in which it was seen.
"""

from __future__ import annotations

import argparse
import logging
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

from ivr.line.flow.steps import Entry, RecordStep
from ivr.line.service.duties.lost_calls import first_check
from ivr.simulator import Exchange, Handset
from ivr.simulator.calls.leg import Leg
from tests.kit.auditor import Misfit, audit, glance
from tests.kit.desk import CALLER, ENTRY, PEOPLE, Desk
from tests.kit.fresh_desks import FreshDesks

AFTERWARDS = 2700.0  # seconds until what was promised has been tried and all is settled
CASES = ("17349013#", "17349021#", "17349037#", "17349045#", "17349068#", "21734900#", "99999999#")
WITHHELD = "+266696687"
# What is keyed at a step, and how likely each is; other steps' keys are equally likely.
LIKELY: Mapping[str, Sequence[tuple[str, int]]] = {
    "language": (("1", 4), ("2", 5), ("0", 1)),
    "menu": (("1", 6), ("3", 2), ("0", 3)),
    "case": (*((case, 2) for case in CASES), ("1734#", 1)),
    "emergency_case": (*((case, 2) for case in CASES), ("0#", 1)),
    "read_back": (("1", 9), ("2", 1)),
    "emergency_read_back": (("1", 9), ("2", 1)),
    "which": (("1", 1), ("2", 1)),
    "wish": (("1", 3), ("2", 5), ("3", 2), ("4", 1), ("5", 1), ("0", 1)),
    "pin": (("482913#", 2), ("1111#", 2)),
    "offer": (("1", 3), ("2", 3)),
    "callback_confirm": (("1", 4), ("2", 1)),
    "callback_number": (("0155500101#", 3), ("001#", 1)),
    "welcome_back": (("1", 4), ("2", 2)),
    "back_confirm": (("1", 5), ("2", 1)),
    "users": (("200#", 1),),
    "affected": (("150#", 1),),
    "down_hours": (("2#", 1),),
    "down_minutes": (("10#", 1),),
    "contact_number": (("0155500101#", 1),),
    "after": (("1", 1), ("0", 1)),
}
WAITING = ("0", "2", "")  # in a queue


@dataclass
class Told:
    """What everybody did, with the second in which they did it."""

    exchange: Exchange
    lines: list[str] = field(default_factory=list)

    def tell(self, text: str) -> None:
        self.lines.append(f"{self.exchange.clock.seconds():8.1f}  {text}")


class Colleague(Handset):
    """Somebody of the desk: each time it rings, something else happens."""

    def __init__(self, exchange: Exchange, person: str, draw: Random, told: Told) -> None:
        super().__init__(exchange, PEOPLE[person])
        self.person, self.draw, self.told = person, draw, told
        self.operator = person.startswith("OP")
        self.answers = draw.random() < 0.75  # today

    def ring(self, leg: Leg) -> None:
        super().ring(leg)
        does = self.draw.choices(
            ["accept", "ring", "decline", "machine", "drop", "other key"],
            [10 if self.answers else 1, 3, 1, 1, 1, 1],
        )[0]
        self.told.tell(f"{self.person} rings, will {does}")
        after = self.draw.choice([1.0, 3.0, 8.0, 15.0, 19.5])
        clock = self.network.clock
        if does == "decline":
            clock.after(after, self._if(leg, self.decline))
        elif does != "ring":
            clock.after(after, self._picks_up, leg, does)

    def _picks_up(self, leg: Leg, does: str) -> None:
        if self.leg is not leg or not self.ringing:
            return
        self.told.tell(f"{self.person} picks up")
        self.answer()
        clock, draw = self.network.clock, self.draw
        key = draw.choice([1.0, 3.0, 7.0])
        if does == "machine":
            clock.after(draw.choice([20.0, 60.0]), self._leaves, leg)
        elif does == "drop":
            clock.after(draw.choice([1.0, 4.0]), self._leaves, leg)
        elif does == "other key":
            clock.after(key, self._press_if, leg, draw.choice("23490*"))
            clock.after(60.0, self._leaves, leg)
        else:
            clock.after(key, self._press_if, leg, "1")
            talk = draw.choice([0.2, 5.0, 14.0, 17.0, 30.0, 60.0, 120.0])
            clock.after(key + talk, self._leaves, leg)
            if self.operator and draw.random() < 0.3:
                self._works(leg, key + 18.0)

    def _works(self, leg: Leg, after: float) -> None:
        """An operator uses the menu."""
        for keys in self.draw.choice(["*2", "*4", "**", "*2*3", "*24", "*"]):
            after += self.draw.choice([0.5, 6.0, 14.0])
            self.network.clock.after(after, self._press_if, leg, keys)

    def _press_if(self, leg: Leg, keys: str) -> None:
        if self.leg is leg and self.in_call:
            self.told.tell(f"{self.person} presses {keys}")
            self.press(keys)

    def _leaves(self, leg: Leg) -> None:
        if self.leg is not leg or not self.in_call:
            return
        if self.draw.random() < 0.2:
            self.told.tell(f"{self.person} loses the connection")
            self.lose_connection()
        else:
            self.told.tell(f"{self.person} hangs up")
            self.hang_up()

    def _if(self, leg: Leg, act: Callable[[], None]) -> Callable[[], None]:
        def acts() -> None:
            if self.leg is leg and self.ringing:
                self.told.tell(f"{self.person} declines")
                act()

        return acts


class Customer:
    """One customer and their calls."""

    def __init__(self, desk: Desk, number: str, draw: Random, told: Told) -> None:
        self.desk, self.exchange, self.draw, self.told = desk, desk.exchange, draw, told
        self.seen: list[Misfit] = []  # what pages showed and wasn't so
        self.phone = desk.exchange.phone(number)
        answers = draw.random() < 0.7
        for each in {number, CALLER}:  # who withholds their number names it when they are asked
            phone = desk.exchange.phone(each)
            phone.will("answer" if answers else "ring", after=4, press="1", hang_up=90)

    def calls(self) -> None:
        """All their calls; between two some time passes."""
        for number in range(self.draw.choices([1, 2, 3], [5, 3, 2])[0]):
            if number:
                self.exchange.wait(self.draw.choice([5.0, 40.0, 200.0, 500.0, 900.0]))
            if self.phone.leg is None:
                self.told.tell("the customer calls")
                self.phone.call(ENTRY)
                self._one_call(self.phone.leg)

    def _one_call(self, leg: Leg | None) -> None:
        ends = self.exchange.clock.seconds() + self.draw.choice([20.0, 60.0, 200.0, 600.0])
        while self.phone.leg is leg and leg is not None and self.exchange.clock.seconds() < ends:
            self.exchange.wait(self.draw.choice([0.3, 1.0, 3.0, 9.0]))
            if self.phone.leg is leg:
                self._acts(leg)
        if self.phone.leg is leg and leg is not None:
            self._leaves()

    def _acts(self, leg: Leg) -> None:
        if self.draw.random() < 0.1:
            self.seen += glance(self.desk)
        if self.draw.random() < 0.03:
            self._leaves()
        elif leg.company():
            self.exchange.wait(self.draw.choice([1.0, 10.0, 30.0]))
        elif leg.listening and (keys := self._keys()):
            self.told.tell(f"the customer presses {keys} at {self._step()}")
            self.phone.press(keys)

    def _step(self) -> str:
        call = self.desk.store.calls.load(self.desk.sid(self.phone))
        return call.step if call else ""

    def _keys(self) -> str:
        name = self._step()
        step = self.desk.line.caller.steps.get(name)
        if step is None or self.draw.random() < 0.1:
            return ""  # they listen, or don't know
        if name in LIKELY:
            keys, shares = zip(*LIKELY[name], strict=True)
            return str(self.draw.choices(keys, shares)[0])
        if isinstance(step, RecordStep):
            self.phone.say("It is slow.")
            self.exchange.wait(2)
            return "#" if self.phone.in_call else ""
        if isinstance(step, Entry):
            return "1#"
        keys = sorted(key for key in step.on if key.isdigit())
        if not getattr(step, "queue", "") and keys:
            return self.draw.choice([*keys, *keys, "0"])
        return self.draw.choice(WAITING) if self.draw.random() < 0.05 else ""

    def _leaves(self) -> None:
        if not self.phone.in_call:
            return
        if self.draw.random() < 0.25:
            self.told.tell("the customer loses the connection")
            self.phone.lose_connection()
        else:
            self.told.tell("the customer hangs up")
            self.phone.hang_up()


@dataclass
class Outcome:
    """What came of one story."""

    number: int
    calls: int
    happenings: int
    misfits: list[Misfit]
    told: list[str]


def story(desks: FreshDesks, seed: int, number: int, chaos: bool) -> Outcome:
    """One story, from an empty desk to when all is settled."""
    draw = Random(f"{seed} story {number}")
    desk = desks.desk()
    exchange = desk.exchange
    told = Told(exchange)
    for person in PEOPLE:
        phone = Colleague(exchange, person, Random(f"{seed} {number} {person}"), told)
        phone.listener = exchange.phones[phone.number].listener
        exchange.phones[phone.number] = phone
    desk.store.duties.add([first_check(exchange.clock.now())])
    desk.duties.run()
    if chaos:
        exchange.chaos(webhooks=0.05, callbacks=0.1, rest=0.05, seed=f"{seed} {number}")
    number_shown = WITHHELD if draw.random() < 0.05 else CALLER
    customer = Customer(desk, number_shown, draw, told)
    customer.calls()
    exchange.wait(AFTERWARDS)
    calls = sum(leg.direction == "inbound" for leg in exchange.legs.values())
    return Outcome(number, calls, len(exchange.history), customer.seen + audit(desk), told.lines)


@dataclass
class Count:
    """All stories of a run."""

    stories: int = 0
    calls: int = 0
    failing: int = 0
    by_rule: Counter[str] = field(default_factory=Counter)
    smallest: dict[str, Outcome] = field(default_factory=dict)

    def add(self, outcome: Outcome) -> None:
        self.stories += 1
        self.calls += outcome.calls
        self.failing += bool(outcome.misfits)
        for rule in {misfit.rule for misfit in outcome.misfits}:
            self.by_rule[rule] += 1
            known = self.smallest.get(rule)
            if known is None or outcome.happenings < known.happenings:
                self.smallest[rule] = outcome

    def __str__(self) -> str:
        lines = []
        for rule, times in self.by_rule.most_common():
            small = self.smallest[rule]
            lines += ["", f"{rule}: in {times} stories; the smallest is {small.number}:"]
            lines += [f"    {each}" for each in small.misfits if each.rule == rule]
            lines += [f"  {line}" for line in small.told]
        share = 100 * self.failing / max(1, self.stories)
        lines += ["", f"{self.calls} calls in {self.stories} stories, {share:.1f} % don't fit"]
        return "\n".join(lines)


def tell(seed: int, number: int, chaos: bool) -> str:
    """One story, and what doesn't fit."""
    with FreshDesks() as desks:
        outcome = story(desks, seed, number, chaos)
    return "\n".join([*outcome.told, "", *map(str, outcome.misfits)])


def run(calls: int, seed: int, chaos: bool, seconds: float) -> Count:
    """Stories until so many calls were made, or so much (real) time has passed."""
    count, until = Count(), time.monotonic() + seconds
    with FreshDesks() as desks:
        while count.calls < calls and time.monotonic() < until:
            count.add(story(desks, seed, count.stories, chaos))
    return count


def main() -> int:
    """0 if everything fits."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--chaos", action="store_true", help="with faults on the wire")
    parser.add_argument(
        "--seconds", type=float, default=36_000, help="real time after which to stop"
    )
    parser.add_argument("--only", type=int, help="retell one story of this seed")
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)
    if options.only is not None:
        print(tell(options.seed, options.only, options.chaos))
        return 0
    begun = time.monotonic()
    count = run(options.calls, options.seed, options.chaos, options.seconds)
    print(count)
    print(f"{time.monotonic() - begun:.0f} s")
    return 1 if count.failing else 0


if __name__ == "__main__":
    sys.exit(main())
