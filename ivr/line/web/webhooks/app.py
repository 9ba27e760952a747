"""The webhooks of a line, as a Flask application."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Flask

from ivr.errors import SettingsError
from ivr.line.definition import Line
from ivr.line.service.services import Services
from ivr.line.web import health
from ivr.line.web.webhooks.doors import MAX_REQUEST_BYTES, plain_routes, short_way
from ivr.line.web.webhooks.signature import Signature
from ivr.line.web.webhooks.webhooks import Webhooks
from ivr.twiml import verbs
from ivr.twiml.writing import render


def create_app(
    services: Services, *, auth_token: str = "", metrics_token: str = "", plain: bool = False
) -> Flask:
    """The webhooks of a line, which the carrier alone may call; and how the line is, see
    `ivr.line.web.health`.

    A short way leads to them in front of Flask, unless ``plain``: then there are Flask's routes
    alone, which do the same. They are signed with the auth token of the services' ``twilio``,
    unless ``auth_token`` is another. Raises `SettingsError` when the public URL, the carrier or the
    token is missing.
    """
    line, carrier = services.line, services.carrier
    parts = urlsplit(services.public_url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise SettingsError(
            f"IVR_PUBLIC_URL is '{services.public_url}': it must be the address at which the "
            "carrier reaches this line, such as https://line.example.com"
        )
    if carrier is None:
        raise SettingsError("the webhooks need a Twilio client: build_services(…, twilio=client)")
    token = auth_token or carrier.auth_token
    if not token:
        raise SettingsError("TWILIO_AUTH_TOKEN is missing: without it no webhook can be trusted")
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAX_REQUEST_BYTES
    signature = Signature(token, services.public_url)
    webhooks = Webhooks(services, signature, fallback(line, services.public_url))
    plain_routes(app, webhooks)
    if not plain:
        app.wsgi_app = short_way(webhooks, app.wsgi_app)  # type: ignore[method-assign, assignment]
    health.install(app, services, metrics_token)
    return app


def fallback(line: Line, public_url: str = "") -> str:
    """The static document for when nothing else works: a sentence, then the desk's own telephone.

    If nobody answers there, the line is tried again: it may be up by then, and continues the call.
    """
    number = next(iter(line.config.numbers.values()))
    sentence = line.caller.spoken([("trouble", ""), ("to_operator", "")], number.languages[0])
    dial = verbs.Dial((verbs.Number(line.config.fallback),))
    again = verbs.Redirect(f"{public_url.removesuffix('/')}/voice/{line.name}")
    return render((*sentence, dial, verbs.Pause(5), again))


__all__ = ["create_app", "fallback"]
