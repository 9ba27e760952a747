"""Other systems of cases: read within a budget, written to in order and once in effect."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
import responses

from ivr.case_systems import CaseSystem, Conflict, Refused, Unreachable, Write
from ivr.case_systems.built_in import BuiltIn
from ivr.case_systems.http import FAILURES, HTTPCases
from ivr.case_systems.salesforce import SalesforceCases, connection
from ivr.desk.cases import CaseNumbers
from ivr.line import Line
from ivr.simulator import Exchange
from ivr.store import Store
from tests.conftest import CALLER, ENTRY, Desk, mount
from tests.test_scenarios import keyed

BASE = "https://cases.example/api"
NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
CASE = {
    "number": "C17349013",
    "status": "open",
    "severity": 2,
    "subject": "Assemblies open slowly",
    "owner": {"id": "ENG1", "name": "Nora"},
    "account": {
        "id": "helio",
        "name": "Helio",
        "customer_numbers": ["100201"],
        "contract": {"tier": "Enterprise", "valid_from": "2025-01-01", "valid_to": "2027-12-31"},
    },
    "environment": "production",
    "contacts": [{"id": "marie", "name": "Marie", "phones": [CALLER], "email": "", "lang": "fr"}],
    "region": "EMEA",
    "what_nobody_knows": 1,
}


class At:
    def __init__(self) -> None:
        self.at = NOW

    def now(self) -> datetime:
        return self.at

    def call_at(self, when: datetime, what: Any) -> Any:
        raise AssertionError("nobody sets an alarm here")


class Server:
    """A case system over HTTP that keeps what it is told, and can be made to fail."""

    def __init__(self, network: responses.RequestsMock) -> None:
        self.notes: list[str] = []
        self.severity = 2
        self.escalated = False
        self.seen: set[str] = set()
        self.fails: list[str] = []
        network.add_callback(responses.GET, re.compile(f"{BASE}/cases/.*"), self.read)
        for method in (responses.POST, responses.PATCH):
            network.add_callback(method, re.compile(f"{BASE}/cases/.*"), self.told)

    def read(self, request: Any) -> Any:
        self._maybe_fail()
        if not request.url.endswith("C17349013"):
            return 404, {}, "{}"
        return 200, {}, json.dumps(CASE | {"severity": self.severity})

    def told(self, request: Any) -> Any:
        fate = self.fails.pop(0) if self.fails else ""
        if fate == "down":
            raise requests.ConnectionError("refused")
        if fate.isdecimal():
            return int(fate), {}, "no"
        key = request.headers["Idempotency-Key"]
        known = key in self.seen
        if not known:
            self.seen.add(key)
            self._do(request, json.loads(request.body))
        if fate == "answer lost":
            raise requests.ConnectionError("gone")
        return (200 if known else 201), {}, "{}"

    def _do(self, request: Any, body: dict[str, Any]) -> None:
        if request.url.endswith("/notes"):
            self.notes.append(body["text"])
        elif request.url.endswith("/escalations"):
            self.escalated = True
        elif "severity" in body:
            self.severity = body["severity"]

    def _maybe_fail(self) -> None:
        if self.fails:
            fate = self.fails.pop(0)
            if fate == "slow":
                raise requests.ReadTimeout("slow")
            raise requests.ConnectionError(fate)


@pytest.fixture
def network() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as made:
        yield made


@pytest.fixture
def server(network: responses.RequestsMock) -> Server:
    return Server(network)


def http(clock: At | None = None) -> HTTPCases:
    return HTTPCases(BASE, "a token", CaseNumbers(), clock or At())


# --- one contract, three systems ---


class Force:
    """A Salesforce that keeps comments."""

    def __init__(self, network: responses.RequestsMock) -> None:
        self.comments: list[str] = []
        self.updates: list[dict[str, Any]] = []
        site = re.compile(r"https://acme\.my\.salesforce\.com/.*")
        network.add_callback(responses.GET, site, self.query)
        network.add_callback(responses.POST, site, self.create)
        network.add_callback(responses.PATCH, site, self.update)

    def query(self, request: Any) -> Any:
        asked = request.params["q"]
        if "FROM CaseComment" in asked:
            records: list[Any] = [{"CommentBody": text} for text in self.comments]
        elif "FROM Contact" in asked:
            records = [{"Name": "Marie", "Phone": CALLER, "MobilePhone": None, "Email": ""}]
        else:
            records = [FORCE] if "'17349013'" in asked else []
        return 200, {}, json.dumps({"records": records, "done": True, "totalSize": 1})

    def create(self, request: Any) -> Any:
        self.comments.append(json.loads(request.body)["CommentBody"])
        return 201, {}, json.dumps({"id": "1", "success": True, "errors": []})

    def update(self, request: Any) -> Any:
        self.updates.append(json.loads(request.body))
        return 204, {}, ""


FORCE = {
    "Id": "500",
    "CaseNumber": "17349013",
    "Status": "Working",
    "IsClosed": False,
    "Priority": "Medium",
    "Subject": "Assemblies open slowly",
    "OwnerId": "ENG1",
    "Owner": {"Type": "User"},
    "AccountId": "helio",
    "Account": {"Name": "Helio"},
    "LastModifiedDate": "2026-11-23T10:00:00.000+0000",
}

Made = tuple[CaseSystem, Callable[[], int]]


@pytest.fixture(params=["built-in", "http", "salesforce"])
def system(request: pytest.FixtureRequest, store: Store, network: Any) -> Made:
    """A system, and how many notes it has."""
    match request.param:
        case "built-in":
            return BuiltIn(store), lambda: 1
        case "http":
            server = Server(network)
            return http(), lambda: len(server.notes)
        case _:
            force = Force(network)
            made = SalesforceCases(connection("https://acme.my.salesforce.com", "token"))
            return made, lambda: len(force.comments)


def test_a_case_is_found_with_what_the_rules_need(system: Made) -> None:
    case = system[0].case("17349013", 3)

    assert case is not None
    assert (case.digits, case.status, case.severity) == ("17349013", "open", 2)
    assert case.owner == "ENG1"
    assert case.account is not None
    assert case.account.name == "Helio"
    assert CALLER in {phone for contact in case.contacts for phone in contact.phones}


def test_an_unknown_case_is_none(system: Made) -> None:
    assert system[0].case("17349099", 3) is None


def test_what_is_written_twice_with_one_key_counts_once(system: Made) -> None:
    note = Write("note", "C17349013", "key-1", {"text": "hello", "visibility": "internal"})
    for _ in range(2):
        system[0].write(note)

    assert system[1]() == 1


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("escalation", {"level": "M1", "reason": "", "requested_by": "caller"}),
        ("severity", {"severity": 1, "before": 2, "set_by": "ENG1"}),
        ("reopen", {"reason": "it is back"}),
        ("report", {"report": "SPR1", "state": "asked"}),
    ],
)
def test_every_kind_can_be_written(system: Made, kind: str, data: dict[str, Any]) -> None:
    system[0].write(Write(kind, "C17349013", f"key-{kind}", data))


# --- HTTP ---


def test_the_contract_of_the_wire(server: Server, network: responses.RequestsMock) -> None:
    http().case("17349013", 3)
    http().write(Write("note", "C17349013", "k", {"text": "t", "visibility": "internal"}))

    read, written = (call.request for call in network.calls)
    assert read.url == f"{BASE}/cases/C17349013"
    assert read.headers["Authorization"] == "Bearer a token"
    assert written.headers["Idempotency-Key"] == "k"
    assert json.loads(written.body)["idempotency_key"] == "k"


def test_a_connection_that_cannot_be_made_is_tried_once_more(server: Server) -> None:
    server.fails = ["refused"]

    assert http().case("17349013", 3) is not None


def test_a_slow_system_is_not_waited_for_twice(server: Server) -> None:
    server.fails = ["slow"]

    with pytest.raises(Unreachable):
        http().case("17349013", 3)


def test_what_was_known_is_given_for_a_quarter_of_an_hour_and_marked(server: Server) -> None:
    clock = At()
    cases = http(clock)
    cases.case("17349013", 3)
    server.fails = ["slow"]
    clock.at += timedelta(minutes=14)
    stale = cases.case("17349013", 3)
    assert stale is not None
    assert stale.stale

    server.fails = ["slow"]
    clock.at += timedelta(minutes=2)
    with pytest.raises(Unreachable):
        cases.case("17349013", 3)


def test_a_system_that_is_down_is_left_alone_for_a_while(
    server: Server, network: responses.RequestsMock
) -> None:
    clock = At()
    cases = http(clock)
    server.fails = ["slow"] * 20
    for _ in range(FAILURES + 3):
        with pytest.raises(Unreachable):
            cases.case("17349013", 3)
    assert len(network.calls) == FAILURES

    server.fails = []
    clock.at += timedelta(seconds=31)
    assert cases.case("17349013", 3) is not None


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"number": "C1"}', "<html>", '{"severity":"x"}'])
def test_nonsense_is_a_system_that_is_down(network: responses.RequestsMock, body: str) -> None:
    network.add(responses.GET, f"{BASE}/cases/C17349013", body=body)

    with pytest.raises(Unreachable):
        http().case("17349013", 3)


@pytest.mark.parametrize(
    ("status", "error"),
    [("500", Unreachable), ("503", Unreachable), ("429", Unreachable), ("409", Conflict),
     ("400", Refused), ("403", Refused)],
)  # fmt: skip
def test_what_a_status_means_for_a_write(server: Server, status: str, error: Any) -> None:
    server.fails = [status]

    with pytest.raises(error):
        http().write(Write("note", "C17349013", "k", {"text": "t"}))


# --- on a call ---


def on_http(store: Store, line: Line, server: Server) -> tuple[Exchange, Desk]:
    exchange = Exchange(seed=4)
    app = mount(exchange, store, line, records=http())
    return exchange, Desk(store, app, exchange, line)


def test_s19_after_it_was_down_everything_is_written_once_and_in_order(
    store: Store, escalation: Line, server: Server
) -> None:
    """M1 recorded locally; after recovery the note and the escalation are posted exactly once, in
    order. (S19)"""
    exchange, desk = on_http(store, escalation, server)
    server.fails = ["slow"] * 3
    caller = exchange.phone(CALLER)
    caller.call(ENTRY)
    keyed(caller, exchange, "2", "1", "17349013#", "1", "2")
    server.fails = ["down", "500", "answer lost", "503", "answer lost", "down"]
    assert store.escalations("C17349013")
    desk.cases.hear("C17349013", "note", key="n", by="OP1", channel="web", text="second")
    exchange.wait(200)

    assert server.notes == ["Escalation M1 requested by phone", "second"]
    assert server.escalated
    assert {each.state for each in store.duties("post")} == {"done"}
    assert len(desk.on_case("C17349013", "note.posted")) == 3
    assert desk.on_case("C17349013", "note.retried")
    if caller.in_call:
        caller.hang_up()
    exchange.wait(60)


def test_what_the_system_will_never_take_is_given_up_and_shown(
    store: Store, escalation: Line, server: Server
) -> None:
    exchange, desk = on_http(store, escalation, server)
    server.fails = ["", "400"]
    server.fails = []
    desk.cases.hear("C17349099", "note", key="n", by="OP1", channel="web", text="lost")
    server.fails = ["400"]
    exchange.wait(5)

    [failed] = desk.on_case("C17349099", "note.failed")
    assert "400" in failed.data["why"]
    [dropped] = store.duties("post")
    assert dropped.state == "dropped"
