"""What a test makes go wrong: REST requests that fail, webhooks that arrive twice or late."""

from __future__ import annotations

from fnmatch import fnmatchcase
from types import TracebackType
from typing import Any

KINDS = frozenset({"429", "500", "timeout", "malformed", "answer lost"})


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
        """No more of it."""
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
    """Webhooks whose URL matches are ``seconds`` late and made ``again`` so many times more."""

    __slots__ = ("again", "seconds")

    def __init__(
        self, rules: list[Any], matching: str, times: int | None, seconds: float, again: int
    ) -> None:
        super().__init__(rules, matching, times)
        self.seconds = seconds
        self.again = again

    def matches(self, url: str) -> bool:
        return fnmatchcase(url, f"*{self.matching}*")


class RestFault(Fault):
    """REST requests that match fail in one of `KINDS`."""

    __slots__ = ("kind",)

    def __init__(self, rules: list[Any], matching: str, times: int | None, kind: str) -> None:
        if kind not in KINDS:
            raise ValueError(f"no such failure as {kind!r}; there are {', '.join(sorted(KINDS))}")
        super().__init__(rules, matching, times)
        self.kind = kind

    def matches(self, method: str, path: str) -> bool:
        verb, _, where = self.matching.partition(" ")
        if not where:
            verb, where = ("*", verb) if verb.startswith(("/", "*")) else (verb, "*")
        return fnmatchcase(method, verb) and fnmatchcase(path, where)


class Faults:
    """All rules in force, in the order in which they were made."""

    def __init__(self) -> None:
        self.webhooks: list[WebhookFault] = []
        self.requests: list[RestFault] = []

    def webhook(self, matching: str, seconds: float, again: int, times: int | None) -> WebhookFault:
        return WebhookFault(self.webhooks, matching, times, seconds, again)

    def rest(self, kind: str, matching: str, times: int | None) -> RestFault:
        return RestFault(self.requests, matching, times, kind)

    def of_webhook(self, url: str) -> tuple[float, int]:
        """(seconds late, how many times more), all matching rules together."""
        seconds, again = 0.0, 0
        for rule in self.webhooks.copy():
            if rule.matches(url):
                rule.hit()
                seconds += rule.seconds
                again += rule.again
        return seconds, again

    def of_rest(self, method: str, path: str) -> str:
        """How a request fails; "" if it doesn't."""
        for rule in self.requests:
            if rule.matches(method, path):
                rule.hit()
                return rule.kind
        return ""
