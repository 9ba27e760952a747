"""Escalation levels: what a request for one is, given what was asked for before.

Severity says how bad it is, an escalation who looks after it. They are two axes and never change
each other; only the levels are here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

TARGETS = ("manager", "second_level")
DUTY_ROLES = {"manager": "duty", "second_level": "second_level_duty"}  # on the rota, by target
INFORMED = ("owner", "manager")
WISHES = ("engineer", "operator", "severity", "E-Down")  # what else a call may be about

Ruling = Literal["requested", "joined", "chased", "proposed", "overridden"]


@dataclass(frozen=True, slots=True)
class Level:
    """One level of the ordered list.

    ``target`` is who answers for it, one of `TARGETS`: the engineer's manager, or the one above.
    ``requires`` is the level that must have been asked for before, ``""`` for none. ``due`` are the
    minutes until the customer must have been called, in working hours and outside. ``informs`` are
    told besides the target, of `INFORMED`. ``names`` are what it is called, by language; without
    them it is called by its code.
    """

    code: str
    target: str
    due: tuple[int, int]
    requires: str = ""
    informs: tuple[str, ...] = ("owner",)
    names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request for ``level`` comes to, and for which level it counts.

    "requested" is new, "joined" the same request by another channel, "chased" a repetition of one
    that nobody has met yet, "proposed" one that has to begin a level lower, "overridden" one that
    staff made all the same.
    """

    ruling: Ruling
    level: str


def ruling(
    level: Level,
    stands: Mapping[str, Mapping[str, Any]],
    now: datetime,
    *,
    channel: str,
    join: timedelta,
    override: str = "",
) -> Asked:
    """Judge a request for ``level``; ``stands`` are the levels asked for, by code (see `file`).

    A request that meets one of the same level by another channel within ``join`` is that one. At a
    level that stands already it is a chase: the last level can be asked for again, it invents no
    further one. A level whose ``requires`` was never asked for is proposed one lower, and one whose
    ``requires`` nobody has met though its time isn't over is a chase of that, unless staff give a
    reason to ``override``.
    """
    before = stands.get(level.code)
    if before and before["state"] != "over":
        at = datetime.fromisoformat(before["asked_at"])
        same = before["channel"] != channel and now - at <= join
        return Asked("joined" if same else "chased", level.code)
    below = stands.get(level.requires)
    if not level.requires or (below and _may_go_up(below, now)):
        return Asked("requested", level.code)
    if override:
        return Asked("overridden", level.code)
    if below and below["state"] == "requested":
        return Asked("chased", level.requires)
    return Asked("proposed", level.requires)


def _may_go_up(below: Mapping[str, Any], now: datetime) -> bool:
    """Somebody has met the customer at the level below, or should have by now."""
    return below["state"] in ("accepted", "over") or now >= datetime.fromisoformat(below["due"])


__all__ = ["INFORMED", "TARGETS", "WISHES", "Asked", "Level", "Ruling", "ruling"]
