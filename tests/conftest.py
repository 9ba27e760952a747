"""The line with its sample desk, on the simulated network: what most tests begin with."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from hypothesis import settings

from flows.escalation import FOLDER, line
from ivr.line.config import Line
from ivr.line.desk.events import Event
from ivr.line.service.cases import Cases
from ivr.line.service.duties.runner import Duties
from ivr.line.store.store import Store
from ivr.line.web.webhooks.app import create_app
from ivr.server import laptop
from ivr.simulator import Exchange, Handset

pytest_plugins = ["pytester"]
settings.register_profile("unhurried", deadline=None)  # machines are noisy
settings.load_profile("unhurried")

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

    store: Store
    app: Flask
    exchange: Exchange
    line: Line

    @property
    def cases(self) -> Cases:
        made: Cases = self.app.extensions["ivr_cases"]
        return made

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

    @property
    def duties(self) -> Duties:
        made: Duties = self.app.extensions["ivr"]
        return made

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


def require(what: str, there: bool) -> None:
    """Skip where something that a test needs is missing; on the way to a release, fail."""
    if there:
        return
    if os.environ.get("IVR_TEST_REQUIRE") == "all":
        pytest.fail(f"{what} is missing, and IVR_TEST_REQUIRE=all")
    pytest.skip(f"{what} is missing")


@pytest.fixture(scope="session")
def sample_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the sample desk, made once and copied for each test."""
    file = tmp_path_factory.mktemp("sample") / "ivr.db"
    store = Store(f"sqlite:///{file}")
    store.migrate()
    store.import_csv(FOLDER / "sample")
    store.close()  # the last connection moves the write-ahead log into the file
    return file


@pytest.fixture(scope="session")
def escalation() -> Line:
    return line()


@pytest.fixture
def store(sample_database: Path, tmp_path: Path) -> Iterator[Store]:
    shutil.copy(sample_database, tmp_path / "ivr.db")
    made = Store(f"sqlite:///{tmp_path / 'ivr.db'}")
    yield made
    made.close()


@pytest.fixture
def exchange(exchange: Exchange, store: Store, escalation: Line) -> Exchange:
    """The simulated network with the line's numbers and everybody's telephones on it."""
    mount(exchange, store, escalation)
    return exchange


def mount(exchange: Exchange, store: Store, line: Line, origin: str = ORIGIN, **more: Any) -> Flask:
    """Put a line on a network."""
    app = create_app(
        line, store=store, twilio=exchange.client, public_url=origin, clock=exchange.clock, **more
    )
    laptop.mount(exchange, line, app, origin)
    for number in PEOPLE.values():
        exchange.phone(number)
    exchange.line_app = app  # type: ignore[attr-defined]
    return app


@pytest.fixture
def desk(exchange: Exchange, store: Store, escalation: Line) -> Desk:
    return Desk(store, exchange.line_app, exchange, escalation)  # type: ignore[attr-defined]


@pytest.fixture
def escalated(desk: Desk) -> Desk:
    """The desk, where C17349021 has M1 since yesterday and its manager met the customer once."""
    then = desk.exchange.clock.now() - timedelta(days=1)
    for what, by in (("escalate", "caller"), ("accept", "MGR1")):
        desk.cases.hear("C17349021", what, key=what, by=by, channel="phone", at=then, level="M1")
    for duty in desk.store.duties.all():
        desk.store.duties.done(duty)
    return desk


@pytest.fixture
def caller(exchange: Exchange) -> Handset:
    return exchange.phone(CALLER)
