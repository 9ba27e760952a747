"""Statements asked through the driver find and change what SQLAlchemy finds and changes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import bindparam, select, update

from ivr.line.store import calls, case_files, cases, people, tables, tallies
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
    (people._SHIFTS, {}),
    (people._QUEUES, {"queue": None}),
    (people._STINTS, {"now": 0}),
    (calls._RECENT, {"caller": "+33155500101", "since": 0}),
    (calls._WAITING, {}),
    (cases._CASE, {"digits": "17349013"}),
    (cases._CONTACTS, {"account": "helio"}),
    (case_files._FILE, {"number": "C17349013"}),
    (tallies._COUNT, {"bucket": "a", "since": 0}),
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


def test_only_a_select_has_rows(store: Store) -> None:
    with pytest.raises(TypeError, match="only a SELECT has rows"):
        store.connections.asked.rows(update(_people).values(status="dnd"))


def test_of_no_rows_there_is_no_first(store: Store) -> None:
    nobody = select(_people).where(_people.c.id == bindparam("id"))

    assert store.connections.asked.row(nobody, id="nobody") is None
