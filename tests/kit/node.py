"""Sample lines for Node.js with their packages, which npm installs into this environment."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from tests.kit.environment import require

SAMPLES = Path(__file__).parents[1] / "samples"


@cache
def packages(sample: str) -> Path:
    """A folder with the sample and all it needs. Skips where Node.js or its packages are missing.

    What npm installs is kept beside Python's packages, so that it is asked for once.
    """
    here, there = SAMPLES / sample, Path(sys.prefix) / "node" / sample
    require("Node.js", shutil.which("node") is not None)
    if not (there / "node_modules").exists():
        npm = shutil.which("npm")
        require(f"what {sample} needs, and npm to install it", npm is not None)
        made = Path(mkdtemp(dir=sys.prefix))
        shutil.copy(here / "package.json", made)
        command = [str(npm), "install", "--no-audit", "--no-fund", "--silent"]
        done = subprocess.run(command, cwd=made, capture_output=True, check=False)
        require(f"what {sample} needs from the npm registry", done.returncode == 0)
        there.parent.mkdir(exist_ok=True)
        try:
            os.replace(made, there)
        except OSError:
            shutil.rmtree(made)  # another process was quicker
    for script in here.glob("*.js"):
        copy = there / f".{script.name}.{os.getpid()}"
        shutil.copy(script, copy)
        os.replace(copy, there / script.name)
    return there
