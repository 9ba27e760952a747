"""Signing in through another provider that vouches for somebody (OpenID Connect).

What the provider says is checked by `authlib`: its key, nonce, audience and time. What it says of a
person is foreign input all the same, and may be of any shape.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from secrets import token_hex
from typing import Any

from flask import Flask, url_for
from werkzeug.wrappers import Response as Answer

from ivr.line.desk.roles import ROLES
from ivr.line.records import Login
from ivr.line.store.logins import lowered
from ivr.line.store.store import Store
from ivr.line.web.pages.well_formed import strange

log = logging.getLogger(__name__)

PATIENCE = 5  # seconds for each request to the provider, which keeps a thread of ours
LONGEST_NAME = 200  # characters; a longer one is replaced by the address
LONGEST_EMAIL = 254


@dataclass(frozen=True, slots=True)
class Provider:
    """An OpenID Connect provider. ``roles`` maps its groups or roles to ours; ``pages_url`` is the
    address of the pages, to which it sends people back, ``""`` for the one that was asked for."""

    issuer: str
    client_id: str
    client_secret: str
    roles: Mapping[str, str] = field(default_factory=dict)
    pages_url: str = ""


class Vouching:
    """Sends people to the provider, and reads what it says of them."""

    def __init__(self, provider: Provider, store: Store) -> None:
        self.provider, self.store = provider, store

    def install(self, app: Flask) -> None:
        from authlib.integrations.flask_client import OAuth

        issuer = self.provider.issuer.rstrip("/")
        self.oauth = OAuth(app)
        self.oauth.register(
            "provider",
            client_id=self.provider.client_id,
            client_secret=self.provider.client_secret,
            server_metadata_url=f"{issuer}/.well-known/openid-configuration",
            client_kwargs={
                "scope": "openid email profile",
                "code_challenge_method": "S256",
                "default_timeout": PATIENCE,
            },
        )

    def go(self) -> Answer | None:
        """To the provider, and from there back to ``/sign-in/back``; None if it can't be reached.

        Behind a proxy that ends TLS, the address that was asked for isn't the public one.
        """
        back = url_for("sign_in.come_back", _external=not self.provider.pages_url)
        try:
            answer: Answer = self.oauth.provider.authorize_redirect(self.provider.pages_url + back)
        except Exception as error:
            more = {"event": "provider.failed"}
            log.warning("the provider can't be reached: %s", type(error).__name__, extra=more)
            return None
        return answer

    def claims(self) -> Mapping[str, Any] | None:
        """What the provider says of whoever comes back; None if it isn't the provider's word."""
        try:
            return dict(self.oauth.provider.authorize_access_token()["userinfo"])
        except Exception as error:
            more = {"event": "sign_in.refused"}
            log.warning("the provider's answer isn't valid: %s", type(error).__name__, extra=more)
            return None

    def login_of(self, claims: Mapping[str, Any]) -> Login | None:
        """Whoever is meant, by an email address that the provider has verified; staff have the
        roles that it gives them now, and no others. None for anybody else."""
        email = _email(claims)
        if not email:
            return None
        login = self.store.logins.find(email=email) or self._new(email, claims)
        if login is None or not login.active:
            return None
        roles = self._roles(claims, login)
        if roles != login.roles:
            self.store.logins.change(login.id, roles=roles)
        return replace(login, roles=roles) if roles else None

    def _roles(self, claims: Mapping[str, Any], login: Login) -> tuple[str, ...]:
        if not self.provider.roles:
            return login.roles  # the provider says who somebody is, and `ivr login` what they may
        return tuple(sorted(self._given(claims) | (self._ours() & set(login.roles))))

    def _ours(self) -> set[str]:
        """The roles that the provider neither gives nor takes: it may not know customers."""
        return {"customer"} - set(self.provider.roles.values())

    def _given(self, claims: Mapping[str, Any]) -> set[str]:
        named = [*_texts(claims.get("groups")), *_texts(claims.get("roles"))]
        mapped = self.provider.roles
        return {mapped[name] for name in named if name in mapped} & set(ROLES)

    def _new(self, email: str, claims: Mapping[str, Any]) -> Login | None:
        """Somebody who works here signs in for the first time."""
        people = self.store.people.all()
        person = next((p for p in people if lowered(p.email) == lowered(email)), None)
        roles = tuple(sorted(self._given(claims)))
        if person is None or not roles:
            return None
        name = claims.get("name")
        known = isinstance(name, str) and 0 < len(name) <= LONGEST_NAME and not strange(name)
        called = str(name) if known else person.name
        login = Login(token_hex(6), person.email, called, roles, person.id)
        self.store.logins.add(login)  # twice at once: one of the two is theirs
        return self.store.logins.find(email=person.email)


def _email(claims: Mapping[str, Any]) -> str:
    """The address, if the provider has verified that it is theirs: a provider that doesn't say so
    lets whoever types one be whoever they like."""
    email = claims.get("email")
    if not isinstance(email, str) or claims.get("email_verified") is not True:
        return ""
    usable = "@" in email and len(email) <= LONGEST_EMAIL and not strange(email)
    return email.strip() if usable else ""


def _texts(claim: Any) -> list[str]:
    """The texts of a claim that is a list of them, or one."""
    if isinstance(claim, str):
        return [claim]
    return [each for each in claim if isinstance(each, str)] if isinstance(claim, list) else []


__all__ = ["Provider", "Vouching"]
