"""Callers who try to get lost in any application, and the shortest call in which one is stranded.

First each key is tried wherever something new was heard, then callers are drawn at random, who
type too early, speak, wait, hang up, and ring people who don't answer. Hypothesis draws them and
shrinks their calls; the same seed gives the same ones. It is imported when somebody fuzzes, so that
the package doesn't need it otherwise.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from math import ceil
from typing import Any
from urllib.parse import urlsplit

from ivr.simulator.dialogues.record import CallRecord, write
from ivr.simulator.dialogues.stage import leave, scripted
from ivr.simulator.exchange import Exchange
from ivr.simulator.expectations.listening import PATIENCE
from ivr.simulator.expectations.phones import Phone
from ivr.simulator.expectations.syntax import CALLER, Act, phrase
from ivr.simulator.interpreter.speech import Utterance
from ivr.simulator.network.network import Notice
from ivr.simulator.people.handset import Handset

Networks = Callable[[], Exchange | AbstractContextManager[Exchange]]
Habit = tuple[str, float, str]  # what somebody does who is rung: (does, after, press)
Call = Callable[..., "tuple[Stranded | None, Wanderer]"]
AGAIN = 40  # documents in which nothing new is said
GLANCE = 5.0  # seconds between two looks at somebody who only waits
SETTLING = 5.0  # seconds for the last callbacks of a call
HABITS: tuple[Habit, ...] = (  # of those of whom nothing is said
    ("answers", 2.0, "1"),
    ("answers", 2.0, ""),
    ("voicemail", 2.0, ""),
    ("busy", 0.0, ""),
    ("declines", 2.0, ""),
    ("rings", 0.0, ""),
    ("unreachable", 0.0, ""),
)


@dataclass(frozen=True, slots=True)
class Rules:
    """What callers may do, and when they count as stranded; all seconds are the network's.

    ``entries`` are keys that a caller knows, such as a case number; ``longest`` is how many things
    he does. ``silence``: so long nothing is heard, nothing goes on and no key is asked for.
    ``patience``: so long he does nothing more, and hears nothing new. ``warnings``: Twilio's
    warnings count as errors.
    """

    keys: str = "0123456789*#"
    entries: tuple[str, ...] = ()
    words: tuple[str, ...] = ("yes", "no", "help")
    longest: int = 12
    silence: float = 60.0
    patience: float = 600.0
    warnings: bool = False


@dataclass(frozen=True, slots=True)
class Stranded:
    """A caller who was left alone. ``kind`` is error, silence or loop; ``where`` the document's URL
    without its query; ``dialogue`` the call as a ``.call``, which fails when it is played again."""

    kind: str
    why: str
    where: str
    code: int
    acts: tuple[Act, ...]
    dialogue: str

    @property
    def key(self) -> tuple[str, int, str]:
        """What is the same trouble: its kind, Twilio's number and the document."""
        return self.kind, self.code, self.where


class StrandedError(AssertionError):
    """Raised inside Hypothesis, a class of its own for each trouble: that is what it shrinks."""

    def __init__(self, stranded: Stranded) -> None:
        super().__init__(stranded.why)
        self.stranded = stranded


# ---- one call ----------------------------------------------------------------------------------


class Wanderer:
    """A caller who does what was drawn for him, on a network of his own."""

    def __init__(
        self,
        exchange: Exchange,
        caller: str,
        called: str,
        rules: Rules,
        phones: Sequence[Phone] = (),
        habits: Sequence[Habit] = (),
    ) -> None:
        self.exchange, self.rules = exchange, rules
        self.called = called
        self.phone: Handset = exchange.phone(caller)
        for each in phones:
            scripted(exchange, each)
        self._habits = habits or HABITS[-1:]
        self._names = count(1)
        self.record = CallRecord(exchange, caller, called, phones)
        self.done: list[Act] = []
        self.place: tuple[str, ...] = ()  # where he was when he had done everything
        self.met = False  # was anybody rung of whom nothing is said?
        self.ears = ""  # and what was listened for there
        exchange.on_unknown = self._meet

    def _meet(self, number: str) -> Handset:
        """A telephone is rung that nobody has described."""
        self.met = True
        person = next(self._names)
        does, after, press = self._habits[(person - 1) % len(self._habits)]
        met = Phone(0, f"person{person}", number, does, after, press)
        self.record.described = (*self.record.described, met)
        return scripted(self.exchange, met)

    def go(self, acts: Sequence[Act]) -> Stranded | None:
        """The whole call; how he was stranded, or None."""
        self._do(Act("call"))
        for act in acts:
            if not self.phone.in_call or self._trouble():
                break
            if self._possible(act):
                self._do(act)
        told = write(self.record)
        self._look_round()
        stranded = self._error() or self._left_alone(told)
        if stranded is None and self.phone.in_call:
            self._do(Act("hang up"))
        leave(self.exchange)
        self.exchange.wait(SETTLING)
        return stranded or self._error()

    def _look_round(self) -> None:
        """Where is he now: in which document, what was said since he did something?"""
        phone, since = self.phone, self.record.notes[-1].heard[0]
        self._until(lambda: phone.listening or bool(phone.connected_to) or not phone.in_call)
        said = [each.text for each in phone.heard[since:] if each.kind in ("say", "play")]
        self.place = (self._where(), *said)
        self.ears = phone.leg.ears if phone.leg is not None else ""

    def _possible(self, act: Act) -> bool:
        """Keys wait until the phone listens; what nobody would take notice of isn't done."""
        phone = self.phone
        if act.kind == "press" and not act.at_once:
            self._until(lambda: phone.listening or bool(phone.connected_to) or not phone.in_call)
            return phone.listening
        return phone.in_call

    def _do(self, act: Act) -> None:
        self.record.did(CALLER, phrase(act))
        self.done.append(act)
        phone = self.phone
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
        while not condition() and waited < PATIENCE and not self._trouble():
            self.exchange.wait(GLANCE / 5)
            waited += GLANCE / 5

    # ---- how it stands

    def _trouble(self) -> Notice | None:
        """The first line in the debugger that matters."""
        levels = ("error", "warning") if self.rules.warnings else ("error",)
        return next((each for each in self.exchange.debugger if each.level in levels), None)

    def _error(self) -> Stranded | None:
        notice = self._trouble()
        if notice is None:
            return None
        where = _without_query(notice.url) or self._where()
        kind = "loop" if "without any time passing" in notice.text else "error"
        number = f"{notice.code} " if notice.code else ""
        why = f"{number}{notice.text}" + (f" at {where}" if where else "")
        idle = ceil((self.exchange.clock.now() - self.record.notes[-1].over).total_seconds())
        rest = f"> wait {idle}\n< …" if idle > 0 else "< …"
        return self._stranded(kind, why, where, notice.code, write(self.record), rest)

    def _left_alone(self, told: str) -> Stranded | None:
        """Does nothing, until he is looked after, or it is plain that he won't be."""
        rules, phone, waited = self.rules, self.phone, 0.0
        said, asked = set[str](), len(self.exchange.requests)
        over = self.exchange.clock.now() + timedelta(seconds=2 * rules.patience)
        while phone.in_call and not phone.connected_to:
            if self._trouble():
                return self._error()
            limit = rules.patience if phone.listening else rules.silence
            if self._silent_for() >= limit:
                why = f"nothing is heard for {limit:g} s, and nothing goes on"
                return self._alone("silence", why, told, limit)
            news = {each.text for each in phone.heard if each.kind != "pause"} - said
            if news or self._held():
                said, waited, asked = said | news, 0.0, len(self.exchange.requests)
            if waited >= rules.patience or len(self.exchange.requests) - asked >= AGAIN:
                return self._loop(told)
            if self.exchange.clock.now() > over:  # in a queue, or always something new
                return None
            self.exchange.wait(GLANCE)
            waited += GLANCE
        return self._error()

    def _loop(self, told: str) -> Stranded:
        last = next((u.text for u in reversed(self.phone.heard) if u.kind in ("say", "play")), "")
        return self._alone(
            "loop", f"the same is said again and again: “{last}”", told, self.rules.patience
        )

    def _alone(self, kind: str, why: str, told: str, seconds: float) -> Stranded:
        return self._stranded(kind, why, self._where(), 0, told, f"< within {seconds:g} (hung up)")

    def _held(self) -> bool:
        """In a queue, a room or a stream, or somebody is being rung: something goes on."""
        leg = self.phone.leg
        return leg is not None and (leg.engaged is not None or leg.background is not None)

    def _silent_for(self) -> float:
        """Seconds without a sound."""
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
        """The document that he is in."""
        sid = self.phone.calls[-1].sid if self.phone.calls else ""
        own = [each for each in self.exchange.requests if each.call_sid == sid]
        return _without_query(own[-1].url) if own else ""

    def _stranded(
        self, kind: str, why: str, where: str, code: int, told: str, last: str
    ) -> Stranded:
        return Stranded(
            kind,
            why,
            where,
            code,
            tuple(self.done),
            f"# {kind}: {' '.join(why.split())}\n{told}{last}\n",
        )


def _without_query(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}{parts.path}" if parts.netloc else ""


# ---- many calls --------------------------------------------------------------------------------


def fuzz(
    networks: Networks,
    called: str,
    *,
    caller: str = "+33155500101",
    rules: Rules | None = None,
    phones: Sequence[Phone] = (),
    calls: int = 200,
    seed: int = 1,
    most: int = 10,
    found: Callable[[Stranded], object] | None = None,
) -> list[Stranded]:
    """Callers who are stranded: of each trouble the shortest call, at the most ``most``.

    ``networks`` makes a fresh `Exchange` for each call, with the application at ``called``; or a
    context manager that gives one. ``phones`` are people of whom is known what they do; everybody
    else who is rung is drawn, too. ``calls`` are tried for each trouble. Raises ImportError where
    Hypothesis isn't installed.
    """
    rules = rules or Rules()
    known: dict[tuple[str, int, str], Stranded] = {}

    def call(acts: Sequence[Act], habits: Sequence[Habit] = ()) -> tuple[Stranded | None, Wanderer]:
        with _opened(networks) as exchange:
            wanderer = Wanderer(exchange, caller, called, rules, phones, habits)
            stranded = wanderer.go(acts)
        return (None if stranded and stranded.key in known else stranded), wanderer

    def note(stranded: Stranded) -> None:
        known[stranded.key] = stranded
        if found is not None:
            found(stranded)

    for stranded in _everywhere(call, rules, calls):
        note(stranded)
        if len(known) == most:
            break
    while len(known) < most:
        drawn = _drawn(call, rules, calls, seed)
        if drawn is None:
            break
        note(drawn)
    return list(known.values())


@contextmanager
def _opened(networks: Networks) -> Iterator[Exchange]:
    made = networks()
    if isinstance(made, AbstractContextManager):
        with made as exchange:
            yield exchange
    else:
        yield made


def _everywhere(call: Call, rules: Rules, calls: int) -> Iterator[Stranded]:
    """Each key, known entry or word wherever something new was heard, the shortest ways first."""
    ways: deque[tuple[Act, ...]] = deque([()])
    seen: set[tuple[str, ...]] = set()
    while ways and calls:
        acts, calls = ways.popleft(), calls - 1
        stranded, wanderer = call(acts)
        if stranded is not None:
            yield stranded
        if wanderer.met and wanderer.place not in seen:  # what else might they do?
            for habit in HABITS[:-1]:
                stranded, _ = call(acts, [habit])
                if stranded is not None:
                    yield stranded
        if wanderer.place in seen or len(acts) >= rules.longest:
            continue
        seen.add(wanderer.place)
        entries = (*rules.keys, *rules.entries) if "dtmf" in wanderer.ears else ()
        words = rules.words if "speech" in wanderer.ears else ()
        ways.extend((*acts, Act("press", keys)) for keys in entries)
        ways.extend((*acts, Act("say", said)) for said in words)


def _drawn(call: Call, rules: Rules, calls: int, seed: int) -> Stranded | None:
    """One trouble that isn't known yet, in as short a call as Hypothesis finds."""
    import hypothesis
    from hypothesis import HealthCheck, Phase, Verbosity, settings
    from hypothesis import strategies as st

    kinds: dict[tuple[str, int, str], type[StrandedError]] = {}
    best: dict[tuple[str, int, str], Stranded] = {}
    first: list[tuple[str, int, str]] = []

    @hypothesis.seed(seed)
    @settings(
        max_examples=calls,
        database=None,
        deadline=None,
        phases=(Phase.generate, Phase.shrink),
        verbosity=Verbosity.quiet,
        report_multiple_bugs=False,
        print_blob=False,
        suppress_health_check=list(HealthCheck),
    )
    @hypothesis.given(acts=_acts(st, rules), habits=st.lists(st.sampled_from(HABITS), max_size=3))
    def every(acts: list[Act], habits: list[Habit]) -> None:
        stranded, _ = call(acts, habits)
        if stranded is None:
            return
        key = stranded.key
        first.append(key)
        if key not in best or _size(stranded) < _size(best[key]):
            best[key] = stranded
        kind = kinds.setdefault(key, type("StrandedError", (StrandedError,), {}))
        raise kind(stranded)

    try:
        every()
    except StrandedError as error:
        return best[error.stranded.key]
    except hypothesis.errors.HypothesisException:
        # The application isn't the same each time: the shortest call that was seen must do.
        if not first:
            raise
        return best[first[0]]
    return None


def _size(stranded: Stranded) -> tuple[int, int]:
    return len(stranded.acts), len(stranded.dialogue)


def _acts(st: Any, rules: Rules) -> Any:
    """What a caller does, the simplest first."""
    key = st.sampled_from(rules.keys)
    kinds = [
        key.map(lambda pressed: Act("press", pressed)),
        st.sampled_from([1.0, 5.0, 15.0]).map(lambda seconds: Act("wait", seconds=seconds)),
        key.map(lambda pressed: Act("press", pressed, at_once=True)),
        st.text(rules.keys, min_size=2, max_size=10).map(lambda typed: Act("press", typed)),
    ]
    if rules.entries:
        kinds.insert(1, st.sampled_from(rules.entries).map(lambda typed: Act("press", typed)))
    if rules.words:
        kinds.insert(1, st.sampled_from(rules.words).map(lambda words: Act("say", words)))
    ends = st.booleans()
    return st.tuples(st.lists(st.one_of(kinds), max_size=rules.longest), ends).map(
        lambda drawn: [*drawn[0], Act("hang up")] if drawn[1] else drawn[0]
    )
