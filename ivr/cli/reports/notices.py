"""Notices as `ivr notices` prints them: who couldn't be told what, and why."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from ivr.line.records import Duty
from ivr.line.store.store import Store

EVER = datetime(1970, 1, 1, tzinfo=UTC)
STATES = {"done": "sent", "dropped": "given up"}


def report(store: Store, now: datetime, *, sent: bool = False) -> list[dict[str, Any]]:
    """The notices that are due but not delivered, oldest first; with ``sent`` the delivered ones as
    well. ``at`` is the time of the next attempt, or of the last."""
    notices = store.duties.all("notify") if sent else store.duties.undone("notify", EVER)
    due = [each for each in notices if each.attempts or each.due <= now]
    return [_row(each) for each in due if sent or each.state != "done"]


def as_json(rows: list[dict[str, Any]]) -> str:
    """The notices for another program."""
    return json.dumps(rows, indent=2, ensure_ascii=False)


def as_text(rows: list[dict[str, Any]]) -> str:
    """The notices for a reader, a line each."""
    return "\n".join(_line(row) for row in rows) or "all notices have been delivered"


def _row(duty: Duty) -> dict[str, Any]:
    return {
        "at": duty.due.isoformat(timespec="minutes"),
        "to": duty.owner or duty.data.get("list", ""),
        "what": duty.data["what"],
        "case": duty.data.get("case", ""),
        "state": STATES.get(duty.state, "retrying" if duty.attempts else "waiting"),
        "tries": duty.attempts,
        "why": duty.why,
        "key": duty.key,
    }


def _line(row: dict[str, Any]) -> str:
    notice = f"{row['at']}  {row['to']}  {row['what']} {row['case']}".rstrip()
    tries = f" after {row['tries']} attempts" if row["tries"] > 1 else ""
    why = f": {row['why']}" if row["why"] else ""
    return f"{notice}  {row['state']}{tries}{why}"
