"""Environments with the wheel and what it declares, as `pip install` would make them.

What is installed here already is linked rather than downloaded, so nothing else is importable and
no package index is needed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import Distribution, distribution, distributions
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
PIP = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")


def run(*command: str | Path, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """A command's outcome; no setting of the line's is inherited."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("IVR_", "TWILIO_", "PYTEST_", "PYTHON"))
    }
    return subprocess.run(
        [str(word) for word in command],
        cwd=folder,
        env=inherited | environment,
        capture_output=True,
        text=True,
        check=False,
    )


@dataclass(frozen=True)
class Environment:
    """A virtual environment with the wheel."""

    folder: Path

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    @property
    def ivr(self) -> Path:
        return self.folder / "bin" / "ivr"

    @property
    def packages(self) -> Path:
        [packages] = self.folder.glob("lib/python*/site-packages")
        return packages


def environment(folder: Path, wheel: Path, *extras: str, also: Iterable[str] = ()) -> Environment:
    """Install the wheel with ``extras``, and the distributions ``also``."""
    venv.create(folder)
    made = Environment(folder)
    into = ("--python", made.python, "install", "--no-compile", "--no-deps")
    installed = run(*PIP, *into, wheel, folder=folder)
    assert installed.returncode == 0, installed.stderr
    [product] = distributions(name="ivr-simulator", path=[str(made.packages)])
    needed = {each.name: each for each in _needed(product, extras)}
    for name in also:
        needed |= {each.name: each for each in (distribution(name), *_needed(distribution(name)))}
    for each in needed.values():
        _link(each, made.packages)
    return made


def _needed(product: Distribution, extras: Iterable[str] = ()) -> list[Distribution]:
    """What a distribution requires with these extras, and what that requires."""
    needed: dict[tuple[str, str], Distribution] = {}
    waiting = [(product, extra) for extra in ("", *extras)]
    while waiting:
        each, extra = waiting.pop()
        for text in each.requires or ():
            requirement = Requirement(text)
            marker = requirement.marker
            if marker is not None and not marker.evaluate({"extra": extra}):
                continue
            for inner in ("", *requirement.extras):
                if (requirement.name, inner) not in needed:
                    needed[requirement.name, inner] = distribution(requirement.name)
                    waiting.append((needed[requirement.name, inner], inner))
    return list(needed.values())


def _link(each: Distribution, packages: Path) -> None:
    for name in {file.parts[0] for file in each.files or () if file.parts[0] != ".."}:
        link = packages / name
        if not link.exists():
            link.symlink_to(Path(str(each.locate_file(name))))
