"""Who is on shift at an instant, and whose turn comes first.

A window is made of two instants, not of two readings of a wall clock: each local time is turned
into an instant first, and only instants are compared. So a shift that ends when the next begins
hands over exactly once, also in the night in which an hour is missing or comes twice. A time that
comes twice means the first; one that is missing means an hour later on the clock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache, partial
from zoneinfo import ZoneInfo

from ivr.line.desk.days_off import is_holiday
from ivr.line.desk.people import Person, Shift, Stint

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class OnDuty:
    """A person on duty: from when until when, and why they count for the requested region.

    ``id`` is that of the shift, calendar entry or override, and ``source`` says which: "rota",
    "calendar", "override". ``reason`` is "duty" (the region's own), "follow_the_sun" (another
    region, whose day it is) or "global_duty". ``place`` sorts: the same place is a tie. ``as_of``
    is when the source was read, None for one of our own. ``instead_of`` is whose duty it would be
    but for an override.
    """

    id: str
    person: str
    role: str
    region: str
    product: str
    since: datetime
    until: datetime
    source: str = "rota"
    reason: str = ""
    place: tuple[int, int, int, float] = (0, 0, 0, 0.0)
    as_of: datetime | None = None
    instead_of: str = ""


@lru_cache(4096)  # a rota is asked again and again about the shifts of the same few days
def window(day: date, starts: time, ends: time, zone: str) -> tuple[datetime, datetime]:
    """The instants, in UTC, from which and until which a window that starts on ``day`` runs.

    ``ends`` at or before ``starts`` is on the next day; so equal times are a whole day.
    """
    local = ZoneInfo(zone)
    last = day if starts < ends else day + _DAY
    begin = datetime.combine(day, starts, tzinfo=local)
    end = datetime.combine(last, ends, tzinfo=local)
    return begin.astimezone(UTC), end.astimezone(UTC)


def running(
    now: datetime, starts: time, ends: time, zone: str, counts: Callable[[date], bool]
) -> tuple[datetime, datetime] | None:
    """The daily window that holds ``now``, in UTC; None outside it.

    ``counts`` says on which local days a window starts at all. ``now`` must be aware.
    """
    today = now.astimezone(ZoneInfo(zone)).date()
    for day in (today, today - _DAY):
        begin, end = window(day, starts, ends, zone)
        if begin <= now < end and counts(day):
            return begin, end
    return None


def working_day(person: Person, now: datetime) -> tuple[datetime, datetime] | None:
    """From when until when ``person`` works who works at ``now``; None outside their hours, and for
    who has none."""

    def works(day: date) -> bool:
        return day.weekday() in person.days and not is_holiday(person.holidays, day)

    return running(now, *person.hours, person.zone, works) if person.hours else None


def running_since(
    now: datetime, starts: time, ends: time, zone: str, counts: Callable[[date], bool]
) -> datetime | None:
    """When the window of `running` began."""
    held = running(now, starts, ends, zone, counts)
    return held and held[0]


def worked(day: date, shift: Shift) -> bool:
    """Whether ``shift`` starts on this day of its zone."""
    begun = shift.first is None or shift.first <= day
    over = shift.last is not None and shift.last < day
    in_time = begun and not over and day.weekday() in shift.days
    return in_time and not is_holiday(shift.holidays, day)


def on_shift(shift: Shift, now: datetime) -> datetime | None:
    """Since when ``shift`` has been running at ``now``; None when it isn't."""
    return running_since(now, shift.starts, shift.ends, shift.zone, lambda day: worked(day, shift))


def all_on_duty(
    shifts: Iterable[Shift], now: datetime, stints: Iterable[Stint] = ()
) -> list[OnDuty]:
    """Everybody on duty at ``now`` for anything, in no order; overrides are carried out.

    Of overrides that take over the same duty the one that began last counts, then the smallest id.
    An override doesn't take over another's duty, so that two people can swap.
    """
    current = [stint for stint in stints if stint.starts <= now < stint.ends]
    rota = [*_shifts(shifts, now), *_stints(current, "calendar")]
    swaps = sorted(
        (stint for stint in current if stint.source == "override" and stint.instead_of),
        key=lambda stint: (-stint.starts.timestamp(), stint.id),
    )
    taken_over = [_taken_over(duty, swaps) for duty in rota] if swaps else rota
    return [*taken_over, *_stints(current, "override")]


def on_duty(
    shifts: Iterable[Shift],
    now: datetime,
    role: str,
    region: str = "",
    product: str = "",
    stints: Iterable[Stint] = (),
) -> list[OnDuty]:
    """Everybody on duty at ``now`` for this region and product, the first to be asked in front.

    The most specific first: region and product, region; then other regions on duty, for it is day
    there; then the whole world. In each of them overrides come first, the latest in front. Where
    rotas overlap the one that started earliest wins. A shift for another product doesn't count,
    unless the product isn't known ("").
    """
    found = []
    for duty in all_on_duty(shifts, now, stints):
        if duty.role != role or (product and duty.product not in (product, "")):
            continue
        stage, reason = _stage(duty.region, region)
        ruled = duty.source == "override" and not duty.instead_of
        began = duty.since.timestamp()
        place = (stage, 0 if ruled else 1, int(duty.product != product), -began if ruled else began)
        found.append(replace(duty, reason=reason, place=place))
    return sorted(found, key=lambda duty: (duty.place, duty.id))


def rota_gap(
    shifts: Iterable[Shift],
    now: datetime,
    role: str = "duty",
    region: str = "",
    product: str = "",
    stints: Iterable[Stint] = (),
) -> bool:
    """Whether no one is on duty where someone should be, which is worth an alarm.

    A desk whose rota knows no regions has a gap when nobody at all is on duty.
    """
    rota = [shift for shift in shifts if shift.role == role]
    entries = [stint for stint in stints if stint.role == role or stint.instead_of]
    duties = on_duty(rota, now, role, region, product, entries)
    if any(shift.region for shift in rota) or any(entry.region for entry in entries):
        return all(duty.reason == "global_duty" for duty in duties)
    return not duties


def _shifts(shifts: Iterable[Shift], now: datetime) -> Iterator[OnDuty]:
    for s in shifts:
        held = running(now, s.starts, s.ends, s.zone, partial(worked, shift=s))
        if held is not None:
            yield OnDuty(s.id, s.person, s.role, s.region, s.product, *held)


def _stints(stints: Iterable[Stint], source: str) -> Iterator[OnDuty]:
    for s in stints:
        if s.source == source and not s.instead_of:
            what = (s.role or "duty", s.region, s.product)
            yield OnDuty(s.id, s.person, *what, s.starts, s.ends, source, as_of=s.as_of)


def _taken_over(duty: OnDuty, swaps: Iterable[Stint]) -> OnDuty:
    """The duty as the first override that is about it has it; its place stays the rota's."""
    for stint in swaps:
        about = (stint.role, stint.region, stint.product)
        same = zip(about, (duty.role, duty.region, duty.product), strict=True)
        if stint.instead_of == duty.person and all(mine in ("", its) for mine, its in same):
            absent = duty.person
            return replace(duty, person=stint.person, source="override", instead_of=absent)
    return duty


def _stage(theirs: str, region: str) -> tuple[int, str]:
    if not theirs:
        return 2, "global_duty"
    return (0, "duty") if theirs == region else (1, "follow_the_sun")


__all__ = [
    "OnDuty",
    "all_on_duty",
    "on_duty",
    "on_shift",
    "rota_gap",
    "running",
    "running_since",
    "window",
    "worked",
    "working_day",
]
