"""Where calls, duties, people and cases are kept: SQLite in a file, or PostgreSQL for many
workers."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

from ivr.line.store.calls import CallRepository
from ivr.line.store.case_files import CaseFileRepository
from ivr.line.store.cases import CaseRepository
from ivr.line.store.connections import Connections, checkpoint
from ivr.line.store.driver import BUSY_FOR
from ivr.line.store.duties import DutyRepository
from ivr.line.store.facts import FactRepository
from ivr.line.store.faults import log_failure
from ivr.line.store.feeds import FeedRepository
from ivr.line.store.logins import LoginRepository
from ivr.line.store.logs import LogRepository
from ivr.line.store.mentions import MentionRepository
from ivr.line.store.people import PersonRepository
from ivr.line.store.periods import PeriodRepository
from ivr.line.store.privacy.keeping import PrivacyRepository
from ivr.line.store.recordings import RecordingRepository
from ivr.line.store.schema import Migration, Schema
from ivr.line.store.seals import SealRepository
from ivr.line.store.signs import SignRepository
from ivr.line.store.syncing import Sync
from ivr.line.store.tallies import TallyRepository

log = logging.getLogger(__name__)

CHECKPOINT_EVERY = 0.25  # seconds


class Store:
    """A database, and a repository for each thing in it: ``store.calls.load(sid)``.

    ``url`` is ``sqlite:///file`` or ``postgresql://user@host/name``; raises `SettingsError` for any
    other. With ``checkpoints`` a thread keeps SQLite's write-ahead log short. A lock that another
    process holds is waited for ``busy_for`` seconds. If it is ``power_safe``, nothing that has been
    saved is lost when the power fails: SQLite's log is brought to the disk, by ``sync`` if that is
    given, and PostgreSQL commits synchronously. No transaction is open when a repository's method
    returns. Several processes and threads may share a database; migrate it before they start.
    """

    def __init__(
        self,
        url: str,
        *,
        checkpoints: bool = False,
        busy_for: float = BUSY_FOR,
        power_safe: bool = False,
        sync: Sync | None = None,
    ) -> None:
        self.connections = Connections(url, busy_for, power_safe=power_safe, sync=sync)
        self.schema = Schema(self.connections)
        self.calls = CallRepository(self.connections)
        self.cases = CaseRepository(self.connections)
        self.case_files = CaseFileRepository(self.connections)
        self.duties = DutyRepository(self.connections)
        self.people = PersonRepository(self.connections)
        self.feeds = FeedRepository(self.connections)
        self.mentions = MentionRepository(self.connections)
        self.recordings = RecordingRepository(self.connections)
        self.tallies = TallyRepository(self.connections)
        self.logins = LoginRepository(self.connections)
        self.logs = LogRepository(self.connections, self.calls, self.case_files)
        self.seals = SealRepository(self.connections)
        self.periods = PeriodRepository(self.connections)
        self.privacy = PrivacyRepository(self.connections)
        self.signs = SignRepository(self.connections)
        self.facts = FactRepository(self.connections)
        self._stop = threading.Event()
        if checkpoints and not self.connections.postgres:
            threading.Thread(target=self._checkpoint, name="checkpoints", daemon=True).start()

    def close(self) -> None:
        """Let go of every connection."""
        self._stop.set()
        self.connections.close()

    def migrate(self, *, contract: bool = False) -> list[Migration]:
        """Bring the schema up to date; see `ivr.line.store.schema.Schema.migrate`."""
        return self.schema.migrate(contract=contract)

    def import_csv(self, source: Path) -> dict[str, int]:
        """Load people, rota and cases from a folder of CSV files, or from one file; how many rows
        of each table. Raises `DataError`, with nothing loaded. See `ivr.line.store.imports.csv`."""
        from ivr.line.store.imports import csv

        with self.connections.writing() as connection:
            return csv.load(connection, source)

    def _checkpoint(self) -> None:
        """Move the write-ahead log into the file, off the path of any call."""
        own = self.connections.own
        while not self._stop.wait(CHECKPOINT_EVERY):
            try:
                checkpoint(own())
            except Exception as error:
                what = "can't checkpoint the write-ahead log"
                log_failure(log, what, error, event="checkpoint.failed")
        own.give_back()


__all__ = ["Store"]
