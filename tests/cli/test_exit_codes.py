"""Exit codes: 0 success, 1 the thing under test failed, 2 wrong usage, 3 the environment."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ivr.cli.main import main
from ivr.line.store.store import Store

WRONG_FLOW = """
from ivr.line.errors import FlowError

def line():
    raise FlowError("flow.py: step 'menu' leads to 'meun', which doesn't exist")
"""


@pytest.fixture
def database(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sample desk's database for every command."""
    monkeypatch.setenv("IVR_DATABASE", store.connections.url)


def ivr(*arguments: str | Path, stdin: str = "") -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments], input=stdin)


def test_a_wrong_flow_is_exit_code_1(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "wrong_flow.py").write_text(WRONG_FLOW, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("IVR_FLOW", "wrong_flow")

    result = ivr("check")

    assert result.exit_code == 1
    assert result.output == "Error: flow.py: step 'menu' leads to 'meun', which doesn't exist\n"


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("login", "disable", "nobody@example.com"), "there is no login for nobody@example.com"),
        (("hold", "C17349013", "--release"), "C17349013"),
        (("erase", "--subject", "nobody", "--yes"), "nobody"),
    ],
)
def test_data_that_isnt_there_is_exit_code_1(arguments: tuple[str, ...], message: str) -> None:
    result = ivr(*arguments)

    assert result.exit_code == 1
    assert message in result.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nonsense",), "No such command 'nonsense'"),
        (("draw", "--person", "--console"), "choose one of --person and --console"),
        (("hold", "C17349013"), "give a --reason for the hold"),
        (("login", "add", "ann@example.com", "--role", "boss"), "'boss' is not one of"),
        (("rota", "--at", "tomorrow"), "isn't a date and time such as 2026-11-24T10:00+01:00"),
        (("rota", "--at", "2026-11-24T10:00"), "write 2026-11-24T10:00+01:00"),
        (("rota", "--days", "0"), "0 is not in the range"),
    ],
)
def test_wrong_usage_is_exit_code_2(arguments: tuple[str, ...], message: str) -> None:
    result = ivr(*arguments)

    assert result.exit_code == 2
    assert message in result.output


def test_a_flow_that_isnt_there_is_exit_code_3(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IVR_FLOW", "no_such_flow")

    result = ivr("check")

    assert result.exit_code == 3
    assert "IVR_FLOW is 'no_such_flow'" in result.output


@pytest.mark.usefixtures("database")
def test_a_file_that_cant_be_written_is_exit_code_3(tmp_path: Path) -> None:
    file = tmp_path / "no such folder" / "marie.zip"

    result = ivr("export", "--subject", "marie", "-o", file)

    assert result.exit_code == 3
    assert result.output == f"Error: {file}: No such file or directory\n"


def test_a_setting_that_is_missing_is_exit_code_3(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("IVR_PUBLIC_URL", raising=False)

    result = ivr("fallback")

    assert result.exit_code == 3
    assert "IVR_PUBLIC_URL" in result.output
