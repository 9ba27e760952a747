"""What is logged: the desk's own kinds of events, and one event."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, get_args

from msgspec import Struct

Kind = Literal[
    "access.erased",
    "access.exported",
    "access.viewed",
    "answered",
    "call.ended",
    "call.resumed",
    "call.started",
    "callback.attempted",
    "callback.breached",
    "callback.done",
    "callback.promised",
    "candidate.ranked",
    "case.logged",
    "case.lookup",
    "case.reopened",
    "config.changed",
    "consent.changed",
    "dial.accepted",
    "dial.answered",
    "dial.busy",
    "dial.declined",
    "dial.failed",
    "dial.machine",
    "dial.noanswer",
    "dial.started",
    "dial.taken",
    "edown.answer",
    "edown.checked",
    "edown.condition",
    "edown.declared",
    "edown.ended",
    "edown.form_asked",
    "edown.hand_over_lapsed",
    "edown.hand_over_offered",
    "edown.handed_over",
    "edown.incomplete",
    "edown.set",
    "edown.taken",
    "edown.unmet",
    "edown.waiting",
    "entry.accepted",
    "entry.partial",
    "entry.rejected",
    "escalation.accepted",
    "escalation.chased",
    "escalation.declined",
    "escalation.deescalated",
    "escalation.joined",
    "escalation.overdue",
    "escalation.overridden",
    "escalation.requested",
    "escalation.wished",
    "flow.renewed",
    "heard",
    "language.chosen",
    "menu.key",
    "menu.wish",
    "note.failed",
    "note.posted",
    "note.retried",
    "notice.played",
    "notification.failed",
    "notification.sent",
    "operator.accepted",
    "operator.offered",
    "operator.passed",
    "operator.taken",
    "plan.written",
    "queue.entered",
    "queue.left",
    "recording.deleted",
    "recording.paused",
    "recording.started",
    "recording.stopped",
    "report.attached",
    "retention.purged",
    "severity.requested",
    "severity.set",
    "talk.ended",
    "talk.missed",
    "transfer.completed",
    "verify.failed",
    "verify.passed",
    "zero.pressed",
]

KINDS: frozenset[str] = frozenset(get_args(Kind))


class Event(Struct, frozen=True):
    """Something that has happened on a call, for the append-only log.

    ``kind`` is one of `KINDS`, or a flow's own. ``at`` is an aware instant. ``actor`` is a person's
    id, or "" for the caller and the line. ``data`` is JSON-safe: subject, before and after, reason.
    """

    kind: str
    at: datetime
    actor: str = ""
    data: Mapping[str, Any] = {}


__all__ = ["KINDS", "Event", "Kind"]
