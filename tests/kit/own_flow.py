"""A project with a flow of its own."""

from __future__ import annotations

import shutil
from pathlib import Path

from flows.escalation import FOLDER

# What is the sample's in its line.toml and its CSV files, and a desk's own instead.
OWN = {
    "Acme support": "Helm support",
    "+33155500012": "+33155509012",  # also a manager's phone
    "+33800000001": "+33800009001",
    "+33800000002": "+33800009002",
    "+49800000001": "+49800009001",
    "+81800000001": "+81800009001",
    'last_resort = "DIR1"': 'last_resort = "HEAD"',
    "482913": "739164",
}
NAMES = ("Claire", "David", "Paul", "Greta", "Yui", "Sam", "Nora", "Ken", "Odile", "Otto")


def own_flow(project: Path) -> Path:
    """Make ``flows/support`` in a project: the sample flow, whose version is "own"."""
    flow = shutil.copytree(FOLDER, project / "flows" / "support")
    (project / "flows" / "__init__.py").touch()
    config = flow / "line.toml"
    text = config.read_text(encoding="utf-8")
    assert 'version = "1"' in text
    config.write_text(text.replace('version = "1"', 'version = "own"'), encoding="utf-8")
    return flow


def own_desk(flow: Path) -> Path:
    """Make a flow's line.toml and its sample desk somebody's own; the desk's folder."""
    sample = flow / "sample"
    for file in (flow / "line.toml", *sample.glob("*.csv")):
        text = file.read_text(encoding="utf-8")
        for theirs, own in OWN.items():
            text = text.replace(theirs, own)
        if file.suffix == ".csv":
            text = text.replace("DIR1", "HEAD")
        if file.name == "people.csv":
            for name in NAMES:
                text = text.replace(f",{name} ", f",{name}-Ann ")
        file.write_text(text, encoding="utf-8")
    return sample
