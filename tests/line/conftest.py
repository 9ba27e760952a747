"""Databases without anything in them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from ivr.line.store.store import Store
from tests.kit.databases import Rows, postgres, rows_of


@pytest.fixture(scope="session")
def servers_database() -> Iterator[str]:
    with postgres() as url:
        store = Store(url)
        store.migrate()
        store.close()
        yield url


@pytest.fixture(scope="session")
def sample_rows(sample_database: Path) -> Rows:
    """What the sample desk's database holds."""
    store = Store(f"sqlite:///{sample_database}")
    rows = rows_of(store)
    store.close()
    return rows


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database with everything in it that a new one has, and nothing else."""
    if request.param == "postgres":
        return str(request.getfixturevalue("servers_database"))
    shutil.copy(request.getfixturevalue("empty_file"), tmp_path / "ivr.db")
    return f"sqlite:///{tmp_path / 'ivr.db'}"


@pytest.fixture(scope="session")
def empty_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("empty") / "ivr.db"
    store = Store(f"sqlite:///{file}")
    store.migrate()
    store.close()
    return file
