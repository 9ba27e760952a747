"""Payments that an agent guides: one piece after the other is keyed beside the conversation.

The agent asks for each by REST and hears no keys; no payment is made, and every one that gets that
far succeeds. https://www.twilio.com/docs/voice/api/payment-resource
"""

from __future__ import annotations

from ivr.simulator.calls.leg import Leg
from ivr.simulator.interpreter import requests
from ivr.simulator.interpreter.pay import keys, masked, month, parts
from ivr.simulator.interpreter.requests import HANGUP, Steps
from ivr.simulator.interpreter.settings import CAPTURE
from ivr.simulator.webhooks.delivery import Delivery
from ivr.twiml import verbs as v

FIRST_KEY = 600.0  # seconds


class Payment:
    """A session of a call's payment. ``open`` until it is completed or canceled."""

    def __init__(self, leg: Leg, verb: v.Pay, connector: str, callback: str) -> None:
        self.leg = leg
        self.verb = verb
        self.connector = connector
        self.sid = leg.network.seed.sid("PK")
        self.parts = {part.step: part for part in parts(verb)}
        self.known: dict[str, str] = {}
        self.open = True
        self.created_at = self.updated_at = leg.network.clock.now()
        self._tell(
            callback,
            ("DateCreated", self.leg.network.clock.stamp()),
            ("ChargeAmount", verb.charge_amount),
        )

    @property
    def required(self) -> list[str]:
        """What hasn't been keyed yet."""
        return [step for step in self.parts if step not in self.known]

    def capture(self, step: str, callback: str) -> None:
        """Wait for the keys of one piece, in place of any that is waited for now; those of before
        are forgotten."""
        self.known.pop(step, None)
        self.updated_at = self.leg.network.clock.now()
        if self.leg.picked_up:
            self.leg.play_over(self._keyed(step, callback), CAPTURE)

    def _keyed(self, step: str, callback: str) -> Steps:
        first = yield requests.Listen(FIRST_KEY, "dtmf", True)
        if first is HANGUP or first is None:
            return
        text = yield from keys(self.verb, first)
        if text is HANGUP:
            return
        self.known["now"] = yield from month()
        error = self.parts[step].wrong(text, self.verb, self.known)
        if not error:
            self.known[step] = text
        self.updated_at = self.leg.network.clock.now()
        self._tell(
            callback,
            ("Capture", step),
            ("PartialResult", "true"),
            *((("ErrorType", error),) if error else ()),
            *((("Required", ",".join(self.required)),) if self.required else ()),
            *masked(self.known),
            ("DateUpdated", self.leg.network.clock.stamp()),
        )

    def complete(self, callback: str) -> None:
        """Hand everything to the connector, which takes it."""
        self._end()
        token = self.leg.network.seed.token()
        charged = float(self.verb.charge_amount) > 0
        self._tell(
            callback,
            ("Result", "success"),
            ("PaymentConfirmationCode", token if charged else ""),
            ("PaymentToken", "" if charged else token),
            ("ProfileId", ""),
            *masked(self.known),
            ("DateUpdated", self.leg.network.clock.stamp()),
        )

    def cancel(self) -> None:
        self._end()

    def _end(self) -> None:
        self.open = False
        self.updated_at = self.leg.network.clock.now()
        background = self.leg.background
        if background is not None and background.setting is CAPTURE:
            self.leg.stop_background()

    def _tell(self, url: str, *params: tuple[str, str]) -> None:
        network = self.leg.network
        values = {
            "AccountSid": network.account_sid,
            "CallSid": self.leg.sid,
            "PaymentConnector": self.connector,
            "PaymentMethod": self.verb.payment_method,
            "Sid": self.sid,
        }
        delivery = Delivery(network, url, "POST", values | dict(params), self.leg.sid)
        network.clock.soon(delivery.tell)
