"""Where a call's documents come from, and who is told of its progress."""

from __future__ import annotations

from typing import NamedTuple


class Callback(NamedTuple):
    """Who is told of a call's progress, and of which events."""

    url: str
    method: str = "POST"
    events: frozenset[str] = frozenset({"completed"})


class Route(NamedTuple):
    """Where a call's documents come from."""

    url: str
    method: str = "POST"
    fallback: str = ""
    fallback_method: str = "POST"
