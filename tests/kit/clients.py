"""Twilio's own libraries in the versions that applications have, kept beside this environment's."""

from __future__ import annotations

import sys
from importlib.metadata import version as version_of

from tests.kit.installed import NPM, installed
from tests.kit.node import packages

# What else they need is here already, as what the newest version needs.
PYTHON = {
    "6": ("twilio==6.63.2", "pytz"),
    "7": ("twilio==7.17.0", "pytz"),
    "8": ("twilio==8.13.0",),
    "9": (),  # this environment's
}
NODE = {"3": "twilio@3.84.1", "4": "twilio@4.23.0", "5": ""}  # the last is the samples'
PIP = (sys.executable, "-m", "pip", "install", "--quiet", "--no-input", "--no-deps", "--no-compile")


def python(version: str) -> dict[str, str]:
    """What lets Python find ``twilio`` of that major version. Skips without PyPI."""
    if not PYTHON[version]:
        assert version_of("twilio").startswith(f"{version}.")
        return {}
    [library, *_] = PYTHON[version]
    command = (*PIP, *PYTHON[version], "--target", ".")
    return {"PYTHONPATH": str(installed(f"clients/{library}", command))}


def node(version: str) -> dict[str, str]:
    """What lets Node.js find ``twilio`` of that major version. Skips without npm."""
    library = NODE[version]
    where = installed(f"clients/{library}", (*NPM, library)) if library else packages("clinic")
    return {"NODE_PATH": str(where / "node_modules")}
