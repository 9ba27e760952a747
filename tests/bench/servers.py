"""Starts what is measured, each on one core, and loads it with wrk from another."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench import traffic

HERE = Path(__file__).parent
CONNECTIONS = 16
CORES = sorted(os.sched_getaffinity(0))
SERVER, LOAD = CORES[:1], CORES[1:2] or CORES[:1]


class Missing(Exception):
    """Something that a row needs isn't on this machine; says what."""


@dataclass(frozen=True)
class Loaded:
    """What wrk saw: requests a second, milliseconds; and the server's processor time a request in
    microseconds, which other programs on this machine hardly disturb."""

    rate: float
    p50: float
    p99: float
    requests: int
    cpu: float


@dataclass
class Server:
    """One thing that answers. ``command`` holds ``{port}``; ``database`` is what must move."""

    name: str
    command: list[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    database: str = ""
    cores: list[int] = field(default_factory=lambda: SERVER)
    port: int = 0
    group: int = 0

    def processes(self) -> dict[int, float]:
        """Its processes, and how many seconds each has computed."""
        seconds = {}
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):
                of = stat.read_text().rpartition(")")[2].split()
                if int(of[2]) == self.group:
                    ticks = int(of[11]) + int(of[12])
                    seconds[int(stat.parent.name)] = ticks / os.sysconf("SC_CLK_TCK")
        return seconds

    def cpu(self) -> float:
        """Seconds that they have computed."""
        return sum(self.processes().values())


def granian(factory: str, workers: int = 1, threads: int = 1) -> list[str]:
    """A WSGI application behind granian's own command."""
    return [
        sys.executable, "-m", "granian", "--interface", "wsgi", "--factory", factory,
        "--host", "127.0.0.1", "--port", "{port}", "--no-ws", "--log-level", "warning",
        "--workers", str(workers), "--blocking-threads", str(threads),
    ]  # fmt: skip


@contextmanager
def running(server: Server) -> Iterator[Server]:
    """The server, answering; stopped at the end."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        server.port = free.getsockname()[1]
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            [part.format(port=server.port) for part in server.command],
            env=os.environ | server.environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=lambda: os.sched_setaffinity(0, server.cores),
        )
        try:
            server.group = process.pid
            _await(server, process)
            yield server
        except Exception:
            log.seek(0)
            if said := log.read().decode():
                sys.stderr.write(f"{server.name}: {said[-3000:]}\n")
            raise
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def _await(server: Server, process: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        if process.poll() is not None:
            raise Missing(f"{server.name} didn't start")
        with suppress(OSError), socket.create_connection(("127.0.0.1", server.port), 0.5):
            return
        time.sleep(0.05)
    raise Missing(f"{server.name} doesn't listen")


def load(server: Server, requests: Path, seconds: int, cores: list[int] | None = None) -> Loaded:
    """Send the file's requests for so long, over 16 connections."""
    if not (wrk := shutil.which("wrk")):
        raise Missing("wrk is missing: apt-get install wrk")
    url, computed = f"http://127.0.0.1:{server.port}/", server.cpu()
    said = subprocess.run(
        [
            wrk, "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--timeout", "10s",
            "-s", str(HERE / "stream.lua"), url, "--", str(requests),
        ],
        capture_output=True,
        text=True,
        check=True,
        preexec_fn=lambda: os.sched_setaffinity(0, cores or LOAD),
    ).stdout  # fmt: skip
    seen = json.loads(said.splitlines()[-1])
    if seen["refused"] or seen["broken"]:
        raise AssertionError(f"{server.name}: {seen}")
    if seen["wrapped"] and server.database:  # a line that remembers nothing may be asked again
        raise AssertionError(f"{server.name} was quicker than {requests} is long")
    count, computed = seen["requests"], server.cpu() - computed
    return Loaded(count / seen["seconds"], seen["p50"], seen["p99"], count, computed / count * 1e6)


class Traffic:
    """Files of requests that nobody has sent yet."""

    def __init__(self, folder: Path) -> None:
        self.folder, self._next = folder, 1

    def file(self, mix: str, count: int) -> Path:
        """At least ``count`` requests of calls that begin in it."""
        steps = traffic.MIXES[mix]
        made = self.folder / f"{mix}.requests"
        spare = traffic.request(traffic.sid(0), steps[0])
        calls = -(-count // (len(steps) * traffic.TOGETHER)) * traffic.TOGETHER
        fresh = traffic.stream(steps, self._next, count)
        self._next += calls
        traffic.write(made, (each for group in ([spare], fresh) for each in group))
        return made
