"""The open connections of a REST server, plain and secured."""

from __future__ import annotations

import socket
import ssl
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from ivr.simulator.rest.api import Api
from ivr.simulator.rest.serving.certificates import Certificates

HELLO = 0x16  # the first byte of a secured connection (RFC 8446, handshake)
DISTRUSTED = (
    "a REST request wasn't sent, because the program doesn't trust the simulated network's "
    "certificate ({why}): which certificates it trusts isn't what its environment says"
)
PATIENCE = 10.0  # seconds for a handshake


@cache
def certificates() -> Certificates:
    """Those of this process."""
    return Certificates()


class Connection(threading.Thread):
    """A connection's own thread. Somebody who connects is about to ask something."""

    def __init__(self, server: Connections, request: Any, client_address: Any) -> None:
        super().__init__(
            target=server.process_request_thread,
            args=(request, client_address),
            name="ivr-rest-connection",
            daemon=True,
        )
        self.answered = False  # whether it is known what its client wants, and that was answered

    def is_over(self) -> bool:
        """Whether nothing that was asked here waits for an answer."""
        return self.answered or not self.is_alive()


class Connections(ThreadingHTTPServer):
    """An HTTP server that keeps track of its open connections.

    ``api_for`` says what answers a request with that path, by that account or API key; None for
    nobody.
    """

    def __init__(
        self,
        address: tuple[str, int],
        handler: type[BaseHTTPRequestHandler],
        api_for: Callable[[str, str], Api | None],
    ) -> None:
        self._open: set[Any] = set()
        self.answering: set[Any] = set()  # those on which a request has come
        self.api_for = api_for
        self.closing = False
        super().__init__(address, handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        connection = Connection(self, request, client_address)
        connection.start()
        api = self.api_for("", "")
        if api is not None:
            api.network.afterwork.asked_elsewhere(connection.is_over)

    def finish_request(self, request: Any, client_address: Any) -> None:
        """On the connection's own thread."""
        first = request.recv(1, socket.MSG_PEEK)
        super().finish_request(
            self.secured(request) if first == bytes([HELLO]) else request, client_address
        )

    def secured(self, request: socket.socket) -> ssl.SSLSocket:
        """The connection with this machine's certificate. Raises OSError if the client doesn't
        trust it, which the debugger's log says."""
        request.settimeout(PATIENCE)
        self._open.discard(request)
        try:
            made = certificates().context.wrap_socket(request, server_side=True)
        except ssl.SSLError as error:
            if "ALERT" in (error.reason or "") and (api := self.api_for("", "")):
                network, why = api.network, DISTRUSTED.format(why=error.reason)
                network.ask(lambda: network.note("error", 0, why))
            raise
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
        """Whoever keeps a connection sees at once that it is closed, before they ask anything more
        on it; an answer that is being given is given."""
        for connection in list(self._open):
            how = socket.SHUT_RD if connection in self.answering else socket.SHUT_RDWR
            with suppress(OSError):  # not `SSLSocket.shutdown`, which would go on in the clear
                socket.socket.shutdown(connection, how)
