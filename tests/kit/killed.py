"""A process of the line that takes one webhook and its duties, and dies at a named point of it.

``python -m tests.kit.killed`` reads a job a line and forks for each: a death costs milliseconds
rather than an import. It writes a line with the answer, if there is one, and one with the signal
that ended it. `Doomed` is the other end, in the test's process.
"""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial
from typing import Any

from flows.escalation import line as escalation
from ivr.clock import Alarm
from ivr.line.definition import Line
from ivr.line.outside.carrier import client
from ivr.line.records import Duty
from ivr.line.service.services import build_services
from ivr.line.store.store import Store
from ivr.line.web.webhooks.app import create_app

Start = Callable[[str, list[tuple[str, str]]], object]


class Fate:
    """``point`` is "before save", "after done ring", … with "#2" for the second time."""

    def __init__(self, point: str) -> None:
        self.point, _, times = point.partition("#")
        self.times = int(times or 1)
        self.seen: Counter[str] = Counter()

    def reach(self, point: str) -> None:
        self.seen[point] += 1
        if point == self.point and self.seen[point] == self.times:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(self, what: str, function: Callable[..., Any], *given: Any, **named: Any) -> Any:
        self.reach(f"before {what}")
        result = function(*given, **named)
        self.reach(f"after {what}")
        return result


class MortalStore(Store):
    """The store, whose user may die at each thing that it asks of these repositories."""

    def __init__(self, url: str, fate: Fate) -> None:
        super().__init__(url)
        self.fate = fate
        self._may_end("save", self.calls, "save")
        self._may_end("take", self.duties, "take")
        self._may_end("retry", self.duties, "retry")
        self._may_end("claim", self.people, "claim")
        self._may_end("release", self.people, "release")
        self._done = self.duties.done
        self.duties.done = self._finish

    def _may_end(self, point: str, repository: object, method: str) -> None:
        mortal = partial(self.fate.around, point, getattr(repository, method))
        setattr(repository, method, mortal)

    def _finish(self, duty: Duty) -> None:
        self.fate.around(f"done {duty.kind}", self._done, duty)


class MortalHttp:
    """The carrier's HTTP client, the same."""

    def __init__(self, client: Any, fate: Fate) -> None:
        self.client, self.fate = client, fate

    def request(self, method: str, uri: str, *given: Any, **named: Any) -> Any:
        what = _asked(uri, named.get("data") or {})
        return self.fate.around(what, self.client.request, method, uri, *given, **named)


def _asked(uri: str, data: dict[str, Any]) -> str:
    if uri.endswith("/Calls.json"):
        return "place"
    if "/Conferences" in uri:
        return "hold" if "/Participants/" in uri else "find"
    return "hang_up" if "Status" in data else "send"


class Stopped:
    """A clock of a process that doesn't live long."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def call_at(self, when: datetime, what: Callable[[], None]) -> Alarm:
        return _Never()


class _Never:
    def cancel(self) -> None: ...


class Doomed:
    """The test's end: one process from which the others come."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.kit.killed"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def take(self, environ: dict[str, Any], start: Start, **job: Any) -> Iterable[bytes]:
        """Answer a webhook as that process does; if it died before, as the proxy before it does."""
        asked = {name: value for name, value in environ.items() if isinstance(value, str)}
        self._begin(job | {"environ": asked, "body": environ["wsgi.input"].read().decode()})
        answer = self._line()
        if "ended" in answer:
            self._ended = answer
            start("502 Bad Gateway", [("Content-Type", "text/plain")])
            return [b"the line's process is gone\n"]
        start(answer["status"], [tuple(pair) for pair in answer["headers"]])
        return [answer["body"].encode()]

    def work(self, **job: Any) -> None:
        """Do what is due."""
        self._begin(job)

    def _begin(self, job: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(job).encode() + b"\n")
        self._process.stdin.flush()
        self._ended: dict[str, Any] = {}

    def ended(self) -> int:
        """The signal by which the last one went, 0 if it did all that it had to."""
        return int((self._ended or self._line())["ended"])

    def _line(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line: dict[str, Any] = json.loads(self._process.stdout.readline())
        return line

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(60)
        self._process.stdout.close()


# ---- within that process


def serve() -> None:
    """Import everything, then fork for each job."""
    line = escalation()
    assert client("AC", "token").calls  # twilio imports its API when it is used
    for job in sys.stdin:
        child = os.fork()
        if child == 0:
            answer(line, json.loads(job))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        say(ended=os.WTERMSIG(status))


def answer(line: Line, job: dict[str, Any]) -> None:
    fate = Fate(job["point"])
    twilio = client(job["account_sid"], job["auth_token"], job["api"])
    twilio.http_client = MortalHttp(twilio.http_client, fate)
    services = build_services(
        line,
        MortalStore(job["database"], fate),
        twilio=twilio,
        public_url=job["origin"],
        clock=Stopped(datetime.fromisoformat(job["now"])),
    )
    if "environ" not in job:
        services.duties.everything()
        return
    head: list[Any] = []
    body = io.BytesIO(job["body"].encode())
    environ = job["environ"] | {"wsgi.input": body, "wsgi.errors": sys.stderr}
    app = create_app(services)
    response = app.wsgi_app(environ, lambda *given: head.extend(given))
    document = b"".join(response).decode()
    fate.reach("before answer")
    say(status=head[0], headers=head[1], body=document)
    fate.reach("after answer")
    response.close()


def say(**said: Any) -> None:
    os.write(1, json.dumps(said).encode() + b"\n")


if __name__ == "__main__":
    serve()
