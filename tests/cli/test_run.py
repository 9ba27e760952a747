"""`--run`: the application is started behind the simulated network, and ended with the command."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from ivr.cli.main import main
from tests.kit.processes import free_port

ASKS = """
import os, sys
from flask import Flask
from twilio.rest import Client

app = Flask(__name__)

@app.post("/voice")
def voice():
    calls = Client().calls.list()
    return f"<Response><Say>{len(calls)} call.</Say></Response>"

app.run(port=int(os.environ["PORT"]))
"""
CALL = "from +33155500101 to +33800000001\n> call\n< 1 call.\n< (hung up)\n"


@pytest.fixture
def command(tmp_path: Path) -> str:
    (tmp_path / "line.py").write_text(ASKS)
    return f"{sys.executable} {tmp_path / 'line.py'}"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["phone", "{url}", "--rate", "50", "--script", "{script}"], "1 call."),
        (["replay", "{call}", "{call}", "--url", "{url}", "--rate", "0"], "2 of 2 passed"),
        (["fuzz", "{url}", "--calls", "3", "--save", "{folder}/found"], "no caller was stranded"),
    ],
)
def test_the_application_is_started(
    arguments: list[str], said: str, command: str, tmp_path: Path
) -> None:
    (tmp_path / "one.call").write_text(CALL)
    (tmp_path / "script").write_text("wait 5\n")
    places = {
        "url": f"http://127.0.0.1:{free_port()}/voice",
        "call": str(tmp_path / "one.call"),
        "script": str(tmp_path / "script"),
        "folder": str(tmp_path),
    }
    words = [word.format(**places) for word in arguments]
    done = CliRunner().invoke(main, [*words, "--run", command, "--rest-port", "0"])

    assert done.exit_code == 0, done.output
    assert said in done.output


@pytest.mark.parametrize(
    ("url", "command", "code", "why"),
    [
        ("http://127.0.0.1:1/voice", "python -c pass", 3, "it exited with 0 before it answered"),
        ("http://localhost/voice", "python -c pass", 2, "must name the application's port"),
        ("http://127.0.0.1:1/voice", "no-such-thing", 3, "no-such-thing isn't installed"),
    ],
)
def test_it_doesnt_start(url: str, command: str, code: int, why: str) -> None:
    options = ["--rest-port", "0", "--press", "1"]
    done = CliRunner().invoke(main, ["phone", url, "--run", command, *options])

    assert done.exit_code == code
    assert why in done.output
