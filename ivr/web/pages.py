"""People's pages: who waits, who talks, what is owed; the cases; and, where there is a simulator,
its phones.

These are on a port of their own, which is never tunnelled: they are not for the carrier.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from secrets import token_hex, token_urlsafe
from typing import Any
from zoneinfo import ZoneInfo

from flask import Flask, Response, abort, g, jsonify, redirect, render_template, request, url_for
from flask_wtf.csrf import CSRFError, CSRFProtect
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.wrappers import Response as Answer

from ivr.callbacks import Callbacks
from ivr.calls import Calls
from ivr.cases import Cases
from ivr.clock import Clock
from ivr.desk.roles import works_here
from ivr.errors import CallError
from ivr.line import Line
from ivr.rows import Call, Duty
from ivr.steps import Heard
from ivr.store import Store
from ivr.web.sign_in import Provider, SessionTerms, SignIn, guard
from ivr.web.tracker import Tracker
from ivr.web.words import Words

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


@dataclass(frozen=True, slots=True)
class Entrance:
    """How people come in. ``secret`` signs their sessions; ``https``: cookies go nowhere else.
    ``sample``: on a laptop a click is enough, and the desk's page is open."""

    secret: str = ""
    https: bool = False
    provider: Provider | None = None
    sample: bool = False


def create_pages(
    line: Line,
    store: Store,
    clock: Clock,
    phones: Callable[..., Any] | None = None,
    cases: Cases | None = None,
    kept: Callable[[str, str], None] | None = None,
    entrance: Entrance | None = None,
) -> Flask:
    """The pages of one line. ``phones`` is the simulator's page, mounted under ``/phones``;
    ``cases`` is where what is asked for on the web is heard, ``kept`` is told of promises that
    somebody has kept by himself."""
    app, entrance = Flask(__name__), entrance or Entrance(sample=phones is not None)
    app.secret_key = entrance.secret or token_hex(32)
    app.config.update(SESSION_COOKIE_SECURE=entrance.https, WTF_CSRF_TIME_LIMIT=None)
    CSRFProtect(app)
    words = Words()
    words.install(app)
    app.context_processor(lambda: {"title": line.config.title, "fresh_key": _fresh})
    app.template_filter("instant")(_instant)
    terms = SessionTerms(line.config.session_idle, line.config.session_longest)
    SignIn(store, clock, terms, entrance.provider, entrance.sample).install(app)
    cases = cases or Cases(store, line.config, store, store, clock)
    kept = kept or Callbacks(store, Calls(store, line, clock, _never), clock).kept
    Tracker(store, cases, line.config, clock, words, kept).install(app)
    guard(app, _POLICY)
    _desk(app, line, store, clock, bool(phones), entrance.sample)
    _errors(app)
    if phones is not None:
        app.wsgi_app = DispatcherMiddleware(app.wsgi_app, {"/phones": phones})  # type: ignore[method-assign]
    return app


def _never(asks: str, shared: dict[str, Any]) -> Heard:
    """A promise is kept without looking anything up."""
    raise CallError(f"nobody answers '{asks}' here")


def _desk(
    app: Flask, line: Line, store: Store, clock: Clock, phones: bool, everybody: bool
) -> None:
    """The desk at one look: for staff, and on a laptop for whoever sits there."""

    @app.get("/")
    def desk() -> str | Answer:
        if not everybody and (g.login is None or not works_here(g.login.roles)):
            return redirect(url_for("tracker.cases"))
        numbers = line.config.numbers
        return render_template("desk.html", numbers=numbers, phones=phones)

    @app.get("/changes")
    def changes() -> Response:
        """What the page shows; 304 as long as nothing has changed since ``after``."""
        if not everybody and (g.login is None or not works_here(g.login.roles)):
            abort(403)
        latest = store.latest()
        if request.args.get("after", type=int) == latest:
            return Response(status=304)
        return jsonify(
            latest=latest,
            calls=[_call(call, clock) for call in store.open_calls()],
            owed=_owed(store, clock),
            undelivered=_undelivered(store),
        )


def _errors(app: Flask) -> None:
    """A wrong page, form or permission says so in the reader's language."""

    @app.errorhandler(CSRFError)
    def forged(error: CSRFError) -> tuple[str, int]:
        return render_template("error.html", status=400, said="bad_form"), 400

    @app.errorhandler(HTTPException)
    def http(error: HTTPException) -> tuple[str, int] | HTTPException:
        words = {403: "not_allowed", 404: "not_found", 503: "records_down"}
        said = words.get(error.code or 500)
        if said is None:
            return error
        return render_template("error.html", status=error.code, said=said), error.code or 500


def _fresh() -> str:
    """What makes a form count once, however often it is sent."""
    return token_urlsafe(12)


def _instant(at: datetime | str) -> str:
    """An instant as it is shown: by the clock where the reader is."""
    at = datetime.fromisoformat(at) if isinstance(at, str) else at
    return f"{at.astimezone(ZoneInfo(g.get('zone', 'UTC'))):%Y-%m-%d %H:%M %Z}"


_STEPS = {"talk": "in conversation", "dial": "being connected", "wish": "asked for a wish"}


def _call(call: Call, clock: Clock) -> dict[str, Any]:
    """A call as whoever takes it wants to see it; no manager's number is shown."""
    shared = call.data["shared"]
    case = shared.get("case") or {}
    since = call.waiting_since or call.started_at
    return {
        "sid": call.sid,
        "caller": call.caller,
        "language": call.language,
        "step": _STEPS.get(call.step, call.step.replace("_", " ")),
        "waiting_for": call.waiting_for,
        "since": since.isoformat(),
        "seconds": int((clock.now() - since).total_seconds()),
        "keyed": shared.get("keyed", ""),
        "case": _case(case),
        "wish": shared.get("wish", ""),
        "people": [
            {"name": leg["name"], "state": leg["state"]}
            for leg in call.data["legs"].values()
            if leg["state"] != "over"
        ],
    }


def _case(case: dict[str, Any]) -> str:
    match case.get("result"):
        case None:
            return ""
        case "found":
            known = [case["number"], case["account"], case["subject"], case["status"]]
            known += [f"severity {case['severity']}"] if case["severity"] is not None else []
            return " · ".join(each for each in known if each)
        case "not_found":
            return "not in the records"
        case _:
            return "the records can't be reached"


def _owed(store: Store, clock: Clock) -> list[dict[str, Any]]:
    """The promises that aren't kept yet, the first one due first."""
    promised = [(duty, store.load(duty.call)) for duty in store.duties("call_back", owed=True)]
    owed = [
        _promise(duty, call.data["shared"]["promise"], clock)
        for duty, call in promised
        if call is not None and call.data["shared"]["promise"]["state"] == "owed"
    ]
    return sorted(owed, key=lambda each: str(each["due"]))


def _promise(duty: Duty, promise: dict[str, Any], clock: Clock) -> dict[str, Any]:
    overdue = clock.now() >= datetime.fromisoformat(promise["due"])
    return {
        "number": promise["number"] or "number withheld",
        "owner": promise["owner"],
        "due": promise["due"],
        "state": "overdue" if overdue else "owed",
        "tries": promise["tries"],
        "unanswered": promise["unanswered"],
        "case": duty.data["case"],
        "why": promise["why"],
        "reference": promise["reference"],
    }


def _undelivered(store: Store) -> list[dict[str, Any]]:
    """Notices that reached nobody: given up, or with nothing set to deliver them."""
    return [
        {
            "to": notice.owner or notice.data.get("list", ""),
            "what": notice.data["what"].replace("_", " "),
            "case": notice.data.get("case", ""),
            "why": notice.why or "waiting to be sent",
        }
        for notice in store.duties("notify")[-20:]
        if notice.state != "done"
    ]
