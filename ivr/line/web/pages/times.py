"""Times as people write them, by the clock where the reader is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Flask, g

from ivr.clock import Clock
from ivr.line.desk.emergency import Condition
from ivr.line.web.pages.words import Words


class Times:
    """``{{ at | instant }}`` and ``{{ day | day }}`` in templates. Whoever has no zone of their own
    reads the clock of the line's first number, in ``zone``."""

    def __init__(self, words: Words, clock: Clock, zone: str) -> None:
        self.words = words
        self.clock = clock
        self._zone = zone

    def install(self, app: Flask) -> None:
        app.template_filter("instant")(self.instant)
        app.template_filter("day")(self.day)
        app.template_filter("found")(self._found)

    def _found(self, condition: Condition | Mapping[str, Any]) -> str:
        """What was found of a condition of Enterprise Down, as judged or as stored."""
        stored = asdict(condition) if isinstance(condition, Condition) else condition
        return self.words.found(stored, self.day)

    def zone(self) -> str:
        """The reader's zone."""
        return str(g.get("zone") or self._zone)

    def instant(self, at: datetime | str) -> str:
        """``15:54`` today, ``26 Nov 08:51`` on other days, ``26 Nov 2025 08:51`` in other years."""
        at = datetime.fromisoformat(at) if isinstance(at, str) else at
        zone = ZoneInfo(self.zone())
        at, now = at.astimezone(zone), self.clock.now().astimezone(zone)
        return f"{at:%H:%M}" if at.date() == now.date() else f"{self._day(at, now)} {at:%H:%M}"

    def day(self, day: date | str) -> str:
        """``26 Nov``, ``26 Nov 2025`` in other years."""
        day = date.fromisoformat(day) if isinstance(day, str) else day
        return self._day(day, self.clock.now().astimezone(ZoneInfo(self.zone())))

    def _day(self, day: date, now: datetime) -> str:
        month = self.words.text("months").split()[day.month - 1]
        year = "" if day.year == now.year else f" {day.year}"
        return f"{day.day} {month}{year}"


__all__ = ["Times"]
