"""Whether a webhook comes from the carrier: Twilio's signature over the public URL and the form.

https://www.twilio.com/docs/usage/security: base64 of HMAC over the URL with the sorted form fields
behind it. `twilio.request_validator` is the oracle of the tests; this is on the path of every
webhook, and a tenth of its cost.
"""

from __future__ import annotations

import hmac
from binascii import b2a_base64
from collections.abc import Iterable
from hashlib import sha256
from urllib.parse import parse_qs, urlsplit

_ALGORITHMS = {"HMAC_SHA1": "sha1", "HMAC_SHA256": "sha256"}
_DEFAULT_PORTS = {"https": 443, "http": 80}


class Signature:
    """Checks against one token and the one URL under which the carrier reaches us.

    ``public_url`` is scheme, host and maybe a path: it is configured, never taken from a request's
    headers, so that a proxy can't change it and nobody can forge it.
    """

    def __init__(self, token: str, public_url: str) -> None:
        parts = urlsplit(public_url)
        self._keyed = {name: hmac.new(token.encode(), None, name) for name in _ALGORITHMS.values()}
        host = parts.netloc.rpartition("@")[2].removesuffix(f":{parts.port}")  # as it is written
        path = parts.path.rstrip("/")
        port = parts.port or _DEFAULT_PORTS.get(parts.scheme, 443)
        bare = f"{parts.scheme}://{host}{path}"
        full = f"{parts.scheme}://{host}:{port}{path}"
        # Twilio drops the port over https and keeps it over http; proxies may do either.
        self._bases = (full, bare) if parts.scheme == "http" and parts.port else (bare, full)

    def url(self, target: str) -> str:
        """The URL that is expected to have been signed; ``target`` is path and query."""
        return self._bases[0] + target

    def valid(
        self,
        target: str,
        form: Iterable[tuple[str, str]],
        given: str,
        settings: str = "",
        body: bytes | None = None,
    ) -> bool:
        """Whether ``given`` signs this request. Fails for whatever it doesn't know.

        ``settings`` is the header ``X-Twilio-Webhooks-Signature-Settings``; ``body`` that of a
        request which isn't a form, for ``bodySHA256``.
        """
        algorithm = _algorithm(settings) if settings else "sha1"
        if not given or algorithm is None:
            return False
        if body is not None and not _body_matches(target, body):
            return False
        fields = "".join([name + value for name, value in sorted(set(form))])
        signs = given.encode()
        for base in self._bases:
            mac = self._keyed[algorithm].copy()
            mac.update(f"{base}{target}{fields}".encode())
            if hmac.compare_digest(b2a_base64(mac.digest(), newline=False), signs):
                return True
        return False


def _algorithm(settings: str) -> str | None:
    pairs = (part.partition("=") for part in settings.split(","))
    named = (value.strip() for name, _, value in pairs if name.strip() == "algorithm")
    return _ALGORITHMS.get(next(filter(None, named), "HMAC_SHA1").upper())


def _body_matches(target: str, body: bytes) -> bool:
    given = parse_qs(urlsplit(target).query).get("bodySHA256", [""])[0]
    return hmac.compare_digest(sha256(body).hexdigest(), given)
