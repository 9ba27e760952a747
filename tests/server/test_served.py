"""The same calls over real HTTP: `ivr serve` in processes of its own, the network here."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from ivr.line.definition import Line
from ivr.line.service.services import build_services
from ivr.line.store.store import Store
from ivr.line.web.webhooks.app import create_app
from ivr.simulator import Exchange, Handset
from ivr.simulator.rest.serving.server import RestServer
from tests.kit.databases import postgres
from tests.kit.desk import CALLER, ENTRY, ORIGIN, PEOPLE
from tests.kit.processes import (
    IVR,
    Served,
    comes_true,
    free_port,
    running,
    said,
    serving,
    settings,
)
from tests.kit.scrapes import scraped_at

CASE = "17349013#"
NUMBERS = count(200)


@pytest.fixture(
    scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
)
def database(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    if request.param == "postgres":
        with postgres() as url:
            yield url
    else:
        yield f"sqlite:///{tmp_path_factory.mktemp('served') / 'ivr.db'}"


@pytest.fixture(scope="module")
def served(database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(database, tmp_path_factory.mktemp("log") / "serve.log") as served:
        yield served


@pytest.fixture
def caller(served: Served) -> Iterator[Handset]:
    """A caller; once they have gone, nothing is left of their call."""
    for number in PEOPLE.values():
        served.network.phone(number).will("ring")
    caller = served.network.phone(
        f"+3315550{next(NUMBERS):04d}"
    )  # a known number would be welcomed back
    yield caller
    for phone in served.network.phones.values():
        if phone.in_call:
            phone.hang_up()
    assert comes_true(lambda: not served.store.calls.open())
    assert comes_true(lambda: not [each for each in served.store.people.all() if each.busy_with])
    assert comes_true(lambda: not any(phone.leg for phone in served.network.phones.values()))
    assert served.store.logs.verify(caller.calls[-1].sid)
    assert not served.network.debugger


def press(phone: Handset, *entries: str) -> None:
    """Each as soon as the phone listens."""
    for entry in entries:
        assert comes_true(lambda: phone.listening), phone.last_heard
        before = len(phone.heard)
        phone.press(entry)
        assert comes_true(lambda before=before: len(phone.heard) > before)  # type: ignore[misc]


def events(served: Served, caller: Handset, kind: str) -> list[str]:
    """The people who did something on the caller's last call."""
    logged = served.store.logs.events(caller.calls[-1].sid)
    return [event.actor for event in logged if event.kind == kind]


def story(served: Served, caller: Handset) -> str:
    """What the line knows of the caller's call, and what is still to be done."""
    sid = caller.calls[-1].sid
    told = [f"{e.at:%M:%S.%f} {e.kind} {e.actor} {e.data}" for e in served.store.logs.events(sid)]
    duties = [
        f"{d.kind} {d.state} {d.attempts} {d.due} {d.data}" for d in served.store.duties.all()
    ]
    heard = [each.text for each in caller.heard]
    return "\n".join((*told, *duties, *heard))


def test_it_is_alive_and_says_which_line_it_is(served: Served) -> None:
    alive = json.loads(said(f"{served.origin}/livez"))

    assert alive == {"alive": True, "line": "escalation", "flow_version": "1"}


def test_zero_reaches_an_operator_and_the_conference(served: Served, caller: Handset) -> None:
    operator = served.network.phone(PEOPLE["OP1"])
    operator.will("answer", after=2, press="1")

    caller.call(ENTRY)
    press(caller, "0")

    assert comes_true(lambda: caller.connected_to == {operator})
    assert events(served, caller, "operator.taken") == ["OP1"]
    assert comes_true(lambda: events(served, caller, "operator.accepted") == ["OP1"])


def test_the_right_manager_is_busy_and_the_next_one_takes_it(
    served: Served, caller: Handset
) -> None:
    served.network.phone(PEOPLE["MGR1"]).will("busy")
    for person in ("MGR2", "MGR3", "MGR4"):  # one of them is on duty at this hour
        served.network.phone(PEOPLE[person]).will("answer", after=2, press="1")

    caller.call(ENTRY)
    press(caller, "2", "1", CASE, "1", "2")

    assert comes_true(lambda: bool(caller.connected_to)), story(served, caller)
    assert events(served, caller, "dial.busy") == ["MGR1"]
    assert comes_true(lambda: len(events(served, caller, "escalation.accepted")) == 1)
    assert comes_true(lambda: len(served.store.case_files.escalations("C17349013")) == 1)


# ---- duties that nobody is left to do


class Unfinished:
    """A line that answers and then goes, its duties undone."""

    def __init__(self, app: Callable[..., Iterable[bytes]]) -> None:
        self.app = app

    def __call__(self, environ: dict[str, Any], start: Callable[..., object]) -> list[bytes]:
        return list(self.app(environ, start))  # never closed


@pytest.mark.parametrize("once", [True, False])
def test_a_worker_does_what_was_left_undone(
    tmp_path: Path, store: Store, escalation: Line, once: bool
) -> None:
    network = Exchange(start=datetime.now(UTC))
    services = build_services(escalation, store, twilio=network.client, public_url=ORIGIN)
    app = create_app(services)
    network.number(ENTRY, Unfinished(app), "/voice/escalation", origin=ORIGIN)
    caller, operator = network.phone(CALLER), network.phone(PEOPLE["OP1"])
    caller.call(ENTRY)
    caller.press("0")
    assert not operator.ringing

    port = free_port()
    how = ["--once"] if once else ["--port", str(port)]
    log, command = tmp_path / "worker.log", [IVR, "worker", *how]
    with (
        RestServer(network.api) as api,
        running(command, log, **settings(network, api, store.connections.url, ORIGIN)) as pid,
    ):
        assert comes_true(lambda: [d for d in store.duties.all("ring") if d.state == "done"])
        if once:  # the ring, and the first looks at the rota and elsewhere; more, if it is slow
            done = re.compile(r"^([4-9]|\d\d) duties done$", re.MULTILINE)
            assert comes_true(lambda: done.search(log.read_text())), log.read_text()
        else:
            assert json.loads(said(f"http://127.0.0.1:{port}/readyz"))["ready"]
            counted = scraped_at(f"http://127.0.0.1:{port}")
            assert counted.value("ivr_duties_done_total", kind="ring") == 1
            os.kill(pid, signal.SIGINT)
            assert comes_true(lambda: gone(pid))
            logged = [line.split()[1:3] for line in log.read_text().splitlines()]
            assert logged[0] == ["INFO", "process.started:"]
            assert logged[-1] == ["INFO", "process.ended:"]
            assert {level for level, _ in logged} == {"INFO"}

    network.wait(1)
    assert operator.ringing
    assert operator.caller_id == ENTRY


def gone(pid: int) -> bool:
    """Whether our child has ended."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"


# ---- what is missing


@pytest.mark.parametrize("command", ["serve", "worker"])
def test_a_line_without_its_settings_says_which_and_exits_with_3(command: str) -> None:
    environment = {"PATH": os.environ["PATH"]}

    done = subprocess.run(
        [IVR, command], env=environment, capture_output=True, text=True, check=False, timeout=300
    )

    assert done.returncode == 3
    for name in ("IVR_PUBLIC_URL", "TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"):
        assert name in done.stderr
    assert "Traceback" not in done.stderr
