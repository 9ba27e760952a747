"""The database fails in the middle of calls: each caller hears a sentence and gets a person, and
when it works again the line goes on by itself."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ivr.line.definition import Line
from ivr.line.store.store import Store
from ivr.simulator import Exchange
from tests.kit import database_faults as faults
from tests.kit.desk import CALLER, ENTRY, Desk, mount
from tests.kit.telephones import keyed

SORRY = "Something went wrong"
ON_SQLITE = {
    "locked": faults.locked,
    "read-only": faults.read_only,
    "full": faults.full,
    "damaged": faults.damaged,
    "gone": faults.gone,
}
ON_POSTGRES = {"down": faults.down, "standby": faults.standby, "taken": faults.taken}
EACH = [("sqlite", name) for name in ON_SQLITE] + [
    pytest.param("postgres", name, marks=pytest.mark.postgres) for name in ON_POSTGRES
]


@pytest.fixture
def desk(kind: str, sqlite_desk: Desk) -> Desk:
    return sqlite_desk


@pytest.fixture
def sqlite_desk(sample_database: Path, tmp_path: Path, escalation: Line) -> Desk:
    shutil.copy(sample_database, tmp_path / "ivr.db")
    store = Store(f"sqlite:///{tmp_path / 'ivr.db'}", busy_for=0.02)
    return mount(Exchange(seed=1), store, escalation)


@pytest.mark.parametrize("fault", list(ON_SQLITE))
@pytest.mark.parametrize("where", ["first", "menu", "queue", "key"])
def test_probe(sqlite_desk: Desk, fault: str, where: str, caplog) -> None:
    desk = sqlite_desk
    ex = desk.exchange
    caller = ex.phone(CALLER)
    reception = ex.phone(desk.line.config.fallback)
    if where != "first":
        caller.call(ENTRY)
        if where != "menu":
            keyed(caller, ex, "2", "0")
            ex.wait(20)
    with ON_SQLITE[fault](desk.store):
        if where == "first":
            caller.call(ENTRY)
        elif where == "menu":
            caller.press("2")
        elif where == "key":
            caller.press("0")
        import time

        t = time.monotonic()
        ok = ex.wait_until(lambda: reception.ringing, at_most=120)
        print(fault, where, "rings", reception.ringing, "real", time.monotonic() - t)
        print([h.text for h in caller.heard][-6:])
        reception.answer()
        ex.wait(3)
        print(caller.connected_to)
    for r in caplog.records:
        print(r.levelname, r.name, r.getMessage()[:200])
    assert 0
