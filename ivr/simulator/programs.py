"""An application in any language, run as a program of its own.

    with program("node line.js") as line:
        exchange.number("+33800000001", line, "/voice")

Its environment has what it has in production, ``PORT``, ``TWILIO_ACCOUNT_SID`` and
``TWILIO_AUTH_TOKEN``, and what leads its requests to Twilio to the network instead.
"""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from ivr.errors import IVRError
from ivr.simulator.calls.switchboard import Switchboard
from ivr.simulator.rest.api import Api
from ivr.simulator.rest.environment import behind
from ivr.simulator.rest.interception import SID, TOKEN
from ivr.simulator.rest.serving.server import RestServer

HOSTS = ("127.0.0.1", "::1")  # localhost can be either
POLL = 0.02  # seconds between two checks whether it answers
SHUTDOWN = 5.0  # seconds that it has to end after SIGTERM
MAX_LINES = 30  # of its output, in a message


class ProgramError(IVRError):
    """A program didn't start; says which one, why, and what it printed."""


class Program:
    """A running program that answers at ``url``; `program` starts it."""

    def __init__(
        self, process: subprocess.Popen[bytes], url: str, rest: RestServer, printed: Path
    ) -> None:
        self.url = url
        self.pid = process.pid
        self._process = process
        self._rest = rest
        self._printed = printed
        self._last = ""  # what it had printed when it was ended
        self._before = 0  # characters printed before it joined its current network

    @property
    def printed(self) -> str:
        """What it has written to its standard output and error so far."""
        try:
            return self._printed.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:  # the folder is gone, and what a test shows may come later
            return self._last

    @property
    def printed_lately(self) -> str:
        """What it has written since it joined its current network: in this test."""
        return self.printed[self._before :]

    @property
    def running(self) -> bool:
        """Whether it hasn't ended yet."""
        return self._process.poll() is None

    def joins(self, api: Api) -> None:
        """Join a network: its REST requests go there, and its webhooks come from there.

        The network takes over the account that is in the program's environment.
        """
        account = self._rest.api.network
        api.network.belongs_to(account.account_sid, account.auth_token)
        if self._rest.api is not api:
            self._rest.api = api
            self._before = len(self.printed)

    def __repr__(self) -> str:
        return f"<Program {self.url} {'running' if self.running else 'ended'}>"


@contextmanager
def program(
    command: str | Sequence[str],
    *,
    folder: str | Path | None = None,
    environment: Mapping[str, str] | None = None,
    port: int = 0,
    within: float = 30.0,
) -> Iterator[Program]:
    """Start a program, wait until something answers at its port, and end it afterwards.

    ``command``: as at a shell's prompt, or a list of words; ``{port}`` in it is replaced by the
    port, for programs that don't read ``PORT``. ``folder``: where it runs. ``environment``: added
    to this process's own; an account in it is the network's. ``port``: 0 picks a free one.
    ``within``: real seconds that it has to start.

    Everything that it has started ends with it. Its REST requests to Twilio go to the network that
    its number is on. Raises `ProgramError` when it doesn't start.
    """
    with RestServer(Api(Switchboard())) as rest:
        given = dict(environment or {})
        if SID in given and TOKEN in given:
            rest.api.network.belongs_to(given[SID], given[TOKEN])
        with running(command, rest, folder, given, port, within) as child:
            yield child


@contextmanager
def running(
    command: str | Sequence[str],
    rest: RestServer,
    folder: str | Path | None = None,
    environment: Mapping[str, str] | None = None,
    port: int = 0,
    within: float = 30.0,
) -> Iterator[Program]:
    """A `program` whose Twilio is that REST server."""
    if port and _host_at(port):
        shown = command if isinstance(command, str) else shlex.join(map(str, command))
        raise ProgramError(
            f"“{shown}” can't be started: another program already uses port {port}; stop that, or"
            " choose another port"
        )
    port = port or _free_port()
    words = shlex.split(command) if isinstance(command, str) else [str(word) for word in command]
    words = [word.replace("{port}", str(port)) for word in words]
    with tempfile.TemporaryDirectory() as kept:
        printed = Path(kept) / "printed"
        account = rest.api.network
        around = {**os.environ, **(environment or {})}
        variables = {
            "PORT": str(port),
            SID: account.account_sid,
            TOKEN: account.auth_token,
            "PYTHONUNBUFFERED": "1",
            **behind(rest, Path(kept), around),
        }
        with printed.open("wb") as file:
            process = _started(words, folder, around | variables, file)
        child = Program(process, "", rest, printed)
        try:
            child.url = f"http://{_answering(child, shlex.join(words), port, within)}:{port}"
            yield child
        finally:
            _end(process)
            child._last = child.printed


def _started(
    words: list[str], folder: str | Path | None, environment: dict[str, str], printed: IO[bytes]
) -> subprocess.Popen[bytes]:
    # In a session of its own, so that its child processes (npm has some) can be ended with it.
    try:
        return subprocess.Popen(
            words,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=printed,
            start_new_session=True,
        )
    except (OSError, IndexError) as error:
        missing = bool(words) and shutil.which(words[0]) is None
        hint = f"{words[0]} isn't installed, or isn't on the PATH" if missing else str(error)
        raise ProgramError(f"“{shlex.join(words)}” can't be started: {hint}") from None


def _answering(child: Program, command: str, port: int, within: float) -> str:
    """The host at which it answers, as in a URL."""
    until = time.monotonic() + within
    while child.running:
        if host := _host_at(port):
            return f"[{host}]" if ":" in host else host
        if time.monotonic() > until:
            why = f"nothing answers at port {port} after {within:g} s; does it listen at $PORT?"
            raise ProgramError(_complaint(child, command, why))
        time.sleep(POLL)
    why = f"it exited with {child._process.returncode} before it answered at port {port}"
    raise ProgramError(_complaint(child, command, why))


def _complaint(child: Program, command: str, why: str) -> str:
    lines = child.printed.splitlines()[-MAX_LINES:]
    printed = "\n".join(f"    {line}" for line in lines) or "    (nothing)"
    return f"“{command}” didn't start: {why}.\n  It printed:\n{printed}"


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ask it to end, then kill it, with everything that it leaves behind."""
    _signal(process, "SIGTERM")
    with suppress(subprocess.TimeoutExpired):
        process.wait(SHUTDOWN)
    _signal(process, "SIGKILL")
    process.wait()


def _signal(process: subprocess.Popen[bytes], name: str) -> None:
    if hasattr(os, "killpg"):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, getattr(signal, name))
    elif process.poll() is None:  # Windows has neither process groups nor these signals
        process.kill() if name == "SIGKILL" else process.terminate()


def _host_at(port: int) -> str:
    """The address of this machine at which a program listens to that port, "" if none does."""
    for host in HOSTS:
        with suppress(OSError), socket.create_connection((host, port), timeout=1):
            return host
    return ""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


__all__ = ["Program", "ProgramError", "program"]
