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
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import NamedTuple

from tests.bench import traffic
from tests.bench.figures import Figure, Goal, table
from tests.bench.in_process import figures
from tests.bench.measured import Measured, line, measure, postgres
from tests.bench.population import Size
from tests.bench.servers import (
    CORES,
    HERE,
    Missing,
    Server,
    Traffic,
    granian,
    running,
)
from tests.bench.two_workers import two_workers


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
    Row("power-loss safe, 16 threads / the same without", "menus", "line, power-safe", "line",
        Goal(0.7)),
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
        "line, power-safe": lambda: line(
            "line, power-safe", f"sqlite:///{folder}/safe.db", threads=None, IVR_POWER_SAFE="yes"
        ),
        "line, PostgreSQL": lambda: line(
            "line, PostgreSQL", stack.enter_context(postgres()), threads=None
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
        reached += two_workers(seconds, rounds)
        reached += figures(size, at_once, given.day or (200 if quick else 2_000), rounds)
    print(f"\n{table(reached)}")


if __name__ == "__main__":
    main()
