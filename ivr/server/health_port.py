"""A port for a process that serves nothing else: how it is, and what it counts."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

from ivr.errors import SettingsError
from ivr.line.service.services import Services
from ivr.line.web import health


class _Quiet(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Don't log: it is asked every few seconds."""


@contextmanager
def answering(services: Services, host: str, port: int, metrics_token: str) -> Iterator[None]:
    """Answer at this port meanwhile; 0 is none. Raises `SettingsError` when it is taken."""
    if not port:
        yield
        return
    app = Flask(__name__, static_folder=None)
    health.install(app, services, metrics_token)
    try:
        server = make_server(host, port, app, threaded=True, request_handler=_Quiet)
    except (OSError, SystemExit) as error:
        raise SettingsError(f"port {port} on {host} is in use; choose another") from error
    threading.Thread(target=server.serve_forever, name="ivr-health-port", daemon=True).start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
