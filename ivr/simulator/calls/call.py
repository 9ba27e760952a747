"""A call as Twilio records it: its two ends, its status, its requests and status callbacks.

https://www.twilio.com/docs/voice/twiml#request-parameters,
https://www.twilio.com/docs/voice/api/call-resource
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from email.utils import format_datetime

from ivr.simulator.calls.recordings import Recording, told_of
from ivr.simulator.interpreter import requests
from ivr.simulator.network.network import Network
from ivr.simulator.network.routes import SIP, Callback, Route
from ivr.simulator.webhooks.delivery import Delivery, Jar

NOWHERE = Route("")
NO_PARAMETERS: Mapping[str, str] = {}
SIP_CODES = {"busy": "486", "no-answer": "487", "canceled": "487"}


class Call:
    """The record of a call.

    ``direction``: inbound, outbound-api, outbound-dial. ``sender`` and ``receiver`` are From and
    To. Instants are microseconds since the network's start, -1 for what hasn't happened.
    """

    __slots__ = (
        "answered_at",
        "answered_by",
        "because",
        "callback",
        "created_at",
        "direction",
        "ended_at",
        "headers",
        "jar",
        "network",
        "parameters",
        "parent_sid",
        "receiver",
        "recording",
        "returned",
        "route",
        "sender",
        "sequence",
        "shown_as",
        "sid",
        "sip_code",
        "status",
    )

    def __init__(
        self, network: Network, direction: str, sender: str, receiver: str, parent_sid: str
    ) -> None:
        self.network = network
        self.sid = network.seed.sid("CA")
        self.direction = direction
        self.sender = sender
        self.receiver = receiver
        self.parent_sid = parent_sid
        self.status = "ringing" if direction == "inbound" else "queued"
        self.route = NOWHERE
        self.callback: Callback | None = None
        self.sequence = 0
        self.jar: Jar | None = None
        self.recording: Recording | None = None  # of the whole call, requested by REST
        self.answered_by = ""  # the result of machine detection
        self.parameters = NO_PARAMETERS  # those that a softphone gets with the call
        self.headers = NO_PARAMETERS  # the SIP headers that come with it
        self.shown_as = ""  # To at its other end, if that isn't the address that was called
        self.returned = requests.NONE  # what the application that was called gives back
        self.because = ""  # why it has ended, in words
        self.sip_code = ""  # the SIP response that has ended it, where that isn't the usual one
        self.created_at = network.clock.instant()
        self.answered_at = -1
        self.ended_at = -1

    # ---- state

    @property
    def picked_up(self) -> bool:
        """Whether it has been answered and goes on."""
        return self.answered_at >= 0 and self.ended_at < 0

    @property
    def ended(self) -> bool:
        """Whether it is over."""
        return self.ended_at >= 0

    @property
    def duration(self) -> int:
        """Whole seconds since it was answered; 0 if it never was."""
        if self.answered_at < 0:
            return 0
        until = self.ended_at if self.ended_at >= 0 else self.network.clock.instant()
        return (until - self.answered_at) // 1_000_000

    @property
    def address(self) -> str:
        """The telephone at this call's end: a number, ``client:name`` or ``sip:…``."""
        return self.sender if self.direction == "inbound" else self.receiver

    @property
    def token(self) -> str:
        """CallToken: lets a call made by REST show the caller's number."""
        return f"token-{self.sid}"

    # ---- requests

    def fields(self, extra: Iterable[tuple[str, str]] = ()) -> dict[str, str]:
        """The standard parameters. (docs/voice/twiml#request-parameters)"""
        values = {
            "AccountSid": self.network.account_sid,
            "ApiVersion": "2010-04-01",
            "CallSid": self.sid,
            "CallStatus": self.status,
            "Called": self.receiver,
            "Caller": self.sender,
            "Direction": self.direction,
            "From": self.sender,
            "To": self.receiver,
        }
        values.update(self.network.places.of_call(self.sender, self.receiver))
        if self.direction == "inbound":
            values["CallToken"] = self.token
            values.update(self.network.added)
            if self.sender.startswith(SIP) or self.receiver.startswith(SIP):
                values |= self._sip()
        if self.answered_by:
            values["AnsweredBy"] = self.answered_by
        if self.parent_sid:
            values["ParentCallSid"] = self.parent_sid
        values.update(extra)
        return values

    def _sip(self) -> dict[str, str]:
        """Further parameters of a call by SIP. (docs/voice/api/sip-interface)"""
        user, _, theirs = self.sender.removeprefix("sip:").rpartition("@")
        ours = self.receiver.rpartition("@")[2]
        values = {
            "SipCallId": self.sip_call_id,
            "SipDomain": ours if self.receiver.startswith(SIP) else theirs,
            "SipSourceIp": "127.0.0.1",
            "SipUsername": user or self.sender,
        }
        return values | {f"SipHeader_{name}": text for name, text in self.headers.items()}

    @property
    def sip_call_id(self) -> str:
        """The Call-ID of its SIP messages."""
        end = self.sender if self.sender.startswith(SIP) else self.receiver
        return f"{self.sid}@{end.rpartition('@')[2]}"

    @property
    def sip_response(self) -> str:
        """The SIP response to the invitation: 200 once it was answered."""
        if self.answered_at >= 0:
            return "200"
        return self.sip_code or SIP_CODES.get(self.status, SIP_CODES["canceled"])

    def request(self, url: str, method: str, values: dict[str, str]) -> Delivery:
        """A request of this call, with its cookies; not started yet."""
        if self.jar is None and not self.ended:
            self.jar = Jar()
        return Delivery(self.network, url, method, values, self.sid, self.jar)

    def notify(self, request: requests.Notify) -> None:
        """Make a request at this instant; its answer isn't carried out."""
        values = self.fields(request.params)
        self.network.clock.soon(self._tell, request.url, request.method, values)

    def _tell(self, url: str, method: str, values: dict[str, str]) -> None:
        self.request(url, method, values).tell()

    # ---- status callbacks

    def progress(self, event: str, shown: str = "") -> None:
        """Send a status callback, if one was requested for this event.

        (docs/voice/api/call-resource#statuscallback)
        """
        number = self.sequence
        self.sequence += 1
        callback = self.callback
        if callback is None or not callback.url or event not in callback.events:
            return
        if self.direction == "inbound":  # a number's own: "standard parameters and CallDuration"
            values = self.fields((("CallDuration", str(self.duration)),))
        else:
            values = self.fields(self._progress(event, number, shown))
        self.network.clock.soon(self._tell, callback.url, callback.method, values)

    def _progress(self, event: str, number: int, shown: str) -> requests.Params:
        values = [
            ("CallStatus", shown or self.status),
            ("CallbackSource", "call-progress-events"),
            ("SequenceNumber", str(number)),
            ("Timestamp", format_datetime(self.network.clock.now())),
        ]
        if event == "completed":
            values += self._completed()
        return tuple(values)

    def _completed(self) -> list[tuple[str, str]]:
        seconds = self.duration
        minutes = -(-seconds // 60)
        values = [("CallDuration", str(seconds)), ("Duration", str(minutes))]
        values += told_of(self.recording)
        code = self.sip_code or SIP_CODES.get(self.status, "")
        if code and self.status != "completed":
            values.append(("SipResponseCode", code))
        return values
