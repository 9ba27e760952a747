"""Our line as `ivr serve` has it, every commit on the disk before it is answered."""

from __future__ import annotations

import sqlite3
from typing import Any

from flask import Flask
from sqlalchemy import event

from ivr.server import processes as serving


def full() -> Flask:
    """The line alone: a connection opened by its patrol would be in the pool before we listen."""
    app = serving.create(patrol=False)
    event.listen(app.extensions["ivr"].store.connections.engine, "connect", _full)
    return app


def _full(connection: sqlite3.Connection, _record: Any) -> None:
    connection.execute("PRAGMA synchronous=FULL")
