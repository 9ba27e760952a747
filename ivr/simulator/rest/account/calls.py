"""REST: calls. (https://www.twilio.com/docs/voice/api/call-resource)"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import date, datetime
from operator import attrgetter
from typing import TypeVar

from ivr.errors import TwiMLError
from ivr.simulator.calls import caller_ids
from ivr.simulator.calls.detection import Detection
from ivr.simulator.calls.leg import Leg
from ivr.simulator.calls.recordings import recording_callback
from ivr.simulator.interpreter import requests
from ivr.simulator.network.numbers import Application
from ivr.simulator.network.routes import SIP, Callback, Dialled, Route, dialled, e164
from ivr.simulator.rest.resource import (
    ApiError,
    Endpoint,
    Form,
    Json,
    Resources,
    Response,
    iso8601,
    not_built,
    rfc2822,
)
from ivr.simulator.webhooks.documents import APPLICATION_ERROR
from ivr.twiml.reading import Unbuilt, parse

Item = TypeVar("Item")
TONES = re.compile("[0-9A-D*#wW]{0,32}")  # https://www.twilio.com/docs/api/errors/21206
BY_REST = "by a request to the REST API"
PROGRESS = frozenset({"initiated", "ringing", "answered", "completed"})
SUBRESOURCES = (
    "notifications",
    "recordings",
    "payments",
    "events",
    "siprec",
    "streams",
    "transcriptions",
    "user_defined_message_subscriptions",
    "user_defined_messages",
)


def create(api: Resources, form: Form, _path: tuple[str, ...]) -> Response:
    """POST /Calls: queued now, placed after the current event."""
    sender, receiver = parties(api, form)
    application = _application(api, form)
    start: requests.Fetch | requests.Page | None
    if application is not None:
        start = requests.Fetch(application.url, application.method)
    else:
        start = beginning(api, form)
    if start is None:
        raise ApiError(400, 21200, "Url, Twiml or ApplicationSid is required")
    digits = form.text("SendDigits")
    if not TONES.fullmatch(digits):
        raise ApiError(400, 21206, f"SendDigits is at most 32 of 0123456789ABCD*#wW, not {digits}")
    leg = api.network.dial_out(sender, receiver, start, form.whole("Timeout", 60, 1, 600), digits)
    leg.detection = detection(form)
    settle(leg, form)
    if application is not None:  # "ignores all of the other URL parameters"
        leg.route = application.route
        leg.callback = application.callback
    if form.truth("Record", False):
        leg.on_answer = recording(api, leg, form)
    return 201, show(api, leg)


def _application(api: Resources, form: Form) -> Application | None:
    sid = form.text("ApplicationSid")
    if sid and sid not in api.network.applications:
        raise ApiError(400, 21218, f"ApplicationSid {sid} isn't an application of this account")
    return api.network.applications.get(sid)


def recording(api: Resources, leg: Leg, form: Form) -> Callable[[], None]:
    """Record=true: from the answer to the end. (docs/voice/api/call-resource#record)"""
    callback = recording_callback(
        form.url("RecordingStatusCallback"),
        form.method("RecordingStatusCallbackMethod"),
        " ".join(form.several("RecordingStatusCallbackEvent")),
    )
    channels = 2 if form.text("RecordingChannels") == "dual" else 1
    track = form.text("RecordingTrack", "both")

    def begin() -> None:
        leg.recording = api.network.recordings.start(
            "OutboundAPI", leg.sid, callback=callback, channels=channels, track=track
        )

    return begin


def detection(form: Form, told: str = "AsyncAmdStatusCallback") -> Detection | None:
    """The options of machine detection, None without it; ``told`` is the parameter with the URL
    that is told the result. A participant joins without waiting for it.

    (docs/voice/answering-machine-detection)
    """
    mode = form.text("MachineDetection")
    if mode not in ("", "Enable", "DetectMessageEnd"):
        raise ApiError(
            400, 21207, f"MachineDetection must be Enable or DetectMessageEnd, not {mode!r}"
        )
    if not mode:
        return None
    background = told != "AsyncAmdStatusCallback" or form.truth("AsyncAmd", False)
    return Detection(
        mode,
        form.whole("MachineDetectionTimeout", 30, 3, 59),
        form.whole("MachineDetectionSpeechThreshold", 2400, 1000, 6000),
        form.whole("MachineDetectionSpeechEndThreshold", 1200, 500, 5000),
        form.url(told) if background else "",
        form.method(f"{told}Method"),
        waits=not background,
    )


def parties(api: Resources, form: Form) -> tuple[str, Dialled]:
    """From and To, checked and in E.164."""
    receiver, sender = form.text("To"), form.text("From")
    if not receiver:
        raise ApiError(400, 21201, "No 'To' number is specified")
    if not sender:
        raise ApiError(400, 21213, "No 'From' number is specified")
    if re.match("(?!client:|sips?:|app:|sim:)[A-Za-z]+:", receiver):
        raise not_built(f"To={receiver}", "there are no such calls")
    to = dialled(receiver)
    if not to.address:
        raise ApiError(
            400, 21211, f"The number you are attempting to call, {receiver}, is not valid."
        )
    return _caller(api, form, sender, to.address), to


def _caller(api: Resources, form: Form, sender: str, receiver: str) -> str:
    """ "If using a phone number, it must be a Twilio number or a verified outgoing caller ID for
    your account. If the To parameter is a phone number, From must also be a phone number." """
    number, token = e164(sender), form.text("CallToken")
    if number.startswith("+"):
        inbound = api.network.legs.get(token.removeprefix("token-"))
        forwarded = inbound is not None and (inbound.token, inbound.sender) == (token, number)
        if forwarded or api.network.may_show(number) or receiver.startswith(SIP):
            return number
        raise ApiError(
            400,
            21210,
            f"The source phone number provided, {sender}, is not yet verified for your account. You"
            " may only make calls from phone numbers that you've verified or purchased from"
            f" Twilio. (In this simulator: {caller_ids.HOW_TO_SHOW}.)",
        )
    name = caller_ids.name(sender)
    if not name or receiver.startswith("+"):
        raise ApiError(400, 21212, f"The source phone number provided, {sender}, is not valid.")
    return name


def beginning(api: Resources, form: Form) -> requests.Fetch | requests.Page | None:
    """What the call does: the document at Url, or Twiml; None without either."""
    url = form.url("Url")
    if url:
        return requests.Fetch(url, form.method("Method"))
    twiml = form.text("Twiml")
    if len(twiml) > 4000:
        raise ApiError(400, 32018, "Twiml is longer than 4000 characters")
    if not twiml:
        return None
    try:
        document = parse(twiml)
    except Unbuilt as refusal:
        raise ApiError(400, 20001, str(refusal)) from refusal
    except TwiMLError as error:
        api.network.note("error", error.code, error.message)
        return APPLICATION_ERROR
    for flaw in document.warnings:
        api.network.note(flaw.level, flaw.code, f"{flaw.message} (line {flaw.line})")
    return requests.Page("", document.verbs)


def settle(leg: Leg, form: Form) -> None:
    """Apply the parameters that creating and updating a call have in common."""
    if form.has("FallbackUrl"):
        leg.route = Route("", "POST", form.url("FallbackUrl"), form.method("FallbackMethod"))
    if form.has("StatusCallback"):
        events = form.several("StatusCallbackEvent") or ["completed"]
        if unknown := sorted({*events} - PROGRESS):  # the request is accepted all the same
            text = f"StatusCallbackEvent {', '.join(unknown)}: there are no such events"
            leg.network.note("warning", 21626, text, call_sid=leg.sid)
        leg.callback = Callback(
            form.url("StatusCallback"),
            form.method("StatusCallbackMethod"),
            frozenset(events) & PROGRESS,
        )
    if form.has("TimeLimit"):
        leg.set_limit(form.whole("TimeLimit", 14400, 1))


def update(api: Resources, form: Form, path: tuple[str, ...]) -> Response:
    """POST /Calls/{sid}: a new document for a live call, or its end."""
    leg = find(api, path[0])
    start, status = beginning(api, form), form.text("Status")
    if leg.ended and (start is not None or status):
        raise ApiError(400, 21220, "Call is not in-progress. Cannot redirect.")
    settle(leg, form)
    if status:
        finish(api, leg, status)
    elif start is not None:
        if not leg.picked_up:
            raise ApiError(400, 21220, "Call is not in-progress. Cannot redirect.")
        api.network.clock.soon(leg.redirect, start)
    return 200, show(api, leg)


def finish(api: Resources, leg: Leg, status: str) -> None:
    """Status "completed" ends any call, "canceled" only one that hasn't been answered."""
    if status not in ("completed", "canceled"):
        raise ApiError(400, 20001, f"Status can't be set to {status}")
    if leg.status == "queued":  # "no callbacks" for a call that never left the queue
        leg.callback = None
        leg.end("canceled", BY_REST)
    elif not leg.picked_up:
        api.network.clock.soon(leg.end, "canceled", BY_REST)
    elif status == "completed":
        api.network.clock.soon(leg.end, "completed", BY_REST)


def fetch(api: Resources, _form: Form, path: tuple[str, ...]) -> Response:
    return 200, show(api, find(api, path[0]))


FILTERS: dict[str, Callable[[Leg], str]] = {
    "To": attrgetter("receiver"),
    "From": attrgetter("sender"),
    "Status": attrgetter("status"),
    "ParentCallSid": attrgetter("parent_sid"),
}


def listing(api: Resources, form: Form, _path: tuple[str, ...]) -> Response:
    """GET /Calls, the newest first."""
    legs: Iterable[Leg] = reversed(api.network.legs.values())
    for name, read in FILTERS.items():
        if form.has(name):
            value = form.text(name)
            legs = [leg for leg in legs if read(leg) == value]
    legs = within(form, "StartTime", legs, started)
    legs = within(form, "EndTime", legs, ended)
    return api.page(form, "/Calls", "calls", legs, lambda leg: show(api, leg))


def within(
    form: Form, name: str, items: Iterable[Item], read: Callable[[Item], datetime | None]
) -> list[Item]:
    """Filter by date: NAME=day, NAME<=day, NAME>=day (days or ISO instants, UTC). A client that
    writes a day as its midnight means the day."""
    kept = list(items)
    for suffix in ("", "<", ">"):
        if form.has(name + suffix):
            given = form.text(name + suffix)
            day = given[: len("2026-11-24")]
            try:
                date.fromisoformat(day)
            except ValueError:
                raise ApiError(
                    400, 20001, f"{name} must be a date such as 2026-11-24, not {given!r}"
                ) from None
            if not suffix:
                given = day
            kept = [i for i in kept if _dated(read(i), suffix, given)]
    return kept


def _dated(at: datetime | None, suffix: str, given: str) -> bool:
    if at is None:
        return False
    shown = iso8601(at)[: len(given)]
    if suffix == "<":
        return shown <= given
    if suffix == ">":
        return shown >= given
    return shown == given


def delete(api: Resources, _form: Form, path: tuple[str, ...]) -> Response:
    leg = find(api, path[0])
    if not leg.ended:
        raise ApiError(400, 20001, "A call that is in progress can't be deleted")
    del api.network.legs[leg.sid]
    return 204, None


def find(api: Resources, sid: str) -> Leg:
    leg = api.network.legs.get(sid)
    if leg is None:
        raise api.missing(api.uri(f"/Calls/{sid}"))
    return leg


def started(leg: Leg) -> datetime | None:
    if leg.status == "queued":
        return None
    at = leg.answered_at if leg.answered_at >= 0 else leg.created_at
    return leg.network.clock.at(at)


def ended(leg: Leg) -> datetime | None:
    return leg.network.clock.at(leg.ended_at) if leg.ended else None


def show(api: Resources, leg: Leg) -> Json:
    """A call as JSON: "all numbers are strings", missing values are null."""
    created = api.network.clock.at(leg.created_at)
    uri = f"/Calls/{leg.sid}"
    number = api.network.numbers.get(leg.receiver if leg.direction == "inbound" else leg.sender)
    return {
        "sid": leg.sid,
        "date_created": rfc2822(created),
        "date_updated": rfc2822(ended(leg) or started(leg) or created),
        "parent_call_sid": leg.parent_sid or None,
        "account_sid": api.network.account_sid,
        "to": leg.receiver,
        "to_formatted": leg.receiver,
        "from": leg.sender,
        "from_formatted": leg.sender,
        "phone_number_sid": number.sid if number else None,
        "status": leg.status,
        "start_time": rfc2822(started(leg)),
        "end_time": rfc2822(ended(leg)),
        "duration": str(leg.duration) if leg.ended else None,
        "price": None,
        "price_unit": "USD",
        "direction": leg.direction,
        "answered_by": leg.answered_by or None,
        "api_version": "2010-04-01",
        "forwarded_from": None,
        "group_sid": None,
        "caller_name": None,
        "queue_time": "0",
        "trunk_sid": None,
        "uri": api.uri(uri),
        "subresource_uris": api.below(uri, *SUBRESOURCES),
    }


ROUTES: tuple[Endpoint, ...] = (
    ("POST", "/Calls", create),
    ("GET", "/Calls", listing),
    ("GET", "/Calls/{sid}", fetch),
    ("POST", "/Calls/{sid}", update),
    ("DELETE", "/Calls/{sid}", delete),
)
