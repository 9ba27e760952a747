"""The database fails in the middle of calls: each caller hears a sentence and gets a person, each
webhook is answered, the log says in one line what is wrong; and the line then goes on by itself."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from ivr.line.definition import Line
from ivr.line.store.connections import ANSWERS_WITHIN
from ivr.line.store.driver import BUSY_FOR
from ivr.line.store.store import Store
from ivr.line.web.webhooks.webhooks import SOON
from ivr.simulator import Exchange, Handset
from tests.kit.database_faults import (
    Fault,
    damaged,
    down,
    full,
    gone,
    locked,
    read_only,
    standby,
    taken,
)
from tests.kit.databases import Rows, emptied, fill
from tests.kit.desk import ENTRY, Desk, mount
from tests.kit.telephones import accept, keyed, reach_operator

BUSY = 0.02  # seconds; in production `BUSY_FOR`
ON_SQLITE = [
    pytest.param(locked, "locked", "is locked by another process", id="locked"),
    pytest.param(read_only, "read-only", "can't be written to", id="read-only"),
    pytest.param(full, "full", "can't grow", id="full"),
    pytest.param(damaged, "damaged", "is damaged", id="damaged"),
    pytest.param(gone, "unreachable", "doesn't answer", id="gone"),
]
ON_POSTGRES = [
    pytest.param(down, "unreachable", "doesn't answer", id="down"),
    pytest.param(standby, "read-only", "can't be written to", id="standby"),
    pytest.param(taken, "locked", "is locked by another process", id="taken"),
]
WHERE = ("first", "menu", "queue", "key")
SORRY = "Toutes nos excuses, une erreur s'est produite."  # in the number's first language


@pytest.fixture
def desk(sample_database: Path, tmp_path: Path, escalation: Line) -> Iterator[Desk]:
    shutil.copy(sample_database, tmp_path / "ivr.db")
    store = Store(f"sqlite:///{tmp_path / 'ivr.db'}", busy_for=BUSY)
    yield mount(Exchange(seed=1), store, escalation)
    store.close()


@pytest.fixture
def postgres_desk(servers_database: str, sample_rows: Rows, escalation: Line) -> Iterator[Desk]:
    with emptied(servers_database) as filled:
        fill(filled, sample_rows)
        store = Store(servers_database, busy_for=BUSY)
        yield mount(Exchange(seed=1), store, escalation)
        store.close()


def stands(desk: Desk, caller: Handset, where: str) -> None:
    """The caller has got so far."""
    if where == "first":
        return
    caller.call(ENTRY)
    keyed(caller, desk.exchange, "2")
    if where != "menu":
        keyed(caller, desk.exchange, "0")
        desk.exchange.wait(20)


def goes_on(caller: Handset, where: str) -> None:
    """What the caller does next."""
    if where == "first":
        caller.call(ENTRY)
    elif where != "queue":  # there it is enough to wait
        caller.press("0")


def through_a_fault(desk: Desk, where: str, fault: Fault, code: str) -> None:
    """The caller reaches the desk's own telephone; the next caller, afterwards, an operator."""
    caller, reception = desk.exchange.phone("+33155501001"), fallback(desk)
    stands(desk, caller, where)
    with fault(desk.store):
        assert not_ready(desk) == ["database", code]
        goes_on(caller, where)
        desk.exchange.wait_until(lambda: reception.ringing, at_most=60)
        reception.answer()
        desk.exchange.wait_until(lambda: caller.connected_to == {reception}, at_most=10)
    assert SORRY in [each.text for each in caller.heard]
    assert "database" not in not_ready(desk)
    caller.hang_up()
    for phone in desk.exchange.phones.values():
        if phone.in_call or phone.ringing:
            phone.hang_up()
    next_one = desk.exchange.phone("+33155501002")
    reach_operator(next_one, desk.phone("OP2"), desk.exchange)
    next_one.hang_up()
    assert {each.status for each in desk.exchange.requests} == {200}


def not_ready(desk: Desk) -> list[str]:
    """The first thing that isn't right, and its code."""
    answer = desk.app.test_client().get("/readyz").get_json()
    checks = answer["checks"]
    return [each for wrong in answer["wrong"][:1] for each in (wrong, checks[wrong]["code"])]


def fallback(desk: Desk) -> Handset:
    return desk.exchange.phone(desk.line.config.fallback)


def said_once(caplog: pytest.LogCaptureFixture, says: str) -> None:
    """The log names the fault, a line each time, and nothing else that looks like a defect."""
    assert says in caplog.text
    assert [each for each in caplog.records if each.exc_info] == []


@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize(("fault", "code", "says"), ON_SQLITE)
def test_a_caller_reaches_a_person_though_the_database_fails(
    desk: Desk, where: str, fault: Fault, code: str, says: str, caplog: pytest.LogCaptureFixture
) -> None:
    through_a_fault(desk, where, fault, code)
    said_once(caplog, says)


@pytest.mark.postgres
@pytest.mark.parametrize("where", ["menu", "queue"])
@pytest.mark.parametrize(("fault", "code", "says"), ON_POSTGRES)
def test_a_caller_reaches_a_person_though_the_server_fails(
    postgres_desk: Desk,
    where: str,
    fault: Fault,
    code: str,
    says: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    through_a_fault(postgres_desk, where, fault, code)
    said_once(caplog, says)


@pytest.mark.parametrize("fault", [locked, read_only, full])
def test_a_conversation_is_not_disturbed_and_its_end_is_found_out(desk: Desk, fault: Fault) -> None:
    """Nobody hears of the end when it happens; the carrier is asked for it later."""
    desk.services.begin()
    caller, operator = desk.exchange.phone("+33155501001"), desk.phone("OP1")
    reach_operator(caller, operator, desk.exchange)
    with fault(desk.store):
        desk.exchange.wait(30)
        assert caller.connected_to == {operator}
        caller.hang_up()
        desk.exchange.wait(30)

    desk.exchange.wait_until(lambda: desk.store.calls.open() == [], at_most=20 * 60)
    assert [each.id for each in desk.store.people.all() if each.busy_with] == []


def test_what_had_to_be_done_meanwhile_is_never_given_up(desk: Desk) -> None:
    caller = desk.exchange.phone("+33155501001")
    caller.call(ENTRY)
    with read_only(desk.store):
        desk.exchange.wait(3)
    keyed(caller, desk.exchange, "2", "0")
    with full(desk.store):
        desk.exchange.wait(600)

    assert [each for each in desk.store.duties.all() if each.state == "dropped"] == []


def test_a_server_that_takes_connections_and_says_nothing_is_given_up_on(
    escalation: Line,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        store = Store(f"postgresql://me@127.0.0.1:{silent.getsockname()[1]}/ivr")
        desk = mount(Exchange(seed=1), store, escalation)
        caller = desk.exchange.phone("+33155501001")
        caller.call(ENTRY)

        desk.exchange.wait_until(lambda: fallback(desk).ringing, at_most=30)
        assert SORRY in [each.text for each in caller.heard]
        store.close()


def test_a_webhook_is_answered_before_the_carrier_gives_up() -> None:
    """A turn waits for a lock or a server at most twice; one that has waited isn't tried again."""
    assert SOON < BUSY_FOR
    assert SOON + 2 * BUSY_FOR < 15
    assert SOON + 2 * ANSWERS_WITHIN < 15


def test_who_is_rung_when_it_works_again_is_put_through(desk: Desk) -> None:
    caller = desk.exchange.phone("+33155501001")
    caller.call(ENTRY)
    keyed(caller, desk.exchange, "2", "0")
    with read_only(desk.store):
        desk.exchange.wait(5)
    accept(desk.phone("OP1"), desk.exchange)

    desk.exchange.wait_until(lambda: caller.connected_to == {desk.phone("OP1")}, at_most=60)
