"""REST: streams, session recorders and live transcriptions of a call, as <Start> starts them.

https://www.twilio.com/docs/voice/api/stream-resource, /siprec,
/realtime-transcription-resource
"""

from __future__ import annotations

from collections.abc import Callable

from ivr.simulator.calls.side_streams import INBOUND, OUTBOUND, SideStream
from ivr.simulator.rest.account.calls import find as find_call
from ivr.simulator.rest.resource import ApiError, Endpoint, Form, Json, Resources, Response, rfc2822
from ivr.twiml import verbs as v

BOTH = "both_tracks"
MAX_PARAMETERS = 99
Noun = Callable[[Form], v.SideNoun]


def _stream(form: Form) -> v.Stream:
    url = form.text("Url")
    if not url.startswith("wss://"):
        raise ApiError(400, 21205, f"Url must be a wss: URL, not {url or '(none)'}")
    return v.Stream(
        url,
        form.text("Name"),
        form.word("Track", INBOUND, OUTBOUND, BOTH),
        status_callback=form.url("StatusCallback"),
        status_callback_method=form.method("StatusCallbackMethod"),
        parameters=_parameters(form),
    )


def _siprec(form: Form) -> v.Siprec:
    return v.Siprec(
        form.text("ConnectorName"),
        form.text("Name"),
        form.word("Track", BOTH, INBOUND, OUTBOUND),
        form.url("StatusCallback"),
        form.method("StatusCallbackMethod"),
        _parameters(form),
    )


def _transcription(form: Form) -> v.Transcription:
    return v.Transcription(
        form.text("Name"),
        form.word("Track", BOTH, INBOUND, OUTBOUND),
        form.url("StatusCallbackUrl"),
        form.method("StatusCallbackMethod"),
        form.text("LanguageCode", "en-US"),
        form.truth("PartialResults", False),
    )


KINDS: dict[str, tuple[Noun, type]] = {
    "Streams": (_stream, v.Stream),
    "Siprec": (_siprec, v.Siprec),
    "Transcriptions": (_transcription, v.Transcription),
}


def _parameters(form: Form) -> tuple[v.Parameter, ...]:
    """Parameter1.Name and Parameter1.Value to Parameter99.…"""
    numbers = range(1, MAX_PARAMETERS + 1)
    return tuple(
        v.Parameter(form.text(f"Parameter{n}.Name"), form.text(f"Parameter{n}.Value"))
        for n in numbers
        if form.has(f"Parameter{n}.Name")
    )


def start(api: Resources, form: Form, path: tuple[str, ...]) -> Response:
    """POST /Calls/{call}/Streams, Siprec or Transcriptions"""
    leg, kind = find_call(api, path[0]), path[1]
    if not leg.picked_up:
        raise ApiError(400, 21220, "Call is not in-progress.")
    made = SideStream(leg, KINDS[kind][0](form), "", api.network.side_streams)
    if not leg.attend(made):
        raise ApiError(400, 20001, f"The call already has one named {made.name}")
    return 200, show(api, made, kind)


def update(api: Resources, form: Form, path: tuple[str, ...]) -> Response:
    """POST …/{SID or name}: "stopped" is the only status that can be set."""
    leg, kind, name = find_call(api, path[0]), path[1], path[2]
    of_kind = [each for each in leg.side_streams if isinstance(each.noun, KINDS[kind][1])]
    found = [each for each in reversed(of_kind) if name in (each.sid, each.noun.name)]
    if not found:
        raise api.missing(api.uri(f"/Calls/{leg.sid}/{kind}/{name}"))
    if form.text("Status") != "stopped":
        raise ApiError(400, 20001, f"Status must be stopped, not {form.text('Status')!r}")
    found[0].stop()
    return 200, show(api, found[0], kind)


def show(api: Resources, each: SideStream, kind: str) -> Json:
    return {
        "sid": each.sid,
        "account_sid": api.network.account_sid,
        "call_sid": each.call.sid,
        "name": each.noun.name or None,
        "status": "in-progress" if each.open else "stopped",
        "date_updated": rfc2822(api.network.clock.now()),
        "uri": api.uri(f"/Calls/{each.call.sid}/{kind}/{each.sid}"),
    }


ROUTES: tuple[Endpoint, ...] = tuple(
    route
    for kind in KINDS
    for route in (
        ("POST", f"/Calls/{{call}}/({kind})", start),
        ("POST", f"/Calls/{{call}}/({kind})/{{name}}", update),
    )
)
