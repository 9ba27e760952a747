"""Keeps the processes that answer alive: a dead one is started again, without end.

The supervisor holds the socket that callers' webhooks arrive at, and hands it to each worker that
it forks. So while a worker is being started again, or all of them, connections wait for one rather
than being refused. Between two starts of a worker that keeps dying there is a pause that grows to
`LONGEST_PAUSE`, well below the time that Twilio waits for an answer.
"""

from __future__ import annotations

import logging
import os
import resource
import select
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from time import monotonic
from types import FrameType
from typing import NoReturn

from ivr.errors import IVRError, SettingsError
from ivr.line import metrics

FIRST_PAUSE = 0.1  # seconds
LONGEST_PAUSE = 2.0
HEALTHY = 20.0  # seconds of answering after which earlier deaths are forgotten
GRACE = 35.0  # seconds to finish what was begun, before a worker that doesn't is killed
UNREAD = 30.0
READY = b"ready\n"
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD)

Work = Callable[[socket.socket, int, Callable[[], None]], None]
"""What a worker does: with the socket, the lifeline, and what to call when it is ready."""

log = logging.getLogger(__name__)


def open_listener(host: str, port: int, backlog: int, *, unread: float = UNREAD) -> socket.socket:
    """The socket to listen on: systemd's, if it hands one over, or one of our own. On Linux, who
    takes nothing of an answer for ``unread`` seconds is cut off. Raises `SettingsError` when that
    address can't be had."""
    if os.environ.get("LISTEN_PID") == str(os.getpid()) and os.environ.get("LISTEN_FDS") == "1":
        listener = socket.socket(fileno=3)
    else:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            listener = socket.create_server((host, port), family=family, backlog=backlog)
        except OSError as error:
            why = os.strerror(error.errno) if error.errno else error
            raise SettingsError(f"can't listen on {host}, port {port}: {why}") from error
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(unread * 1000))
    return listener


@dataclass
class _Worker:
    """A worker, and the process that it is at present: 0 while it is none."""

    number: int
    pid: int = 0
    hears: int = 0  # the pipe on which it says that it is ready, or why it can't be
    said: bytes = b""
    ready_at: float = 0.0
    deaths: int = 0  # in a row
    start_at: float = 0.0


class Supervisor:
    """Runs `work` in as many processes; `run` returns after SIGTERM or SIGINT."""

    def __init__(
        self, work: Work, workers: int, listener: socket.socket, grace: float = GRACE
    ) -> None:
        self._work, self._listener, self._grace = work, listener, grace
        self._workers = [_Worker(number) for number in range(1, workers + 1)]
        self._lifeline, self._held = os.pipe()  # a worker sees it close when this process dies
        self._stopping = False
        self._was_ready = False

    def run(self) -> None:
        """Raises `SettingsError` when the first workers can't start because of their settings."""
        _allow_many_connections()
        with self._signals() as wakes:
            try:
                while not self._stopping:
                    self._start_due()
                    self._wait(wakes)
                    self._hear()
                    self._bury()
            finally:
                self._finish(wakes)

    @contextmanager
    def _signals(self) -> Iterator[int]:
        """While inside, a signal makes the pipe readable that this gives."""
        wakes, woken = os.pipe()
        os.set_blocking(wakes, False)
        os.set_blocking(woken, False)
        before = signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
        handlers = {each: signal.signal(each, self._signaled) for each in SIGNALS}
        try:
            yield wakes
        finally:
            for each, handler in handlers.items():
                signal.signal(each, handler)
            signal.set_wakeup_fd(before)
            os.close(wakes)
            os.close(woken)

    def _signaled(self, number: int, _frame: FrameType | None) -> None:
        if number != signal.SIGCHLD:
            self._stopping = True

    def _start_due(self) -> None:
        for worker in self._workers:
            if not worker.pid and worker.start_at <= monotonic():
                self._start(worker)

    def _start(self, worker: _Worker) -> None:
        worker.hears, says = os.pipe()
        os.set_blocking(worker.hears, False)
        worker.said, worker.ready_at = b"", 0.0
        # A signal that comes before the child has handlers of its own waits until it has.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        worker.pid = os.fork()
        if worker.pid == 0:
            self._become_worker(worker.number, says)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        os.close(says)

    def _become_worker(self, number: int, says: int) -> NoReturn:
        """All that a child does. It ends without the parent's own endings (`os._exit`)."""
        code = 1
        try:
            metrics.count_as(number)
            signal.set_wakeup_fd(-1)
            for each in SIGNALS:
                signal.signal(each, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
            os.close(self._held)
            for worker in self._workers:
                if worker.hears:
                    os.close(worker.hears)
            self._work(self._listener, self._lifeline, lambda: _say(says, READY))
            code = 0
        except IVRError as error:
            _say(says, str(error).encode())
        except BaseException:
            log.exception("a worker has failed", extra={"event": "worker.failed"})
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    def _wait(self, wakes: int) -> None:
        """Until a signal, a word of a worker, or the next start."""
        pipes = [worker.hears for worker in self._workers if worker.hears and not worker.ready_at]
        starts = [worker.start_at for worker in self._workers if not worker.pid]
        pause = max(0.0, min(starts) - monotonic()) if starts else None
        readable, _, _ = select.select([wakes, *pipes], [], [], pause)
        if wakes in readable:
            with suppress(BlockingIOError):
                os.read(wakes, 1024)

    def _hear(self) -> None:
        for worker in self._workers:
            if worker.hears and not worker.ready_at:
                with suppress(BlockingIOError):
                    worker.said += os.read(worker.hears, 65536)
                if worker.said == READY:
                    worker.ready_at = monotonic()
                    log.info(
                        "worker %d is ready (process %d)",
                        *(worker.number, worker.pid),
                        extra={"event": "worker.ready", "worker": worker.number},
                    )
                    self._all_ready()

    def _all_ready(self) -> None:
        if not self._was_ready and all(worker.ready_at for worker in self._workers):
            self._was_ready = True
            _tell_systemd("READY=1")

    def _bury(self) -> None:
        """Find out who has died, and when they are started again."""
        for worker in self._workers:
            if worker.pid and (ended := _ended(worker.pid)):
                self._hear()  # its last words
                os.close(worker.hears)
                if not self._was_ready and worker.said not in (b"", READY):
                    worker.pid = worker.hears = 0
                    raise SettingsError(worker.said.decode())
                self._rest(worker, ended)

    def _rest(self, worker: _Worker, ended: str) -> None:
        now = monotonic()
        if worker.ready_at and now - worker.ready_at >= HEALTHY:
            worker.deaths = 0
        pause = min(FIRST_PAUSE * 2**worker.deaths, LONGEST_PAUSE)
        worker.deaths += 1
        why = worker.said.removeprefix(READY).decode()
        log.warning(
            "worker %d (process %d) has ended: %s; it is started again in %.1f s",
            *(worker.number, worker.pid, why or ended, pause),
            extra={"event": "worker.ended", "worker": worker.number, "why": why or ended},
        )
        worker.pid = worker.hears = 0
        worker.start_at = now + pause

    def _finish(self, wakes: int) -> None:
        """No new connections; each worker finishes what it has begun, and is killed if it can't."""
        self._listener.close()
        _tell_systemd("STOPPING=1")
        alive = [worker.pid for worker in self._workers if worker.pid]
        for pid in alive:
            os.kill(pid, signal.SIGTERM)
        until = monotonic() + self._grace
        while alive := [pid for pid in alive if not _ended(pid)]:
            if monotonic() >= until:
                break
            readable, _, _ = select.select([wakes], [], [], until - monotonic())
            if readable:
                os.read(wakes, 1024)
        for pid in alive:
            log.warning(
                "process %d didn't finish within %.0f s and is killed",
                *(pid, self._grace),
                extra={"event": "worker.killed"},
            )
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def _allow_many_connections() -> None:
    """As many open files as this process may allow itself; many systems begin with 1024."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    enough = 65_536 if most == resource.RLIM_INFINITY else min(most, 65_536)
    resource.setrlimit(resource.RLIMIT_NOFILE, (enough, most))


def _say(pipe: int, what: bytes) -> None:
    with suppress(OSError):
        os.write(pipe, what)


def _ended(pid: int) -> str:
    """How a child has ended; ``""`` while it lives."""
    found, status = os.waitpid(pid, os.WNOHANG)
    if not found:
        return ""
    if os.WIFSIGNALED(status):
        return signal.Signals(os.WTERMSIG(status)).name
    return f"exit code {os.WEXITSTATUS(status)}"


def _tell_systemd(what: str) -> None:
    """If systemd waits to be told (``Type=notify``)."""
    if address := os.environ.get("NOTIFY_SOCKET"):
        if address.startswith("@"):
            address = "\0" + address[1:]
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as telling:
            telling.sendto(what.encode(), address)


__all__ = ["Supervisor", "open_listener"]
