"""Other systems of cases: read within a budget, written to in order and once in effect."""

from __future__ import annotations

import json
import logging
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from threading import Event, Thread
from typing import Any

import pytest
import requests
import responses
from click.testing import CliRunner
from msgspec.structs import replace

from ivr.cli.main import main
from ivr.line.definition import Line
from ivr.line.desk.cases import CaseNumbers
from ivr.line.errors import GivenUp, NotYet
from ivr.line.outside.case_systems.built_in import BuiltIn
from ivr.line.outside.case_systems.http import HTTPCases
from ivr.line.outside.case_systems.last_known import FAILURES, FRESH
from ivr.line.outside.case_systems.salesforce import SalesforceCases, connection
from ivr.line.outside.case_systems.system import (
    CaseSystem,
    Conflict,
    Refused,
    Unreachable,
    Write,
)
from ivr.line.records import CaseFile, Note
from ivr.line.service.duties.case_writes import GIVEN_UP_AFTER, PAUSES, CaseWrites
from ivr.line.store.case_files import CaseRecords
from ivr.line.store.store import Store
from ivr.server.build import case_system_of
from ivr.server.settings import Settings
from ivr.simulator import Exchange
from tests.kit.desk import CALLER, ENTRY, Desk, mount
from tests.kit.telephones import keyed

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
        self.told_of: list[tuple[str, str, dict[str, Any]]] = []
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
        self.told_of.append((request.method, request.url.removeprefix(BASE), body))
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
        self.refuses: dict[str, int] = {}  # a word of a question, and the status it is answered
        self.user: dict[str, Any] = {"Id": "ENG1", "Email": "nora@acme.example"}
        self.asked: list[str] = []
        self.owner = "ENG1"
        site = re.compile(r"https://acme\.my\.salesforce\.com/.*")
        network.add_callback(responses.GET, site, self.query)
        network.add_callback(responses.POST, site, self.create)
        network.add_callback(responses.PATCH, site, self.update)

    def query(self, request: Any) -> Any:
        asked = request.params["q"]
        self.asked.append(asked)
        for word, status in self.refuses.items():
            if word in asked:
                return status, {}, "[]"
        if "FROM CaseComment" in asked:
            records: list[Any] = [{"CommentBody": text} for text in self.comments]
        elif "FROM User" in asked:
            records = [self.user]
        elif "FROM Contact" in asked:
            records = [{"Name": "Marie", "Phone": CALLER, "MobilePhone": None, "Email": ""}]
        else:
            records = [FORCE | {"OwnerId": self.owner}] if "'17349013'" in asked else []
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


class Made:
    """A system, how many notes it has, and what became of the case."""

    def __init__(self, system: CaseSystem, notes: Callable[[], int], did: Callable[[], Any]):
        self.system, self.notes, self.did = system, notes, did


@pytest.fixture(params=["built-in", "http", "salesforce"])
def made(request: pytest.FixtureRequest, store: Store, network: Any) -> Made:
    match request.param:
        case "built-in":
            return Made(
                BuiltIn(store), lambda: len(store.case_files.notes("C17349013")), lambda: on(store)
            )
        case "http":
            server = Server(network)
            return Made(http(), lambda: len(server.notes), lambda: server.told_of)
        case _:
            force = Force(network)
            return Made(
                salesforce(), lambda: len(force.comments), lambda: [*force.updates, *force.comments]
            )


def on(store: Store) -> tuple[str, int | None]:
    """What the built-in tables say of the case."""
    case = store.cases.find("17349013")
    assert case is not None
    return case.status, case.severity


def salesforce(clock: At | None = None, **more: Any) -> SalesforceCases:
    connect = connection("https://acme.my.salesforce.com", "token")
    return SalesforceCases(connect, clock or At(), **more)


def test_a_case_is_found_with_what_the_rules_need(made: Made) -> None:
    case = made.system.case("17349013", 3)

    assert case is not None
    assert (case.digits, case.status, case.severity) == ("17349013", "open", 2)
    assert case.owner == "ENG1"
    assert case.account is not None
    assert case.account.name == "Helio"
    assert CALLER in {phone for contact in case.contacts for phone in contact.phones}


def test_an_unknown_case_is_none(made: Made) -> None:
    assert made.system.case("17349099", 3) is None


def test_what_is_written_twice_with_one_key_counts_once(made: Made, store: Store) -> None:
    """The line has kept the note by then; the built-in tables are where it did."""
    kept = Note("key-1", "", "C17349013", "hello", "line", NOW, "internal")
    store.case_files.save(CaseFile("C17349013"), CaseRecords(notes=[kept]))
    note = Write("note", "C17349013", "key-1", {"text": "hello", "visibility": "internal"})
    for _ in range(2):
        made.system.write(note)

    assert made.notes() == 1


WRITES: dict[str, dict[str, Any]] = {
    "escalation": {"level": "M1", "reason": "", "requested_by": "caller"},
    "severity": {"severity": 1, "before": 2, "set_by": "ENG1"},
    "reopen": {"reason": "it is back"},
    "report": {"report": "SPR1", "state": "asked"},
}
# what the tables say of the closed case then, the request sent, the objects changed
EFFECTS: dict[str, tuple[Any, Any, Any]] = {
    "escalation": (
        ("closed", 2), ("POST", "/cases/C17349013/escalations", {"level": "M1"}),
        {"IsEscalated": True},
    ),
    "severity": (
        ("closed", 1), ("PATCH", "/cases/C17349013", {"severity": 1, "if_severity": 2}),
        {"Priority": "High"},
    ),
    "reopen": (
        ("open", 2), ("PATCH", "/cases/C17349013", {"status": "open"}), {"Status": "New"},
    ),
    "report": (
        ("closed", 2), ("POST", "/cases/C17349013/reports", {"report": "SPR1"}),
        "[key-report]\nReport SPR1",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", WRITES)
def test_every_kind_of_write_has_its_effect(made: Made, store: Store, kind: str) -> None:
    store.cases.change("C17349013", status="closed")
    made.system.write(Write(kind, "C17349013", f"key-{kind}", WRITES[kind]))
    did, (table, (method, path, body), changed) = made.did(), EFFECTS[kind]

    match made.system.name:
        case "built-in":
            assert did == table
        case "http":
            [(sent, to, told)] = did
            assert (sent, to) == (method, path)
            assert body.items() <= told.items()
        case _:
            assert did == [changed]


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
    [("500", Unreachable), ("503", Unreachable), ("429", Unreachable), ("401", Unreachable),
     ("302", Unreachable), ("308", Unreachable), ("409", Conflict),
     ("400", Refused), ("403", Refused)],
)  # fmt: skip
def test_what_a_status_means_for_a_write(server: Server, status: str, error: Any) -> None:
    server.fails = [status]

    with pytest.raises(error):
        http().write(Write("note", "C17349013", "k", {"text": "t"}))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_who_is_sent_elsewhere_has_neither_written_nor_read(
    network: responses.RequestsMock, status: int
) -> None:
    """A POST that follows a 302 becomes a GET, and its 200 would pass for written."""
    there = {"Location": f"{BASE}/elsewhere"}
    network.add(responses.GET, f"{BASE}/elsewhere", json=CASE)
    network.add(responses.POST, f"{BASE}/elsewhere", json=CASE)
    for method in (responses.GET, responses.POST):
        network.add(method, re.compile(f"{BASE}/cases/.*"), status=status, headers=there)

    with pytest.raises(Unreachable):
        http().write(Write("note", "C17349013", "k", {"text": "t"}))
    with pytest.raises(Unreachable):
        http().case("17349013", 3)


HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"


@contextmanager
def dripping(begin: bytes, drop: bytes) -> Iterator[tuple[str, Event]]:
    """A server that says ``begin`` at once and then ``drop`` again and again.

    Yields its address, and an event that is set from the first drop on.
    """
    dripped, stop = Event(), Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip() -> None:
            connection, _ = server.accept()
            with connection:
                try:
                    connection.sendall(begin)
                    while not stop.wait(0.02):
                        connection.sendall(drop)
                        dripped.set()
                except OSError:
                    return  # nobody listens any more

        thread = Thread(target=drip, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}", dripped
        finally:
            stop.set()
            thread.join()


@pytest.mark.parametrize(
    ("begin", "drop"),
    [(b"", b"H"), (b"HTTP/1.1 200 OK\r\nX: ", b"x"), (HEAD, b" ")],
    ids=["status", "headers", "body"],
)
def test_a_byte_at_a_time_does_not_outlast_the_budget(begin: bytes, drop: bytes) -> None:
    """The server never stops: the call returns at all only because its budget is used up."""
    with dripping(begin, drop) as (base, dripped):
        cases = HTTPCases(base, "", CaseNumbers(), At())
        with pytest.raises(Unreachable):
            cases.case("17349013", 0.3)

        assert dripped.wait(60)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"owner": "ENG1"}, "owner"),
        ({"account": "helio"}, "account"),
        ({"account": {"id": "helio", "contract": "Enterprise"}}, "account.contract"),
        ({"account": {"id": "helio", "contract": {"valid_to": "soon"}}}, "contract.valid_to"),
        ({"account": {"id": "helio", "zone": "Mars/Base"}}, "account.zone"),
        ({"contacts": ["x"]}, "contacts[0]"),
        ({"contacts": {"name": "x"}}, "contacts"),
        ({"contacts": [{"phones": 7}]}, "contacts[0].phones"),
        ({"severity": float("inf")}, "severity"),
        ({"severity": 100}, "severity"),
        ({"severity": True}, "severity"),
        ({"status": None}, "status"),
        ({"subject": ["x"]}, "subject"),
        ({"updated_at": "yesterday"}, "updated_at"),
    ],
)
def test_a_field_of_the_wrong_shape_is_named_in_the_log(
    network: responses.RequestsMock,
    wrong: dict[str, Any],
    field: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    network.add(responses.GET, f"{BASE}/cases/C17349013", body=json.dumps(CASE | wrong))

    with caplog.at_level(logging.WARNING), pytest.raises(Unreachable):
        http().case("17349013", 3)
    assert f"ValueError: {field} is" in caplog.text or f".{field} is" in caplog.text


def test_one_phone_and_a_queue_with_a_name_are_understood(network: responses.RequestsMock) -> None:
    more = {"contacts": [{"phones": CALLER}], "queue": {"id": "CAD-EMEA", "name": "CAD"}}
    network.add(responses.GET, f"{BASE}/cases/C17349013", json=CASE | more)
    case = http().case("17349013", 3)

    assert case is not None
    assert case.contacts[0].phones == (CALLER,)
    assert case.queue == "CAD-EMEA"


def test_what_is_older_than_a_quarter_of_an_hour_is_not_kept(server: Server) -> None:
    clock = At()
    cases = http(clock)
    cases.case("17349013", 3)
    clock.at += FRESH + timedelta(seconds=1)
    cases.case("17349099", 3)

    assert list(cases.last_known._known) == ["17349099"]


@pytest.mark.parametrize(("there", "done"), [(1, True), (2, False), (3, False)])
def test_a_severity_that_somebody_else_has_set_already_is_done(
    server: Server, there: int, done: bool
) -> None:
    server.severity, server.fails = there, ["409"]
    wish = Write("severity", "C17349013", "k", {"severity": 1, "before": 2})

    if done:
        http().write(wish)
    else:
        with pytest.raises(Conflict):
            http().write(wish)


# --- Salesforce ---


@pytest.mark.parametrize("status", [400, 401, 403, 404, 500])
@pytest.mark.parametrize("word", ["FROM Case", "FROM Contact", "FROM User"])
def test_a_salesforce_that_refuses_to_be_read_is_one_that_is_down(
    network: responses.RequestsMock, word: str, status: int
) -> None:
    Force(network).refuses = {word: status}

    with pytest.raises(Unreachable):
        salesforce().case("17349013", 3)


def test_a_record_without_its_fields_is_a_salesforce_that_is_down(
    network: responses.RequestsMock,
) -> None:
    Force(network).user = {"Id": "ENG1"}

    with pytest.raises(Unreachable):
        salesforce().case("17349013", 3)


def test_salesforce_has_the_same_breaker_and_memory(network: responses.RequestsMock) -> None:
    clock, force = At(), Force(network)
    cases = salesforce(clock)
    cases.case("17349013", 3)
    force.refuses, force.asked = {"FROM Case": 503}, []
    known = [cases.case("17349013", 3) for _ in range(FAILURES + 3)]

    assert all(case and case.stale for case in known)
    assert len(force.asked) == FAILURES


def test_a_session_that_has_ended_is_written_again_later(network: responses.RequestsMock) -> None:
    Force(network).refuses = {"FROM Case": 401}

    with pytest.raises(Unreachable):
        salesforce().write(Write("note", "C17349013", "k", {"text": "t"}))


def test_the_requests_of_one_look_up_share_its_budget() -> None:
    client = connection("https://acme.my.salesforce.com", "token")(0)

    with pytest.raises(requests.Timeout, match="no time is left"):
        client.session.get("https://acme.my.salesforce.com/")


# --- whose a case is ---


@pytest.mark.parametrize(
    ("id", "email", "ours"),
    [
        ("ENG1", "", "ENG1"),
        ("ENG1", "paul@acme.example", "ENG1"),
        ("005xx", "Paul@ACME.example", "MGR1"),
        ("005xx", "nobody@acme.example", None),
        ("", "", None),
    ],
)
def test_an_owner_is_found_by_id_then_by_email(
    store: Store,
    escalation: Line,
    network: responses.RequestsMock,
    id: str,
    email: str,
    ours: str | None,
) -> None:
    network.add(
        responses.GET, f"{BASE}/cases/C17349013", json=CASE | {"owner": {"id": id, "email": email}}
    )
    settings = Settings(cases_url=BASE, cases_token="a token")
    system = case_system_of(settings, escalation, At(), store)
    case = system.case("17349013", 3) if system else None

    assert case is not None
    assert case.owner == ours


def test_salesforce_is_asked_for_its_owners_e_mail(
    store: Store, escalation: Line, network: responses.RequestsMock
) -> None:
    force = Force(network)
    force.owner = "005000000000001"
    force.user = {"Id": force.owner, "Email": "PAUL@acme.example"}
    settings = Settings(cases_url="salesforce://acme.my.salesforce.com", cases_token="token")
    system = case_system_of(settings, escalation, At(), store)
    case = system.case("17349013", 3) if system else None

    assert case is not None
    assert case.owner == "MGR1"


# --- ivr case ---


def test_the_command_says_what_the_line_sees_and_from_where(
    store: Store, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IVR_DATABASE", str(store.connections.url))
    own = CliRunner().invoke(main, ["case", "C17349013"])
    monkeypatch.setenv("IVR_CASES_URL", BASE)
    theirs = CliRunner().invoke(main, ["case", "c-1734 9013"])

    assert (own.exit_code, theirs.exit_code) == (0, 0)
    assert re.search(r"source +built-in, \d+ ms", own.output)
    assert re.search(r"source +http, \d+ ms", theirs.output)
    assert "Assemblies open slowly" in theirs.output


@pytest.mark.parametrize(
    ("number", "fails", "code", "said"),
    [("C17349099", [], 1, "there is no case"), ("C17349013", ["slow"], 3, "can't be asked"),
     ("hello", [], 2, "isn't a valid case number")],
)  # fmt: skip
def test_the_command_ends_with_1_for_no_case_and_3_for_no_answer(
    store: Store,
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
    number: str,
    fails: list[str],
    code: int,
    said: str,
) -> None:
    monkeypatch.setenv("IVR_DATABASE", str(store.connections.url))
    monkeypatch.setenv("IVR_CASES_URL", BASE)
    server.fails = fails
    done = CliRunner().invoke(main, ["case", number])

    assert done.exit_code == code
    assert said in done.output


# --- on a call ---


def on_http(store: Store, line: Line, server: Server) -> tuple[Exchange, Desk]:
    exchange = Exchange(seed=4)
    return exchange, mount(exchange, store, line, case_system=http())


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
    assert store.case_files.escalations("C17349013")
    desk.hear("C17349013", "note", key="n", by="OP1", channel="web", text="second")
    exchange.wait(200)

    assert server.notes == ["Escalation M1 requested by phone", "second"]
    assert server.escalated
    assert {each.state for each in store.duties.all("post")} == {"done"}
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
    desk.hear("C17349099", "note", key="n", by="OP1", channel="web", text="lost")
    server.fails = ["400"]
    exchange.wait(5)

    [failed] = desk.on_case("C17349099", "note.failed")
    assert "400" in failed.data["why"]
    [dropped] = store.duties.all("post")
    assert dropped.state == "dropped"


def test_a_write_is_given_up_seven_days_after_it_was_decided(
    store: Store, server: Server, escalation: Line
) -> None:
    """However often it was put off: ``due`` moves with every try, the decision doesn't."""
    clock = At()
    writes = CaseWrites(store, http(clock), clock)
    desk = on_http(store, escalation, server)[1]
    desk.hear("C17349013", "note", key="n", by="OP1", channel="web", at=NOW, text="late")
    [made] = store.duties.all("post")

    def tried(after: timedelta) -> None:
        clock.at, server.fails = NOW + after, ["503"]
        due = clock.at - timedelta(minutes=15)
        writes.post(replace(made, due=due, attempts=len(PAUSES) + 1))

    with pytest.raises(NotYet):
        tried(GIVEN_UP_AFTER - timedelta(minutes=1))
    with pytest.raises(GivenUp):
        tried(GIVEN_UP_AFTER + timedelta(minutes=1))
