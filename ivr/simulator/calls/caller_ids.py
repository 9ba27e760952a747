"""Whose number a call may show to the telephone that it rings.

https://www.twilio.com/docs/voice/twiml/dial#callerid,
https://www.twilio.com/docs/voice/api/call-resource#create-a-call-resource
"""

from __future__ import annotations

import re

from ivr.simulator.calls.leg import Leg
from ivr.simulator.network.routes import CLIENT, SIM, SIP, e164

NOT_SHOWN = 13214  # https://www.twilio.com/docs/api/errors/13214
_NAME = re.compile(r"[\w+.-]+")  # "any alphanumeric string … +-_. but no whitespace"
HOW_TO_SHOW = (
    "mount it with exchange.number(), or verify it: exchange.verify(), --verified, or a line"
    " “verified NUMBER” in a dialogue"
)


def name(text: str) -> str:
    """What a call to a SIP address or a client may show besides a number; "" for what it can't."""
    return text if text.startswith((CLIENT, *SIP)) or _NAME.fullmatch(text) else ""


def of_dial(leg: Leg, given: str, receiver: str) -> str:
    """The From of a call that a <Dial> places: callerId, or the caller's own.

    "" when it may not be shown (13214): "CallerId must be the calling number, called number, or a
    validated outgoing number; if the calling leg is a client leg, the caller ID is required". A
    call to a SIP address or a client may show any name.
    """
    if not receiver.startswith("+"):
        return e164(given) or name(given) or leg.sender
    if not given:
        if leg.sender.startswith((CLIENT, SIM, *SIP)):
            return _refused(leg, f"{leg.sender} needs a callerId to call {receiver}")
        return leg.sender
    number = e164(given)
    if not number.startswith("+"):
        return _refused(leg, f'callerId="{given}" isn\'t a telephone number')
    if number in (leg.sender, leg.receiver) or leg.network.may_show(number):
        return number
    return _refused(
        leg,
        f'callerId="{given}" is neither the caller\'s nor the called number of this call, nor one'
        f" of the account's, nor verified: {HOW_TO_SHOW}",
    )


def _refused(leg: Leg, why: str) -> str:
    leg.network.note("error", NOT_SHOWN, why, "", leg.sid)
    return ""
