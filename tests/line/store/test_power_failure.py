"""When the power fails: nothing that was answered is lost, at whichever point that is."""

from __future__ import annotations

import random
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Barrier
from typing import NamedTuple

import pytest
from flask import Flask
from sqlalchemy import text

from flows.escalation import FOLDER
from ivr.line.definition import Line
from ivr.line.service.services import build_services
from ivr.line.store.connections import checkpoint
from ivr.line.store.store import Store
from ivr.line.store.syncing import GroupSync, Sync, to_disk
from ivr.line.web.webhooks.app import create_app
from ivr.simulator import Exchange
from tests.bench import traffic
from tests.kit.databases import postgres
from tests.kit.disks import Disk, disk

CALLERS = 8  # at once
ANSWERS = 4
PAGES = 10  # in the log, until SQLite moves them into the file by itself


class Answered(NamedTuple):
    """A caller was told what came after so many turns."""

    sid: str
    turns: int


def opened(file: Path, sync: Sync, power_safe: bool = True) -> Store:
    return Store(f"sqlite:///{file}", power_safe=power_safe, sync=sync)


def webhooks(line: Line, store: Store) -> Flask:
    twilio = Exchange(seed=1).client
    services = build_services(line, store, twilio=twilio, public_url=traffic.ORIGIN)
    return create_app(services, auth_token=traffic.TOKEN)


def calls_on(line: Line, store: Store, seen: Disk) -> None:
    """Eight callers at once, and when they have hung up another eight, each with four answers;
    every answer is written down. In between the log is moved into the file, and begins anew."""
    app = webhooks(line, store)

    def call(number: int) -> None:
        sid = traffic.sid(number)
        store.connections.own().execute(f"PRAGMA wal_autocheckpoint={PAGES}")
        together.wait()
        for turn, step in enumerate(traffic.MENUS[:ANSWERS], start=1):
            traffic.send(app, traffic.request(sid, step))
            seen.told(Answered(sid, turn))

    for first in (1, 1 + CALLERS):
        together = Barrier(CALLERS)
        with ThreadPoolExecutor(CALLERS) as callers:
            list(callers.map(call, range(first, first + CALLERS)))
        checkpoint(store.connections.own())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A database with the sample desk."""
    file = tmp_path / "line" / "ivr.db"
    with closing(Store(f"sqlite:///{file}")) as store:
        store.migrate()
        store.import_csv(FOLDER / "sample")
    return file


def recorded(line: Line, file: Path, *, power_safe: bool) -> Disk:
    """Sixteen calls, and what they did to the disk."""
    with disk(file) as seen, closing(opened(file, seen.sync, power_safe)) as store:
        calls_on(line, store, seen)
    return seen


def lost(seen: Disk, point: int, folder: Path, kept: random.Random | None = None) -> list[Answered]:
    """What had been answered when the power failed, and is gone. The database is whole."""
    database = seen.after(point, folder, kept)
    with closing(sqlite3.connect(database)) as opened:
        assert opened.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        turns = dict(opened.execute("SELECT sid, version FROM calls"))
    told = [each.data for each in seen.done[:point] if each.what == "told"]
    return [each for each in told if turns.get(each.sid, 0) < each.turns]


def broken_chains(database: Path) -> list[str]:
    with closing(Store(f"sqlite:///{database}")) as store:
        return list(store.logs.faults())


def test_nothing_that_was_answered_is_lost_at_any_point(
    escalation: Line, file: Path, tmp_path: Path
) -> None:
    seen = recorded(escalation, file, power_safe=True)

    for point in seen.points():
        assert lost(seen, point, tmp_path / "after") == []
    assert sum(each.what == "told" for each in seen.done) == 2 * CALLERS * ANSWERS
    begun = [each for each in seen.done if each[:3] == ("write", "ivr.db-wal", 0)]
    assert len(begun) > 1  # the log was moved into the file, and begun anew


def test_nothing_is_lost_when_some_of_what_was_not_synced_is_there(
    escalation: Line, file: Path, tmp_path: Path
) -> None:
    seen, chance = recorded(escalation, file, power_safe=True), random.Random(1)

    for point in chance.sample(range(len(seen.done)), 150):
        assert lost(seen, point, tmp_path / "after", chance) == []
        if point % 10 == 0:
            assert broken_chains(tmp_path / "after" / file.name) == []


def test_without_the_setting_the_last_answers_are_lost_and_nothing_else(
    escalation: Line, file: Path, tmp_path: Path
) -> None:
    seen = recorded(escalation, file, power_safe=False)

    gone = [lost(seen, point, tmp_path / "after") for point in seen.points()]
    assert any(gone)
    assert broken_chains(tmp_path / "after" / file.name) == []


def test_a_request_that_comes_twice_isnt_answered_before_the_first(
    escalation: Line, file: Path
) -> None:
    """The second finds what the first has saved, and that may not be on the disk yet."""
    with disk(file) as seen, closing(opened(file, seen.sync)) as store:
        app = webhooks(escalation, store)
        for step in traffic.MENUS[:2]:
            traffic.send(app, traffic.request(traffic.sid(1), step))
        before = len(seen.done)
        traffic.send(app, traffic.request(traffic.sid(1), traffic.MENUS[1]))

    assert [each.what for each in seen.done[before:]][:1] == ["sync"]


def test_after_a_disk_that_could_not_the_log_is_written_anew(
    escalation: Line, file: Path, tmp_path: Path
) -> None:
    """A disk may forget what it couldn't write, and say next time that all is well."""
    with disk(file) as seen:
        syncs = iter([seen.sync, seen.sync, seen.fail])

        with closing(opened(file, lambda log: next(syncs, seen.sync)(log))) as store:
            app = webhooks(escalation, store)
            begin, *keys = (traffic.request(traffic.sid(1), step) for step in traffic.MENUS)
            traffic.send(app, begin)
            traffic.send(app, keys[0])
            seen.told(Answered(traffic.sid(1), 2))
            answer = traffic.send(app, keys[1])  # that turn fails, so an operator is rung
            seen.told(Answered(traffic.sid(1), 4))
            assert b"operators" in answer

    assert [each.what for each in seen.done].count("lose") == 1
    assert lost(seen, len(seen.done), tmp_path / "after") == []
    assert broken_chains(tmp_path / "after" / file.name) == []


def test_each_waits_for_a_sync_that_begins_after_its_commit() -> None:
    happened: list[str] = []
    group = GroupSync("log", lambda _: happened.extend(["begins", "ends"]), lambda: None)

    def commit(number: int) -> None:
        for turn in range(50):
            happened.append(f"asks {number}.{turn}")
            group()
            happened.append(f"has {number}.{turn}")

    with ThreadPoolExecutor(CALLERS) as pool:
        list(pool.map(commit, range(CALLERS)))

    for number in range(CALLERS):
        for turn in range(50):
            asked = happened.index(f"asks {number}.{turn}")
            begun = happened.index("begins", asked)
            assert happened.index("ends", begun) < happened.index(f"has {number}.{turn}")


def test_all_who_wait_hear_that_the_disk_cannot() -> None:
    def cannot(_: str) -> None:
        raise OSError(5, "Input/output error")

    group = GroupSync("ivr.db-wal", cannot, lambda: None)

    def commit(_: int) -> str:
        with pytest.raises(sqlite3.OperationalError) as error:
            group()
        return error.value.sqlite_errorname

    with ThreadPoolExecutor(CALLERS) as pool:
        assert set(pool.map(commit, range(CALLERS))) == {"SQLITE_IOERR_FSYNC"}


@pytest.mark.postgres
def test_postgresql_commits_synchronously_whatever_its_default() -> None:
    with postgres() as url:
        with closing(Store(url)) as store, store.connections.writing() as connection:
            name = store.connections.engine.url.database
            connection.execute(text(f"ALTER DATABASE {name} SET synchronous_commit = off"))
        for power_safe, expected in ((False, "off"), (True, "on")):
            with closing(Store(url, power_safe=power_safe)) as store:
                cursor = store.connections.own().execute("SHOW synchronous_commit")
                assert cursor.fetchone() == (expected,)


def test_the_system_is_asked_for_the_logs_own_file(file: Path) -> None:
    with closing(Store(f"sqlite:///{file}", power_safe=True)) as store:
        assert store.people.claim("MGR1", "a call/1")
        to_disk(f"{file}-wal")
    with pytest.raises(FileNotFoundError):
        to_disk(f"{file}-gone")
