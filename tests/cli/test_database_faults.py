"""Whatever is wrong with the database, each command says so in a sentence and ends with 3."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from flows.escalation import SAMPLE
from ivr.cli.main import main
from ivr.line.store.store import Store
from tests.kit.database_faults import standby
from tests.kit.databases import fill, postgres, rows_of
from tests.kit.processes import IVR

# What each command that works on the database is given. One that isn't here must be below.
WITH_DATABASE = {
    "audit": (),
    "case": ("C17349013",),
    "db backup": ("backup",),
    "db migrate": (),
    "db restore": ("given.backup",),
    "db show": (),
    "erase": ("--subject", "marie", "--yes"),
    "export": ("--subject", "marie", "-o", "marie.zip"),
    "hold": ("C17349013", "--reason", "a claim"),
    "import": (str(SAMPLE),),
    "login add": ("ann@example.com", "--role", "operator", "--person", "OP1"),
    "login disable": ("ann@example.com",),
    "login list": (),
    "notices": (),
    "purge": (),
    "rota": (),
    "seal": (),
    "verify": (),
    "worker": ("--once",),
}
SERVE = ("serve", "pages")  # each in a process of its own
WITHOUT = {
    *("check", "draw", "fallback", "fuzz", "network", "phone", "replay", "run", "settings"),
    *("twiml", "new", "doctor"),
    *SERVE,
}
SETTINGS = {
    "IVR_PUBLIC_URL": "https://line.test",
    "TWILIO_ACCOUNT_SID": "AC1",
    "TWILIO_AUTH_TOKEN": "t",
    "IVR_SECRET_KEY": "8d1b4c0f6f2e4a1c9a7b3d5e7f901234",
    "IVR_ALLOW_SAMPLE": "yes",
    "IVR_TWILIO_API": "http://127.0.0.1:1",
}
NOTHING_TO_WRITE = {"seal", "db migrate", "db restore", "login disable"}
READS = {"case", "db backup", "db show", "login list", "notices", "rota", "verify"}


def leaves(group: click.Group = main, name: str = "") -> Iterator[str]:
    """The name of each command."""
    for each in group.commands.values():
        full = f"{name} {each.name}".strip()
        if isinstance(each, click.Group):
            yield from leaves(each, full)
        else:
            yield full


@pytest.fixture
def folder(tmp_path: Path, sample_database: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where commands run: with a database of the sample desk, and a backup of it."""
    monkeypatch.chdir(tmp_path)
    for name, value in SETTINGS.items():
        monkeypatch.setenv(name, value)
    for name in ("ivr.db", "given.backup"):
        shutil.copy(sample_database, tmp_path / name)
    monkeypatch.setenv("IVR_DATABASE", f"sqlite:///{tmp_path / 'ivr.db'}")
    return tmp_path


def run(command: str) -> Result:
    typed = "correct horse battery staple\n" * 2  # a password, for `ivr login add`
    return CliRunner().invoke(main, [*command.split(), *WITH_DATABASE[command]], input=typed)


def refuses(command: str, says: str) -> None:
    result = run(command)

    assert result.exit_code == 3, (command, result.output, result.exception)
    assert "Error: " in result.output, command
    assert says in result.output, (command, result.output)


def test_every_command_is_tried() -> None:
    assert set(leaves()) <= {*WITH_DATABASE, *WITHOUT}


@pytest.mark.parametrize("command", WITH_DATABASE)
def test_a_database_that_cant_be_used_is_exit_code_3(
    folder: Path, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Out of reach, of another kind, damaged, and not a file."""
    for url, says in (
        ("postgresql://me:secret@127.0.0.1:1/ivr", "the database doesn't answer"),
        ("mysql://me@localhost/ivr", "use sqlite:///file or postgresql://"),
        ("ivr.db", "no database URL"),
        (f"sqlite:///{folder / 'damaged.db'}", "is damaged"),
        (f"sqlite:///{folder / 'garbage.db'}", "is damaged"),
        (f"sqlite:///{folder}", "the database doesn't answer"),
    ):
        whole = (folder / "ivr.db").read_bytes()
        (folder / "damaged.db").write_bytes(whole[:100] + b"\xff" * (len(whole) - 100))
        (folder / "garbage.db").write_bytes(b"garbage" * 2000)
        monkeypatch.setenv("IVR_DATABASE", url)
        if (command, url[:8]) == ("db restore", "postgres"):
            says = "is a backup of SQLite"  # it looks into the file first
        refuses(command, says)
        assert "secret" not in run(command).output


@pytest.mark.parametrize("command", SERVE)
def test_what_serves_doesnt_begin_with_a_database_that_cant_be_used(
    folder: Path, command: str
) -> None:
    (folder / "ivr.db").write_bytes(b"garbage" * 2000)

    ended = subprocess.run([IVR, command], capture_output=True, text=True, timeout=300, check=False)

    assert ended.returncode == 3
    assert "the database is damaged: restore a backup" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("command", WITH_DATABASE)
def test_a_driver_that_is_missing_is_exit_code_3(
    folder: Path, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IVR_DATABASE", "postgresql://me@127.0.0.1:1/ivr")
    monkeypatch.setitem(sys.modules, "psycopg", None)

    refuses(command, "this command needs 'psycopg'")


@pytest.mark.parametrize("command", ["hold", "import", "db restore"])
def test_a_database_that_stays_locked_is_exit_code_3(folder: Path, command: str) -> None:
    with closing(sqlite3.connect(folder / "ivr.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        refuses(command, "isn't empty" if command == "db restore" else "is locked")


@pytest.mark.postgres
def test_a_database_that_cant_be_written_to_is_exit_code_3(
    folder: Path, sample_database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its server has become one that only reads."""
    sample = Store(f"sqlite:///{sample_database}")
    rows = rows_of(sample)
    sample.close()
    with postgres() as url:
        store = Store(url)
        store.migrate()
        fill(store, rows)
        monkeypatch.setenv("IVR_DATABASE", url)
        with standby(store):
            for command in WITH_DATABASE.keys() - READS - NOTHING_TO_WRITE:
                refuses(command, "can't be written to")
            for command in READS:
                assert run(command).exit_code == 0, command
        store.close()
