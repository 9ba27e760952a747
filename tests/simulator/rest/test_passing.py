"""The REST server as the proxy of programs: what is for Twilio is answered, the rest passes."""

from __future__ import annotations

import http.client
import http.server
import socket
import ssl
import threading
from base64 import b64encode
from collections.abc import Iterator

import pytest

from ivr.simulator import Exchange
from ivr.simulator.rest.serving.connections import certificates
from ivr.simulator.rest.serving.server import RestServer


class Elsewhere(http.server.BaseHTTPRequestHandler):
    """Another service; it says how it was asked."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("X-Theirs", "kept")
        self.end_headers()
        given = self.headers.get("Proxy-Authorization", "nobody")
        self.wfile.write(f"{self.path} {given}".encode())

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@pytest.fixture
def elsewhere() -> Iterator[int]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere)
    serving = threading.Thread(target=server.serve_forever, args=(0.01,))
    serving.start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()
    serving.join()


@pytest.fixture(autouse=True)
def without_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def asked(rest: RestServer, url: str, headers: dict[str, str] | None = None) -> tuple[int, str]:
    """(status, body) of a GET that takes the server for its proxy."""
    connection = http.client.HTTPConnection("127.0.0.1", rest.port, timeout=60)
    connection.request("GET", url, headers=headers or {})
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer.status, body


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_answers_for_twilio_itself(scheme: str) -> None:
    """axios asks a proxy for https URLs in the clear."""
    exchange = Exchange(seed=1)
    key = b64encode(f"{exchange.account_sid}:{exchange.auth_token}".encode()).decode()
    url = f"{scheme}://api.twilio.com/2010-04-01/Accounts/{exchange.account_sid}/Calls.json"
    with RestServer(exchange.api) as rest:
        status, body = asked(rest, url, {"Authorization": f"Basic {key}"})
        assert (status, '"calls": []' in body) == (200, True)
        assert (
            asked(rest, f"{scheme}://www.twilio.com/", {"Authorization": f"Basic {key}"})[0] == 501
        )


def test_a_tunnel_to_twilio_ends_here() -> None:
    exchange = Exchange(seed=1)
    key = b64encode(f"{exchange.account_sid}:{exchange.auth_token}".encode()).decode()
    with RestServer(exchange.api) as rest:
        trusting = ssl.create_default_context(cadata=certificates().authority)
        connection = http.client.HTTPSConnection("127.0.0.1", rest.port, context=trusting)
        connection.set_tunnel("api.dublin.ie1.twilio.com", 443)
        for _ in range(2):  # it may be asked again on the same connection
            path = f"/2010-04-01/Accounts/{exchange.account_sid}.json"
            connection.request("GET", path, headers={"Authorization": f"Basic {key}"})
            answer = connection.getresponse()
            assert answer.status == 200
            assert exchange.account_sid in answer.read().decode()
        connection.close()


def test_other_hosts_are_asked_directly(elsewhere: int) -> None:
    with RestServer(Exchange(seed=1).api) as rest:
        there = f"http://localhost:{elsewhere}/x?y=1"
        assert asked(rest, there, {"Proxy-Authorization": "ours"}) == (200, "/x?y=1 nobody")


def test_or_by_the_proxy_that_there_is(elsewhere: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://ann:s%40fe@127.0.0.1:{elsewhere}")
    monkeypatch.setenv("http_proxy", f"http://ann:s%40fe@127.0.0.1:{elsewhere}")
    with RestServer(Exchange(seed=1).api) as rest:
        login = b64encode(b"ann:s@fe").decode()
        url = "http://service.example/x"
        assert asked(rest, url) == (200, f"{url} Basic {login}")

        monkeypatch.setenv("NO_PROXY", "localhost")
        monkeypatch.setenv("no_proxy", "localhost")
        assert asked(rest, f"http://localhost:{elsewhere}/x") == (200, "/x nobody")


@pytest.mark.parametrize("chained", [False, True])
def test_tunnels_to_other_hosts(
    chained: bool, elsewhere: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    exchange = Exchange(seed=1)
    with RestServer(exchange.api) as rest, RestServer(Exchange(seed=2).api) as upstream:
        if chained:

            def only_once(host: str) -> bool:
                """Both proxies are in this process: only the first has one of its own."""
                return seen.append(host) is not None or len(seen) > 1

            seen: list[str] = []
            monkeypatch.setenv("https_proxy", upstream.url)
            monkeypatch.setattr("ivr.simulator.rest.serving.passing.proxy_bypass", only_once)
        connection = http.client.HTTPConnection("127.0.0.1", rest.port, timeout=60)
        connection.set_tunnel("localhost", elsewhere)
        connection.request("GET", "/through")
        assert connection.getresponse().read() == b"/through nobody"
        connection.close()
        if chained:
            assert seen == ["localhost", "localhost"]


def test_a_host_that_isnt_there() -> None:
    with RestServer(Exchange(seed=1).api) as rest:
        status, body = asked(rest, "http://localhost:1/")
        assert (status, body.startswith("localhost:1 can't be reached: ")) == (502, True)

        connection = http.client.HTTPConnection("127.0.0.1", rest.port, timeout=60)
        connection.set_tunnel("localhost", 1)
        with pytest.raises(OSError, match="502"):
            connection.request("GET", "/")
        connection.close()


def test_nobody_on_another_machine_gets_further(elsewhere: int) -> None:
    with RestServer(Exchange(seed=1).api, host="0.0.0.0") as rest:
        assert asked(rest, f"http://localhost:{elsewhere}/x")[0] == 403
        connection = http.client.HTTPConnection("127.0.0.1", rest.port, timeout=60)
        connection.set_tunnel("localhost", elsewhere)
        with pytest.raises(OSError, match="403"):
            connection.request("GET", "/")
        connection.close()


def test_a_program_that_trusts_others_is_told_of() -> None:
    exchange = Exchange(seed=1)
    noted = threading.Event()
    exchange.taps.append(lambda _: noted.set())
    with RestServer(exchange.api) as rest:
        connection = socket.create_connection(("127.0.0.1", rest.port), timeout=60)
        context = ssl.create_default_context()
        with connection, pytest.raises(ssl.SSLCertVerificationError):
            context.wrap_socket(connection, server_hostname="localhost")
        assert noted.wait(60)

    with pytest.raises(AssertionError, match="doesn't trust the simulated network's certificate"):
        exchange.strict()


def test_who_keeps_a_connection_sees_at_once_that_it_is_closed() -> None:
    """Else the next request would be sent on it, and fail."""
    with RestServer(Exchange(seed=1).api) as server:
        kept = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        kept.request("GET", "/2010-04-01.json")
        kept.getresponse().read()
        assert kept.sock is not None

        server.hang_up()

        kept.sock.setblocking(False)  # it has ended already: nothing is waited for
        assert kept.sock.recv(1) == b""
        kept.close()
