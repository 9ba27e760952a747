"""What a webhook costs in counts that no machine changes: calls made by Python, statements asked.

    python -m tests.bench.counted           a line for each step of a call
    python -m tests.bench.counted --where look-up   the functions that are called most in it

Seconds tell more about a machine and what else runs on it than about a change; counts are the same
everywhere. They are what `test_counted.py` holds. A call counts the same whatever it does, so that
the benchmarks have the last word; but the path is so short that fewer calls have always been
less time.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from sqlalchemy import event

from ivr.line.service.services import Services
from ivr.line.web.webhooks.app import create_app
from tests.bench import traffic
from tests.bench.in_process import services_on

STEPS = ("begin", "language", "menu", "case number", "look-up", "hang up")
WARM = 8  # calls that have come before: what is remembered is remembered


@contextmanager
def counting_calls() -> Iterator[Counter[CodeType]]:
    """Every function of Python that is entered meanwhile, on this thread; not those in C."""
    entered: Counter[CodeType] = Counter()

    def enter(frame: FrameType, what: str, _: Any) -> None:
        if what == "call":
            entered[frame.f_code] += 1

    sys.setprofile(enter)
    try:
        yield entered
    finally:
        sys.setprofile(None)


@contextmanager
def counting_statements(services: Services) -> Iterator[list[str]]:
    """Every statement that reaches SQLite meanwhile from this thread, transactions' beginnings and
    ends too: on its own connection, and on those that it takes from the pool."""
    asked: list[str] = []
    connections = services.store.connections
    traced: list[Any] = [connections.own()]

    def trace(driver: Any, *_: Any) -> None:
        if driver not in traced:
            driver.set_trace_callback(asked.append)
            traced.append(driver)

    traced[0].set_trace_callback(asked.append)
    event.listen(connections.engine, "checkout", trace)
    try:
        yield asked
    finally:
        event.remove(connections.engine, "checkout", trace)
        for driver in traced:
            driver.set_trace_callback(None)


def each_step(services: Services) -> Iterator[tuple[str, Callable[[], object]]]:
    """A call as `traffic.CASES` has it, after others like it: each step, and what does it."""
    app = create_app(services)
    for number in range(1, WARM + 1):
        for step in traffic.CASES:
            traffic.send(app, traffic.request(traffic.sid(number), step))
    for name, step in zip(STEPS, traffic.CASES, strict=True):
        asked = traffic.request(traffic.sid(WARM + 1), step)
        yield name, lambda asked=asked: traffic.send(app, asked)  # type: ignore[misc]


def counts(database: str) -> dict[str, tuple[Counter[CodeType], list[str]]]:
    """By step: what Python entered, and what was asked of the database at this URL."""
    services = services_on(database)
    found = {}
    for name, do in each_step(services):
        with counting_statements(services) as asked, counting_calls() as entered:
            do()
        found[name] = (entered, list(asked))
    services.store.close()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--where", metavar="STEP", choices=STEPS, help="show what is in a step")
    where = parser.parse_args().where
    with tempfile.TemporaryDirectory(prefix="ivr-bench-") as folder:
        found = counts(f"sqlite:///{folder}/counted.db")
    if where is None:
        for name, (entered, asked) in found.items():
            print(f"{name:12} {entered.total():5} calls {len(asked):3} statements")
        return
    entered, asked = found[where]
    for code, number in entered.most_common(60):
        print(
            f"{number:5} {code.co_qualname} ({Path(code.co_filename).name}:{code.co_firstlineno})"
        )
    print(*(" ".join(each.split())[:300] for each in asked), sep="\n")


if __name__ == "__main__":
    main()
