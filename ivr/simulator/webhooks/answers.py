"""An answer that isn't usable, in words: what came instead, and what to look at."""

from __future__ import annotations

import html
import re
from functools import lru_cache

from ivr.simulator.webhooks.request import HTTPReply

MAX_SHOWN = 80  # characters of an answer
_UNSEEN = re.compile(
    r"<(script|style|svg)\b.*?</\1\s*>|<!--.*?-->|<[^>]*>", re.DOTALL | re.IGNORECASE
)
_PAGE = re.compile(rb"(\xef\xbb\xbf)?\s*(<!doctype html|<html)\b", re.IGNORECASE)
CSRF = "webhooks come from elsewhere: exempt their views from the check for CSRF"
_HINTS = {
    400: "does it answer for this host (in Django: ALLOWED_HOSTS)? Its number's origin decides",
    401: "it asks for a user name and a password, which can be part of the URL",
    403: "if it checks signatures, it needs this account's auth token, and the URL that is signed "
    "is the one that it sees or its origin (--origin)",
    404: "is the path right?",
}


def is_page(body: bytes) -> bool:
    """Whether an answer is a page for people: a sign-in, or a framework's error."""
    return _PAGE.match(body) is not None


def in_words(reply: HTTPReply) -> str:
    """The status, the kind and the first words of an answer, and a hint, where there is one."""
    what = f"HTTP {reply.status}"
    if reply.error:
        return f"{what}: {reply.error}"
    shown = first_words(reply.body)
    kind = content_type(reply)[0]
    kind = f"{kind}: " if kind else ""
    what += f" ({kind}“{shown}”)" if shown else ", an empty answer"
    hint = _HINTS.get(reply.status, "")
    if b"CSRF" in reply.body[:20_000]:
        hint = CSRF
    if reply.status == 405 and reply.header("allow"):
        hint = f"it takes {reply.header('allow')} only"
    return f"{what}; {hint}" if hint else what


def first_words(body: bytes, most: int = MAX_SHOWN) -> str:
    """What somebody would read first, on one line; "" if there is nothing to read."""
    text = body[:20_000].decode("utf-8", "replace")
    if is_page(body):
        text = html.unescape(_UNSEEN.sub(" ", text))
    text = " ".join(text.split())
    return text if len(text) <= most else f"{text[:most].rstrip()} …"


def content_type(reply: HTTPReply) -> tuple[str, str | None]:
    """The media type in lower case, and the charset, None if there is none."""
    return _content_type(reply.header("content-type"))


@lru_cache(maxsize=256)
def _content_type(header: str) -> tuple[str, str | None]:
    kind, *parameters = (part.strip() for part in header.split(";"))
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            return kind.lower(), value.strip().strip("\"'").lower() or None
    return kind.lower(), None
