"""Calls as they are stored."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from ivr.line.records import Call
from ivr.line.values import (
    CallData,
    CalledNumber,
    Caller,
    CallerValues,
    CallValues,
    CaseOnCall,
    FoundCase,
    Place,
)

NOW = datetime(2026, 11, 24, 9, 0, 0, 123456, tzinfo=UTC)
SID = "CA" + "1" * 32


def data(*personal: str) -> CallData:
    """What a call holds in the menu, when this was keyed that isn't logged."""
    case = FoundCase(number="C17349013", account="Zoé 株式会社")
    shared = CallValues(
        sid=SID,
        called=CalledNumber(languages=["fr", "en"], zone="Europe/Paris"),
        caller=Caller(number="+33155500101"),
        case=CaseOnCall(keyed="17349013", record=case),
        personal=list(personal),
    )
    return CallData(shared=shared, caller=Place("menu", "fr", CallerValues()))


def call(sid: str = SID, **more: Any) -> Call:
    given: dict[str, Any] = {
        "flow": "escalation",
        "flow_version": "1",
        "step": "menu",
        "language": "fr",
        "caller": "+33155500101",
        "called": "+33800000001",
        "started_at": NOW,
        "data": data(),
    }
    return Call(sid, **(given | more))
