"""The line as a Flask application."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

from flask import Flask, Response

from ivr.clock import Clock, SystemClock
from ivr.errors import SettingsError
from ivr.line.definition import Line
from ivr.line.outside.carrier import Carrier
from ivr.line.outside.case_systems.built_in import BuiltIn
from ivr.line.outside.case_systems.system import CaseSystem
from ivr.line.records import Duty
from ivr.line.service.calls import Calls
from ivr.line.service.cases import Cases
from ivr.line.service.duties.callbacks import Callbacks
from ivr.line.service.duties.case_writes import CaseWrites
from ivr.line.service.duties.lost_calls import LostCalls
from ivr.line.service.duties.notices import Addresses, Notices
from ivr.line.service.duties.recordings import Recordings
from ivr.line.service.duties.rota import RotaWatch
from ivr.line.service.duties.runner import Duties
from ivr.line.service.look_ups import LookUps, Records
from ivr.line.service.privacy import Privacy
from ivr.line.store.store import Store
from ivr.line.web.webhooks.signature import Signature
from ivr.line.web.webhooks.webhooks import Webhooks
from ivr.twiml import verbs
from ivr.twiml.writing import render

LARGEST = 64 * 1024  # bytes of a webhook; Twilio's own have about one thousand

if TYPE_CHECKING:
    from twilio.rest import Client


def create_app(
    line: Line,
    *,
    store: Store,
    twilio: Client,
    public_url: str,
    clock: Clock | None = None,
    auth_token: str = "",
    records: CaseSystem | Records | None = None,
    addresses: Addresses | None = None,
) -> Flask:
    """The webhooks of ``line``, for the carrier alone.

    ``twilio`` is where legs are placed; its auth token signs the webhooks unless ``auth_token`` is
    another. ``public_url`` is the address under which the carrier reaches this application, a path
    included if there is one. ``records`` answer for case numbers, by default the store's own
    tables. Without ``addresses`` notices are kept, and shown, but go nowhere.
    ``app.extensions["ivr"]`` is the `Duties` that it carries out, ``["ivr_cases"]`` the `Cases`,
    ``["ivr_rota"]`` the `RotaWatch` and ``["ivr_privacy"]`` the `Privacy`, which `begin` when told
    to. Raises `SettingsError`.
    """
    token = auth_token or str(twilio.auth[1])
    parts = urlsplit(public_url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise SettingsError(
            f"IVR_PUBLIC_URL is '{public_url}': it must be the address at which the carrier "
            "reaches this line, such as https://line.example.com"
        )
    if not token:
        raise SettingsError("TWILIO_AUTH_TOKEN is missing: without it no webhook can be trusted")
    clock = clock or SystemClock()
    records = records or BuiltIn(store)
    look_ups = LookUps(records, store, clock, line.config)
    root = parts.path.rstrip("/")
    calls = Calls(store, line, clock, look_ups.answer, root)
    origin = public_url.removesuffix("/").removesuffix(root)
    cases = Cases(store, line.config, records, clock)
    callbacks = Callbacks(store, calls, clock)
    rota = RotaWatch(store, line.config, clock)
    privacy = Privacy(store, line.config.retention, line.config.case_numbers, clock)
    others = {
        "case": cases.heard_later,
        "effort": cases.effort,
        "try_back": callbacks.try_back,
        "call_back": callbacks.due,
        "came": callbacks.came,
        "status": lambda duty: _set_status(store, duty),
        "post": CaseWrites(store, _writable(records, store), clock).post,
        "rota": rota.look,
        "feed": rota.feed,
        "purge": privacy.purge_duty,
        "seal": privacy.seal_duty,
    }
    if addresses is not None:
        resort = line.config.last_resort
        others["notify"] = Notices(store, line.notices, addresses, clock, resort).notify
    carrier = Carrier(twilio)
    recordings = Recordings(store, calls, carrier, clock, origin)
    others |= {"record": recordings.record, "delete_recording": recordings.delete}
    lost_calls = LostCalls(store, calls, carrier, clock)
    others["lost_calls"] = lost_calls.look
    duties = Duties(store, calls, carrier, look_ups, clock, origin, others)
    cases.wake_at = callbacks.wake_at = duties.wake_at
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = LARGEST
    app.extensions["ivr"] = duties
    app.extensions["ivr_cases"] = cases
    app.extensions["ivr_callbacks"] = callbacks
    app.extensions["ivr_rota"] = rota
    app.extensions["ivr_privacy"] = privacy
    app.extensions["ivr_lost_calls"] = lost_calls
    signature = Signature(token, public_url)
    webhooks = Webhooks(calls, duties, recordings, signature, fallback(line, public_url))
    app.register_blueprint(webhooks.blueprint)
    app.add_url_rule("/health", "health", lambda: _health(store, line))
    return app


def begin(app: Flask) -> None:
    """Owe what is looked after from time to time: the rota, privacy, calls whose end was lost."""
    for name in ("ivr_rota", "ivr_privacy", "ivr_lost_calls"):
        app.extensions[name].begin()


def fallback(line: Line, public_url: str = "") -> str:
    """The static document for when nothing else works: a sentence, then the desk's own telephone.

    If nobody answers there, the line is tried again: it may be up by then, and takes the call on.
    """
    number = next(iter(line.config.numbers.values()))
    said = line.caller.spoken([("trouble", ""), ("to_operator", "")], number.languages[0])
    dial = verbs.Dial((verbs.Number(line.config.fallback),))
    again = verbs.Redirect(f"{public_url.removesuffix('/')}/voice/{line.name}")
    return render((*said, dial, verbs.Pause(5), again))


def _writable(records: CaseSystem | Records, store: Store) -> CaseSystem:
    """Where writes go: to the case system, or to our own tables where records can only be read."""
    return cast(CaseSystem, records) if hasattr(records, "write") else BuiltIn(store)


def _set_status(store: Store, duty: Duty) -> None:
    """What somebody has said of himself by telephone."""
    at = datetime.fromisoformat(duty.data["at"])
    until = datetime.fromisoformat(duty.data["until"]) if duty.data.get("until") else None
    person = duty.data["person"]
    store.people.set_status(person, duty.data["status"], at=at, by=person, until=until)


def _health(store: Store, line: Line) -> Response:
    """200 while the store answers."""
    store.calls.load("health")
    return Response(f"ok {line.name} {line.config.version}\n", mimetype="text/plain")
