"""What leads to an application: a telephone number, or a TwiML application that others refer to.

https://www.twilio.com/docs/phone-numbers/api/incomingphonenumber-resource,
https://www.twilio.com/docs/usage/api/applications
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from ivr.simulator.network.routes import Callback, Route


class Addresses:
    """Where calls and texts are answered, and who is told when a call is over."""

    __slots__ = (
        "fallback",
        "fallback_method",
        "friendly_name",
        "method",
        "sid",
        "sms_fallback",
        "sms_method",
        "sms_url",
        "status_callback",
        "status_method",
        "url",
    )

    def __init__(self, sid: str, name: str) -> None:
        self.sid = sid
        self.friendly_name = name
        self.url = self.fallback = self.status_callback = ""
        self.method = self.fallback_method = self.status_method = "POST"
        self.sms_url = self.sms_fallback = ""
        self.sms_method = "POST"

    @property
    def route(self) -> Route:
        return Route(self.url, self.method, self.fallback, self.fallback_method)

    @property
    def callback(self) -> Callback | None:
        url = self.status_callback
        return Callback(url, self.status_method) if url else None


class Number(Addresses):
    """A telephone number that leads to an application.

    ``application`` and ``sms_application`` are SIDs of those that answer in its place: "overrides
    voice_url".
    """

    __slots__ = ("application", "number", "origin", "sms_application")

    def __init__(self, sid: str, number: str, origin: str) -> None:
        super().__init__(sid, number)
        self.number = number
        self.origin = origin
        self.application = self.sms_application = ""


class Application(Addresses):
    """A named set of addresses, which numbers, REST calls and softphones lead to."""

    __slots__ = ("created_at", "updated_at")

    def __init__(self, sid: str, name: str, now: datetime) -> None:
        super().__init__(sid, name)
        self.created_at = self.updated_at = now


class ApiKey(NamedTuple):
    """What an application signs access tokens with. (docs/iam/api-keys)"""

    sid: str
    secret: str
    friendly_name: str = ""
