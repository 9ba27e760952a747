"""Calls as short texts: who does what, one after the other.

``"calls 2 0 OP1:answers OP1:1 +20 OP1:hangs"``: a word without a name is the customer's, a number
with a plus are seconds that pass, a step with ``~`` is waited for. `Scene.play` carries a text out;
a moment passes after each word.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import select

from ivr.line.service.duties.lost_calls import first_check
from ivr.line.store.tables import calls
from ivr.line.turns.call.heard import Clicked
from ivr.simulator import Handset
from tests.kit.auditor import Misfit, audit, glance
from tests.kit.desk import CALLER, ENTRY, PEOPLE, Desk, mount

MOMENT = 0.2  # seconds after each word
PATIENCE = 900  # seconds for a step to come
STEP = select(calls.c.step).where(calls.c.ended_at.is_(None)).order_by(calls.c.started_at.desc())
ANOTHER = "+33155500109"  # another customer of the same case
BOX = (  # what happens to the carrier's API, by the word for it
    ("refuses", "500", "*"),
    ("throttles", "429", "*"),
    ("hangs-on", "timeout", "*"),
    ("loses-answers", "answer lost", "*"),
    ("places-nobody", "500", "POST /Calls"),
)
KINDS = {word: (kind, matching) for word, kind, matching in BOX}


class Scene:
    """A desk on which a text is played."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.exchange = desk, desk.exchange
        self.caller = self.exchange.phone(CALLER)
        for number in PEOPLE.values():
            self.exchange.phone(number)
        desk.store.duties.add([first_check(self.exchange.clock.now())])
        desk.duties.run()

    # --- playing

    def play(self, text: str) -> Scene:
        """Carry out each word. What somebody can't do just then (answer a telephone that doesn't
        ring) is left out."""
        for word in text.split():
            self.act(word)
        return self

    def act(self, word: str) -> None:
        who, _, what = word.rpartition(":")
        if word.startswith("+"):
            self.exchange.wait(float(word[1:]))
            return
        if word.startswith("~"):
            self._wait_for(word[1:])
            return
        if who == "line":
            self._line(what)
        elif who == "rest":
            kind, matching = KINDS[what]
            self.exchange.rest_fails(kind, matching)
        elif who.endswith(".click"):
            self._click(who.removesuffix(".click"), what)
        else:
            phone = self.exchange.phone(PEOPLE[who]) if who in PEOPLE else self._customer(who)
            self._does(phone, what)
        self.exchange.wait(MOMENT)

    def _wait_for(self, step: str) -> None:
        until = self.exchange.clock.seconds() + PATIENCE
        while self.step != step and self.exchange.clock.seconds() < until:
            self.exchange.wait(1)

    def _customer(self, who: str) -> Handset:
        return self.exchange.phone(ANOTHER) if who == "another" else self.caller

    def _does(self, phone: Handset, what: str) -> None:
        acts: dict[str, tuple[Callable[[], object], bool]] = {
            "calls": (lambda: phone.call(ENTRY), phone.leg is None),
            "answers": (phone.answer, phone.ringing),
            "declines": (phone.decline, phone.ringing),
            "hangs": (phone.hang_up, phone.in_call),
            "lost": (phone.lose_connection, phone.leg is not None),
            "speaks": (lambda: phone.say("It is slow."), phone.in_call),
            "busy": (lambda: phone.will("busy"), True),
            "free": (lambda: phone.will("ring"), True),
        }
        if what in acts:
            act, possible = acts[what]
            if possible:
                act()
        elif phone.in_call:
            phone.press(what)

    def _line(self, what: str) -> None:
        exchange = self.exchange
        if what == "replaced":
            self.replace()
        elif what == "loses-status":
            exchange.webhook_fails("dropped", "*/status*", times=2)
        elif what == "is-slow":
            exchange.delay("*", 4.0, times=6)
        else:
            raise ValueError(f"nobody knows what line:{what} is")

    def replace(self) -> None:
        """A new process takes over: the same store, nothing else."""
        exchange = self.exchange
        exchange.in_process.clear()
        exchange.mounted()
        self.desk.duties.stop()
        self.desk = mount(exchange, self.desk.store, self.desk.line)
        self.desk.duties.wake()

    def _click(self, person: str, click: str) -> None:
        """A button of the console; ``take`` is of whoever waits."""
        name, _, value = click.partition("=")
        store, hear = self.desk.store, self.desk.services.calls.hear
        if name == "take":
            for call in store.calls.open():
                if call.waiting_for:
                    hear(call.sid, Clicked("take", "", person))
        else:
            known = store.people.get(person)
            sid, _, attempt = ((known.busy_with if known else "") or "").partition("/")
            if sid:
                hear(sid, Clicked(name, attempt, value))
        self.desk.duties.wake()

    # --- where everybody is

    @property
    def step(self) -> str:
        """The step of the customer's last call, or of the call back that goes on."""
        call = self.desk.store.connections.asked.row(STEP)  # thousands of times
        return str(call.step) if call else ""

    def step_of(self, person: str) -> str:
        """The step of a person's leg."""
        known = self.desk.store.people.get(person)
        sid, _, attempt = ((known.busy_with if known else "") or "").partition("/")
        call = self.desk.store.calls.load(sid) if sid else None
        leg = call.data.legs.get(attempt) if call else None
        return leg.talk.state if leg else ""

    @property
    def now(self) -> datetime:
        return self.exchange.clock.now()

    # --- the end

    def over(self) -> list[Misfit]:
        """Let everything settle, everybody hang up and settle again: what doesn't fit."""
        self.exchange.wait(6)
        seen = glance(self.desk)
        self.exchange.wait(69)
        seen += glance(self.desk)
        for phone in list(self.exchange.phones.values()):
            if phone.in_call:
                phone.hang_up()
        faults = self.exchange.faults
        for rule in [*faults.requests, *faults.webhooks]:
            rule.stop()
        # What was lost is noticed after a while.
        self.exchange.wait(1560 if self.exchange.injected else 65)
        return [*seen, *audit(self.desk)]
