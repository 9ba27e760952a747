"""Twilio's own libraries in the versions that applications have, kept beside this environment's."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from tests.kit.environment import require

PYTHON = {"6": "6.63.2", "7": "7.17.0", "8": "8.13.0", "9": "9.13.0"}
NODE = {"3": "3.84.1", "4": "4.23.0", "5": "5.13.1"}


@cache
def python(version: str) -> Path:
    """A folder for PYTHONPATH with ``twilio`` of that major version. Skips without PyPI."""
    package = f"twilio=={PYTHON[version]}"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-input", package, "--target"]
    return _kept(f"python-{version}", package, pip, ["."])


@cache
def node(version: str) -> Path:
    """A folder in which Node.js finds ``twilio`` of that major version. Skips without npm."""
    npm = shutil.which("npm")
    require("Node.js and npm", npm is not None and shutil.which("node") is not None)
    package = f"twilio@{NODE[version]}"
    quiet = ["--no-audit", "--no-fund", "--silent"]
    return _kept(f"node-{version}", package, [str(npm), "install", *quiet, package], [])


def _kept(name: str, package: str, command: list[str], more: list[str]) -> Path:
    there = Path(sys.prefix) / "clients" / name
    if not there.exists():
        made = Path(mkdtemp(dir=sys.prefix))
        done = subprocess.run([*command, *more], cwd=made, capture_output=True, check=False)
        require(f"{package} from its registry", done.returncode == 0)
        there.parent.mkdir(exist_ok=True)
        try:
            os.replace(made, there)
        except OSError:
            shutil.rmtree(made)  # another process was quicker
    return there
