"""Candidates: who is skipped and why, and in which order they come."""

from __future__ import annotations

from dataclasses import replace
from datetime import time, timedelta

import pytest

from ivr.line.desk.candidates import REST_AFTER_NO_ANSWER
from ivr.line.desk.roster import Directory, managers
from tests.kit.sample_desk import CASE, EARLIER, JUST_NOW, NOW, desk, first_level, person, shift

SKIPS = [
    # "drop: inactive, duplicate, no reachable number, already declined on this call, case owner"
    ({"phone": ""}, "no_number"),
    # "skip: OOO, off shift (unless on call), DND, at capacity, no-answer in last N min"
    ({"status": "away"}, "out_of_office"),
    ({"hours": (time(12), time(20))}, "off_shift"),
    ({"hours": (time(9), time(17))}, ""),
    ({"hours": (time(22), time(9))}, "off_shift"),
    ({"hours": (time(22), time(9, 1))}, ""),
    ({"hours": (time(9), time(17)), "zone": "America/New_York"}, "off_shift"),
    ({"hours": (time(10), time(17)), "zone": "Europe/Paris"}, ""),
    ({"hours": (time(12), time(20)), "on_call": True}, ""),
    ({"status": "dnd"}, "dnd"),
    ({"active_escalations": 3}, "at_capacity"),
    ({"active_escalations": 3, "capacity": 4}, ""),
    ({"capacity": 0}, "at_capacity"),
    ({"busy_with": "7"}, "busy"),
    # the first that applies is said
    ({"phone": "", "status": "away"}, "no_number"),
    ({"status": "dnd", "hours": (time(12), time(20))}, "off_shift"),
]


@pytest.mark.parametrize(("changes", "skipped"), SKIPS)
def test_who_cannot_take_a_call_is_skipped_with_the_reason(changes, skipped):
    found = managers(CASE, "manager", NOW, desk(mgr1={"delegate": None, **changes}), "fr")

    assert (found[0].person.id, found[0].skipped) == ("mgr1", skipped)


def test_who_declined_on_this_call_is_not_asked_again():
    assert first_level(desk(), declined=frozenset({"mgr1"}))[0] == "mgr1 owners_manager -declined"


# "DND (ignored for E-Down), at capacity (ignored for E-Down)"
@pytest.mark.parametrize(
    ("changes", "skipped"),
    [
        ({"status": "dnd"}, ""),
        ({"active_escalations": 9}, ""),
        ({"status": "away", "delegate": None}, "out_of_office"),
        ({"busy_with": "7"}, "busy"),
    ],
)
def test_an_emergency_disturbs_who_does_not_want_to_be(changes, skipped):
    found = managers(CASE, "manager", NOW, desk(mgr1=changes), "fr", emergency=True)

    assert {c.person.id: c.skipped for c in found}["mgr1"] == skipped


# "rota > working hours": who is on duty is on shift
def test_a_rota_counts_for_more_than_working_hours():
    late = {"hours": (time(12), time(20))}

    assert first_level(desk(mgr2=late))[1] == "mgr2 duty"
    assert first_level(desk(mgr3=late), replace(CASE, owner="eng2"))[0].endswith("-off_shift")
    assert first_level(desk(dir1=late), replace(CASE, owner="mgr1"))[0] == "dir1 went_up"


def test_who_was_just_rung_for_this_call_in_vain_rests_from_it():
    found = first_level(desk(), unanswered=frozenset({"mgr1"}))

    assert found[0] == "mgr1 owners_manager -no_answer_recently"


def test_who_has_just_not_answered_another_caller_comes_last_for_as_long_as_is_set():
    directory = desk(mgr1={"last_no_answer": JUST_NOW})

    assert first_level(directory) == ["mgr2 duty", "mgr4 global_duty", "mgr1 owners_manager"]
    assert first_level(directory, rest=timedelta(seconds=10))[0] == "mgr1 owners_manager"
    earlier = desk(mgr1={"last_no_answer": NOW - REST_AFTER_NO_ANSWER})
    assert first_level(earlier)[0] == "mgr1 owners_manager"


# --- order ---


# "sort available > busy-soon > unavailable; then list order"
def test_who_is_soon_busy_comes_after_who_is_free():
    directory = desk(mgr1={"status": "busy_soon"})

    assert first_level(directory) == ["mgr2 duty", "mgr4 global_duty", "mgr1 owners_manager"]


def test_who_is_disturbed_in_an_emergency_comes_last():
    directory = desk(mgr1={"status": "dnd"}, mgr2={"status": "busy_soon"})

    found = first_level(directory, emergency=True)

    assert found == ["mgr4 global_duty", "mgr2 duty", "mgr1 owners_manager"]


# "tie: language match, fewer active escalations, longest since last"
@pytest.mark.parametrize(
    ("ann", "bob", "first"),
    [
        ({}, {}, "ann"),
        ({}, {"languages": ("fr-CA",)}, "bob"),
        ({"active_escalations": 1}, {}, "bob"),
        ({"last_taken": EARLIER}, {}, "bob"),
        ({"last_taken": EARLIER}, {"last_taken": NOW}, "ann"),
        ({"active_escalations": 1}, {"last_taken": NOW}, "bob"),
        ({"active_escalations": 1, "languages": ("fr",)}, {}, "ann"),
    ],
)
def test_two_of_the_same_place_are_told_apart(ann, bob, first):
    shifts = (shift("1", "bob", "06-14"), shift("2", "ann", "06-14"))
    team = (person("ann", "manager", **ann), person("bob", "manager", **bob))
    directory = Directory({one.id: one for one in team}, shifts)

    assert first_level(directory, None, language="fr")[0] == f"{first} global_duty"


# "directory stale > 24 h -> banner"
@pytest.mark.parametrize(
    ("as_of", "stale"),
    [(None, False), (NOW - timedelta(hours=24), False), (NOW - timedelta(hours=25), True)],
)
def test_an_old_directory_is_known_to_be_old(as_of, stale):
    assert Directory(as_of=as_of).stale(NOW) is stale
