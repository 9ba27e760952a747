"""What is shipped to serve the line: that each command and address in it exists, and that the proxy
does what it is there for. No container is built here."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from ivr.cli.main import main
from ivr.line.web.pages.app import Entrance, create_pages
from ivr.server.project import template
from ivr.server.settings import table
from tests.kit.desk import Desk
from tests.kit.documents import ROOT
from tests.kit.environment import require
from tests.kit.processes import comes_true, free_port, running

DEPLOY = ROOT / "deploy"
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = ("migrate", "line", "worker", "pages")
HOST, PAGES = "line.example.com", "support.example.com"


def instructions() -> list[list[str]]:
    lines = (DEPLOY / "Containerfile").read_text(encoding="utf-8").splitlines()
    return [line.split(maxsplit=1) for line in lines if line and not line.startswith("#")]


def command_of(words: list[str]) -> None:
    """Read a command as click would, without running it."""
    assert words[0] == "ivr"
    command, words = main, words[1:]
    while isinstance(command, click.Group):
        command, words = command.commands[words[0]], words[1:]  # type: ignore[assignment]
    command.make_context("ivr", list(words))


# ---- containers


@pytest.mark.parametrize("name", OURS)
def test_each_service_runs_a_command_that_there_is(name: str) -> None:
    command_of(SERVICES[name]["command"])


def test_the_image_runs_a_command_that_there_is_and_not_as_root() -> None:
    steps = instructions()
    [command] = [rest for word, rest in steps if word == "CMD"]
    users = [rest for word, rest in steps if word == "USER"]

    command_of(yaml.safe_load(command))
    assert users == ["ivr"]
    assert steps.index(["USER", "ivr"]) > max(steps.index(s) for s in steps if s[0] == "RUN")


def test_what_the_image_takes_is_in_a_new_project() -> None:
    files = template("my-line")
    taken = [shlex.split(rest)[:-1] for word, rest in instructions() if word == "COPY"]

    for path in [path for paths in taken for path in paths]:
        assert [name for name in files if name == path or name.startswith(path)], path


def test_the_commands_of_its_page_exist() -> None:
    page = (DEPLOY / "README.md").read_text(encoding="utf-8")
    for command in re.findall(r"line (ivr [\w ]+)", page):
        command_of(
            [each for each in command.split() if each != "desk"] + ["."] * ("desk" in command)
        )
    assert page.count("docker compose --env-file .env -f deploy/compose.yaml ") >= 4


@pytest.mark.parametrize("name", [*OURS, "proxy"])
def test_no_service_has_more_rights_than_it_needs(name: str) -> None:
    service = SERVICES[name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service.get("user", "ivr") != "root"
    assert bool(service.get("ports")) is (name == "proxy")


def test_settings_are_settings() -> None:
    known = {name for name, _, _ in table()} | {"POSTGRES_PASSWORD"}
    lines = template("my-line")[".env.example"].decode().splitlines()
    named = {line.partition("=")[0] for line in lines if line and not line.startswith("#")}
    for name in OURS:
        named |= set(SERVICES[name]["environment"])

    assert named <= known


@pytest.mark.parametrize("name", ["line", "pages"])
def test_health_is_asked_of_a_route_that_there_is(name: str, desk: Desk) -> None:
    pages = create_pages(desk.services, entrance=Entrance(secret="x" * 32))
    app = desk.app if name == "line" else pages
    [*_, asked] = SERVICES[name]["healthcheck"]["test"]
    [path] = re.findall(r"http://127\.0\.0\.1:800[01](/[^']*)", asked)

    assert app.test_client().get(path).status_code == 200


# ---- the proxy


def conf() -> str:
    return (DEPLOY / "nginx.conf").read_text(encoding="utf-8")


def test_every_webhook_passes_the_proxy_and_nothing_else_does(desk: Desk) -> None:
    """Figures and the state of each part are for those inside."""
    passed = re.compile(r"^/(voice|back|leg|room)/")
    assert f"location ~ {passed.pattern} {{" in conf()
    routes = {rule.rule: rule for rule in desk.app.url_map.iter_rules()}

    assert {path for path in routes if not passed.match(path)} == {"/livez", "/readyz", "/metrics"}
    assert "location = /livez {" in conf()
    with pytest.raises(MethodNotAllowed):
        desk.app.url_map.bind("x").match("/voice/escalation", method="GET")
    with pytest.raises(HTTPException):
        desk.app.url_map.bind("x").match("/", method="GET")


class Upstream(ThreadingHTTPServer):
    """What is behind the proxy: it notes every request that it gets."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.got: list[tuple[str, dict[str, str], bytes]] = []


class Answering(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.got.append((self.path, dict(self.headers), body))  # type: ignore[attr-defined]
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    do_GET = do_POST

    def log_message(self, *arguments: Any) -> None:
        """Nobody reads it."""


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Upstream]]:
    """The shipped configuration, with a certificate and a port of a test's own."""
    nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    require("nginx", nginx is not None)
    assert nginx is not None
    folder, port, upstream = tmp_path_factory.mktemp("proxy"), free_port(), Upstream()
    threading.Thread(target=upstream.serve_forever, args=(0.02,), daemon=True).start()
    _certificate(folder)
    text = conf().replace("/tmp/", f"{folder}/").replace("/etc/nginx/tls", str(folder))
    text = text.replace("listen 8443", f"listen 127.0.0.1:{port}")
    behind = f"127.0.0.1:{upstream.server_port}"
    text = text.replace("server line:8000", f"server {behind}")
    text = text.replace("server pages:8001", f"server {behind}")
    if os.getuid() == 0:  # the image's user isn't; else its workers would be somebody else
        text = f"user root;\n{text}"
    file = folder / "nginx.conf"
    file.write_text(text, encoding="utf-8")
    tested = subprocess.run([nginx, "-t", "-c", file], capture_output=True, text=True, check=False)
    assert tested.returncode == 0, tested.stderr
    with running([nginx, "-c", str(file), "-g", "daemon off;"], folder / "log"):
        assert comes_true(lambda: _open(port)), (folder / "log").read_text()
        yield port, upstream
    upstream.shutdown()
    upstream.server_close()


def _certificate(folder: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, HOST)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName(HOST), x509.DNSName(PAGES)]), False
        )
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "cert.pem").write_bytes(certificate.public_bytes(pem))
    (folder / "key.pem").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


def _open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def connected(port: int, host: str = HOST) -> ssl.SSLSocket:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    plain = socket.create_connection(("127.0.0.1", port), timeout=60)
    return context.wrap_socket(plain, server_hostname=host)


def post(path: str, body: bytes, host: str = HOST, length: int = -1, more: str = "") -> bytes:
    size = len(body) if length < 0 else length
    head = f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {size}\r\n{more}\r\n"
    return head.encode() + body


def asked(port: int, request: bytes, host: str = HOST) -> int:
    """The status of the answer."""
    with connected(port, host) as client:
        client.sendall(request)
        return int(client.recv(4096).split(b" ", 2)[1])


def test_slow_clients_hold_no_connection_of_the_line(proxy: tuple[int, Upstream]) -> None:
    """Forty sockets send a header and seven bytes; the line hears of none of them, and answers."""
    port, upstream = proxy
    upstream.got.clear()
    slow = [connected(port) for _ in range(40)]
    for each in slow:
        each.sendall(post("/voice/my-line", b"CallSid", length=1000))

    assert asked(port, post("/voice/my-line", b"CallSid=CA1")) == 200
    assert [body for _, _, body in upstream.got] == [b"CallSid=CA1"]

    slow[0].sendall(b"x" * 993)  # one that was only slow gets its answer
    assert slow[0].recv(4096).startswith(b"HTTP/1.1 200")
    assert len(upstream.got) == 2
    for each in slow:
        each.close()


@pytest.mark.parametrize(
    ("host", "path", "size", "status"),
    [
        (HOST, "/voice/my-line", 60_000, 200),
        (HOST, "/voice/my-line", 70_000, 413),
        (HOST, "/livez", 0, 200),
        (HOST, "/readyz", 0, 404),
        (HOST, "/metrics", 0, 404),
        (HOST, "/sign-in", 0, 404),
        (PAGES, "/sign-in", 500_000, 200),
        (PAGES, "/sign-in", 2_000_000, 413),
        (PAGES, "/metrics", 0, 404),
    ],
)
def test_what_passes(
    proxy: tuple[int, Upstream], host: str, path: str, size: int, status: int
) -> None:
    port, upstream = proxy
    upstream.got.clear()
    whole = b"x" * size if status == 200 else b""

    status_of = asked(port, post(path, whole, host, length=size), host)
    assert status_of == status
    assert len(upstream.got) == (1 if status == 200 else 0)


def test_the_line_hears_who_asks_from_the_proxy_alone(proxy: tuple[int, Upstream]) -> None:
    port, upstream = proxy
    upstream.got.clear()
    forged = "X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Proto: http\r\n"

    assert asked(port, post("/sign-in", b"", PAGES, more=forged), PAGES) == 200
    [(_, headers, _)] = upstream.got
    assert headers["X-Forwarded-For"] == "127.0.0.1"
    assert headers["X-Forwarded-Proto"] == "https"
    assert headers["Host"] == PAGES


def test_another_name_gets_no_answer(proxy: tuple[int, Upstream]) -> None:
    with pytest.raises(ssl.SSLError):
        connected(proxy[0], "evil.test")
