"""Twilio's forms: read once, in order, and never longer than they may be."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote_plus

from flask import request

Form = dict[str, str]
MAX_FORM_BYTES = 1 << 20  # bytes of a form; Twilio's have a thousand
LONGEST_LENGTH = 12  # digits of a length that anything has
_QUOTES_ITS_OWN = re.compile("%26|%3[Dd]").search  # & or =


def body_of(environ: dict[str, Any]) -> bytes:
    """The request's body, of the length that its header gives. A body longer than
    `MAX_FORM_BYTES` is cut, so that its signature doesn't fit."""
    length = environ.get("CONTENT_LENGTH", "")
    if not length.isdecimal():
        return request.get_data(cache=False)  # in chunks, through a proxy
    longest = MAX_FORM_BYTES if len(length) > LONGEST_LENGTH else int(length)
    body: bytes = environ["wsgi.input"].read(min(longest, MAX_FORM_BYTES))
    return body


def fields_of(text: str) -> list[tuple[str, str]]:
    """A form or a query, in order."""
    if not _QUOTES_ITS_OWN(text):  # then all may be unquoted at once, which is quicker
        pairs = [pair.partition("=") for pair in unquote_plus(text).split("&") if pair]
        return [(name, value) for name, _, value in pairs]
    pairs = [pair.partition("=") for pair in text.split("&") if pair]
    return [(unquote_plus(name), unquote_plus(value)) for name, _, value in pairs]
