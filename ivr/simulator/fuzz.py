"""Fuzzing any application: callers who try to get lost, and the shortest call that strands one.

First each key is tried wherever something new was heard. Then callers are drawn at random, who
type too early, speak, wait, hang up, and reach people who don't answer. Hypothesis draws them and
shrinks their calls; the same seed gives the same ones. It is only imported to fuzz, so the package
doesn't need it otherwise.
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
Habit = tuple[str, float, str]  # of a person who is called: (does, after, press)
Try = Callable[..., "tuple[Stranded | None, Wanderer]"]
MAX_REPEATS = 40  # documents in which nothing new is said
POLL = 5.0  # seconds between two looks at a caller who only waits
SETTLING = 5.0  # seconds for the last callbacks of a call
HABITS: tuple[Habit, ...] = (  # of people that the test doesn't describe
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
    """What callers may do, and when they count as stranded. Seconds are simulated time.

    ``keys``, ``words``: what they may press and say. ``entries``: sequences of keys that they know,
    such as a case number. ``longest``: how many things one caller does. ``silence``: seconds in
    which nothing is heard, nothing is going on and no key is asked for. ``patience``: seconds in
    which a caller who does nothing more hears nothing new. ``warnings``: count Twilio's warnings as
    errors.
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
    """A caller who was stranded.

    ``kind``: error, silence or loop. ``why``: what happened, in a sentence. ``where``: the URL of
    the document, without its query. ``code``: Twilio's error code, or 0. ``acts``: what the caller
    did. ``dialogue``: the call as a ``.call``, which fails when it is played again.
    """

    kind: str
    why: str
    where: str
    code: int
    acts: tuple[Act, ...]
    dialogue: str

    @property
    def key(self) -> tuple[str, int, str]:
        """What makes it the same problem as another: kind, code and document."""
        return self.kind, self.code, self.where


class StrandedError(AssertionError):
    """Raised inside Hypothesis, with a class for each problem, so that each is shrunk by itself."""

    def __init__(self, stranded: Stranded) -> None:
        super().__init__(stranded.why)
        self.stranded = stranded


# ---- one call ----------------------------------------------------------------------------------


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
        self._names = count(1)
        self.record = CallRecord(exchange, caller, called, phones)
        self.done: list[Act] = []
        self.place: tuple[str, ...] = ()  # where the caller was after doing everything
        self.met = False  # did a phone ring that the test doesn't describe?
        self.ears = ""  # what the document listened for there
        exchange.on_unknown = self._meet

    def _meet(self, number: str) -> Handset:
        """A phone rings that the test doesn't describe."""
        self.met = True
        person = next(self._names)
        does, after, press = self._habits[(person - 1) % len(self._habits)]
        met = Phone(0, f"person{person}", number, does, after, press)
        self.record.described = (*self.record.described, met)
        return scripted(self.exchange, met)

    def go(self, acts: Sequence[Act]) -> Stranded | None:
        """Make the whole call; returns how the caller was stranded, or None."""
        self._do(Act("call"))
        for act in acts:
            if not self.phone.in_call or self._problem():
                break
            if self._possible(act):
                self._do(act)
        dialogue = write(self.record)
        self._look_round()
        stranded = self._error() or self._left_alone(dialogue)
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
        idle = ceil((self.exchange.clock.now() - self.record.notes[-1].over).total_seconds())
        rest = f"> wait {idle}\n< …" if idle > 0 else "< …"
        return self._stranded(kind, why, where, notice.code, write(self.record), rest)

    def _left_alone(self, dialogue: str) -> Stranded | None:
        """Do nothing more, until someone takes the call, or plainly no one will."""
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
        return self._stranded(
            kind, why, self._where(), 0, dialogue, f"< within {seconds:g} (hung up)"
        )

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
        self, kind: str, why: str, where: str, code: int, dialogue: str, last: str
    ) -> Stranded:
        return Stranded(
            kind,
            why,
            where,
            code,
            tuple(self.done),
            f"# {kind}: {' '.join(why.split())}\n{dialogue}{last}\n",
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
    """Callers who are stranded: the shortest call for each problem, at most ``most`` of them.

    ``networks`` makes a new `Exchange` for each call, with the application at ``called``, or a
    context manager that gives one. ``phones`` describes the people who may be called; what anyone
    else does is drawn, too. ``calls``: how many are tried for each problem. ``found`` is called
    with each problem at once. Raises ImportError when Hypothesis isn't installed.
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
    network = networks()
    if isinstance(network, AbstractContextManager):
        with network as exchange:
            yield exchange
    else:
        yield network


def _everywhere(call: Try, rules: Rules, calls: int) -> Iterator[Stranded]:
    """Try each key, entry and word wherever something new was heard, shortest calls first."""
    ways: deque[tuple[Act, ...]] = deque([()])
    seen: set[tuple[str, ...]] = set()
    while ways and calls:
        acts, calls = ways.popleft(), calls - 1
        stranded, wanderer = call(acts)
        if stranded is not None:
            yield stranded
        if wanderer.met and wanderer.place not in seen:  # what else might that person do?
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
        ways.extend((*acts, Act("say", word)) for word in words)


def _drawn(call: Try, rules: Rules, calls: int, seed: int) -> Stranded | None:
    """One problem that isn't known yet, in as short a call as Hypothesis finds."""
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
        # The application behaves differently each time: use the shortest call that was seen.
        if not first:
            raise
        return best[first[0]]
    return None


def _size(stranded: Stranded) -> tuple[int, int]:
    return len(stranded.acts), len(stranded.dialogue)


def _acts(st: Any, rules: Rules) -> Any:
    """What a caller may do, simplest first."""
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
