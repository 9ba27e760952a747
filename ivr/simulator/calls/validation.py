"""The call that verifies a caller ID: the person there keys the six digits that REST has told.

https://www.twilio.com/docs/voice/api/outgoing-caller-ids,
https://www.twilio.com/blog/2012/03/introducing-status-callback-for-caller-id-verification-calls.html
"""

from __future__ import annotations

from collections.abc import Iterable

from ivr.simulator.calls.leg import Leg
from ivr.simulator.calls.protocols import CallNetwork
from ivr.simulator.interpreter import requests
from ivr.simulator.interpreter.requests import HANGUP, Steps
from ivr.simulator.interpreter.settings import Setting

CALLER = "+14157234000"  # the number that Twilio's verification calls show
RINGS = 60.0  # seconds
ATTEMPTS = 3
TIMEOUT = 10.0  # seconds between two keys
LENGTH = 6
ASKS = "To verify your caller ID with Twilio, please enter your six digit verification code."
WRONG = "That code isn't right."
DONE = "Thank you. Your caller ID has been verified."


def validate(
    network: CallNetwork[Leg],
    number: str,
    name: str,
    delay: float,
    extension: str,
    callback: str,
    method: str,
) -> tuple[str, Leg]:
    """Call a number after ``delay`` seconds; returns the code that must be keyed, and the call.

    ``extension``: keys that are dialled first. ``callback``: where the outcome is reported.
    """
    code = network.seed.digits(LENGTH)
    leg = network.leg("outbound-api", CALLER, number)
    leg.tones = extension
    leg.child_of = Validation(number, name, code, callback, method)
    network.clock.after(delay, leg.place, RINGS)
    return code, leg


class Validation:
    """What the call belongs to, as to a <Dial> that has placed it."""

    def __init__(self, number: str, name: str, code: str, callback: str, method: str) -> None:
        self.number = number
        self.name = name
        self.code = code
        self.callback = callback
        self.method = method
        self.sid = ""  # of the caller ID, once it is verified

    def picked_up(self, child: Leg) -> None:
        child.play(self._ask(child))

    def _ask(self, leg: Leg) -> Steps:
        words = ASKS
        for _ in range(ATTEMPTS):
            key = yield requests.Speak("say", words, "en-US", "", "dtmf")
            keyed = ""
            while len(keyed) < LENGTH:
                key = key or (yield requests.Listen(TIMEOUT, "dtmf", True))
                if key is HANGUP:
                    return
                if key is None:
                    break
                keyed, key = keyed + str(key).strip("#*"), None
            if keyed == self.code:
                self.sid = leg.network.verify(self.number, self.name).sid
                yield requests.Speak("say", DONE, "en-US")
                return
            words = f"{WRONG} {ASKS}"

    def child_ended(self, child: Leg) -> None:
        """ "CallStatus=completed VerificationStatus=success OutgoingCallerIdSid=PN…"; also "if a
        call is not answered or the line was busy"."""
        if not self.callback:
            return
        params: requests.Params = (("VerificationStatus", "success" if self.sid else "failed"),)
        if self.sid:
            params = (*params, ("OutgoingCallerIdSid", self.sid))
        child.notify(requests.Notify(self.callback, self.method, params))

    # What only a <Dial> does.

    def document_over(self, leg: Leg, setting: Setting, error: str) -> None:
        """No document plays over this call."""

    def company_of(self, child: Leg) -> Iterable[Leg]:
        return ()

    def child_redirected(self, child: Leg) -> None:
        """The call goes on with another document, and the number isn't verified."""
