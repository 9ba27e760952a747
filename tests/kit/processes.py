"""Processes of the product, on ports and databases of a test's own."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from flows.escalation import FOLDER, SAMPLE
from ivr.line.store.store import Store
from ivr.simulator import Exchange
from ivr.simulator.rest.serving.server import RestServer
from tests.kit.desk import ENTRY, PEOPLE
from tests.kit.scrapes import TOKEN

IVR = Path(sys.executable).with_name("ivr")
GRETA = "MGR2,duty,EMEA,06:00,14:00"
NUMBERS = count(os.getpid() * 101)
RATE = 4.0  # the line's own clock is real; rings and prompts go four times as fast


def free_port() -> int:
    """A port that nobody listens at.

    One that the kernel chooses may be a client's a moment later: it gives those from 32768 on to
    clients as well. These are below, and each process of the tests begins elsewhere.
    """
    for number in NUMBERS:
        port = 20_000 + number % 12_000
        with suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("the numbers never end")


def comes_true(condition: Callable[[], object], within: float = 300.0) -> bool:
    """Whether something that other processes bring about is so, or becomes so.

    ``within`` (real seconds) is only when to give up: no test depends on how long it takes.
    """
    until = time.monotonic() + within
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


def said(url: str) -> str:
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:
            return str(answer.read().decode())
    except OSError:
        return ""


@contextmanager
def running(command: list[str | Path], log: Path, **environment: str) -> Iterator[int]:
    """A process, stopped at the end; its id."""
    with log.open("w") as written:
        process = subprocess.Popen(
            command, env=os.environ | environment, stdout=written, stderr=written
        )
        try:
            yield process.pid
        finally:
            process.terminate()
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def ended(pid: int) -> bool:
    """Whether a process that `running` has started has ended by itself."""
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def import_desk(store: Store, folder: Path) -> None:
    """The sample desk, on which Greta Vogel is on duty around the clock: these processes' own clock
    is real, and the tests pass at any hour."""
    desk = shutil.copytree(SAMPLE, folder / "desk")
    shifts = (SAMPLE / "shifts.csv").read_text(encoding="utf-8")
    assert GRETA in shifts
    always = shifts.replace(GRETA, "MGR2,duty,EMEA,00:00,00:00")
    (desk / "shifts.csv").write_text(always, encoding="utf-8")
    store.migrate()
    store.import_csv(desk)


@contextmanager
def laptop(folder: Path, database: str = "") -> Iterator[str]:
    """`ivr run` in a folder of its own, with a desk of its own unless it is given a database; the
    address of its pages."""
    webhooks, port = free_port(), free_port()
    ports = ["--webhooks-port", str(webhooks), "--pages-port", str(port)]
    url = f"http://127.0.0.1:{port}"
    if not database:
        database = f"sqlite:///{folder / 'ivr.db'}"
        store = Store(database)
        import_desk(store, folder)
        store.close()
    kept = {"IVR_DATABASE": database}
    with running([IVR, "run", *ports], folder / "run.log", **kept):
        assert comes_true(lambda: said(f"{url}/sign-in")), (folder / "run.log").read_text()
        yield url


@dataclass
class Served:
    """A line that serves, and the network whose number leads to it."""

    origin: str
    pid: int
    database: str
    network: Exchange
    store: Store

    def workers(self) -> set[int]:
        """The processes that answer."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        command = Path(f"/proc/{self.pid}/cmdline").read_bytes()
        return {
            int(child)
            for child in children
            if Path(f"/proc/{child}/cmdline").read_bytes() == command  # forked; others only help
        }


def flow_at_rate(folder: Path) -> Path:
    """The line's flow, for which two have met after as long as they talk at `RATE`."""
    flow = shutil.copytree(FOLDER, folder / "escalation")
    config = flow / "line.toml"
    text = config.read_text(encoding="utf-8")
    assert "met_after = 8 " in text
    faster = text.replace("met_after = 8 ", f"met_after = {8 / RATE:.0f} ")
    config.write_text(faster, encoding="utf-8")
    return flow


def settings(network: Exchange, api: RestServer, database: str, origin: str) -> dict[str, str]:
    return {
        "IVR_ALLOW_SAMPLE": "yes",
        "IVR_METRICS_TOKEN": TOKEN,
        "IVR_DATABASE": database,
        "IVR_PUBLIC_URL": origin,
        "IVR_TWILIO_API": api.url,
        "TWILIO_ACCOUNT_SID": network.account_sid,
        "TWILIO_AUTH_TOKEN": network.auth_token,
    }


@contextmanager
def serving(database: str, log: Path) -> Iterator[Served]:
    """Two workers of the line on a port of their own, and a network in real time."""
    store = Store(database)
    import_desk(store, log.parent)
    network, port = Exchange(seed=int(time.time() * 1000) % 2**31, rate=RATE), free_port()
    for number in PEOPLE.values():
        network.phone(number)
    origin = f"http://127.0.0.1:{port}"
    here = f"{origin}/voice/escalation"
    network.number(ENTRY, here, status_callback=f"{here}/status", fallback=f"{here}/fallback")
    command = [IVR, "serve", "--port", str(port), "--workers", "2"]
    flow = {"IVR_FLOW": str(flow_at_rate(log.parent))}
    with (
        RestServer(network.api) as api,
        running(command, log, **settings(network, api, database, origin), **flow) as pid,
    ):
        assert comes_true(lambda: log.read_text().count(" is ready") == 2), log.read_text()
        assert comes_true(lambda: said(f"{origin}/livez")), log.read_text()
        network.start()
        yield Served(origin, pid, database, network, store)
        network.stop()
    store.close()
