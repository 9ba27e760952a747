"""The switchboard: every leg, every telephone, and what calls have in common.

It makes legs, connects them with what their documents ask for, and keeps what can be looked up.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime

from ivr.errors import CallError
from ivr.simulator.calls import sip
from ivr.simulator.calls.audio import Audio
from ivr.simulator.calls.call import NO_PARAMETERS
from ivr.simulator.calls.engagements.conference import Conferences
from ivr.simulator.calls.engagements.connect import Connections
from ivr.simulator.calls.engagements.queues import Queues
from ivr.simulator.calls.engagements.tasks import TaskCalls
from ivr.simulator.calls.far_end import FarEnd, Guard
from ivr.simulator.calls.handlers import Handlers
from ivr.simulator.calls.leg import Leg
from ivr.simulator.calls.messages import Messages
from ivr.simulator.calls.payments import Payment
from ivr.simulator.calls.protocols import CallNetwork, Phone, Telephone
from ivr.simulator.calls.recordings import Recordings
from ivr.simulator.calls.side_streams import SideStream
from ivr.simulator.calls.verification import Service, Verifications
from ivr.simulator.interpreter import requests
from ivr.simulator.network.network import START
from ivr.simulator.network.numbers import Addresses, Application
from ivr.simulator.network.routes import APPLICATION, SIP, Dialled, e164

MAX_ENDED = 10_000  # ended calls that can still be looked up


class Switchboard(CallNetwork[Leg]):
    """A network with telephones and the calls between them."""

    def __init__(
        self,
        seed: int = 1,
        *,
        start: datetime = START,
        rate: float = 0,
        requests: int = 10_000,
    ) -> None:
        super().__init__(seed, start=start, rate=rate, requests=requests)
        self.phones: Mapping[str, Phone[Leg]] = {}
        # Makes the telephone of a number that is rung and has none; without it such a call fails.
        self.on_unknown: Callable[[str], Phone[Leg]] | None = None
        self.legs: dict[str, Leg] = {}
        self.side_streams: dict[str, SideStream] = {}
        self.recordings = Recordings(self)
        self.messages = Messages(self, self.phones)
        self.conferences = Conferences(self, self.recordings)
        self.queues = Queues(self)
        self.connections = Connections(self, self.recordings, self.side_streams)
        self.tasks = TaskCalls(self, self.queues)
        self.payments: dict[str, dict[str, Payment]] = {}  # by call, then by IdempotencyKey
        self.verifications = Verifications(self, self.messages)
        self._ended: deque[str] = deque()
        self._guard = Guard(self)
        self.handlers = Handlers(
            Audio(self, self.recordings),
            self.recordings,
            self.messages,
            self.conferences,
            self.queues,
            self.side_streams,
            self.connections,
            self.tasks,
        ).by_request

    def verify_service(self, friendly_name: str = "Test", sid: str = "") -> Service:
        """A service of Verify, whose codes people really get by text or by phone.

        ``friendly_name`` is said with each code. ``sid`` is one that the application knows, "VA…";
        "" makes one. An application may also make its own by REST.
        (https://www.twilio.com/docs/verify/api/service)
        """
        return self.verifications.service(friendly_name, sid)

    # ---- legs

    def leg(self, direction: str, sender: str, receiver: str, parent: Leg | None = None) -> Leg:
        """A new leg: ``direction`` is inbound, outbound-api or outbound-dial."""
        leg = Leg(self, direction, sender, receiver, None, parent)
        self.legs[leg.sid] = leg
        return leg

    def telephone(self, leg: Leg) -> Telephone[Leg] | None:
        """What an outgoing call rings: an application of the account, or a telephone."""
        address = leg.receiver
        if address in self.numbers or self._application(address) is not None:
            if address in self.phones:
                text = f"{address} is answered by its application; the phone doesn't ring"
                self.note("notice", 0, text, "", leg.sid)
            return FarEnd(self._guard, self._arrive)
        return self._phone(address)

    def _phone(self, address: str) -> Phone[Leg] | None:
        phone = self.phones.get(address)
        if phone is None and self.on_unknown is not None and address:
            phone = self.on_unknown(address)
        return phone

    def _application(self, address: str) -> Application | None:
        if not address.startswith(APPLICATION):
            return None
        return self.applications.get(address.removeprefix(APPLICATION))

    def _arrive(self, placed: Leg, end: FarEnd) -> Leg:
        """The incoming call of a number of the account that was dialled, or of an application."""
        address = placed.receiver
        application = self._application(address)
        if application is not None:
            receiver = placed.shown_as or application.sid
            return self._dialled(placed.sender, receiver, application, placed.parameters, end)
        number = self.numbers[address]
        answers = self.applications.get(number.application, number)
        arrived = self._dialled(placed.sender, address, answers, end=end)
        arrived.headers = placed.headers
        return arrived

    def ended(self, leg: Leg) -> None:
        """An ended call can still be looked up, until many more have ended."""
        self.recordings.over(leg.sid)
        self._ended.append(leg.sid)
        while len(self._ended) > MAX_ENDED:
            forgotten = self._ended.popleft()
            self.legs.pop(forgotten, None)
            self.payments.pop(forgotten, None)

    # ---- calls

    def dial_in(self, sender: str, receiver: str) -> Leg:
        """A telephone calls a number; the application's first document is requested."""
        number = self.numbers.get(receiver) or self.numbers.get(e164(receiver))
        if number is None:
            known = ", ".join(self.numbers) or "none"
            raise CallError(
                f"no application answers at {receiver}; numbers with an application: {known}"
            )
        answers = self.applications.get(number.application, number)
        return self._dialled(sender, number.number, answers)

    def dial_application(self, sender: str, sid: str, params: Mapping[str, str]) -> Leg:
        """A softphone calls a TwiML application, which gets the parameters as well."""
        application = self.applications.get(sid)
        if application is None:
            raise CallError(
                f"{sender} calls the TwiML application {sid or '(none)'}, which doesn't exist"
            )
        return self._dialled(sender, params.get("To", ""), application, params)

    def _dialled(
        self,
        sender: str,
        receiver: str,
        answers: Addresses,
        params: Mapping[str, str] = NO_PARAMETERS,
        end: Telephone[Leg] | None = None,
    ) -> Leg:
        leg = self.leg("inbound", sender, receiver)
        leg.phone = end or self._phone(sender)
        if leg.phone is not None:
            leg.headers = leg.phone.sends
        leg.route = answers.route
        leg.callback = answers.callback
        extra = [("ApplicationSid", answers.sid)] if isinstance(answers, Application) else []
        own = leg.fields() if params else {}  # a softphone's can't replace the call's own
        extra += [(name, value) for name, value in params.items() if name not in own]
        start = requests.Fetch(answers.url, answers.method, tuple(extra))
        self.clock.soon(self._begin, leg, start)
        return leg

    def _begin(self, leg: Leg, start: requests.Fetch) -> None:
        if not leg.ended:
            leg.run(start, answered=False)

    def dial_out(
        self,
        sender: str,
        called: Dialled,
        start: requests.Fetch | requests.Page,
        timeout: float,
        digits: str = "",
    ) -> Leg:
        """A call made by REST: queued now, placed after the current event.

        ``timeout``: seconds that it may ring. ``digits``: tones that the callee hears first.
        """
        leg = self.leg("outbound-api", sender, called.address)
        if called.address.startswith(SIP):
            leg.headers = sip.headers(self, called.more, leg.sid)
        else:
            leg.parameters = dict(called.more)
        leg.start = start
        leg.tones = digits
        self.clock.soon(leg.place, timeout)
        return leg
