"""Who is on shift at an instant, and whose turn comes first.

A window is made of two instants, not of two readings of a wall clock: each local time is turned
into an instant first, and only instants are compared. So a shift that ends when the next begins
hands over exactly once, also in the night in which an hour is missing or comes twice. A time that
comes twice means the first; one that is missing means an hour later on the clock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from ivr.desk.people import Shift

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class OnDuty:
    """A shift that is running, since when, and why it counts for the region that was asked for.

    ``reason`` is "duty" (the region's own), "follow_the_sun" (another region, whose day it is) or
    "global_duty". ``place`` sorts: the same place is a tie.
    """

    shift: Shift
    since: datetime
    reason: str
    place: tuple[int, int, datetime]


def window(day: date, starts: time, ends: time, zone: str) -> tuple[datetime, datetime]:
    """The instants, in UTC, from which and until which a window that starts on ``day`` runs.

    ``ends`` at or before ``starts`` is on the next day; so equal times are a whole day.
    """
    local = ZoneInfo(zone)
    last = day if starts < ends else day + _DAY
    begin = datetime.combine(day, starts, tzinfo=local)
    end = datetime.combine(last, ends, tzinfo=local)
    return begin.astimezone(UTC), end.astimezone(UTC)


def running_since(
    now: datetime, starts: time, ends: time, zone: str, counts: Callable[[date], bool]
) -> datetime | None:
    """When the daily window that holds ``now`` began; None outside it.

    ``counts`` says on which local days a window starts at all. ``now`` must be aware.
    """
    today = now.astimezone(ZoneInfo(zone)).date()
    for day in (today, today - _DAY):
        begin, end = window(day, starts, ends, zone)
        if begin <= now < end and counts(day):
            return begin
    return None


def on_shift(shift: Shift, now: datetime) -> datetime | None:
    """Since when ``shift`` has been running at ``now``; None when it isn't."""

    def counts(day: date) -> bool:
        begun = shift.first is None or shift.first <= day
        over = shift.last is not None and shift.last < day
        return begun and not over and day.weekday() in shift.days

    return running_since(now, shift.starts, shift.ends, shift.zone, counts)


def on_duty(
    shifts: Iterable[Shift], now: datetime, role: str, region: str = "", product: str = ""
) -> list[OnDuty]:
    """Everybody on duty at ``now`` for this region and product, the first to be asked in front.

    The most specific first: region and product, region; then other regions on duty, for it is day
    there; then the whole world. Where rotas overlap the one that started earliest wins. A shift for
    another product doesn't count, unless the product isn't known ("").
    """
    found = []
    for shift in shifts:
        since = on_shift(shift, now) if shift.role == role else None
        if since is None or (product and shift.product not in (product, "")):
            continue
        stage, reason = _stage(shift, region)
        place = (stage, shift.product != product, since)
        found.append(OnDuty(shift, since, reason, place))
    return sorted(found, key=lambda duty: (duty.place, duty.shift.id))


def rota_gap(
    shifts: Iterable[Shift], now: datetime, role: str = "duty", region: str = "", product: str = ""
) -> bool:
    """Whether nobody is on duty where somebody should be: that is worth an alarm.

    A desk whose rota knows no regions has a gap when nobody at all is on duty.
    """
    rota = [shift for shift in shifts if shift.role == role]
    duties = on_duty(rota, now, role, region, product)
    if any(shift.region for shift in rota):
        return all(duty.reason == "global_duty" for duty in duties)
    return not duties


def _stage(shift: Shift, region: str) -> tuple[int, str]:
    if not shift.region:
        return 2, "global_duty"
    return (0, "duty") if shift.region == region else (1, "follow_the_sun")


__all__ = ["OnDuty", "on_duty", "on_shift", "rota_gap", "running_since", "window"]
