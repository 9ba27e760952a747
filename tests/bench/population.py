"""Fills a database: calls that are over, their events and duties, and people nobody asks for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Engine, Table, insert, select

from ivr.line.store import tables
from ivr.line.store.store import Store
from tests.bench.traffic import sid

TEAM = 20  # people of one team
AT_ONCE = 5_000  # rows of one statement
LATER = 1 << 40  # numbers of stored calls begin here, those of a measurement at 1


def fill(store: Store, calls: int, people: int) -> None:
    """Rows like those that the line itself has left behind in this database."""
    with store.connections.reading() as connection:
        models = {
            table: [dict(row._mapping) for row in connection.execute(select(table))]
            for table in (tables.calls, tables.events)
        }
        person = connection.execute(select(tables.people).limit(1)).one()._mapping
    model = models[tables.calls][0]
    logged = [event for event in models[tables.events] if event["call"] == model["sid"]]
    names = [sid(LATER + number) for number in range(calls)]
    _insert(store.connections.engine, tables.calls, (model | {"sid": name} for name in names))
    _insert(
        store.connections.engine,
        tables.events,
        (_without_id(event) | {"call": name} for name in names for event in logged),
    )
    _insert(store.connections.engine, tables.duties, (_notice(name) for name in names))
    _insert(
        store.connections.engine, tables.people, (_person(dict(person), n) for n in range(people))
    )


def _insert(engine: Engine, table: Table, rows: Iterator[dict[str, Any]]) -> None:
    while some := [row for _, row in zip(range(AT_ONCE), rows, strict=False)]:
        with engine.begin() as connection:
            connection.execute(insert(table), some)


def _without_id(event: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in event.items() if name != "id"}


def _notice(call: str) -> dict[str, Any]:
    return {
        "key": f"{call}:notify:1", "call": call, "kind": "notify", "owner": "ENG1", "lane": "",
        "due": 0, "data": "{}", "state": "done",
    }  # fmt: skip


def _person(model: dict[str, Any], number: int) -> dict[str, Any]:
    """An engineer of some other team."""
    return model | {
        "id": f"X{number}", "phone": f"+339{72000000 + number}", "roles": "engineer",
        "manager": f"X{number - number % TEAM}", "delegate": None, "answers_zero": False,
        "team": f"T{number // TEAM}", "on_call": False, "busy_with": None,
    }  # fmt: skip
