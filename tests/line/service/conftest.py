"""A line whose process is killed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from ivr.line.definition import Line
from ivr.line.store.store import Store
from tests.kit.killed import Doomed
from tests.kit.killed_line import World


@pytest.fixture(scope="module")
def doomed() -> Iterator[Doomed]:
    made = Doomed()
    yield made
    made.close()


@pytest.fixture
def world(
    sample_database: Path, tmp_path: Path, escalation: Line, doomed: Doomed
) -> Iterator[World]:
    shutil.copy(sample_database, tmp_path / "ivr.db")
    store = Store(f"sqlite:///{tmp_path / 'ivr.db'}")
    made = World(store, escalation, doomed)
    yield made
    made.close()
    store.close()
