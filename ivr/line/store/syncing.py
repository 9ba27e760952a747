"""SQLite's commits on the disk: one thread brings there what all have committed meanwhile.

SQLite's own way (``synchronous=FULL``) syncs each commit while it holds the lock that every writer
needs. Here it only writes a commit into its log, and lets the next writer on; who has committed
waits afterwards, together with others. What SQLite itself syncs (``synchronous=NORMAL``) keeps the
file whole at a power failure; this is for the last commits, which it would lose.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Callable
from threading import Condition

Sync = Callable[[str], None]  # brings a file to the disk


def to_disk(file: str) -> None:
    """What the system has of a file is on the disk. Raises `OSError`."""
    opened = os.open(file, os.O_RDWR)
    try:
        if hasattr(fcntl, "F_FULLFSYNC"):  # macOS leaves it in the disk's own memory otherwise
            fcntl.fcntl(opened, fcntl.F_FULLFSYNC)
        else:
            os.fdatasync(opened)
    finally:
        os.close(opened)


class GroupSync:
    """Waits until what this thread has committed, or read, is on the disk.

    ``log`` is the write-ahead log; a connection to its database must be open. When it can't be
    synced, all who wait for that hear `sqlite3.OperationalError`: a system may forget what it
    couldn't write, and say next time that all is well. So ``rewrite`` must have moved the whole
    log into the database file before the log is trusted again.
    """

    def __init__(self, log: str, sync: Sync, rewrite: Callable[[], None]) -> None:
        self._log, self._sync, self._rewrite = log, sync, rewrite
        self._changed = Condition()
        self._begun = self._ended = self._failed = 0  # numbers of syncs
        self._doubted = False

    def __call__(self) -> None:
        with self._changed:
            mine = self._begun + 1  # the first that begins from now on
            while self._ended < mine:
                if self._begun > self._ended:  # somebody leads
                    self._changed.wait()
                else:
                    self._lead()
            if self._failed >= mine:
                raise _failed(self._log)

    def _lead(self) -> None:
        """The next sync, for all who wait for it."""
        self._begun += 1
        self._changed.release()
        done = False
        try:
            if self._doubted:
                self._rewrite()
            self._sync(self._log)
            done = True
        except (OSError, sqlite3.Error):
            pass  # each of them hears of it
        finally:
            self._changed.acquire()
            self._doubted = not done
            self._ended = self._begun
            if not done:
                self._failed = self._ended
            self._changed.notify_all()


def _failed(log: str) -> sqlite3.OperationalError:
    """As SQLite itself says it."""
    error = sqlite3.OperationalError(f"disk I/O error: {log} can't be synced")
    error.sqlite_errorcode = sqlite3.SQLITE_IOERR_FSYNC
    error.sqlite_errorname = "SQLITE_IOERR_FSYNC"
    return error


__all__ = ["GroupSync", "Sync", "to_disk"]
