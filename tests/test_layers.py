"""Who may import whom, and what modules may be called."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """The contracts of pyproject.toml, held against the packages below ``folder``."""
    return subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_import_contracts_hold() -> None:
    done = lint(ROOT)

    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("file", "added", "refused"),
    [
        (
            "ivr/line/desk/hunt.py",
            "import flask, sqlalchemy, random, socket",
            (
                "ivr.line.desk.hunt -> flask",
                "ivr.line.desk.hunt -> sqlalchemy",
                "ivr.line.desk.hunt -> random",
                "ivr.line.desk.hunt -> socket",
            ),
        ),
        (
            "ivr/line/turns/call/state.py",
            "from typing import TYPE_CHECKING\n"
            "if TYPE_CHECKING:\n"
            "    from ivr.line.turns.call.turn import CallTurn",
            (".state -> .turn",),
        ),
        ("ivr/line/anywhere.py", "", ("ivr.line.anywhere",)),
    ],
    ids=["an impure rule", "a circle of type hints", "a module that stands nowhere"],
)
def test_a_contract_refuses(
    tmp_path: Path, file: str, added: str, refused: tuple[str, ...]
) -> None:
    for package in ("ivr", "flows"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=only_modules)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    module = tmp_path / file
    source = module.read_text(encoding="utf-8") if module.exists() else ""
    module.write_text(f"{source}\n{added}\n", encoding="utf-8")

    done = lint(tmp_path)

    assert done.returncode == 1
    assert [arrow for arrow in refused if arrow not in done.stdout] == []


def only_modules(folder: str, names: list[str]) -> set[str]:
    """What a copy for the contracts can do without."""
    return {name for name in names if "." in name and not name.endswith(".py")}


def test_the_base_package_needs_neither_flask_nor_twilio() -> None:
    """The simulator and the test kit are for any TwiML project."""
    code = (
        "import sys, ivr.cli.main, ivr.pytest_plugin, ivr.simulator, ivr.simulator.dialogues;"
        "print([name for name in ('flask', 'twilio', 'sqlalchemy', 'transitions') "
        "if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_no_module_is_named_for_nothing() -> None:
    modules = {path.stem for path in (ROOT / "ivr").rglob("*.py")}

    assert not modules & {"utils", "helpers", "manager", "base", "common", "misc"}


TABLES = {"ivr/line/values.py", "ivr/twiml/rules.py"}  # of rules or of a schema: long, not deep


def test_no_module_is_longer_than_450_lines() -> None:
    modules = [file for folder in ("ivr", "flows") for file in (ROOT / folder).rglob("*.py")]
    lines = {
        file.relative_to(ROOT).as_posix(): len(file.read_text(encoding="utf-8").splitlines())
        for file in modules
    }
    too_long = {name for name, count in lines.items() if count > 450}

    assert len(modules) > 200
    assert too_long == TABLES


def imported(source: str) -> set[str]:
    """The modules that a source file imports, by their full names."""
    modules = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module:
            modules.add(node.module)
            modules |= {f"{node.module}.{name.name}" for name in node.names}
        elif isinstance(node, ast.Import):
            modules |= {name.name for name in node.names}
    return modules


def test_no_test_module_imports_another_or_a_conftest() -> None:
    """What two of them use stands in ``tests/kit``; a fixture in the nearest ``conftest.py``."""
    tests = list((ROOT / "tests").rglob("*.py"))
    names = {".".join(file.relative_to(ROOT).with_suffix("").parts): file for file in tests}
    forbidden = {
        name for name, file in names.items() if file.stem.startswith(("conftest", "test_"))
    }
    imports = {
        name: imported(file.read_text(encoding="utf-8")) & forbidden for name, file in names.items()
    }

    assert len(forbidden) > 80
    assert {name: modules for name, modules in imports.items() if modules} == {}
