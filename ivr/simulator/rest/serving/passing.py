"""What isn't for Twilio passes through: tunnels and plain requests to other hosts.

A program behind the REST server has it as its HTTP proxy for everything. Where this process itself
has a proxy for a host (``HTTPS_PROXY``, ``NO_PROXY``), that is used.
"""

from __future__ import annotations

import http.client
import selectors
import socket
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

CONNECT_SECONDS = 30.0
IDLE_SECONDS = 300.0
PIECE = 64 * 1024
OF_ONE_HOP = frozenset(  # https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1
    (
        *("connection", "content-length", "host", "keep-alive", "proxy-authenticate", "te"),
        *("proxy-authorization", "proxy-connection", "trailer", "transfer-encoding", "upgrade"),
    )
)


def tunnel(host: str, port: int) -> socket.socket:
    """A connection to a host. Raises OSError or `http.client.HTTPException`."""
    upstream = _upstream("https", host)
    if upstream is None:
        return socket.create_connection((host, port), CONNECT_SECONDS)
    connection, headers = upstream
    connection.set_tunnel(host, port, headers)
    connection.connect()
    return connection.sock


def relay(one: socket.socket, other: socket.socket) -> None:
    """Carry bytes both ways until either side has nothing more to say."""
    with selectors.DefaultSelector() as ready:
        ready.register(one, selectors.EVENT_READ, other)
        ready.register(other, selectors.EVENT_READ, one)
        while events := ready.select(IDLE_SECONDS):
            for key, _ in events:
                assert isinstance(key.fileobj, socket.socket)
                piece = key.fileobj.recv(PIECE)
                if not piece:
                    return
                key.data.sendall(piece)


@contextmanager
def asked(
    method: str, url: str, headers: dict[str, str], body: bytes
) -> Iterator[tuple[int, list[tuple[str, str]], Iterator[bytes]]]:
    """(status, headers, pieces of the body) of a request to another host. Raises OSError,
    ValueError or `http.client.HTTPException`."""
    parts = urlsplit(url)
    host, secure = parts.hostname or "", parts.scheme == "https"
    path = parts._replace(scheme="", netloc="").geturl() or "/"
    upstream = None if secure else _upstream("http", host)
    connection: http.client.HTTPConnection
    sent = {name: value for name, value in headers.items() if name.lower() not in OF_ONE_HOP}
    if upstream is not None:
        connection, more = upstream
        path, sent = url, {**sent, **more}
    else:
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        connection = kind(host, parts.port, timeout=CONNECT_SECONDS)
    try:
        connection.request(method, path, body or None, {**sent, "Host": parts.netloc})
        answer = connection.getresponse()
        kept = [each for each in answer.getheaders() if each[0].lower() not in OF_ONE_HOP]
        yield answer.status, kept, iter(lambda: answer.read1(PIECE), b"")
    finally:
        connection.close()


def _upstream(scheme: str, host: str) -> tuple[http.client.HTTPConnection, dict[str, str]] | None:
    """A connection to this process's own proxy for a host, and the headers that open it."""
    url = getproxies().get(scheme, "")
    if not url or proxy_bypass(host):
        return None
    parts = urlsplit(url if "://" in url else f"http://{url}")
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    headers = {}
    if parts.username is not None:
        login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        headers["Proxy-Authorization"] = f"Basic {b64encode(login.encode()).decode()}"
    return kind(parts.hostname or "", parts.port, timeout=CONNECT_SECONDS), headers
