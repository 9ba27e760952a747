"""Packages that tests need beside this environment's own, installed once and kept with them."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import mkdtemp

from tests.kit.environment import require

NPM = ("npm", "install", "--no-audit", "--no-fund", "--silent")


def installed(name: str, command: Sequence[str], *files: Path) -> Path:
    """The folder ``name``, in which a command has installed something. Skips where it fails.

    The command runs there, beside copies of ``files``. One process does it; the others wait.
    """
    there = Path(sys.prefix) / name
    there.parent.mkdir(exist_ok=True)
    with there.with_name(f".{there.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not there.exists():
            require(command[0], shutil.which(command[0]) is not None)
            made = Path(mkdtemp(dir=sys.prefix))
            for file in files:
                shutil.copy(file, made)
            done = subprocess.run(command, cwd=made, capture_output=True, check=False)
            if done.returncode:
                shutil.rmtree(made)
            require(f"what “{' '.join(command)}” asks its registry for", done.returncode == 0)
            os.replace(made, there)
    return there
