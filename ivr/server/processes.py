"""The line as one process serves it, made from its settings."""

from __future__ import annotations

from threading import Event, Thread
from typing import TYPE_CHECKING

from ivr.line.definition import Line
from ivr.line.web.webhooks.app import create_app
from ivr.server import build
from ivr.server.settings import Settings
from ivr.server.worker import Working

if TYPE_CHECKING:
    from ivr.line.web.pages.app import Entrance

PATROL = 1.0  # seconds between two checks for what another process left behind


def pages() -> Working:
    """The pages, as each worker of `ivr pages` makes them. Raises `SettingsError`."""
    from ivr.line.web.pages.app import create_pages
    from ivr.server.rehearsal import sample_of

    settings = Settings.from_environment()
    settings.require("secret_key")
    services = build.page_services(settings)
    line = services.line
    app = create_pages(
        services,
        entrance=_entrance(settings, line),
        sample=sample_of(line, build.sample_folder(settings)),
    )
    return Working(app, services.store.close)


def _entrance(settings: Settings, line: Line) -> Entrance:
    from ivr.line.web.pages.app import Entrance
    from ivr.line.web.pages.sign_in import Provider

    provider = None
    if settings.oidc_issuer:
        settings.require("oidc_client_id", "oidc_client_secret")
        provider = Provider(
            settings.oidc_issuer,
            settings.oidc_client_id,
            settings.oidc_client_secret,
            line.config.provider_roles,
        )
    https = settings.public_url.startswith("https")
    return Entrance(settings.secret_key, https, provider)


def webhooks() -> Working:
    """The webhooks, as each worker of `ivr serve` makes them. Raises `SettingsError`.

    A thread carries out the duties of processes that died, from the start on.
    """
    services = build.full_services(Settings.from_environment())
    app = create_app(services)
    services.begin()
    stop = Event()
    patrol = Thread(
        target=services.duties.patrol, args=(PATROL, stop), name="ivr-duties", daemon=True
    )
    patrol.start()

    def close() -> None:
        stop.set()
        patrol.join(PATROL)
        services.store.close()

    return Working(app, close)
