"""Which flow takes the calls: `IVR_FLOW` is a module, a folder, or not set."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ivr.cli.main import main
from tests.kit.own_flow import own_flow
from tests.kit.processes import IVR


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a package of its own that is called `flows`, as the working folder."""
    own_flow(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def check(source: str | Path) -> Result:
    return CliRunner(env={"IVR_FLOW": str(source)}).invoke(main, ["check"])


@pytest.mark.usefixtures("project")
def test_the_sample_is_used_when_nothing_is_set() -> None:
    assert check("").output.startswith("escalation 1: ")


@pytest.mark.parametrize("source", ["./flows/support", "flows/support", "{project}/flows/support"])
def test_a_folder_of_the_project(project: Path, source: str) -> None:
    result = check(source.format(project=project))

    assert result.output.startswith("escalation own: ")


def test_a_module_of_the_projects_own_flows(project: Path) -> None:
    """In a process of its own, as this one has imported the package `flows` of this repository."""
    done = subprocess.run(
        [IVR, "check"],
        cwd=project,
        env=os.environ | {"IVR_FLOW": "flows.support"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stdout.startswith("escalation own: "), done.stderr


@pytest.mark.parametrize(
    ("source", "code", "message"),
    [
        ("no_such_flow", 3, "No module named 'no_such_flow'; name a module that can be imported"),
        ("./no/such", 3, "there is no {project}/no/such/__init__.py"),
        ("json", 3, "__init__.py has no function line()"),
        ("./broken", 1, "{project}/broken/__init__.py, line 1: expected ':'"),
        ("./wrong", 1, "cannot import name 'nothing' from 'json'"),
        ("./lacking", 3, "No module named 'no_such_package'"),
    ],
)
def test_a_flow_that_cant_be_loaded_is_refused(
    project: Path, source: str, code: int, message: str
) -> None:
    texts = {
        "broken": "def line() Line:",
        "lacking": "import no_such_package",
        "wrong": "from json import nothing",
    }
    for name, text in texts.items():
        (project / name).mkdir()
        (project / name / "__init__.py").write_text(text, encoding="utf-8")

    result = check(source)

    assert result.exit_code == code
    assert message.format(project=project) in result.output
