"""Where cases come from and are written to: the built-in tables, or another system behind an
adapter.

Reading has a budget, since a caller waits. Writing is a duty of kind ``post``, in the order of each
case, tried until it works, and counts once by its key however often it is tried.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from ivr.errors import IVRError
from ivr.line.desk.cases import Case


@dataclass(frozen=True, slots=True)
class Write:
    """Something to be written to ``case`` (C17349013), once by ``key``.

    ``kind`` and ``data``: "note" {text, visibility, author} · "escalation" {level, reason,
    requested_by, channel} · "severity" {severity, before, requested_by, set_by, reason} · "reopen"
    {reason} · "report" {report, state}.
    """

    kind: str
    case: str
    key: str
    data: Mapping[str, Any] = field(default_factory=dict)


class Unreachable(IVRError, OSError):
    """The case system can't be reached at the moment, or its answer makes no sense."""


class Conflict(IVRError):
    """The case has been changed since, and the write doesn't fit it any more."""


class Refused(IVRError):
    """The case system refuses this write for good."""


class CaseSystem(Protocol):
    """One system of cases."""

    name: str

    def case(self, digits: str, budget: float) -> Case | None:
        """The case of these digits, None if there is none. Raises `TimeoutError` or
        `Unreachable`."""
        ...

    def write(self, write: Write) -> None:
        """Write once, however often it is called with the same key. Raises `Unreachable`,
        `Conflict`, `Refused`."""
        ...


__all__ = ["CaseSystem", "Conflict", "Refused", "Unreachable", "Write"]
