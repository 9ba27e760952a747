"""The REST API over HTTP, for applications that run elsewhere.

At one port it answers plain requests, secured ones for Twilio's hosts, and those of clients whose
proxy it is.
"""

from __future__ import annotations

import socket
import ssl
import sys
import threading
from contextlib import suppress
from functools import cache
from http.server import ThreadingHTTPServer
from types import TracebackType
from typing import Any

from ivr.simulator.rest.api import Api
from ivr.simulator.rest.certificates import Certificates
from ivr.simulator.rest.handler import Handler

HELLO = 0x16  # the first byte of a secured connection (RFC 8446, handshake)
PATIENCE = 10.0  # seconds for a handshake


@cache
def certificates() -> Certificates:
    """Those of this process."""
    return Certificates()


class RestServer:
    """Serves a REST API (`Exchange.api`) until `close`; also a context manager.

    ``port`` 0 picks a free one; ``url`` says where it is served. At a ``host`` of this machine
    alone it answers to that machine's own names only. Point a Twilio client there
    (twilio-python: ``client.api.base_url = server.url``), or make it the client's HTTP proxy.
    """

    def __init__(self, api: Api, host: str = "127.0.0.1", port: int = 0) -> None:
        self.api = api  # what is served; setting it changes what answers from then on
        self._server = Connections((host, port), self)
        self.host = host
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="ivr-rest", daemon=True
        )
        self._thread.start()

    def api_for(self, path: str, user: str) -> Api | None:
        """What answers a request with that path, by that account or key; None for nobody."""
        return self.api

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    def close(self) -> None:
        """Stop serving; requests under way are finished by their own threads.

        A client that keeps its connection open would go on talking to this network, even if
        another one is served at the same port by then: so every connection is shut for reading.
        """
        self._server.closing = True
        self._server.shutdown()
        self._server.server_close()
        self.hang_up()
        self._thread.join()

    def hang_up(self) -> None:
        """Answer no further requests on the connections that are open, only those in progress."""
        self._server.hang_up()

    def __enter__(self) -> RestServer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class Connections(ThreadingHTTPServer):
    """An HTTP server that keeps track of its open connections."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], rest: RestServer) -> None:
        self._open: set[Any] = set()
        self._rest = rest
        self.closing = False
        super().__init__(address, Handler)

    def api_for(self, path: str, user: str) -> Api | None:
        return self._rest.api_for(path, user)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def finish_request(self, request: Any, client_address: Any) -> None:
        """On the connection's own thread."""
        first = request.recv(1, socket.MSG_PEEK)
        super().finish_request(
            self.secured(request) if first == bytes([HELLO]) else request, client_address
        )

    def secured(self, request: socket.socket) -> ssl.SSLSocket:
        """The connection with this machine's certificate. Raises OSError if the client doesn't
        trust it."""
        request.settimeout(PATIENCE)
        self._open.discard(request)
        made = certificates().context.wrap_socket(request, server_side=True)
        made.settimeout(None)
        self._open.add(made)
        return made

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away, or doesn't trust the certificate, knows it by itself."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        for connection in list(self._open):
            with suppress(OSError):  # not `SSLSocket.shutdown`, which would go on in the clear
                socket.socket.shutdown(connection, socket.SHUT_RD)
