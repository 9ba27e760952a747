"""Where a URL leads: who serves it, and what of a request to it never changes."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

PORTS = {"http": 80, "https": 443}
LOCAL = ("localhost", "127.0.0.1", "::1")
# What a proxy sees of whoever sends webhooks: "a dynamic range of IP addresses"
# (https://www.twilio.com/docs/usage/security). This one belongs to nobody (RFC 5737).
SENDER = "203.0.113.1"
_UNESCAPED = re.compile(r"[\s\x00-\x1f\x7f]")
WSGIApp = Callable[..., Iterable[bytes]]


def requestable(url: str) -> bool:
    """Whether a URL can be requested at all: by HTTP, of a host and a port that can be, and without
    characters that have to be escaped. (https://www.twilio.com/docs/api/errors/11100)"""
    try:
        parts = urlsplit(url)
        possible = parts.port is None or parts.port > 0
        host = parts.hostname
    except ValueError:
        return False
    web = parts.scheme in ("http", "https") and bool(host) and _can_be_named(host or "")
    return web and possible and not _UNESCAPED.search(url)


@lru_cache(maxsize=1024)
def _can_be_named(host: str) -> bool:
    """Whether each part of a host's name has 1 to 63 characters."""
    try:
        host.encode("idna")
    except ValueError:
        return False
    return True


def origin_of(url: str) -> str:
    """A URL's scheme, host and port, as ``https://line.example``: in lower case, without user name
    and password, and without the port that its scheme has anyway."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2].lower()
    return f"{parts.scheme}://{host.removesuffix(f':{PORTS.get(parts.scheme)}')}"


def as_origin(text: str) -> str:
    """The origin that somebody has written. Raises ValueError, which says how it is written."""
    origin = text.removesuffix("/")
    if not requestable(origin) or urlsplit(origin).path or set("@?#") & set(origin):
        raise ValueError(
            f"{text!r} isn't an origin: write a scheme and a host, such as https://line.example"
        )
    return origin_of(origin)


def at_origin(origin: str, url: str) -> str:
    """A URL moved to another origin; its user name and password, path and query stay."""
    if origin == origin_of(url):
        return url
    user, at, _ = urlsplit(url).netloc.rpartition("@")
    scheme, _, host = origin.partition("://")
    return urlsplit(url)._replace(scheme=scheme, netloc=f"{user}{at}{host}").geturl()


def other_scheme(origin: str) -> str:
    """The same host with the other scheme, as most hosts have both; "" where a port is named."""
    scheme, _, host = origin.partition("://")
    if ":" in host.rpartition("]")[2]:
        return ""
    return f"{'http' if scheme == 'https' else 'https'}://{host}"


def place_of(origin: str) -> str:
    """What an origin leads to, the same for each of the names that this machine calls itself by."""
    parts = urlsplit(origin)
    return f"localhost:{parts.port or PORTS[parts.scheme]}" if parts.hostname in LOCAL else origin


class Target:
    """A URL up to its query: who serves it, and what of the request never changes.

    ``app`` serves it in process. Otherwise it is requested where it says itself, or at ``behind``,
    the origin of an application that is reached as if by a proxy.
    """

    __slots__ = (
        "app",
        "credentials",
        "environ",
        "forwarded",
        "host",
        "path",
        "reached",
        "signed",
        "url",
    )

    def __init__(self, url: str, app: WSGIApp | None, behind: str = "") -> None:
        parts = urlsplit(url)
        self.app = app
        self.host = parts.hostname or ""
        port = parts.port or PORTS[parts.scheme]
        self.reached = urlsplit(behind or url)
        self.path = parts.path or "/"
        user, at, host = parts.netloc.rpartition("@")
        self.credentials = user if at else ""
        self.url = f"{parts.scheme}://{host}{parts.path}"
        # For voice, "Twilio drops the username and password" and, over https only, the port.
        signed = host.rpartition(":")[0] if parts.port and parts.scheme == "https" else host
        self.forwarded = _forwarded(parts.scheme, host) if behind else {}
        self.signed = f"{parts.scheme}://{signed}{parts.path}"
        self.environ: dict[str, Any] = {
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(self.path).decode("latin-1"),
            "SERVER_NAME": self.host,
            "SERVER_PORT": str(port),
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_HOST": host,
            "HTTP_USER_AGENT": "TwilioProxy/1.1",
            "HTTP_ACCEPT": "*/*",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": parts.scheme,
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": False,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }


def _forwarded(scheme: str, host: str) -> dict[str, str]:
    """The headers by which a proxy tells an application how it was reached."""
    return {
        "Host": host,
        "X-Forwarded-For": SENDER,
        "X-Forwarded-Host": host,
        "X-Forwarded-Proto": scheme,
    }
