"""The REST API over HTTP, for applications that run elsewhere."""

from __future__ import annotations

import socket
import threading
from base64 import b64decode
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlsplit

from ivr.own_hosts import refusal
from ivr.simulator.rest.api import Api
from ivr.simulator.rest.recordings import sound
from ivr.simulator.rest.resource import ApiError, dumps
from ivr.simulator.rest.sdk import answer

LONGEST_LENGTH = 12  # digits of a length that anything has
LOOPBACK = ("127.0.0.1", "::1")
MAX_FORM = 1024 * 1024
JSON = "application/json; charset=utf-8"


class RestServer:
    """Serves a REST API (`Exchange.api`) until `close`; also a context manager.

    ``port`` 0 picks a free one; ``url`` says where it is served. At a ``host`` of this machine
    alone it answers to that machine's own names only. Point a Twilio client there
    (twilio-python: ``client.api.base_url = server.url``).
    """

    def __init__(self, api: Api, host: str = "127.0.0.1", port: int = 0) -> None:
        self._handler: type[_Handler] = type("Handler", (_Handler,), {"api": api})
        self._server = _Server((host, port), self._handler)
        self.host = host
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="ivr-rest", daemon=True
        )
        self._thread.start()

    @property
    def api(self) -> Api:
        """What is served. Setting it changes what answers from the next request on."""
        return self._handler.api

    @api.setter
    def api(self, api: Api) -> None:
        self._handler.api = api

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    def close(self) -> None:
        """Stop serving; requests under way are finished by their own threads.

        A client that keeps its connection open would go on talking to this network, even if
        another one is served at the same port by then: so every connection is shut for reading.
        """
        self._server.shutdown()
        self._server.server_close()
        self._server.hang_up()
        self._thread.join()

    def __enter__(self) -> RestServer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class _Server(ThreadingHTTPServer):
    """An HTTP server that keeps track of its open connections."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], handler: type[_Handler]) -> None:
        self._open: set[Any] = set()
        self.closing = False
        super().__init__(address, handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """Answer no further requests, only those in progress."""
        self.closing = True
        for connection in list(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RD)


class _Handler(BaseHTTPRequestHandler):
    """One request; the network answers it on its own thread."""

    api: Api
    server: _Server
    protocol_version = "HTTP/1.1"
    server_version = "ivr-simulator"

    def _answer(self) -> None:
        if self.server.closing:  # a thread that was slow may still have read this request
            self.close_connection = True
            return
        if self.server.server_address[0] in LOOPBACK and (why := self._foreign()):
            self._send(403, f"{why}\n", "text/plain")
            return
        parts = urlsplit(self.path)
        values = parse_qs(parts.query, keep_blank_values=True)
        written = self.headers.get("Content-Length") or "0"
        if not (written.isascii() and written.isdecimal()):
            self.close_connection = True
            self._send(400, dumps(ApiError(400, 20001, "The Content-Length is no number").json()))
            return
        length = MAX_FORM + 1 if len(written) > LONGEST_LENGTH else int(written)
        if length > MAX_FORM:
            self._send(413, dumps(ApiError(413, 20001, "The form is too long").json()))
            return
        for name, given in parse_qs(
            self.rfile.read(length).decode("utf-8", "replace"), keep_blank_values=True
        ).items():
            values.setdefault(name, []).extend(given)
        api, method = self.api, self.command
        network = api.network
        recorded = network.ask(lambda: sound(api, method, parts.path))
        if recorded is not None:  # "media can be accessed without authentication" by default
            self._send(200 if recorded else 404, recorded, "audio/x-wav")
            return
        if not self._authentic():
            self._send(401, dumps(ApiError(401, 20003, "Authenticate").json()))
            return
        outcome = network.ask(lambda: answer(api, method, parts.path, values))
        if outcome is None:  # the client sees a closed connection
            self.close_connection = True
            return
        self._send(*outcome)

    do_GET = do_POST = do_DELETE = _answer

    def _foreign(self) -> str:
        """Why this request isn't this machine's own, ``""`` if it is."""
        hosts = ",".join(self.headers.get_all("Host", []))
        port, origin = int(self.server.server_address[1]), self.headers.get("Origin", "")
        return refusal(port, self.command, hosts, origin)

    def _authentic(self) -> bool:
        kind, _, given = self.headers.get("Authorization", "").partition(" ")
        network = self.api.network
        expected = f"{network.account_sid}:{network.auth_token}"
        try:
            return kind.lower() == "basic" and b64decode(given).decode() == expected
        except ValueError:
            return False

    def _send(self, status: int, body: str | bytes, kind: str = JSON) -> None:
        data = body.encode() if isinstance(body, str) else body
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *arguments: object) -> None:
        """Don't log each request to stderr."""
