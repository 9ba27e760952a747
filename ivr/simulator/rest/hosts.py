"""Twilio's hosts: which product's API each of them has.

``api.twilio.com``, its siblings such as ``lookups.twilio.com``, and either with a region or an edge
location and a region: ``api.dublin.ie1.twilio.com``.
(https://www.twilio.com/docs/global-infrastructure/understanding-twilio-regions)
"""

from __future__ import annotations

import re

_API = re.compile(r"([a-z][a-z-]*)(?:\.[a-z0-9-]+){0,2}\.twilio\.com")


def product(host: str) -> str:
    """Whose API a host of Twilio's answers for: "api", "lookups", "verify", …; the host itself
    where that can't be said."""
    host = host.lower().rstrip(".")
    found = _API.fullmatch(host)
    return found[1] if found else host


def url(product: str, path: str) -> str:
    """Where a product of `product` has a path."""
    return f"https://{product}{path}" if "." in product else f"https://{product}.twilio.com{path}"
