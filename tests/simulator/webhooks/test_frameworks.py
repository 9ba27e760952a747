"""One line for any framework: WSGI and ASGI applications in process, a program, a URL.

The rules of ASGI are those of https://asgi.readthedocs.io/en/latest/specs/www.html.
"""

from __future__ import annotations

import asyncio
import contextvars
import functools
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from ivr.errors import CallError
from ivr.simulator import Exchange, Handset, program
from ivr.simulator.dialogues import parse, play
from ivr.simulator.webhooks.asgi import is_asgi
from tests.kit import frameworks
from tests.kit.twiml_app import CALLER, LINE, App

DIALOGUE = f"""\
from {CALLER} to {LINE}
> call
< Bonjour, press a key.
> press 7
< That was 7.
"""
APPLICATIONS = {
    "flask": frameworks.flask_app,
    "django wsgi": frameworks.django_wsgi,
    "django asgi": frameworks.django_asgi,
    "fastapi": frameworks.fastapi_app,
}
TEXT = {"content-type": "text/xml"}

Handler = Callable[[Request], Awaitable[Response]]


def xml(verbs: str, **more: Any) -> Response:
    return Response(f"<Response>{verbs}</Response>", media_type="text/xml", **more)


def called(*handlers: Handler | Callable[[Request], Response]) -> tuple[Exchange, Handset]:
    """Somebody has called a line whose pages are these functions; the first one answers."""
    exchange = Exchange(seed=1)
    routes = [Route(f"/{each.__name__}", each, methods=["POST"]) for each in handlers]
    exchange.number(LINE, Starlette(routes=routes), f"/{handlers[0].__name__}")
    caller = exchange.phone(CALLER)
    caller.call(LINE)
    return exchange, caller


# ---- any framework -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", APPLICATIONS)
def test_the_same_call_in_every_framework(name: str) -> None:
    exchange = Exchange(seed=1)
    exchange.number(LINE, APPLICATIONS[name], "/voice")

    play(parse(DIALOGUE), exchange)
    exchange.strict()


def test_the_same_call_to_a_program() -> None:
    command = f"{sys.executable} -m uvicorn tests.kit.frameworks:fastapi_app --port {{port}}"
    exchange = Exchange(seed=1)
    with program(command, folder=Path(__file__).parents[3]) as running:
        exchange.number(LINE, running, "/voice")

        play(parse(DIALOGUE), exchange)
        exchange.strict()


@pytest.mark.parametrize("name", APPLICATIONS)
def test_the_same_seed_makes_the_same_requests(name: str) -> None:
    made = []
    for _ in range(2):
        exchange = Exchange(seed=1)
        exchange.number(LINE, APPLICATIONS[name], "/voice")
        play(parse(DIALOGUE), exchange)
        made.append([(w.at, w.url, w.params, w.signature, w.body) for w in exchange.requests])

    assert made[0] == made[1]
    assert len(made[0]) == 2


def test_two_numbers_may_lead_to_one_application() -> None:
    exchange = Exchange(seed=1)
    for number in (LINE, "+33800000002"):
        exchange.number(number, frameworks.fastapi_app, "/voice")
        exchange.number(number, frameworks.flask_app.wsgi_app, "/voice", origin="https://b.test")

    with pytest.raises(CallError, match=r"already reached at https://line.test; give each an"):
        exchange.number(LINE, frameworks.flask_app, "/voice")


def test_what_cant_be_called_isnt_an_application() -> None:
    with pytest.raises(CallError, match="pass a WSGI or ASGI application, a program or a URL"):
        Exchange().number(LINE, Path("line.py"))  # type: ignore[arg-type]


async def _three(scope: Any, receive: Any, send: Any) -> None: ...
async def _any(*things: Any) -> None: ...
def _plain(scope: Any, receive: Any, send: Any) -> Any: ...
def _wsgi(environ: Any, start_response: Any, more: Any = None) -> Any: ...
def _wsgi_any(*things: Any) -> Any: ...


class _Middleware:
    """As asgiref and uvicorn have them: not asynchronous itself."""

    def __call__(self, scope: Any, receive: Any, send: Any) -> Any: ...


@pytest.mark.parametrize(
    ("app", "expected"),
    [
        (_three, True),
        (_any, True),
        (_plain, True),
        (_Middleware(), True),
        (functools.partial(_three), True),
        (frameworks.fastapi_app, True),
        (frameworks.django_asgi, True),
        (_wsgi, False),
        (_wsgi_any, False),
        (functools.partial(_wsgi, more=1), False),
        (frameworks.django_wsgi, False),
        (frameworks.flask_app, False),
        (App({}), False),
        (dict, False),
    ],
)
def test_what_an_application_speaks_is_seen(app: Any, expected: bool) -> None:
    assert is_asgi(app) is expected


# ---- ASGI --------------------------------------------------------------------------------------


# "more_body: Signifies if there is additional content to come"
def test_a_streamed_answer_is_heard_whole() -> None:
    async def voice(request: Request) -> Response:
        async def pieces() -> AsyncIterator[str]:
            for piece in ("<Response><Say>One ", "and ", "two.</Say></Response>"):
                await asyncio.sleep(0)
                yield piece

        return StreamingResponse(pieces(), media_type="text/xml")

    _, caller = called(voice)

    assert caller.last_heard == "One and two."


def test_background_tasks_are_over_before_the_network_goes_on() -> None:
    done = []

    async def voice(request: Request) -> Response:
        async def later() -> None:
            for _ in range(1000):  # many turns of the loop
                await asyncio.sleep(0)
            done.append(exchange.clock.seconds())

        return xml(
            "<Pause length='5'/><Redirect>/then</Redirect>", background=BackgroundTask(later)
        )

    async def then(request: Request) -> Response:
        return xml(f"<Say>{done}</Say>")

    exchange = Exchange(seed=1)
    routes = [Route(f"/{each.__name__}", each, methods=["POST"]) for each in (voice, then)]
    exchange.number(LINE, Starlette(routes=routes), "/voice")
    caller = exchange.phone(CALLER)
    caller.call(LINE)
    exchange.wait(5)

    assert caller.last_heard == "[0.0]"


def test_an_application_that_raises_answers_500() -> None:
    async def voice(request: Request) -> Response:
        raise KeyError("price")

    exchange, caller = called(voice)

    assert caller.last_heard.startswith("We are sorry")
    assert exchange.requests[0].status == 500
    assert exchange.requests[0].error == "the application raised KeyError('price')"
    assert len(exchange.debugger) == 1


async def _nothing(scope: Any, receive: Any, send: Any) -> None:
    await receive()


async def _half(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"<Resp", "more_body": True})


async def _body_first(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.body", "body": b"<Response/>"})


async def _twice(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.start", "status": 200, "headers": []})


async def _gone(scope: Any, receive: Any, send: Any) -> None:
    raise SystemExit("gone")


@pytest.mark.parametrize(
    ("app", "why"),
    [
        (_nothing, "the application returned without a complete response"),
        (_half, "the application returned without a complete response"),
        (_body_first, "unexpected http.response.body"),
        (_twice, "unexpected http.response.start"),
        (_gone, "SystemExit"),
    ],
)
def test_an_application_that_breaks_the_protocol_answers_500(app: Any, why: str) -> None:
    exchange = Exchange(seed=1)
    exchange.number(LINE, app)
    exchange.phone(CALLER).call(LINE)

    assert exchange.requests[0].status == 500
    assert why in exchange.requests[0].error


def test_a_background_task_that_fails_isnt_lost() -> None:
    """Nobody waits for it: the answer stands, and only the debugger tells."""

    async def voice(request: Request) -> Response:
        async def later() -> None:
            raise OSError("no mail")

        return xml("<Say>Thanks.</Say>", background=BackgroundTask(later))

    exchange, caller = called(voice)

    assert caller.last_heard == "Thanks."
    with pytest.raises(AssertionError, match=r"raised OSError\('no mail'\) after it had answered"):
        exchange.strict()


# "http.disconnect: sent if receive is called once a response has been sent"
def test_a_person_who_has_the_answer_is_gone() -> None:
    seen = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            raise ValueError("only HTTP")  # as Django does
        seen.append(await receive())
        waiting = asyncio.ensure_future(receive())
        await asyncio.sleep(0)
        seen.append(waiting.done())
        headers = [(b"content-type", b"text/xml")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"<Response/>"})
        seen.append(await waiting)

    exchange = Exchange(seed=1)
    exchange.number(LINE, app)
    exchange.phone(CALLER).call(LINE)
    request, before, after = seen

    assert request["type"] == "http.request"
    assert b"CallSid=CA" in request["body"]
    assert before is False
    assert after == {"type": "http.disconnect"}


def test_what_an_application_is_told_of_a_request() -> None:
    scopes: list[dict[str, Any]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            scopes.append(scope)
        await PlainTextResponse("")(scope, receive, send)

    exchange = Exchange(seed=1)
    exchange.number(LINE, app, "/v%C3%A9/x?a=%20b", origin="https://line.test:8443", method="GET")
    exchange.phone(CALLER).call(LINE)
    scope = scopes[0]
    headers = dict(scope["headers"])

    assert scope["type"] == "http"
    assert (scope["method"], scope["scheme"], scope["http_version"]) == ("GET", "https", "1.1")
    assert scope["path"] == "/vé/x"
    assert scope["query_string"].startswith(b"a=%20b&")
    assert scope["server"] == ("line.test", 8443)
    assert headers[b"host"] == b"line.test:8443"
    assert headers[b"user-agent"] == b"TwilioProxy/1.1"
    assert b"x-twilio-signature" in headers
    assert all(name == name.lower() for name in headers)


def test_cookies_and_redirects_work_as_over_http() -> None:
    async def voice(request: Request) -> Response:
        answer = Response(status_code=303, headers={"location": "/then"})
        answer.set_cookie("who", "anna")
        answer.set_cookie("what", "a call")
        return answer

    async def then(request: Request) -> Response:
        return xml(f"<Say>{request.cookies['who']} {request.cookies['what']}</Say>")

    exchange = Exchange(seed=1)
    routes = [Route("/voice", voice, methods=["POST"]), Route("/then", then)]
    exchange.number(LINE, Starlette(routes=routes), "/voice")
    caller = exchange.phone(CALLER)
    caller.call(LINE)

    assert caller.last_heard == "anna a call"


# "lifespan.startup: Sent to the application when the server is ready to startup but before it has
# started to receive connections"; scope["state"] is a copy for each request
def test_an_application_starts_up_once_before_its_first_request() -> None:
    began = []

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[dict[str, Any]]:
        began.append(app)
        yield {"pool": "a pool"}

    async def voice(request: Request) -> Response:
        request.state.more = len(vars(request.state)["_state"])
        return xml(f"<Say>{request.state.pool} {request.state.more}</Say>")

    app = Starlette(routes=[Route("/voice", voice, methods=["POST"])], lifespan=lifespan)
    for _ in range(2):
        exchange = Exchange(seed=1)
        exchange.number(LINE, app, "/voice")
        caller = exchange.phone(CALLER)
        caller.call(LINE)

        assert caller.last_heard == "a pool 1"
    assert began == [app]


def test_an_application_that_cant_start_up_says_why() -> None:
    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        raise OSError("no database at db.test")
        yield

    exchange = Exchange(seed=1)
    exchange.number(LINE, Starlette(lifespan=lifespan))
    exchange.phone(CALLER).call(LINE)

    assert exchange.requests[0].status == 500
    assert "the application failed to start" in exchange.requests[0].error
    assert "no database at db.test" in exchange.requests[0].error


def test_an_application_cleans_up_when_the_process_ends() -> None:
    code = (
        "from ivr.simulator import Exchange\n"
        "async def app(scope, receive, send):\n"
        "    if scope['type'] == 'http':\n"
        "        await send({'type': 'http.response.start', 'status': 204})\n"
        "        await send({'type': 'http.response.body'})\n"
        "        return\n"
        "    await receive()\n"
        "    await send({'type': 'lifespan.startup.complete'})\n"
        "    print((await receive())['type'], flush=True)\n"
        "    await send({'type': 'lifespan.shutdown.complete'})\n"
        "exchange = Exchange()\n"
        "exchange.number('+3380', app)\n"
        "exchange.phone('+3311').call('+3380')\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True
    )

    assert done.stdout == "lifespan.shutdown\n"
    assert done.stderr == ""


# ---- an application that talks to the REST API -------------------------------------------------


def test_an_application_may_use_the_client_wherever_it_runs() -> None:
    """In the event loop, and in a thread as frameworks run plain functions."""
    threads = set()

    async def voice(request: Request) -> Response:
        sid = (await request.form())["CallSid"]
        threads.add(threading.get_ident())
        here = exchange.client.calls(sid).fetch().status
        there = await asyncio.to_thread(lambda: exchange.client.calls(sid).fetch().status)
        return xml(f"<Say>{here} {there}</Say><Redirect>/plain</Redirect>")

    def plain(request: Request) -> Response:
        threads.add(threading.get_ident())
        return xml(f"<Say>{len(exchange.client.calls.list())} call</Say>")

    exchange = Exchange(seed=1)
    routes = [Route(f"/{each.__name__}", each, methods=["POST"]) for each in (voice, plain)]
    exchange.number(LINE, Starlette(routes=routes), "/voice")
    caller = exchange.phone(CALLER)
    caller.call(LINE)
    exchange.wait(3)

    assert [u.text for u in caller.heard] == ["ringing ringing", "1 call"]
    assert len(threads) == 2
    assert threading.get_ident() not in threads


def test_a_call_that_an_application_makes_is_placed_when_it_has_answered() -> None:
    async def voice(request: Request) -> Response:
        exchange.client.calls.create(
            to="+33155500011", from_=LINE, twiml="<Response><Say>Ho</Say></Response>"
        )
        assert not callee.ringing
        return xml("<Say>Hello.</Say>")

    exchange = Exchange(seed=1)
    callee = exchange.phone("+33155500011")
    routes = [Route("/voice", voice, methods=["POST"])]
    exchange.number(LINE, Starlette(routes=routes), "/voice")
    exchange.phone(CALLER).call(LINE)

    assert callee.ringing
    assert exchange.debugger == []


def test_a_running_network_is_used_from_many_threads_meanwhile() -> None:
    """A page asks the exchange again and again, while a line takes its time."""
    began, go_on = threading.Event(), threading.Event()

    async def voice(request: Request) -> Response:
        began.set()
        await asyncio.to_thread(go_on.wait, 60)
        status = exchange.client.calls((await request.form())["CallSid"]).fetch().status
        return xml(f"<Say>{status}</Say><Pause length='3600'/>")

    exchange = Exchange(seed=1, rate=50)
    routes = [Route("/voice", voice, methods=["POST"])]
    exchange.number(LINE, Starlette(routes=routes), "/voice")
    caller = exchange.phone(CALLER)
    exchange.start()
    try:
        caller.call(LINE)
        assert began.wait(60)
        looks = [threading.Thread(target=exchange.do, args=(lambda: None,)) for _ in range(3)]
        for look in looks:
            look.start()
        go_on.set()
        exchange.wait_until(lambda: caller.last_heard == "ringing", 3000)
        for look in looks:
            look.join(60)
            assert not look.is_alive()
        caller.hang_up()
    finally:
        exchange.stop()


def test_a_test_may_itself_run_in_an_event_loop() -> None:
    async def story() -> str:
        exchange = Exchange(seed=1)
        exchange.number(LINE, frameworks.fastapi_app, "/voice")
        caller = exchange.phone(CALLER)
        caller.call(LINE)
        return caller.last_heard

    assert asyncio.run(story()) == "Bonjour, press a key."


def test_an_application_lives_on_one_loop_and_sees_the_tests_context() -> None:
    tenant = contextvars.ContextVar("tenant", default="none")
    loops = set()

    async def voice(request: Request) -> Response:
        loops.add(asyncio.get_running_loop())
        return xml(f"<Say>{tenant.get()}</Say>")

    tenant.set("odile")
    _, one = called(voice)
    _, other = called(voice)

    assert {one.last_heard, other.last_heard} == {"odile"}
    assert len(loops) == 1
