"""Backup and restore, while calls go on."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from ivr.line.definition import Line
from ivr.line.store.store import Store
from ivr.simulator import Exchange, Handset
from tests.kit.calls import SID, call
from tests.kit.commands import ivr
from tests.kit.databases import Rows, fill, postgres, rows_of
from tests.kit.desk import CALLER, ENTRY, Desk, mount
from tests.kit.environment import require
from tests.kit.telephones import accept, keyed


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def desk(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    sample_rows: Rows,
    escalation: Line,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Desk]:
    """The sample desk on a network, and its database for every command."""
    if request.param == "sqlite":
        yield from serve(f"sqlite:///{tmp_path / 'ivr.db'}", sample_rows, escalation, monkeypatch)
    else:
        yield request.getfixturevalue("postgres_desk")


@pytest.fixture
def postgres_desk(
    sample_rows: Rows, escalation: Line, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Desk]:
    for program in ("pg_dump", "pg_restore", "psql"):
        require(program, shutil.which(program) is not None)
    with postgres() as url:
        yield from serve(url, sample_rows, escalation, monkeypatch)


def serve(url: str, rows: Rows, line: Line, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setenv("IVR_DATABASE", url)
    store = Store(url)
    store.migrate()
    fill(store, rows)
    yield mount(Exchange(seed=1), store, line)
    store.close()


@pytest.fixture
def caller(desk: Desk) -> Handset:
    return desk.exchange.phone(CALLER)


def test_a_backup_is_whole_though_calls_are_saved_meanwhile(desk: Desk, tmp_path: Path) -> None:
    file, stop = tmp_path / "backup", threading.Event()
    saved = call()

    def keep_saving() -> None:
        while not stop.is_set():
            desk.store.calls.save(saved)

    saving = threading.Thread(target=keep_saving)
    saving.start()
    done = ivr("db", "backup", file)
    stop.set()
    saving.join()
    before = rows_of(desk.store)
    restored = ivr("db", "restore", file, "--replace")

    assert (done.exit_code, restored.exit_code) == (0, 0), done.output + restored.output
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    after = rows_of(desk.store)
    assert {table: rows for table, rows in after.items() if table.name != "calls"} == {
        table: rows for table, rows in before.items() if table.name != "calls"
    }
    assert [path.name for path in tmp_path.iterdir() if path.name.endswith(".part")] == []


def test_a_caller_goes_on_where_the_backup_has_them(
    desk: Desk, caller: Handset, tmp_path: Path
) -> None:
    caller.call(ENTRY)
    keyed(caller, desk.exchange, "2")
    assert ivr("db", "backup", tmp_path / "backup").exit_code == 0
    assert ivr("db", "restore", tmp_path / "backup", "--replace").exit_code == 0

    caller.press("0")
    accept(desk.phone("OP1"), desk.exchange)

    desk.exchange.wait_until(lambda: caller.connected_to == {desk.phone("OP1")}, at_most=30)
    caller.hang_up()
    desk.exchange.wait(30)
    assert desk.store.logs.verify(desk.sid(caller))


def test_a_caller_of_whom_the_backup_knows_nothing_reaches_a_person(
    desk: Desk, caller: Handset, tmp_path: Path
) -> None:
    assert ivr("db", "backup", tmp_path / "backup").exit_code == 0
    caller.call(ENTRY)
    keyed(caller, desk.exchange, "2")
    assert ivr("db", "restore", tmp_path / "backup", "--replace").exit_code == 0

    reception = desk.exchange.phone(desk.line.config.fallback)
    caller.press("0")
    desk.exchange.wait_until(lambda: reception.ringing, at_most=30)
    reception.answer()

    desk.exchange.wait_until(lambda: caller.connected_to == {reception}, at_most=10)


def test_a_new_database_is_what_the_old_one_was(
    desk: Desk, caller: Handset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    caller.call(ENTRY)
    keyed(caller, desk.exchange, "2", "0")
    assert ivr("db", "backup", tmp_path / "backup").exit_code == 0
    before = rows_of(desk.store)

    if desk.store.connections.postgres:
        with postgres() as url:
            assert restored(url, tmp_path / "backup", monkeypatch) == before
    else:
        url = f"sqlite:///{tmp_path / 'new.db'}"
        assert restored(url, tmp_path / "backup", monkeypatch) == before


def restored(url: str, file: Path, monkeypatch: pytest.MonkeyPatch) -> Rows:
    monkeypatch.setenv("IVR_DATABASE", url)
    done = ivr("db", "restore", file)
    assert done.exit_code == 0, done.output
    store = Store(url)
    rows = rows_of(store)
    store.close()
    return rows


def test_a_restore_takes_nothing_away_unless_told_to(desk: Desk, tmp_path: Path) -> None:
    assert ivr("db", "backup", tmp_path / "backup").exit_code == 0
    before = rows_of(desk.store)

    again, refused = (
        ivr("db", "backup", tmp_path / "backup"),
        ivr("db", "restore", tmp_path / "backup"),
    )

    assert (again.exit_code, refused.exit_code) == (3, 3)
    assert "is there already" in again.output
    assert "add --replace" in refused.output
    assert rows_of(desk.store) == before


def test_what_is_no_whole_backup_is_refused_before_anything_is_changed(
    desk: Desk, tmp_path: Path
) -> None:
    file, before = tmp_path / "backup", rows_of(desk.store)
    assert ivr("db", "backup", file).exit_code == 0
    whole = file.read_bytes()
    harmed = {
        "cut": whole[: len(whole) // 2],
        "garbled": whole[:4096] + os.urandom(len(whole) - 4096),
        "another": b"id,name\n",
        "empty": b"",
    }

    for name, content in harmed.items():
        file.write_bytes(content)
        refused = ivr("db", "restore", file, "--replace")

        assert refused.exit_code == 3, (name, refused.output)
        assert refused.output.startswith("Error: "), name
        assert rows_of(desk.store) == before, name


def test_a_backup_of_a_version_that_this_one_cant_run_on_is_refused(
    desk: Desk, tmp_path: Path
) -> None:
    file = tmp_path / "backup"
    with desk.store.connections.writing() as connection:
        connection.execute(text("INSERT INTO migrations VALUES ('9001', 'contract', 'Later', 0)"))
        connection.execute(text("UPDATE alembic_version SET version_num = '9001'"))
    assert ivr("db", "backup", file).exit_code == 0

    refused = ivr("db", "restore", file, "--replace")

    assert refused.exit_code == 3
    assert "9001 took away what it reads" in refused.output


def test_a_backup_of_the_other_kind_of_database_is_refused(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "backup"
    if desk.store.connections.postgres:
        store = Store(f"sqlite:///{file}")
        store.migrate()
        store.close()
        says = "is a backup of SQLite, and IVR_DATABASE is PostgreSQL"
    else:
        file.write_bytes(b"PGDMP and so on")
        says = "pg_restore: "  # it looks into the file first, and finds nothing

    refused = ivr("db", "restore", file, "--replace")

    assert refused.exit_code == 3
    assert says in refused.output


def test_a_database_in_use_is_no_backup(
    tmp_path: Path, sample_database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was written to it last stands in a file beside it."""
    shutil.copy(sample_database, tmp_path / "ivr.db")
    monkeypatch.setenv("IVR_DATABASE", f"sqlite:///{tmp_path / 'ivr.db'}")
    store = Store(f"sqlite:///{tmp_path / 'ivr.db'}")
    store.calls.save(call())

    refused = ivr("db", "restore", tmp_path / "ivr.db", "--replace")

    assert refused.exit_code == 3
    assert "is a database in use" in refused.output
    assert store.calls.load(SID) is not None
    store.close()


@pytest.mark.postgres
def test_a_restore_gives_up_rather_than_keep_calls_waiting(
    postgres_desk: Desk, tmp_path: Path
) -> None:
    """Somebody reads for long, and nobody could read anything behind a restore that waits."""
    assert ivr("db", "backup", tmp_path / "backup").exit_code == 0
    before = rows_of(postgres_desk.store)
    with postgres_desk.store.connections.reading() as connection:
        connection.execute(text("SELECT count(*) FROM calls"))
        refused = ivr("db", "restore", tmp_path / "backup", "--replace")

    assert refused.exit_code == 3
    assert "lock timeout" in refused.output
    assert rows_of(postgres_desk.store) == before


def test_without_postgresqls_programs_the_command_says_what_to_run(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    refused = ivr("db", "backup", tmp_path / "backup")

    if not desk.store.connections.postgres:
        assert refused.exit_code == 0  # SQLite copies itself
        return
    assert refused.exit_code == 3
    assert "pg_dump isn't on this machine" in refused.output
    assert "pg_dump --format=custom" in refused.output


def test_a_damaged_file_is_kept_beside_the_one_that_is_restored(
    tmp_path: Path, sample_database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, backup = tmp_path / "ivr.db", tmp_path / "backup"
    monkeypatch.setenv("IVR_DATABASE", f"sqlite:///{sample_database}")
    assert ivr("db", "backup", backup).exit_code == 0
    file.write_bytes(b"SQLite format 3\0" + os.urandom(9000))
    monkeypatch.setenv("IVR_DATABASE", f"sqlite:///{file}")

    refused, done = ivr("db", "restore", backup), ivr("db", "restore", backup, "--replace")

    assert (refused.exit_code, done.exit_code) == (3, 0), refused.output + done.output
    assert "is damaged" in refused.output
    assert (tmp_path / "ivr.db.damaged-1").stat().st_size == 9016
    with sqlite3.connect(file) as connection:
        assert connection.execute("SELECT count(*) FROM people").fetchone()[0] > 0
    connection.close()
