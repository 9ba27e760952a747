"""The documents are true: links lead somewhere, what is shown runs, what is named exists."""

from __future__ import annotations

import importlib
import inspect
import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from dataclasses import fields
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import click
import pytest

import ivr
from flows.escalation import FOLDER, SAMPLE, line
from ivr.cli.main import main
from ivr.errors import IVRError
from ivr.line.desk.events import KINDS
from ivr.line.desk.roles import PAGES as OPENED
from ivr.line.desk.roles import ROLES
from ivr.line.errors import FlowError
from ivr.line.flow.mermaid import mermaid
from ivr.line.flow.steps import Step
from ivr.line.line_toml import load
from ivr.line.outside.case_systems import contract
from ivr.line.store.imports.columns import COLUMNS
from ivr.server.rehearsal import rehearse
from ivr.server.settings import table
from ivr.simulator.dialogues import DialogueError, exchange_for, parse, play
from tests.kit.documents import ROOT, Block, Page, pages
from tests.kit.small_apps import menu_app

DOCS = pages()
BLOCKS = [block for page in DOCS for block in page.blocks]
NAMED = {page.name: page for page in DOCS}
# Variables that aren't settings of the line: what programs are told, and what our tests read.
VARIABLES = {
    *("PORT", "IVR_TEST_REQUIRE", "IVR_TEST_POSTGRES"),
    *("IVR_AUDIT", "IVR_EVERYTHING", "TWILIO_CA_BUNDLE"),
    *("TWILIO_API_KEY", "TWILIO_API_KEY_SID", "TWILIO_API_SECRET", "TWILIO_API_KEY_SECRET"),
    *line().config.lists.values(),
}
PROGRAMS = {
    *("cd", "export", "git", "gunicorn", "ivr", "make", "ngrok", "pip", "psql", "pytest", "python"),
    *(
        "curl",
        "ruff",
        "mypy",
        "python3",
        "apt-get",
        "lint-imports",
        "cp",
        "systemctl",
        "docker",
        "rm",
        "set",
        ".",
    ),
}
OLD_WORDS = re.compile(r"\b(he|him|his|himself|whom|whoever)\b", re.IGNORECASE)


def generator() -> ModuleType:
    spec = spec_from_file_location("docs_generate", ROOT / "docs/generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def blocks(language: str, *, files: bool) -> list[Block]:
    """Those in one language: the files of a page's project, or the others."""
    found = [block for block in BLOCKS if block.language == language and not block.quiet]
    return [block for block in found if bool(block.file) is files]


# ---- links


@pytest.mark.parametrize("page", DOCS, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Page) -> None:
    for link in page.links:
        if link.startswith(("https://", "http://", "mailto:")):
            continue
        path, _, anchor = link.partition("#")
        target = page.target(path) if path else ROOT / page.name
        assert target.exists(), link
        if anchor:
            leads = NAMED[str(target.relative_to(ROOT))]
            assert anchor in leads.anchors, link


def test_every_page_stands_in_a_map() -> None:
    """The index, or the list of decisions: the side bar of the site is made from these."""
    listed = set()
    for name in ("docs/index.md", "docs/develop/decisions/README.md"):
        page = NAMED[name]
        targets = [link.partition("#")[0] for link in page.links if "://" not in link]
        listed |= {str(page.target(target).relative_to(ROOT)) for target in targets} | {name}

    assert {page.name for page in DOCS if page.name.startswith("docs/")} <= listed


# ---- what is shown runs


def files_of(page: Page) -> dict[str, str]:
    """The files that a page shows, by name. A page of docs/testing without an application of its
    own is about the quickstart's."""
    shown = {block.file: block.text for block in page.blocks if block.file and not block.quiet}
    if shown and "app.py" not in shown and "docs/testing" in page.name:
        start = files_of(NAMED["docs/testing/quickstart.md"])
        shown = {name: start[name] for name in ("app.py", "conftest.py")} | shown
    return shown


def run_pytest(files: dict[str, str], folder: Path) -> subprocess.CompletedProcess[str]:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "ivr.pytest_plugin", "-p", "no:cacheprovider"],
        cwd=folder,
        env=os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def is_project(page: Page) -> bool:
    return any(name.endswith(".call") or "test_" in name for name in files_of(page))


def shown_in(output: str, expected: str) -> bool:
    """Whether the lines that a page shows stand in the output, in this order."""
    lines = iter(line.rstrip() for line in output.splitlines())
    return all(any(line.startswith(want) for line in lines) for want in expected.splitlines())


PROJECTS = [page for page in DOCS if is_project(page)]


@pytest.mark.parametrize("page", PROJECTS, ids=lambda page: page.name)
def test_the_project_that_a_page_shows_is_green(page: Page, tmp_path: Path) -> None:
    files = files_of(page)
    if page.name == "README.md":  # which shows a bug first
        files["app.py"] = files["app.py"].replace("== 0:", '== "0":')

    done = run_pytest(files, tmp_path)

    assert done.returncode == 0, done.stdout
    outputs = [block for block in page.blocks if block.text.startswith("$ pytest\n")]
    for block in outputs if page.name != "README.md" else []:
        assert shown_in(done.stdout, block.text.partition("\n")[2]), done.stdout


def test_the_failure_that_the_readme_shows_is_what_pytest_says(tmp_path: Path) -> None:
    page = NAMED["README.md"]
    [shown] = [block.text for block in page.blocks if block.text.startswith("$ pytest\n")]

    done = run_pytest(files_of(page), tmp_path)

    assert done.returncode == 1
    assert shown.partition("\n")[2] in done.stdout


def test_the_mismatch_that_the_dialogues_page_shows_is_the_simulators() -> None:
    blocks = NAMED["docs/testing/dialogues.md"].blocks
    [shown] = [block.text for block in blocks if "english.call:6" in block.text]
    dialogue = parse(
        "# English.\nfrom +33155500101 to +33800000001\n> call\n< Welcome to support.\n> press 1\n"
        "< One moment, thanks. Goodbye.",
        "tests/calls/english.call",
    )
    exchange = exchange_for(dialogue)
    exchange.number("+33800000001", menu_app(), "/voice")

    with pytest.raises(DialogueError) as raised:
        play(dialogue, exchange)

    assert str(raised.value).strip() == shown.strip()


def test_python_is_carried_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    spaces: dict[str, dict[str, Any]] = {}
    ran = 0
    for block in blocks("python", files=False):
        space = spaces.setdefault(block.page, {"__file__": block.page, "__name__": block.page})
        exec(compile(block.text, str(block), "exec"), space)
        ran += 1

    assert ran > 2


@pytest.mark.parametrize(
    "block", [block for block in BLOCKS if block.language == "python" and block.quiet], ids=str
)
def test_python_that_is_not_run_can_be_read(block: Block) -> None:
    compile(block.text, str(block), "exec")


@pytest.mark.parametrize("block", blocks("call", files=False), ids=str)
def test_dialogues_come_true_on_the_sample_desk(block: Block) -> None:
    assert rehearse(line(), SAMPLE, block.text) == ""


@pytest.mark.parametrize(
    "block", [block for block in BLOCKS if block.language in ("toml", "json")], ids=str
)
def test_data_can_be_read(block: Block) -> None:
    if block.language == "toml":
        assert tomllib.loads(block.text)
    else:
        assert json.loads(block.text)


# ---- commands


def command_lines(text: str) -> list[str]:
    """What is typed at the prompts of a block."""
    joined = text.replace("\\\n", " ")
    return [line[2:] for line in joined.splitlines() if line.startswith("$ ")]


def check_command(words: list[str]) -> None:
    """An `ivr` command, its group and its options exist."""
    command: click.Command = main
    for word in words:
        if word.startswith("-"):
            break
        inner = command.commands.get(word) if isinstance(command, click.Group) else None
        if inner is None:
            break
        command = inner
    assert command is not main, f"no such command: ivr {' '.join(words)}"
    known = {name for option in command.params for name in (*option.opts, *option.secondary_opts)}
    for word in words:
        if word.startswith("-") and word not in ("-h", "--help"):
            assert word.partition("=")[0] in known, f"{word} of ivr {' '.join(words)}"


def check_line(typed: str) -> None:
    words = shlex.split(typed, comments=True)
    while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
        words = words[1:]
    if not words:
        return
    program, arguments = words[0], words[1:]
    assert program.rpartition("/")[2] in PROGRAMS, program
    if program == "ivr":
        check_command(arguments)
    if program == "make":
        targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
        for word in arguments:
            assert "=" in word or word in targets, word
    if program == "python" and arguments[0] == "-m":
        assert find_spec(arguments[1]) is not None, arguments[1]
    if program == "python" and arguments[0].endswith(".py"):
        assert (ROOT / arguments[0]).exists()
    if program == "pip":
        project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
        for extras in re.findall(r"\[([\w,]+)\]", typed):
            assert set(extras.split(",")) <= set(project["optional-dependencies"])


@pytest.mark.parametrize("block", blocks("console", files=False), ids=str)
def test_commands_that_are_typed_exist(block: Block) -> None:
    typed = command_lines(block.text)

    assert typed, "a console block shows what is typed after $"
    for each in typed:
        check_line(each)


@pytest.mark.parametrize("page", DOCS, ids=lambda page: page.name)
def test_commands_that_are_named_exist(page: Page) -> None:
    for code in page.code:
        if re.match(r"(ivr|make) [a-z]", code) and code != "ivr COMMAND --help":
            check_line(re.sub(r" ?\[.*", "", code).replace("…", "x"))


@pytest.mark.parametrize("page", DOCS, ids=lambda page: page.name)
def test_options_that_are_named_exist(page: Page) -> None:
    named = {code.split()[0] for code in page.code if code.startswith("--")}

    assert named <= options(main) | {"--update-calls", "--ivr-seed", "--ivr-origin", "--strict"}


def options(group: click.Group) -> set[str]:
    """Of all commands."""
    found = set()
    for command in group.commands.values():
        found |= options(command) if isinstance(command, click.Group) else set()
        found |= {name for option in command.params for name in option.opts}
    return found


# ---- what is named exists


@pytest.mark.parametrize("page", DOCS, ids=lambda page: page.name)
def test_modules_and_files_that_are_named_exist(page: Page) -> None:
    for code in page.code:
        if re.fullmatch(r"(ivr|flows|tests)(\.\w+)+(\(\))?", code):
            assert found(code.removesuffix("()")), code
        elif re.fullmatch(r"(ivr|flows|tests|docs)/[\w./-]*", code):
            assert (ROOT / code).exists(), code


def found(dotted: str) -> bool:
    """Whether it is a module, or something in one."""
    if dotted == "ivr.db":
        return True
    parts = dotted.split(".")
    for split in range(len(parts), 0, -1):
        try:
            thing: Any = importlib.import_module(".".join(parts[:split]))
        except ImportError:
            continue
        for name in parts[split:]:
            thing = getattr(thing, name, None)
        return thing is not None
    return False


@pytest.mark.parametrize("page", DOCS, ids=lambda page: page.name)
def test_variables_that_are_named_exist(page: Page) -> None:
    named = set(re.findall(r"\b(?:IVR|TWILIO)_[A-Z_]+\b", page.text))

    assert named <= VARIABLES | {name for name, _, _ in table()}


@pytest.mark.parametrize("page", DOCS, ids=lambda page: page.name)
def test_words_are_of_today(page: Page) -> None:
    """Of pages that people write; those that are written from the code follow it."""
    if page.name.removeprefix("docs/") not in generator().PAGES:
        assert OLD_WORDS.findall(page.prose) == []


# ---- pages and tables that say what the code says


def test_pages_written_from_the_code_are_up_to_date() -> None:
    for path, text in generator().pages().items():
        name = path.relative_to(ROOT)
        assert path.read_text(encoding="utf-8") == text, f"{name}: run `python docs/generate.py`"


def test_every_public_name_has_a_docstring() -> None:
    assert ivr.__all__ == sorted(ivr.__all__, key=lambda name: (name.islower(), name))
    for name in ivr.__all__:
        assert getattr(ivr, name).__doc__


def rows(page: str, heading: str) -> list[list[str]]:
    """The cells of the table below a heading, without its head."""
    section = f"\n{NAMED[page].text}".split(f"\n{heading}\n", 1)[1].split("\n#")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines[2:]]


def test_every_event_stands_in_the_reference() -> None:
    named = [cells[0].strip("`") for cells in rows("docs/reference/events.md", "# Events")]

    assert set(named) == KINDS
    assert len(named) == len(set(named))


def test_the_table_of_pages_says_who_may_open_what() -> None:
    text = NAMED["docs/line/screens.md"].text.split("| | `/console` |", 1)[1]
    head, _, *lines = ("| | `/console` |" + text.split("\n\n")[0]).splitlines()
    paths = [each.strip(" `/").replace("cases/new", "new") for each in head.split("|")[2:-1]]
    may = {
        cells[1].strip(): {
            path for path, cell in zip(paths, cells[2:], strict=False) if cell.strip()
        }
        for cells in (row.split("|") for row in lines)
    }

    assert set(paths) == set(OPENED)
    assert may == {role: {page for page in OPENED if role in OPENED[page]} for role in ROLES}


def test_every_csv_column_stands_in_the_table() -> None:
    text = NAMED["docs/line/data-import.md"].text
    for file, columns in COLUMNS.items():
        section = text.split(f"### `{file}.csv`", 1)[1].split("\n#")[0]
        named = {
            name
            for cells in re.findall(r"^\| (`[^|]*) \|", section, re.MULTILINE)
            for name in re.findall(r"`(\w+)`", cells)
        }
        assert named == set(columns), file


LINE_TOML = (FOLDER / "line.toml").read_text(encoding="utf-8")
# Headings of line.toml, and how its reference writes those that contain a name or a number.
TABLES = {
    "[severities.0]": "[severities.N]",
    "[hunts.operator]": "[hunts.*]",
    '[numbers."+81800000001"]': '[numbers."+33…"]',
    '[numbers."+81800000001".work.ja]': "[hours]",
}
NAMES_ALONE = ("[sign_in.roles]", "[notices.lists]", "[notices.also]")  # keys of one's own
HEADINGS = [
    heading
    for heading in dict.fromkeys(re.findall(r"^\[.*?\]+(?= |$)", LINE_TOML, re.MULTILINE))
    if heading not in NAMES_ALONE
    and (heading in TABLES or not heading.startswith(("[severities.", "[hunts.", "[numbers.")))
]


def keys_known(before: str, after: str, folder: Path) -> set[str]:
    """The keys that the loader knows in one table: it lists them when it refuses another one."""
    file = folder / "line.toml"
    file.write_text(f"{before}\nzzzz = 1\n{after}", encoding="utf-8")
    with pytest.raises(FlowError) as refused:
        load(file)
    listed = str(refused.value).partition("zzzz: there is no such key; there are ")[2]
    return set(listed.split(", "))


def section_about(table: str) -> str:
    text = NAMED["docs/line/line-toml.md"].text
    sections = re.split(r"^## ", text, flags=re.MULTILINE)
    [section] = [each for each in sections if f"`{table}`" in each.partition("\n")[0]]
    return section


def keys_described(section: str) -> set[str]:
    """Those in the first column of its tables."""
    cells = re.findall(r"^\| (`.*?) \|", section, re.MULTILINE)
    return {key for cell in cells for key in re.findall(r"`(\w+)`", cell)}


@pytest.mark.parametrize("heading", HEADINGS)
def test_every_key_that_line_toml_may_have_stands_in_its_table(
    heading: str, tmp_path: Path
) -> None:
    before, found, after = LINE_TOML.partition(f"\n{heading}")
    known = keys_known(before + found, after.partition("\n")[2], tmp_path)

    assert known <= keys_described(section_about(TABLES.get(heading, heading)))


def test_every_table_that_line_toml_may_have_is_described(tmp_path: Path) -> None:
    text = NAMED["docs/line/line-toml.md"].text
    headings = " ".join(re.findall(r"^## (.*)", text, re.MULTILINE))
    tables = set(re.findall(r"`\[+(\w+)", headings))
    line_itself = keys_described(text.partition("## The line")[2].partition("\n## ")[0])

    assert keys_known("", LINE_TOML, tmp_path) == tables | line_itself


def test_every_scenario_and_rule_that_a_test_cites_is_explained() -> None:
    page = NAMED["docs/develop/scenarios.md"].text
    explained = re.findall(r"^\| ([SR]\d+) \|", page, re.MULTILINE)
    cited = {
        name
        for path in (ROOT / "tests").rglob("*")
        if path.suffix in (".py", ".call")
        for name in re.findall(r"\b(?:S[012]\d|R[1-9]\d?)\b", path.read_text(encoding="utf-8"))
    }

    assert cited <= set(explained)
    assert len(explained) == len(set(explained)) == 70


@pytest.mark.parametrize("folder", ["ivr", "ivr/line", "ivr/simulator"])
def test_the_architecture_names_every_folder_and_module(folder: str) -> None:
    text = NAMED["docs/develop/architecture.md"].text
    table = text.split(f"| `{folder}/` | from top to bottom |", 1)[1].split("\n\n")[0]
    named = re.findall(r"`([\w.]+)/?`", "".join(re.findall(r"^\| [^|]* \|", table, re.MULTILINE)))
    there = {
        path.name for path in (ROOT / folder).iterdir() if path.suffix == ".py" or path.is_dir()
    }

    assert set(named) == {name for name in there if not name.startswith("__")}


def test_every_import_contract_is_explained() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = [each["name"] for each in project["tool"]["importlinter"]["contracts"]]
    explained = [cells[0] for cells in rows("CONTRIBUTING.md", "## Import contracts")]

    assert set(explained) == set(contracts)


def test_every_command_and_exit_code_stands_in_the_reference() -> None:
    named = NAMED["docs/reference/commands.md"]
    help_text = inspect.getdoc(main.callback) if main.callback else ""
    for name, command in main.commands.items():
        inner = list(command.commands) if isinstance(command, click.Group) else []
        for each in [f"ivr {name}", *(f"ivr {name} {one}" for one in inner)]:
            assert f"\n## {each}\n" in named.text, each
    for code, meaning in re.findall(r"^ *(\d)  (.+)$", help_text or "", re.MULTILINE):
        assert [code, meaning] in rows("docs/reference/commands.md", "# Commands")


def test_every_setting_and_step_and_error_stands_in_the_reference() -> None:
    settings = [cells[0].strip("`") for cells in rows("docs/reference/settings.md", "# Settings")]
    kinds = {kind.__name__ for kind in Step.__subclasses__()}
    errors = NAMED["docs/reference/errors.md"].code

    assert settings == [name for name, _, _ in table()]
    assert kinds <= set(re.findall(r"^## `(\w+)`$", NAMED["docs/flows/steps.md"].text, re.M))
    assert {kind.__name__ for kind in IVRError.__subclasses__()} <= set(errors)


def test_the_case_that_the_contract_shows_is_read_whole() -> None:
    shown = NAMED["docs/line/case-systems.md"].blocks
    [document] = [json.loads(block.text) for block in shown if block.language == "json"]
    case = contract.case_of(document, "17349013", lambda number, email: number)

    for each in fields(case):
        ours = each.name in ("digits", "stale")
        assert ours or getattr(case, each.name), f"{each.name} isn't shown"
    assert case.account is not None
    assert all(getattr(case.account, each.name) for each in fields(case.account))
    assert all(getattr(case.contacts[0], each.name) for each in fields(case.contacts[0]))


def test_the_diagram_is_that_of_the_tables() -> None:
    drawn = (FOLDER / "diagram.md").read_text(encoding="utf-8")

    assert mermaid(line().caller) in drawn
    assert mermaid(line().person) in drawn
    assert mermaid(line().console) in drawn
