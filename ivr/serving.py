"""The line as one process serves it, made from its settings."""

from __future__ import annotations

from flask import Flask

from ivr.carrier import client
from ivr.settings import Settings
from ivr.store import Store
from ivr.web import create_app


def create(settings: Settings | None = None) -> Flask:
    """The webhooks, as `ivr serve` has each worker make them. Raises `SettingsError`."""
    settings = settings or Settings.from_environment()
    settings.require("public_url", "account_sid", "auth_token")
    return create_app(
        settings.line(),
        store=Store(settings.database, checkpoints=True),
        twilio=client(settings.account_sid, settings.auth_token, settings.api_url),
        public_url=settings.public_url,
    )
