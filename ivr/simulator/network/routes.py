"""What can be dialled, where a call's documents come from, and where its progress is reported."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import parse_qsl

CLIENT = "client:"  # how a softphone's address begins
SIP = ("sip:", "sips:")  # and a SIP address
APPLICATION = "app:"  # and a TwiML application's
SIM = "sim:"  # and the address of a telephone by its SIM card
_SIP_URI = re.compile(r"sips?:([^@;?\s]+)@(\[[^]\s]+\]|[^:;?@\s]+)[^?\s]*(\?\S*)?", re.I)


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


class Dialled(NamedTuple):
    """What is dialled: an address, and what the one who is called gets besides.

    ``more`` are the custom parameters after the ``?`` of a client or an application, and the
    headers of a SIP address.
    """

    address: str
    more: tuple[tuple[str, str], ...] = ()


def dialled(text: str) -> Dialled:
    """Read an address with all that may stand behind it; its ``address`` is "" if it isn't one."""
    _, mark, query = text.partition("?")
    more = tuple(parse_qsl(query, keep_blank_values=True)) if mark else ()
    return Dialled(e164(text), more)


def e164(text: str) -> str:
    """The address of a telephone, as From and To show it; "" if it isn't one.

    Numbers are in E.164 (US forms such as 415-123-4567 are accepted), softphones and TwiML
    applications without their parameters. SIP addresses are "compared by user and host": port,
    parameters and headers belong to a request.
    """
    if text.startswith((CLIENT, APPLICATION, SIM)):
        address = text.partition("?")[0]
        return "" if address.endswith(":") else address
    if text[:5].lower().startswith(SIP):
        found = _SIP_URI.fullmatch(text)
        return f"sip:{found[1].partition(':')[0]}@{found[2].lower()}" if found else ""
    digits = re.sub(r"[\s().-]", "", text)
    if re.fullmatch(r"\+[1-9]\d{1,14}", digits):
        return digits
    if re.fullmatch(r"1?[2-9]\d{9}", digits):
        return f"+1{digits[-10:]}"
    return ""
