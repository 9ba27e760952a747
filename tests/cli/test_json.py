"""What another program reads: `--json`."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner

from ivr.cli.main import main
from ivr.line.store.store import Store


@pytest.fixture(autouse=True)
def database(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sample desk's database for every command."""
    monkeypatch.setenv("IVR_DATABASE", store.connections.url)


def answer(*arguments: str, exit_code: int = 0, stdin: str = "") -> Any:
    result = CliRunner().invoke(main, [*arguments, "--json"], input=stdin)
    assert result.exit_code == exit_code, result.output
    return json.loads(result.output)


def test_settings() -> None:
    rows = {row["variable"]: row for row in answer("settings")}

    assert rows["IVR_DATABASE"]["default"] == "sqlite:///instance/ivr.db"
    assert all(row["purpose"] for row in rows.values())


def test_a_case() -> None:
    found = answer("case", "C17349013")

    assert (found["case"]["number"], found["system"]) == ("C17349013", "built-in")
    assert found["case"]["account"]["id"] == "helio"


def test_a_case_that_doesnt_exist() -> None:
    assert answer("case", "C17349099", exit_code=1)["case"] is None


def test_logins() -> None:
    add = ["login", "add", "ann@example.com", "--role", "operator", "--role", "manager"]
    added = CliRunner().invoke(main, add, input="correct horse\ncorrect horse\n")
    disabled = CliRunner().invoke(main, ["login", "disable", "ann@example.com"])

    assert added.output.endswith("ann@example.com can sign in as operator, manager.\n")
    assert disabled.output == "ann@example.com can no longer sign in.\n"
    assert answer("login", "list") == [
        {
            "email": "ann@example.com",
            "name": "ann@example.com",
            "roles": ["operator", "manager"],
            "active": False,
        }
    ]


def test_event_logs() -> None:
    sealed = CliRunner().invoke(main, ["seal"])
    assert sealed.output == "nothing was logged since the last seal\n"

    assert answer("verify") == {"faults": [], "last_seal": None}
    faults = answer("verify", "--seal", "f00d", exit_code=1)["faults"]
    assert faults == ["there is no seal with the hash f00d"]
