"""What a webhook costs in counts that no machine changes: calls made by Python, statements asked.

    python -m tests.bench.counted           a line for each step of a call, for one that is only
                                            simulated, and for a whole day
    python -m tests.bench.counted --where look-up   the functions that are called most in it, and
                                            what is asked; or --where call, or day
    python -m tests.bench.counted --check   say what isn't as docs/develop/performance.md has it
    python -m tests.bench.counted --write   have it there as it is now

Seconds tell more about a machine and what else runs on it than about a change; counts are the same
everywhere. `test_counted.py` holds them. A call counts the same whatever it does, so that the
benchmarks have the last word; but the path is so short that fewer calls have always been less time.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, NamedTuple

from sqlalchemy import event
from sqlalchemy.pool import Pool

from ivr.line.web.webhooks.app import create_app
from ivr.simulator.network.webhook import Webhook
from tests.bench import day, traffic
from tests.bench.in_process import services_on, stub_network, two_webhooks

STEPS = ("begin", "language", "menu", "case number", "look-up", "hang up")
CALL = "a plain simulated call, two webhooks"
DAY = "a mixed day, per webhook"
WARM = 8  # calls that have come before: what is remembered is remembered
CALLS = 30  # of the day
LEEWAY = 0.1  # by which a count may differ from the table's
PYTHON = "3.11"  # others inline what this one calls, and their libraries differ: statements only
PAGE = Path(__file__).parents[2] / "docs" / "develop" / "performance.md"
ROW = re.compile(r"^\| (?P<step>[^|]+) \| (?P<calls>[\d.]+) \| (?P<statements>[\d.]+) \|$", re.M)
VALUE = re.compile(r"'(?:[^']|'')*'|\b\d+\b")
AGAIN = "python -m tests.bench.counted --write"

Entered = Counter[CodeType]


class Count(NamedTuple):
    """Functions of Python that were entered, and statements that the database was asked."""

    calls: float
    statements: float


# --- counting -----------------------------------------------------------------------------------


@contextmanager
def counting_calls() -> Iterator[Entered]:
    """Every function of Python that is entered meanwhile, on this thread; not those in C."""
    entered: Entered = Counter()

    def enter(frame: FrameType, what: str, _: Any) -> None:
        if what == "call":
            entered[frame.f_code] += 1

    sys.setprofile(enter)
    try:
        yield entered
    finally:
        sys.setprofile(None)


@contextmanager
def statements() -> Iterator[list[str]]:
    """Every statement that reaches SQLite over the connections that are opened meanwhile, with its
    values: transactions' beginnings and ends too, from whichever thread."""
    asked: list[str] = []

    def trace(driver: Any, _record: object) -> None:
        driver.set_trace_callback(asked.append)

    event.listen(Pool, "connect", trace)
    try:
        yield asked
    finally:
        event.remove(Pool, "connect", trace)


def steps(database: str) -> dict[str, tuple[Entered, list[str]]]:
    """By step of a call as `traffic.CASES` has it, after others like it: what Python entered, and
    what was asked of the database at this URL."""
    found = {}
    with statements() as asked:
        services = services_on(database)
        app = create_app(services)
        for number in range(1, WARM + 1):
            for step in traffic.CASES:
                traffic.send(app, traffic.request(traffic.sid(number), step))
        for name, step in zip(STEPS, traffic.CASES, strict=True):
            request = traffic.request(traffic.sid(WARM + 1), step)
            asked.clear()
            with counting_calls() as entered:
                traffic.send(app, request)
            found[name] = (entered, list(asked))
    services.store.close()
    return found


def of_a_call() -> Entered:
    """What the simulated network needs for a call, after others like it, on a line that costs
    nothing."""
    _, phones = stub_network(WARM + 1)
    two_webhooks(phones[:WARM])
    with counting_calls() as entered:
        two_webhooks(phones[WARM:])
    return entered


def of_a_day(folder: Path) -> tuple[int, Entered, list[str]]:
    """A day's webhooks, and what the line and the network that is simulated around it needed for
    them: what Python entered, and what was asked."""
    webhooks: list[Webhook] = []
    with statements() as asked:
        exchange, store, _ = day.desk(1, folder)
        exchange.taps.append(
            lambda made: webhooks.append(made) if isinstance(made, Webhook) else None
        )
        asked.clear()
        with counting_calls() as entered:
            day.play(exchange, CALLS, 1)
    store.close()
    return len(webhooks), entered, asked


def count(folder: Path) -> dict[str, Count]:
    """Every row of the table."""
    found = steps(f"sqlite:///{folder}/counted.db")
    rows = {name: Count(entered.total(), len(asked)) for name, (entered, asked) in found.items()}
    rows[CALL] = Count(of_a_call().total(), 0)
    webhooks, entered, asked = of_a_day(folder)
    return rows | {DAY: Count(round(entered.total() / webhooks), round(len(asked) / webhooks, 1))}


# --- the table ----------------------------------------------------------------------------------


def written(page: str) -> dict[str, Count]:
    """The rows of the table on a page."""
    return {
        row["step"]: Count(float(row["calls"]), float(row["statements"]))
        for row in ROW.finditer(page)
        if row["step"] in (*STEPS, CALL, DAY)
    }


def rewritten(page: str, found: Mapping[str, Count]) -> str:
    """The page with what was found in its table."""

    def row(was: re.Match[str]) -> str:
        now = found.get(was["step"])
        return was[0] if now is None else f"| {was['step']} | {now.calls} | {now.statements} |"

    return ROW.sub(row, page)


def changes(before: Mapping[str, Count], now: Mapping[str, Count], python: str) -> Iterator[str]:
    """What has become dearer or cheaper by more than the `LEEWAY`: what is cheaper and isn't
    written down could become dearer again unseen."""
    for step, count in now.items():
        if step not in before:
            yield f"{step} isn't in the table"
            continue
        for what, was, is_ in zip(Count._fields, before[step], count, strict=True):
            held = what == "statements" or python == PYTHON
            if held and not was * (1 - LEEWAY) <= is_ <= was * (1 + LEEWAY):
                yield f"{step}: {is_:g} {what}, and the table says {was:g}"


# --- the command --------------------------------------------------------------------------------


def main() -> int:
    """1 if the table isn't right any more."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument(
        "--where", metavar="STEP", choices=(*STEPS, "call", "day"), help="show what is in a step"
    )
    parser.add_argument("--check", action="store_true", help="compare it with the table")
    parser.add_argument("--write", action="store_true", help="write it into the table")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ivr-bench-") as name:
        folder = Path(name)
        if given.where:
            _show(*_within(given.where, folder))
            return 0
        found = count(folder)
    for step, (calls, asked) in found.items():
        print(f"{step:36} {calls:5} calls {asked:4} statements")
    page = PAGE.read_text(encoding="utf-8")
    if given.write:
        PAGE.write_text(rewritten(page, found), encoding="utf-8")
    if given.check:
        python = f"{sys.version_info.major}.{sys.version_info.minor}"
        if wrong := list(changes(written(page), found, python)):
            print(*wrong, f"If it has to be so, or is cheaper, run: {AGAIN}", sep="\n")
            return 1
    return 0


def _within(where: str, folder: Path) -> tuple[Entered, list[str]]:
    if where == "day":
        return of_a_day(folder)[1:]
    if where == "call":
        return of_a_call(), []
    return steps(f"sqlite:///{folder}/counted.db")[where]


def _show(entered: Entered, asked: list[str]) -> None:
    for code, number in entered.most_common(60):
        print(
            f"{number:5} {code.co_qualname} ({Path(code.co_filename).name}:{code.co_firstlineno})"
        )
    texts = Counter(VALUE.sub("?", " ".join(each.split()))[:300] for each in asked)
    print(*(f"{number:5} {text}" for text, number in texts.most_common()), sep="\n")


if __name__ == "__main__":
    sys.exit(main())
