"""Our line as `ivr serve` has it, on a database that a measurement has made."""

from __future__ import annotations

import sqlite3
from typing import Any

from flask import Flask
from sqlalchemy import event
from twilio.rest import Client

from flows.escalation import line
from ivr.settings import Settings
from ivr.store import Store
from ivr.web import create_app


def served() -> Flask:
    """The line; nobody is rung in a measurement, so Twilio's client is a plain one."""
    settings = Settings.from_environment()
    return create_app(
        line(),
        store=Store(settings.database, checkpoints=True),
        twilio=Client(settings.account_sid, settings.auth_token),
        public_url=settings.public_url,
    )


def full() -> Flask:
    """The same with every commit on the disk before it is answered."""
    app = served()
    event.listen(app.extensions["ivr"].store._engine, "connect", _full)
    return app


def _full(connection: sqlite3.Connection, _record: Any) -> None:
    connection.execute("PRAGMA synchronous=FULL")
