"""Twilio's forms: read once, in order."""

from __future__ import annotations

import re
from urllib.parse import unquote, unquote_plus

Form = dict[str, str]
_QUOTES_ITS_OWN = re.compile("%26|%3[Dd]").search  # & or =


def fields_of(text: str) -> list[tuple[str, str]]:
    """A form or a query, in order."""
    if not _QUOTES_ITS_OWN(text):  # then all may be unquoted at once, which is quicker
        text = unquote(text.replace("+", " "))
        return [pair.partition("=")[::2] for pair in text.split("&") if pair]
    pairs = [pair.partition("=") for pair in text.split("&") if pair]
    return [(unquote_plus(name), unquote_plus(value)) for name, _, value in pairs]
