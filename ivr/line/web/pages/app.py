"""People's pages: the console, one's own desk, the desk at one look, calls, cases; and, where there
is a simulator, its phones.

These are on a port of their own, which is never tunnelled: they are not for the carrier.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from secrets import token_hex, token_urlsafe
from typing import Any, ClassVar

from flask import Flask, Response, abort, g, jsonify, redirect, render_template, request, url_for
from flask_wtf.csrf import CSRFError, CSRFProtect
from jinja2.bccache import Bucket, BytecodeCache
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.wrappers import Response as Answer

from ivr.clock import Clock
from ivr.line.definition import Line
from ivr.line.desk.roles import PAGES, home, may_open
from ivr.line.service.duties.runner import Duties
from ivr.line.service.services import Services
from ivr.line.store.faults import fault_of, log_failure
from ivr.line.store.store import Store
from ivr.line.web import health
from ivr.line.web.pages.calls import CallPages, Sample
from ivr.line.web.pages.case_logger import CaseLogger
from ivr.line.web.pages.console import Console
from ivr.line.web.pages.emergencies import Emergencies
from ivr.line.web.pages.me import STATUSES, Me
from ivr.line.web.pages.now import Now
from ivr.line.web.pages.provider import Provider
from ivr.line.web.pages.shown import Shown
from ivr.line.web.pages.sign_in import SessionTerms, SignIn, guard
from ivr.line.web.pages.times import Times
from ivr.line.web.pages.tracker import Tracker
from ivr.line.web.pages.try_out import TryOut
from ivr.line.web.pages.wall import Wall
from ivr.line.web.pages.well_formed import install as refuse_what_no_form_sends
from ivr.line.web.pages.words import Words

log = logging.getLogger(__name__)

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
# Where each page of `ivr.line.desk.roles.PAGES` is.
ENDPOINTS = {
    "console": "console.console",
    "me": "me.me",
    "wall": "wall.wall",
    "now": "now.now",
    "calls": "calls.calls",
    "cases": "tracker.cases",
    "new": "logger.new",
}


class _Compiled(BytecodeCache):
    """Templates are compiled once for a process, for however many desks it makes pages."""

    kept: ClassVar[dict[str, bytes]] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if code := self.kept.get(bucket.key):
            bucket.bytecode_from_string(code)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.kept[bucket.key] = bucket.bytecode_to_string()


@dataclass(frozen=True, slots=True)
class Entrance:
    """How people come in. ``secret`` signs their sessions; ``https``: cookies go nowhere else.
    ``sample``: on a laptop a click is enough, and the desk is open to whoever sits there."""

    secret: str = ""
    https: bool = False
    provider: Provider | None = None
    sample: bool = False


def create_pages(
    services: Services,
    *,
    entrance: Entrance | None = None,
    phones: Callable[..., Any] | None = None,
    sample: Sample | None = None,
    metrics_token: str = "",
) -> Flask:
    """The pages of one line; and how the line is, see `ivr.line.web.health`.

    ``phones`` are the simulator's, for the page ``/phones``. ``sample`` is the desk on which an
    exported call has to come true.
    """
    line, store, clock = services.line, services.store, services.clock
    app, entrance = Flask(__name__), entrance or Entrance(sample=phones is not None)
    app.secret_key = entrance.secret or token_hex(32)
    app.config.update(SESSION_COOKIE_SECURE=entrance.https, WTF_CSRF_TIME_LIMIT=None)
    CSRFProtect(app)
    words = Words(line.config.emergency_severity.names)
    words.install(app)
    app.jinja_env.tests["word"] = lambda key: key in words.languages["en"]
    app.jinja_env.tests["status"] = lambda doing: doing in STATUSES
    app.jinja_env.bytecode_cache = _Compiled()
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    times = Times(words, clock, next(iter(line.config.numbers.values())).zone)
    times.install(app)
    terms = SessionTerms(line.config.session_idle, line.config.session_longest)
    SignIn(store, clock, terms, entrance.provider, entrance.sample).install(app)
    refuse_what_no_form_sends(app)
    shown = Shown(services)
    Console(services, shown, words).install(app)
    Now(shown).install(app)
    Emergencies(store).install(app)
    Tracker(services, words, times).install(app)
    CaseLogger(services, shown.cards, words).install(app)
    Me(services, shown, words).install(app)
    Wall(services, shown, words).install(app)
    CallPages(services, shown, words, sample).install(app)
    app.after_request(partial(_wake, services.duties))
    health.install(app, services, metrics_token)
    guard(app, _POLICY)
    _frame(app, line, store, clock, words, times, bool(phones), entrance.sample)
    _errors(app)
    if phones is not None:
        TryOut(store, line, words).install(app)
        app.wsgi_app = DispatcherMiddleware(app.wsgi_app, {"/handsets": phones})  # type: ignore[method-assign]
    return app


def _wake(duties: Duties, response: Response) -> Response:
    """What a click has made due is carried out in this process, if it carries out duties."""
    if request.method == "POST":
        duties.wake()
    return response


def _frame(
    app: Flask,
    line: Line,
    store: Store,
    clock: Clock,
    words: Words,
    times: Times,
    phones: bool,
    everybody: bool,
) -> None:
    """What all pages have around them, and how they know that something has changed."""

    def name_of(id: str) -> str:
        """What a person is called, the caller and the line too; a list's name, and whoever isn't
        known, as it stands."""
        if "names" not in g:
            g.names = store.people.names()
            contacts = store.logins.contacts()
            g.names |= {f"contact:{contact}": name for contact, name in contacts.items()}
            g.names |= {"caller": words.text("caller"), "line": words.text("the_line")}
        return str(g.names.get(id, id))

    @app.context_processor
    def around() -> dict[str, Any]:
        roles = g.login.roles if g.get("login") else ()
        return {
            "title": line.config.title,
            "fresh_key": _fresh,
            "latest": store.logs.latest,
            "now": lambda: clock.now().isoformat(),
            "zone": times.zone,
            "menu": [
                *(
                    (page, ENDPOINTS[page])
                    for page in PAGES
                    if page in ENDPOINTS and may_open(roles, page)
                ),
                *([("phones", "try_out.phones")] if phones else []),
            ],
            "phones": phones,
            "name_of": name_of,
            "level_name": lambda code: line.config.level_name(code, words.language()),
        }

    @app.get("/", endpoint="home")
    def home_page() -> Answer:
        """Where whoever comes begins."""
        if g.login is not None:
            return redirect(url_for(ENDPOINTS.get(home(g.login.roles), "now.now")))
        return redirect(url_for("try_out.phones" if phones else "sign_in.sign_in"))

    @app.get("/changes")
    def changes() -> Response:
        """304 as long as nothing has changed since ``after``."""
        if g.login is None and not everybody:
            abort(401)
        if g.login is not None and not may_open(g.login.roles, "now"):
            abort(403)
        latest = store.logs.latest()
        if request.args.get("after") == latest:
            return Response(status=304)
        return jsonify(latest=latest)


def _errors(app: Flask) -> None:
    """A wrong page, form or permission says so in the reader's language."""

    @app.errorhandler(CSRFError)
    def forged(error: CSRFError) -> tuple[str, int]:
        return render_template("error.html", status=400, said="bad_form"), 400

    @app.errorhandler(Exception)
    def broken(error: Exception) -> tuple[str, int]:
        """A database that fails is no defect; who has signed in isn't known then."""
        if fault_of(error) is None:
            raise error
        log_failure(log, f"page {request.path!r}", error, event="page.failed")
        g.login = None
        return render_template("error.html", status=503, said="database_down"), 503

    @app.errorhandler(HTTPException)
    def http(error: HTTPException) -> tuple[str, int] | HTTPException:
        words = {
            400: "bad_request",
            401: "expired",
            403: "not_allowed",
            404: "not_found",
            413: "too_large",
            503: "records_down",
        }
        said = words.get(error.code or 500)
        if said is None:
            return error
        return render_template("error.html", status=error.code, said=said), error.code or 500


def _fresh() -> str:
    """What makes a form count once, however often it is sent."""
    return token_urlsafe(12)
