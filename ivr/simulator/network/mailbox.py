"""One thread at a time: how other threads reach the network, and how its time moves."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from ivr.simulator.network.afterwork import Afterwork
from ivr.simulator.network.virtual_clock import VirtualClock

Given = TypeVar("Given")
Result = TypeVar("Result")
log = logging.getLogger("ivr.simulator")
WORKERS = 32  # requests over HTTP that can be in flight at once
POLL = 0.005  # seconds between two checks of a condition that another thread fulfils


class Mailbox:
    """Runs a `VirtualClock` on one thread, and everything else on that same thread."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.afterwork = Afterwork()
        self.failure: BaseException | None = None  # what an event raised on its own thread
        self._letters: SimpleQueue[Callable[[], object]] = SimpleQueue()
        self._hand = threading.Lock()  # held by the thread that runs the network at present
        self._owner: int | None = None
        self._thread: threading.Thread | None = None
        self._stopping = False
        self._elsewhere = 0  # requests over HTTP in flight
        self._lender: int | None = None  # the network's thread, while an application has it
        self._loan = threading.Lock()  # held by the one thread that the network is lent to
        self._workers: ThreadPoolExecutor | None = None

    # ---- from any thread

    def do(self, function: Callable[..., Result], *arguments: Any) -> Result:
        """Run a function on the network's thread, and return what it returns."""
        here = threading.get_ident()
        if self._owner == here:
            return function(*arguments)
        if self._thread is None and self._hand.acquire(blocking=False):
            return self._holding(function, *arguments)
        return self._posted(partial(function, *arguments), borrowing=self._lender == here)

    def ask(self, function: Callable[[], Result]) -> Result:
        """`do` for the REST API, which also answers while an application is being called.

        That application may be what sends the request, on whatever thread, and may be waiting for
        the answer. No REST request ever calls an application.
        """
        if self._owner == threading.get_ident():
            return function()
        return self._posted(function, borrowing=True)

    def _posted(self, function: Callable[[], Result], borrowing: bool) -> Result:
        answer: Future[Result] = Future()
        letter = partial(_answer, answer, function)
        self._letters.put(letter)
        while not answer.done():
            if borrowing and self._lender is not None:  # it may wait for this very answer
                self._borrow(letter)
            elif self._thread is None and self._hand.acquire(timeout=POLL):
                self._holding(self._read_letters)
            else:
                _settled(answer, POLL if borrowing or self._thread is None else None)
        return answer.result()

    def lend(self, application: Callable[[Given], Result], given: Given) -> Result:
        """In the middle of an event, call an application; nothing else happens until it returns,
        except the REST requests that are sent meanwhile, each on the thread that sends it."""
        before, self._lender = self._lender, self._owner
        try:
            return application(given)
        finally:
            with self._loan:
                self._lender = before
            self.afterwork.answered_here()

    def _borrow(self, function: Callable[[], object]) -> None:
        """Run a function on this thread as if it were the network's, if that is lent."""
        with self._loan:
            if self._lender is None:
                return
            self._owner = threading.get_ident()
            try:
                function()
            finally:
                self._owner = self._lender

    def act(self, function: Callable[..., Result], *arguments: Any) -> Result:
        """`do` what a person does and, at rate 0, everything that is due at this instant."""
        if self.clock.rate or self._owner == threading.get_ident():
            return self.do(function, *arguments)
        result: Result = self.do(self._and_settle, function, *arguments)
        return result

    def _and_settle(self, function: Callable[..., Result], *arguments: Any) -> Result:
        result = function(*arguments)
        self._run_until(self.clock.elapsed)
        return result

    def _holding(self, function: Callable[..., Result], *arguments: Any) -> Result:
        self._owner = threading.get_ident()
        try:
            return function(*arguments)
        finally:
            self._owner = None
            self._hand.release()

    @property
    def grace(self) -> float | None:
        """For how many real seconds time stands still when an application has answered, so that
        what it does next belongs to that instant. None, the default: for a moment, where it may be
        at work in a program of its own or on other threads. Time with a rate never stands still.
        """
        return self.afterwork.grace

    @grace.setter
    def grace(self, seconds: float | None) -> None:
        self.afterwork.grace = seconds

    @property
    def inside(self) -> bool:
        """Whether this is the network's thread, in the middle of an event."""
        return self._owner == threading.get_ident()

    @property
    def in_flight(self) -> int:
        """Requests over HTTP that haven't been answered yet."""
        return self._elsewhere

    # ---- time

    def wait(self, seconds: float) -> None:
        """Let so many seconds of simulated time pass, and run everything due in them, in order."""
        if self._thread is not None:
            passed = threading.Event()
            self.do(self.clock.after, seconds, passed.set)
            passed.wait()
            return
        until = self.clock.elapsed + round(seconds * 1e6)
        self.do(self._run_until, until)

    def wait_until(self, condition: Callable[[], object], at_most: float = 120.0) -> None:
        """Let time pass, event by event, until the condition is met.

        ``at_most``: seconds of simulated time. Raises AssertionError if it isn't met by then.
        """
        until = self.clock.instant() + round(at_most * 1e6)
        if self._thread is not None:
            while not self.do(condition) and self.clock.instant() < until:
                time.sleep(POLL)
        else:
            self.do(self._run_until, until, condition)
        if not self.do(condition):
            raise AssertionError(f"the condition wasn't met within {at_most:g} s of simulated time")

    def _run_until(self, until: int, enough: Callable[[], object] | None = None) -> None:
        clock = self.clock
        while True:
            while self._elsewhere:  # time stands still until requests over HTTP are answered
                self._letters.get()()
            if enough is not None and enough():
                break
            may_act = self.afterwork.pending or not self._letters.empty()
            if may_act and (clock.ring_next(clock.elapsed) or self._somebody_acts()):
                continue
            if not clock.ring_next(until):
                break

    def _somebody_acts(self) -> bool:
        """Before time moves on: wait a little for those who may still act at this instant. False
        when nobody does."""
        patience = self.afterwork.patience()
        try:
            self._letters.get(timeout=min(patience, POLL))()
        except Empty:
            return patience > 0
        self.afterwork.may_follow()
        return True

    # ---- other threads

    def elsewhere(
        self, work: Callable[[Any], Any], argument: Any, then: Callable[..., object], *first: Any
    ) -> None:
        """Do slow work on another thread, then go on here with what it returned."""
        if self._workers is None:
            self._workers = ThreadPoolExecutor(WORKERS, "ivr-webhook")
        self._elsewhere += 1

        self._workers.submit(self._work, work, argument, then, first)

    def _work(
        self,
        work: Callable[[Any], Any],
        argument: Any,
        then: Callable[..., object],
        first: tuple[Any, ...],
    ) -> None:
        """On the other thread; what it raises is raised here."""
        answer: Future[Any] = Future()
        _answer(answer, lambda: work(argument))

        def back() -> None:
            self._elsewhere -= 1
            then(*first, answer.result())

        self._letters.put(back)

    def _wake(self) -> None:
        """A bell was set: the thread looks anew when the next one is due."""
        if threading.get_ident() != self._owner:
            self._letters.put(_nothing)

    def _read_letters(self) -> None:
        while True:
            try:
                self._letters.get_nowait()()
            except Empty:
                return

    # ---- a thread of its own

    def start(self) -> None:
        """Let time run at ``rate``, on a thread of the exchange's own.

        Raises ValueError at rate 0, RuntimeError when it is running already.
        """
        if self.clock.rate <= 0:
            raise ValueError("an exchange with rate 0 has no thread: call wait() to move its time")
        if self._thread is not None:
            raise RuntimeError("the exchange is already running")
        self._stopping = False
        ready = threading.Event()
        self._thread = threading.Thread(
            target=self._live, args=(ready,), name="ivr-exchange", daemon=True
        )
        self.clock.on_set = self._wake
        self._thread.start()
        ready.wait()

    def stop(self) -> None:
        """Stop the thread. Raises the first exception that an event on it raised."""
        thread = self._thread
        if thread is None:
            return
        self._stopping = True
        self._letters.put(_nothing)
        thread.join()
        self.clock.on_set = None
        self._thread = None
        if self._workers is not None:
            self._workers.shutdown(wait=False, cancel_futures=True)
            self._workers = None
        failure, self.failure = self.failure, None
        if failure is not None:
            raise failure

    def _live(self, ready: threading.Event) -> None:
        with self._hand:
            self._owner = threading.get_ident()
            self.clock.run()
            ready.set()
            while not self._stopping:
                self._turn()
            self._read_letters()
            self.clock.halt()
            self._owner = None

    def _turn(self) -> None:
        """Wait for a letter or the next bell, then run it."""
        clock = self.clock
        due = clock.next_due()
        patience = None if due is None else max(0.0, (due - clock.instant()) / 1e6 / clock.rate)
        try:
            letter = self._letters.get(timeout=patience)
        except Empty:
            letter = _nothing
        try:
            clock.move_to(clock.instant())
            letter()
            clock.ring_next(clock.elapsed)
        except Exception as error:
            log.exception("an event of the exchange failed")
            self.failure = self.failure or error


def _answer(answer: Future[Any], function: Callable[[], object]) -> None:
    if answer.done():
        return
    try:
        answer.set_result(function())
    except BaseException as error:
        answer.set_exception(error)


def _settled(answer: Future[Any], timeout: float | None) -> None:
    try:
        answer.exception(timeout)
    except TimeoutError:
        return


def _nothing() -> None:
    return None
