"""Verify: codes that people get by text or by phone, and the checks of what they key.

The text and the call are real ones: the telephone gets the one and rings for the other.
https://www.twilio.com/docs/verify/api/verification, /verification-check
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from ivr.simulator.calls.leg import Leg
from ivr.simulator.calls.messages import Messages
from ivr.simulator.calls.protocols import CallNetwork
from ivr.simulator.interpreter import requests
from ivr.simulator.network.routes import Dialled
from ivr.twiml import verbs as v

EXPIRES = timedelta(minutes=10)
MAX_SENT = 5  # "5 verification attempts to the same number within 10 minutes": error 60203
MAX_CHECKS = 5  # error 60202
SENDER = "22395"  # what texts and calls show here, whatever the country
RINGS = 60.0  # seconds
WARNING = ". Don’t share this code with anyone; our employees will never ask for the code"


class Attempt(NamedTuple):
    """A code that was sent."""

    sid: str
    at: datetime
    channel: str


class Service:
    """A service of Verify: what codes are like, and what is said with them."""

    def __init__(self, sid: str, name: str, now: datetime) -> None:
        self.sid = sid
        self.friendly_name = name
        self.code_length = 6
        self.custom_code_enabled = False
        self.do_not_share_warning_enabled = False
        self.created_at = self.updated_at = now


class Verification:
    """One person's verification. ``status``: pending, approved, canceled, max_attempts_reached or
    expired; all but the first are its end."""

    def __init__(self, sid: str, service: Service, to: str, code: str, now: datetime) -> None:
        self.sid = sid
        self.service = service
        self.to = to
        self.code = code
        self.status = "pending"
        self.checks = 0
        self.attempts: list[Attempt] = []
        self.created_at = self.updated_at = now

    @property
    def channel(self) -> str:
        return self.attempts[-1].channel


class Verifications:
    """The services and verifications of a network."""

    def __init__(self, network: CallNetwork[Leg], messages: Messages) -> None:
        self._network = network
        self._messages = messages
        self.services: dict[str, Service] = {}
        self._of: dict[tuple[str, str], Verification] = {}  # the last, by service and number

    def service(self, name: str, sid: str = "") -> Service:
        """A new service; with a ``sid`` that the application knows, or one of its own."""
        made = Service(sid or self._network.seed.sid("VA"), name, self._network.clock.now())
        self.services[made.sid] = made
        return made

    def pending(self, service: Service, to_or_sid: str) -> Verification | None:
        """The verification of that number or SID that hasn't ended."""
        found = self.last(service, to_or_sid)
        return found if found is not None and found.status == "pending" else None

    def last(self, service: Service, to_or_sid: str) -> Verification | None:
        """The last verification of that number or SID, in whatever state."""
        of_service = (each for each in self._of.values() if each.service is service)
        for each in of_service:
            if to_or_sid in (each.to, each.sid):
                if each.status == "pending" and self._network.clock.now() >= (
                    each.created_at + EXPIRES
                ):
                    self.end(each, "expired")
                return each
        return None

    def begin(self, service: Service, to: str, code: str = "") -> Verification:
        """The pending verification of a number, whose code stays the same, or a new one."""
        found = self.pending(service, to)
        if found is None:
            seed = self._network.seed
            code = code or seed.digits(service.code_length)
            now = self._network.clock.now()
            found = Verification(seed.sid("VE"), service, to, code, now)
            self._of[service.sid, to] = found
        return found

    def send(self, verification: Verification, channel: str, name: str, digits: str) -> None:
        """Send the code: ``channel`` is "sms" or "call"; ``digits`` are dialled first."""
        network = self._network
        now = verification.updated_at = network.clock.now()
        verification.attempts.append(Attempt(network.seed.sid("VL"), now, channel))
        service, code = verification.service, verification.code
        if channel == "sms":
            warning = WARNING if service.do_not_share_warning_enabled else ""
            body = f"Your {name} verification code is: {code}{warning}"
            message = self._messages.send(SENDER, verification.to, body, "outbound-api")
            self._messages.delete(message.sid)  # it isn't one of the account's
            return
        words = f"Your {name} verification code is: {' '.join(code)}."
        page = requests.Page("", (v.Say(words, loop=2),))
        network.dial_out(SENDER, Dialled(verification.to), page, RINGS, digits)

    def check(self, verification: Verification, code: str) -> bool:
        """Whether that is its code; counts the check."""
        verification.checks += 1
        verification.updated_at = self._network.clock.now()
        if code == verification.code:
            self.end(verification, "approved")
        return verification.status == "approved"

    def end(self, verification: Verification, status: str) -> None:
        verification.status = status
        verification.updated_at = self._network.clock.now()
