"""What a version of the line does on a database of another version."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import text

from ivr.errors import SettingsError
from ivr.line.store import schema
from ivr.line.store.store import Store
from tests.kit.commands import ivr
from tests.kit.databases import postgres

VERSIONS = Path(schema.__file__).parent / "migrations" / "versions"
NEWEST = schema.known()[-1].revision
EXPANDED = [each.revision for each in schema.known() if each.phase == "expand"][-1]
CONTRACTED = [each.revision for each in schema.known() if each.phase == "contract"][-1]
TAKES_AWAY = {"drop_table", "drop_column", "alter_column", "rename_table"}


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Store]:
    """An empty database for every command."""
    if request.param == "sqlite":
        monkeypatch.setenv("IVR_DATABASE", f"sqlite:///{tmp_path / 'ivr.db'}")
        store = Store(f"sqlite:///{tmp_path / 'ivr.db'}")
        yield store
        store.close()
        return
    with postgres() as url:
        monkeypatch.setenv("IVR_DATABASE", url)
        store = Store(url)
        yield store
        store.close()


def upgrade(store: Store, revision: str) -> None:
    """Make it a database of an earlier version."""
    config = Config()
    config.set_main_option("script_location", str(VERSIONS.parent))
    with store.connections.writing() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def later(store: Store, *phases: str) -> None:
    """A later version has carried out one migration of each of these phases."""
    store.migrate()
    with store.connections.writing() as connection:
        for number, phase in enumerate(phases, 1):
            row = {"revision": f"9{number:03}", "phase": phase, "about": "Later", "at": 0}
            connection.execute(schema.migrations.insert().values(row))
            name = {"name": row["revision"]}
            connection.execute(text("UPDATE alembic_version SET version_num = :name"), name)


def shown() -> dict[str, object]:
    values: dict[str, object] = json.loads(ivr("db", "show", "--json").output)
    return values


# ---- what each migration says of itself


@pytest.mark.parametrize("file", sorted(VERSIONS.glob("*.py")), ids=lambda file: str(file.stem))
def test_a_migration_says_whether_the_version_before_may_go_on(file: Path) -> None:
    """One that expands takes nothing away, and gives each new column a value."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    given = {
        each.targets[0].id: ast.literal_eval(each.value)
        for each in tree.body
        if isinstance(each, ast.Assign)
        and isinstance(each.targets[0], ast.Name)
        and each.targets[0].id in ("revision", "phase")
    }
    [does] = [f for f in tree.body if isinstance(f, ast.FunctionDef) and f.name == "upgrade"]
    done = {each.attr for each in ast.walk(does) if isinstance(each, ast.Attribute)}

    assert given["phase"] in ("expand", "contract")
    assert given["phase"] == "contract" or not done & TAKES_AWAY


def test_what_a_new_database_gets_is_known(database: Store) -> None:
    assert shown()["pending"] != []

    database.migrate()

    state = database.schema.state()
    assert (state.revision, state.pending, state.ahead) == (NEWEST, (), ())
    assert state.why_not == ""


# ---- a database of an earlier version


def test_what_the_version_before_reads_stays_until_that_is_asked_for(database: Store) -> None:
    upgrade(database, "0018")
    before = ivr("db", "show")

    refused, done = ivr("db", "migrate"), ivr("db", "migrate", "--contract")

    assert before.exit_code == 1
    assert "this version needs" in before.output
    assert refused.exit_code == 3
    assert "0019 (A call's values are stored by what they belong to" in refused.output
    assert "ivr db migrate --contract" in refused.output
    assert done.exit_code == 0
    assert done.output.endswith("The database is up to date.\n")
    assert ivr("db", "show").exit_code == 0


def test_a_command_brings_what_it_needs_and_the_version_before_goes_on(database: Store) -> None:
    upgrade(database, "0020")

    assert ivr("rota").exit_code == 0

    assert database.schema.state().revision == EXPANDED
    assert not database.schema.has(CONTRACTED)
    assert ivr("db", "migrate", "--contract").exit_code == 0
    assert database.schema.state().revision == NEWEST
    assert database.schema.has(CONTRACTED)


# ---- a database of a later version


def test_this_version_runs_on_what_a_later_one_has_added_to(database: Store) -> None:
    later(database, "expand", "expand")

    show, told = ivr("db", "show"), shown()

    assert show.exit_code == 0
    assert "Of a later one     9001  expand    Later" in show.output
    assert told["schema"] == "9002"
    assert told["oldest"] == CONTRACTED
    assert ivr("db", "migrate").exit_code == 0
    assert ivr("rota").exit_code == 0
    assert database.schema.state().revision == "9002"


def test_this_version_refuses_what_a_later_one_has_taken_from(database: Store) -> None:
    later(database, "expand", "contract", "expand")

    show = ivr("db", "show")

    assert show.exit_code == 1
    assert "versions that expect 9002 or later" in show.output
    assert "restore a backup of before 9002" in show.output
    for command_ in (("db", "migrate"), ("rota",), ("notices",)):
        refused = ivr(*command_)
        assert refused.exit_code == 3
        assert "can't run on it: 9002 took away what it reads" in refused.output


# ---- a database of something else


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("CREATE TABLE wares (id INTEGER)", "isn't a line's"),
        (
            "CREATE TABLE alembic_version (version_num VARCHAR(32)); "
            "INSERT INTO alembic_version VALUES ('ab12')",
            "'ab12', which this version doesn't know",
        ),
    ],
)
def test_a_database_of_another_program_is_left_alone(
    database: Store, statement: str, says: str
) -> None:
    with database.connections.writing() as connection:
        for each in statement.split("; "):
            connection.execute(text(each))

    with pytest.raises(SettingsError, match=says):
        database.migrate()
    assert ivr("db", "show").exit_code == 3


# ---- nobody waits


def test_nothing_is_locked_when_there_is_nothing_to_do(database: Store) -> None:
    """A worker starts while another process is in the middle of a long transaction."""
    database.migrate()
    with database.connections.writing() as connection:
        connection.execute(text("DELETE FROM queues"))
        other = Store(database.connections.url)

        assert other.migrate() == []
        other.close()
