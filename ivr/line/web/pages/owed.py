"""The calls that a customer is owed, by the calls in which they were promised."""

from __future__ import annotations

from collections.abc import Iterable

from ivr.line.store.store import Store
from ivr.line.web.pages.call_view import CallView


def promised_about(store: Store, number: str) -> list[str]:
    """The SIDs of the calls in which one was promised about this case, made since or not."""
    due = store.duties.owed("call_back", naming=number) if number else []
    return [duty.call for duty in due if duty.data.get("case") == number]


def still_owed(store: Store, sids: Iterable[str]) -> list[CallView]:
    """Those of these calls in which one was promised that isn't made yet."""
    wanted = list(dict.fromkeys(sids))
    calls = store.calls.named(wanted)
    views = [CallView(calls[sid]) for sid in wanted if sid in calls]
    return [view for view in views if view.owed]


__all__ = ["promised_about", "still_owed"]
