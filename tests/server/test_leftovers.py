"""Serving is refused with what is left of the sample desk, by file and key."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ivr.cli.main import main
from ivr.line.line_toml import load
from ivr.line.store.store import Store
from ivr.server.leftovers import leftovers
from tests.kit.own_flow import own_desk, own_flow
from tests.kit.processes import IVR, free_port

# What is the sample's again in somebody's own desk, and what is said of it.
LEFT = [
    ("line.toml", "Helm support", "Acme support", "title: 'Acme support' is the sample's"),
    (
        "line.toml",
        'dial = "+33155509012"',
        'dial = "+33155500012"',
        "fallback.dial: '+33155500012'",
    ),
    ("line.toml", "+81800009001", "+81800000001", "numbers.+81800000001: '+81800000001' is the"),
    ("line.toml", '"HEAD"', '"DIR1"', "promise.last_resort: 'DIR1' is the sample's; write the id"),
    (
        "sample/people.csv",
        "Paul-Ann Morel",
        "Paul Morel",
        "people.csv: phone: '+33155500011' is Paul Morel's (MGR1) of the sample",
    ),
    ("sample/cases.csv", "739164", "482913", "cases.csv: pin: case C17349013 has the sample's PIN"),
]


@pytest.fixture
def flow(tmp_path: Path) -> Path:
    """A flow and a desk of one's own."""
    flow = own_flow(tmp_path)
    own_desk(flow)
    return flow


def environment(flow: Path, **more: str) -> dict[str, str]:
    return {
        "IVR_FLOW": str(flow),
        "IVR_DATABASE": f"sqlite:///{flow.parent / 'ivr.db'}",
        "IVR_PUBLIC_URL": "https://line.test",
        "IVR_TWILIO_API": f"http://127.0.0.1:{free_port()}",  # nobody is there, and nobody is rung
        "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
        "TWILIO_AUTH_TOKEN": "a token",
        **more,
    }


def ivr(flow: Path, *words: str, **more: str) -> Result:
    return CliRunner(env=environment(flow, **more)).invoke(main, words)


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Store]:
    """A database in which nobody is."""
    store = Store(f"sqlite:///{tmp_path / 'empty.db'}")
    store.migrate()
    yield store
    store.close()


@pytest.mark.parametrize(("file", "own", "samples", "told"), LEFT)
def test_what_is_left_of_the_sample_is_named(
    flow: Path, empty: Store, file: str, own: str, samples: str, told: str
) -> None:
    text = (flow / file).read_text(encoding="utf-8")
    assert own in text
    (flow / file).write_text(text.replace(own, samples), encoding="utf-8")
    empty.import_csv(flow / "sample")

    [found] = leftovers(load(flow / "line.toml"), empty)

    assert told in found
    assert found.startswith(str(flow / file) if file == "line.toml" else "")


def test_somebody_of_ones_own_may_have_an_id_of_the_samples(flow: Path, empty: Store) -> None:
    for file in (flow / "line.toml", *(flow / "sample").glob("*.csv")):
        text = file.read_text(encoding="utf-8").replace("HEAD", "DIR1")
        file.write_text(text, encoding="utf-8")
    empty.import_csv(flow / "sample")

    assert list(leftovers(load(flow / "line.toml"), empty)) == []


@pytest.mark.parametrize("command", [["serve"], ["worker", "--once"]])
def test_the_sample_itself_isnt_served(tmp_path: Path, command: list[str]) -> None:
    """In a process of its own: `ivr serve` prepares it for those of its workers."""
    refused = subprocess.run(
        [IVR, *command],
        cwd=tmp_path,
        env=os.environ | environment(tmp_path / "flow", IVR_FLOW=""),
        capture_output=True,
        text=True,
        check=False,
    )

    assert refused.returncode == 3
    assert "line.toml: fallback.dial: '+33155500012' is the sample's" in refused.stderr
    assert "line.toml: promise.last_resort: 'DIR1' is the sample's" in refused.stderr
    assert "Make a line of your own: ivr new my-line" in refused.stderr


def test_a_desk_of_ones_own_is_served(flow: Path) -> None:
    assert ivr(flow, "import", str(flow / "sample")).exit_code == 0

    done = ivr(flow, "worker", "--once")

    assert done.exit_code == 0, done.output
    assert "duties done" in done.output


@pytest.mark.parametrize(("allowed", "code"), [("yes", 0), ("", 3), ("no", 3)])
def test_only_yes_allows_the_sample(tmp_path: Path, allowed: str, code: int) -> None:
    flow = own_flow(tmp_path)

    assert ivr(flow, "worker", "--once", IVR_ALLOW_SAMPLE=allowed).exit_code == code
