"""A duty that rings a customer who is called back, when a person of the desk has accepted."""

from __future__ import annotations

import logging

from ivr.line.flow.steps import Customer
from ivr.line.outside.carrier import Carrier, Refused, Unsure
from ivr.line.records import Duty
from ivr.line.service.calls import Calls
from ivr.line.service.duties.callbacks import BUCKET
from ivr.line.turns.call.heard import CustomerLapsed, LegPlaced

log = logging.getLogger(__name__)

CUSTOMER_RINGS = 30  # seconds


class CustomerDuties:
    """Carries out duties of the kind ``ring_customer``. ``origin`` is the scheme and host at which
    the carrier reaches the line."""

    def __init__(self, calls: Calls, carrier: Carrier, origin: str) -> None:
        self.store = calls.store
        self.clock = calls.clock
        self.calls = calls
        self.carrier = carrier
        self.origin = origin

    def ring(self, duty: Duty) -> None:
        """Ring the customer, once. If nothing is known of how that went when the duty is due again,
        they didn't answer."""
        state = self.calls.look(duty.call)
        if duty.data.get("lapsed"):
            self.calls.hear(duty.call, CustomerLapsed(), known=state)
            return
        if duty.attempts > 1 or state.leg_sid or not isinstance(state.step, Customer):
            return
        self.store.tallies.add(BUCKET, self.clock.now())
        url = self.origin + state.here()
        try:
            sid = self.carrier.place(
                to=state.call.caller,
                shown=state.call.called,
                url=url,
                status=f"{url}/status",
                timeout=CUSTOMER_RINGS,
            )
        except Refused as error:
            more = {"event": "ring.refused", "call": duty.call}
            log.warning("can't call back for %s: %s", duty.call, error, extra=more)
            self.calls.hear(duty.call, CustomerLapsed(), known=state)
        except Unsure as error:
            more = {"event": "ring.unsure", "call": duty.call}
            log.warning("may be calling back for %s: %s", duty.call, error, extra=more)
        else:
            self.calls.hear(duty.call, LegPlaced("", sid), known=state)
