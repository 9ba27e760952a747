"""Our line as `ivr serve` has it, every commit on the disk before it is answered."""

from __future__ import annotations

import sqlite3
from typing import Any

from flask import Flask
from sqlalchemy import event

from ivr.line.web.webhooks.app import create_app
from ivr.server.build import full_services
from ivr.server.settings import Settings


def full() -> Flask:
    """The line alone: a connection opened by its patrol would be in the pool before we listen."""
    services = full_services(Settings.from_environment())
    event.listen(services.store.connections.engine, "connect", _full)
    return create_app(services)


def _full(connection: sqlite3.Connection, _record: Any) -> None:
    connection.execute("PRAGMA synchronous=FULL")
