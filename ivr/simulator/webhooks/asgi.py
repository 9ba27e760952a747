"""ASGI applications (FastAPI, Starlette, Quart, Django's ``asgi``) in process, like WSGI ones.

Each request has a scope, a ``receive`` and a ``send`` of its own
(https://asgi.readthedocs.io/en/latest/specs/www.html), and the network goes on when the answer is
complete. Background tasks, and tasks that the application has created, are at work meanwhile
(`ivr.simulator.network.afterwork`). All applications run on one event loop, on a thread of its own,
as in a server: what belongs to that loop (a pool, a client) can be used again in the next request
and in the next test. An application's lifespan
(https://asgi.readthedocs.io/en/latest/specs/lifespan.html) begins before its first request and ends
with this process.
"""

from __future__ import annotations

import atexit
import inspect
import threading
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from contextlib import suppress
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from ivr.simulator.network.network import Network

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Event, Task

Message = MutableMapping[str, Any]
ASGIApp = Callable[..., Awaitable[None]]
VERSIONS = {"version": "3.0", "spec_version": "2.3"}
SHUTDOWN = 5.0  # seconds that all applications have to clean up when the process ends


def is_asgi(app: object) -> bool:
    """Whether a callable is an ASGI application: asynchronous, or taking three arguments."""
    call = getattr(app, "__call__", None)  # noqa: B004 -- the kind of function matters
    if inspect.iscoroutinefunction(app) or inspect.iscoroutinefunction(call):
        return True
    try:
        signature = inspect.signature(app)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return False
    return _takes(signature, 3) and not _takes(signature, 2)


def _takes(signature: inspect.Signature, how_many: int) -> bool:
    try:
        signature.bind(*[None] * how_many)
    except TypeError:
        return False
    return True


class InProcess:
    """An ASGI application as a WSGI one, which is what the network calls."""

    __slots__ = ("_life", "_network", "app")

    def __init__(self, app: ASGIApp, network: Network) -> None:
        self.app = app
        self._network = network
        self._life = _life(app)

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., object]
    ) -> Iterable[bytes]:
        """Raises what the application raised, unless its answer was already complete."""
        from asyncio import run_coroutine_threadsafe

        request = _Request(environ["wsgi.input"].read())
        running = request.run(self.app, scope(environ), self._life)
        ended = run_coroutine_threadsafe(running, _loop())
        request.answered.wait()
        if not request.complete or request.status >= 500:
            # Starlette answers 500 itself and then raises: one failure, not two.
            ended.result()
            failure = request.failure
            if failure is not None:
                raise failure if isinstance(failure, Exception) else RuntimeError(repr(failure))
        self._network.afterwork.goes_on(partial(self._is_over, request, environ))
        start_response(f"{request.status} ", request.headers)
        return request.pieces

    def _is_over(self, request: _Request, environ: dict[str, Any]) -> bool:
        if not request.over:
            return False
        if request.failure is not None:
            self._too_late(request.failure, environ)
        return True

    def _too_late(self, failure: BaseException, environ: dict[str, Any]) -> None:
        """A background task failed: the answer stands, and only the debugger's log can show it."""
        url = f"{environ['wsgi.url_scheme']}://{environ['HTTP_HOST']}{environ['PATH_INFO']}"
        text = f"the application raised {failure!r} after it had answered"
        self._network.note("error", 0, text, url)


class _Request:
    """One request, and its answer."""

    def __init__(self, body: bytes) -> None:
        self.status = 0
        self.headers: list[tuple[str, str]] = []
        self.pieces: list[bytes] = []
        self.complete = False
        self.failure: BaseException | None = None
        self.answered = threading.Event()
        self._left: set[Task[Any]] | None = None  # tasks that it has created and left behind
        self._body: bytes | None = body
        self._over: Event | None = None

    @property
    def over(self) -> bool:
        """Whether the application has returned, and the tasks that it has created are done."""
        return self._left is not None and all(task.done() for task in self._left)

    async def run(self, app: ASGIApp, scope: dict[str, Any], life: _Life) -> None:
        from asyncio import Event, all_tasks

        self._over = Event()
        before = all_tasks()
        try:
            scope["state"] = await life.state()
            before = all_tasks()
            await app(scope, self.receive, self.send)
            if not self.complete:
                raise RuntimeError("the application returned without a complete response")
        except BaseException as error:  # a SystemExit would end the loop of every application
            self.failure = error
        finally:
            self._left = all_tasks() - before
            self.answered.set()

    async def receive(self) -> Message:
        """The body at once; then nothing until the answer is complete, then a disconnect."""
        if self._body is not None:
            body, self._body = self._body, None
            return {"type": "http.request", "body": body, "more_body": False}
        assert self._over is not None
        await self._over.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        kind = message["type"]
        if kind == "http.response.start" and not self.status:
            self.status = int(message["status"])
            self.headers = [
                (name.decode("latin-1"), value.decode("latin-1"))
                for name, value in message.get("headers", ())
            ]
        elif kind == "http.response.body" and self.status and not self.complete:
            self.pieces.append(bytes(message.get("body", b"")))
            if not message.get("more_body", False):
                self.complete = True
                assert self._over is not None
                self._over.set()
                self.answered.set()
        else:
            raise RuntimeError(f"the application sent an unexpected {kind}")


class _Life:
    """The lifespan of an application; one that doesn't support it raises an exception."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._state: dict[str, Any] = {}
        self._failure = ""
        self._task: Task[None] | None = None
        self._begun: Event | None = None
        self._ending: Event | None = None
        self._asked = False

    async def state(self) -> dict[str, Any]:
        """The state for one request, a copy. Starts the application before its first one.

        Raises RuntimeError if the application failed to start.
        """
        from asyncio import Event, create_task

        if self._begun is None:
            self._begun, self._ending = Event(), Event()
            self._task = create_task(self._live())
        await self._begun.wait()
        if self._failure:
            raise RuntimeError(f"the application failed to start: {self._failure}")
        return dict(self._state)

    async def end(self) -> None:
        """Let it clean up."""
        if self._task is not None and self._ending is not None:
            self._ending.set()
            await self._task

    async def _live(self) -> None:
        assert self._begun is not None
        about = {"type": "lifespan", "asgi": VERSIONS, "state": self._state}
        try:
            await self.app(about, self._receive, self._send)
        except BaseException:
            # "If an exception is raised … the server must continue but not send any lifespan
            # events". A failure at start-up has already been reported by _send.
            return
        finally:
            self._begun.set()

    async def _receive(self) -> Message:
        assert self._begun is not None
        assert self._ending is not None
        if not self._asked:
            self._asked = True
            return {"type": "lifespan.startup"}
        await self._ending.wait()
        return {"type": "lifespan.shutdown"}

    async def _send(self, message: Message) -> None:
        assert self._begun is not None
        kind = message["type"]
        if not kind.startswith("lifespan."):
            raise RuntimeError(f"the application sent an unexpected {kind} in its lifespan")
        if kind == "lifespan.startup.failed":
            self._failure = message.get("message", "") or "it gave no reason"
        self._begun.set()


_lives: list[_Life] = []


def _life(app: ASGIApp) -> _Life:
    """The one lifespan of an application in this process."""
    for life in _lives:
        if life.app == app:  # a bound method is a new object each time
            return life
    _lives.append(_Life(app))
    return _lives[-1]


def scope(environ: dict[str, Any]) -> dict[str, Any]:
    """The connection scope for a request in the form of a WSGI environ."""
    path = environ["PATH_INFO"].encode("latin-1")
    headers = [
        (name[5:].lower().replace("_", "-").encode("latin-1"), str(value).encode("latin-1"))
        for name, value in environ.items()
        if name.startswith("HTTP_")
    ]
    headers += [
        (name.lower().replace("_", "-").encode("latin-1"), environ[name].encode("latin-1"))
        for name in ("CONTENT_TYPE", "CONTENT_LENGTH")
        if name in environ
    ]
    return {
        "type": "http",
        "asgi": VERSIONS,
        "http_version": "1.1",
        "method": environ["REQUEST_METHOD"],
        "scheme": environ["wsgi.url_scheme"],
        "path": path.decode("utf-8", "replace"),
        "raw_path": path,
        "query_string": environ["QUERY_STRING"].encode("latin-1"),
        "root_path": "",
        "headers": headers,
        "client": (environ["REMOTE_ADDR"], 0),
        "server": (environ["SERVER_NAME"], int(environ["SERVER_PORT"])),
        "extensions": {},
    }


@lru_cache(maxsize=1)
def _loop() -> AbstractEventLoop:
    """The event loop of every application, for as long as this process lives."""
    from asyncio import gather, new_event_loop, run_coroutine_threadsafe

    loop = new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="ivr-asgi", daemon=True)
    thread.start()

    async def end() -> None:
        await gather(*(life.end() for life in _lives))

    def stop() -> None:
        with suppress(TimeoutError):
            run_coroutine_threadsafe(end(), loop).result(SHUTDOWN)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(1)
        if not loop.is_running():
            loop.close()

    atexit.register(stop)
    return loop


__all__ = ["ASGIApp", "InProcess", "is_asgi"]
