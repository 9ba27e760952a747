"""What the server does for the application: nobody who is slow holds a thread."""

from __future__ import annotations

import asyncio
import http.client
import logging
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from threading import Event, Thread

import pytest
from flask import Flask, Response, request

from ivr.server.door import Door, Limits, Serving
from tests.kit.processes import comes_true

HEAD = b"POST / HTTP/1.1\r\nHost: line.test\r\n"
LARGE = 20 * 1024 * 1024  # bytes; more than the kernel keeps for somebody who doesn't read


@dataclass
class House:
    """An application, and the door before it."""

    limits: Limits = field(default_factory=Limits)
    asked: list[str] = field(default_factory=list)
    held: Event = field(default_factory=Event)
    go_on: Event = field(default_factory=Event)
    closed: Event = field(default_factory=Event)
    now: float = 0.0
    port: int = 0

    def app(self) -> Flask:
        app = Flask("house")

        @app.route("/", methods=["GET", "POST"])
        @app.route("/<path:where>")
        def anything(where: str = "") -> str:
            self.asked.append(request.get_data(as_text=True))
            given = request.environ
            return "|".join(
                str(given.get(key))
                for key in ("PATH_INFO", "QUERY_STRING", "HTTP_X_FORWARDED_FOR", "HTTP_COOKIE")
            )

        @app.get("/hold")
        def hold() -> str:
            self.held.set()
            assert self.go_on.wait(60)
            return "held"

        @app.get("/large")
        def large() -> Response:
            response = Response(b"x" * LARGE)
            response.call_on_close(self.closed.set)
            return response

        @app.get("/afterwards")
        def afterwards() -> Response:
            response = Response("soon")
            response.call_on_close(lambda: self.go_on.wait(60) and self.closed.set())
            return response

        return app

    @contextmanager
    def open(self, threads: int = 1) -> Iterator[None]:
        """Serve in a thread; leaving stops, and waits for what was begun."""
        door = self.door = Door(self.app().wsgi_app, threads, self.limits, lambda: self.now)
        started = Event()
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.port = listener.getsockname()[1]

            async def serve() -> None:
                self.loop, self.serving = asyncio.get_running_loop(), Serving(door, listener)
                self.serving.on_startup(started.set)
                await self.serving.serve()

            serving = Thread(target=asyncio.run, args=(serve(),))
            serving.start()
            assert started.wait(60)
            try:
                yield
            finally:
                self.stop()
                serving.join(60)
                door.close(60)
                assert not serving.is_alive()

    def stop(self) -> None:
        with suppress(RuntimeError):  # the loop has ended: it has stopped already
            self.loop.call_soon_threadsafe(self.serving.stop)

    def send(self, sent: bytes) -> bytes:
        """What comes back until the server closes."""
        with socket.create_connection(("127.0.0.1", self.port), 60) as client:
            client.sendall(sent)
            return b"".join(iter(lambda: client.recv(65536), b""))

    def ask(
        self, path: str = "/", method: str = "GET", body: str | None = None
    ) -> http.client.HTTPResponse:
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)) as client:
            client.request(method, path, body)
            answer = client.getresponse()
            self.text = answer.read().decode()
            return answer

    def status(self, path: str = "/") -> int:
        return self.ask(path).status


@pytest.fixture
def house() -> House:
    return House()


def test_the_application_gets_what_was_sent(house: House) -> None:
    with house.open():
        answer = house.ask("/caf%C3%A9%2541?a=%20b", "GET")
        assert (answer.status, house.text) == (200, "/cafÃ©%41|a=%20b|None|None")
        answer = house.ask("/", "POST", "From=%2B33")
        assert (answer.status, house.asked[-1]) == (200, "From=%2B33")
        answer = house.ask("/", "HEAD")
        assert (answer.status, house.text) == (200, "")


def test_headers_that_come_twice_are_joined_and_look_alikes_dropped(house: House) -> None:
    twice = b"X-Forwarded-For: 1.1.1.1\r\nX-Forwarded-For: 2.2.2.2\r\nX_Forwarded_For: 3.3.3.3\r\n"
    cookies = b"Cookie: a=1\r\nCookie: b=2\r\nConnection: close\r\n\r\n"
    with house.open():
        said = house.send(b"GET / HTTP/1.1\r\nHost: line.test\r\n" + twice + cookies)
    assert said.endswith(b"/||1.1.1.1,2.2.2.2|a=1; b=2")


@pytest.mark.parametrize("path", ["/%ff", "/%00", "/%0d%0aX", "//evil.test"])
def test_no_path_is_too_odd(house: House, path: str) -> None:
    with house.open():
        assert house.status(path) in (200, 308, 400, 404)
        assert house.status() == 200


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"Content-Length: 104857600\r\n\r\n", b"413"),
        (b"Content-Length: 65537\r\n\r\n", b"413"),
        (b"Content-Length: 99999999999999999999\r\n\r\n", b"4"),
        (b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", b"400"),
        (b"Content-Length: -1\r\n\r\n", b"400"),
        (b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", b"411"),
        (b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", b"411"),
        (b"X-Long: " + b"x" * 1_000_000 + b"\r\n\r\n", b"431"),
        (b"X-Many: 1\r\n" * 200 + b"\r\n", b"431"),
    ],
)
def test_what_is_refused_before_it_is_read(house: House, head: bytes, status: bytes) -> None:
    with house.open():
        try:
            said = house.send(HEAD + head)
        except ConnectionError:  # closed while we were sending
            said = b"HTTP/1.1 " + status
        assert said.startswith(b"HTTP/1.1 " + status)
        assert house.asked == []
        assert house.status() == 200


def test_a_body_that_does_not_arrive_is_given_up_and_held_no_thread(house: House) -> None:
    house.limits = Limits(body_seconds=0.3)
    slow = HEAD + b"Content-Length: 100\r\n\r\nFrom=%2"
    with house.open(threads=1), ThreadPoolExecutor(4) as others:
        sent = [others.submit(house.send, slow) for _ in range(4)]
        assert house.status() == 200
        assert {each.result().split(b"\r\n")[0] for each in sent} == {
            b"HTTP/1.1 408 Request Timeout"
        }
        assert len(house.asked) == 1


def test_who_goes_in_the_middle_of_a_body_is_not_heard(house: House) -> None:
    with house.open():
        with socket.create_connection(("127.0.0.1", house.port)) as client:
            client.sendall(HEAD + b"Content-Length: 100\r\n\r\nFrom=%2")
        assert house.status() == 200
    assert house.asked == [""]


@pytest.mark.parametrize("sent", [b"", HEAD, HEAD + b"Content-Length: 0\r\n\r\n"])
def test_a_connection_that_asks_for_nothing_is_closed(house: House, sent: bytes) -> None:
    house.limits = Limits(head_seconds=0.3)
    with house.open():
        said = house.send(sent)  # returns when the server closes
    assert said == b"" or said.startswith(b"HTTP/1.1 200")


def test_a_reader_who_does_not_read_holds_no_thread(house: House) -> None:
    with house.open(threads=1), socket.create_connection(("127.0.0.1", house.port)) as reader:
        reader.sendall(b"GET /large HTTP/1.1\r\nHost: line.test\r\n\r\n")
        assert house.closed.wait(60)  # what the response had to do is done
        assert house.status() == 200


def test_what_is_to_be_done_afterwards_keeps_nobody_waiting(house: House) -> None:
    with house.open(threads=1):
        assert house.ask("/afterwards").status == 200
        assert not house.closed.is_set()
        house.go_on.set()
        assert house.closed.wait(60)


def test_when_every_thread_is_taken_and_many_wait_the_next_is_refused(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    house.limits = Limits(waiting=1)
    with house.open(threads=1), ThreadPoolExecutor(4) as callers:
        first = callers.submit(house.status, "/hold")
        assert house.held.wait(60)
        answers = [callers.submit(house.ask) for _ in range(3)]
        assert comes_true(lambda: sum(each.done() for each in answers) == 2)
        refused = [each.result() for each in answers if each.done()]
        assert [each.status for each in refused] == [503, 503]
        assert {each.headers["Retry-After"] for each in refused} == {"1"}
        house.go_on.set()
        assert first.result() == 200
        assert sorted(each.result().status for each in answers) == [200, 503, 503]
    assert {each.event for each in caplog.records} == {"request.refused"}  # type: ignore[attr-defined]


def test_who_has_waited_too_long_is_refused_rather_than_answered_in_vain(house: House) -> None:
    with house.open(threads=1), ThreadPoolExecutor(2) as callers:
        first = callers.submit(house.status, "/hold")
        assert house.held.wait(60)
        second = callers.submit(house.status)
        assert comes_true(lambda: house.door.waiting() == 1)
        house.now = 11.0
        house.go_on.set()
        assert (first.result(), second.result()) == (200, 503)
        assert house.asked == []


def test_an_application_that_fails_is_answered_for(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(environ: object, start: object) -> list[bytes]:
        raise ValueError("broken")

    house.app = lambda: Flask("broken")  # type: ignore[method-assign]
    with house.open(), caplog.at_level(logging.ERROR):
        house.door.application = broken
        assert [house.status("/x"), house.status("/y")] == [500, 500]
    assert "GET '/x'" in caplog.text
    assert "ValueError: broken" in caplog.text
    assert {each.event for each in caplog.records} == {"request.failed"}  # type: ignore[attr-defined]


def test_more_connections_than_may_be_open_wait_their_turn(house: House) -> None:
    house.limits = Limits(connections=3, head_seconds=0.3)
    with house.open():
        idle = [socket.create_connection(("127.0.0.1", house.port)) for _ in range(6)]
        assert house.status() == 200
        for each in idle:
            each.close()


def test_stopping_finishes_what_was_begun(house: House) -> None:
    with house.open(threads=1), ThreadPoolExecutor(1) as callers:
        begun = callers.submit(house.status, "/hold")
        assert house.held.wait(60)
        house.stop()
        house.go_on.set()
        assert begun.result() == 200


def test_stopping_does_not_wait_for_idle_connections(house: House) -> None:
    with house.open(), socket.create_connection(("127.0.0.1", house.port)) as idle:
        idle.sendall(b"GET / HTTP/1.1\r\nHost: line.test\r\n\r\n")
        assert idle.recv(65536).startswith(b"HTTP/1.1 200")
        house.stop()
        assert idle.recv(65536) == b""
