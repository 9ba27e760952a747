"""A duty that rings a customer who is called back, when a person of the desk has accepted."""

from __future__ import annotations

import logging
from collections.abc import Callable

from ivr.clock import Clock
from ivr.line.flow.steps import Customer
from ivr.line.outside.carrier import Carrier, Refused, Unsure
from ivr.line.records import Duty
from ivr.line.service.calls import Calls
from ivr.line.service.duties.callbacks import BUCKET
from ivr.line.store.store import Store
from ivr.line.turns.call.turn import CallTurn

log = logging.getLogger(__name__)

CUSTOMER_RINGS = 30  # seconds


class Customers:
    """Carries out duties of the kind ``ring_customer``. ``origin`` is the scheme and host at which
    the carrier reaches the line."""

    def __init__(
        self, store: Store, calls: Calls, carrier: Carrier, clock: Clock, origin: str
    ) -> None:
        self.store = store
        self.calls = calls
        self.carrier = carrier
        self.clock = clock
        self.origin = origin

    def ring(self, duty: Duty) -> None:
        """Ring the customer, once. If nothing is known of how that went when the duty is due again,
        they didn't answer."""
        state = self.calls.look(duty.call)
        if duty.data.get("lapsed"):
            self._not_reached(duty.call)
            return
        if duty.attempts > 1 or state.leg_sid or state.caller.state not in self._customers:
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
            log.warning("can't call back for %s: %s", duty.call, error)
            self._not_reached(duty.call)
        except Unsure as error:
            log.warning("may be calling back for %s: %s", duty.call, error)
        else:
            self._tell(duty.call, lambda turn: turn.hear("placed", "", sid))

    def _not_reached(self, call: str) -> None:
        """The customer can have let it ring only if there was a leg that rang."""

        def told(turn: CallTurn) -> None:
            if turn.state.caller.state in self._customers:
                turn.hear("outcome", value="unanswered" if turn.state.leg_sid else "unplaced")

        self._tell(call, told)

    @property
    def _customers(self) -> set[str]:
        steps = self.calls.line.caller.steps
        return {name for name, step in steps.items() if isinstance(step, Customer)}

    def _tell(self, call: str, what: Callable[[CallTurn], object]) -> None:
        def told(turn: CallTurn) -> Callable[[], str]:
            what(turn)
            return str

        self.calls.hear(call, told)
