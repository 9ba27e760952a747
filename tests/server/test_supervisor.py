"""Processes that die are started again, without end; those that are told to stop finish first."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_urlsafe

import pytest

from tests.kit.commands import ivr
from tests.kit.processes import IVR, comes_true, free_port, said

HANDED_OVER = """
import os, sys
number, *command = sys.argv[1:]
os.dup2(int(number), 3)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1")
os.execv(command[0], command)
"""
TWILIO = {"TWILIO_ACCOUNT_SID": "AC1", "TWILIO_AUTH_TOKEN": "token"}


class Supervised:
    """The small application of `tests.kit.supervised`, under way."""

    def __init__(self, folder: Path, workers: int = 2, given: socket.socket | None = None) -> None:
        self.folder, self.workers, self.port = folder, workers, free_port()
        self.log = folder / "log"
        self.socket = given

    def start(self, **environment: str) -> None:
        python = [sys.executable, "-m", "tests.kit.supervised"]
        command = [*python, str(self.port), str(self.workers), str(self.folder)]
        given: dict[str, object] = {}
        if self.socket:  # as systemd does it: the socket is number 3, and meant for this process
            number = self.socket.fileno()
            command = [sys.executable, "-c", HANDED_OVER, str(number), *command]
            given["pass_fds"] = [number]
            self.port = self.socket.getsockname()[1]
        with self.log.open("a") as written:
            self.process = subprocess.Popen(  # type: ignore[call-overload]
                command, env=os.environ | environment, stdout=written, stderr=written, **given
            )

    def alive(self) -> set[int]:
        """The processes of its workers."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return {int(child) for child in children.read_text().split()}

    def who(self, path: str = "/") -> str:
        return said(f"http://127.0.0.1:{self.port}{path}")

    def says(self, what: str, times: int = 1) -> bool:
        return comes_true(lambda: len(re.findall(what, self.log.read_text())) >= times)

    def is_ready(self, times: int) -> None:
        assert self.says(r"worker \d is ready", times), self.log.read_text()

    def ends(self) -> int:
        return self.process.wait(60)


@contextmanager
def supervised(supervised: Supervised, **environment: str) -> Iterator[Supervised]:
    supervised.start(**environment)
    try:
        yield supervised
    finally:
        supervised.process.terminate()
        supervised.ends()


def kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def test_workers_that_are_killed_again_and_again_come_again(tmp_path: Path) -> None:
    with supervised(Supervised(tmp_path)) as line:
        line.is_ready(2)
        for times in range(1, 6):
            for pid in line.alive():
                kill(pid)
            # Both are dead: the connection waits until one of them is there again.
            assert int(line.who()) in line.alive()
            line.is_ready(2 + 2 * times)
        assert line.process.poll() is None


def test_pauses_between_two_starts_grow(tmp_path: Path) -> None:
    with supervised(Supervised(tmp_path, workers=1)) as line:
        for times in range(1, 5):
            line.is_ready(times)
            [pid] = line.alive()
            kill(pid)
        line.is_ready(5)
    pauses = re.findall(r"has ended: SIGKILL; it is started again in (\S+) s", line.log.read_text())
    assert pauses == ["0.1", "0.2", "0.4", "0.8"]


def test_a_worker_that_cannot_start_for_now_is_tried_until_it_can(tmp_path: Path) -> None:
    with supervised(Supervised(tmp_path)) as line:
        line.is_ready(2)
        before = line.alive()
        (tmp_path / "broken").write_text("the database doesn't answer")
        victim = min(before)
        kill(victim)
        assert line.says("has ended: the database doesn't answer; it is started again in 0.2 s")
        assert {int(line.who())} == before - {victim}
        (tmp_path / "broken").unlink()
        line.is_ready(3)


def test_settings_that_are_wrong_from_the_start_end_the_server(tmp_path: Path) -> None:
    (tmp_path / "broken").write_text("IVR_CASES_URL is 'ftp://x'")
    line = Supervised(tmp_path)
    line.start()
    assert line.ends() == 1
    assert line.log.read_text() == "Error: IVR_CASES_URL is 'ftp://x'\n"


def test_sigterm_finishes_what_was_begun_and_takes_no_more(tmp_path: Path) -> None:
    (tmp_path / "held").touch()
    with supervised(Supervised(tmp_path)) as line, ThreadPoolExecutor(1) as callers:
        line.is_ready(2)
        begun = callers.submit(line.who, "/hold")
        assert comes_true((tmp_path / "holding").exists)
        line.process.terminate()
        assert comes_true(lambda: not line.who())
        (tmp_path / "held").unlink()
        assert begun.result() == "held"
        assert line.ends() == 0
    assert (tmp_path / "closed").exists()
    assert "SIGKILL" not in line.log.read_text()


def test_who_does_not_finish_in_time_is_killed(tmp_path: Path) -> None:
    (tmp_path / "held").touch()
    with supervised(Supervised(tmp_path), GRACE="0.3") as line, ThreadPoolExecutor(1) as callers:
        line.is_ready(2)
        callers.submit(line.who, "/hold")
        assert comes_true((tmp_path / "holding").exists)
        line.process.terminate()
        assert line.ends() == 0
    assert "WARNING worker.killed:" in line.log.read_text()


def test_a_worker_that_fails_says_why_and_is_started_again(tmp_path: Path) -> None:
    with supervised(Supervised(tmp_path, workers=1)) as line:
        line.is_ready(1)
        (tmp_path / "failing").touch()
        kill(line.alive().pop())
        assert line.says("ERROR worker.failed: .*(?s:.*)nothing says why")
        (tmp_path / "failing").unlink()
        assert line.says("INFO worker.ready:", 2)
        assert line.says("WARNING worker.ended:", 2)


@contextmanager
def reader_who_does_not_read(line: Supervised) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", line.port), 60) as reader:
        reader.sendall(b"GET /large HTTP/1.1\r\nHost: line.test\r\n\r\n")
        assert reader.recv(1) == b"H"
        yield reader


def test_who_reads_nothing_of_an_answer_is_cut_off(tmp_path: Path) -> None:
    with supervised(Supervised(tmp_path)) as line:
        line.is_ready(2)
        with reader_who_does_not_read(line):
            [own] = established(line)
            assert comes_true(lambda: established(line) == [])
            assert own


def test_who_reads_nothing_does_not_keep_a_server_from_stopping(tmp_path: Path) -> None:
    line = Supervised(tmp_path)
    line.start()
    line.is_ready(2)
    with reader_who_does_not_read(line):
        line.process.terminate()
        assert line.ends() == 0
    assert (tmp_path / "closed").exists()
    assert "killed" not in line.log.read_text()


def established(line: Supervised) -> list[str]:
    """The server's own ends of its connections."""
    rows = [row.split() for row in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    own, open_ = f"0100007F:{line.port:04X}", "01"
    return [row[1] for row in rows if row[1] == own and row[3] == open_]


def test_workers_end_when_their_supervisor_is_killed(tmp_path: Path) -> None:
    with supervised(Supervised(tmp_path)) as line:
        line.is_ready(2)
        workers = line.alive()
        kill(line.process.pid)
        assert line.ends() == -signal.SIGKILL
        assert comes_true(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers))


def test_a_socket_of_systemds_outlives_the_server(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as given:
        line = Supervised(tmp_path, workers=1, given=given)
        with supervised(line):
            line.is_ready(1)
            first = line.who()
        with ThreadPoolExecutor(1) as callers:  # it has stopped; this waits for the next one
            waiting = callers.submit(line.who)
            with supervised(line):
                assert waiting.result() not in ("", first)


def test_systemd_is_told_when_every_worker_is_ready(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        with supervised(Supervised(tmp_path), NOTIFY_SOCKET=str(tmp_path / "notify")) as line:
            assert systemd.recv(100) == b"READY=1"
            line.is_ready(2)
        assert systemd.recv(100) == b"STOPPING=1"


# ---- the commands


def refused(*command: str, folder: Path, **settings: str) -> str:
    database = {"IVR_DATABASE": f"sqlite:///{folder / 'ivr.db'}", "IVR_ALLOW_SAMPLE": "yes"}
    environment = os.environ | TWILIO | database | settings
    ended = subprocess.run(
        [IVR, *command], env=environment, capture_output=True, text=True, timeout=120
    )
    assert ended.returncode == 3
    return ended.stderr


def test_a_taken_port_is_said(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        url = {"IVR_PUBLIC_URL": "http://line.test"}
        said = refused("serve", "--port", port, folder=tmp_path, **url)
    assert (
        said.splitlines()[-1]
        == f"Error: can't listen on 127.0.0.1, port {port}: Address already in use"
    )


@pytest.mark.parametrize("command", ["serve", "pages"])
def test_a_setting_that_only_a_worker_reads_ends_the_command(tmp_path: Path, command: str) -> None:
    wrong = {"IVR_CASES_URL": "ftp://x", "IVR_PUBLIC_URL": "http://line.test"}
    key = {"IVR_SECRET_KEY": token_urlsafe(48)}
    port = str(free_port())
    said = refused(command, "--port", port, folder=tmp_path, **wrong, **key)
    assert said.splitlines()[-1].startswith("Error: IVR_CASES_URL is 'ftp://x'")
    assert "Traceback" not in said


@pytest.mark.parametrize("option", ["--workers", "--threads"])
def test_none_is_not_enough(option: str) -> None:
    ended = ivr("serve", option, "0")
    assert ended.exit_code == 2
    assert option in ended.output
