"""The rota as `ivr rota` prints it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from ivr.line.config import LineConfig
from ivr.line.desk.candidates import Directory
from ivr.line.desk.rota_plan import Asked, Stretch, plan
from ivr.line.store.store import Store

Report = dict[str, Any]


def report(
    store: Store,
    config: LineConfig,
    *,
    at: datetime,
    days: int = 1,
    role: str = "duty",
    region: str = "",
    product: str = "",
) -> Report:
    """Who is first on call in each region for ``days`` from ``at`` (aware), and the state of the
    calendars; all values can be written as JSON."""
    zone = ZoneInfo(next(iter(config.numbers.values())).zone)
    directory = store.people.directory(None, at)
    regions = [region] if region else sorted({each.region for each in config.numbers.values()})
    ends = at + timedelta(days=days)
    rotas = {
        each: [
            _row(stretch, directory, zone)
            for stretch in plan(
                directory.shifts, directory.stints, at, ends, Asked(role, each, product)
            )
        ]
        for each in regions
    }
    late = timedelta(hours=config.rota.stale)
    feeds = [
        {
            "feed": feed.id,
            "fetched_at": feed.fetched_at.isoformat() if feed.fetched_at else None,
            "stale": feed.stale(datetime.now(UTC), late),
            "error": feed.error,
            "unmatched": list(feed.unmatched),
        }
        for feed in store.feeds.all()
    ]
    return {"role": role, "regions": rotas, "feeds": feeds}


def as_json(report: Report) -> str:
    """The report for another program."""
    return json.dumps(report, indent=2, ensure_ascii=False)


def as_text(report: Report) -> str:
    """The report for a reader: a line for each stretch of time."""
    lines = []
    for region, rows in report["regions"].items():
        lines.append(f"{region or 'everywhere'}, {report['role']}")
        lines += [_line(row) for row in rows]
    for feed in report["feeds"]:
        state = "stale" if feed["stale"] else "current"
        lines.append(f"calendar {feed['feed']}: {state}, read {feed['fetched_at'] or 'never'}")
        lines += [f"  {each}" for each in (feed["error"], *feed["unmatched"]) if each]
    return "\n".join(lines)


def _line(row: dict[str, Any]) -> str:
    who = f"{row['name']} ({row['person']})" if row["person"] else "no one"
    why = " ".join(each for each in (row["source"], row["id"], row["reason"]) if each)
    gap = "  GAP" if row["gap"] else ""
    return f"  {row['from']} - {row['until']}  {who}  {why}{gap}".rstrip()


def _row(stretch: Stretch, directory: Directory, zone: ZoneInfo) -> dict[str, Any]:
    duty = stretch.duty
    person = directory.people.get(duty.person) if duty else None
    return {
        "from": stretch.begins.astimezone(zone).isoformat(timespec="minutes"),
        "until": stretch.ends.astimezone(zone).isoformat(timespec="minutes"),
        "person": duty.person if duty else "",
        "name": person.name if person else "",
        "source": duty.source if duty else "",
        "id": duty.id if duty else "",
        "reason": duty.reason if duty else "",
        "gap": stretch.gap,
    }
