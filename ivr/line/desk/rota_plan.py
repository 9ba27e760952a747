"""The rota over a time: who is first on duty from when until when, and where nobody is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby, pairwise
from zoneinfo import ZoneInfo

from ivr.line.desk.people import Shift, Stint
from ivr.line.desk.rota import OnDuty, on_duty, rota_gap, window

_DAY = timedelta(days=1)
LOOK_BACK = timedelta(days=31)


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose rota it is."""

    role: str = "duty"
    region: str = ""
    product: str = ""


@dataclass(frozen=True, slots=True)
class Stretch:
    """From ``begins`` until before ``ends`` (in UTC) the first to be asked is the same.

    ``duty`` is None when nobody is on duty at all; in a ``gap`` it is the global one at best.
    """

    begins: datetime
    ends: datetime
    duty: OnDuty | None
    gap: bool


def plan(
    shifts: Sequence[Shift],
    stints: Sequence[Stint],
    begins: datetime,
    ends: datetime,
    asked: Asked,
) -> list[Stretch]:
    """The stretches of a time, without a hole between them; ``begins`` is before ``ends``."""
    mine = [shift for shift in shifts if shift.role == asked.role]
    edges = {edge for edge in _edges(mine, stints, begins, ends) if begins < edge < ends}
    instants = [begins.astimezone(UTC), *sorted(edges), ends.astimezone(UTC)]
    what = (asked.role, asked.region, asked.product, stints)
    pieces = []
    for begin, end in pairwise(instants):
        duties = on_duty(mine, begin, *what)
        pieces.append(Stretch(begin, end, next(iter(duties), None), rota_gap(mine, begin, *what)))
    return [_joined(list(same)) for _, same in groupby(pieces, key=_same)]


def gap_began(
    shifts: Sequence[Shift], stints: Sequence[Stint], now: datetime, asked: Asked
) -> datetime | None:
    """Since when there has been a gap at ``now``; at the earliest `LOOK_BACK` before. None if
    somebody is on duty."""
    what = (asked.role, asked.region, asked.product, stints)
    if not rota_gap(shifts, now, *what):
        return None
    past = plan(shifts, stints, now - LOOK_BACK, now, asked)
    held = [stretch.ends for stretch in past if not stretch.gap]
    return held[-1] if held else now - LOOK_BACK


def _edges(
    shifts: Sequence[Shift], stints: Sequence[Stint], begins: datetime, ends: datetime
) -> Iterator[datetime]:
    for shift in shifts:
        local = ZoneInfo(shift.zone)
        day, last = begins.astimezone(local).date() - _DAY, ends.astimezone(local).date()
        while day <= last:
            yield from window(day, shift.starts, shift.ends, shift.zone)
            day += _DAY
    for stint in stints:
        yield from (stint.starts, stint.ends)


def _same(piece: Stretch) -> tuple[str, str, bool]:
    duty = piece.duty
    return (duty.person, duty.source, piece.gap) if duty else ("", "", piece.gap)


def _joined(pieces: Sequence[Stretch]) -> Stretch:
    return Stretch(pieces[0].begins, pieces[-1].ends, pieces[0].duty, pieces[0].gap)


__all__ = ["LOOK_BACK", "Asked", "Stretch", "gap_began", "plan"]
