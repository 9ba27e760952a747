"""The line with its sample desk, on the simulated network: what most tests begin with."""

from __future__ import annotations

import gc
import os
import shutil
from collections.abc import Generator, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from flows.escalation import FOLDER, line
from ivr.line.definition import Line
from ivr.line.store.store import Store
from ivr.simulator import Exchange, Handset
from tests.kit import auditor, rest_shapes
from tests.kit.desk import CALLER, Desk, mount

pytest_plugins = ["pytester"]
PASSED = pytest.StashKey[bool]()
settings.register_profile(
    "unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)  # how long something takes depends on the machine
settings.load_profile("unhurried")

# What waits for browsers, processes and other languages begins first, and the rest fills the time.
WAIT = ("browser", "server", "packaging", "samples", "cli", "simulator/test_programs_rest.py")
WAITING = tuple(str(Path(__file__).parent / each) for each in WAIT)


@pytest.hookimpl(wrapper=True, optionalhook=True)
def pytest_xdist_auto_num_workers() -> Generator[None, int, int]:
    """Two more than there are processors, since about two wait at any time, or as told."""
    processors = yield
    return processors if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ else processors + 2


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: not str(item.path).startswith(WAITING))


def pytest_collection_finish() -> None:
    """Thousands of tests stay until the end: nobody need look at them again for garbage."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def never_twilio() -> None:
    """Some tests here are about requests of this process that no network intercepts."""


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


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.when == "call":
        item.stash[PASSED] = report.passed
    return report


@pytest.fixture
def exchange(
    request: pytest.FixtureRequest, exchange: Exchange, store: Store, escalation: Line
) -> Iterator[Exchange]:
    """The simulated network with the line's numbers and everybody's telephones on it.

    At the end of a test that has passed, what the line says is held against what was so; a test
    that cheats says why: ``@pytest.mark.unaudited("why")``.
    """
    exchange.taps.append(rest_shapes.check)
    exchange.desk = mount(exchange, store, escalation)  # type: ignore[attr-defined]
    yield exchange
    if request.node.stash.get(PASSED, False) and not request.node.get_closest_marker("unaudited"):
        auditor.check(exchange.desk)  # type: ignore[attr-defined]


@pytest.fixture
def desk(exchange: Exchange) -> Desk:
    mounted: Desk = exchange.desk  # type: ignore[attr-defined]
    return mounted


@pytest.fixture
def escalated(desk: Desk) -> Desk:
    """The desk, where C17349021 has M1 since yesterday and its manager met the customer once."""
    then = desk.exchange.clock.now() - timedelta(days=1)
    for what, by in (("escalate", "caller"), ("accept", "MGR1")):
        desk.hear("C17349021", what, key=what, by=by, channel="phone", at=then, level="M1")
    for duty in desk.store.duties.all():
        desk.store.duties.done(duty)
    return desk


@pytest.fixture
def caller(exchange: Exchange) -> Handset:
    return exchange.phone(CALLER)
