"""Which requests are answered by a server that is for this machine alone.

A page of another site can't read what this machine answers, unless that site's name is pointed here
once the page is loaded (DNS rebinding): then the browser asks under that name. And it can send a
form here: then the browser says from where.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

# The last one is this machine as containers on it call it.
HOSTS = ("127.0.0.1", "localhost", "[::1]", "host.docker.internal")
READING = frozenset({"GET", "HEAD", "OPTIONS"})


def refusal(port: int, method: str, host: str, origin: str) -> str:
    """Why a request isn't answered, as a sentence; ``""`` for one that is. ``host`` and ``origin``
    are its headers, ``""`` for one that it doesn't have."""
    own = [f"{name}:{port}" for name in HOSTS] + (list(HOSTS) if port == 80 else [])
    if host.lower() not in own:
        return f"this server answers to http://127.0.0.1:{port}, and not to the name '{host[:80]}'"
    if (
        method not in READING
        and origin
        and origin.lower() not in [f"http://{each}" for each in own]
    ):
        return f"this server takes nothing from a page of {origin[:80]}"
    return ""


class OwnHosts:
    """A WSGI application that answers under this machine's own names only."""

    def __init__(self, application: Application, port: int) -> None:
        self.application, self.port = application, port

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        host, origin = environ.get("HTTP_HOST", ""), environ.get("HTTP_ORIGIN", "")
        why = refusal(self.port, environ["REQUEST_METHOD"], host, origin)
        if not why:
            return self.application(environ, start)
        body = f"{why}\n".encode("ascii", "backslashreplace")
        headers = [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))]
        start("403 Forbidden", headers)
        return [body]


__all__ = ["HOSTS", "OwnHosts", "refusal"]
