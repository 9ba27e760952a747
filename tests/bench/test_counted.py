"""No webhook becomes dearer unless somebody says so: what each step costs, in counts."""

from __future__ import annotations

import subprocess
import sys

from tests.bench.counted import PAGE, PYTHON, Count, changes, rewritten, written

TABLE = {"begin": Count(100, 10), "menu": Count(50, 4)}


def test_each_step_costs_what_the_table_says() -> None:
    """In a process of its own, where no other test has left anything behind."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.counted", "--check"], capture_output=True, text=True
    )

    assert done.returncode == 0, done.stdout + done.stderr


def test_a_tenth_more_is_let_pass_and_the_next_one_is_not() -> None:
    assert list(changes(TABLE, {"begin": Count(110, 11)}, PYTHON)) == []
    assert list(changes(TABLE, {"begin": Count(111, 12)}, PYTHON)) == [
        "begin: 111 calls, and the table says 100",
        "begin: 12 statements, and the table says 10",
    ]


def test_what_has_become_cheaper_is_written_down_too() -> None:
    assert list(changes(TABLE, {"begin": Count(90, 9)}, PYTHON)) == []
    assert list(changes(TABLE, {"begin": Count(89, 8)}, PYTHON)) == [
        "begin: 89 calls, and the table says 100",
        "begin: 8 statements, and the table says 10",
    ]


def test_another_version_of_python_is_held_to_the_statements_alone() -> None:
    found = list(changes(TABLE, {"menu": Count(90, 9)}, "3.14"))

    assert found == ["menu: 9 statements, and the table says 4"]


def test_a_step_that_the_table_lacks_is_missed() -> None:
    assert list(changes(TABLE, {"language": Count(1, 1)}, PYTHON)) == [
        "language isn't in the table"
    ]


def test_the_table_is_written_where_it_is_read() -> None:
    page = rewritten(PAGE.read_text(encoding="utf-8"), TABLE)

    assert written(page) | TABLE == written(page)
