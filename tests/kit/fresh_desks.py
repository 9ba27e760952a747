"""Many desks one after the other, each as if it were the first: thousands of calls in a minute.

What takes time is shared: one database file, put back from memory for each desk, and the line.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any

from flows.escalation import FOLDER, line
from ivr.line.definition import Line
from ivr.line.store.store import Store
from ivr.simulator import Exchange
from tests.kit.desk import Desk, mount

MEMORY = Path("/dev/shm")  # a folder that is kept in memory, where there is one


class FreshDesks:
    """Makes desks; ``escalation`` is their line. Use it in a ``with`` statement.

    A desk is over when the next one is made: both use the same file.
    """

    def __init__(self, escalation: Line | None = None) -> None:
        self.line = escalation or line()
        where = MEMORY if MEMORY.is_dir() else None
        self._folder = Path(tempfile.mkdtemp(prefix="ivr-desks-", dir=where))
        self.store = Store(f"sqlite:///{self._folder / 'ivr.db'}")
        self.store.migrate()
        self.store.import_csv(FOLDER / "sample")
        self._began = sqlite3.connect(":memory:", check_same_thread=False)
        self._driver.backup(self._began)

    @property
    def _driver(self) -> sqlite3.Connection:
        driver: sqlite3.Connection = self.store.connections.own()
        return driver

    def __enter__(self) -> FreshDesks:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.store.close()
        self._began.close()
        shutil.rmtree(self._folder)

    def desk(self, seed: int = 1, **more: Any) -> Desk:
        """A desk on a network of its own, with the sample's people and cases and nothing else."""
        self._began.backup(self._driver)
        return mount(Exchange(seed, **more), self.store, self.line)
