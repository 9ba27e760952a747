"""Twilio's hosts: which of them this network's REST API answers for.

``api.twilio.com``, its siblings such as ``lookups.twilio.com``, and either with a region or an edge
location and a region: ``api.dublin.ie1.twilio.com``.
(https://www.twilio.com/docs/global-infrastructure/understanding-twilio-regions)
"""

from __future__ import annotations

import re

# These serve documents and sounds, to Twilio itself as well, and place no calls.
DOCUMENTS = frozenset({"demo.twilio.com", "handler.twilio.com"})
_API = re.compile(r"([a-z][a-z-]*)(?:\.[a-z0-9-]+){0,2}\.twilio\.com")


def is_twilio(host: str) -> bool:
    """Whether a host is Twilio's, and must not be reached from a test."""
    host = host.lower().rstrip(".")
    return (host == "twilio.com" or host.endswith(".twilio.com")) and host not in DOCUMENTS


def product(host: str) -> str:
    """Whose API a host of Twilio's answers for: "api", "lookups", "verify", …; the host itself
    where that can't be said."""
    host = host.lower().rstrip(".")
    found = _API.fullmatch(host)
    return found[1] if found else host


def url(product: str, path: str) -> str:
    """Where a product of `product` has a path."""
    return f"https://{product}{path}" if "." in product else f"https://{product}.twilio.com{path}"
