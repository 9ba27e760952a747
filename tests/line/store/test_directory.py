"""Who works here is remembered, and how they are just now is not: what another process changes is
seen the next time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Executable, delete, insert, text, update

from ivr.line.desk.candidates import Directory
from ivr.line.desk.cases import Account, Case
from ivr.line.store import people, tables
from ivr.line.store.asked import Asked
from ivr.line.store.instants import ticks
from ivr.line.store.store import Store
from tests.kit.databases import Rows, emptied, fill
from tests.kit.desk import START

NOW = START
SOON = ticks(NOW + timedelta(hours=1))


@pytest.fixture
def store(url: str, sample_rows: Rows) -> Iterator[Store]:
    with emptied(url) as store:
        fill(store, sample_rows)
        yield store


@pytest.fixture
def other(store: Store) -> Iterator[Store]:
    """Another process of the line."""
    made = Store(store.connections.url)
    yield made
    made.close()


def change(store: Store, statement: Executable) -> None:
    with store.connections.writing() as connection:
        connection.execute(statement)


def of_people(**values: Any) -> Executable:
    return update(tables.people).where(tables.people.c.id == "MGR1").values(values)


def shift(id: str, person: str) -> dict[str, Any]:
    model = dict.fromkeys(("region", "product", "holidays"), "") | {
        "zone": "UTC",
        "days": "0123456",
    }
    return model | {"id": id, "person": person, "role": "duty", "starts": "00:00", "ends": "00:00"}


OVERRIDE = {
    "id": "o1", "person": "MGR1", "role": "duty", "region": "", "product": "", "starts": 0,
    "ends": SOON,
}  # fmt: skip
FEED = {"id": "f1", "url": "", "role": "duty", "region": "", "product": "", "zone": "UTC"}
ENTRY = {"id": "e1", "feed": "f1", "person": "MGR1", "starts": 0, "ends": SOON}
QUEUE = update(tables.queues).where(tables.queues.c.id == "CAD-EMEA")

CHANGES: list[tuple[str, list[Executable], Callable[[Directory], object]]] = [
    ("name", [of_people(name="Anna")], lambda seen: seen.people["MGR1"].name == "Anna"),
    ("roles", [of_people(roles="cook")], lambda seen: seen.people["MGR1"].roles == {"cook"}),
    ("number", [of_people(phone="+331")], lambda seen: seen.people["MGR1"].phone == "+331"),
    ("hours", [of_people(hours="01:00-02:00")], lambda seen: seen.people["MGR1"].hours),
    (
        "delegate",
        [of_people(delegate="ENG2")],
        lambda seen: seen.people["MGR1"].delegate == "ENG2" and "ENG2" in seen.people,
    ),
    (
        "gone",
        [delete(tables.people).where(tables.people.c.id == "OP2")],
        lambda seen: "OP2" not in seen.people,
    ),
    (
        "shift",
        [insert(tables.shifts).values(shift("s", "ENG2"))],
        lambda seen: "ENG2" in seen.people and "s" in {each.id for each in seen.shifts},
    ),
    ("no shifts", [delete(tables.shifts)], lambda seen: not seen.shifts),
    (
        "override",
        [insert(tables.overrides).values(OVERRIDE)],
        lambda seen: "o1" in {each.id for each in seen.stints},
    ),
    (
        "calendar",
        [insert(tables.feeds).values(FEED), insert(tables.feed_entries).values(ENTRY)],
        lambda seen: "e1" in {each.id for each in seen.stints},
    ),
    (
        "queue",
        [QUEUE.values(manager="DIR2")],
        lambda seen: seen.queues["CAD-EMEA"].manager == "DIR2",
    ),
]  # fmt: skip


def case_of(store: Store) -> Case:
    case = store.cases.find("17349013")
    assert case is not None
    return case


@pytest.mark.parametrize(
    ("statements", "seen"), [each[1:] for each in CHANGES], ids=[each[0] for each in CHANGES]
)
def test_what_another_process_changes_is_seen_the_next_time(
    store: Store, other: Store, statements: list[Executable], seen: Callable[[Directory], object]
) -> None:
    case = case_of(store)
    assert not seen(store.people.directory(case, NOW))

    for statement in statements:
        change(other, statement)

    assert seen(store.people.directory(case, NOW))


def test_how_somebody_is_just_now_is_read_each_time(store: Store, other: Store) -> None:
    def operator() -> tuple[str, str | None]:
        found = store.people.directory(None, NOW).people["OP1"]
        return found.status, found.busy_with

    assert operator() == ("available", None)

    other.people.claim("OP1", "CA1/1-1")
    assert operator() == ("available", "CA1/1-1")
    other.people.set_status("OP1", "dnd", at=NOW, until=NOW + timedelta(hours=1))
    assert operator() == ("dnd", "CA1/1-1")
    other.people.release("OP1", "CA1/1-1", NOW, "taken")
    assert operator() == ("dnd", None)
    assert store.people.directory(None, NOW).people["OP1"].last_taken == NOW
    assert (
        store.people.directory(None, NOW + timedelta(hours=2)).people["OP1"].status == "available"
    )


def test_what_is_over_is_left_out_as_time_goes_on(store: Store) -> None:
    change(store, insert(tables.overrides).values(OVERRIDE))
    before, after = NOW, NOW + timedelta(hours=2)

    assert [each.id for each in store.people.directory(None, after).stints] == []
    assert [each.id for each in store.people.directory(None, before).stints] == ["o1"]
    assert [each.id for each in store.people.directory(None, after).stints] == []


def test_an_account_and_its_contacts_are_seen_as_they_are_now(store: Store, other: Store) -> None:
    assert case_of(store).account is not None

    change(other, update(tables.accounts).values(name="Selene"))
    account = case_of(store).account
    assert isinstance(account, Account)
    assert account.name == "Selene"

    change(other, update(tables.contacts).values(phones="+331"))
    assert {each.phones for each in case_of(store).contacts} == {("+331",)}
    change(other, update(tables.cases).values(severity=4))
    assert case_of(store).severity == 4


class Counting(Asked):
    """Counts what is asked, and may let something happen just before."""

    def __init__(self, store: Store) -> None:
        connections = store.connections
        super().__init__(connections.own, type(connections.engine.dialect))
        self.asked: list[Executable] = []
        self.before: dict[Executable, Callable[[], object]] = {}

    def rows(self, statement: Executable, **values: Any) -> list[Any]:
        self.asked.append(statement)
        if happens := self.before.pop(statement, None):
            happens()
        return super().rows(statement, **values)


def test_what_is_remembered_is_not_asked_again(store: Store) -> None:
    asked = store.connections.asked = Counting(store)
    case = case_of(store)
    store.people.directory(case, NOW)
    asked.asked.clear()

    assert case_of(store) == case
    store.people.directory(case, NOW)

    assert len(asked.asked) == 2  # the case itself, and how everybody is


def test_what_is_changed_while_it_is_read_is_read_once_more(store: Store, other: Store) -> None:
    asked = store.connections.asked = Counting(store)
    renamed = of_people(name="Anna")

    asked.before[people._PRESENCE] = lambda: change(other, renamed)
    store.people.directory(None, NOW)

    case = case_of(store)
    assert store.people.directory(case, NOW).people["MGR1"].name == "Anna"
    asked.before[people._SHIFTS] = lambda: change(other, of_people(name="Berta"))
    store.people.directory(None, NOW)
    assert store.people.directory(case, NOW).people["MGR1"].name == "Berta"


def test_a_change_that_is_undone_is_none(store: Store, other: Store) -> None:
    before = version(store)
    with other.connections.writing(rollback=True) as connection:
        connection.execute(of_people(name="Anna"))

    assert version(store) == before
    assert store.people.directory(None, NOW).people["OP1"].name != "Anna"


def version(store: Store) -> str:
    with store.connections.reading() as connection:
        return str(connection.execute(text("SELECT version FROM directory")).scalar_one())
