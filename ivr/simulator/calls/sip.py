"""What a SIP call carries besides sound: headers.

https://www.twilio.com/docs/voice/twiml/sip#custom-headers
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from ivr.simulator.network.network import Network

WRONG_NAME = 13252  # https://www.twilio.com/docs/api/errors/13252
# "Twilio also supports these without the x- prefix."
STANDARD = frozenset(
    ("user-to-user", "remote-party-id", "p-preferred-identity", "p-called-party-id")
)
_NAME = re.compile(r"[A-Za-z0-9-]+")


def headers(
    network: Network, given: Iterable[tuple[str, str]], call_sid: str = ""
) -> Mapping[str, str]:
    """The headers that go with a call; one that SIP or Twilio doesn't take is noted (13252)."""
    kept = {}
    for name, value in given:
        known = name.lower().startswith("x-") or name.lower() in STANDARD
        if known and _NAME.fullmatch(name):
            kept[name] = value
        else:
            text = f'"{name}" can\'t be a SIP header here: a header of your own begins with x-'
            network.note("warning", WRONG_NAME, text, "", call_sid)
    return kept
