"""The line as one process serves it, made from its settings."""

from __future__ import annotations

from threading import Event, Thread
from typing import TYPE_CHECKING

from werkzeug.middleware.proxy_fix import ProxyFix

from ivr.line import tracing
from ivr.line.definition import Line
from ivr.line.web.webhooks.app import create_app
from ivr.server import build, entrance, traces
from ivr.server.settings import Settings
from ivr.server.worker import Working

if TYPE_CHECKING:
    from ivr.line.web.pages.app import Entrance

PATROL = 1.0  # seconds between two checks for what another process left behind


def pages() -> Working:
    """The pages, as each worker of `ivr pages` makes them. Raises `SettingsError`."""
    from ivr.line.web.pages.app import create_pages
    from ivr.server.rehearsal import sample_of

    traces.begin()
    settings = Settings.from_environment()
    entrance.check(settings)
    services = build.page_services(settings)
    line = services.line
    app = create_pages(
        services,
        entrance=_entrance(settings, line),
        sample=sample_of(line, build.sample_folder(settings)),
        metrics_token=settings.metrics_token,
    )
    proxies = entrance.proxies(settings)  # the last so many addresses of X-Forwarded-For are theirs
    app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=0)  # type: ignore[method-assign]

    def close() -> None:
        services.store.close()
        tracing.end()

    return Working(app, close)


def _entrance(settings: Settings, line: Line) -> Entrance:
    from ivr.line.web.pages.app import Entrance
    from ivr.line.web.pages.provider import Provider

    provider = None
    if settings.oidc_issuer:
        provider = Provider(
            settings.oidc_issuer,
            settings.oidc_client_id,
            settings.oidc_client_secret,
            line.config.provider_roles,
            entrance.pages_origin(settings),
        )
    https = (entrance.pages_origin(settings) or settings.public_url).startswith("https")
    return Entrance(settings.secret_key, https, provider)


def webhooks() -> Working:
    """The webhooks, as each worker of `ivr serve` makes them. Raises `SettingsError`.

    A thread carries out the duties of processes that died, from the start on.
    """
    traces.begin()
    settings = Settings.from_environment()
    services = build.full_services(settings)
    app = create_app(services, metrics_token=settings.metrics_token)
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
        tracing.end()

    return Working(app, close)
