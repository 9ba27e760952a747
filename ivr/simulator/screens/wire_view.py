"""What goes over the wire of an exchange, as lines for a page and for a log.

Requests to applications with what was answered, requests to the REST API, lines of the debugger,
and what people did at their telephones: in the order in which they happened.
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

KEPT = 2000  # lines that a page can still ask for
LONGEST = 20_000  # characters of an answer that are shown

Line = dict[str, Any]


class Wire:
    """Listens to an exchange. Every line has a ``number``, ``at`` (ISO 8601), ``kind`` ("webhook",
    "rest", "debugger" or "person"), ``what`` it is in short, ``status`` (an HTTP status, 0 for
    none; of others 0), ``call`` (a SID or ""), ``params`` and ``body``.

    ``log`` gets each line as one line of JSON, at once.
    """

    def __init__(self, exchange: Exchange, log: IO[str] | None = None) -> None:
        self._exchange, self._log = exchange, log
        self._lines: deque[Line] = deque(maxlen=KEPT)
        self._numbers = count(1)
        exchange.taps.append(self._tapped)

    def since(self, number: int) -> list[Line]:
        """The lines after that number, the oldest first; call it on the exchange's thread."""
        return list(self._after(number))[::-1]

    @property
    def last(self) -> int:
        """The number of the last line, 0 before the first."""
        return int(self._lines[-1]["number"]) if self._lines else 0

    def did(self, phone: str, action: str, value: str = "") -> None:
        """Note what somebody does at a telephone."""
        said = f"{phone} {action.replace('_', ' ')} {value}".rstrip()
        self._add("person", said, at=self._exchange.clock.now())

    def failed(self, problem: str) -> None:
        """What was done last couldn't be."""
        self._add("person", f"that can't be done: {problem}", at=self._exchange.clock.now())

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
                said = f"{what.level} {what.code or ''} {what.text}".replace("  ", " ")
                self._add("debugger", said, at=what.at, call=what.call_sid, body=what.url)

    def _webhook(self, made: Webhook) -> None:
        took = self._exchange.clock.now() - made.at
        self._add(
            "webhook",
            f"{made.method} {made.url}",
            at=made.at,
            status=made.status,
            call=made.call_sid,
            params=made.params,
            body=made.body or made.error,
            took=round(took.total_seconds() * 1000),
        )

    def _rest(self, made: RestRequest) -> None:
        status, body = made.outcome or (0, "the client saw nothing of it")
        params = {name: " ".join(given) for name, given in made.values.items()}
        sid = next((part for part in urlsplit(made.path).path.split("/") if part[:2] == "CA"), "")
        self._add(
            "rest",
            f"{made.method} {self._exchange.api.inner_path(made.path)}",
            at=made.at,
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
            "body": body[:LONGEST],
            "took": took,
        }
        self._lines.append(line)
        if self._log is not None:
            self._log.write(json.dumps(line, ensure_ascii=False) + "\n")
            self._log.flush()


__all__ = ["Wire"]
