"""What a process logs, on standard error: a line for each event, as text or as JSON.

An event's name is in the ``extra`` of the call that logs it, with what belongs to it:
``log.warning("…", extra={"event": "ring.refused", "call": sid})``. `docs/line/operating.md` lists
every one.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from ivr.errors import SettingsError
from ivr.line.web.webhooks.answering import REQUEST

log = logging.getLogger(__name__)

FORMS = ("text", "json")
OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}  # of every record


class TextLines(logging.Formatter):
    """``2026-11-24T09:00:00.000Z WARNING ring.refused: can't ring for call CA…: 400 21211``"""

    def format(self, record: logging.LogRecord) -> str:
        said = super().format(record)
        request = getattr(record, "request", "")
        return " ".join(
            (
                _time(record),
                record.levelname,
                f"{getattr(record, 'event', record.name)}:",
                said,
                *([f"(request {request})"] if request else []),
            )
        )


class JsonLines(logging.Formatter):
    """One object a line: ``time``, ``level``, ``event``, ``message``, ``logger``, ``process``, and
    what belongs to the event, such as ``call``."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "event": getattr(record, "event", ""),
            "message": record.getMessage(),
            "logger": record.name,
            "process": record.process,
        }
        line |= {name: value for name, value in vars(record).items() if name not in OWN}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def _time(record: logging.LogRecord) -> str:
    at = datetime.fromtimestamp(record.created, UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"


def formatter(form: str) -> logging.Formatter:
    """Of ``text`` or ``json`` lines. Raises `SettingsError` for anything else."""
    if form not in FORMS:
        raise SettingsError(f"IVR_LOG is '{form}': it must be text or json")
    return JsonLines() if form == "json" else TextLines()


class Request(logging.Filter):
    """Adds the carrier's own name for the request that is being answered, if one is: the same in
    its second attempt as in the first."""

    def filter(self, record: logging.LogRecord) -> bool:
        if id := REQUEST.get():
            record.request = id
        return True


def begin(form: str) -> None:
    """Log from here on, in this process and those that are forked from it."""
    handler = logging.StreamHandler()
    handler.setFormatter(formatter(form))
    handler.addFilter(Request())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("ivr").setLevel(logging.INFO)


@contextmanager
def kept(form: str, command: str) -> Iterator[None]:
    """Log while a command runs, that it began, and that it ended as it should."""
    begin(form)
    more = {"command": command, "version": version("ivr-simulator")}
    log.info(
        "ivr %s %s begins", command, more["version"], extra={"event": "process.started", **more}
    )
    yield
    log.info("ivr %s ends", command, extra={"event": "process.ended", **more})
