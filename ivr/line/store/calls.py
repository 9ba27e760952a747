"""Calls as a list, the newest first, a page at a time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, or_

from ivr.line.store import tables
from ivr.line.store.instants import ticks
from ivr.line.store.privacy.remains import PURGED

LATEST = 2**63  # what a column of instants holds
_calls = tables.calls.c
_MET = _calls.data.like('%"joined_at":"%')
_PROMISED = _calls.data.like('%"promise":{%')
_SLIM = _calls.data.like(f'{{"{PURGED}":%')
_OVER = _calls.ended_at.is_not(None)
HOW: dict[str, ColumnElement[bool]] = {  # how it ended
    "open": _calls.ended_at.is_(None),
    "met": and_(_OVER, _MET),
    "promised": and_(_OVER, _PROMISED, ~_MET),
    "left": and_(_OVER, ~_PROMISED, ~_MET, ~_SLIM),
    "purged": and_(_OVER, _SLIM),
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which calls: of a case (its written number), that began in ``since`` <= … < ``until``, that
    ended so (a key of `HOW`), and that are older than ``before``, the last one of another page."""

    case: str = ""
    since: datetime | None = None
    until: datetime | None = None
    how: str = ""
    before: str = ""


def mark(started_at: datetime, sid: str) -> str:
    """Names a call's place in the list."""
    return f"{ticks(started_at)}.{sid}"


def only(asked: Select[Any], wanted: Wanted) -> Select[Any]:
    """``asked`` for these calls. Raises `ValueError` for a ``before`` that is no place."""
    if wanted.case:
        # What was looked up, purged or not; the digits alone where it wasn't found.
        digits = "".join(key for key in wanted.case if key.isdecimal())
        whole = f'%"number":"{wanted.case}"%', f'%"keyed":"{digits}"%'
        named = (*whole, f'%"number": "{wanted.case}"%')  # as a purge writes it
        asked = asked.where(or_(*(_calls.data.like(each) for each in named)))
    if wanted.since is not None:
        asked = asked.where(_calls.started_at >= ticks(wanted.since))
    if wanted.until is not None:
        asked = asked.where(_calls.started_at < ticks(wanted.until))
    if wanted.how:
        asked = asked.where(HOW[wanted.how])
    if wanted.before:
        at, _, sid = wanted.before.partition(".")
        if not abs(began := int(at)) < LATEST:
            raise ValueError(f"no call began at {at}")
        same = and_(_calls.started_at == began, _calls.sid < sid)
        asked = asked.where(or_(_calls.started_at < began, same))
    return asked.order_by(_calls.started_at.desc(), _calls.sid.desc())


__all__ = ["HOW", "Wanted", "mark", "only"]
