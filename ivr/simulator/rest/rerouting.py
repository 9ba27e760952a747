"""In this process, Twilio's hosts lead to a REST server of the simulator's.

It takes hold where every HTTP library does: where a host's name becomes an address, where an
address is connected to, and where the connection is secured. A connection to Twilio trusts the
simulator's authority alone, so one that gets past the first two places, through a proxy for
instance, fails before anything is said.

Nothing but Python itself is imported, and nothing newer than 3.7 used: programs for another Python
begin by running this file (`ivr.simulator.rest.environment`).
"""

from __future__ import annotations

import os
import socket
import ssl
import threading
from typing import Any, Callable, Dict, Optional, Tuple  # noqa: UP035 - see above

# These serve documents and sounds, to Twilio itself as well, and place no calls.
DOCUMENTS = ("demo.twilio.com", "handler.twilio.com")
ADDRESS = "127.84.87.73"  # what Twilio's hosts resolve to; nobody ever connects to it
NO_PROXY = ("NO_PROXY", "no_proxy")
ELSEWHERE = (
    "ivr-simulator: this connection doesn't lead to the simulated network, and {host} isn't "
    "reached from a test. If the client uses a proxy of its own, turn that off in tests"
)


def is_twilio(host: Any) -> bool:
    """Whether a host, as text or bytes, is Twilio's, and must not be reached from a test."""
    if isinstance(host, (bytes, bytearray)):
        host = bytes(host).decode("ascii", "replace")
    if not isinstance(host, str):
        return False
    name = host.lower().rstrip(".")
    return (name == "twilio.com" or name.endswith(".twilio.com")) and name not in DOCUMENTS


def leave_out_proxies() -> Dict[str, Optional[str]]:  # noqa: UP006, UP045
    """Let no proxy of the environment's be asked for Twilio's hosts. Returns the variables that it
    changes, as they were."""
    before = {}
    for name in NO_PROXY:
        before[name] = os.environ.get(name)
        others = [each for each in (before[name] or "").split(",") if each]
        os.environ[name] = ",".join([*others, "twilio.com", ".twilio.com"])
    return before


class Rerouting:
    """``where`` returns the host and port of the REST server, ``authority`` its certificate in PEM;
    both are asked when they are first needed. ``ours``: whether a network is served at a place."""

    def __init__(
        self,
        where: Callable[[], Tuple[str, int]],  # noqa: UP006
        authority: Callable[[], str],
        ours: Callable[[Tuple[str, int]], bool] = lambda place: False,  # noqa: UP006
    ) -> None:
        self.where = where
        self.ours = ours
        self.active = False
        self._authority = authority
        self._context: Optional[ssl.SSLContext] = None  # noqa: UP045
        self._lock = threading.Lock()
        self._replaced: Any = []  # (place, name, what it had there or None, what is there now)

    def begin(self) -> None:
        """Lead Twilio's hosts here, until `end`."""
        self.active = True
        for place, name, replacement in (
            (ssl.SSLContext, "wrap_bio", _wrap_bio),
            (ssl.SSLContext, "wrap_socket", _wrap_socket),
            (socket.socket, "connect", _connect),
            (socket.socket, "connect_ex", _connect),
            (socket, "getaddrinfo", _getaddrinfo),
        ):
            inherited = name not in vars(place)
            before: Any = getattr(place, name)
            now = replacement(self, before)
            setattr(place, name, now)
            self._replaced.append((place, name, None if inherited else before, now))

    def end(self) -> None:
        """Undo it. What somebody else has replaced meanwhile stays, and goes by ours from now."""
        self.active = False
        while self._replaced:
            place, name, before, now = self._replaced.pop()
            if getattr(place, name) is now and before is None:
                delattr(place, name)
            elif getattr(place, name) is now:
                setattr(place, name, before)

    def context(self) -> ssl.SSLContext:
        """What secures a connection to one of Twilio's hosts."""
        with self._lock:
            if self._context is None:
                made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
                made.load_verify_locations(cadata=self._authority())
                self._context = made
            return self._context


def _getaddrinfo(rerouting: Rerouting, original: Any) -> Any:
    def getaddrinfo(
        host: Any, port: Any, family: int = 0, type: int = 0, proto: int = 0, flags: int = 0
    ) -> Any:
        if rerouting.active and is_twilio(host):
            return original(ADDRESS, port, 0, type, proto, 0)
        return original(host, port, family, type, proto, flags)

    return getaddrinfo


def _connect(rerouting: Rerouting, original: Any) -> Any:
    def connect(self: socket.socket, address: Any) -> Any:
        if rerouting.active and isinstance(address, tuple) and address[:1] == (ADDRESS,):
            address = rerouting.where()
        return original(self, address)

    return connect


def _wrap_socket(rerouting: Rerouting, original: Any) -> Any:
    def wrap_socket(
        self: Any, sock: Any, server_side: bool = False, *more: Any, **named: Any
    ) -> Any:
        host = named.get("server_hostname", more[2] if len(more) > 2 else None)
        if not rerouting.active or server_side or not is_twilio(host):
            return original(self, sock, server_side, *more, **named)
        try:
            peer = sock.getpeername()[:2]
        except (OSError, AttributeError):  # it isn't connected yet, or isn't a socket
            peer = rerouting.where()
        if peer != rerouting.where() and not rerouting.ours(peer):
            raise ConnectionError(ELSEWHERE.format(host=host))
        return original(rerouting.context(), sock, server_side, *more, **named)

    return wrap_socket


def _wrap_bio(rerouting: Rerouting, original: Any) -> Any:
    def wrap_bio(self: Any, incoming: Any, outgoing: Any, *more: Any, **named: Any) -> Any:
        host = named.get("server_hostname", more[1] if len(more) > 1 else None)
        server_side = named.get("server_side", more[0] if more else False)
        if not rerouting.active or server_side or not is_twilio(host):
            return original(self, incoming, outgoing, *more, **named)
        return original(rerouting.context(), incoming, outgoing, *more, **named)

    return wrap_bio
