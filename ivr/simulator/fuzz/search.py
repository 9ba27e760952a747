"""Many calls: first each key wherever something new was heard, then callers drawn at random."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any

from ivr.simulator.exchange import Exchange
from ivr.simulator.expectations.phones import Phone
from ivr.simulator.expectations.syntax import Act
from ivr.simulator.fuzz.stranded import Habit, Key, Rules, Stranded, announces
from ivr.simulator.fuzz.wanderer import HABITS, Wanderer
from ivr.simulator.network.webhook import Webhook

Networks = Callable[[], Exchange | AbstractContextManager[Exchange]]
OTHER = {"kept": "dropped", "dropped": "kept"}


class StrandedError(AssertionError):
    """Raised inside Hypothesis, with a class for each problem, so that each is shrunk by itself."""

    def __init__(self, stranded: Stranded) -> None:
        super().__init__(stranded.why)
        self.stranded = stranded


class TimeIsUp(BaseException):
    """Raised in the middle of a call; not an Exception, or Hypothesis would take it for a bug."""


@dataclass(frozen=True, slots=True)
class Tried:
    """What has been tried so far.

    ``places``: documents and prompts at which a caller stood. ``found``: problems. ``all_keys``:
    whether each key has been tried at each of them. ``in_time``: False when the time was up first.
    """

    calls: int = 0
    webhooks: int = 0
    places: int = 0
    found: int = 0
    all_keys: bool = False
    in_time: bool = True


class Search:
    """A search, as far as it has come."""

    def __init__(
        self,
        networks: Networks,
        called: str,
        caller: str,
        rules: Rules,
        phones: Sequence[Phone],
        calls: int,
        over: Callable[[], bool],
        progress: Callable[[Tried], object],
    ) -> None:
        self.rules = rules
        self.calls = calls
        self.known: dict[Key, Stranded] = {}
        self.tried = Tried()
        self._networks = networks
        self._ends = called, caller, phones
        self._over = over
        self._progress = progress
        self._seen: set[tuple[str, ...]] = set()

    def call(
        self, acts: Sequence[Act], habits: Sequence[Habit] = (), stays: bool = True
    ) -> tuple[Stranded | None, Wanderer]:
        """One call. Gives a problem only once. Raises `TimeIsUp`."""
        stranded, wanderer = self._call(acts, habits, "", stays)
        return (None if stranded and stranded.key in self.known else stranded), wanderer

    def _call(
        self,
        acts: Sequence[Act],
        habits: Sequence[Habit],
        silent_recordings: str,
        stays: bool = True,
    ) -> tuple[Stranded | None, Wanderer]:
        called, caller, phones = self._ends
        self._check()
        with _opened(self._networks) as exchange:
            exchange.silent_recordings = silent_recordings or exchange.silent_recordings
            exchange.taps.append(self._happened)
            wanderer = Wanderer(exchange, caller, called, self.rules, phones, habits)
            try:
                stranded = wanderer.go(acts, stays)
            finally:
                self._counts(wanderer)
        return stranded, wanderer

    def _check(self) -> None:
        if self._over():
            self.tried = replace(self.tried, in_time=False)
            raise TimeIsUp

    def _happened(self, what: object) -> None:
        """A webhook was answered, or something else happened, in the middle of a call."""
        if isinstance(what, Webhook):
            self.tried = replace(self.tried, webhooks=self.tried.webhooks + 1)
            self._progress(self.tried)
        self._check()

    def _counts(self, wanderer: Wanderer) -> None:
        if wanderer.place:
            self._seen.add(wanderer.place)
        self.tried = replace(self.tried, calls=self.tried.calls + 1, places=len(self._seen))
        self._progress(self.tried)

    def without_the_last_act(self, stranded: Stranded) -> Stranded:
        """The shorter call, if a caller who just waits instead is stranded by the same problem."""
        if len(stranded.acts) == 1:
            return stranded
        with suppress(TimeIsUp):
            shorter, _ = self._call(stranded.acts[1:-1], stranded.habits, "")
            if shorter is not None and shorter.key == stranded.key:
                return shorter
        return stranded

    def note(self, stranded: Stranded) -> Stranded:
        """Remember a problem. Returns it with what else is known of who meets it."""
        self.known[stranded.key] = stranded
        with suppress(TimeIsUp):
            stranded = self.known[stranded.key] = self._explained(stranded)
        self.tried = replace(self.tried, found=len(self.known))
        return stranded

    def _explained(self, stranded: Stranded) -> Stranded:
        """Make the same call again: is it the same, and is it so with the other setting?"""
        acts = stranded.acts[1:]
        again, wanderer = self._call(acts, stranded.habits, "")
        if again is None or again.key != stranded.key:
            return _adding(stranded, "The same call went well when it was made again.")
        if not any("<Record" in each.body for each in wanderer.exchange.requests):
            return stranded
        setting = wanderer.exchange.silent_recordings
        other, _ = self._call(acts, stranded.habits, OTHER[setting])
        if other is not None and other.key == stranded.key:
            return stranded
        only = f"It needs an account whose silent recordings are {setting}."
        return _adding(
            stranded, only, "" if setting == "dropped" else f"silent recordings {setting}"
        )


def _adding(stranded: Stranded, sentence: str, header: str = "") -> Stranded:
    who = f"{stranded.who} {sentence}"
    dialogue = stranded.dialogue.replace(f"# {stranded.who}\n", f"# {who}\n", 1)
    if header:  # a network may be set up otherwise when it is played again
        dialogue = dialogue.replace("\nstart ", f"\n{header}\nstart ", 1)
    return replace(stranded, who=who, dialogue=dialogue)


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
    seconds: float | None = None,
    found: Callable[[Stranded], object] | None = None,
    progress: Callable[[Tried], object] | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> list[Stranded]:
    """Callers who are stranded: the shortest call for each problem, at most ``most`` of them.

    ``networks`` makes a new `Exchange` for each call, with the application at ``called``, or a
    context manager that gives one. ``phones`` describes the people who may be called; what anyone
    else does is drawn, too. ``calls``: how many are tried for each problem. ``seconds``: of real
    time, by ``clock``, after which no request is awaited that hasn't begun; None for as long as it
    takes. ``found`` is called with each problem at once, ``progress`` with what has been tried,
    after each webhook and at the end. Raises ImportError when Hypothesis isn't installed.
    """
    import hypothesis  # noqa: F401 - before anything starts

    told = progress or (lambda _: None)
    over = None if seconds is None else clock() + seconds
    search = Search(
        networks, called, caller, rules or Rules(), phones, calls,
        lambda: over is not None and clock() >= over, told,
    )  # fmt: skip
    for stranded in _problems(search, seed):
        noted = search.note(stranded)
        if found is not None:
            found(noted)
        if len(search.known) == most:
            break
    told(search.tried)
    return list(search.known.values())


@contextmanager
def _opened(networks: Networks) -> Iterator[Exchange]:
    network = networks()
    if isinstance(network, AbstractContextManager):
        with network as exchange:
            yield exchange
    else:
        yield network


def _problems(search: Search, seed: int) -> Iterator[Stranded]:
    """One after the other, until no more are found or the time is up."""
    with suppress(TimeIsUp):
        yield from _everywhere(search)
        while (drawn := _drawn(search, seed)) is not None:
            yield drawn


def _everywhere(search: Search) -> Iterator[Stranded]:
    """Try each key, entry and word wherever something new was heard, shortest calls first; then
    wait at each of these places, which takes the most requests."""
    rules, calls = search.rules, search.calls
    ways: deque[tuple[Act, ...]] = deque([()])
    seen: dict[tuple[str, ...], tuple[Act, ...]] = {}
    while ways and calls:
        acts, calls = ways.popleft(), calls - 1
        stranded, wanderer = search.call(acts, stays=False)
        if stranded is not None:
            yield search.without_the_last_act(stranded)
        if wanderer.met and wanderer.place not in seen:  # what else might that person do?
            for habit in HABITS[:-1]:
                stranded, _ = search.call(acts, [habit])
                if stranded is not None:
                    yield stranded
        if wanderer.place in seen:
            continue
        seen[wanderer.place] = acts
        if len(acts) >= rules.longest:
            continue
        # What the prompts ask for comes first: a problem that such callers meet is told as theirs.
        told = " ".join(wanderer.place[1:])
        keys = sorted(rules.keys, key=lambda key: not announces(told, key))
        entries = (*keys, *rules.entries) if "dtmf" in wanderer.ears else ()
        words = rules.words if "speech" in wanderer.ears else ()
        ways.extend((*acts, Act("press", keys)) for keys in entries)
        ways.extend((*acts, Act("say", word)) for word in words)
    for acts in seen.values():
        stranded, _ = search.call(acts)
        if stranded is not None:
            yield stranded
    search.tried = replace(search.tried, all_keys=not ways)


def _drawn(search: Search, seed: int) -> Stranded | None:
    """One problem that isn't known yet, in as short a call as Hypothesis finds."""
    import hypothesis
    from hypothesis import HealthCheck, Phase, Verbosity, settings
    from hypothesis import strategies as st

    rules, calls = search.rules, search.calls
    kinds: dict[Key, type[StrandedError]] = {}
    best: dict[Key, Stranded] = {}
    first: list[Key] = []

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
        stranded, _ = search.call(acts, habits)
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
    except TimeIsUp:
        return best[first[0]] if first else None
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
