"""An application in any language: a program that is started, told of the network, and ended."""

from __future__ import annotations

import http.client
import os
import select
import sys
from base64 import b64encode
from pathlib import Path

import pytest

from ivr.errors import IVRError
from ivr.simulator import Exchange, program
from ivr.simulator.programs import ProgramError
from ivr.simulator.rest.serving.server import RestServer
from tests.kit.twiml_app import CALLER, LINE

ANSWERS = """
import os, sys, http.server, urllib.request, base64

class Line(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        sid, token = os.environ["TWILIO_ACCOUNT_SID"], os.environ["TWILIO_AUTH_TOKEN"]
        url = f"https://api.twilio.com/2010-04-01/Accounts/{sid}/Calls.json"
        asking = urllib.request.Request(url)
        key = base64.b64encode(f"{sid}:{token}".encode()).decode()
        asking.add_header("Authorization", f"Basic {key}")
        calls = urllib.request.urlopen(asking).read().decode().count('"in-progress"')
        said = f"<Response><Say>{sys.argv[1:]} {calls} {os.environ.get('MORE')}</Say></Response>"
        print("asked for", self.path)
        self.send_response(200)
        self.send_header("Content-Type", "text/xml")
        self.end_headers()
        self.wfile.write(said.encode())

port = int(os.environ["PORT"])
http.server.ThreadingHTTPServer((os.environ.get("HOST", "127.0.0.1"), port), Line).serve_forever()
"""


@pytest.fixture
def line(tmp_path: Path) -> list[str]:
    """The command of a small line."""
    (tmp_path / "line.py").write_text(ANSWERS)
    return [sys.executable, str(tmp_path / "line.py")]


def test_a_program_answers_calls_and_knows_the_network(line: list[str]) -> None:
    exchange = Exchange(seed=5)
    with program(line, environment={"MORE": "and more"}) as running:
        exchange.number(LINE, running, "/voice")
        caller = exchange.phone(CALLER)
        caller.call(LINE)
        exchange.wait(5)
        exchange.strict()

        assert caller.last_heard == "[] 0 and more"  # it isn't in progress before it is answered
        assert running.printed_lately.startswith("asked for /voice")
        assert running.running
        process = os.pidfd_open(running.pid)
    assert ended(process, within=60)
    os.close(process)


def test_a_program_serves_one_network_after_another(line: list[str]) -> None:
    """A fixture of a whole session: each test has a network of its own, of the same account."""
    with program(line) as running:
        for seed in (1, 2):
            exchange = Exchange(seed)
            exchange.number(LINE, running, "/voice")
            exchange.number("+33800000002", running, "/other")
            caller = exchange.phone(CALLER)
            caller.call("+33800000002")

            assert caller.last_heard == "[] 0 None"
            assert running.printed_lately.count("asked for") == 1
            assert exchange.client.username == exchange.account_sid
            assert exchange.client.calls.list()[0].status == "in-progress"


def test_a_command_is_one_line_and_may_say_its_port(line: list[str]) -> None:
    with program(f"{line[0]} '{line[1]}' --port {{port}}") as running:
        exchange = Exchange()
        exchange.number(LINE, running, "/voice")
        caller = exchange.phone(CALLER)
        caller.call(LINE)

        port = running.url.rpartition(":")[2]
        assert caller.last_heard == f"['--port', '{port}'] 0 None"


def test_whatever_it_has_started_ends_with_it(tmp_path: Path, line: list[str]) -> None:
    """npm starts a shell that starts node: all of them have to go."""
    start = (
        "import subprocess, sys\n"
        f"child = subprocess.Popen({line!r})\n"
        "print('child', child.pid, flush=True)\n"
        "child.wait()\n"
    )
    with program([sys.executable, "-c", start]) as running:
        child = os.pidfd_open(int(running.printed.split()[1]))

        assert not ended(child)
    assert ended(child, within=60)
    os.close(child)


def ended(process: int, within: float = 0) -> bool:
    """Whether a process has ended; its descriptor can be read from then on."""
    readable, _, _ = select.select([process], [], [], within)
    return bool(readable)


def test_a_program_that_doesnt_come_up_says_what_it_printed() -> None:
    command = [sys.executable, "-c", "print('no database'); raise SystemExit(3)"]

    with pytest.raises(ProgramError) as failed, program(command):
        pass

    assert "it exited with 3 before it answered at port" in str(failed.value)
    assert "It printed:\n    no database" in str(failed.value)


def test_a_program_that_listens_elsewhere_is_told_where_it_should() -> None:
    command = [sys.executable, "-c", "import signal; signal.pause()"]

    with (
        pytest.raises(IVRError, match=r"after 0.2 s; does it listen at \$PORT\?") as failed,
        program(command, within=0.2),
    ):
        pass

    assert "(nothing)" in str(failed.value)


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("nothing-of-that-name --port 1", "nothing-of-that-name isn't installed, or isn't on the"),
        ("", "can't be started"),
    ],
)
def test_a_program_that_isnt_there(command: str, why: str) -> None:
    with pytest.raises(ProgramError, match=why), program(command):
        pass


def test_a_program_that_listens_at_the_other_localhost(line: list[str]) -> None:
    """Node's ``listen(port, "localhost")`` is [::1] since version 17."""
    command = [
        sys.executable,
        "-c",
        "import http.server, os, socket\n"
        "class Server(http.server.HTTPServer): address_family = socket.AF_INET6\n"
        "Server(('::1', int(os.environ['PORT'])), http.server.BaseHTTPRequestHandler)"
        ".serve_forever()",
    ]
    with program(command) as running:
        assert running.url.startswith("http://[::1]:")


def test_a_client_that_keeps_its_connection_doesnt_talk_to_a_network_that_is_gone() -> None:
    """Node's and Python's clients do; one `ivr replay` has a network for each dialogue."""
    first, second = Exchange(seed=1), Exchange(seed=2)
    with RestServer(first.api) as api:
        client = http.client.HTTPConnection("127.0.0.1", api.port, timeout=60)
        assert asked(client, first) == 200
    with RestServer(second.api, port=api.port):
        with pytest.raises(http.client.RemoteDisconnected):
            asked(client, first)
        client.close()
        assert asked(client, second) == 200
    client.close()


def asked(client: http.client.HTTPConnection, exchange: Exchange) -> int:
    """The status with which the calls of an exchange's account are listed."""
    key = b64encode(f"{exchange.account_sid}:{exchange.auth_token}".encode()).decode()
    path = f"/2010-04-01/Accounts/{exchange.account_sid}/Calls.json"
    client.request("GET", path, headers={"Authorization": f"Basic {key}"})
    answer = client.getresponse()
    answer.read()
    return answer.status


def test_what_it_printed_can_be_read_when_it_has_ended(line: list[str]) -> None:
    """A test that has failed shows it, and the program may have ended with the test."""
    with program(line) as running:
        exchange = Exchange()
        exchange.number(LINE, running, "/voice")
        exchange.phone(CALLER).call(LINE)

    assert running.printed_lately.startswith("asked for /voice")
