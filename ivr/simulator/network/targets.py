"""Where a URL leads: who serves it, and what of a request to it never changes."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

_UNESCAPED = re.compile(r"[\s\x00-\x1f\x7f]")
WSGIApp = Callable[..., Iterable[bytes]]


def requestable(url: str) -> bool:
    """Whether a URL can be requested at all: by HTTP, of a host and a port that can be, and without
    characters that have to be escaped. (https://www.twilio.com/docs/api/errors/11100)"""
    try:
        parts = urlsplit(url)
        possible = parts.port is None or parts.port > 0
    except ValueError:
        return False
    web = parts.scheme in ("http", "https") and bool(parts.hostname)
    return web and possible and not _UNESCAPED.search(url)


class Target:
    """A URL up to its query: who serves it, and what of the request never changes."""

    __slots__ = ("app", "credentials", "environ", "host", "path", "port", "scheme", "signed", "url")

    def __init__(self, url: str, app: WSGIApp | None) -> None:
        parts = urlsplit(url)
        self.app = app
        self.scheme = parts.scheme
        self.host = parts.hostname or ""
        self.port = parts.port or (443 if parts.scheme == "https" else 80)
        self.path = parts.path or "/"
        user, at, host = parts.netloc.rpartition("@")
        self.credentials = user if at else ""
        self.url = f"{parts.scheme}://{host}{parts.path}"
        # For voice, "Twilio drops the username and password" and, over https only, the port.
        signed = host.rpartition(":")[0] if parts.port and parts.scheme == "https" else host
        self.signed = f"{parts.scheme}://{signed}{parts.path}"
        self.environ: dict[str, Any] = {
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(self.path).decode("latin-1"),
            "SERVER_NAME": self.host,
            "SERVER_PORT": str(self.port),
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
