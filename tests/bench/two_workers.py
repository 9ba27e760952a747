"""Two workers on one database with all that they can do: how long the slowest hundredth waits,
beside two workers of bare Flask; how long a writer waits for SQLite's lock; and that nothing that
was answered is lost while workers are killed.

    python -m tests.bench.two_workers --rounds 5 --seconds 3
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from statistics import median, quantiles
from threading import Event, Thread

from ivr.line.store.store import Store
from tests.bench import traffic
from tests.bench.figures import Figure, at_most, table
from tests.bench.measured import Measured, line, measure, postgres
from tests.bench.servers import CONNECTIONS, CORES, Missing, Server, Traffic, granian, running

PAUSE = 0.005  # seconds between two times that the lock is asked for
CALLS = 200  # while workers are killed
KILLED_EVERY = 20  # calls


def two_workers(seconds: int, rounds: int) -> Iterator[Figure]:
    """The rows of both databases, where both can be had."""
    with tempfile.TemporaryDirectory(prefix="ivr-bench-") as place, ExitStack() as stack:
        folder = Path(place)
        requests = Traffic(folder)
        yield from _on("SQLite", f"sqlite:///{folder}/two.db", requests, seconds, rounds)
        try:
            url = stack.enter_context(postgres())
        except Missing as missing:
            print(f"left out: two workers on PostgreSQL: {missing}", file=sys.stderr)
            return
        yield from _on("PostgreSQL", url, requests, seconds, rounds)


def _on(what: str, database: str, requests: Traffic, seconds: int, rounds: int) -> Iterator[Figure]:
    ours = line("two workers", database, workers=2, threads=None)
    bare = Server("two of bare Flask", granian("tests.bench.rivals:bare", workers=2))
    ours.cores = bare.cores = CORES
    waits: list[float] = []
    with running(ours), running(bare):
        pair = Measured(ours), Measured(bare)
        for _ in range(rounds):
            with _waiting(database, waits):
                measure(pair[0], "menus", requests, seconds)
            measure(pair[1], "menus", requests, seconds)
        ratios = [
            mine.p99 / other.p99
            for mine, other in zip(*(each.rounds["menus"] for each in pair), strict=True)
        ]
        slowest = median(each.p99 for each in pair[0].rounds["menus"])
        yield Figure(f"two workers on {what}: p99 / two of bare Flask", median(ratios), at_most(2))
        yield Figure(f"two workers on {what}: p99, ms", slowest, digits=1)
        if waits:
            wait = quantiles(waits, n=100)[98] * 1000
            yield Figure(f"two workers on {what}: a writer's wait, p99, ms", wait, at_most(2))
        lost = len(Killed(ours).lost())
        yield Figure(
            f"two workers on {what}, killed: calls that lost an answer", lost, at_most(0), 0
        )


@contextmanager
def _waiting(database: str, waits: list[float]) -> Iterator[None]:
    """Meanwhile, how long a writer of another process waits for SQLite's lock, in seconds."""
    if not database.startswith("sqlite"):
        yield
        return
    store, stop = Store(database), Event()

    def ask() -> None:
        while not stop.wait(PAUSE):
            began = time.perf_counter()
            connection = store.connections.own.begin()
            waits.append(time.perf_counter() - began)
            connection.execute("ROLLBACK")
        store.connections.own.give_back()

    asking = Thread(target=ask)
    asking.start()
    try:
        yield
    finally:
        stop.set()
        asking.join()
        store.close()


class Killed:
    """Callers whose requests go on while the workers that answer are killed: who gets no answer
    asks again, as the carrier does."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.answered: dict[str, int] = {}  # turns, by call
        self._calls = iter(range(9_000_000, 9_000_000 + CALLS))

    def lost(self) -> list[str]:
        """The calls that don't know of a turn that was answered. Raises `AssertionError` if a log
        isn't whole."""
        callers = [Thread(target=self._call) for _ in range(CONNECTIONS)]
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join()
        store = Store(self.server.database)
        try:
            found = {sid: store.calls.load(sid) for sid in self.answered}
            if faults := [each for each in map(store.logs.verify, found) if not each]:
                raise AssertionError(f"{self.server.name}: {len(faults)} logs aren't whole")
        finally:
            store.close()
        return [
            sid
            for sid, turns in self.answered.items()
            if (call := found[sid]) is None or call.version < turns
        ]

    def _call(self) -> None:
        for number in self._calls:
            sid = traffic.sid(number)
            for turn, step in enumerate(traffic.MENUS, start=1):
                self._ask(traffic.request(sid, step))
                self.answered[sid] = turn
            if number % KILLED_EVERY == 0:
                self._kill(number)

    def _ask(self, request: traffic.Request) -> None:
        """Until it is answered."""
        head = {
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Twilio-Signature": request.signature,
            "Host": "line.test",
        }
        for _ in range(200):
            with suppress(OSError, HTTPException):
                connection = HTTPConnection("127.0.0.1", self.server.port, timeout=15)
                connection.request("POST", request.target, request.body, head)
                answer = connection.getresponse()
                answer.read()
                connection.close()
                if answer.status == 200:
                    return
        raise AssertionError(f"{self.server.name} doesn't answer any more")

    def _kill(self, number: int) -> None:
        """One of the workers, never the supervisor, which leads the group."""
        workers = [pid for pid in self.server.processes() if pid != self.server.group]
        if workers:
            with suppress(ProcessLookupError):
                os.kill(workers[number // KILLED_EVERY % len(workers)], signal.SIGKILL)


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.two_workers",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--rounds", type=int, default=5, help="how many rounds")
    parser.add_argument("--seconds", type=int, default=3, help="how long each load lasts")
    given = parser.parse_args()
    print(table(two_workers(given.seconds, given.rounds)))


if __name__ == "__main__":
    main()
