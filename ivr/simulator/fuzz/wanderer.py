"""One call: a caller who does what was drawn for them, and may be stranded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from math import ceil
from urllib.parse import urlsplit

from ivr.simulator.dialogues.record import CallRecord, write
from ivr.simulator.dialogues.stage import leave, scripted
from ivr.simulator.exchange import Exchange
from ivr.simulator.expectations.listening import PATIENCE
from ivr.simulator.expectations.phones import Phone
from ivr.simulator.expectations.syntax import CALLER, Act, phrase
from ivr.simulator.fuzz.stranded import Done, Habit, Rules, Stranded, who_meets
from ivr.simulator.interpreter.speech import Utterance
from ivr.simulator.network.network import Notice
from ivr.simulator.people.handset import Handset

MAX_REPEATS = 40  # documents in which nothing new is said
POLL = 5.0  # seconds between two looks at a caller who only waits
SETTLING = 5.0  # seconds for the last callbacks of a call
PROMPT = 30  # seconds; who waits less may just be listening to a prompt
HABITS: tuple[Habit, ...] = (  # of people that the test doesn't describe
    ("answers", 2.0, "1"),
    ("answers", 2.0, ""),
    ("voicemail", 2.0, ""),
    ("busy", 0.0, ""),
    ("declines", 2.0, ""),
    ("rings", 0.0, ""),
    ("unreachable", 0.0, ""),
)


class Wanderer:
    """A caller who does what was drawn for them, on a network of their own."""

    def __init__(
        self,
        exchange: Exchange,
        caller: str,
        called: str,
        rules: Rules,
        phones: Sequence[Phone] = (),
        habits: Sequence[Habit] = (),
    ) -> None:
        self.exchange = exchange
        self.rules = rules
        self.called = called
        self.phone: Handset = exchange.phone(caller)
        for each in phones:
            scripted(exchange, each)
        self._habits = habits or HABITS[-1:]
        self._people: list[Phone] = []  # those whom the test doesn't describe
        self.record = CallRecord(exchange, caller, called, phones)
        self.done: list[Done] = []
        self.place: tuple[str, ...] = ()  # where the caller was after doing everything
        self.met = False  # did a phone ring that the test doesn't describe?
        self.ears = ""  # what the document listened for there
        exchange.on_unknown = self._meet

    def _meet(self, number: str) -> Handset:
        """A phone rings that the test doesn't describe."""
        self.met = True
        person = len(self._people)
        does, after, press = self._habits[person % len(self._habits)]
        met = Phone(0, f"person{person + 1}", number, does, after, press)
        self._people.append(met)
        self.record.described = (*self.record.described, met)
        return scripted(self.exchange, met)

    def go(self, acts: Sequence[Act], stays: bool = True) -> Stranded | None:
        """Make the whole call; returns how the caller was stranded, or None.

        ``stays``: after the last act the caller waits for what becomes of it, instead of hanging up
        as soon as they have heard what they are to do next.
        """
        self._do(Act("call"))
        for act in acts:
            if not self.phone.in_call or self._problem():
                break
            if self._possible(act):
                self._do(act)
        dialogue = write(self.record)
        self._look_round()
        stranded = self._error() or (self._left_alone(dialogue) if stays else None)
        if stranded is None and self.phone.in_call:
            self._do(Act("hang up"))
        leave(self.exchange)
        self.exchange.wait(SETTLING)
        return stranded or self._error()

    def _look_round(self) -> None:
        """Note where the caller is: the document, and what was said since the last action."""
        phone, since = self.phone, self.record.notes[-1].heard[0]
        self._until(lambda: phone.listening or bool(phone.connected_to) or not phone.in_call)
        prompts = [each.text for each in phone.heard[since:] if each.kind in ("say", "play")]
        self.place = (self._where(), *prompts)
        self.ears = phone.leg.ears if phone.leg is not None else ""

    def _possible(self, act: Act) -> bool:
        """Wait until it is possible. Returns False for keys and words that nothing listens for."""
        phone = self.phone
        if act.kind == "say":
            self._until(lambda: phone.audible or not phone.in_call)
            return phone.audible
        if act.kind == "press" and not act.at_once:
            self._until(lambda: phone.listening or bool(phone.connected_to) or not phone.in_call)
            return phone.listening
        return phone.in_call

    def _do(self, act: Act) -> None:
        phone = self.phone
        since = self.record.notes[-1].heard[0] if self.record.notes else 0
        prompts = " ".join(each.text for each in phone.heard[since:] if each.kind == "say")
        self.done.append(Done(act, prompts, phone.listening or bool(phone.connected_to)))
        self.record.did(CALLER, phrase(act))
        match act.kind:
            case "call":
                phone.call(self.called)
            case "press":
                phone.press(act.value)
            case "say":
                phone.say(act.value)
            case "hang up":
                phone.hang_up()
            case "wait":
                self.exchange.wait(act.seconds)

    def _until(self, condition: Callable[[], bool]) -> None:
        waited = 0.0
        while not condition() and waited < PATIENCE and not self._problem():
            self.exchange.wait(POLL / 5)
            waited += POLL / 5

    # ---- is the caller stranded?

    def _problem(self) -> Notice | None:
        """The first line in the debugger's log that matters."""
        levels = ("error", "warning") if self.rules.warnings else ("error",)
        return next((each for each in self.exchange.debugger if each.level in levels), None)

    def _error(self) -> Stranded | None:
        notice = self._problem()
        if notice is None:
            return None
        where = _without_query(notice.url) or self._where()
        kind = "loop" if "without any time passing" in notice.text else "error"
        number = f"{notice.code} " if notice.code else ""
        why = f"{number}{notice.text}" + (f" at {where}" if where else "")
        passed = (self.exchange.clock.now() - self.record.notes[-1].over).total_seconds()
        idle = ceil((notice.at - self.record.notes[-1].over).total_seconds())
        rest = f"> wait {ceil(passed)}\n< …" if passed > 0 else "< …"
        return self._stranded(
            kind, why, where, notice.code, _until_the_last_act(write(self.record)), rest,
            idle if idle >= PROMPT else 0,
        )  # fmt: skip

    def _left_alone(self, dialogue: str) -> Stranded | None:
        """Do nothing more, until somebody takes the call, or plainly nobody will."""
        rules = self.rules
        phone = self.phone
        waited = 0.0
        known = set[str]()
        requests = len(self.exchange.requests)
        over = self.exchange.clock.now() + timedelta(seconds=2 * rules.patience)
        while phone.in_call and not phone.connected_to:
            if self._problem():
                return self._error()
            limit = rules.patience if phone.listening else rules.silence
            if self._silent_for() >= limit:
                why = f"nothing is heard for {limit:g} s, and nothing is going on"
                return self._alone("silence", why, dialogue, limit)
            news = {each.text for each in phone.heard if each.kind != "pause"} - known
            if news or self._held():
                known |= news
                waited = 0.0
                requests = len(self.exchange.requests)
            if waited >= rules.patience or len(self.exchange.requests) - requests >= MAX_REPEATS:
                return self._loop(dialogue)
            if self.exchange.clock.now() > over:  # in a queue, or there is always something new
                return None
            self.exchange.wait(POLL)
            waited += POLL
        return self._error()

    def _loop(self, dialogue: str) -> Stranded:
        last = next((u.text for u in reversed(self.phone.heard) if u.kind in ("say", "play")), "")
        return self._alone(
            "loop", f"the same prompt is repeated: “{last}”", dialogue, self.rules.patience
        )

    def _alone(self, kind: str, why: str, dialogue: str, seconds: float) -> Stranded:
        last = f"< within {seconds:g} (hung up)\n< …"
        return self._stranded(kind, why, self._where(), 0, dialogue, last, seconds)

    def _held(self) -> bool:
        """Whether something is going on: a queue, a conference, a stream, a phone ringing."""
        leg = self.phone.leg
        return leg is not None and (leg.engaged is not None or leg.background is not None)

    def _silent_for(self) -> float:
        """Seconds in which nothing has been heard."""
        leg = self.phone.leg
        if leg is None or not leg.picked_up or self._held():
            return 0.0
        now = self.exchange.clock.now()
        sounds = [each for each in self.phone.heard if each.kind != "pause"]
        if sounds and self._lasts(sounds[-1]):
            return 0.0
        if sounds:
            last = sounds[-1]
            return (now - last.at).total_seconds() - (last.seconds if last.complete else 0.0)
        return (self.exchange.clock.instant() - leg.answered_at) / 1e6

    def _lasts(self, sound: Utterance) -> bool:
        over = (self.exchange.clock.now() - sound.at).total_seconds()
        return not sound.complete and over < sound.seconds

    def _where(self) -> str:
        """The URL of the document that is playing."""
        sid = self.phone.calls[-1].sid if self.phone.calls else ""
        own = [each for each in self.exchange.requests if each.call_sid == sid]
        return _without_query(own[-1].url) if own else ""

    def _stranded(
        self, kind: str, why: str, where: str, code: int, dialogue: str, last: str, idle: float
    ) -> Stranded:
        who = who_meets(code, why, self.done, self._people, idle)
        return Stranded(
            kind,
            why,
            where,
            code,
            tuple(each.act for each in self.done),
            f"# {kind}: {' '.join(why.split())}\n# {who}\n{dialogue}{last}\n",
            who,
            tuple(self._habits),
        )


def _until_the_last_act(dialogue: str) -> str:
    """A dialogue without what was heard at its end: an apology, which mending it takes away."""
    lines = dialogue.splitlines(keepends=True)
    while lines and lines[-1].startswith("<"):
        lines.pop()
    return "".join(lines)


def _without_query(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}{parts.path}" if parts.netloc else ""
