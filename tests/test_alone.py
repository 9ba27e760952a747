"""The test kit alone: the wheel and its base dependencies in an environment with only pytest."""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path

import pytest

from tests.kit.environment import require

ROOT = Path(__file__).parent.parent
NOT_THERE = ["flask", "twilio", "hypothesis", "sqlalchemy", "transitions", "werkzeug", "fastapi"]

LINE = '''
"""A line without any framework, as WSGI, as ASGI and as a program."""

import os
from urllib.parse import parse_qs
from wsgiref.simple_server import make_server

MENU = (
    "<Gather numDigits='1' action='/key'><Say>Welcome. Press 1 for the opening hours.</Say>"
    "</Gather><Say>Goodbye.</Say>"
)


def answer(path, form):
    pressed = parse_qs(form.decode()).get("Digits", [""])[0]
    hours = "<Say>From nine to five.</Say>" if pressed == "1" else "<Redirect>/voice</Redirect>"
    return f"<Response>{hours if path == '/key' else MENU}</Response>".encode()


def app(environ, start_response):
    form = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    start_response("200 OK", [("Content-Type", "text/xml")])
    return [answer(environ["PATH_INFO"], form)]


async def later(scope, receive, send):
    form = (await receive())["body"]
    headers = [(b"content-type", b"text/xml")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": answer(scope["path"], form)})


if __name__ == "__main__":
    make_server("127.0.0.1", int(os.environ["PORT"]), app).serve_forever()
'''
CONFTEST = """
import sys

import pytest

import line
from ivr.simulator import program


@pytest.fixture(scope="session")
def running():
    with program([sys.executable, "line.py"]) as made:
        yield made


@pytest.fixture
def exchange(exchange, running):
    exchange.number("+33800000001", line.app, "/voice")
    exchange.number("+33800000002", line.later, "/voice", origin="https://later.test")
    exchange.number("+33800000003", running, "/voice")
    return exchange
"""
TEST = f"""
from importlib.util import find_spec

import pytest


@pytest.mark.parametrize("number", ["+33800000001", "+33800000002", "+33800000003"])
def test_the_opening_hours(exchange, number):
    caller = exchange.phone("+33155500101")
    caller.call(number)
    caller.hears("Welcome. …")
    caller.press("1")
    caller.hears("From nine to five.")
    exchange.wait(10)

    assert not caller.in_call


def test_nothing_else_is_installed():
    assert [name for name in {NOT_THERE!r} if find_spec(name)] == []
"""
CALL = """\
# Another key, and then the right one.
from +33155500101 to +33800000001
phone sam +33155500102 voicemail
> call
< Welcome. …
> press 7
< Welcome. Press 1 for the opening hours.
> press 1
< From nine to five.
"""
REPLAYED = """
import subprocess, sys
from pathlib import Path
from ivr.simulator import program

with program([sys.executable, "line.py"]) as line:
    ivr = [Path(sys.executable).with_name("ivr"), "replay", "hours.call", "--rest-port", "0"]
    sys.exit(subprocess.run([*ivr, "--url", line.url + "/voice", "--rate", "0"]).returncode)
"""
PROJECT = {
    "line.py": LINE,
    "conftest.py": CONFTEST,
    "test_line.py": TEST,
    "hours.call": CALL,
    "replayed.py": REPLAYED,
}


def run(*command: str | Path, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(word) for word in command], cwd=folder, capture_output=True, text=True, check=False
    )


@pytest.fixture
def alone(tmp_path: Path) -> Path:
    """A project, with the wheel and pytest in an environment of its own. Skips without an index."""
    pip = (sys.executable, "-m", "pip", "--quiet")
    there = run(*pip, "download", "--no-deps", "hatchling", folder=tmp_path)
    require("the package index", there.returncode == 0)
    built = run(*pip, "wheel", "--no-deps", "-w", tmp_path / "dist", ROOT, folder=tmp_path)
    assert built.returncode == 0, built.stderr
    [wheel] = (tmp_path / "dist").glob("*.whl")
    venv.create(tmp_path / "venv")
    into = ("--python", python(tmp_path), "install", "--no-compile")
    installed = run(*pip, *into, wheel, "pytest", folder=tmp_path)
    assert installed.returncode == 0, installed.stderr
    for name, text in PROJECT.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def python(folder: Path) -> Path:
    return folder / "venv" / "bin" / "python"


def test_a_project_is_tested_with_nothing_but_the_wheel(alone: Path) -> None:
    """In pytest, and by the commands; those that need the line say so."""
    strict = ("--strict-markers", "-W", "error")
    done = run(python(alone), "-m", "pytest", "-q", *strict, folder=alone)
    played = run(python(alone), "replayed.py", folder=alone)
    refused = run(python(alone).with_name("ivr"), "serve", folder=alone)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "5 passed" in done.stdout  # three applications, a dialogue, and what is installed
    assert played.returncode == 0, played.stdout + played.stderr
    assert "1 of 1 passed" in played.stdout
    assert refused.returncode == 3
    assert "pip install 'ivr-simulator[line]'" in refused.stderr
