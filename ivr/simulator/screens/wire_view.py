"""What goes over the wire, as lines for a page and for a log.

Requests to applications and to the REST API with their answers, lines of the debugger's log, and
what people did at their phones, in the order in which they happened.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator
from datetime import datetime
from itertools import count
from typing import IO, Any
from urllib.parse import urlsplit

from ivr.simulator.exchange import Exchange
from ivr.simulator.network.network import Notice
from ivr.simulator.network.webhook import Webhook
from ivr.simulator.rest.sdk import RestRequest

MAX_LINES = 2000  # that a page can still ask for
MAX_BODY = 20_000  # characters of an answer that are shown

Line = dict[str, Any]


class Wire:
    """Listens to an exchange, and keeps lines.

    Every line has a ``number``, ``at`` (ISO 8601), ``kind`` ("webhook", "rest", "debugger" or
    "person"), ``what`` (a summary), ``status`` (an HTTP status, 0 for none), ``call`` (a SID or
    ""), ``params``, ``body``, and ``took`` (milliseconds). ``log`` gets each line at once, as a
    line of JSON.
    """

    def __init__(self, exchange: Exchange, log: IO[str] | None = None) -> None:
        self._exchange = exchange
        self._log = log
        self._lines: deque[Line] = deque(maxlen=MAX_LINES)
        self._numbers = count(1)
        exchange.taps.append(self._tapped)

    def since(self, number: int) -> list[Line]:
        """The lines after that number, oldest first; only call it on the exchange's thread."""
        return list(self._after(number))[::-1]

    @property
    def last(self) -> int:
        """The number of the last line, 0 if there are none."""
        return int(self._lines[-1]["number"]) if self._lines else 0

    def did(self, phone: str, action: str, value: str = "") -> None:
        """Note what a person does at a phone."""
        what = f"{phone} {action.replace('_', ' ')} {value}".rstrip()
        self._add("person", what, at=self._exchange.clock.now())

    def failed(self, problem: str) -> None:
        """What was noted last couldn't be done."""
        self._add("person", f"failed: {problem}", at=self._exchange.clock.now())

    def _after(self, number: int) -> Iterator[Line]:
        for line in reversed(self._lines):
            if line["number"] <= number:
                break
            yield line

    def _tapped(self, what: object) -> None:
        match what:
            case Webhook():
                self._webhook(what)
            case RestRequest():
                self._rest(what)
            case Notice():
                summary = f"{what.level} {what.code or ''} {what.text}".replace("  ", " ")
                self._add("debugger", summary, at=what.at, call=what.call_sid, body=what.url)

    def _webhook(self, webhook: Webhook) -> None:
        took = self._exchange.clock.now() - webhook.at
        self._add(
            "webhook",
            f"{webhook.method} {webhook.url}",
            at=webhook.at,
            status=webhook.status,
            call=webhook.call_sid,
            params=webhook.params,
            body=webhook.body or webhook.error,
            took=round(took.total_seconds() * 1000),
        )

    def _rest(self, request: RestRequest) -> None:
        status, body = request.outcome or (0, "the client saw only a time-out")
        params = {name: " ".join(given) for name, given in request.values.items()}
        sid = next(
            (part for part in urlsplit(request.path).path.split("/") if part[:2] == "CA"), ""
        )
        self._add(
            "rest",
            f"{request.method} {self._exchange.api.inner_path(request.path)}",
            at=request.at,
            status=status,
            call=sid.removesuffix(".json"),
            params=params,
            body=body,
        )

    def _add(
        self,
        kind: str,
        what: str,
        *,
        at: datetime,
        status: int = 0,
        call: str = "",
        params: dict[str, str] | None = None,
        body: str = "",
        took: int = 0,
    ) -> None:
        line: Line = {
            "number": next(self._numbers),
            "at": at.isoformat(timespec="milliseconds"),
            "kind": kind,
            "what": what,
            "status": status,
            "call": call,
            "params": params or {},
            "body": body[:MAX_BODY],
            "took": took,
        }
        self._lines.append(line)
        if self._log is not None:
            self._log.write(json.dumps(line, ensure_ascii=False) + "\n")
            self._log.flush()


__all__ = ["Wire"]
