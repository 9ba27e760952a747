"""Everything in one process: the line, its duties, and the phones of a sample desk."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from importlib import import_module
from secrets import randbits, token_hex

from flask import Flask
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from ivr.errors import SettingsError
from ivr.line import Line
from ivr.rows import Login
from ivr.settings import Settings
from ivr.simulator import Exchange
from ivr.simulator.web import Phones
from ivr.store import Store
from ivr.web import create_app
from ivr.web.pages import Entrance, create_pages

ORIGIN = "https://line.example"
CUSTOMERS = {"+33155500101": "Marie, a customer"}


class _Quiet(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """The pages ask each second; that is no news."""


def serve_laptop(webhooks: int, pages: int, say: Callable[[str], None]) -> None:
    """Serve until Ctrl-C. Raises `SettingsError` when a port is taken."""
    settings = Settings.from_environment()
    line, store = settings.line(), Store(settings.database, checkpoints=True)
    _fill(store, settings)
    exchange = Exchange(seed=randbits(32), start=datetime.now(UTC), rate=1.0)
    app = create_app(
        line,
        store=store,
        twilio=exchange.client,
        public_url=ORIGIN,
        clock=exchange.clock,
        addresses=settings.addresses(line) or None,  # a try-out writes to nobody by itself
    )
    mount(exchange, line, app, ORIGIN)
    people = CUSTOMERS | _people(store)
    dial = {number: f"{number} ({entry.region})" for number, entry in line.config.numbers.items()}
    phones, cases = Phones(exchange, people, dial), app.extensions["ivr_cases"]
    entrance = Entrance(secret=token_hex(32), sample=True)
    kept = app.extensions["ivr_callbacks"].kept
    desk = create_pages(line, store, exchange.clock, phones, cases, kept, entrance)
    servers = [_server(webhooks, app), _server(pages, desk)]
    app.extensions["ivr_rota"].begin()
    app.extensions["ivr_privacy"].begin()
    exchange.start()
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    first = next(iter(line.config.numbers))
    say(f"The line and its phones are on http://127.0.0.1:{pages}/ - open it, and press Call.")
    say(f"Dial {first}; 1 chooses a language, 0 an operator, and a case number is 17349013#.")
    say(f"Webhooks are answered on http://127.0.0.1:{webhooks}/voice/{line.name}. Ctrl-C ends it.")
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        say("")
    finally:
        exchange.stop()
        for server in servers:
            server.shutdown()
        store.close()


def mount(exchange: Exchange, line: Line, app: Flask, origin: str) -> None:
    """Put the line's numbers on a network; ``origin`` is the application's public URL."""
    for number in line.config.numbers:
        exchange.number(
            number,
            app,
            f"/voice/{line.name}",
            status_callback=f"/voice/{line.name}/status",
            fallback=f"/voice/{line.name}/fallback",
            origin=origin,
        )


def _fill(store: Store, settings: Settings) -> None:
    """The flow's sample desk, into a database that knows nobody yet; calls of an earlier run are
    over."""
    store.migrate()
    if not store.people():
        store.import_csv(import_module(settings.flow).SAMPLE)
    if not store.logins():
        _let_in(store)
    store.close_open_calls(datetime.now(UTC))


def _let_in(store: Store) -> None:
    """Everybody of the sample desk, and its first customer, for a click on the sign-in page."""
    primary, *others = [account.id for account in store.accounts()][:3:2]
    marie = Login("marie", "marie@helio.example", "Marie Aubert", ("customer",), contact="marie")
    store.save_login(replace(marie, accounts=(primary, *others)))
    for person in store.people():
        login = Login(person.id, person.email or person.id, person.name, tuple(person.roles))
        store.save_login(replace(login, person=person.id))


def _people(store: Store) -> dict[str, str]:
    order = ("operator", "manager", "engineer", "second_level")
    people = sorted(
        store.people(), key=lambda person: max(order.index(role) for role in person.roles)
    )
    return {
        person.phone: f"{person.name}, {' and '.join(sorted(person.roles)).replace('_', ' ')}"
        for person in people
        if person.phone
    }


def _server(port: int, app: object) -> BaseWSGIServer:
    try:
        return make_server("127.0.0.1", port, app, threaded=True, request_handler=_Quiet)  # type: ignore[arg-type]
    except (OSError, SystemExit) as error:
        raise SettingsError(f"port {port} on 127.0.0.1 is taken; choose another") from error
