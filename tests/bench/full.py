"""Our line as `ivr serve` has it, every commit on the disk before it is answered:
``python -m tests.bench.full --port PORT --workers 1 --threads 1``."""

from __future__ import annotations

import argparse
import sqlite3
from functools import partial
from typing import Any

from sqlalchemy import event

from ivr.line.web.webhooks.app import create_app
from ivr.server.build import full_services
from ivr.server.settings import Settings
from ivr.server.supervisor import Supervisor, open_listener
from ivr.server.worker import Working, work


def full() -> Working:
    """The line alone: a connection opened by its patrol would be in the pool before we listen."""
    services = full_services(Settings.from_environment())
    event.listen(services.store.connections.engine, "connect", _full)
    return Working(create_app(services), services.store.close)


def _full(connection: sqlite3.Connection, _record: Any) -> None:
    connection.execute("PRAGMA synchronous=FULL")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.full")
    for option in ("--port", "--workers", "--threads"):
        parser.add_argument(option, type=int, required=True)
    given = parser.parse_args()
    listener = open_listener("127.0.0.1", given.port, 1024)
    Supervisor(partial(work, full, given.threads), given.workers, listener).run()


if __name__ == "__main__":
    main()
