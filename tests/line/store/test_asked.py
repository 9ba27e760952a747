"""Statements asked through the driver find and change what SQLAlchemy finds and changes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import bindparam, select, update

from ivr.line.store import calls, case_files, cases, feeds, people, tables, tallies
from ivr.line.store.inserts import add_new
from ivr.line.store.store import Store
from tests.kit.databases import Rows, emptied, fill

_people = tables.people
ASKED: list[tuple[Any, dict[str, Any]]] = [
    (people._PEOPLE, {}),
    (people._OPERATORS, {}),
    (people._MANAGERS, {}),
    (people._NAMED, {"ids": ["MGR1", "OP1", "nobody"]}),
    (people._NAMED, {"ids": ["MGR2"]}),
    (people._NAMED, {"ids": []}),
    (people._AT_PHONE, {"phone": "+33155500011"}),
    (people._TEAM, {"team": "CAD"}),
    (people._BUSY, {}),
    (people._PRESENCE, {"ids": ["MGR1", "OP1"]}),
    (people._SHIFTS, {}),
    (people._QUEUES, {"queue": None}),
    (people._STINTS, {"now": 0}),
    (calls._RECENT, {"caller": "+33155500101", "since": 0}),
    (calls._WAITING, {}),
    (cases._CASE, {"digits": "17349013"}),
    (cases._CONTACTS, {"account": "helio"}),
    (case_files._FILE, {"number": "C17349013"}),
    (feeds._ALL, {}),
    (tallies._COUNT, {"whose": "a", "since": 0}),
]


@pytest.fixture
def store(url: str, sample_rows: Rows) -> Iterator[Store]:
    with emptied(url) as store:
        fill(store, sample_rows)
        yield store


@pytest.mark.parametrize(("statement", "values"), ASKED)
def test_it_finds_what_sqlalchemy_finds(
    store: Store, statement: Any, values: dict[str, Any]
) -> None:
    with store.connections.reading() as connection:
        expected = connection.execute(statement, values).all()
    found = store.connections.asked.rows(statement, **values)

    assert sorted(found, key=repr) == sorted((tuple(row) for row in expected), key=repr)
    assert [row._fields for row in found] == [row._fields for row in expected]
    for row, other in zip(sorted(found, key=repr), sorted(expected, key=repr), strict=True):
        assert [type(each) for each in row] == [type(each) for each in other]


def test_it_changes_what_sqlalchemy_would_change(store: Store) -> None:
    quiet = update(_people).where(_people.c.id.in_(bindparam("ids", expanding=True)))
    asked = store.connections.asked

    assert asked.change(quiet.values(status="dnd", delegate=None), ids=["MGR1", "MGR2", "?"]) == 2
    assert {each.id for each in store.people.all() if each.status == "dnd"} == {"MGR1", "MGR2"}


def test_a_value_that_is_missing_is_an_error(store: Store) -> None:
    """And not a question for NULL, which finds nothing."""
    with pytest.raises(Exception, match=r"(?i)phone"):
        store.connections.asked.rows(people._AT_PHONE)


def test_what_is_changed_can_be_returned(store: Store) -> None:
    quiet = update(_people).where(_people.c.id == "MGR1").values(status="dnd")

    changed = store.connections.asked.changed(quiet.returning(_people.c.status, _people.c.active))

    assert [(row.status, row.active) for row in changed] == [("dnd", True)]


def test_a_change_that_returns_nothing_has_no_rows(store: Store) -> None:
    with pytest.raises(TypeError, match="returns no rows"):
        store.connections.asked.rows(update(_people).values(status="dnd"))


def test_what_is_written_together_counts_together(store: Store) -> None:
    hold = {"case": "C1", "reason": "", "by": "", "at": 0}
    with store.connections.asked.writing() as writing:
        assert add_new(writing, tables.holds, hold)
        assert not add_new(writing, tables.holds, hold)
        assert writing.change(update(_people).values(status="dnd")) == len(store.people.all())

    assert {each.status for each in store.people.all()} == {"dnd"}
    assert [each.case for each in store.privacy.holds()] == ["C1"]


def test_what_is_raised_undoes_what_was_written(store: Store) -> None:
    hold = {"case": "C1", "reason": "", "by": "", "at": 0}

    def write_two() -> None:
        with store.connections.asked.writing() as writing:
            add_new(writing, tables.holds, hold)
            add_new(writing, tables.holds, hold | {"case": None})

    with pytest.raises(Exception, match=r"(?i)null"):
        write_two()

    assert store.privacy.holds() == []
    with store.connections.asked.writing() as writing:
        assert add_new(writing, tables.holds, hold)


def test_of_no_rows_there_is_no_first(store: Store) -> None:
    nobody = select(_people).where(_people.c.id == bindparam("id"))

    assert store.connections.asked.row(nobody, id="nobody") is None
