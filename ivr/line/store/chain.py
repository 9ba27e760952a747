"""Event logs as chains: each hash covers the hash before it and the event's own text, so that a
changed or missing event shows. The text is stored, so what writes it may change."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Any, Protocol

from msgspec.json import Encoder

from ivr.line.desk.events import Event
from ivr.line.store.instants import ticks

_encode = Encoder(order="sorted").encode


class Log(Protocol):
    """What has an event log: the log's name, its length and its last hash."""

    @property
    def sid(self) -> str: ...
    @property
    def events(self) -> int: ...
    @property
    def head(self) -> str: ...


def chained(log: Log, events: Sequence[Event]) -> tuple[list[tuple[Any, ...]], int, str]:
    """The rows of new events, and the chain's new length and head."""
    rows, count, head = [], log.events, log.head
    told, at = None, 0
    for event in events:
        data = _encode(event.data).decode()
        if event.at is not told:  # all of one turn are told at the same instant
            told, at = event.at, ticks(event.at)
        count += 1
        head = link(head, count, at, event.kind, event.actor, data)
        rows.append((log.sid, count, at, event.kind, event.actor, data, head))
    return rows, count, head


def link(before: str, seq: int, at: int, kind: str, actor: str, data: str) -> str:
    """The hash of one event in its chain."""
    return sha256(f"{before}|{seq}|{at}|{kind}|{actor}|{data}".encode()).hexdigest()
