"""The line with its sample desk, and the telephones of everybody in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from flask import Flask

from ivr.line.definition import Line
from ivr.line.desk.events import Event
from ivr.line.records import CaseFile
from ivr.line.service.duties.runner import Duties
from ivr.line.service.services import Services, build_services
from ivr.line.store.store import Store
from ivr.line.web.webhooks.app import create_app
from ivr.server import laptop
from ivr.simulator import Exchange, Handset

ORIGIN = "https://line.test"
START = datetime(2026, 11, 24, 9, tzinfo=UTC)
CALLER = "+33155500101"
ENTRY = "+33800000001"
PEOPLE = {
    "MGR1": "+33155500011",
    "MGR2": "+33155500012",
    "MGR3": "+81355500013",
    "MGR4": "+33155500014",
    "DIR1": "+33155500021",
    "DIR2": "+12025550121",
    "ENG1": "+33155500031",
    "ENG2": "+81355500032",
    "OP1": "client:op1",
    "OP2": "client:op2",
}


@dataclass
class Desk:
    """The line's side of a test: what it has stored, and how to change what it believes."""

    services: Services
    exchange: Exchange
    app: Flask

    @property
    def store(self) -> Store:
        return self.services.store

    @property
    def line(self) -> Line:
        return self.services.line

    @property
    def duties(self) -> Duties:
        return self.services.duties

    def hear(self, number: str, what: str, **given: Any) -> CaseFile:
        """Something is heard of a case, as from a page."""
        file = self.services.cases.hear(number, what, **given)
        self.duties.wake()
        return file

    def file(self, number: str) -> dict[str, Any]:
        """What stands in a case's file."""
        file = self.store.case_files.load(number)
        return file.data if file else {}

    def on_case(self, number: str, *kinds: str) -> list[Event]:
        """What was logged of a case, all or of these kinds."""
        logged = self.store.logs.events(f"case:{number}")
        return [event for event in logged if not kinds or event.kind in kinds]

    def notices(self, what: str) -> set[str]:
        """The people who are told of this."""
        told = [each for each in self.store.duties.all("notify") if each.data["what"] == what]
        return {each.owner for each in told if each.due >= START and each.owner}

    def phone(self, person: str) -> Handset:
        """The telephone of one of the sample desk's people."""
        return self.exchange.phone(PEOPLE[person])

    def sid(self, phone: Handset) -> str:
        """The call that a phone made last."""
        return str([leg for leg in phone.calls if leg.direction == "inbound"][-1].sid)

    def events(self, phone: Handset, *kinds: str) -> list[Event]:
        """What was logged of a phone's last call, all or of these kinds."""
        logged = self.store.logs.events(self.sid(phone))
        return [event for event in logged if not kinds or event.kind in kinds]

    def told(self, phone: Handset, kind: str) -> list[dict[str, Any]]:
        """The data of every event of one kind."""
        return [dict(event.data) for event in self.events(phone, kind)]


def mount(exchange: Exchange, store: Store, line: Line, origin: str = ORIGIN, **more: Any) -> Desk:
    """Put a line on a network, with everybody's telephones."""
    services = build_services(
        line, store, twilio=exchange.client, public_url=origin, clock=exchange.clock, **more
    )
    return connect(exchange, services, create_app(services), origin)


def connect(exchange: Exchange, services: Services, app: Flask, origin: str = ORIGIN) -> Desk:
    """Put a line's application on a network, with everybody's telephones."""
    laptop.mount(exchange, services.line, app, origin)
    for number in PEOPLE.values():
        exchange.phone(number)
    return Desk(services, exchange, app)
