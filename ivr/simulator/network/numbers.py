"""What leads to an application: a telephone number, or a TwiML application that it refers to; and
numbers that lead elsewhere, but may be shown.

https://www.twilio.com/docs/phone-numbers/api/incomingphonenumber-resource,
https://www.twilio.com/docs/usage/api/applications,
https://www.twilio.com/docs/voice/api/outgoing-caller-ids
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from ivr.simulator.network.routes import Callback, Route

# Calls of one number share what they need to know of it.
_route = lru_cache(maxsize=1024)(Route)
_callback = lru_cache(maxsize=1024)(Callback)


class Addresses:
    """The URLs that answer calls and texts, and the status callback."""

    __slots__ = (
        "fallback",
        "fallback_method",
        "friendly_name",
        "method",
        "sid",
        "sms_fallback",
        "sms_fallback_method",
        "sms_method",
        "sms_url",
        "status_callback",
        "status_method",
        "url",
    )

    def __init__(self, sid: str, name: str) -> None:
        self.sid = sid
        self.friendly_name = name
        self.url = ""
        self.method = "POST"
        self.fallback = ""
        self.fallback_method = "POST"
        self.status_callback = ""
        self.status_method = "POST"
        self.sms_url = ""
        self.sms_method = "POST"
        self.sms_fallback = ""
        self.sms_fallback_method = "POST"

    @property
    def route(self) -> Route:
        return _route(self.url, self.method, self.fallback, self.fallback_method)

    @property
    def callback(self) -> Callback | None:
        url = self.status_callback
        return _callback(url, self.status_method) if url else None


class Number(Addresses):
    """A telephone number that leads to an application.

    ``application`` and ``sms_application`` are the SIDs of TwiML applications that answer in its
    place: "overrides voice_url".
    """

    __slots__ = ("application", "created_at", "number", "sms_application", "updated_at")

    def __init__(self, sid: str, number: str, now: datetime) -> None:
        super().__init__(sid, number)
        self.created_at = self.updated_at = now
        self.number = number
        self.application = ""
        self.sms_application = ""


class Application(Addresses):
    """A named set of URLs, which numbers, REST calls and softphones can refer to."""

    __slots__ = ("created_at", "updated_at")

    def __init__(self, sid: str, name: str, now: datetime) -> None:
        super().__init__(sid, name)
        self.created_at = self.updated_at = now


class VerifiedNumber:
    """A number that isn't the account's but that its calls may show: a verified caller ID."""

    __slots__ = ("created_at", "friendly_name", "number", "sid", "updated_at")

    def __init__(self, sid: str, number: str, friendly_name: str, now: datetime) -> None:
        self.sid = sid
        self.number = number
        self.friendly_name = friendly_name
        self.created_at = self.updated_at = now


class LookedUp(NamedTuple):
    """What Lookup says of a number; "" for what isn't known, None where its form decides."""

    caller_name: str = ""
    caller_type: str = ""
    line_type: str = ""
    carrier: str = ""
    mobile_country_code: str = ""
    mobile_network_code: str = ""
    valid: bool | None = None


class Account:
    """What an account has beside its SID and token. A test may set each of them.

    ``balance`` is an amount as a text, in ``currency`` (three letters); nothing costs anything.
    """

    __slots__ = ("balance", "currency", "friendly_name", "updated_at")

    def __init__(self, now: datetime) -> None:
        self.friendly_name = "a simulated network"
        self.balance = "100.00"
        self.currency = "USD"
        self.updated_at = now


class ApiKey(NamedTuple):
    """A key that an application signs access tokens with. (docs/iam/api-keys)"""

    sid: str
    secret: str
    friendly_name: str = ""
