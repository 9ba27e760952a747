"""`ivr serve` and `ivr pages` in processes of their own, and callers who never cease."""

from __future__ import annotations

import http.client
import os
import signal
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from secrets import token_urlsafe
from threading import Event, Lock, Thread
from urllib.parse import urlencode

from twilio.request_validator import RequestValidator

from ivr.line.store.store import Store
from tests.kit.processes import IVR, comes_true, free_port, import_desk, running, said

LINE = "https://line.test"
TOKEN = "token"
VOICE = "/voice/escalation"
FORMS = {"serve": VOICE, "pages": "/sign-in"}  # where a stranger may send a form
TRIES = 3  # of one webhook: Twilio's `#rc=2&rp=all` behind its URL
CALLS = count(1)


@dataclass(frozen=True)
class Target:
    """A server on this machine."""

    port: int
    pid: int
    log: Path
    form: str

    def answer(
        self, method: str, path: str, body: str = "", *, within: float, **head: str
    ) -> tuple[int, str]:
        """Status and body; `OSError` or `http.client.HTTPException` if none comes in time."""
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=within)) as client:
            client.request(method, path, body or None, head)
            answer = client.getresponse()
            return answer.status, answer.read().decode()

    def workers(self) -> list[int]:
        """The processes that answer."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children")
        return [int(child) for child in children.read_text().split()]


def settings(folder: Path) -> dict[str, str]:
    """The environment of a line whose database, with the sample desk, is made in ``folder``."""
    database = f"sqlite:///{folder / 'ivr.db'}"
    store = Store(database)
    import_desk(store, folder)
    store.close()
    return {
        "IVR_DATABASE": database,
        "IVR_ALLOW_SAMPLE": "yes",
        "IVR_PUBLIC_URL": LINE,
        "IVR_SECRET_KEY": token_urlsafe(48),
        "TWILIO_ACCOUNT_SID": "AC1",
        "TWILIO_AUTH_TOKEN": TOKEN,
    }


@contextmanager
def started(
    command: str, environment: dict[str, str], folder: Path, *more: str
) -> Iterator[Target]:
    """``ivr serve`` or ``ivr pages``, answering."""
    port, log = free_port(), folder / f"{command}.log"
    with running([IVR, command, "--port", str(port), *more], log, **environment) as pid:
        assert comes_true(lambda: said(f"http://127.0.0.1:{port}/livez")), log.read_text()
        yield Target(port, pid, log, FORMS[command])


def begin_a_call(line: Target, within: float) -> tuple[int, str]:
    """The first webhook of a call that nobody has made yet, signed."""
    form = {"CallSid": f"CA{next(CALLS):032d}", "From": "+33612345678", "To": "+33155500100"}
    return _sent(line, form, within)


def _sent(line: Target, form: dict[str, str], within: float) -> tuple[int, str]:
    signature = RequestValidator(TOKEN).compute_signature(LINE + VOICE, form)
    kind = "application/x-www-form-urlencoded"
    head = {"X-Twilio-Signature": signature, "Content-Type": kind}
    return line.answer("POST", VOICE, urlencode(form), within=within, **head)


@dataclass
class Callers:
    """Begin calls one after another, as Twilio does for them: it tries again."""

    line: Target
    within: float = 15.0  # seconds, as Twilio waits
    seconds: list[float] = field(default_factory=list)  # until each caller had an answer
    broken: list[tuple[float, float, str]] = field(default_factory=list)  # tries: when, and why
    lost: list[str] = field(default_factory=list)  # callers whose every try failed
    _stop: Event = field(default_factory=Event)
    _lock: Lock = field(default_factory=Lock)

    @contextmanager
    def calling(self, many: int) -> Iterator[None]:
        threads = [Thread(target=self._call) for _ in range(many)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._stop.set()
            for thread in threads:
                thread.join()

    def answered(self) -> int:
        return len(self.seconds)

    def _call(self) -> None:
        while not self._stop.is_set():
            with self._lock:
                sid = f"CA{next(CALLS):032d}"
            form = {"CallSid": sid, "From": "+33612345678", "To": "+33155500100"}
            begun, why = time.monotonic(), ""
            for _ in range(TRIES):
                why = self._try(form)
                if not why:
                    self.seconds.append(time.monotonic() - begun)
                    break
            else:
                self.lost.append(why)

    def _try(self, form: dict[str, str]) -> str:
        """Why there was no answer; ``""`` if there was."""
        at = time.monotonic()
        try:
            status, document = _sent(self.line, form, self.within)
            why = "" if status == 200 and document.endswith("</Response>") else f"status {status}"
        except (OSError, http.client.HTTPException) as error:
            why = repr(error)
        if why:
            self.broken.append((at, time.monotonic(), why))
        return why


@dataclass
class Killer:
    """Kills processes of a server, and remembers when."""

    line: Target
    kills: list[float] = field(default_factory=list)
    _killed: set[int] = field(default_factory=set)

    def alive(self) -> list[int]:
        """Its workers; one that was killed is their parent's child until that has noticed."""
        return [pid for pid in self.line.workers() if pid not in self._killed]

    def kill(self, pid: int) -> None:
        self._killed.add(pid)
        self.kills.append(time.monotonic())
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)

    def unexplained(self, callers: Callers) -> list[str]:
        """Tries that broke although no process was killed while they went on."""
        return [
            f"{why} after {until - at:.3f} s"
            for at, until, why in callers.broken
            if not any(at <= kill <= until for kill in self.kills)
        ]
