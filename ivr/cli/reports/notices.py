"""Who couldn't be told of what, and why: for a terminal, or another program."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from ivr.line.records import Duty
from ivr.line.store.store import Store


def report(store: Store, now: datetime, *, sent: bool = False) -> list[dict[str, Any]]:
    """The notices that haven't been delivered though they were due, with ``sent`` those that have
    been, too; the oldest first. ``at`` is the next try of what is still tried."""
    due = [each for each in store.duties.all("notify") if each.attempts or each.due <= now]
    return [_row(each) for each in due if sent or each.state != "done"]


def as_json(rows: list[dict[str, Any]]) -> str:
    return json.dumps(rows, indent=2, ensure_ascii=False)


def as_text(rows: list[dict[str, Any]]) -> str:
    """A line for each notice."""
    return "\n".join(_line(row) for row in rows) or "nothing is undelivered"


def _row(duty: Duty) -> dict[str, Any]:
    states = {"done": "sent", "dropped": "given up"}
    return {
        "at": duty.due.isoformat(timespec="minutes"),
        "to": duty.owner or duty.data.get("list", ""),
        "what": duty.data["what"],
        "case": duty.data.get("case", ""),
        "state": states.get(duty.state, "tried" if duty.attempts else "waiting"),
        "tries": duty.attempts,
        "why": duty.why,
        "key": duty.key,
    }


def _line(row: dict[str, Any]) -> str:
    tries = f" after {row['tries']}" if row["tries"] > 1 else ""
    told = f"{row['at']}  {row['to']}  {row['what']} {row['case']}".rstrip()
    return f"{told}  {row['state']}{tries}{': ' if row['why'] else ''}{row['why']}"
