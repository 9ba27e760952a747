"""The REST API over HTTP, for applications that run elsewhere.

At one port it answers plain requests, secured ones for Twilio's hosts, and those of clients whose
proxy it is.
"""

from __future__ import annotations

import threading
from types import TracebackType

from ivr.simulator.rest.api import Api
from ivr.simulator.rest.serving.connections import Connections
from ivr.simulator.rest.serving.handler import Handler

PORTS: set[int] = set()  # where networks of this process are served at present


class RestServer:
    """Serves a REST API (`Exchange.api`) until `close`; also a context manager.

    ``port`` 0 picks a free one; ``url`` says where it is served. At a ``host`` of this machine
    alone it answers to that machine's own names only. Point a Twilio client there
    (twilio-python: ``client.api.base_url = server.url``), or make it the client's HTTP proxy.
    """

    def __init__(self, api: Api, host: str = "127.0.0.1", port: int = 0) -> None:
        self.api = api  # what is served; setting it changes what answers from then on
        self._server = Connections((host, port), Handler, self.api_for)
        self.host = host
        self.port: int = self._server.server_address[1]
        PORTS.add(self.port)
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
        PORTS.discard(self.port)
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
