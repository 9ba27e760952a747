"""Servers for this machine alone answer nobody else's pages, whatever name is pointed here."""

from __future__ import annotations

import http.client
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from ivr.own_hosts import refusal
from ivr.simulator import Exchange
from ivr.simulator.rest.serving.server import RestServer
from tests.kit.processes import IVR, comes_true, free_port, laptop, running

REFUSED = [
    # method, Host, Origin
    ("GET", "evil.test:{port}", ""),
    ("GET", "evil.test", ""),
    ("GET", "127.0.0.1.evil.test:{port}", ""),
    ("GET", "localhost.evil.test:{port}", ""),
    ("GET", "127.0.0.1:{port}.evil.test", ""),
    ("GET", "127.0.0.1:{port}@evil.test", ""),
    ("GET", "127.0.0.1:1", ""),
    ("GET", "127.0.0.1", ""),
    ("GET", "0.0.0.0:{port}", ""),
    ("GET", "2130706433:{port}", ""),
    ("GET", "", ""),
    ("POST", "127.0.0.1:{port}", "http://evil.test"),
    ("POST", "127.0.0.1:{port}", "http://evil.test:{port}"),
    ("POST", "127.0.0.1:{port}", "https://127.0.0.1:{port}"),
    ("POST", "127.0.0.1:{port}", "http://127.0.0.1:1"),
    ("POST", "127.0.0.1:{port}", "null"),
    ("DELETE", "localhost:{port}", "null"),
]
ANSWERED = [
    ("GET", "127.0.0.1:{port}", ""),
    ("GET", "localhost:{port}", ""),
    ("GET", "LOCALHOST:{port}", ""),
    ("GET", "[::1]:{port}", ""),
    ("GET", "host.docker.internal:{port}", ""),
    ("GET", "127.0.0.1:{port}", "http://evil.test"),  # which the browser lets nobody read
    ("POST", "127.0.0.1:{port}", ""),  # no browser
    ("POST", "127.0.0.1:{port}", "http://127.0.0.1:{port}"),
    ("POST", "localhost:{port}", "http://localhost:{port}"),
]


def status(address: str, method: str, host: str, origin: str, path: str = "/") -> tuple[int, str]:
    """What is answered: its status and its words."""
    port = urlsplit(address).port
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.putrequest(method, path, skip_host=True)
    for name, value in (("Host", host), ("Origin", origin), ("Content-Length", "0")):
        if value:
            connection.putheader(name, value.format(port=port))
    connection.endheaders()
    answer = connection.getresponse()
    said = answer.read().decode(errors="replace")
    connection.close()
    return answer.status, said


def answers_nobody_else(address: str) -> None:
    for method, host, origin in REFUSED:
        code, said = status(address, method, host, origin)
        assert (code, said.count("\n")) == (403, 1), (address, method, host, origin, said)
        assert said.startswith("this server ")
    for method, host, origin in ANSWERED:
        _, said = status(address, method, host, origin)
        assert not said.startswith("this server "), (address, method, host, origin)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:80"])
def test_the_usual_port_need_not_be_named(host: str) -> None:
    assert refusal(80, "GET", host, "") == ""
    assert refusal(80, "GET", "evil.test", "")


def test_the_pages_and_webhooks_on_a_laptop_answer_nobody_else(tmp_path: Path) -> None:
    with laptop(tmp_path) as pages:
        found = re.search(r"http://127.0.0.1:\d+(?=/voice)", (tmp_path / "run.log").read_text())
        assert found
        for address in (pages, found.group()):
            answers_nobody_else(address)
        state = "/handsets/state"
        assert status(pages, "GET", "127.0.0.1:{port}", "", state)[0] == 200
        assert status(pages, "GET", "evil.test:{port}", "", state)[0] == 403


@contextmanager
def simulated_network(folder: Path) -> Iterator[tuple[str, str]]:
    """`ivr network`: the addresses of its page and of its REST API."""
    page, api, log = free_port(), free_port(), folder / "network.log"
    number = "+33155500010=http://127.0.0.1:1/voice"
    command: list[str | Path] = [IVR, "network", "--number", number]
    command += ["--port", str(page), "--rest-port", str(api)]
    with running(command, log):
        assert comes_true(lambda: "Press Ctrl-C" in log.read_text())
        yield f"http://127.0.0.1:{page}", f"http://127.0.0.1:{api}"


def test_a_simulated_network_answers_nobody_else(tmp_path: Path) -> None:
    with simulated_network(tmp_path) as addresses:
        for address in addresses:
            answers_nobody_else(address)


def test_an_api_that_is_served_to_others_on_purpose_answers_them() -> None:
    with RestServer(Exchange(seed=1).api, host="0.0.0.0") as server:
        code, _ = status(f"http://127.0.0.1:{server.port}", "GET", "twilio.internal:{port}", "")
    assert code == 401


@pytest.mark.parametrize("length", ["-1", "1e9", "x", "9" * 5000])
def test_an_api_says_that_a_length_is_none(length: str) -> None:
    with RestServer(Exchange(seed=1).api) as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        connection.putrequest("POST", "/")
        connection.putheader("Content-Length", length)
        connection.endheaders()
        assert connection.getresponse().status in (400, 413)
        connection.close()
