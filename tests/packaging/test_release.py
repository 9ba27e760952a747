"""What a release installs: the lock, and what is known against it."""

from __future__ import annotations

import json
import re
import sys
import tomllib
from importlib.util import module_from_spec, spec_from_file_location
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.kit.environments import ROOT

LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
PACKAGES = re.split(r"\n(?=\S)", LOCK.strip())


@pytest.fixture(scope="module")
def audit() -> Any:
    spec = spec_from_file_location("audit", ROOT / ".ci/audit.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_lock_has_what_the_project_needs_in_versions_that_it_takes() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    found = [re.match(r"([\w.-]+)(?:\[\w+\])?==([\w.]+)", each) for each in PACKAGES]
    locked = {canonicalize_name(each[1]): each[2] for each in found if each}
    assert len(locked) == len({canonicalize_name(each[1]) for each in found if each})
    for written in (*project["dependencies"], *extras["line"], *extras["otel"]):
        wanted = Requirement(written)
        version = locked.get(canonicalize_name(wanted.name))
        assert version, f"{wanted.name} isn't in requirements.lock: say make lock"
        assert wanted.specifier.contains(version), f"{written} isn't met: say make lock"


def test_every_package_in_the_lock_is_known_by_its_hashes_and_by_no_address() -> None:
    assert "://" not in LOCK
    assert "index" not in LOCK
    for each in PACKAGES:
        assert re.fullmatch(
            r"[\w.-]+(\[\w+\])?==[\w.]+( ; [^\n]+?)? \\\n"
            r"(    --hash=sha256:[0-9a-f]{64} \\\n)*    --hash=sha256:[0-9a-f]{64}",
            each,
        ), each[:80]


FINE = {"name": "flask", "version": "3", "vulns": []}
BAD = {"name": "yarl", "version": "1", "vulns": [{"id": "CVE-1", "fix_versions": ["2"]}]}
WORSE = {"name": "six", "version": "1", "vulns": [{"id": "CVE-2", "fix_versions": []}]}
UNKNOWN = {"name": "zeep", "skip_reason": "it couldn't be audited"}


@pytest.mark.parametrize(
    ("report", "code", "said"),
    [
        ([FINE], 0, "audited: 1 packages, no known vulnerability"),
        ([FINE, BAD, WORSE], 1, "VULNERABLE: yarl 1: CVE-1, mended in 2"),
        ([BAD, WORSE], 1, "VULNERABLE: six 1: CVE-2, mended in no version yet"),
        ([FINE, UNKNOWN], 0, "NOT AUDITED: no advisories could be had for 1 of 2 packages"),
        ([UNKNOWN, BAD], 1, "NOT AUDITED: no advisories could be had for 1 of 2 packages"),
        ([UNKNOWN], 0, "NOT AUDITED: no advisories could be had for 1 of 1 packages"),
        ([], 0, "NOT AUDITED"),
    ],
)
def test_an_audit_says_what_is_vulnerable_and_what_it_could_not_look_at(
    audit: Any, capsys: pytest.CaptureFixture[str], report: list[Any], code: int, said: str
) -> None:
    text = json.dumps({"dependencies": report})

    assert audit.main([sys.executable, "-c", f"print({text!r})"]) == code
    printed = capsys.readouterr().out
    assert said in printed
    if UNKNOWN in report and report == [UNKNOWN]:
        assert "no known vulnerability" not in printed


@pytest.mark.parametrize(
    ("program", "patience", "said"),
    [
        ("import time; time.sleep(600)", 0.2, "NOT AUDITED: the advisories didn't come within"),
        ("import sys; sys.exit('no route')", 60, "NOT AUDITED: pip-audit gave no report: no route"),
        ("print('<html>')", 60, "NOT AUDITED: pip-audit gave no report"),
    ],
)
def test_an_audit_without_its_data_says_so_and_keeps_nobody_from_working(
    audit: Any, capsys: pytest.CaptureFixture[str], program: str, patience: float, said: str
) -> None:
    assert audit.main([sys.executable, "-c", program], patience=patience) == 0
    assert said in capsys.readouterr().out
