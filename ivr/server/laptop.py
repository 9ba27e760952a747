"""Everything in one process: the line, its duties, and the phones of a sample desk."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from secrets import randbits, token_hex

from flask import Flask
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from ivr.errors import SettingsError
from ivr.line import tracing
from ivr.line.records import Login
from ivr.line.service.services import build_services
from ivr.line.store.store import Store
from ivr.line.story.sample_desk import SampleDesk, digits_of
from ivr.line.web.pages.app import Entrance, create_pages
from ivr.line.web.webhooks.app import create_app
from ivr.own_hosts import OwnHosts
from ivr.server import build, traces
from ivr.server.rehearsal import ORIGIN, mount, sample_of
from ivr.server.settings import Settings
from ivr.simulator import Exchange
from ivr.simulator.screens.phones_page import Phones


class _Quiet(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Don't log: each page sends a request every second."""


def serve_laptop(webhooks: int, pages: int, say: Callable[[str], None]) -> None:
    """Serve until Ctrl-C. Raises `SettingsError` when a port is taken."""
    traces.begin()
    settings = Settings.from_environment()
    line = build.line_of(settings)
    store = build.store_of(settings)
    sample = build.sample_folder(settings)
    desk = SampleDesk.read(sample) if sample else None
    _fill(store, sample, desk)
    exchange = Exchange(seed=randbits(32), start=datetime.now(UTC), rate=1.0)
    services = build_services(
        line,
        store,
        twilio=exchange.client,
        public_url=ORIGIN,
        clock=exchange.clock,
        addresses=build.addresses_of(settings, line) or None,  # no mail is sent unless it is set up
    )
    app = create_app(services, metrics_token=settings.metrics_token)
    mount(exchange, line, app, ORIGIN)
    people = _customer(desk) | _people(store)
    numbers = line.config.numbers
    dial = {number: f"{number} ({', '.join(each.languages)})" for number, each in numbers.items()}
    first = {number: each.languages[0] for number, each in numbers.items()}
    site = create_pages(
        services,
        entrance=Entrance(secret=token_hex(32), sample=True),
        phones=Phones(exchange, people, dial, languages=first),
        sample=sample_of(line, sample),
        metrics_token=settings.metrics_token,
    )
    servers = [_server(webhooks, app), _server(pages, site)]
    services.begin()
    exchange.start()
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    say(f"The line and its phones are at http://127.0.0.1:{pages}/ - open it and press Call.")
    case = f" A sample case number is {digits_of(desk.cases[0])}#." if desk and desk.cases else ""
    say(f"Key 1 selects a language, 0 an operator.{case}")
    say(f"Webhooks are served at http://127.0.0.1:{webhooks}/voice/{line.name}.")
    say("Press Ctrl-C to stop.")
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        say("")
    finally:
        exchange.stop()
        for server in servers:
            server.shutdown()
        store.close()
        tracing.end()


def _fill(store: Store, sample: Path | None, desk: SampleDesk | None) -> None:
    """Load the sample desk into a database without people, and end the calls of an earlier run."""
    store.migrate(contract=True)  # nobody else runs on it
    if sample is not None and not store.people.all():
        store.import_csv(sample)
    if not store.logins.all():
        _let_in(store, desk)
    store.calls.end_open(datetime.now(UTC))


def _let_in(store: Store, desk: SampleDesk | None) -> None:
    """Everybody of the sample desk, its first customer and a supervisor, for a click on the sign-in
    page."""
    for contact in desk.contacts[:1] if desk else ():
        others = [account.id for account in store.cases.accounts()][2:3]
        login = Login(
            contact["id"], contact["email"] or contact["id"], contact["name"], ("customer",)
        )
        accounts = (contact["account"], *(each for each in others if each != contact["account"]))
        store.logins.save(replace(login, contact=contact["id"], accounts=accounts))
    store.logins.save(Login("ines", "ines@acme.example", "Ines Duarte", ("supervisor", "admin")))
    for person in store.people.all():
        login = Login(person.id, person.email or person.id, person.name, tuple(person.roles))
        store.logins.save(replace(login, person=person.id))


def _customer(desk: SampleDesk | None) -> dict[str, str]:
    """The telephone of the first customer."""
    contacts = [row for row in desk.contacts if row["phones"]] if desk else []
    return {
        row["phones"].split()[0]: f"{row['name'].split()[0]}, a customer" for row in contacts[:1]
    }


def _people(store: Store) -> dict[str, str]:
    """Their telephones: an operator, then managers, then everybody else."""
    order = ("operator", "manager", "engineer", "second_level")
    people = sorted(
        store.people.all(), key=lambda person: max(order.index(role) for role in person.roles)
    )
    others = [person for person in people if person.roles == {"operator"}][1:]
    people = [person for person in people if person not in others] + others
    return {
        person.phone: f"{person.name}, {' and '.join(sorted(person.roles)).replace('_', ' ')}"
        for person in people
        if person.phone
    }


def _server(port: int, app: Flask) -> BaseWSGIServer:
    try:
        local = OwnHosts(app, port)
        return make_server("127.0.0.1", port, local, threaded=True, request_handler=_Quiet)
    except (OSError, SystemExit) as error:
        raise SettingsError(f"port {port} on 127.0.0.1 is in use; choose another") from error
