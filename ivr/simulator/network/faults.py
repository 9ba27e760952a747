"""Faults that a test injects: REST requests that fail, webhooks that fail, come twice or late.

Either by rule or by chance; then the same seed gives the same faults.
"""

from __future__ import annotations

import random
from collections import deque
from datetime import datetime
from fnmatch import fnmatchcase
from types import TracebackType
from typing import Any, NamedTuple

from ivr.simulator.network.virtual_clock import VirtualClock

KINDS = frozenset({"429", "500", "timeout", "malformed", "answer lost"})
WEBHOOK_KINDS = "dropped, answer lost, or an HTTP status from 400 to 599"
# By chance, what happens to a document request, a callback or a REST request; all equally likely.
DOCUMENT_FAULTS = ("late", "twice", "dropped", "503")
CALLBACK_FAULTS = ("late", "twice", "dropped", "503", "answer lost")
REST_FAULTS = ("429", "500", "timeout", "answer lost")


class Injected(NamedTuple):
    """One fault that was injected; ``what`` is the URL, or the method and path."""

    at: datetime
    kind: str
    what: str


class Fault:
    """A rule in force until `stop`, or for so many ``times``. Also a context manager."""

    __slots__ = ("_rules", "_times", "hits", "matching")

    def __init__(self, rules: list[Any], matching: str, times: int | None) -> None:
        self._rules = rules
        self._times = times
        self.matching = matching
        self.hits = 0
        rules.append(self)

    def stop(self) -> None:
        """End the rule."""
        if self in self._rules:
            self._rules.remove(self)

    def hit(self) -> None:
        self.hits += 1
        if self._times is not None and self.hits >= self._times:
            self.stop()

    def __enter__(self) -> Fault:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


class WebhookFault(Fault):
    """Webhooks whose URL matches are late, repeated, or fail.

    ``seconds`` late; repeated ``again`` times; failing as ``kind`` says, one of `WEBHOOK_KINDS`, ""
    for not at all.
    """

    __slots__ = ("again", "kind", "seconds")

    def __init__(
        self,
        rules: list[Any],
        matching: str,
        times: int | None,
        seconds: float = 0.0,
        again: int = 0,
        kind: str = "",
    ) -> None:
        known = kind in ("", "dropped", "answer lost")
        if not known and not (kind.isdecimal() and 400 <= int(kind) <= 599):
            raise ValueError(f"unknown kind of failure {kind!r}; use one of: {WEBHOOK_KINDS}")
        super().__init__(rules, matching, times)
        self.seconds = seconds
        self.again = again
        self.kind = kind

    def matches(self, url: str) -> bool:
        return fnmatchcase(url, f"*{self.matching}*")


class RestFault(Fault):
    """REST requests that match fail in one of `KINDS`."""

    __slots__ = ("kind",)

    def __init__(self, rules: list[Any], matching: str, times: int | None, kind: str) -> None:
        if kind not in KINDS:
            raise ValueError(
                f"unknown kind of failure {kind!r}; use one of: {', '.join(sorted(KINDS))}"
            )
        super().__init__(rules, matching, times)
        self.kind = kind

    def matches(self, method: str, path: str) -> bool:
        verb, _, where = self.matching.partition(" ")
        if not where:
            verb, where = ("*", verb) if verb.startswith(("/", "*")) else (verb, "*")
        return fnmatchcase(method, verb) and fnmatchcase(path, where)


class Chaos(Fault):
    """Faults by chance: for each request it is drawn whether it fails, and how.

    ``webhooks``, ``callbacks`` and ``rest`` are probabilities from 0 to 1. Late requests are up to
    ``within`` seconds late, so callbacks may arrive out of order.
    """

    __slots__ = ("_draw", "callbacks", "rest", "webhooks", "within")

    def __init__(
        self,
        rules: list[Any],
        seed: object,
        webhooks: float,
        callbacks: float,
        rest: float,
        within: float,
    ) -> None:
        for name, chance in (("webhooks", webhooks), ("callbacks", callbacks), ("rest", rest)):
            if not 0 <= chance <= 1:
                raise ValueError(f"{name} must be a probability from 0 to 1, not {chance}")
        super().__init__(rules, "*", None)
        self._draw = random.Random(f"chaos {seed}")
        self.webhooks = webhooks
        self.callbacks = callbacks
        self.rest = rest
        self.within = within

    def of_webhook(self, callback: bool) -> str:
        """What happens to a document request or a callback; "" for nothing."""
        chance, kinds = (
            (self.callbacks, CALLBACK_FAULTS) if callback else (self.webhooks, DOCUMENT_FAULTS)
        )
        return self._one(chance, kinds)

    def of_rest(self) -> str:
        return self._one(self.rest, REST_FAULTS)

    def _one(self, chance: float, kinds: tuple[str, ...]) -> str:
        if self._draw.random() >= chance:
            return ""
        self.hit()
        return self._draw.choice(kinds)

    def delay(self) -> float:
        """How late something is: seconds, to the millisecond."""
        return round(self._draw.uniform(0.1, self.within), 3)


class WebhookFaults(NamedTuple):
    """The faults of one webhook: seconds late, how often it is repeated, and how its first attempt
    fails ("" if it doesn't)."""

    seconds: float = 0.0
    again: int = 0
    kind: str = ""


class Faults:
    """All rules in force, oldest first, and the faults that they have injected."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self.webhooks: list[WebhookFault] = []
        self.requests: list[RestFault] = []
        self.chaos: list[Chaos] = []
        self.injected: deque[Injected] = deque(maxlen=10_000)

    def __bool__(self) -> bool:
        """Whether any rule could affect a webhook."""
        return bool(self.webhooks or self.chaos)

    def of_webhook(self, url: str, callback: bool) -> WebhookFaults:
        """The faults of a request's first attempt: those of all matching rules, and by chance."""
        seconds, again, kind = 0.0, 0, ""
        for rule in self.webhooks.copy():
            if not rule.kind and rule.matches(url):
                rule.hit()
                seconds += rule.seconds
                again += rule.again
        kind = self.failure(url)
        for chaos in self.chaos:
            match chaos.of_webhook(callback):
                case "late":
                    seconds += chaos.delay()
                case "twice":
                    again += 1
                case drawn:
                    kind = kind or drawn
                    if drawn:
                        self._note(drawn, url)
        if seconds:
            self._note(f"{seconds:g} s late", url)
        if again:
            self._note("twice", url)
        return WebhookFaults(seconds, again, kind)

    def failure(self, url: str) -> str:
        """How an attempt fails by rule; "" if it doesn't."""
        for rule in self.webhooks:
            if rule.kind and rule.matches(url):
                rule.hit()
                self._note(rule.kind, url)
                return rule.kind
        return ""

    def of_rest(self, method: str, path: str) -> str:
        """How a request fails; "" if it doesn't."""
        rule = next((each for each in self.requests if each.matches(method, path)), None)
        if rule is not None:
            rule.hit()
        kind = next((drawn for chaos in self.chaos if (drawn := chaos.of_rest())), "")
        if rule is not None:
            kind = rule.kind
        if kind:
            self._note(kind, f"{method} {path}")
        return kind

    def _note(self, kind: str, what: str) -> None:
        self.injected.append(Injected(self._clock.now(), kind, what))
