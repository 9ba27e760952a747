"""`/livez`, `/readyz` and `/metrics`: what is said of a line that is well, or isn't."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from ivr.errors import SettingsError
from ivr.line.records import Duty
from ivr.line.service.health import Health
from ivr.line.store.store import Store
from ivr.line.web.pages.app import create_pages
from ivr.line.web.webhooks.app import create_app
from ivr.simulator import Handset
from tests.kit.databases import postgres
from tests.kit.desk import ENTRY, Desk

TOKEN = "a token of some length"
SOON = 0.2  # seconds that these probes wait for a database that hangs


@pytest.fixture
def probe(desk: Desk) -> FlaskClient:
    return create_app(desk.services, metrics_token=TOKEN).test_client()


def ready(probe: FlaskClient, **exclude: Any) -> tuple[int, list[str], dict[str, Any]]:
    """The status, what is wrong, and what is said of each check."""
    answer = probe.get("/readyz", query_string=exclude)
    said = answer.get_json()
    return answer.status_code, said["wrong"], said["checks"]


def impatient(desk: Desk) -> FlaskClient:
    """A probe that doesn't wait long."""
    health = Health(desk.store, desk.exchange.clock, within=SOON)
    return create_app(replace(desk.services, health=health)).test_client()


def test_all_is_well(probe: FlaskClient) -> None:
    status, wrong, checks = ready(probe)

    assert (status, wrong) == (200, [])
    assert set(checks) == {"database", "schema", "duties", "carrier"}
    assert all(each["ok"] for each in checks.values())


def test_pages_say_the_same_to_whoever_asks(desk: Desk, probe: FlaskClient) -> None:
    pages = create_pages(desk.services).test_client()

    for path in ("/livez", "/readyz"):
        assert pages.get(path).get_json() == probe.get(path).get_json()
        assert pages.get(path).status_code == 200


def test_a_duty_that_nobody_carries_out(desk: Desk, probe: FlaskClient) -> None:
    desk.store.duties.add([Duty("late", "", "rota", desk.exchange.clock.now())])
    desk.exchange.wait(60)
    assert ready(probe)[0] == 200

    desk.exchange.wait(1)

    status, wrong, checks = ready(probe)
    assert (status, wrong) == (503, ["duties"])
    assert "(rota) has been due for 61 s" in checks["duties"]["says"]
    assert checks["duties"]["code"] == "late"
    assert ready(probe, exclude="duties")[:2] == (200, [])
    desk.duties.everything()
    assert ready(probe)[0] == 200


def test_a_check_that_does_not_exist_cannot_be_left_out(probe: FlaskClient) -> None:
    answer = probe.get("/readyz?exclude=datbase")

    assert answer.status_code == 400
    assert "database, schema, duties, carrier" in answer.get_json()["error"]


def test_another_version_of_the_schema(desk: Desk, probe: FlaskClient) -> None:
    with desk.store.connections.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0019'"))

    status, wrong, checks = ready(probe)

    assert (status, wrong) == (503, ["schema"])
    assert "ivr db migrate" in checks["schema"]["says"]


# ---- the carrier


def ask_for_an_operator(desk: Desk, caller: Handset) -> None:
    caller.call(ENTRY)
    desk.exchange.wait(2)
    caller.press("0")
    desk.exchange.wait(1)


@pytest.mark.lenient_calls
@pytest.mark.parametrize("how", ["500", "timeout", "answer lost"])
def test_a_carrier_that_does_not_answer_until_it_does(
    desk: Desk, probe: FlaskClient, caller: Handset, how: str
) -> None:
    with desk.exchange.rest_fails(how):
        ask_for_an_operator(desk, caller)
        assert ready(probe)[:2] == (503, ["carrier"])
        caller.hang_up()

    ask_for_an_operator(desk, desk.exchange.phone("+33155500177"))
    assert ready(probe)[0] == 200


@pytest.mark.lenient_calls
@pytest.mark.unaudited("nothing is done for the caller any more")
def test_a_failure_of_long_ago_says_nothing_of_now(
    desk: Desk, probe: FlaskClient, caller: Handset
) -> None:
    with desk.exchange.rest_fails("500"):
        ask_for_an_operator(desk, caller)
    desk.duties.stop()

    desk.exchange.wait(timedelta(minutes=6).total_seconds())

    assert "carrier" not in ready(probe)[1]


# ---- a database that doesn't do its work


@contextmanager
def locked(desk: Desk) -> Iterator[None]:
    """Another process writes for as long as that."""
    file = desk.store.connections.url.removeprefix("sqlite:///")
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    yield
    other.execute("ROLLBACK")
    other.close()


def threads() -> int:
    return sum(each.name == "ivr-health" for each in threading.enumerate())


def test_a_locked_database_is_told_of_in_time_however_often_it_is_asked(desk: Desk) -> None:
    probe = impatient(desk)

    with locked(desk):
        answers = [ready(probe) for _ in range(3)]
        assert threads() == 1

    for status, wrong, checks in answers:
        assert (status, wrong) == (503, ["database", "schema", "duties", "carrier"])
        assert checks["database"]["says"] == "no write has come back within 0.2 s"
        assert checks["database"]["code"] == "hangs"
        assert checks["duties"]["ok"] is None
    assert probe.get("/livez").status_code == 200
    while threads():  # what hung comes to its end
        pass
    assert ready(probe)[0] == 200


@pytest.mark.unaudited("the database is gone")
def test_a_database_that_refuses_is_told_of_without_its_words(
    desk: Desk, probe: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    with desk.store.connections.writing() as connection:
        connection.execute(text("DROP TABLE signs"))

    status, wrong, checks = ready(probe)

    assert (status, wrong[0]) == (503, "database")
    assert checks["database"]["says"] == "a write fails: unexpected; the log says more"
    assert "no such table" in caplog.text


@pytest.mark.postgres
def test_a_hanging_server_is_told_of_in_time(desk: Desk) -> None:
    with postgres() as url:
        store = Store(url)
        store.migrate()
        health = Health(store, desk.exchange.clock, within=SOON)
        assert all(check.ok for check in health.checks())

        with store.connections.writing() as connection:
            connection.execute(text("LOCK TABLE signs"))
            assert [check.code for check in health.checks()] == ["hangs", *["unknown"] * 3]
        while threads():
            pass
        assert all(check.ok for check in health.checks())
        while threads():
            pass
        store.close()


# ---- who may read the metrics


def test_metrics_are_for_whoever_has_the_token(desk: Desk, probe: FlaskClient) -> None:
    known = {"Authorization": f"Bearer {TOKEN}"}

    assert probe.get("/metrics").status_code == 401
    assert probe.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}s"}).status_code == 401
    assert probe.get("/metrics", headers={"Authorization": "Bearer é"}).status_code == 401
    answer = probe.get("/metrics", headers=known)
    assert answer.status_code == 200
    assert answer.content_type.startswith("text/plain; version=")
    for app in (create_app(desk.services), create_pages(desk.services)):
        assert app.test_client().get("/metrics", headers=known).status_code == 404
    with pytest.raises(SettingsError, match="16 characters"):
        create_app(desk.services, metrics_token="short")
