"""What the documents say is so: the README holds to the code, and the diagram to the tables."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click import Group

import ivr
from flows.escalation import FOLDER, line
from ivr.cli.main import main
from ivr.line.desk.roles import PAGES, ROLES
from ivr.line.flow.mermaid import mermaid
from ivr.server.settings import table
from ivr.twiml.table import markdown

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def commands() -> list[str]:
    found = []
    for name, command in main.commands.items():
        inner = command.commands if isinstance(command, Group) else {}
        found += [f"ivr {name} {each}" for each in inner] or [f"ivr {name}"]
    return found


@pytest.mark.parametrize("command", commands())
def test_every_command_stands_in_the_readme(command: str) -> None:
    assert f"`{command}" in README


@pytest.mark.parametrize("variable", [name for name, _, _ in table()])
def test_every_setting_stands_in_the_readme(variable: str) -> None:
    assert f"`{variable}`" in README


def test_the_readmes_example_of_a_flow_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    blocks = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    [example] = [block for block in blocks if "from ivr.line.flow.flow import Flow" in block]
    monkeypatch.chdir(ROOT)

    exec(compile(example, "README.md", "exec"), {"__file__": "README.md"})


def test_the_readmes_call_is_the_tests_call() -> None:
    dialogue = (ROOT / "tests/calls/s01_the_right_manager.call").read_text(encoding="utf-8")
    quoted = "".join(f"    {each}" for each in dialogue.splitlines(keepends=True))

    assert quoted in README


def test_the_readmes_table_of_twiml_is_the_codes() -> None:
    [_, table, _] = re.split(r"<!-- /?ivr twiml -->\n", README)

    assert table.strip() == markdown(), "print it with `ivr twiml`"


def test_the_readmes_table_says_who_may_open_what() -> None:
    [_, table] = README.split("| | `/console` |", 1)
    head, _, *rows = ("| | `/console` |" + table.split("\n\n")[0]).splitlines()
    paths = [each.strip(" `/").replace("cases/new", "new") for each in head.split("|")[2:-1]]
    may = {
        cells[1].strip(): {
            path for path, cell in zip(paths, cells[2:], strict=False) if cell.strip()
        }
        for cells in (row.split("|") for row in rows)
    }

    assert set(paths) == set(PAGES)
    assert may == {role: {page for page in PAGES if role in PAGES[page]} for role in ROLES}


def test_the_readmes_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert target.startswith("https://") or (ROOT / target).exists(), target


def test_the_diagram_is_that_of_the_tables() -> None:
    drawn = (FOLDER / "diagram.md").read_text(encoding="utf-8")

    assert mermaid(line().caller) in drawn
    assert mermaid(line().person) in drawn
    assert mermaid(line().console) in drawn


def test_the_public_names_exist_and_stand_in_the_readme() -> None:
    assert ivr.__all__ == sorted(ivr.__all__, key=lambda name: (name.islower(), name))
    for name in ivr.__all__:
        assert getattr(ivr, name).__doc__
        assert f"`{name}`" in README, name
