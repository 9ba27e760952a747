"""The line from the wheel does what it does in a checkout, and brings all its files."""

from __future__ import annotations

import sys
import urllib.request
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.kit.environments import ROOT, Environment, run
from tests.kit.own_flow import own_flow
from tests.kit.processes import comes_true, free_port, running, said

FLOW = ROOT / "flows" / "escalation"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with a package of its own that is called `flows`."""
    own_flow(tmp_path)
    return tmp_path


def files(folder: Path) -> set[str]:
    """The files below a folder, without what Python has compiled."""
    return {
        str(each.relative_to(folder))
        for each in folder.rglob("*")
        if each.is_file() and "__pycache__" not in each.parts
    }


def test_the_wheel_holds_every_file_and_nothing_beside_the_packages(wheel: Path) -> None:
    names = set(ZipFile(wheel).namelist())
    package = {name for name in names if ".dist-info/" not in name}

    expected = {f"ivr/{name}" for name in files(ROOT / "ivr")}
    expected |= {f"ivr_simulator/{name}" for name in files(ROOT / "ivr_simulator")}
    expected |= {f"ivr/sample_flow/{name}" for name in files(FLOW)}
    expected |= {f"ivr/deploy/{name}" for name in files(ROOT / "deploy")}
    assert package == expected


def test_nothing_else_is_importable(with_line: Environment, tmp_path: Path) -> None:
    code = "from importlib.util import find_spec; print(find_spec('flows'), find_spec('tests'))"

    assert run(with_line.python, "-c", code, folder=tmp_path).stdout == "None None\n"


def test_commands_say_the_same_as_in_a_checkout(with_line: Environment, tmp_path: Path) -> None:
    commands = [["check"], ["draw"], ["draw", "--person"], ["draw", "--console"], ["settings"]]
    each = f"for words in {commands}: main(words, standalone_mode=False)"
    code = f"from ivr.cli.main import main\n{each}"

    installed = run(with_line.python, "-c", code, folder=tmp_path)
    checkout = run(sys.executable, "-c", code, folder=ROOT)

    assert installed.returncode == checkout.returncode == 0, installed.stderr
    assert installed.stdout == checkout.stdout
    assert installed.stdout.count("flowchart TD") == 3


@pytest.mark.parametrize("source", ["flows.support", "./flows/support"])
def test_a_projects_own_flows_are_used(with_line: Environment, project: Path, source: str) -> None:
    done = run(with_line.ivr, "check", folder=project, IVR_FLOW=source)

    assert done.stdout.startswith("escalation own: "), done.stderr


def test_a_projects_own_flows_dont_disturb_the_sample(
    with_line: Environment, project: Path
) -> None:
    done = run(with_line.ivr, "check", folder=project)

    assert done.stdout.startswith("escalation 1: "), done.stderr


def test_a_project_of_ones_own_is_made_checked_and_tested(
    with_line: Environment, tmp_path: Path
) -> None:
    made = run(with_line.ivr, "new", "acme-support", folder=tmp_path)
    project = tmp_path / "acme-support"
    checked = run(with_line.ivr, "check", folder=project, IVR_FLOW="./line")
    tested = run(with_line.python, "-m", "pytest", "-q", folder=project)

    assert made.returncode == 0, made.stderr
    assert checked.stdout.startswith("acme-support 1: "), checked.stderr
    assert checked.stdout.endswith("no errors found\n")
    assert "4 passed" in tested.stdout, tested.stdout
    assert (project / "deploy" / "compose.yaml").is_file()


def test_a_database_is_migrated_and_filled(with_line: Environment, project: Path) -> None:
    sample = project / "flows" / "support" / "sample"
    imported = run(with_line.ivr, "import", sample, folder=project)
    case = run(with_line.ivr, "case", "C17349013", folder=project)

    assert "10 people" in imported.stdout, imported.stderr
    assert "C17349013" in case.stdout, case.stderr
    assert (project / "instance" / "ivr.db").is_file()


def test_the_line_and_its_pages_run(
    with_line: Environment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    webhooks, pages = free_port(), free_port()
    ports = ["--webhooks-port", str(webhooks), "--pages-port", str(pages)]
    log = tmp_path / "run.log"
    own = {"IVR_DATABASE": f"sqlite:///{tmp_path / 'ivr.db'}"}
    with running([with_line.ivr, "run", *ports], log, **own):
        assert comes_true(lambda: said(f"http://127.0.0.1:{pages}/sign-in")), log.read_text()

        assert "Marie Aubert" in said(f"http://127.0.0.1:{pages}/sign-in")
        assert said(f"http://127.0.0.1:{pages}/static/site.css")
        assert '"ready":true' in said(f"http://127.0.0.1:{webhooks}/readyz")
        french = urllib.request.Request(
            f"http://127.0.0.1:{pages}/sign-in", headers={"Accept-Language": "fr"}
        )
        with urllib.request.urlopen(french, timeout=10) as answer:
            assert "<h1>Se connecter</h1>" in answer.read().decode()
