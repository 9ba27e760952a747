"""Signing in: local accounts, or another provider that vouches for somebody (OpenID Connect).

A session is a signed cookie with who it is, since when, and when it was last used. It ends when it
is idle, when it is old, and when the account's epoch goes up: a new password, or no access.
Whoever asks hears the same for an unknown name and a wrong password, and it takes as long.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from secrets import token_hex
from typing import Any

from flask import (
    Blueprint,
    Flask,
    Response,
    abort,
    g,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from werkzeug.security import check_password_hash, generate_password_hash
from werkzeug.wrappers import Response as Answer

from ivr.clock import Clock
from ivr.line.desk.limits import HOUR, bucket
from ivr.line.desk.roles import ROLES, may_open
from ivr.line.errors import DataError
from ivr.line.records import Login
from ivr.line.store.store import Store

log = logging.getLogger(__name__)

PAUSES = (0, 0, 0, 5, 15, 60, 300, 900)  # seconds to wait after so many wrong passwords
ADDRESS_TRIES = 60  # wrong passwords an hour from one address
SHORTEST = 10  # characters of a password
_NOBODYS = generate_password_hash("nobody's")


@dataclass(frozen=True, slots=True)
class Provider:
    """An OpenID Connect provider. ``roles`` maps its groups or roles to ours."""

    issuer: str
    client_id: str
    client_secret: str
    roles: Mapping[str, str] = field(default_factory=dict)


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
        self.provider, self.sample = provider, sample
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
        if self.provider:
            from authlib.integrations.flask_client import OAuth

            issuer = self.provider.issuer.rstrip("/")
            self.oauth = OAuth(app)
            self.oauth.register(
                "provider",
                client_id=self.provider.client_id,
                client_secret=self.provider.client_secret,
                server_metadata_url=f"{issuer}/.well-known/openid-configuration",
                client_kwargs={"scope": "openid email profile", "code_challenge_method": "S256"},
            )

    # --- who asks ---

    def _who(self) -> None:
        g.login = self._known()
        if g.login is not None:
            session["seen"] = self.clock.now().isoformat()

    def _known(self) -> Login | None:
        id, now = session.get("login"), self.clock.now()
        if not id:
            return None
        login = self.store.logins.find(id=id)
        idle = now - datetime.fromisoformat(session["seen"])
        old = now - datetime.fromisoformat(session["began"])
        over = (
            idle > timedelta(minutes=self.terms.idle)
            or old > timedelta(minutes=self.terms.longest)
            or login is None
            or not login.active
            or login.epoch != session.get("epoch")
        )
        if over:
            session.clear()
            session["expired"] = True  # said once, on the page that they are sent to
            return None
        return login

    def begin(self, login: Login) -> None:
        """A new session; nothing of an earlier one stays."""
        language = session.get("language")
        session.clear()
        now = self.clock.now().isoformat()
        session.update(login=login.id, epoch=login.epoch, began=now, seen=now)
        if language:
            session["language"] = language

    # --- local accounts ---

    def sign_in(self) -> str | Answer | tuple[str, int]:
        if request.method == "GET":
            return self._page()
        email, password = request.form.get("email", ""), request.form.get("password", "")
        login = self.store.logins.find(email=email.strip())
        if self._too_soon(login):
            return self._page(wrong="too_soon"), 429
        right = check_password_hash((login.hash if login else "") or _NOBODYS, password)
        if login is None or not login.active or not login.hash or not right:
            self._failed(login)
            return self._page(wrong="wrong"), 401
        self.store.logins.change(login.id, failed=0, failed_at=None)
        self.begin(login)
        return redirect(_next())

    def _page(self, wrong: str = "") -> str:
        people = [each for each in self.store.logins.all() if each.active] if self.sample else []
        return render_template(
            "sign_in.html",
            wrong=wrong,
            people=people,
            provider=bool(self.provider),
            next=_next(),
            expired=session.pop("expired", False),
        )

    def _too_soon(self, login: Login | None) -> bool:
        now = self.clock.now()
        if self.store.tallies.count(self._address(), now - HOUR) >= ADDRESS_TRIES:
            return True
        if login is None or login.failed_at is None:
            return False
        pause = PAUSES[min(login.failed, len(PAUSES) - 1)]
        return now < login.failed_at + timedelta(seconds=pause)

    def _failed(self, login: Login | None) -> None:
        now = self.clock.now()
        self.store.tallies.add(self._address(), now)
        if login is not None:
            self.store.logins.change(login.id, failed=login.failed + 1, failed_at=now)

    def _address(self) -> str:
        return bucket("sign_in", request.remote_addr or "")

    def sign_in_as(self) -> Answer:
        """On a laptop only: as one of the sample desk's people."""
        login = self.store.logins.find(id=request.form.get("login", "")) if self.sample else None
        if login is None:
            abort(404)
        self.begin(login)
        return redirect(_next())

    def sign_out(self) -> Answer:
        session.clear()
        return redirect(url_for("sign_in.sign_in"))

    # --- another provider ---

    def go(self) -> Answer:
        if not self.provider:
            abort(404)
        session["next"] = _next()
        back = url_for("sign_in.come_back", _external=True)
        answer: Answer = self.oauth.provider.authorize_redirect(back)
        return answer

    def come_back(self) -> Answer | tuple[str, int]:
        """The provider's word is checked by its key, nonce, audience and time before it counts."""
        if not self.provider:
            abort(404)
        try:
            claims = dict(self.oauth.provider.authorize_access_token()["userinfo"])
        except Exception as error:
            log.warning("the provider's answer isn't valid: %s", type(error).__name__)
            return self._page(wrong="provider"), 401
        login = self._vouched(claims)
        if login is None:
            return self._page(wrong="unknown"), 403
        goes = session.pop("next", url_for("home"))
        self.begin(login)
        return redirect(goes)

    def _vouched(self, claims: Mapping[str, Any]) -> Login | None:
        """Whoever the provider means: by a verified e-mail; staff get the roles it gives."""
        email = str(claims.get("email", ""))
        if not email or claims.get("email_verified") is False:
            return None
        login = self.store.logins.find(email=email)
        if login is not None and not login.active:
            return None
        given = [*claims.get("groups", ()), *claims.get("roles", ())]
        mapped = self.provider.roles if self.provider else {}
        roles = tuple(sorted({mapped[name] for name in given if name in mapped} & set(ROLES)))
        if login is None:
            person = next(
                (p for p in self.store.people.all() if p.email.lower() == email.lower()), None
            )
            if person is None or not roles:
                return None
            login = Login(token_hex(6), email, str(claims.get("name", email)), roles, person.id)
        if roles and roles != login.roles:
            login = replace(login, roles=roles)
        self.store.logins.save(login)
        return login


def _next() -> str:
    """Where the person wanted to go: a path of ours, never another site's."""
    wanted = request.values.get("next", "")
    ours = wanted.startswith("/") and not wanted.startswith(("//", "/\\"))
    return wanted if ours else url_for("home")


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
