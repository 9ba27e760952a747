"""What a period was like for callers, counted from the logs alone.

Definitions differ between desks, so every figure comes with what was divided by what; the page
prints the formula beside it. Nothing divided by nothing is no figure (`Figure.value` is ``None``),
never zero. Misroutes are left out, because no log has them: nobody records that a manager passes an
escalation on to another.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil
from typing import Any, Literal

from ivr.line.desk.events import Event
from ivr.line.desk.figures.reading import HOW, STAGES, CallSummary, how

AGAIN = timedelta(days=14)  # within which a second escalation of a case counts as repeated


@dataclass(frozen=True, slots=True)
class ServiceTerms:
    """An operator should answer ``within`` so many seconds; callers who give up before ``short``
    seconds of waiting aren't counted as lost. Raises `ValueError` for what can't be."""

    within: int = 20
    short: int = 5

    def __post_init__(self) -> None:
        if not 1 <= self.within <= 3600:
            raise ValueError(f"wall.within is 1 to 3600 seconds, not {self.within}")
        if not 0 <= self.short <= self.within:
            raise ValueError(
                f"wall.short is 0 to {self.within} seconds (wall.within), not {self.short}"
            )


Kind = Literal["share", "seconds", "number"]


@dataclass(frozen=True, slots=True)
class Figure:
    """``name`` says which (and how the words for it and its formula are named). ``kind`` is
    ``share`` (of 1), ``seconds`` or ``number``; ``value`` is ``None`` where there is nothing to
    count. ``above`` is divided by ``below``; it is ``None`` for what is looked up among so many,
    not divided. ``parts`` are the counts behind it, or what it is made of."""

    name: str
    kind: Kind
    value: float | None
    above: float | None = 0
    below: float = 0
    parts: Mapping[str, int] = field(default_factory=dict)


def _share(name: str, above: int, below: int, **parts: int) -> Figure:
    return Figure(name, "share", above / below if below else None, above, below, parts)


def percentile(values: Sequence[float], share: float) -> float | None:
    """The smallest value that so great a share of them doesn't exceed (nearest rank)."""
    ranked = sorted(values)
    return ranked[max(0, ceil(share * len(ranked)) - 1)] if ranked else None


def figures(
    calls: Sequence[CallSummary],
    cases: Mapping[str, Sequence[tuple[datetime, str]]],
    desk: Sequence[tuple[Event, datetime | None]],
    period: tuple[datetime, datetime],
    now: datetime,
    terms: ServiceTerms,
    levels: Sequence[str],
) -> list[Figure]:
    """All figures of a period, in the order in which they are read.

    ``calls`` began in it. ``cases`` are the requests (when, level) of each case from its beginning
    to two weeks after its end. ``desk`` are the events of `OF_THE_DESK` in it, each with when the
    call began in which it came about. ``levels`` are the codes of levels, the first one first.
    """
    return [
        *_answering(calls, terms),
        _abandoned(calls),
        *_managers(calls),
        _kept(calls, now),
        _again(cases, period, levels),
        *_emergencies(desk),
        *_entry(calls),
        _notices(desk),
        _accuracy(calls),
    ]


def _answering(calls: Sequence[CallSummary], terms: ServiceTerms) -> list[Figure]:
    waits = [wait for call in calls for wait in call.waits]
    answered = [seconds for seconds, how in waits if how == "answered"]
    lost = [seconds for seconds, how in waits if how == "given_up"]
    counted = [seconds for seconds in lost if seconds > terms.short]
    soon = sum(seconds <= terms.within for seconds in answered)
    speed = sum(answered) / len(answered) if answered else None
    parts = {
        "answered": len(answered),
        "given_up": len(counted),
        "given_up_short": len(lost) - len(counted),
        "went_on": sum(how == "on" for _, how in waits),
    }
    return [
        _share("service_level", soon, len(answered) + len(counted), **parts),
        Figure("speed_of_answer", "seconds", speed, round(sum(answered)), len(answered)),
    ]


def _abandoned(calls: Sequence[CallSummary]) -> Figure:
    over = [call for call in calls if call.call.ended is not None]
    stages = Counter(call.call.stage for call in over if call.gave_up)
    parts = {f"stage_{stage}": stages[stage] for stage in STAGES}
    parts["stage_other"] = stages.total() - sum(parts.values())
    return _share("abandonment", stages.total(), len(over), **parts)


def took(calls: Iterable[CallSummary]) -> list[float]:
    """Seconds from each request until a manager was on the line or the call back was connected."""
    return [
        (request.taken_at - request.at).total_seconds()
        for call in calls
        for request in call.requests
        if request.taken_at is not None
    ]


def _managers(calls: Sequence[CallSummary]) -> list[Figure]:
    requests = [request for call in calls for request in call.requests]
    taken = took(calls)
    first = sum(bool(request.taken) and request.taken == request.first for request in requests)
    tried = sum(len(request.tried) for request in requests)
    depth = tried / len(requests) if requests else None
    waiting = {"taken": len(taken), "not_yet": len(requests) - len(taken)}
    middle, most = percentile(taken, 0.5), percentile(taken, 0.9)
    return [
        Figure("time_to_manager", "seconds", middle, None, len(taken), waiting),
        Figure("time_to_manager_90", "seconds", most, None, len(taken)),
        _share("first_choice", first, len(requests)),
        Figure("depth", "number", depth, tried, len(requests)),
    ]


def _kept(calls: Sequence[CallSummary], now: datetime) -> Figure:
    """Of what should have been kept by now; what another promise replaced isn't counted."""
    owed = [call for call in calls if call.due is not None and call.outcome != "renewed"]
    kept = [call for call in owed if call.kept is not None and not call.breached]
    late = sum(call.kept is not None and call.breached for call in owed)
    gone = sum(call.outcome not in ("", "met") for call in owed)
    open_ = [call for call in owed if not call.outcome]
    missed = sum(call.breached or bool(call.due and call.due <= now) for call in open_)
    waiting = len(open_) - missed
    parts = {
        "kept_in_time": len(kept),
        "kept_late": late,
        "kept_not_reached": gone,
        "kept_missed": missed,
        "kept_not_due": waiting,
    }
    return _share("promises", len(kept), len(owed) - waiting, **parts)


def _again(
    cases: Mapping[str, Sequence[tuple[datetime, str]]],
    period: tuple[datetime, datetime],
    levels: Sequence[str],
) -> Figure:
    since, until = period
    escalated = repeated = 0
    for requests in cases.values():
        firsts = [at for at, level in requests if level in levels[:1] and since <= at < until]
        if firsts:
            escalated += 1
            last = firsts[0] + AGAIN
            later = [at for at, level in requests if level in levels and firsts[0] < at <= last]
            repeated += bool(later)
    return _share("again", repeated, escalated)


def _emergencies(desk: Sequence[tuple[Event, datetime | None]]) -> list[Figure]:
    set_ = [(event, began) for event, began in desk if event.kind == "edown.set"]
    ends = Counter(
        str(event.data.get("outcome", "")) for event, _ in desk if event.kind == "edown.ended"
    )
    intake = [(event.at - began).total_seconds() for event, began in set_ if began is not None]
    lowered = ends["severity_lowered"]
    parts = {f"end_{name}": count for name, count in sorted(ends.items())}
    return [
        _share("unjustified", lowered, len(set_), **parts),
        Figure(
            "intake",
            "seconds",
            sum(intake) / len(intake) if intake else None,
            round(sum(intake)),
            len(intake),
        ),
    ]


def _entry(calls: Sequence[CallSummary]) -> list[Figure]:
    entered = [call for call in calls if call.entered]
    tries = Counter(min(call.tries, 3) for call in entered)
    parts = {"try_1": tries[1], "try_2": tries[2], "try_3": tries[3], "try_never": tries[0]}
    zeros = [call for call in calls if call.zeros]
    where = Counter(each for call in zeros for each in call.zeros)
    return [
        _share("entry", len(entered) - tries[0], len(entered), **parts),
        _share("zero", len(zeros), len(calls), **{f"at_{k}": n for k, n in where.most_common()}),
    ]


def _notices(desk: Sequence[tuple[Event, datetime | None]]) -> Figure:
    sent = [event for event, _ in desk if event.kind == "notification.sent"]
    failed = sum(event.kind == "notification.failed" for event, _ in desk)
    ways = Counter(str(event.data.get("channel", "")) for event in sent)
    parts = {f"by_{way}": count for way, count in sorted(ways.items())}
    return _share("notices", len(sent), len(sent) + failed, **parts)


def _accuracy(calls: Sequence[CallSummary]) -> Figure:
    rung = [call.overruled for call in calls if call.overruled is not None]
    return _share("overruled", sum(rung), len(rung))


# --- over time ---


@dataclass(frozen=True, slots=True)
class Slice:
    """The calls that began from ``since`` on, up to the next slice, by how they went (`HOW`)."""

    since: datetime
    counts: Mapping[str, int]


def slices(calls: Iterable[CallSummary], starts: Sequence[datetime]) -> list[Slice]:
    """The calls in slices that begin at ``starts``, in order; a call before the first is none's."""
    counts: list[Counter[str]] = [Counter() for _ in starts]
    for call in calls:
        place = sum(start <= call.call.started for start in starts) - 1
        if place >= 0:
            counts[place][how(call)] += 1
    return [
        Slice(start, {name: count[name] for name in HOW})
        for start, count in zip(starts, counts, strict=True)
    ]


MINUTES = (1, 3, 10, 30, 60)  # in which a manager may have been reached


def reached(calls: Iterable[CallSummary]) -> dict[str, int]:
    """How many requests were taken within so many minutes (the last: later)."""
    found = dict.fromkeys([*map(str, MINUTES), "later"], 0)
    for seconds in took(calls):
        found[next((str(each) for each in MINUTES if seconds <= 60 * each), "later")] += 1
    return found


def plain(figure: Figure) -> dict[str, Any]:
    """A row for a spreadsheet."""
    value = "" if figure.value is None else round(figure.value, 4)
    return {"figure": figure.name, "value": value, "unit": figure.kind} | {
        "numerator": figure.above,
        "denominator": figure.below,
    }


__all__ = [
    "AGAIN", "MINUTES", "Figure", "ServiceTerms", "Slice", "figures", "percentile", "plain",
    "reached", "slices",
]  # fmt: skip
