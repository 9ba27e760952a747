"""Many desks one after the other, each as if it were the first: thousands of calls in a minute.

What takes time is shared: the line, its services and its application, and one database file that is
put back from memory for each desk.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

from flows.escalation import FOLDER, line
from ivr.line.definition import Line
from ivr.line.outside.case_systems.system import CaseSystem
from ivr.line.service.services import build_services
from ivr.line.store.store import Store
from ivr.line.web.webhooks.app import create_app
from ivr.simulator import Exchange
from tests.kit.desk import ORIGIN, Desk, connect

SEED = 1  # of every network: their accounts are the same one
MEMORY = Path("/dev/shm")  # a folder that is kept in memory, where there is one


class _Present:
    """Stands for a part of the present exchange: its clock, or its REST client."""

    def __init__(self, desks: FreshDesks, part: str) -> None:
        self._desks, self._part = desks, part

    def __getattr__(self, name: str) -> Any:
        return getattr(getattr(self._desks.exchange, self._part), name)


class FreshDesks:
    """Makes desks; ``escalation`` is their line, and ``case_system`` makes what has their cases, by
    default their store. Use it in a ``with`` statement.

    A desk is over when the next one is made: both use the same file.
    """

    def __init__(
        self,
        escalation: Line | None = None,
        case_system: Callable[[Store], CaseSystem] | None = None,
    ) -> None:
        self.line = escalation or line()
        where = MEMORY if MEMORY.is_dir() else None
        self._folder = Path(tempfile.mkdtemp(prefix="ivr-desks-", dir=where))
        self.store = Store(f"sqlite:///{self._folder / 'ivr.db'}")
        self.store.migrate()
        self.store.import_csv(FOLDER / "sample")
        self._began = sqlite3.connect(":memory:", check_same_thread=False)
        self._driver.backup(self._began)
        self.exchange = Exchange(SEED)
        self._services = build_services(
            self.line,
            self.store,
            twilio=_Present(self, "client"),  # type: ignore[arg-type]
            public_url=ORIGIN,
            clock=_Present(self, "clock"),  # type: ignore[arg-type]
            case_system=case_system and case_system(self.store),
        )
        self._app = create_app(self._services)

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

    def desk(self) -> Desk:
        """A desk on a network of its own, with the sample's people and cases and nothing else."""
        self._began.backup(self._driver)
        self._services.duties.stop()
        self.exchange = Exchange(SEED)
        self._services.duties.run()  # time begins again: that is noticed while nothing is due
        return connect(self.exchange, self._services, self._app)
