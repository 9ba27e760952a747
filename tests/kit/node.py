"""Sample lines for Node.js with their packages, which npm installs into this environment."""

from __future__ import annotations

import os
import shutil
from functools import cache
from pathlib import Path

from tests.kit.environment import require
from tests.kit.installed import NPM, installed

SAMPLES = Path(__file__).parents[1] / "samples"


@cache
def packages(sample: str) -> Path:
    """A folder with the sample and all it needs. Skips where Node.js or its packages are missing.

    What npm installs is kept beside Python's packages, so that it is asked for once.
    """
    here = SAMPLES / sample
    require("Node.js", shutil.which("node") is not None)
    there = installed(f"node/{sample}", NPM, here / "package.json")
    for script in here.glob("*.js"):
        copy = there / f".{script.name}.{os.getpid()}"
        shutil.copy(script, copy)
        os.replace(copy, there / script.name)
    return there
