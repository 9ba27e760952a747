"""What stands between the socket and the application: nobody who is slow holds a thread.

granian reads the request's head, gives answers to whoever reads them, however slowly, and lets
connections go that ask for nothing. What it leaves to the application is done here: a body is
refused by its length before it is read, and read as a whole within a time; only then does a thread
take the request, and it gives its answer away as a whole. Requests that no thread will get to in
time are refused at once.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import lru_cache
from io import BytesIO
from queue import SimpleQueue
from threading import Thread
from time import monotonic
from typing import Any, NamedTuple
from wsgiref.types import WSGIApplication

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.net import SocketHolder
from granian.rsgi import HTTPProtocol, ProtocolClosed, Scope
from granian.server.embed import Server as Granian

log = logging.getLogger(__name__)


class Limits(NamedTuple):
    """How much and how long. The carrier waits 15 seconds for an answer, then it gives up."""

    body: int = 64 * 1024  # bytes
    head: int = 32 * 1024  # bytes, with the request's line
    head_seconds: float = 10.0  # for a request's head to arrive, and between two requests
    body_seconds: float = 10.0  # for the whole of its body to arrive
    waiting: int = 64  # requests for each thread that may wait until it is free
    waiting_seconds: float = 10.0  # that a request waits for a thread
    connections: int = 1000  # open at once, for each process
    backlog: int = 1024  # connections that wait until a process takes them


class Door:
    """A WSGI application as granian calls it (RSGI). Its threads carry out a request and, when the
    answer has been given away, what the response has to do when it is closed."""

    def __init__(
        self,
        application: WSGIApplication,
        threads: int,
        limits: Limits,
        now: Callable[[], float] = monotonic,
    ) -> None:
        self.application, self.limits, self._now = application, limits, now
        self._waiting: SimpleQueue[_Asked | None] = SimpleQueue()
        self._most = threads * limits.waiting
        self._threads = [
            Thread(target=self._work, name=f"ivr-requests-{number}", daemon=True)
            for number in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    async def __rsgi__(self, scope: Scope, protocol: HTTPProtocol) -> None:
        length = scope.headers.get("content-length")
        body = b""
        if length is not None and length != "0":
            if len(length) > 18 or int(length) > self.limits.body:
                limit = self.limits.body
                return _refuse(protocol, 413, f"a request may have {limit} bytes")
            try:
                async with asyncio.timeout(self.limits.body_seconds):
                    body = await protocol()
            except TimeoutError:
                return _refuse(protocol, 408, "the request took too long to arrive")
            except ProtocolClosed:
                return None  # they have gone, or what they sent wasn't HTTP
        elif "transfer-encoding" in scope.headers:
            return _refuse(protocol, 411, "a request must say its length (Content-Length)")
        if self.waiting() >= self._most:
            return _refuse_for_now(protocol)
        answered = asyncio.get_running_loop().create_future()
        self._waiting.put(_Asked(scope, protocol, body, self._now(), answered))
        await answered

    def waiting(self) -> int:
        """How many requests wait for a thread."""
        return self._waiting.qsize()

    def close(self, within: float) -> None:
        """Finish what was begun, in so many seconds."""
        until = monotonic() + within
        for _ in self._threads:
            self._waiting.put(None)
        for thread in self._threads:
            thread.join(max(0.0, until - monotonic()))

    def _work(self) -> None:
        while asked := self._waiting.get():
            try:
                self._answer(asked)
            except Exception:
                log.exception(
                    "%s %r",
                    *(asked.scope.method, asked.scope.path),
                    extra={"event": "request.failed"},
                )
                _refuse(asked.protocol, 500, "something is wrong here")
                asked.is_answered()

    def _answer(self, asked: _Asked) -> None:
        if self._now() - asked.at > self.limits.waiting_seconds:
            _refuse_for_now(asked.protocol)
            asked.is_answered()
            return
        started = _Started()
        response = self.application(_environ(asked.scope, asked.body), started)
        try:
            body = b"".join(response)
            asked.protocol.response_bytes(started.status, started.head, body)
            asked.is_answered()
        finally:
            if close := getattr(response, "close", None):
                close()


class _Asked(NamedTuple):
    """A request as a whole."""

    scope: Scope
    protocol: HTTPProtocol
    body: bytes
    at: float
    answered: asyncio.Future[None]

    def is_answered(self) -> None:
        with suppress(RuntimeError):  # the loop has ended, as nobody is connected any more
            self.answered.get_loop().call_soon_threadsafe(_finish, self.answered)


class _Started:
    """What an application gives with its answer (PEP 3333's ``start_response``)."""

    status = 500
    head: Sequence[tuple[str, str]] = ()

    def __call__(self, status: str, head: list[tuple[str, str]], *_: object) -> Any:
        self.status, self.head = int(status[:3]), head


def _finish(answered: asyncio.Future[None]) -> None:
    if not answered.done():
        answered.set_result(None)


def _refuse(protocol: HTTPProtocol, status: int, why: str, *more: tuple[str, str]) -> None:
    head = [("content-type", "text/plain; charset=utf-8"), *more]
    protocol.response_str(status, head, f"{why}\n")


def _refuse_for_now(protocol: HTTPProtocol) -> None:
    log.warning(
        "refused with 503: too many requests wait for a thread",
        extra={"event": "request.refused", "status": 503},
    )
    _refuse(protocol, 503, "too many requests at once; try again", ("retry-after", "1"))


def _environ(scope: Scope, body: bytes) -> dict[str, Any]:
    """The request as PEP 3333 has it."""
    host, _, port = scope.server.rpartition(":")
    environ = {
        "REQUEST_METHOD": scope.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": scope.path.encode().decode("latin-1"),
        "QUERY_STRING": scope.query_string,
        "SERVER_NAME": host,
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": scope.client.rpartition(":")[0].strip("[]"),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input": BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for name, value in scope.headers.items():
        if key := _key(name):
            given = environ.get(key)
            between = "; " if key == "HTTP_COOKIE" else ","
            environ[key] = value if given is None else f"{given}{between}{value}"
    return environ


@lru_cache(maxsize=500)
def _key(name: str) -> str:
    """A header's name in WSGI. ``X_Forwarded_For`` must not pass for ``X-Forwarded-For``: a name
    with an underscore has none."""
    if "_" in name:
        return ""
    key = name.upper().replace("-", "_")
    return key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"


class Serving(Granian):  # type: ignore[misc]  # its hints aren't used
    """granian in this process and loop, on a socket that is open already and is granian's from now
    on. `serve` serves until `stop` is called, and then finishes what was begun."""

    def __init__(self, door: Door, listener: socket.socket) -> None:
        limits = door.limits
        self._listener, self._backlog = listener, limits.backlog
        super().__init__(
            door,
            interface=Interfaces.RSGI,
            http=HTTPModes.http1,
            websockets=False,
            backpressure=limits.connections,
            http1_settings=HTTP1Settings(
                header_read_timeout=int(limits.head_seconds * 1000),
                keep_alive=True,
                max_buffer_size=limits.head,
                pipeline_flush=False,
            ),
            log_level=LogLevels.error,
            # Only its level: what this process has set up for logging stays.
            log_dictconfig={"incremental": True, "handlers": {}, "loggers": {}},
        )

    def _init_shared_socket(self) -> None:
        # granian closes it when it stops: from then on nobody waits in vain to be let in.
        self._shd = SocketHolder(self._listener.detach(), False, self._backlog)
