"""REST: recordings, of the account, a call or a conference.

https://www.twilio.com/docs/voice/api/recording
"""

from __future__ import annotations

import re
from typing import NamedTuple

from ivr.simulator.calls.recordings import Recording, recording_callback
from ivr.simulator.rest.account.calls import find as find_call
from ivr.simulator.rest.account.calls import within
from ivr.simulator.rest.account.conferences import find as find_conference
from ivr.simulator.rest.resource import ApiError, Endpoint, Form, Json, Resources, Response, rfc2822

CURRENT = "Twilio.CURRENT"
CHANNELS = {"mono": 1, "dual": 2}
FILTERS = {"CallSid": "call", "ConferenceSid": "conference"}
SOUND = re.compile(r"(?:/Calls/CA\w+|/Conferences/CF\w+)?/Recordings/(RE\w+)(\.wav|\.mp3)?")
WAV, MP3 = "audio/x-wav", "audio/mpeg"
NO_MP3 = (
    "an MP3 was asked for and a WAV is sent: MP3 needs ivr-simulator[mp3] (pip install lameenc)"
)


# ---- of the account


def listing(api: Resources, form: Form, _path: tuple[str, ...]) -> Response:
    """GET /Recordings, the newest first."""
    rows = _newest_first(api)
    for name, field in FILTERS.items():
        if form.has(name):
            rows = [each for each in rows if getattr(each, field) == form.text(name)]
    return _page(api, form, "/Recordings", rows)


def fetch(api: Resources, _form: Form, path: tuple[str, ...]) -> Response:
    return 200, show(api, _find(api, path[0], f"/Recordings/{path[0]}"))


def delete(api: Resources, _form: Form, path: tuple[str, ...]) -> Response:
    return _delete(api, _find(api, path[0], f"/Recordings/{path[0]}"))


class Media(NamedTuple):
    """An answer that is a file."""

    status: int
    body: bytes
    kind: str  # its Content-Type
    headers: dict[str, str]


def media(api: Resources, path: str) -> Media | None:
    """The file at a recording's URL: a WAV, or an MP3 where the URL ends so; None for any other
    URL. "If the request isn't for .mp3 or .wav, Twilio returns a WAV."

    Without what encodes MP3 the file is a WAV; the answer and the debugger's log say so.
    """
    address = SOUND.fullmatch(path.removeprefix(api.root))
    if address is None:
        return None
    recording = api.network.recordings.get(address[1])
    if recording is None or recording.status != "completed":
        return Media(404, b"", WAV, {})
    if address[2] != ".mp3":
        return Media(200, recording.sound(), WAV, {})
    encoded = recording.encoded()
    if encoded is not None:
        return Media(200, encoded, MP3, {})
    api.network.note("warning", 0, f"{recording.url}.mp3: {NO_MP3}", call_sid=recording.call)
    return Media(200, recording.sound(), WAV, {"X-IVR-Simulator": NO_MP3})


# ---- of a call


def start(api: Resources, form: Form, path: tuple[str, ...]) -> Response:
    """POST /Calls/{sid}/Recordings: "calls that have completed cannot be recorded"."""
    leg = find_call(api, path[0])
    if not leg.picked_up:
        raise ApiError(400, 21220, "Call is not in-progress. Cannot record.")
    recording = api.network.recordings.start(
        "StartCallRecordingAPI",
        leg.sid,
        callback=recording_callback(
            form.url("RecordingStatusCallback"),
            form.method("RecordingStatusCallbackMethod"),
            " ".join(form.several("RecordingStatusCallbackEvent")),
        ),
        channels=CHANNELS[form.word("RecordingChannels", *CHANNELS)],
        track=form.word("RecordingTrack", "both", "inbound", "outbound"),
    )
    return 201, show_within(api, recording, "Calls", leg.sid)


def of_call(api: Resources, form: Form, path: tuple[str, ...]) -> Response:
    sid = find_call(api, path[0]).sid
    rows = [each for each in _newest_first(api) if each.call == sid]
    return _page(api, form, f"/Calls/{sid}/Recordings", rows, ("Calls", sid))


# ---- of a conference


def of_conference(api: Resources, form: Form, path: tuple[str, ...]) -> Response:
    sid = find_conference(api, path[0]).sid
    rows = [each for each in _newest_first(api) if each.conference == sid]
    return _page(api, form, f"/Conferences/{sid}/Recordings", rows, ("Conferences", sid))


# ---- of either


def fetch_one(api: Resources, _form: Form, path: tuple[str, ...]) -> Response:
    return 200, _show_one(api, _of(api, path), path[0])


def update(api: Resources, form: Form, path: tuple[str, ...]) -> Response:
    """POST …/Recordings/{sid or Twilio.CURRENT}: paused, in-progress or stopped."""
    recording = _of(api, path)
    behaviour = form.word("PauseBehavior", "silence", "skip")
    status = form.text("Status")
    if status not in ("paused", "in-progress", "stopped"):
        raise ApiError(400, 20001, f"Status must be paused, in-progress or stopped, not {status!r}")
    if not recording.active:
        raise ApiError(400, 21220, "The recording has ended.")
    match status:
        case "paused":
            recording.pause(behaviour == "skip")
        case "in-progress":
            recording.resume()
        case _:
            recording.stop("stopped")
    return 200, _show_one(api, recording, path[0])


def delete_one(api: Resources, _form: Form, path: tuple[str, ...]) -> Response:
    return _delete(api, _of(api, path))


def _of(api: Resources, path: tuple[str, ...]) -> Recording:
    """A recording of a call or conference, by its SID or, if active, as Twilio.CURRENT."""
    kind, owner, sid = path
    owner = find_call(api, owner).sid if kind == "Calls" else find_conference(api, owner).sid
    inner = f"/{kind}/{owner}/Recordings/{sid}"
    if sid == CURRENT:
        active = api.network.recordings.active(owner)
        if len(active) > 1:  # https://www.twilio.com/docs/api/errors/16108
            raise ApiError(400, 16108, "There is more than one active recording for this call")
        sid = active[0].sid if active else sid
    recording = _find(api, sid, inner)
    if owner not in (recording.call, recording.conference):
        raise api.missing(api.uri(inner))
    return recording


def _find(api: Resources, sid: str, inner: str) -> Recording:
    recording = api.network.recordings.get(sid)
    if recording is None:
        raise api.missing(api.uri(inner))
    return recording


def _delete(api: Resources, recording: Recording) -> Response:
    if recording.active:
        raise ApiError(400, 20001, "A recording that is in progress can't be deleted")
    api.network.recordings.delete(recording.sid)
    return 204, None


def _newest_first(api: Resources) -> list[Recording]:
    return list(reversed(list(api.network.recordings)))


def _page(
    api: Resources,
    form: Form,
    inner: str,
    rows: list[Recording],
    owner: tuple[str, str] | None = None,
) -> Response:
    rows = within(form, "DateCreated", rows, lambda each: each.started_at)

    def shown(each: Recording) -> Json:
        return show_within(api, each, *owner) if owner else show(api, each)

    return api.page(form, inner, "recordings", rows, shown)


def _show_one(api: Resources, recording: Recording, kind: str) -> Json:
    owner = recording.call if kind == "Calls" else recording.conference
    return show_within(api, recording, kind, owner)


def show(api: Resources, recording: Recording) -> Json:
    """A recording of the account as JSON, which says where its sound is."""
    uri = f"/Recordings/{recording.sid}"
    return _common(api, recording) | {
        "uri": api.uri(uri),
        "subresource_uris": api.below(uri, "add_on_results", "transcriptions"),
        "media_url": recording.url,
    }


def show_within(api: Resources, recording: Recording, kind: str, owner: str) -> Json:
    """The same recording as one of a call ("Calls") or conference: only a call's has a track."""
    track = {"track": recording.track} if kind == "Calls" else {}
    uri = api.uri(f"/{kind}/{owner}/Recordings/{recording.sid}")
    return _common(api, recording) | track | {"uri": uri}


def _common(api: Resources, recording: Recording) -> Json:
    """ "duration" is a string, and null until it has ended."""
    return {
        "account_sid": api.network.account_sid,
        "api_version": "2010-04-01",
        "call_sid": recording.call,
        "conference_sid": recording.conference or None,
        "date_created": rfc2822(recording.started_at),
        "date_updated": rfc2822(recording.updated_at),
        "start_time": rfc2822(recording.started_at),
        "duration": None if recording.active else str(recording.seconds),
        "sid": recording.sid,
        "price": None,
        "price_unit": "USD",
        "status": recording.status,
        "channels": recording.channels,
        "source": recording.source,
        "error_code": recording.error_code or None,
        "encryption_details": None,
    }


ROUTES: tuple[Endpoint, ...] = (
    ("GET", "/Recordings", listing),
    ("GET", "/Recordings/{sid}", fetch),
    ("DELETE", "/Recordings/{sid}", delete),
    ("GET", "/Calls/{call}/Recordings", of_call),
    ("POST", "/Calls/{call}/Recordings", start),
    ("GET", "/Conferences/{conference}/Recordings", of_conference),
    *(
        (verb, f"/({kind})/{{owner}}/Recordings/{{sid}}", handler)
        for kind in ("Calls", "Conferences")
        for verb, handler in (("GET", fetch_one), ("POST", update), ("DELETE", delete_one))
    ),
)
