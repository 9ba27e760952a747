"""A small application under the supervisor: ``python -m tests.kit.supervised PORT WORKERS FOLDER``.

While the folder holds a file ``broken``, a worker can't start, and says what the file says; while
it holds one called ``held``, a request to ``/hold`` isn't answered; while it holds ``failing``, a
worker fails as it starts. ``GRACE`` is how many seconds workers have to finish. Who reads nothing
is cut off after a second, and has a second when the server stops.
"""

from __future__ import annotations

import os
import sys
import time
from functools import partial
from pathlib import Path

from flask import Flask

from ivr.errors import SettingsError
from ivr.server import logs
from ivr.server.supervisor import Supervisor, open_listener
from ivr.server.worker import Working, work

LARGE = 20 * 1024 * 1024  # bytes; more than the kernel keeps for somebody who doesn't read
SOON = 1.0  # seconds


def make(folder: Path) -> Working:
    broken = folder / "broken"
    if broken.exists():
        raise SettingsError(broken.read_text())
    if (folder / "failing").exists():
        raise RuntimeError("it fails, and nothing says why")
    app = Flask("supervised")

    @app.get("/")
    def who() -> str:
        return str(os.getpid())

    @app.get("/hold")
    def hold() -> str:
        (folder / "holding").touch()
        while (folder / "held").exists():
            time.sleep(0.02)
        return "held"

    @app.get("/large")
    def large() -> bytes:
        return b"x" * LARGE

    return Working(app, (folder / "closed").touch)


def main(port: str, workers: str, folder: str) -> None:
    logs.begin("text")
    grace = float(os.environ.get("GRACE", "30"))
    listener = open_listener("127.0.0.1", int(port), 100, unread=SOON)
    begin = partial(work, partial(make, Path(folder)), 2, connected=SOON)
    Supervisor(begin, int(workers), listener, grace).run()


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except SettingsError as error:
        sys.exit(f"Error: {error}")
