"""How Twilio authenticates when a URL has a user name and a password: Basic or Digest.

"Twilio supports HTTP Basic and Digest Authentication." (docs/usage/security#http-authentication;
the digest is RFC 7616's)
"""

from __future__ import annotations

from base64 import b64encode
from hashlib import md5, sha256
from typing import Protocol
from urllib.parse import unquote
from urllib.request import parse_http_list, parse_keqv_list

HASHES = {"MD5": md5, "SHA-256": sha256}


class Login(Protocol):
    """Credentials, in the scheme that was requested."""

    def header(self, method: str, path: str) -> str:
        """The Authorization header of a request; ``path`` includes the query."""
        ...


class Basic:
    """The user name and password with each request."""

    def __init__(self, credentials: str) -> None:
        self._pair = b64encode(unquote(credentials).encode()).decode()

    def header(self, method: str, path: str) -> str:
        return f"Basic {self._pair}"


class Digest:
    """A hash that proves the password. Raises KeyError for an incomplete or unknown challenge."""

    def __init__(self, credentials: str, challenge: str) -> None:
        user, _, password = credentials.partition(":")
        self._user, self._password = unquote(user), unquote(password)
        self._challenge = {
            name.lower(): value
            for name, value in parse_keqv_list(parse_http_list(challenge)).items()
        }
        self._algorithm = self._challenge.get("algorithm", "MD5").upper()
        self._hash = HASHES[self._algorithm]
        self._nonce = self._challenge["nonce"]
        self._count = 0

    def header(self, method: str, path: str) -> str:
        self._count += 1
        realm, count = self._challenge.get("realm", ""), f"{self._count:08x}"
        own = self._of(self._nonce, count)[:16]  # the same in every run, different in every request
        who = self._of(self._user, realm, self._password)
        what = self._of(method, path)
        parts = {"username": self._user, "realm": realm, "nonce": self._nonce, "uri": path}
        if "auth" in self._challenge.get("qop", "").replace(",", " ").split():
            parts["response"] = self._of(who, self._nonce, count, own, "auth", what)
            plain = f", qop=auth, nc={count}"
            parts["cnonce"] = own
        else:
            parts["response"], plain = self._of(who, self._nonce, what), ""
        if "opaque" in self._challenge:
            parts["opaque"] = self._challenge["opaque"]
        quoted = ", ".join(f'{name}="{value}"' for name, value in parts.items())
        return f"Digest {quoted}, algorithm={self._algorithm}{plain}"

    def _of(self, *parts: str) -> str:
        return self._hash(":".join(parts).encode()).hexdigest()


def login(credentials: str, challenge: str) -> Login | None:
    """Credentials for a ``WWW-Authenticate`` challenge; None for an unknown scheme."""
    kind, _, rest = challenge.partition(" ")
    if kind.lower() != "digest":
        return Basic(credentials)
    try:
        return Digest(credentials, rest)
    except (KeyError, ValueError):
        return None
