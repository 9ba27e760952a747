"""The table that the benchmarks print: the gate, the aim, and what was reached."""

from __future__ import annotations

from tests.bench.counted import PAGE
from tests.bench.figures import Figure, Goal, at_most, table
from tests.bench.http import ROWS


def test_what_misses_its_gate_is_marked_as_it_is_shown() -> None:
    rows = [
        Figure("rate", 0.354, Goal(0.35, 0.42)),
        Figure("rate", 0.344, Goal(0.35, 0.42)),
        Figure("as many times", 1.104, at_most(1.1)),
        Figure("as many times", 1.106, at_most(1.1)),
        Figure("bytes", 4096.4, at_most(4096), 0),
        Figure("requests a second", 12345.6, digits=0),
    ]

    assert table(rows).splitlines() == [
        "| Figure | Gate | Aim | Reached |",
        "|---|--:|--:|--:|",
        "| rate | ≥ 0.35 | ≥ 0.42 | 0.35 |",
        "| rate | ≥ 0.35 | ≥ 0.42 | 0.34 ✗ |",
        "| as many times | ≤ 1.1 |  | 1.10 |",
        "| as many times | ≤ 1.1 |  | 1.11 ✗ |",
        "| bytes | ≤ 4,096 |  | 4,096 |",
        "| requests a second |  |  | 12,346 |",
    ]


def test_the_documentation_has_a_row_for_each_ratio() -> None:
    page = PAGE.read_text(encoding="utf-8")

    assert [row.figure for row in ROWS if f"\n| {row.figure} |" not in page] == []
