"""What applications go on doing when they have answered.

One answers Twilio and then calls it: on a thread, in a task, by a promise that nobody awaits. In
production some milliseconds pass in between; on a clock that jumps, an hour could. So at rate 0
time stands still until such work is over, or for a moment where it can't be seen: after the first
answer of each page of a program, and after all its answers once it has sent Twilio a request.
"""

from __future__ import annotations

import re
import sys
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import thread as pools
from time import monotonic
from typing import Any
from weakref import WeakSet

GRACE = 0.1  # seconds, for work that can't be seen
FIRST = 0.5  # after a page's first answer: modules are still loaded, connections made
PATIENCE = 2.0  # seconds, for work that can be seen and isn't over
# Threads of this package, and of pools whose work is awaited by a task that can be seen.
OTHERS = ("ivr-", "AnyIO worker thread", "asyncio_")
POOL = pools.__name__

_IDS = re.compile(r"[A-Z]{2}[0-9a-f]{32}|[0-9a-f-]{36}|[0-9]+")  # of a call, say: one page for all

# What each thread of a pool has still to do, by the standard library.
_GIVEN: Mapping[threading.Thread, Any] = getattr(pools, "_threads_queues", {})

# For as long as this process lives:
_warm: set[tuple[str, str]] = set()  # pages of programs, which have answered before
_asking: set[str] = set()  # programs of networks that were asked over HTTP
_pools: WeakSet[threading.Thread] = WeakSet()  # of applications; they outlive a network


class Afterwork:
    """The work of a network's applications that may still lead to requests at this instant.

    ``grace`` is how long time stands still after a webhook's answer, in real seconds. None: for a
    moment, and only where an application may be at work that can't be seen: in a program of its
    own. ``at_most``: how long work is waited for that can be seen.
    """

    def __init__(self) -> None:
        self.grace: float | None = None
        self.at_most = PATIENCE
        self.pending = False  # whether `patience` may be more than none
        self._programs: set[str] = set()  # that have answered here
        self._known = WeakSet(threading.enumerate())
        self._until = 0.0
        self._seen: list[tuple[float, Callable[[], bool]]] = []

    def may_follow(self, within: float = GRACE) -> None:
        """An application has been answered, or has answered, that may do more."""
        seconds = within if self.grace is None else self.grace
        self._until = max(self._until, monotonic() + seconds)
        self.pending = True

    def asked_elsewhere(self, is_over: Callable[[], bool]) -> None:
        """Twilio is asked over HTTP, until ``is_over``; any program here may do so again."""
        _asking.update(self._programs)
        self.goes_on(is_over)

    def answered_elsewhere(self, url: str) -> None:
        """A program has answered, of which only the requests can be seen."""
        host, _, path = url.partition("://")[2].partition("/")
        self._programs.add(host)
        page = host, _IDS.sub("#", path)
        if page not in _warm:
            _warm.add(page)
            self.may_follow(FIRST)
        elif host in _asking or self.grace is not None:
            self.may_follow()

    def goes_on(self, is_over: Callable[[], bool]) -> None:
        """Somebody is at work; ``is_over`` says on the network's thread whether they still are."""
        self._seen.append((monotonic() + self.at_most, is_over))
        self.pending = True

    def answered_here(self) -> None:
        """An application in this process has answered: has it started threads?"""
        if self.grace is not None:
            self.may_follow()
        if threading.active_count() == 1:
            return
        for thread in threading.enumerate():
            if thread not in self._known:
                self._known.add(thread)
                self._started(thread)
        for thread in _pools:
            if _has_work(thread):
                self.goes_on(lambda thread=thread: not _has_work(thread))  # type: ignore[misc]

    def _started(self, thread: threading.Thread) -> None:
        if isinstance(thread, threading.Timer) or thread.name.startswith(OTHERS):
            return
        if getattr(getattr(thread, "_target", None), "__module__", "") == POOL:
            _pools.add(thread)
        else:
            self.goes_on(lambda: not thread.is_alive())

    def patience(self) -> float:
        """How many seconds to wait for it at most; 0.0 when all of it is over."""
        now = monotonic()
        if self._seen:
            going_on = [each for each in self._seen if not each[1]()]
            if len(going_on) < len(self._seen):  # what it has led to may follow
                self.may_follow()
            self._seen = [each for each in going_on if each[0] > now]
        until = max([self._until, *(each[0] for each in self._seen)])
        self.pending = until > now
        return max(0.0, until - now)


def _has_work(thread: threading.Thread) -> bool:
    """Whether a pool's thread has something to do, or may get it at once: if not, it waits in the
    pool's own function."""
    frame = sys._current_frames().get(thread.ident or 0)
    if frame is None:
        return thread.is_alive()  # it is about to begin
    at = frame.f_globals.get("__name__"), frame.f_code.co_name
    given = _GIVEN.get(thread)
    return at != (POOL, "_worker") or (given is not None and not given.empty())


__all__ = ["Afterwork"]
