"""What remains of a row once what is personal in it is gone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ivr.line.values import decode, encode

PURGED = "purged"

_DUTY = (
    "what", "list", "case", "level", "severity", "language", "state", "write", "key", "leg", "sid",
    "of", "outcome",
)  # fmt: skip


def of_call(text: str, sid: str) -> str:
    """A call's stored data without what its caller keyed, said and was told, and who was rung for
    them: each field's own class says so (`ivr.line.desk.retention.Keep`).

    It can be read as a call's data, but the call can't be taken again (`ivr.line.story.replay`).
    """
    left = decode(text, sid).remaining()
    left.purged = True
    return encode(left)


def of_duty(data: Mapping[str, Any]) -> dict[str, Any]:
    """What a duty was about, by reference."""
    return {PURGED: True} | {name: data[name] for name in _DUTY if name in data}


__all__ = ["PURGED", "of_call", "of_duty"]
