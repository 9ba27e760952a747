"""The table of faults in docs/line/operating.md: each row names the tests that bring it about."""

from __future__ import annotations

import ast
import re
from functools import cache

import pytest

from tests.kit.documents import ROOT

PAGE = (ROOT / "docs/line/operating.md").read_text(encoding="utf-8")
HEAD = ["Fault", "The caller hears", "Operators see", "How it ends", "Tested by"]
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def rows() -> list[list[str]]:
    """The cells of each row, the head's first."""
    [section] = re.findall(r"^## Faults\n(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE)
    lines = [line for line in section.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [cells[0], *cells[2:]]


@cache
def defined_in(file: str) -> set[str]:
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    return {each.name for each in tree.body if isinstance(each, ast.FunctionDef)}


def test_the_table_has_its_columns() -> None:
    assert rows()[0] == HEAD


@pytest.mark.parametrize("row", rows()[1:], ids=lambda row: str(row[0]))
def test_each_fault_is_brought_about_by_a_test(row: list[str]) -> None:
    assert len(row) == len(HEAD)
    assert all(row)
    named = NAMED.findall(row[-1])
    assert named, f"'{row[0]}' names no test"
    for file, test in named:
        assert test.startswith("test_")
        assert test in defined_in(file), f"{file} has no {test}"
