"""REST: conferences and their participants.

https://www.twilio.com/docs/voice/api/conference-resource, /conference-participant-resource
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from ivr.simulator.calls.conference import Room
from ivr.simulator.calls.participants import ENDED_BY_API, UPDATED, Invitation, Seat
from ivr.simulator.interpreter import requests as acts
from ivr.simulator.rest.api import Api, ApiError, Form, Json, Response, rfc2822
from ivr.simulator.rest.calls import parties, settle, within
from ivr.twiml import verbs as v

FROM_START = "record-from-start"

UNBUILT = {
    "AmdStatusCallback": "",
    "Byoc": "",
    "CallerId": "",
    "MachineDetection": "",
    "Record": "false",
}
UNBUILT_UPDATE = {"BeepOnExit": "", "WaitUrl": ""}
RECORD = {"": "", "false": "", "do-not-record": "", "true": FROM_START, FROM_START: FROM_START}
FILTERS = {"Muted": "muted", "Hold": "hold", "Coaching": "coaches"}
STATUSES = {"queued": "queued", "ringing": "ringing", "in-progress": "connected"}


class Shown(NamedTuple):
    """A participant, or somebody who is only invited."""

    sid: str
    seat: Seat | Invitation


# ---- conferences


def listing(api: Api, form: Form, _path: tuple[str, ...]) -> Response:
    rooms = list(reversed(api.exchange.rooms.values()))
    if form.has("FriendlyName"):
        rooms = [room for room in rooms if room.name == form.text("FriendlyName")]
    if form.has("Status"):
        rooms = [room for room in rooms if room.status == form.text("Status")]
    rooms = within(form, "DateCreated", rooms, lambda room: room.created_at)
    rooms = within(form, "DateUpdated", rooms, lambda room: room.updated_at)
    return api.page(form, "/Conferences", "conferences", rooms, lambda room: show(api, room))


def fetch(api: Api, _form: Form, path: tuple[str, ...]) -> Response:
    return 200, show(api, find(api, path[0]))


def update(api: Api, form: Form, path: tuple[str, ...]) -> Response:
    """POST /Conferences/{sid}: end it, or announce something to everybody."""
    room = find(api, path[0])
    status = form.text("Status")
    if status not in ("", "completed"):
        raise ApiError(400, 20001, f"Status can't be set to {status}")
    if status and room.status != "completed":
        api.exchange.clock.soon(room.end, ENDED_BY_API, "conference-ended-via-api")
    elif form.has("AnnounceUrl"):
        url, method = form.url("AnnounceUrl"), form.method("AnnounceMethod")
        api.exchange.clock.soon(room.announce, url, method)
    return 200, show(api, room)


def find(api: Api, sid: str, create: bool = False) -> Room:
    """By SID, or by the name of a conference that is going on."""
    room = api.exchange.rooms.get(sid) or api.exchange.open_room(sid)
    if room is None and create and not sid.startswith("CF"):
        room = api.exchange.room(sid)
    if room is None:
        raise api.missing(api.uri(f"/Conferences/{sid}"))
    return room


def show(api: Api, room: Room) -> Json:
    uri = f"/Conferences/{room.sid}"
    return {
        "account_sid": api.exchange.account_sid,
        "date_created": rfc2822(room.created_at),
        "date_updated": rfc2822(room.updated_at),
        "api_version": "2010-04-01",
        "friendly_name": room.name,
        "region": "us1",
        "sid": room.sid,
        "status": room.status,
        "uri": api.uri(uri),
        "subresource_uris": {
            "participants": api.uri(f"{uri}/Participants"),
            "recordings": api.uri(f"{uri}/Recordings"),
        },
        "reason_conference_ended": room.reason or None,
        "call_sid_ending_conference": room.ended_by or None,
    }


# ---- participants


def participants(api: Api, form: Form, path: tuple[str, ...]) -> Response:
    room = find(api, path[0])
    people = _people(room)
    for name in FILTERS:
        if form.has(name):
            wanted, field = form.truth(name, False), FILTERS[name]
            people = [p for p in people if bool(getattr(p.seat, field)) == wanted]
    inner = f"/Conferences/{room.sid}/Participants"
    return api.page(
        form, inner, "participants", people, lambda p: show_participant(api, room, p.seat)
    )


def _people(room: Room) -> list[Shown]:
    room.forget_ended()
    seats = [Shown(sid, seat) for sid, seat in room.seats.items()]
    return seats + [Shown(sid, invited) for sid, invited in room.expected.items()]


def invite(api: Api, form: Form, path: tuple[str, ...]) -> Response:
    """POST /Conferences/{sid or name}/Participants: ring somebody, who then joins."""
    form.refuse(UNBUILT)
    sender, receiver = parties(form)
    room = find(api, path[0], create=True)
    if room.status == "completed":
        raise api.missing(api.uri(f"/Conferences/{path[0]}"))
    noun = _noun(room, form)
    start = acts.Page("", (v.Dial((noun,)),))
    timeout = form.whole("Timeout", 60, 1, 600)
    leg = api.exchange.dial_out(sender, receiver, start, timeout)
    settle(leg, form)
    invitation = Invitation(leg, noun)
    room.expected[leg.sid] = invitation
    return 201, show_participant(api, room, invitation)


def _noun(room: Room, form: Form) -> v.Conference:
    noun = v.Conference(
        room.name,
        muted=form.truth("Muted", False),
        beep=form.text("Beep", "true"),
        start_on_enter=form.truth("StartConferenceOnEnter", True),
        end_on_exit=form.truth("EndConferenceOnExit", False),
        wait_url=form.text("WaitUrl") if "WaitUrl" in form.values else None,
        wait_method=form.method("WaitMethod"),
        max_participants=form.whole("MaxParticipants", 250, 2, 250),
        label=form.text("Label"),
        coach=_coached(room, form),
        record=_recorded(form),
        recording_status_callback=form.url("ConferenceRecordingStatusCallback"),
        recording_status_callback_event=" ".join(
            form.several("ConferenceRecordingStatusCallbackEvent")
        ),
        recording_status_callback_method=form.method("ConferenceRecordingStatusCallbackMethod"),
    )
    if not form.has("ConferenceStatusCallback"):
        return noun
    events = form.several("ConferenceStatusCallbackEvent") or ["start", "end"]
    return replace(
        noun,
        status_callback=form.url("ConferenceStatusCallback"),
        status_callback_event=" ".join(events),
        status_callback_method=form.method("ConferenceStatusCallbackMethod"),
    )


def _coached(room: Room, form: Form) -> str:
    """CallSidToCoach, if Coaching is true: "the SID of the participant who is being coached"."""
    sid = form.text("CallSidToCoach")
    if not form.truth("Coaching", bool(sid)):
        return ""
    if sid not in room.seats:
        raise ApiError(400, 20001, f"CallSidToCoach {sid or '(none)'} is not in the conference")
    return sid


def _recorded(form: Form) -> str:
    word = form.text("ConferenceRecord")
    if word not in RECORD:
        raise ApiError(400, 20001, f"ConferenceRecord can't be {word!r}")
    return RECORD[word]


def participant(api: Api, _form: Form, path: tuple[str, ...]) -> Response:
    room, seat = _seat(api, path)
    return 200, show_participant(api, room, seat)


def change(api: Api, form: Form, path: tuple[str, ...]) -> Response:
    """POST …/Participants/{call or label}: mute, hold, announce, endConferenceOnExit."""
    form.refuse(UNBUILT_UPDATE)
    room, seat = _seat(api, path)
    if isinstance(seat, Invitation):
        raise ApiError(400, 20001, "The participant hasn't joined yet")
    if form.has("EndConferenceOnExit"):
        seat.end_on_exit(form.truth("EndConferenceOnExit", False))
    if form.has("Coaching") or form.has("CallSidToCoach"):
        seat.coach(_coached(room, form))
    if form.has("Muted"):
        seat.mute(form.truth("Muted", False))
    if form.has("Hold"):
        url = form.url("HoldUrl") if "HoldUrl" in form.values else None
        seat.put_on_hold(form.truth("Hold", False), url, form.method("HoldMethod", "GET"))
    if form.has("AnnounceUrl"):
        url, method = form.url("AnnounceUrl"), form.method("AnnounceMethod")
        api.exchange.clock.soon(seat.announce, url, method)
    return 200, show_participant(api, room, seat)


def kick(api: Api, _form: Form, path: tuple[str, ...]) -> Response:
    _, seat = _seat(api, path)
    if isinstance(seat, Invitation):
        api.exchange.clock.soon(seat.leg.end, "canceled")
    else:
        api.exchange.clock.soon(seat.put_out, UPDATED)
    return 204, None


def _seat(api: Api, path: tuple[str, ...]) -> tuple[Room, Seat | Invitation]:
    """By the call's SID or the participant's label."""
    room = find(api, path[0])
    for sid, seat in _people(room):
        if path[1] in (sid, seat.label):
            return room, seat
    raise api.missing(api.uri(f"/Conferences/{path[0]}/Participants/{path[1]}"))


def show_participant(api: Api, room: Room, seat: Seat | Invitation) -> Json:
    leg = seat.leg
    return {
        "account_sid": api.exchange.account_sid,
        "call_sid": leg.sid,
        "label": seat.label or None,
        "call_sid_to_coach": seat.coaches or None,
        "coaching": bool(seat.coaches),
        "conference_sid": room.sid,
        "date_created": rfc2822(seat.created_at),
        "date_updated": rfc2822(seat.created_at),
        "end_conference_on_exit": seat.ends_room,
        "muted": seat.muted,
        "hold": seat.hold,
        "start_conference_on_enter": seat.noun.start_on_enter,
        "status": STATUSES.get(leg.status, "complete"),
        "queue_time": "0",
        "uri": api.uri(f"/Conferences/{room.sid}/Participants/{leg.sid}"),
    }


ROUTES = (
    ("GET", "/Conferences", listing),
    ("GET", "/Conferences/{sid}", fetch),
    ("POST", "/Conferences/{sid}", update),
    ("GET", "/Conferences/{sid}/Participants", participants),
    ("POST", "/Conferences/{sid}/Participants", invite),
    ("GET", "/Conferences/{sid}/Participants/{call}", participant),
    ("POST", "/Conferences/{sid}/Participants/{call}", change),
    ("DELETE", "/Conferences/{sid}/Participants/{call}", kick),
)
