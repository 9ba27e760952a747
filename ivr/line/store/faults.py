"""What is wrong when the database doesn't do what it is asked: one word and one sentence."""

from __future__ import annotations

import logging
import sqlite3
from dataclasses import dataclass
from typing import Literal

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from ivr.errors import IVRError

What = Literal["locked", "read-only", "full", "damaged", "unreachable", "refuses"]

_SQLITE: dict[int, What] = {
    sqlite3.SQLITE_BUSY: "locked",
    sqlite3.SQLITE_LOCKED: "locked",
    sqlite3.SQLITE_READONLY: "read-only",
    sqlite3.SQLITE_PERM: "refuses",
    sqlite3.SQLITE_AUTH: "refuses",
    sqlite3.SQLITE_CANTOPEN: "unreachable",
    sqlite3.SQLITE_FULL: "full",
    sqlite3.SQLITE_IOERR: "full",
    sqlite3.SQLITE_CORRUPT: "damaged",
    sqlite3.SQLITE_NOTADB: "damaged",
}
# https://www.postgresql.org/docs/current/errcodes-appendix.html
_POSTGRES: dict[str, What] = {
    "55P03": "locked",
    "57014": "locked",
    "40P01": "locked",
    "25006": "read-only",
    "53": "full",
    "XX": "damaged",
    "58": "damaged",
    "28": "refuses",
    "3D": "refuses",
    "42501": "refuses",
    "08": "unreachable",
    "57P": "unreachable",
    "55000": "unreachable",  # it takes no connections
}
_SENTENCES: dict[What, str] = {
    "locked": "the database is locked by another process for too long",
    "read-only": "the database can't be written to",
    "full": "the database can't grow: the disk is full",
    "damaged": "the database is damaged: restore a backup with ivr db restore",
    "unreachable": "the database doesn't answer",
    "refuses": "the database refuses",
}


@dataclass(frozen=True, slots=True)
class DatabaseFault:
    """A fault of the database's surroundings, not of a statement."""

    what: What
    detail: str  # the driver's own words; they name no value of a statement

    def __str__(self) -> str:
        return f"{_SENTENCES[self.what]} ({self.detail})"


def fault_of(error: BaseException) -> DatabaseFault | None:
    """The fault behind an exception, or None if it is something else."""
    if isinstance(error, PoolTimeout):
        return DatabaseFault("locked", "every connection is in use")
    given = error.orig if isinstance(error, DBAPIError) else error
    what: What | None = None
    if isinstance(given, sqlite3.Error):
        what = _SQLITE.get((getattr(given, "sqlite_errorcode", None) or 0) & 0xFF)
    elif type(given).__module__.partition(".")[0] == "psycopg":
        what = _of_postgres(given)
    if what is None:
        return None
    return DatabaseFault(what, " ".join(str(given).split()))


def log_failure(log: logging.Logger, what: str, error: BaseException, **more: str | int) -> None:
    """Log that ``what`` has failed: in one line, with a traceback only if that was a defect.
    ``more`` are the record's own fields."""
    known = error if isinstance(error, IVRError) else fault_of(error)
    if known is None:
        log.error("%s failed", what, exc_info=error, extra=more)
    else:
        log.error("%s: %s", what, known, extra=more)


def _of_postgres(error: object) -> What | None:
    from psycopg import Error, OperationalError

    if not isinstance(error, Error):
        return None
    code = error.sqlstate or ""
    for length in (5, 3, 2):
        if len(code) >= length and code[:length] in _POSTGRES:
            return _POSTGRES[code[:length]]
    return "unreachable" if isinstance(error, OperationalError) else None


__all__ = ["DatabaseFault", "fault_of", "log_failure"]
