"""Conversations: <Connect><Conversation> rings the worker who has the caller's conversation.

https://www.twilio.com/docs/voice/twiml/connect/conversation; for what can go wrong
https://www.twilio.com/docs/api/errors/32500 to /32506
"""

from __future__ import annotations

from dataclasses import dataclass

from ivr.simulator.calls.engagements.dial import NumberDial, Ringable
from ivr.simulator.calls.leg import Leg
from ivr.simulator.calls.player import Player
from ivr.simulator.calls.recordings import Recordings
from ivr.simulator.interpreter import requests
from ivr.simulator.network.routes import SIP
from ivr.simulator.network.virtual_clock import Bell
from ivr.twiml import verbs as v

NO_WORKER = 32504  # https://www.twilio.com/docs/api/errors/32504
NONE_ASSIGNED = 32506  # https://www.twilio.com/docs/api/errors/32506


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation that exists or, without a ``customer``, how new ones are routed.

    ``worker``: the address of the worker's telephone; "" for nobody. ``assigned_after``: seconds
    that the routing of a new one takes.
    """

    customer: str = ""
    worker: str = ""
    service: str = ""
    assigned_after: float = 0.0

    def serves(self, service: str) -> bool:
        return not (service and self.service) or service == self.service


class Conversations:
    """The conversations of an account."""

    def __init__(self) -> None:
        self._all: list[Conversation] = []

    def add(self, conversation: Conversation) -> None:
        self._all.append(conversation)

    def of(self, customer: str, service: str) -> Conversation | None:
        """The newest one of this customer (of nobody: the routing of new ones)."""
        found = (c for c in reversed(self._all) if c.customer == customer and c.serves(service))
        return next(found, None)


class ConversationDial(NumberDial):
    """A call to the worker: it rings, is whispered to (``url``) and connected as by a <Dial>."""

    __slots__ = ("conversations", "noun", "routing_bell")

    def __init__(
        self,
        leg: Leg,
        player: Player,
        noun: v.Conversation,
        base: str,
        recordings: Recordings,
        conversations: Conversations,
    ) -> None:
        dial = v.Dial(
            (),
            timeout=noun.inbound_timeout,
            record=noun.record,
            recording_status_callback=noun.recording_status_callback,
            recording_status_callback_event=noun.recording_status_callback_event,
            recording_status_callback_method=noun.recording_status_callback_method,
        )
        super().__init__(leg, player, dial, base, recordings)
        self.noun = noun
        self.conversations = conversations
        self.routing_bell: Bell | None = None

    def start(self) -> None:
        """Ring the worker of the caller's conversation, or whoever a new one is routed to."""
        service, clock = self.noun.service_instance_sid, self.leg.network.clock
        known = self.conversations.of(self.leg.address, service)
        if known is not None:
            self._connect(known.worker, NO_WORKER)
        elif not self.noun.inbound_autocreation:
            self._fail(0, "there is no conversation, and inboundAutocreation isn't true")
        else:
            routing = self.conversations.of("", service)
            worker = routing.worker if routing is not None else ""
            after = routing.assigned_after if routing is not None else 0.0
            if not worker or after > self.noun.routing_assignment_timeout:
                worker, after = "", float(self.noun.routing_assignment_timeout)
            self.routing_bell = clock.after(after, self._connect, worker, NONE_ASSIGNED)

    def _connect(self, worker: str, otherwise: int) -> None:
        self.routing_bell = None
        if not worker:
            self._fail(otherwise, "no worker has been assigned to the conversation")
            return
        self.waiting = [self._telephone(worker)]
        super().start()

    def _telephone(self, worker: str) -> Ringable:
        noun = self.noun
        events = noun.status_callback_event.replace("call-", "")
        kind: type[v.Number | v.Client | v.Sip] = v.Number
        if worker.startswith("client:"):
            kind, worker = v.Client, worker.removeprefix("client:")
        elif worker.startswith(SIP):
            kind = v.Sip
        return kind(
            worker,
            url=noun.url,
            method=noun.method,
            status_callback=noun.status_callback,
            status_callback_event=events,
            status_callback_method=noun.status_callback_method,
        )

    def _fail(self, code: int, why: str) -> None:
        network, caller = self.leg.network, self.leg.address
        text = f"{why} (caller {caller}); exchange.conversation adds conversations and workers"
        network.note("error", code, text, self.base, self.leg.sid)
        self.finish("failed", None)

    def leave(self, reason: str) -> requests.Params:
        if self.routing_bell is not None:
            self.routing_bell.cancel()
        return super().leave(reason)

    def params(self, status: str, children: list[Leg]) -> requests.Params:
        """None that is documented; the recording ends, if there is one."""
        super().params(status, children)
        return requests.NONE
