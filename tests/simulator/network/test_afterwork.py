"""Applications that answer, and call Twilio only then: that still belongs to the same instant."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from twilio.rest import Client

from ivr.simulator import Exchange, Handset, program
from ivr.simulator.rest.interception import kept_here
from tests.kit.twiml_app import CALLEE, CALLER, LINE, App

HOLD = "<Response><Say>Please hold.</Say><Pause length='60'/></Response>"
POOL = ThreadPoolExecutor(1)
PROGRAM = """
import os, http.server
from twilio.rest import Client

class Line(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        said = b"<Response><Say>Please hold.</Say><Pause length='60'/></Response>"
        self.send_response(200)
        self.send_header("Content-Type", "text/xml")
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)
        self.wfile.flush()
        if self.path == "/voice":
            Client().calls.create(to="+33155500011", from_="+33800000001", twiml="<Response/>")

http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Line).serve_forever()
"""


def rings_callee() -> None:
    Client().calls.create(to=CALLEE, from_=LINE, twiml="<Response/>")


def is_called_at_once(exchange: Exchange) -> None:
    """Somebody calls the line, which has the callee rung, however late its request comes."""
    caller, callee = exchange.phone(CALLER), exchange.phone(CALLEE)
    caller.call(LINE)
    assert callee.ringing
    assert callee.calls[0].created_at == 0
    callee.decline()
    caller.hang_up()


def on_a_thread() -> None:
    threading.Thread(target=rings_callee).start()


def in_a_pool() -> None:
    POOL.submit(rings_callee)


@pytest.mark.parametrize("start", [on_a_thread, in_a_pool])
def test_a_thread_that_an_application_starts(start: Callable[[], None]) -> None:
    def voice(_params: dict[str, str]) -> str:
        start()
        return HOLD

    for _ in range(3):  # the pool's thread is there when the second network begins
        exchange = Exchange()
        exchange.number(LINE, App({"/voice": voice}), "/voice")
        with exchange.intercept():
            is_called_at_once(exchange)


def asgi(voice: Callable[[Request], Any]) -> Starlette:
    return Starlette(routes=[Route("/voice", voice, methods=["POST"])])


def test_a_task_that_an_application_creates() -> None:
    tasks = []

    async def voice(request: Request) -> Response:
        tasks.append(asyncio.create_task(asyncio.to_thread(rings_callee)))
        return Response(HOLD, media_type="text/xml")

    exchange = Exchange()
    exchange.number(LINE, asgi(voice), "/voice")
    with exchange.intercept():
        is_called_at_once(exchange)


def test_a_background_task_finds_the_call_that_has_been_answered() -> None:
    """It waits until the call is in progress, and redirects it: the answer must count by then."""
    seen = []

    def look(sid: str) -> None:
        call = Client().calls(sid)
        while call.fetch().status != "in-progress":
            seen.append("ringing")
        call.update(twiml="<Response><Say>Found.</Say></Response>")

    async def voice(request: Request) -> Response:
        sid = (await request.form())["CallSid"]
        return Response(HOLD, media_type="text/xml", background=BackgroundTask(look, sid))

    exchange = Exchange()
    exchange.number(LINE, asgi(voice), "/voice")
    caller = exchange.phone(CALLER)
    with exchange.intercept():
        caller.call(LINE)
        caller.hears("Please hold. Found.")


def test_work_that_never_ends_isnt_waited_for_forever() -> None:
    stop = asyncio.Event()

    async def voice(request: Request) -> Response:
        return Response(HOLD, media_type="text/xml", background=BackgroundTask(stop.wait))

    exchange = Exchange()
    exchange.afterwork.at_most = 0.01
    exchange.number(LINE, asgi(voice), "/voice")
    exchange.phone(CALLER).call(LINE)
    exchange.wait(70)

    exchange.strict()


def test_a_timer_keeps_real_time_and_isnt_waited_for() -> None:
    timers = []

    def voice(_params: dict[str, str]) -> str:
        timers.append(threading.Timer(3600, rings_callee))
        timers[0].daemon = True
        timers[0].start()
        return HOLD

    exchange = Exchange()
    exchange.number(LINE, App({"/voice": voice}), "/voice")
    exchange.phone(CALLER).call(LINE)

    assert not exchange.afterwork.pending
    timers[0].cancel()


def test_a_program_that_goes_on_after_its_answer(tmp_path: Path) -> None:
    (tmp_path / "line.py").write_text(PROGRAM)
    with program([sys.executable, "line.py"], folder=tmp_path) as running:
        for _ in range(3):
            exchange = Exchange()
            exchange.number(LINE, running, "/voice")
            is_called_at_once(exchange)


def test_a_program_that_asks_nothing_of_twilio_costs_a_moment_at_each_page_and_no_more(
    tmp_path: Path,
) -> None:
    (tmp_path / "line.py").write_text(PROGRAM)
    with program([sys.executable, "line.py"], folder=tmp_path) as running:

        def waits(path: str) -> bool:
            """Whether time stands still when somebody who calls has been answered there."""
            exchange = Exchange()
            exchange.number(LINE, running, path)
            pending: list[bool] = []
            exchange.taps.append(lambda _: pending.append(exchange.afterwork.pending))
            exchange.phone(CALLER).call(LINE)
            return pending[0]

        assert waits("/quiet/1")
        assert not waits("/quiet/1")
        assert not waits("/quiet/22"), "a call's id makes no other page"
        assert waits("/voice")
        assert waits("/quiet/1"), "it has asked Twilio something by now"


def test_a_worker_that_was_there_before_is_given_the_time_that_it_is_said_to_need() -> None:
    """Nothing shows that it has been given work by the application."""
    asked, over = threading.Event(), threading.Event()

    def work() -> None:
        asked.wait()
        rings_callee()
        over.set()

    worker = threading.Thread(target=work)
    worker.start()
    exchange = Exchange()
    exchange.grace = 30

    def voice(_params: dict[str, str]) -> str:
        asked.set()
        return HOLD

    def rung(callee: Handset) -> bool:
        return callee.ringing

    exchange.number(LINE, App({"/voice": voice}), "/voice")
    caller, callee = exchange.phone(CALLER), exchange.phone(CALLEE)
    with exchange.intercept():
        exchange.clock.soon(caller.call, LINE)
        exchange.wait_until(lambda: rung(callee))
        worker.join()
    assert exchange.clock.seconds() == 0


def test_a_request_after_the_last_network_is_refused_by_name() -> None:
    with kept_here():
        with Exchange().intercept():
            client = Client()
        with pytest.raises(Exception, match=r"no test with a simulated network is running") as told:
            client.calls.list()
    assert "Calls.json" in str(told.value)
