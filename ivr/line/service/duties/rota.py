"""Duties that keep the rota up to date: they refresh its calendars, and raise an alarm when one is
stale or nobody is on duty.

Two kinds never end: "rota" checks for gaps and new calendars, "feed" refreshes one calendar.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from ivr.clock import Clock
from ivr.line.config import LineConfig
from ivr.line.desk.levels import DUTY_ROLES
from ivr.line.desk.rota_plan import LOOK_BACK, Asked, gap_began
from ivr.line.errors import NotYet
from ivr.line.outside.calendars import Fetch, fetch, refreshed
from ivr.line.records import Duty, Feed
from ivr.line.store.store import Store

log = logging.getLogger(__name__)


class RotaWatch:
    """The rota of one desk; ``fetch`` gets a calendar."""

    def __init__(
        self, store: Store, config: LineConfig, clock: Clock, fetch: Fetch = fetch
    ) -> None:
        self.store = store
        self.config = config
        self.clock = clock
        self.fetch = fetch

    def begin(self) -> None:
        """Add the first check, unless it is there already."""
        self.store.duties.add([Duty("rota", "rota", "rota", self.clock.now())])

    def look(self, duty: Duty) -> None:
        """Start refreshing new calendars, and raise one alarm for each gap."""
        self._for_ever(self._look, timedelta(minutes=self.config.rota.check))

    def feed(self, duty: Duty) -> None:
        """Refresh one calendar, and raise one alarm when it is stale."""
        pause = timedelta(minutes=self.config.rota.refresh)
        self._for_ever(lambda now: self._refresh(duty.data["feed"], now), pause)

    def stale(self) -> list[Feed]:
        """The calendars that have been stale for longer than the line allows."""
        now, after = self.clock.now(), timedelta(hours=self.config.rota.stale)
        return [feed for feed in self.store.feeds.all() if feed.stale(now, after)]

    def _for_ever(self, act: Callable[[datetime], None], pause: timedelta) -> None:
        """Act, and put the duty off; a failure is retried at the next time, without a limit."""
        now = self.clock.now()
        try:
            act(now)
        except Exception:
            log.exception("the rota has to wait for %s", pause, extra={"event": "rota.waiting"})
        raise NotYet(now + pause)

    def _look(self, now: datetime) -> None:
        feeds = self.store.feeds.all()
        self.store.duties.add(
            [Duty(f"feed:{each.id}", "rota", "feed", now, {"feed": each.id}) for each in feeds]
        )
        # Shifts that have ended since are read too: they tell one gap from the next.
        directory = self.store.people.directory(None, now - LOOK_BACK)
        for rota in self._rotas():
            began = gap_began(directory.shifts, directory.stints, now, rota)
            if began is not None:
                since = "always" if began == now - LOOK_BACK else began.isoformat()
                key = f"rota_gap:{rota.role}:{rota.region}:{since}"
                slots = {"role": rota.role, "region": rota.region, "since": began.isoformat()}
                self._alarm(key, "rota_gap", now, slots)

    def _rotas(self) -> Iterator[Asked]:
        regions = {entry.region for entry in self.config.numbers.values()}
        roles = {DUTY_ROLES[level.target] for level in self.config.levels}
        return (Asked(role, region) for role in sorted(roles) for region in sorted(regions))

    def _refresh(self, id: str, now: datetime) -> None:
        feed = next((each for each in self.store.feeds.all() if each.id == id), None)
        if feed is None:
            return
        feed, entries = refreshed(feed, self.store.people.all(), now, self.fetch)
        self.store.feeds.save(feed, entries)
        if feed.stale(now, timedelta(hours=self.config.rota.stale)):
            since = (feed.fetched_at or feed.added_at or now).isoformat()
            slots = {"feed": id, "since": since, "error": feed.error}
            self._alarm(f"feed_stale:{id}:{since}", "feed_stale", now, slots)

    def _alarm(self, key: str, what: str, now: datetime, slots: dict[str, Any]) -> None:
        about = {"what": what, "list": "", "case": "", "level": "", "severity": None}
        data = about | {"language": "", **slots}
        self.store.duties.add(
            [Duty(key, "rota", "notify", now, data, owner=self.config.last_resort)]
        )
