"""One connection to the REST server: plain, secured, or through it as a proxy."""

from __future__ import annotations

import http.client
import ssl
import threading
from base64 import b64decode
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from urllib.parse import SplitResult, parse_qs, urlsplit

from ivr.own_hosts import refusal
from ivr.simulator.rest.account.recordings import media
from ivr.simulator.rest.api import PRODUCTS, Api
from ivr.simulator.rest.hosts import product
from ivr.simulator.rest.rerouting import is_twilio
from ivr.simulator.rest.resource import OUR_CODE, ApiError, dumps
from ivr.simulator.rest.sdk import answer
from ivr.simulator.rest.serving import bodies, passing
from ivr.simulator.rest.serving.connections import Connection, Connections

LOOPBACK = ("127.0.0.1", "::1")
JSON = "application/json; charset=utf-8"
MAX_PASSED = 1024 * 1024 * 1024  # bytes of a body that passes through
WRONG_LOGIN = (
    "a REST request came with the credentials of {user}, which this network doesn't know: "
    "exchange.belongs_to(account_sid, auth_token) makes it that account's network, and "
    "exchange.api_key(sid=…, secret=…) gives it that key"
)

NOBODY = (
    "{what}: no test with a simulated network is running, so there is nobody to answer. If the "
    "application sends this on a thread or in a task of its own, let the test wait for that"
)


class Handler(BaseHTTPRequestHandler):
    """Its requests, one after the other; the network answers each on its own thread.

    A request is for one of Twilio's hosts, in whatever way it came; for another host, if this is
    its client's proxy; or for this machine under its own name.
    """

    server: Connections
    protocol_version = "HTTP/1.1"
    server_version = "ivr-simulator"

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        finally:
            self.server.answering.discard(self.connection)

    def parse_request(self) -> bool:
        self.server.answering.add(self.connection)
        return super().parse_request()

    def _answer(self) -> None:
        if self.server.closing:  # a thread that was slow may still have read this request
            self.close_connection = True
            return
        parts = urlsplit(self.path)
        host = _name(parts.netloc) or _name(self._host())
        if not (parts.netloc or self._secured or is_twilio(host)):
            host = ""
        if not host and self._local and (why := self._foreign()):
            self._refuse(403, why)
        elif host and not is_twilio(host):
            self._pass_on(parts)
        else:
            self._ask(parts, product(host) if host else "api")

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _answer

    def do_CONNECT(self) -> None:
        """Be a proxy: to Twilio's hosts in person, to others as a tunnel."""
        host, _, port = self.path.rpartition(":")
        host = host.strip("[]")
        if is_twilio(host):
            self.send_response(200, "Connection established")
            self.end_headers()
            self.request = self.server.secured(self.connection)
            self.setup()  # the same conversation, on a secured connection
            self.close_connection = False
            return
        self._is_known()
        self.close_connection = True
        if not self._local or not port.isdecimal():
            self._refuse(403, f"{self.path} can't be reached through this server")
            return
        try:
            there = passing.tunnel(host, int(port))
        except (OSError, http.client.HTTPException) as error:
            self._refuse(502, f"{self.path} can't be reached: {error}")
            return
        with there, suppress(OSError):
            self.send_response(200, "Connection established")
            self.end_headers()
            passing.relay(self.connection, there)

    def finish(self) -> None:
        with suppress(OSError):
            super().finish()
        self.server.shutdown_request(self.connection)  # it may have been secured meanwhile

    # ---- Twilio's hosts

    def _ask(self, parts: SplitResult, product: str) -> None:
        try:
            body = bodies.read(self.rfile, self.headers)
        except ApiError as error:
            self.close_connection = True
            self._send(error.status, dumps(error.json()))
            return
        user, secret = self._login()
        api = self.server.api_for(parts.path, user)
        if api is None:
            nobody = NOBODY.format(what=f"{self.command} {parts.path}")
            self._send(501, dumps(ApiError(501, OUR_CODE, nobody).json()))
            return
        if product == "api" and self._sound(api, parts.path):
            return
        network = api.network
        built = product == "api" or product in PRODUCTS
        if built and not network.opens(user, secret):
            if user:
                network.ask(lambda: network.note("error", 0, WRONG_LOGIN.format(user=user)))
            self._send(401, dumps(ApiError(401, 20003, "Authenticate").json()))
            return
        try:
            values = parse_qs(parts.query, keep_blank_values=True)
            for name, given in bodies.form(body, self.headers).items():
                values.setdefault(name, []).extend(given)
        except ApiError as error:
            refused = error
            network.ask(lambda: network.note("error", 0, refused.message))
            self._send(error.status, dumps(error.json()))
            return
        method = self.command
        outcome = network.ask(lambda: answer(api, method, parts.path, values, product))
        if outcome is None:  # the client sees a closed connection
            self.close_connection = True
            return
        self._send(*outcome)

    def _sound(self, api: Api, path: str) -> bool:
        """Answer with a recording's file: "media can be accessed without authentication" by
        default. (https://www.twilio.com/docs/voice/api/recording)"""
        if self.command not in ("GET", "HEAD"):
            return False
        found = api.network.ask(lambda: media(api, path))
        if found is None:
            return False
        self._send(found.status, found.body, found.kind, found.headers)
        return True

    def _login(self) -> tuple[str, str]:
        kind, _, given = self.headers.get("Authorization", "").partition(" ")
        try:
            user, _, secret = b64decode(given).decode().partition(":")
        except ValueError:
            return "", ""
        return (user, secret) if kind.lower() == "basic" else ("", "")

    # ---- other hosts, and this machine's

    def _pass_on(self, parts: SplitResult) -> None:
        self._is_known()
        self.close_connection = True
        if not self._local or not parts.netloc:
            self._refuse(403, f"{parts.netloc or self._host()} isn't one of Twilio's hosts")
            return
        headers, begun = dict(self.headers.items()), False
        try:
            body = bodies.read(self.rfile, self.headers, MAX_PASSED)
            with passing.asked(self.command, self.path, headers, body) as (status, given, pieces):
                begun = True
                self.send_response_only(status)
                for name, value in [*given, ("Connection", "close")]:
                    self.send_header(name, value)
                self.end_headers()
                for piece in pieces:
                    self.wfile.write(piece)
        except (OSError, ValueError, http.client.HTTPException, ApiError) as error:
            if not begun:
                self._refuse(502, f"{parts.netloc} can't be reached: {error}")

    def _refuse(self, status: int, why: str) -> None:
        self._send(status, f"{why}\n", "text/plain; charset=utf-8")

    @property
    def _secured(self) -> bool:
        return isinstance(self.connection, ssl.SSLSocket)

    @property
    def _local(self) -> bool:
        """Whether only this machine can reach this server."""
        return self.server.server_address[0] in LOOPBACK

    def _host(self) -> str:
        return ",".join(self.headers.get_all("Host", []))

    def _foreign(self) -> str:
        """Why this request isn't this machine's own, ``""`` if it is."""
        port, origin = int(self.server.server_address[1]), self.headers.get("Origin", "")
        return refusal(port, self.command, self._host(), origin)

    def _is_known(self) -> None:
        """What this client wants is known: nobody needs to wait for it any longer."""
        thread = threading.current_thread()
        if isinstance(thread, Connection):
            thread.answered = True

    def _send(
        self,
        status: int,
        body: str | bytes,
        kind: str = JSON,
        headers: dict[str, str] | None = None,
    ) -> None:
        self._is_known()
        data = body.encode() if isinstance(body, str) else body
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        # Before the last byte is sent: the client may end everything as soon as it has that.
        self.server.answering.discard(self.connection)
        if self.command != "HEAD":
            self.wfile.write(data)

    def log_message(self, format: str, *arguments: object) -> None:
        """Don't log each request to stderr."""


def _name(netloc: str) -> str:
    """The name of a host, without its port; "" for none, or none that can be one."""
    try:
        return urlsplit(f"//{netloc}").hostname or ""
    except ValueError:
        return ""
