"""A question to a database that may hang, asked so that whoever waits for the answer doesn't."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from threading import Lock, Thread
from typing import Generic, TypeVar

T = TypeVar("T")


class Bounded(Generic[T]):
    """``read``, on a thread of its own, and one at a time: while it hangs, everybody who asks waits
    for the same answer, ``within`` seconds at most."""

    def __init__(self, read: Callable[[], T], within: float) -> None:
        self._read = read
        self._within = within
        self._lock = Lock()
        self._asked: Future[T] | None = None

    def ask(self) -> T:
        """What ``read`` returns or raises; `TimeoutError` when there is no answer in time."""
        with self._lock:
            if self._asked is None or self._asked.done():
                self._asked = Future()
                Thread(
                    target=self._answer, args=(self._asked,), name="ivr-health", daemon=True
                ).start()
            asked = self._asked
        return asked.result(self._within)

    def _answer(self, asked: Future[T]) -> None:
        try:
            asked.set_result(self._read())
        except BaseException as error:
            asked.set_exception(error)


__all__ = ["Bounded"]
