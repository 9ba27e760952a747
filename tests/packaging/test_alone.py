"""The test kit alone: the wheel without extras, in an environment with only pytest."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kit.environments import Environment, run

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
FUZZED = """
import subprocess, sys
from pathlib import Path
from ivr.simulator import program

with program([sys.executable, "line.py"]) as line:
    ivr = [Path(sys.executable).with_name("ivr"), "fuzz", line.url + "/voice", "--rest-port", "0"]
    sys.exit(subprocess.run([*ivr, "--calls", "5"]).returncode)
"""
PROJECT = {
    "line.py": LINE,
    "conftest.py": CONFTEST,
    "test_line.py": TEST,
    "hours.call": CALL,
    "replayed.py": REPLAYED,
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project that tests a line of its own."""
    for name, text in PROJECT.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_a_project_is_tested_by_pytest_and_replayed(base: Environment, project: Path) -> None:
    strict = ("--strict-markers", "-W", "error")
    tested = run(base.python, "-m", "pytest", "-q", *strict, folder=project)
    replayed = run(base.python, "replayed.py", folder=project)

    assert tested.returncode == 0, tested.stdout + tested.stderr
    assert "5 passed" in tested.stdout  # three applications, a dialogue, and what is installed
    assert replayed.returncode == 0, replayed.stdout + replayed.stderr
    assert "1 of 1 passed" in replayed.stdout


def test_the_same_project_is_tested_where_the_line_is_installed(
    with_line: Environment, project: Path
) -> None:
    tested = run(with_line.python, "-m", "pytest", "-q", "-k", "hours", folder=project)

    assert tested.returncode == 0, tested.stdout + tested.stderr
    assert "4 passed" in tested.stdout


@pytest.mark.parametrize(
    ("command", "install"),
    [
        (["run"], "'ivr-simulator[line]'"),
        (["serve"], "'ivr-simulator[line]'"),
        (["pages"], "'ivr-simulator[line]'"),
        (["worker"], "'ivr-simulator[line]'"),
        (["check"], "'ivr-simulator[line]'"),
        (["login", "list"], "'ivr-simulator[line]'"),
        (["verify"], "'ivr-simulator[line]'"),
        (["fuzz", "http://127.0.0.1:1/voice"], "hypothesis"),
    ],
)
def test_a_command_for_which_something_is_missing_says_what_to_install(
    base: Environment, tmp_path: Path, command: list[str], install: str
) -> None:
    refused = run(base.ivr, *command, folder=tmp_path)

    assert refused.returncode == 3
    assert f"pip install {install}" in refused.stderr
    assert refused.stderr.startswith("Error: ")  # nothing was logged before
    assert "Traceback" not in refused.stderr
    assert list(tmp_path.iterdir()) == []


def test_with_fuzz_callers_get_lost(with_fuzz: Environment, project: Path) -> None:
    (project / "fuzzed.py").write_text(FUZZED, encoding="utf-8")

    done = run(with_fuzz.python, "fuzzed.py", folder=project)

    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("no caller was stranded\n")
