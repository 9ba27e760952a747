"""What the commands of the Makefile install."""

from __future__ import annotations

import re

import pytest

from tests.kit.environments import ROOT, run


@pytest.mark.parametrize(
    ("target", "extras"),
    [
        ("run", "line"),
        ("test", "line,test"),
        ("check", "line,test"),
        ("bench", "line,test"),
        ("docs", "line,docs"),
        ("audit", "release"),
        ("lock", "release"),
        ("sbom", "release"),
    ],
)
def test_a_fresh_checkout_installs_only_what_the_command_needs(target: str, extras: str) -> None:
    planned = run("make", "--dry-run", "VENV=no-such-folder", target, folder=ROOT)

    assert re.findall(r"--editable '\.\[(.+)\]'", planned.stdout) == [extras], planned.stderr
