"""The wheel, built once, and environments in which it is installed."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

from tests.kit.environment import require
from tests.kit.environments import PIP, ROOT, Environment, environment, run


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout. Skips without a package index, which has what builds it."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent  # shared by the workers of a session
    wheels = folder / "wheels"
    with (folder / "wheels.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not wheels.exists():
            built = run(*PIP, "wheel", "--no-deps", "-w", wheels, ROOT, folder=folder)
            if built.returncode:
                hatchling = run(*PIP, "download", "--no-deps", "hatchling", folder=folder)
                require("the package index", hatchling.returncode == 0)
            assert built.returncode == 0, built.stderr
    [wheel] = wheels.glob("*.whl")
    return wheel


@pytest.fixture(scope="session")
def base(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """`pip install ivr-simulator pytest`."""
    return environment(tmp_path_factory.mktemp("base"), wheel, also=["pytest"])


@pytest.fixture(scope="session")
def with_line(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """`pip install 'ivr-simulator[line]' pytest`."""
    return environment(tmp_path_factory.mktemp("line"), wheel, "line", also=["pytest"])


@pytest.fixture(scope="session")
def with_fuzz(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """`pip install 'ivr-simulator[fuzz]'`."""
    return environment(tmp_path_factory.mktemp("fuzz"), wheel, "fuzz")
