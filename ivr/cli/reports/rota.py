"""The rota as `ivr rota` prints it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from ivr.errors import DataError
from ivr.line.config import LineConfig
from ivr.line.desk.candidates import Directory
from ivr.line.desk.rota_plan import Asked, Stretch, plan
from ivr.line.store.store import Store

Report = dict[str, Any]


def report(
    store: Store,
    config: LineConfig,
    *,
    at: str = "",
    days: int = 1,
    role: str = "duty",
    region: str = "",
    product: str = "",
) -> Report:
    """Of each region who is first on duty in the ``days`` from ``at``, JSON-safe; and what is
    wrong with the calendars. Raises `DataError` for an ``at`` that is no instant."""
    begins = _instant(at)
    zone = ZoneInfo(next(iter(config.numbers.values())).zone)
    directory = store.people.directory(None, begins)
    regions = [region] if region else sorted({each.region for each in config.numbers.values()})
    ends = begins + timedelta(days=days)
    rotas = {
        each: [
            _row(stretch, directory, zone)
            for stretch in plan(
                directory.shifts, directory.stints, begins, ends, Asked(role, each, product)
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
    """The report to be read: a line for each stretch."""
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
    who = f"{row['name']} ({row['person']})" if row["person"] else "nobody"
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


def _instant(written: str) -> datetime:
    if not written:
        return datetime.now(UTC)
    try:
        at = datetime.fromisoformat(written)
    except ValueError as error:
        raise DataError(f"--at: {error}; write 2026-11-24T10:00+01:00") from error
    if at.tzinfo is None:
        raise DataError(f"--at: '{written}' has no offset; write {written}+01:00 or {written}Z")
    return at.astimezone(UTC)
