"""Our webhook against its rivals, over HTTP: prints the goals and what was reached, as the table in
docs/develop/performance.md has it.

    python -m tests.bench.http --quick

One server a core, pinned: ours as `ivr serve` has it, the others behind one granian worker (the
node one in its own process); wrk on another core with 16 connections. Rounds are interleaved and
medians taken, so what else goes on here hits all alike. Requests are signed, have 28 parameters and
move calls: "menus" is a call's beginning and seven keys; "cases" a whole call, a look-up in the
desk's tables included.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import NamedTuple

from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from flows.escalation import FOLDER
from ivr.line.store.store import Store
from tests.bench import traffic
from tests.bench.figures import Figure, Goal, at_most, table
from tests.bench.in_process import figures
from tests.bench.population import Size
from tests.bench.servers import (
    CORES,
    HERE,
    Loaded,
    Missing,
    Server,
    Traffic,
    granian,
    load,
    running,
)
from tests.kit.processes import IVR

POSTGRES = "postgresql://postgres@127.0.0.1:5432/postgres"


@dataclass
class Measured:
    """A server and what each of its rounds gave, by mix."""

    server: Server
    rounds: dict[str, list[Loaded]] = field(default_factory=dict)

    def rate(self, mix: str) -> float:
        return median(each.rate for each in self.rounds[mix])


def line(
    name: str, database: str, *, full: bool = False, workers: int = 1, threads: int = 1
) -> Server:
    """Our line on a database that is made here, as `ivr serve` has it; with ``full`` every commit
    is on the disk before it is answered."""
    store = Store(database)
    store.migrate()
    store.import_csv(FOLDER / "sample")
    store.close()
    environment = {
        "IVR_DATABASE": database,
        "IVR_ALLOW_SAMPLE": "yes",
        "IVR_PUBLIC_URL": traffic.ORIGIN,
        "TWILIO_ACCOUNT_SID": traffic.ACCOUNT,
        "TWILIO_AUTH_TOKEN": traffic.TOKEN,
    }
    begin = [sys.executable, "-m", "tests.bench.full"] if full else [str(IVR), "serve"]
    given = ["--port", "{port}", "--workers", str(workers), "--threads", str(threads)]
    return Server(name, [*begin, *given], environment, database)


def express(folder: Path) -> Server:
    """express and twilio, installed into a folder of its own."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        raise Missing("node and npm are missing: apt-get install nodejs npm")
    shutil.copytree(HERE / "express", folder)
    installed = subprocess.run(
        [npm, "install", "--no-audit", "--no-fund"], cwd=folder, capture_output=True, text=True
    )
    if installed.returncode:
        raise Missing(f"npm couldn't install express and twilio: {installed.stderr[-300:]}")
    command = [node, str(folder / "server.js"), "{port}", traffic.TOKEN, traffic.ORIGIN]
    return Server("express + twilio", command)


@contextmanager
def postgres() -> Iterator[str]:
    """A database of its own, dropped at the end; its URL."""
    admin = make_url(os.environ.get("IVR_TEST_POSTGRES", POSTGRES))
    engine = create_engine(admin.set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    name = f"ivr_bench_{os.getpid()}"
    try:
        connection = engine.connect()
    except SQLAlchemyError as error:
        raise Missing(f"no PostgreSQL at {admin}: set IVR_TEST_POSTGRES ({error})") from error
    with connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
        try:
            yield admin.set(database=name).render_as_string(hide_password=False)
        finally:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()


def moves(database: str) -> int:
    """How many turns have been saved in a line's database."""
    store = Store(database)
    with store.connections.reading() as connection:
        saved = connection.execute(text("SELECT coalesce(sum(version), 0) FROM calls")).scalar_one()
    store.close()
    return int(saved)


def measure(measured: Measured, mix: str, requests: Traffic, seconds: int) -> None:
    """One round; a line must have moved by as much as wrk has seen answered."""
    server, before = measured.server, 0
    expected = max((each.rate for each in measured.rounds.get(mix, ())), default=0)
    if not expected:
        expected = load(server, requests.file(mix, 20_000), 1).rate
    file = requests.file(mix, int(expected * seconds * 2.5) + 2_000)
    if server.database:
        before = moves(server.database)
    seen = load(server, file, seconds)
    if server.database:
        moved = moves(server.database) - before
        if not 0 <= moved - seen.requests <= 64:
            raise AssertionError(f"{server.name}: {seen.requests} answered, {moved} moved")
    measured.rounds.setdefault(mix, []).append(seen)


def plain(folder: Path) -> Server:
    """Our line without the short way in front of Flask's routing."""
    made = line("line, plain", f"sqlite:///{folder}/plain.db")
    made.command = granian("tests.bench.rivals:plain")
    return made


class Row(NamedTuple):
    """A ratio of requests a second, and what it should be."""

    figure: str
    mix: str
    ours: str
    theirs: str
    goal: Goal | None = None


ROWS = [
    Row("durable webhook on SQLite / bare Flask", "menus", "line", "bare Flask", Goal(0.5, 0.6)),
    Row("the same by the plain route / bare Flask", "menus", "line, plain", "bare Flask",
        Goal(0.35, 0.42)),
    Row("the same / stateless express + twilio", "menus", "line", "express + twilio", Goal(1, 1.2)),
    Row("the same / hand-written stateless Flask", "menus", "line", "hand-written Flask"),
    Row("the same / naive", "menus", "line", "naive", Goal(7, 10)),
    Row("power-loss safe (FULL) / the same", "menus", "line, FULL", "line", Goal(0.7)),
    Row("PostgreSQL, sync commit / bare Flask", "menus", "line, PostgreSQL", "bare Flask",
        Goal(0.3, 0.35)),
    Row("a whole call, with its look-up / bare Flask", "cases", "line", "bare Flask"),
]  # fmt: skip


def servers(folder: Path, stack: ExitStack, wanted: Callable[[str], bool]) -> Iterator[Server]:
    """Everything that can be had here; says of the rest why not."""
    makers: dict[str, Callable[[], Server]] = {
        "bare Flask": lambda: Server("bare Flask", granian("tests.bench.rivals:bare")),
        "line": lambda: line("line", f"sqlite:///{folder}/normal.db"),
        "line, plain": lambda: plain(folder),
        "line, FULL": lambda: line("line, FULL", f"sqlite:///{folder}/full.db", full=True),
        "line, PostgreSQL": lambda: line(
            "line, PostgreSQL", stack.enter_context(postgres()), threads=4
        ),
        "hand-written Flask": lambda: Server(
            "hand-written Flask", granian("tests.bench.rivals:handwritten")
        ),
        "naive": lambda: Server(
            "naive",
            granian("tests.bench.naive:naive"),
            {"BENCH_DATABASE": f"sqlite:///{folder}/naive.db"},
        ),
        "express + twilio": lambda: express(folder / "express"),
    }
    for name, make in makers.items():
        if wanted(name):
            try:
                yield stack.enter_context(running(make()))
            except Missing as missing:
                print(f"left out: {name}: {missing}", file=sys.stderr)


def compare(seconds: int, rounds: int, wanted: Callable[[str], bool]) -> list[Figure]:
    """Every HTTP row; how each server did is printed."""
    with tempfile.TemporaryDirectory(prefix="ivr-bench-") as place, ExitStack() as stack:
        folder = Path(place)
        requests = Traffic(folder)
        all_ = {each.name: Measured(each) for each in servers(folder, stack, wanted)}
        for _ in range(rounds):
            for measured in all_.values():
                measure(measured, "menus", requests, seconds)
                if measured.server.name in ("line", "bare Flask"):
                    measure(measured, "cases", requests, seconds)
        _print(all_)
        return [
            Figure(row.figure, _ratio(all_[row.ours], all_[row.theirs], row.mix), row.goal)
            for row in ROWS
            if row.ours in all_ and row.theirs in all_
        ]


def _ratio(ours: Measured, theirs: Measured, mix: str) -> float:
    """The median of each round's own: what disturbed one round disturbed both sides."""
    pairs = zip(ours.rounds[mix], theirs.rounds[mix], strict=True)
    return median(mine.rate / other.rate for mine, other in pairs)


def _print(all_: dict[str, Measured]) -> None:
    titles = ("req/s", "lowest", "highest", "p50 ms", "p99 ms", "CPU us")
    print(f"\n{'server':<20}{'mix':<7}", *(f"{title:>8}" for title in titles))
    for name, measured in all_.items():
        for mix, rounds in measured.rounds.items():
            rates = [each.rate for each in rounds]
            times = [median(getattr(each, of) for each in rounds) for of in ("p50", "p99", "cpu")]
            numbers = (f"{rate:>8.0f}" for rate in (median(rates), min(rates), max(rates)))
            print(f"{name:<20}{mix:<7}", *numbers, *(f"{time:>8.1f}" for time in times))


def two_workers(seconds: int, rounds: int) -> Figure:
    """How long the slowest hundredth waits when two workers on one file have all they can do."""
    with tempfile.TemporaryDirectory(prefix="ivr-bench-") as place:
        folder = Path(place)
        server = line("two workers", f"sqlite:///{folder}/two.db", workers=2)
        server.cores = CORES
        measured, requests = Measured(server), Traffic(folder)
        with running(server):
            for _ in range(rounds):
                measure(measured, "menus", requests, seconds)
    p99 = median(each.p99 for each in measured.rounds["menus"])
    return Figure("two workers on one SQLite file: p99, ms", p99, at_most(20), 1)


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.http",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="a minute or two instead of many")
    parser.add_argument("--rounds", type=int, help="how many rounds (7, quick 3)")
    parser.add_argument("--seconds", type=int, help="how long each load lasts (5, quick 1)")
    parser.add_argument("--only", default="", help="servers whose names hold one of these: a,b")
    parser.add_argument("--calls", type=int, help="stored calls, other things in step (1000000)")
    parser.add_argument("--at-once", type=int, help="simulated calls at once (100000, quick 10000)")
    parser.add_argument("--day", type=int, help="calls of the simulated day (2000, quick 200)")
    given = parser.parse_args()
    quick, names = given.quick, [name for name in given.only.split(",") if name]
    seconds, rounds = given.seconds or (1 if quick else 5), given.rounds or (3 if quick else 7)
    if len(CORES) < 2:
        print("one core only: server and load share it", file=sys.stderr)
    reached = compare(seconds, rounds, lambda name: not names or any(e in name for e in names))
    if not names:
        share = (given.calls or (20_000 if quick else 1_000_000)) / Size().calls
        size = Size(*(max(1, int(each * share)) for each in Size()))
        at_once = given.at_once or (10_000 if quick else 100_000)
        reached.append(two_workers(seconds, rounds))
        reached += figures(size, at_once, given.day or (200 if quick else 2_000), rounds)
    print(f"\n{table(reached)}")


if __name__ == "__main__":
    main()
