"""The line as one process serves it, made from its settings."""

from __future__ import annotations

from threading import Event, Thread
from urllib.parse import urlsplit

from flask import Flask

from ivr.clock import SystemClock
from ivr.line.outside.carrier import client
from ivr.line.store.store import Store
from ivr.line.web.webhooks.app import begin, create_app
from ivr.server.settings import Settings

PATROL = 1.0  # seconds between two looks for what another process left behind


def create_pages() -> Flask:
    """The pages, as `ivr pages` has each worker make them. Raises `SettingsError`."""
    from ivr.line.web.pages import app as pages
    from ivr.line.web.pages.sign_in import Provider
    from ivr.server.rehearsal import sample_of

    settings = Settings.from_environment()
    settings.require("secret_key")
    line, store = settings.line(), Store(settings.database, checkpoints=True)
    provider = None
    if settings.oidc_issuer:
        settings.require("oidc_client_id", "oidc_client_secret")
        id, secret = settings.oidc_client_id, settings.oidc_client_secret
        roles = line.config.provider_roles
        provider = Provider(settings.oidc_issuer, id, secret, roles)
    https = settings.public_url.startswith("https")
    entrance = pages.Entrance(settings.secret_key, https, provider)
    records = settings.case_system(line, SystemClock(), store)
    root = urlsplit(settings.public_url).path.rstrip("/")
    return pages.create_pages(
        line,
        store,
        SystemClock(),
        records=records,
        entrance=entrance,
        root=root,
        sample=sample_of(line, settings.sample()),
    )


def create(settings: Settings | None = None, *, patrol: bool = True) -> Flask:
    """The webhooks, as `ivr serve` has each worker make them. Raises `SettingsError`.

    With ``patrol`` a thread looks after the duties of processes that died, from the start on.
    """
    settings = settings or Settings.from_environment()
    settings.require("public_url", "account_sid", "auth_token")
    line, store = settings.line(), Store(settings.database, checkpoints=True)
    app = create_app(
        line,
        store=store,
        twilio=client(settings.account_sid, settings.auth_token, settings.api_url),
        public_url=settings.public_url,
        addresses=settings.addresses(line),
        records=settings.case_system(line, SystemClock(), store),
    )
    if patrol:
        begin(app)
        duties = app.extensions["ivr"]
        Thread(target=duties.patrol, args=(PATROL, Event()), name="ivr-duties", daemon=True).start()
    return app
