"""The figures of a period, from logs written by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.line.desk.events import Event
from ivr.line.desk.figures import figures
from ivr.line.desk.figures.figures import ServiceTerms, percentile, slices
from ivr.line.desk.figures.reading import STAGES, CallSummary, LoggedCall, summary

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
PERIOD = (NOON - timedelta(hours=12), NOON + timedelta(hours=12))
RANKING = [
    {"person": "MGR1", "skipped": "away"},
    {"person": "MGR2", "skipped": ""},
    {"person": "MGR4", "skipped": ""},
]


def at(second: float) -> datetime:
    return NOON + timedelta(seconds=second)


def call(*told: Any, stage: str = "", start: float = 0) -> CallSummary:
    """A call of (second, kind, data): "kind/actor" names who did it."""
    events = []
    for second, kind, data in told:
        name, _, actor = kind.partition("/")
        events.append(Event(name, at(start + second), actor, data))
    over = [each.at for each in events if each.kind == "call.ended"]
    return summary(LoggedCall(at(start), over[-1] if over else None, "fr", stage, events))


def queued(waited: float, then: str, **data: Any) -> list[Any]:
    return [(0, "queue.entered", {"queue": "operators"}), (waited, then, data)]


def left(second: float, who: str = "caller") -> Any:
    return (second, "call.ended", {"who": who})


ANSWERED = [*queued(10, "operator.accepted/OP1"), left(60)]
SLOWLY = [*queued(21, "operator.accepted/OP1"), left(60)]
JUST_SO = [*queued(20, "operator.accepted/OP1"), left(60)]
LOST = [*queued(30, "queue.left", why="abandoned"), left(30)]
LOST_AT_ONCE = [*queued(5, "queue.left", why="abandoned"), left(5)]
WENT_ON = [*queued(90, "queue.left", why="went on"), left(100)]
ASKED = (1, "escalation.requested", {"level": "M1"})
RANKED = (1, "candidate.ranked", {"ranking": RANKING})


def rung(second: float, person: str) -> Any:
    return (second, "dial.started", {"person": person, "reason": "duty"})


def met(second: float, person: str) -> list[Any]:
    return [
        (second, f"dial.accepted/{person}", {}),
        (second, f"escalation.accepted/{person}", {}),
    ]


FIRST = [RANKED, ASKED, rung(1, "MGR2"), *met(31, "MGR2"), left(90)]
SECOND = [RANKED, ASKED, rung(1, "MGR2"), rung(25, "MGR4"), *met(61, "MGR4"), left(90)]
NOBODY = [RANKED, ASKED, rung(1, "MGR2"), left(20)]


def owed(done: Any = None, missed: bool = False, due: float = 1800) -> list[Any]:
    promised = {"why": "asked", "due": at(due).isoformat(), "owner": "MGR2"}
    told = [RANKED, ASKED, (50, "callback.promised", promised), left(60, "line")]
    if missed:
        told.append((due, "callback.breached", {}))
    if done:
        told.append((done[0], f"callback.done/{done[2]}", {"outcome": done[1]}))
    return told


KEPT = owed((600, "met", "MGR2"))
LATE = owed((2000, "met", "DIR1"), missed=True)
IN_VAIN = owed((900, "unreachable", "MGR2"))
MISSED = owed(missed=True)
NOT_DUE = owed(due=80_000)
REPLACED = owed((100, "renewed", ""))
KEYED = [(5, "entry.accepted", {"tries": 1}), left(60, "line")]
KEYED_TWICE = [
    (3, "entry.rejected", {}),
    (9, "entry.accepted", {"tries": 2}),
    (20, "entry.accepted", {"tries": 1}),
    left(60, "line"),
]
KEYED_IN_VAIN = [(3, "entry.rejected", {}), (9, "zero.pressed", {"where": "case"}), left(60)]
AS_SUGGESTED = [
    *queued(5, "operator.accepted/OP1"),
    (9, "candidate.ranked", {"ranking": RANKING}),
    rung(10, "MGR2"),
    rung(40, "MGR4"),
    left(60),
]
OVERRULED = [*AS_SUGGESTED[:3], rung(10, "MGR4"), rung(40, "MGR2"), left(60)]

# Name of a figure; calls; numerator, denominator, value; parts.
FIGURES: dict[str, tuple[str, list[list[Any]], tuple[Any, Any, Any], dict[str, int]]] = {
    "answered within T, to the second": (
        "service_level",
        [ANSWERED, JUST_SO, SLOWLY],
        (2, 3, 2 / 3),
        {"answered": 3, "given_up": 0},
    ),
    "lost counts, but not at once": (
        "service_level",
        [ANSWERED, LOST, LOST_AT_ONCE],
        (1, 2, 0.5),
        {"given_up": 1, "given_up_short": 1},
    ),
    "gone on elsewhere is neither": (
        "service_level",
        [ANSWERED, WENT_ON],
        (1, 1, 1.0),
        {"went_on": 1},
    ),
    "nobody came": ("service_level", [], (0, 0, None), {}),
    "only the queue's wait": ("speed_of_answer", [ANSWERED, JUST_SO, LOST], (30, 2, 15.0), {}),
    "who met somebody, or is owed a call, hasn't given up": (
        "abandonment",
        [ANSWERED, NOT_DUE, LOST, [left(4, "line")], [left(4)]],
        (2, 5, 0.4),
        {},
    ),
    "a call that goes on isn't over": ("abandonment", [[ASKED]], (0, 0, None), {}),
    "live or called back": (
        "time_to_manager",
        [FIRST, SECOND, KEPT, NOBODY],
        (None, 3, 60.0),
        {"taken": 3, "not_yet": 1},
    ),
    "of ten the ninth": ("time_to_manager_90", [FIRST, SECOND, KEPT], (None, 3, 599.0), {}),
    "no manager, no time": ("time_to_manager", [NOBODY], (None, 0, None), {"not_yet": 1}),
    "first among those who were free": (
        "first_choice",
        [FIRST, SECOND, NOBODY],
        (1, 3, 1 / 3),
        {},
    ),
    "people for a request": ("depth", [FIRST, SECOND], (3, 2, 1.5), {}),
    "kept, late, missed": (
        "promises",
        [KEPT, LATE, IN_VAIN, MISSED],
        (1, 4, 0.25),
        {"kept_in_time": 1, "kept_late": 1, "kept_not_reached": 1, "kept_missed": 1},
    ),
    "not due isn't broken": ("promises", [NOT_DUE], (0, 0, None), {"kept_not_due": 1}),
    "another took its place": ("promises", [REPLACED, KEPT], (1, 1, 1.0), {}),
    "understood": (
        "entry",
        [KEYED, KEYED_TWICE, KEYED_IN_VAIN, ANSWERED],
        (2, 3, 2 / 3),
        {"try_1": 1, "try_2": 1, "try_3": 0, "try_never": 1},
    ),
    "by 0": ("zero", [KEYED, KEYED_IN_VAIN], (1, 2, 0.5), {"at_case": 1}),
    "somebody else first": ("overruled", [AS_SUGGESTED, OVERRULED], (1, 2, 0.5), {}),
    "the line's own hunts are nobody's": ("overruled", [FIRST], (0, 0, None), {}),
}


def figure(name: str, calls: list[CallSummary], **more: Any) -> figures.Figure:
    cases, desk = more.get("cases", {}), more.get("desk", [])
    levels, terms = ("M1", "M2"), ServiceTerms(20, 5)
    made = figures.figures(calls, cases, desk, PERIOD, at(7200), terms, levels)
    return next(each for each in made if each.name == name)


@pytest.mark.parametrize("which", FIGURES)
def test_a_figure_is_what_its_formula_says(which: str) -> None:
    name, logs, (above, below, value), parts = FIGURES[which]

    found = figure(name, [call(*log) for log in logs])

    assert (found.above, found.below, found.value) == (above, below, value)
    assert parts.items() <= found.parts.items()


def test_who_gave_up_is_told_by_stage() -> None:
    calls = [call(left(3), stage=stage) for stage in (*STAGES, "queue", "")]

    parts = figure("abandonment", calls).parts

    assert parts == {
        "stage_menu": 1,
        "stage_entry": 1,
        "stage_queue": 2,
        "stage_hunt": 1,
        "stage_other": 1,
    }


def days(count: float) -> datetime:
    return NOON + timedelta(days=count)


AGAIN = {
    "M2 in time": ([(NOON, "M1"), (days(14), "M2")], (1, 1)),
    "M2 too late": ([(NOON, "M1"), (days(14.01), "M2")], (0, 1)),
    "M1 again": ([(NOON, "M1"), (days(3), "M1")], (1, 1)),
    "M2 alone": ([(NOON, "M2")], (0, 0)),
    "M1 after the period": ([(days(2), "M1")], (0, 0)),
    "an outage isn't a level": ([(NOON, "M1"), (days(1), "E-Down")], (0, 1)),
}


@pytest.mark.parametrize("which", AGAIN)
def test_a_case_escalated_again_within_two_weeks_is_told(which: str) -> None:
    requests, (above, below) = AGAIN[which]

    found = figure("again", [], cases={"C1": requests})

    assert (found.above, found.below) == (above, below)


def test_emergencies_and_notices_are_told_by_how_they_went() -> None:
    def told(kind: str, second: float = 0, **data: Any) -> tuple[Event, datetime | None]:
        return Event(kind, at(second), "", data), NOON if kind == "edown.set" else None

    desk = [
        told("edown.set", 120),
        told("edown.set", 240),
        told("edown.ended", outcome="severity_lowered"),
        told("edown.ended", outcome="restored"),
        told("notification.sent", channel="mailto"),
        told("notification.failed", why="refused"),
    ]

    unjustified = figure("unjustified", [], desk=desk)
    assert (unjustified.above, unjustified.below) == (1, 2)
    assert unjustified.parts == {"end_restored": 1, "end_severity_lowered": 1}
    assert figure("intake", [], desk=desk).value == 180
    notices = figure("notices", [], desk=desk)
    assert (notices.value, notices.parts) == (0.5, {"by_mailto": 1})


@pytest.mark.parametrize(
    ("values", "share", "found"),
    [
        ([], 0.5, None),
        ([7], 0.9, 7),
        ([1, 2, 3, 4], 0.5, 2),
        ([4, 3, 2, 1, 5], 0.5, 3),
        (list(range(1, 11)), 0.9, 9),
    ],
)
def test_a_percentile_is_one_of_the_values(values: list[float], share: float, found: Any) -> None:
    assert percentile(values, share) == found


LOGS = [log for _, logs, _, _ in FIGURES.values() for log in logs]


@given(st.lists(st.tuples(st.sampled_from(LOGS), st.integers(-43_200, 43_100)), max_size=30))
def test_nothing_is_counted_twice_or_lost(made: list[tuple[list[Any], int]]) -> None:
    calls = [call(*log, start=start, stage="menu") for log, start in made]
    every = figures.figures(calls, {}, [], PERIOD, at(7200), ServiceTerms(), ("M1", "M2"))

    assert {each.name for each in every} == {
        *("service_level", "speed_of_answer", "abandonment", "time_to_manager"),
        *("time_to_manager_90", "first_choice", "depth", "promises", "again", "unjustified"),
        *("intake", "entry", "zero", "notices", "overruled"),
    }
    for each in every:
        assert each.value is None or each.below > 0
        if each.kind == "share" and each.value is not None:
            assert 0 <= each.value <= 1
    by = {each.name: each for each in every}
    assert sum(by["abandonment"].parts.values()) == by["abandonment"].above
    assert sum(by["entry"].parts.values()) == by["entry"].below
    starts = [PERIOD[0] + timedelta(hours=hour) for hour in range(24)]
    found = slices(calls, starts)
    assert sum(sum(each.counts.values()) for each in found) == len(calls)
    assert sum(figures.reached(calls).values()) == by["time_to_manager"].below


@pytest.mark.parametrize(
    ("terms", "wrong"),
    [
        ({"within": 0}, "wall.within is 1 to 3600 seconds"),
        ({"within": 3601}, "wall.within"),
        ({"short": -1}, r"wall.short is 0 to 20 seconds \(wall.within\), not -1"),
        ({"within": 4, "short": 5}, "wall.short"),
    ],
)
def test_terms_that_cannot_be_are_refused(terms: dict[str, int], wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        ServiceTerms(**terms)


def test_who_is_met_counts_from_when_the_two_were_in_one_room() -> None:
    """A meeting has lasted some seconds before it is one; the caller waited no longer for that."""
    operator = call(*queued(18, "operator.accepted/OP1", since=at(10).isoformat()), left(60))
    manager = [
        (39, "dial.accepted/MGR2", {"since": at(31).isoformat()}),
        (39, "escalation.accepted/MGR2", {}),
    ]
    asked = call(RANKED, ASKED, rung(1, "MGR2"), *manager, left(90))

    assert operator.waits == [(10, "answered")]
    assert asked.requests[0].taken_at == at(31)


def test_who_takes_a_call_and_is_gone_before_they_met_has_answered_nobody() -> None:
    missed = call(
        *queued(5, "operator.taken/OP1"),
        (9, "talk.missed/OP1", {"leg": "1-1"}),
        (30, "queue.left", {"why": "abandoned"}),
        left(30),
    )

    assert missed.waits == [(30, "given_up")]
    assert not missed.met
