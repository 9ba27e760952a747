"""REST: conferences and their participants.

https://www.twilio.com/docs/voice/api/conference-resource, /conference-participant-resource
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from ivr.simulator.calls.engagements.conference import Conference
from ivr.simulator.calls.engagements.participants import (
    ENDED_BY_API,
    UPDATED,
    Invitation,
    Participant,
)
from ivr.simulator.interpreter import requests
from ivr.simulator.rest.account.calls import BY_REST, detection, parties, recording, settle, within
from ivr.simulator.rest.resource import ApiError, Endpoint, Form, Json, Resources, Response, rfc2822
from ivr.twiml import verbs as v

FROM_START = "record-from-start"

RECORD = {"": "", "false": "", "do-not-record": "", "true": FROM_START, FROM_START: FROM_START}
FILTERS = {"Muted": "muted", "Hold": "hold", "Coaching": "coaches"}
STATUSES = {"queued": "queued", "ringing": "ringing", "in-progress": "connected"}


class Shown(NamedTuple):
    """A participant, or a leg that is only invited."""

    sid: str
    participant: Participant | Invitation


# ---- conferences


def listing(api: Resources, form: Form, _path: tuple[str, ...]) -> Response:
    """GET /Conferences, the newest first."""
    rows = list(reversed(list(api.network.conferences)))
    if form.has("FriendlyName"):
        rows = [each for each in rows if each.name == form.text("FriendlyName")]
    if form.has("Status"):
        rows = [each for each in rows if each.status == form.text("Status")]
    rows = within(form, "DateCreated", rows, lambda each: each.created_at)
    rows = within(form, "DateUpdated", rows, lambda each: each.updated_at)
    return api.page(form, "/Conferences", "conferences", rows, lambda each: show(api, each))


def fetch(api: Resources, _form: Form, path: tuple[str, ...]) -> Response:
    return 200, show(api, find(api, path[0]))


def update(api: Resources, form: Form, path: tuple[str, ...]) -> Response:
    """POST /Conferences/{sid}: end it, or announce something to everyone."""
    conference = find(api, path[0])
    status = form.text("Status")
    if status not in ("", "completed"):
        raise ApiError(400, 20001, f"Status can't be set to {status}")
    if status and conference.status != "completed":
        api.network.clock.soon(conference.end, ENDED_BY_API, "conference-ended-via-api")
    elif form.has("AnnounceUrl"):
        url, method = form.url("AnnounceUrl"), form.method("AnnounceMethod")
        api.network.clock.soon(conference.announce, url, method)
    return 200, show(api, conference)


def find(api: Resources, sid: str, create: bool = False) -> Conference:
    """By SID, or by the name of a conference that hasn't ended."""
    conferences = api.network.conferences
    conference = conferences.get(sid) or conferences.named(sid)
    if conference is None and create and not sid.startswith("CF"):
        conference = conferences.open(sid)
    if conference is None:
        raise api.missing(api.uri(f"/Conferences/{sid}"))
    return conference


def show(api: Resources, conference: Conference) -> Json:
    uri = f"/Conferences/{conference.sid}"
    return {
        "account_sid": api.network.account_sid,
        "date_created": rfc2822(conference.created_at),
        "date_updated": rfc2822(conference.updated_at),
        "api_version": "2010-04-01",
        "friendly_name": conference.name,
        "region": "us1",
        "sid": conference.sid,
        "status": conference.status,
        "uri": api.uri(uri),
        "subresource_uris": api.below(uri, "participants", "recordings"),
        "reason_conference_ended": conference.reason or None,
        "call_sid_ending_conference": conference.ended_by or None,
    }


# ---- participants


def participants(api: Resources, form: Form, path: tuple[str, ...]) -> Response:
    conference = find(api, path[0])
    people = _people(conference)
    for name in FILTERS:
        if form.has(name):
            wanted, field = form.truth(name, False), FILTERS[name]
            people = [p for p in people if bool(getattr(p.participant, field)) == wanted]
    inner = f"/Conferences/{conference.sid}/Participants"
    return api.page(
        form,
        inner,
        "participants",
        people,
        lambda p: show_participant(api, conference, p.participant),
    )


def _people(conference: Conference) -> list[Shown]:
    conference.forget_ended()
    participants = [Shown(sid, participant) for sid, participant in conference.participants.items()]
    return participants + [Shown(sid, invited) for sid, invited in conference.expected.items()]


def invite(api: Resources, form: Form, path: tuple[str, ...]) -> Response:
    """POST /Conferences/{sid or name}/Participants: place a call, which then joins."""
    sender, receiver = parties(api, form)
    conference = find(api, path[0], create=True)
    if conference.status == "completed":
        raise api.missing(api.uri(f"/Conferences/{path[0]}"))
    noun = _noun(conference, form)
    start = requests.Page("", (v.Dial((noun,)),))
    timeout = form.whole("Timeout", 60, 1, 600)
    leg = api.network.dial_out(sender, receiver, start, timeout)
    leg.detection = detection(form, "AmdStatusCallback")
    settle(leg, form)
    if form.truth("Record", False):
        leg.on_answer = recording(api, leg, form)
    invitation = Invitation(leg, noun)
    conference.expected[leg.sid] = invitation
    return 201, show_participant(api, conference, invitation)


def _noun(conference: Conference, form: Form) -> v.Conference:
    noun = v.Conference(
        conference.name,
        muted=form.truth("Muted", False),
        beep=form.text("Beep", "true"),
        start_on_enter=form.truth("StartConferenceOnEnter", True),
        end_on_exit=form.truth("EndConferenceOnExit", False),
        wait_url=form.text("WaitUrl") if form.given("WaitUrl") else None,
        wait_method=form.method("WaitMethod"),
        max_participants=form.whole("MaxParticipants", 250, 2, 250),
        label=form.text("Label"),
        coach=_coached(conference, form),
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


def _coached(conference: Conference, form: Form) -> str:
    """CallSidToCoach, if Coaching is true: "the SID of the participant who is being coached"."""
    sid = form.text("CallSidToCoach")
    if not form.truth("Coaching", bool(sid)):
        return ""
    if sid not in conference.participants:
        raise ApiError(400, 20001, f"CallSidToCoach {sid or '(none)'} is not in the conference")
    return sid


def _recorded(form: Form) -> str:
    word = form.text("ConferenceRecord")
    if word not in RECORD:
        raise ApiError(400, 20001, f"ConferenceRecord can't be {word!r}")
    return RECORD[word]


def participant(api: Resources, _form: Form, path: tuple[str, ...]) -> Response:
    conference, participant = _participant(api, path)
    return 200, show_participant(api, conference, participant)


def change(api: Resources, form: Form, path: tuple[str, ...]) -> Response:
    """POST …/Participants/{call or label}: mute, hold, announce, endConferenceOnExit."""
    conference, participant = _participant(api, path)
    if isinstance(participant, Invitation):
        raise ApiError(400, 20001, "The participant hasn't joined yet")
    if form.has("EndConferenceOnExit"):
        participant.end_on_exit(form.truth("EndConferenceOnExit", False))
    if form.has("Coaching") or form.has("CallSidToCoach"):
        participant.coach(_coached(conference, form))
    if form.has("Muted"):
        participant.mute(form.truth("Muted", False))
    if form.has("Hold"):
        url = form.url("HoldUrl") if form.given("HoldUrl") else None
        participant.put_on_hold(form.truth("Hold", False), url, form.method("HoldMethod", "GET"))
    if form.given("WaitUrl") or form.has("WaitMethod"):
        wait = form.url("WaitUrl") if form.given("WaitUrl") else participant.noun.wait_url
        participant.wait_with(wait, form.method("WaitMethod", participant.noun.wait_method))
    if form.has("BeepOnExit"):
        participant.beep_on_exit(form.truth("BeepOnExit", False))
    if form.has("AnnounceUrl"):
        url, method = form.url("AnnounceUrl"), form.method("AnnounceMethod")
        api.network.clock.soon(participant.announce, url, method)
    return 200, show_participant(api, conference, participant)


def kick(api: Resources, _form: Form, path: tuple[str, ...]) -> Response:
    _, participant = _participant(api, path)
    if isinstance(participant, Invitation):
        api.network.clock.soon(participant.leg.end, "canceled", BY_REST)
    else:
        api.network.clock.soon(participant.put_out, UPDATED)
    return 204, None


def _participant(
    api: Resources, path: tuple[str, ...]
) -> tuple[Conference, Participant | Invitation]:
    """By the call's SID or the participant's label."""
    conference = find(api, path[0])
    for sid, participant in _people(conference):
        if path[1] in (sid, participant.label):
            return conference, participant
    raise api.missing(api.uri(f"/Conferences/{path[0]}/Participants/{path[1]}"))


def show_participant(
    api: Resources, conference: Conference, participant: Participant | Invitation
) -> Json:
    leg = participant.leg
    return {
        "account_sid": api.network.account_sid,
        "call_sid": leg.sid,
        "label": participant.label or None,
        "call_sid_to_coach": participant.coaches or None,
        "coaching": bool(participant.coaches),
        "conference_sid": conference.sid,
        "date_created": rfc2822(participant.created_at),
        "date_updated": rfc2822(participant.created_at),
        "end_conference_on_exit": participant.ends_conference,
        "muted": participant.muted,
        "hold": participant.hold,
        "start_conference_on_enter": participant.noun.start_on_enter,
        "status": STATUSES.get(leg.status, "complete"),
        "queue_time": "0",
        "uri": api.uri(f"/Conferences/{conference.sid}/Participants/{leg.sid}"),
    }


ROUTES: tuple[Endpoint, ...] = (
    ("GET", "/Conferences", listing),
    ("GET", "/Conferences/{sid}", fetch),
    ("POST", "/Conferences/{sid}", update),
    ("GET", "/Conferences/{sid}/Participants", participants),
    ("POST", "/Conferences/{sid}/Participants", invite),
    ("GET", "/Conferences/{sid}/Participants/{call}", participant),
    ("POST", "/Conferences/{sid}/Participants/{call}", change),
    ("DELETE", "/Conferences/{sid}/Participants/{call}", kick),
)
