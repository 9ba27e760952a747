"""Where a call's documents come from, and where its progress is reported."""

from __future__ import annotations

import re
from typing import NamedTuple

CLIENT = "client:"  # how a softphone's address begins
SIP = ("sip:", "sips:")  # and a SIP address


class Callback(NamedTuple):
    """Where a call's progress is reported, and which events."""

    url: str
    method: str = "POST"
    events: frozenset[str] = frozenset({"completed"})


class Route(NamedTuple):
    """Where a call's documents come from."""

    url: str
    method: str = "POST"
    fallback: str = ""
    fallback_method: str = "POST"


def e164(text: str) -> str:
    """A number in E.164; US forms such as 415-123-4567 are accepted. "" if it isn't a number."""
    if text.startswith((CLIENT, *SIP)):
        return text
    digits = re.sub(r"[\s().-]", "", text)
    if re.fullmatch(r"\+[1-9]\d{1,14}", digits):
        return digits
    if re.fullmatch(r"1?[2-9]\d{9}", digits):
        return f"+1{digits[-10:]}"
    return ""
