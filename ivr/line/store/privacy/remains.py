"""What remains of a row once what is personal in it is gone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PURGED = "purged"

_SHARED = (
    "sid", "line_number", "offers", "zone", "region", "country", "countries", "wish", "requested",
    "recording", "recorded", "recordings", "asked_for", "left_at",
)  # fmt: skip
_BACK = ("of", "leg", "met", "came")
_CASE = ("result", "number")
_CONVERSATION = ("state", "language", "turn", "seen", "tries", "silences", "slow")
_DUTY = (
    "what", "list", "case", "level", "severity", "language", "state", "write", "key", "leg", "sid",
    "of", "outcome",
)  # fmt: skip


def of_call(data: Mapping[str, Any]) -> dict[str, Any]:
    """A call's data without what its caller keyed, said and was told, and whom he was put through
    to. It can be read as a call's data, but not be taken again (`ivr.line.story.replay`)."""
    shared = data["shared"]
    kept = _only(shared, _SHARED) | {"caller_number": "", "case": _only(shared.get("case"), _CASE)}
    if "back" in shared:
        kept["back"] = _only(shared["back"], _BACK)
    talk = _only(data["caller"], _CONVERSATION) | {"notes": [], "own": {}}
    return {PURGED: True, "shared": kept, "caller": talk, "legs": {}, "hunt": None}


def of_duty(data: Mapping[str, Any]) -> dict[str, Any]:
    """What a duty was about, by reference."""
    return {PURGED: True} | _only(data, _DUTY)


def _only(data: Mapping[str, Any] | None, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: data[name] for name in names if name in data} if data else {}


__all__ = ["PURGED", "of_call", "of_duty"]
