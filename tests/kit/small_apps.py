"""Small TwiML applications for tests of the simulator's front ends; no framework."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

Answer = str | Callable[[dict[str, str]], str]
App = Callable[[Mapping[str, Any], Callable[..., Any]], Iterable[bytes]]

LINE = "+33800000001"

# It waits so long for a key that a call in many times real time isn't late on a slow machine.
MENU = """
<Gather numDigits="1" action="/key" timeout="600">
  <Say>Welcome to support.</Say>
  <Say>Press 1 for English, press 0 for an operator.</Say>
</Gather>
<Say>We heard nothing.</Say>
<Redirect>/voice</Redirect>
"""


def app(routes: Mapping[str, Answer]) -> App:
    """What to answer at each path: verbs, or a function of the form's fields to verbs."""

    def respond(environ: Mapping[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        size = int(environ.get("CONTENT_LENGTH") or 0)
        form = parse_qs(environ["wsgi.input"].read(size).decode(), keep_blank_values=True)
        fields = {name: values[0] for name, values in form.items()}
        answer = routes.get(environ["PATH_INFO"])
        if answer is None:
            start_response("404 Not Found", [("Content-Type", "text/plain")])
            return [b"no such document"]
        verbs = answer if isinstance(answer, str) else answer(fields)
        start_response("200 OK", [("Content-Type", "text/xml")])
        return [f"<Response>{verbs}</Response>".encode()]

    return respond


def menu_app(**changes: Answer) -> App:
    """A menu at /voice; key 1 says something and hangs up, 0 rings the operator."""

    def key(fields: dict[str, str]) -> str:
        return {
            "1": "<Say>One moment, please.</Say><Say>Goodbye.</Say>",
            "0": "<Say>An operator.</Say><Dial><Number url='/whisper'>+33155500014</Number></Dial>",
        }.get(fields["Digits"], "<Say>Sorry.</Say><Redirect>/voice</Redirect>")

    whisper = """
    <Gather numDigits="1" action="/accept" timeout="600"><Say>A call. Press 1.</Say></Gather>
    <Hangup/>
    """
    routes: dict[str, Answer] = {
        "/voice": MENU,
        "/key": key,
        "/whisper": whisper,
        "/accept": "",
    }
    return app(routes | {f"/{name}": answer for name, answer in changes.items()})


class _Quiet(WSGIRequestHandler):
    def log_message(self, *args: Any) -> None:
        pass


class _Server(socketserver.ThreadingMixIn, WSGIServer):
    daemon_threads = True


@contextmanager
def served(application: App) -> Iterator[str]:
    """The application over HTTP on 127.0.0.1; yields http://127.0.0.1:PORT."""
    server = make_server("127.0.0.1", 0, application, _Server, _Quiet)  # type: ignore[arg-type]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
