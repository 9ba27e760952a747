"""The line as one process serves it, made from its settings."""

from __future__ import annotations

from threading import Event, Thread

from flask import Flask

from ivr.carrier import client
from ivr.settings import Settings
from ivr.store import Store
from ivr.web import create_app

PATROL = 1.0  # seconds between two looks for what another process left behind


def create(settings: Settings | None = None, *, patrol: bool = True) -> Flask:
    """The webhooks, as `ivr serve` has each worker make them. Raises `SettingsError`.

    With ``patrol`` a thread looks after the duties of processes that died, from the start on.
    """
    settings = settings or Settings.from_environment()
    settings.require("public_url", "account_sid", "auth_token")
    line = settings.line()
    app = create_app(
        line,
        store=Store(settings.database, checkpoints=True),
        twilio=client(settings.account_sid, settings.auth_token, settings.api_url),
        public_url=settings.public_url,
        addresses=settings.addresses(line),
    )
    if patrol:
        app.extensions["ivr_rota"].begin()
        duties = app.extensions["ivr"]
        Thread(target=duties.patrol, args=(PATROL, Event()), name="ivr-duties", daemon=True).start()
    return app
