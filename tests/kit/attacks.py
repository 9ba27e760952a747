"""What strangers do to a server's sockets. Each attack is begun, and goes on until it is ended."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress

Sockets = list[socket.socket]
Attack = Callable[[int, str], Sockets]
"""Begins at a port, with a path that takes a form; what is still open."""

HEAD = "POST {path} HTTP/1.1\r\nHost: line.test\r\n"
FORM = "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\n"
WAITING = 0.5  # seconds; for a server that accepts no more
HUNDRED_MEGABYTES = 100 * 1024 * 1024
PIECE = b"x" * 65536


def _opened(port: int, sent: bytes, much: bool = False) -> socket.socket:
    """A connection on which so much is sent as the server takes at once."""
    opened = socket.create_connection(("127.0.0.1", port), 10)
    opened.settimeout(WAITING)
    with suppress(OSError):
        opened.sendall(sent)
        while much:
            opened.sendall(PIECE)
    return opened


def _post(path: str, length: int, body: bytes = b"") -> bytes:
    return (HEAD + FORM).format(path=path, length=length).encode() + body


def slow_bodies(many: int) -> Attack:
    """A head and seven bytes of a form."""
    return lambda port, path: [_opened(port, _post(path, 1000, b"From=%2")) for _ in range(many)]


def slow_heads(port: int, path: str) -> Sockets:
    head = HEAD.format(path=path).encode()
    return [_opened(port, head + b"X-Never: end") for _ in range(40)]


def large_bodies(port: int, path: str) -> Sockets:
    return [_opened(port, _post(path, HUNDRED_MEGABYTES), much=True) for _ in range(4)]


def endless_chunks(port: int, path: str) -> Sockets:
    head = HEAD.format(path=path).encode() + b"Transfer-Encoding: chunked\r\n\r\n"
    return [_opened(port, head + b"10000\r\n" + PIECE + b"\r\n") for _ in range(8)]


def slow_readers(port: int, path: str) -> Sockets:
    """Many requests on each connection, and no answer is ever read."""
    asked = HEAD.replace("POST", "GET").format(path=path).encode() + b"\r\n"
    return [_opened(port, asked * 60) for _ in range(8)]


def idle_connections(port: int, path: str) -> Sockets:
    """Each has been answered, and asks for nothing more."""
    asked = HEAD.replace("POST", "GET").format(path=path).encode() + b"\r\n"
    opened = []
    for _ in range(200):
        opened.append(_opened(port, asked))
        with suppress(OSError):
            opened[-1].recv(65536)
    return opened


def garbage(port: int, path: str) -> Sockets:
    return [_opened(port, bytes(range(256)) * 64) for _ in range(40)]


def absurd_heads(port: int, path: str) -> Sockets:
    head = HEAD.format(path=path).encode()
    return [
        *(_opened(port, head + b"X-Long: " + PIECE * 16 + b"\r\n\r\n") for _ in range(4)),
        *(_opened(port, head + b"X-Many: 1\r\n" * 10_000 + b"\r\n") for _ in range(4)),
        *(_opened(port, b"GET /" + PIECE * 4 + b" HTTP/1.1\r\n\r\n") for _ in range(4)),
    ]


ATTACKS: dict[str, Attack] = {
    "8 sockets that send a head and seven bytes": slow_bodies(8),
    "40 sockets that send a head and seven bytes": slow_bodies(40),
    "40 heads that never end": slow_heads,
    "forms of 100 MB": large_bodies,
    "chunks without end": endless_chunks,
    "answers that nobody reads": slow_readers,
    "200 idle connections": idle_connections,
    "garbage": garbage,
    "absurd heads": absurd_heads,
}


@contextmanager
def under(attack: Attack, port: int, path: str) -> Iterator[Callable[[], None]]:
    """While inside, the attack goes on; what this gives sends one more byte on each socket."""
    with ExitStack() as open_:
        sockets = [open_.enter_context(each) for each in attack(port, path)]

        def drip() -> None:
            for each in sockets:
                with suppress(OSError):
                    each.send(b"x")

        yield drip
