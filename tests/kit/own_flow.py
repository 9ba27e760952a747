"""A project with a flow of its own."""

from __future__ import annotations

import shutil
from pathlib import Path

from flows.escalation import FOLDER


def own_flow(project: Path) -> Path:
    """Make ``flows/support`` in a project: the sample flow, whose version is "own"."""
    flow = shutil.copytree(FOLDER, project / "flows" / "support")
    (project / "flows" / "__init__.py").touch()
    config = flow / "line.toml"
    text = config.read_text(encoding="utf-8")
    assert 'version = "1"' in text
    config.write_text(text.replace('version = "1"', 'version = "own"'), encoding="utf-8")
    return flow
