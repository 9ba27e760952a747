"""axe-core, which finds what somebody can't use; from npm, into this environment."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from tests.kit.environment import require

VERSION = "4"
HERE = Path(sys.prefix) / "axe"
SCRIPT = HERE / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RUN = """async (rules) => {
  const found = await axe.run(document, { runOnly: rules });
  return found.violations.map((each) =>
    `${each.id}: ${each.help} -- ${each.nodes.map((node) => node.html).join(" | ").slice(0, 400)}`);
}"""


@cache
def axe() -> str:
    """The script. Skips where neither it nor npm is there."""
    if not SCRIPT.exists():
        npm = shutil.which("npm")
        require("axe-core, and npm to install it", npm is not None)
        made = Path(mkdtemp(dir=sys.prefix))
        command = [
            npm,
            "install",
            "--prefix",
            made,
            "--no-audit",
            "--no-fund",
            f"axe-core@{VERSION}",
        ]
        done = subprocess.run(command, capture_output=True, check=False)  # type: ignore[arg-type]
        require("axe-core from the npm registry", done.returncode == 0)
        try:
            os.replace(made, HERE)
        except OSError:
            shutil.rmtree(made)  # another process was quicker
    return SCRIPT.read_text(encoding="utf-8")


def complaints(page: Any) -> list[str]:
    """What axe has against a page as it is now."""
    page.evaluate(axe())
    found: list[str] = page.evaluate(RUN, RULES)
    return found
