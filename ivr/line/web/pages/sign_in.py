"""Signing in: local accounts, or another provider that vouches for somebody (OpenID Connect).

A session is a row of the store, and a signed cookie that names it, with when it began and when it
was last used. It ends when somebody signs out, when it is idle, when it is old, and when the
account's epoch goes up: a new password, or no access. A cookie that was copied ends with it.
Whoever asks hears the same for an unknown name and a wrong password, and it takes as long.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from secrets import token_urlsafe
from typing import Any

from flask import (
    Blueprint,
    Flask,
    Response,
    abort,
    g,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from werkzeug.security import check_password_hash, generate_password_hash
from werkzeug.wrappers import Response as Answer

from ivr.clock import Clock
from ivr.line.desk.roles import may_open
from ivr.line.errors import DataError
from ivr.line.records import Login
from ivr.line.store.store import Store
from ivr.line.web.pages.provider import Provider, Vouching
from ivr.line.web.pages.throttle import Throttle
from ivr.line.web.pages.well_formed import next_page

SHORTEST = 10  # characters of a password
_NOBODYS = generate_password_hash("nobody's")


@dataclass(frozen=True, slots=True)
class SessionTerms:
    """Minutes until an idle session ends, and until any does."""

    idle: int = 30
    longest: int = 720


class SignIn:
    """Who may come in. ``sample``: a click is enough, on a laptop with simulated phones."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        terms: SessionTerms,
        provider: Provider | None = None,
        sample: bool = False,
    ) -> None:
        self.store, self.clock, self.terms = store, clock, terms
        self.sample = sample
        self.vouching = Vouching(provider, store) if provider else None
        self.throttle = Throttle(store, clock)
        self.blueprint = Blueprint("sign_in", __name__)
        for path, view, methods in (
            ("/sign-in", self.sign_in, ["GET", "POST"]),
            ("/sign-in/as", self.sign_in_as, ["POST"]),
            ("/sign-in/provider", self.go, ["GET"]),
            ("/sign-in/back", self.come_back, ["GET"]),
            ("/sign-out", self.sign_out, ["POST"]),
        ):
            self.blueprint.add_url_rule(path, view_func=view, methods=methods)

    def install(self, app: Flask) -> None:
        """Know who asks, before every request."""
        app.register_blueprint(self.blueprint)
        app.before_request(self._who)
        self.throttle.install(app)
        if self.vouching:
            self.vouching.install(app)

    # --- who asks ---

    def _who(self) -> None:
        g.login = self._known()
        if g.login is not None:
            session["seen"] = self.clock.now().isoformat()

    def _known(self) -> Login | None:
        id, now = session.get("id"), self.clock.now()
        if not id:
            return None
        login = self.store.logins.of_session(id)
        idle = now - datetime.fromisoformat(session["seen"])
        old = now - datetime.fromisoformat(session["began"])
        over = (
            idle > timedelta(minutes=self.terms.idle)
            or old > timedelta(minutes=self.terms.longest)
            or login is None
            or not login.active
            or not login.roles  # the provider has dropped them all
            or login.epoch != session.get("epoch")
        )
        if over:
            self._end()
            session["expired"] = True  # said once, on the page that they are sent to
            return None
        return login

    def begin(self, login: Login) -> None:
        """A new session; nothing of an earlier one stays."""
        language, now, id = session.get("language"), self.clock.now(), token_urlsafe(24)
        self._end()
        longest = timedelta(minutes=self.terms.longest)
        self.store.logins.begin(id, login.id, now, since=now - longest)
        at = now.isoformat()
        session.update(id=id, epoch=login.epoch, began=at, seen=at)
        if language:
            session["language"] = language

    def _end(self) -> None:
        """Whoever has a copy of the cookie is signed out with this browser."""
        if id := session.get("id"):
            self.store.logins.end(id)
        session.clear()

    # --- local accounts ---

    def sign_in(self) -> str | Answer | tuple[str, int]:
        if request.method == "GET":
            return self._page()
        email, password = request.form.get("email", "").strip(), request.form.get("password", "")
        login = self.store.logins.find(email=email)
        taken = self.throttle.take(email, login)
        if not taken:
            return self._page(wrong="too_soon"), 429
        right = check_password_hash((login.hash if login else "") or _NOBODYS, password)
        if login is None or not login.active or not login.hash or not right:
            return self._page(wrong="wrong"), 401
        self.throttle.right(email, login, taken)
        self.begin(login)
        return self.throttle.remember(login, make_response(redirect(next_page())))

    def _page(self, wrong: str = "") -> str:
        people = [each for each in self.store.logins.all() if each.active] if self.sample else []
        return render_template(
            "sign_in.html",
            wrong=wrong,
            people=people,
            provider=bool(self.vouching),
            next=next_page(),
            expired=session.pop("expired", False),
        )

    def sign_in_as(self) -> Answer:
        """On a laptop only: as one of the sample desk's people."""
        login = self.store.logins.find(id=request.form.get("login", "")) if self.sample else None
        if login is None:
            abort(404)
        self.begin(login)
        return redirect(next_page())

    def sign_out(self) -> Answer:
        self._end()
        return redirect(url_for("sign_in.sign_in"))

    # --- another provider ---

    def go(self) -> Answer | tuple[str, int]:
        if not self.vouching:
            abort(404)
        session["next"] = next_page()
        return self.vouching.go() or (self._page(wrong="provider"), 503)

    def come_back(self) -> Answer | tuple[str, int]:
        if not self.vouching:
            abort(404)
        claims = self.vouching.claims()
        if claims is None:
            return self._page(wrong="provider"), 401
        login = self.vouching.login_of(claims)
        if login is None:
            return self._page(wrong="unknown"), 403
        goes = session.pop("next", url_for("home"))
        self.begin(login)
        return redirect(goes)


def signed_in(view: Callable[..., Any]) -> Callable[..., Any]:
    """A view for whoever is signed in; others sign in first, and come back."""

    def guarded(**given: Any) -> Any:
        if g.login is None:
            return redirect(url_for("sign_in.sign_in", next=request.full_path.rstrip("?")))
        return view(**given)

    guarded.__name__ = view.__name__
    return guarded


def for_page(page: str, view: Callable[..., Any]) -> Callable[..., Any]:
    """A view for whoever may open ``page`` (see `ivr.line.desk.roles.PAGES`)."""

    def guarded(**given: Any) -> Any:
        if not may_open(g.login.roles, page):
            abort(403)
        return view(**given)

    guarded.__name__ = view.__name__
    return signed_in(guarded)


def hashed(password: str) -> str:
    """A password as it is kept. Raises `DataError` for one that is too short."""
    if len(password) < SHORTEST:
        raise DataError(f"a password has {SHORTEST} characters or more")
    return generate_password_hash(password)


def guard(app: Flask, policy: str) -> None:
    """What every answer says to the browser: nothing from elsewhere, nowhere else framed."""

    @app.after_request
    def headers(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = policy
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "same-origin"
        response.headers["Cache-Control"] = "no-store"
        return response

    app.config.update(
        SESSION_COOKIE_HTTPONLY=True, SESSION_COOKIE_SAMESITE="Lax", SESSION_COOKIE_NAME="ivr"
    )


__all__ = ["Provider", "SessionTerms", "SignIn", "for_page", "guard", "hashed", "signed_in"]
