"""The tables of faults (docs/line/operating.md) and of attacks (SECURITY.md): each row names the
tests that bring it about."""

from __future__ import annotations

import ast
import re
from functools import cache

import pytest

from tests.kit.documents import ROOT

NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
TABLES = {
    "Faults": ("docs/line/operating.md", 5),
    "Attacks": ("SECURITY.md", 3),
}


def rows(section: str) -> list[list[str]]:
    """The cells of each row, the head's first."""
    page = (ROOT / TABLES[section][0]).read_text(encoding="utf-8")
    [text] = re.findall(rf"^## {section}\n(.*?)(?=^## |\Z)", page, re.DOTALL | re.MULTILINE)
    lines = [line for line in text.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [cells[0], *cells[2:]]


EVERY = [(section, row) for section in TABLES for row in rows(section)[1:]]


@cache
def defined_in(file: str) -> set[str]:
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    return {each.name for each in tree.body if isinstance(each, ast.FunctionDef)}


def test_the_tables_have_their_columns() -> None:
    assert rows("Faults")[0] == [
        "Fault", "The caller hears", "Operators see", "How it ends", "Tested by",
    ]  # fmt: skip
    assert rows("Attacks")[0] == ["Attack", "What it gets", "Tested by"]


@pytest.mark.parametrize(("section", "row"), EVERY, ids=lambda each: str(each[0])[:60])
def test_each_row_is_brought_about_by_a_test(section: str, row: list[str]) -> None:
    assert len(row) == TABLES[section][1]
    assert all(row)
    named = NAMED.findall(row[-1])
    assert named, f"'{row[0]}' names no test"
    for file, test in named:
        assert test.startswith("test_")
        assert test in defined_in(file), f"{file} has no {test}"
