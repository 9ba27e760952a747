"""What a process remembers of the directory: who works here, and the customers' accounts."""

from __future__ import annotations

from typing import Any

from sqlalchemy import literal_column, select

from ivr.line.store import tables

MOST = 2000  # things; then all are forgotten, and read anew

# To be asked beside what is asked anyway. The database gives the directory another version with
# every change, whichever process makes it.
VERSION = (
    select(tables.directory.c.version)
    .where(tables.directory.c.id == literal_column("1"))
    .scalar_subquery()
    .label("version")
)


class Remembered:
    """Things by their keys, under one version of the directory; another one forgets them all.

    Read the version first, and then what is to be remembered under it: what is newer than the
    version is read once more, and what is older is never given.
    """

    def __init__(self) -> None:
        self._kept: tuple[str | None, dict[Any, Any]] = (None, {})

    def latest(self) -> tuple[str | None, dict[Any, Any]]:
        """The version that was seen last, and what is remembered under it."""
        return self._kept

    def under(self, version: str | None) -> dict[Any, Any]:
        """What is remembered under this version, to be read and added to."""
        seen, things = self._kept
        if seen != version or len(things) >= MOST:
            things = {}
            self._kept = (version, things)
        return things


__all__ = ["VERSION", "Remembered"]
