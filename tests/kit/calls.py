"""Calls as they are stored."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from ivr.line.records import Call

NOW = datetime(2026, 11, 24, 9, 0, 0, 123456, tzinfo=UTC)
SID = "CA" + "1" * 32


def call(sid: str = SID, **more: Any) -> Call:
    given: dict[str, Any] = {
        "flow": "escalation",
        "flow_version": "1",
        "step": "menu",
        "language": "fr",
        "caller": "+33155500101",
        "called": "+33800000001",
        "started_at": NOW,
        "data": {"shared": {"name": "Zoé 株式会社"}, "legs": {}},
    }
    return Call(sid, **(given | more))
