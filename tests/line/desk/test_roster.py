"""Who is rung: the right manager, who stands in for them, and who else."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.line.desk.cases import Case
from ivr.line.desk.levels import TARGETS
from ivr.line.desk.people import Person, Queue, Shift
from ivr.line.desk.roster import (
    Directory,
    duty_manager,
    engineer,
    managers,
    operators,
    promise_owner,
)
from tests.kit.sample_desk import (
    CASE,
    EARLIER,
    EVENING,
    JUST_NOW,
    NO_OWNER,
    NOW,
    SHIFTS,
    desk,
    first_level,
    listed,
    person,
    second_level,
    shift,
)

# --- the right manager ---


# S01, and "M1 list = [manager(owner)] + delegates + deputies + duty"
def test_the_owners_manager_is_first_then_who_is_on_duty():
    assert first_level(desk()) == ["mgr1 owners_manager", "mgr2 duty", "mgr4 global_duty"]


# S03: "[MGR1 skipped: OOO, MGR2 (delegate and EMEA duty, listed once), MGR4 global duty]"
def test_a_manager_who_is_out_of_office_is_named_and_the_delegate_rung():
    found = managers(CASE, "manager", NOW, desk(mgr1={"status": "away"}), "fr")

    assert listed(found) == [
        "mgr1 owners_manager -out_of_office",
        "mgr2 delegate",
        "mgr4 global_duty",
    ]
    assert found[1].also == ("duty",)
    assert found[1].detail == "stands in for Mgr1"


def test_somebody_listed_three_times_has_each_reason_once():
    again = shift("emea-2", "mgr2", "06-14", region="EMEA", product="Creo")
    directory = desk(shifts=(*SHIFTS, again), mgr1={"status": "away"})

    found = managers(CASE, "manager", NOW, directory, "fr")

    assert found[1].also == ("duty",)


# S17: "no owner, queue CAD-EMEA: right manager = MGR2 (queue manager); says why"
@pytest.mark.parametrize("owner", [None, "", "somebody-else"])
def test_without_an_owner_the_queues_manager_is_the_right_one(owner):
    found = managers(replace(NO_OWNER, owner=owner), "manager", NOW, desk(), "fr")

    assert listed(found) == ["mgr2 queue_manager", "mgr4 global_duty"]
    assert found[0].detail == "manager of CAD-EMEA"


@pytest.mark.parametrize("queue", [None, "unknown", "headless"])
def test_without_owner_and_queue_there_is_still_the_duty(queue):
    directory = desk(queues={"headless": Queue("headless")})

    assert first_level(directory, replace(NO_OWNER, queue=queue)) == [
        "mgr2 duty",
        "mgr4 global_duty",
    ]


# "owner left -> his last manager"
def test_an_owner_who_left_still_has_their_last_manager():
    found = managers(CASE, "manager", NOW, desk(eng1={"active": False}), "fr")

    assert listed(found)[0] == "mgr1 owners_manager"
    assert found[0].detail == "manager of Eng1, who has left"


# "manager post vacant -> go up one and say so"
def test_a_vacant_post_leads_one_up_and_says_so():
    found = managers(CASE, "manager", NOW, desk(mgr1={"active": False}), "fr")

    assert listed(found) == [
        "mgr1 owners_manager -inactive",
        "dir1 went_up",
        "mgr2 duty",
        "mgr4 global_duty",
    ]
    assert found[1].detail == "the post of Mgr1 is vacant"


# nobody left above: then the queue's manager, once
@pytest.mark.parametrize(
    ("changes", "first"),
    [
        ({"eng1": {"manager": None}}, ["mgr2 queue_manager"]),
        ({"mgr1": None}, ["mgr2 queue_manager"]),
        (
            {"mgr1": {"active": False, "manager": None}},
            ["mgr1 owners_manager -inactive", "mgr2 queue_manager"],
        ),
        # vacancies in a circle: A -> B -> A
        (
            {
                "mgr1": {"active": False, "manager": "dir1"},
                "dir1": {"active": False, "manager": "mgr1"},
            },
            ["mgr1 owners_manager -inactive", "dir1 went_up -inactive", "mgr2 queue_manager"],
        ),
        # an owner who is their own manager
        ({"eng1": {"manager": "eng1"}}, ["mgr2 queue_manager"]),
    ],
)
def test_where_nobody_holds_a_post_above_the_queues_manager_is_asked(changes, first):
    assert first_level(desk(**changes))[: len(first)] == first


# "owner is the manager -> go up one"
def test_a_manager_who_owns_the_case_is_passed_over_for_their_own_manager():
    found = managers(replace(CASE, owner="mgr2"), "manager", NOW, desk(), "fr")

    assert listed(found) == ["dir1 went_up", "mgr2 duty -own_case", "mgr4 global_duty"]
    assert found[0].detail == "Mgr2 owns the case and is a manager"


def test_a_queues_manager_who_owns_the_case_is_not_asked_about_it():
    directory = desk(mgr2={"manager": None})

    assert first_level(directory, replace(CASE, owner="mgr2")) == [
        "mgr2 duty -own_case",
        "mgr4 global_duty",
    ]


# --- delegates ---


# "delegates(manager, now): out-of-office delegation, chain <= 3, loop-safe"
@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"mgr1": {}}, []),
        ({"mgr1": {"status": "dnd"}}, []),
        ({"mgr1": {"status": "away"}}, ["mgr2"]),
        ({"mgr1": {"status": "away", "delegate": None}}, []),
        ({"mgr1": {"status": "away", "delegate": "nobody"}}, []),
        ({"mgr1": {"status": "away", "delegate": "mgr1"}}, []),
        # delegation A -> B -> A
        (
            {"mgr1": {"status": "away"}, "mgr2": {"status": "away", "delegate": "mgr1"}},
            ["mgr2 -out_of_office"],
        ),
        # a chain of three, and the fourth isn't asked
        (
            {
                "mgr1": {"status": "away"},
                "mgr2": {"status": "away", "delegate": "mgr3"},
                "mgr3": {"status": "away", "delegate": "mgr4"},
                "mgr4": {"status": "away", "delegate": "dir2"},
            },
            ["mgr2 -out_of_office", "mgr3 -out_of_office", "mgr4 -out_of_office"],
        ),
        # a delegate without rights can't pass it on
        (
            {
                "mgr1": {"status": "away", "delegate": "eng2"},
                "eng2": {"status": "away", "delegate": "mgr3"},
            },
            ["eng2 -no_rights"],
        ),
    ],
)
def test_delegates_stand_in_for_who_is_out_of_office(changes, expected):
    found = managers(CASE, "manager", NOW, desk(**changes, shifts=()), "fr")

    delegates = [c for c in found if c.reason == "delegate"]
    assert [line.replace(" delegate", "") for line in listed(delegates)] == expected


def test_two_who_stand_in_for_each_other_are_listed_once():
    both = {"mgr1": {"status": "away"}, "mgr2": {"status": "away", "delegate": "mgr1"}}

    found = managers(CASE, "manager", NOW, desk(**both, shifts=()), "fr")

    assert [(c.person.id, c.also) for c in found] == [("mgr1", ()), ("mgr2", ())]


def test_who_has_left_has_no_delegate():
    gone = {"active": False, "status": "away"}

    assert "mgr2 delegate" not in first_level(desk(mgr1=gone))
    assert second_level(desk(dir1={**gone, "delegate": "dir2"}))[1] == "dir2 second_level"


def test_a_delegate_without_rights_may_be_rung_for_another_reason():
    directory = desk(mgr1={"status": "away"}, mgr2={"roles": frozenset()})

    found = managers(CASE, "manager", NOW, directory, "fr")

    assert listed(found)[1] == "mgr2 duty"
    assert found[1].also == ("delegate",)


# "deputies(team(owner)): same team"
def test_managers_of_the_owners_team_are_deputies():
    team = {"team": "CAD"}
    directory = desk(
        person("dep1", "manager", **team),
        person("dep2", "manager", **team, languages=("fr",)),
        person("dep3", "engineer", **team),
        person("other", "manager", team="PLM"),
        eng1=team,
        mgr1={"team": "PLM"},
        shifts=(),
    )

    assert first_level(directory) == ["mgr1 owners_manager", "dep2 deputy", "dep1 deputy"]
    assert first_level(directory, NO_OWNER) == ["mgr2 queue_manager"]


def test_an_owner_without_a_team_still_has_managers():
    team = {"team": "CAD"}
    directory = desk(person("dep1", "manager", **team), mgr1=team, shifts=())

    found = managers(CASE, "manager", NOW, directory, "fr")

    assert listed(found) == ["mgr1 owners_manager", "dep1 deputy"]
    assert found[0].also == ()


# --- duty ---


# EMEA's day is over: who has the day elsewhere is asked
def test_at_night_the_region_whose_day_it_is_takes_the_call():
    assert first_level(desk(), now=EVENING) == ["mgr1 owners_manager", "mgr4 follow_the_sun"]


def test_without_a_case_the_lines_region_finds_the_duty():
    assert first_level(desk(), None, region="EMEA") == ["mgr2 duty", "mgr4 global_duty"]
    assert first_level(desk(), None) == ["mgr2 follow_the_sun", "mgr4 global_duty"]


def test_the_cases_region_counts_for_more_than_the_lines():
    assert first_level(desk(), region="APAC")[1] == "mgr2 duty"
    assert first_level(desk(), replace(CASE, region=""), region="APAC")[1] == "mgr2 follow_the_sun"


def test_the_rota_says_what_somebody_is_on_duty_for():
    creo = shift("creo", "mgr1", "06-14", region="EMEA", product="Creo")
    directory = desk(shifts=(*SHIFTS, creo))

    found = managers(None, "manager", NOW, directory, region="EMEA")

    assert [c.detail for c in found] == [
        "on duty: EMEA",
        "on duty: EMEA Creo",
        "on duty: global",
    ]


def test_a_shift_of_somebody_unknown_is_passed_over():
    assert first_level(desk(mgr2=None), None, region="EMEA") == ["mgr4 global_duty"]


# --- second level ---


# S05: "DIR1 dialled"; "[manager(manager(owner))] + other second-level managers + second-level duty"
def test_the_managers_manager_takes_the_second_level():
    found = managers(CASE, "second_level", NOW, desk(), "fr")

    assert listed(found) == ["dir1 managers_manager", "dir2 second_level"]
    assert found[0].also == ("second_level", "global_duty")


def test_the_second_level_has_delegates_too():
    directory = desk(dir1={"status": "away", "delegate": "mgr2"})
    assert second_level(directory)[:2] == [
        "dir1 managers_manager -out_of_office",
        "mgr2 delegate -no_rights",
    ]

    directory = desk(dir1={"status": "away", "delegate": "dir2"})
    assert second_level(directory)[1] == "dir2 delegate"


# "other second-level managers (region, then others)"
def test_second_level_managers_of_the_region_come_before_the_others():
    directory = desk(
        person("dir0", "second_level", region="APAC"),
        person("dir3", "second_level", region="EMEA"),
        shifts=(),
    )

    assert second_level(directory)[:4] == [
        "dir1 managers_manager",
        "dir3 second_level",
        "dir0 second_level",
        "dir2 second_level",
    ]
    assert second_level(directory, None)[0] == "dir0 second_level"


# "never filled with the M1 manager himself unless the operator overrides"
def test_the_first_levels_manager_is_not_the_second_level_too():
    directory = desk(mgr1={"active": False}, dir1={"manager": None})

    assert second_level(directory) == ["dir1 second_level -first_level", "dir2 second_level"]


def test_a_vacant_second_level_leads_one_up():
    directory = desk(dir1={"active": False, "manager": "dir2"})

    assert second_level(directory)[:2] == ["dir1 managers_manager -inactive", "dir2 went_up"]


def test_another_target_is_refused():
    with pytest.raises(ValueError, match="the target 'M3': use manager or second_level"):
        managers(CASE, "M3", NOW, desk())


# --- the others who may be rung ---


def test_the_duty_manager_is_the_first_who_may_be_rung():
    assert duty_manager(NOW, desk(), "EMEA").person.id == "mgr2"
    assert duty_manager(NOW, desk(mgr2={"status": "dnd"}), "EMEA").person.id == "mgr4"
    assert duty_manager(NOW, desk(), "EMEA", declined=frozenset({"mgr2", "mgr4"})) is None
    assert duty_manager(NOW, desk(shifts=()), "EMEA") is None
    assert duty_manager(EVENING, desk(), role="second_level_duty").person.id == "dir2"


# "idle longest"; an operator's escalations don't keep them from answering 0
@pytest.mark.parametrize(
    ("language", "changes", "expected"),
    [
        ("fr", {}, ["op1", "op2"]),
        ("de-AT", {}, ["op2", "op1"]),
        ("ja", {"op1": {"last_taken": NOW}, "op2": {"last_taken": EARLIER}}, ["op2", "op1"]),
        ("ja", {"op1": {"last_taken": EARLIER}}, ["op2", "op1"]),
        ("fr", {"op1": {"active_escalations": 9}}, ["op1", "op2"]),
        ("fr", {"op1": {"status": "busy_soon"}}, ["op2", "op1"]),
        ("fr", {"op1": {"busy_with": "3"}}, ["op1 -busy", "op2"]),
        ("fr", {"op1": {"last_no_answer": JUST_NOW}}, ["op2", "op1"]),  # likely not to answer now
        ("fr", {"op1": {"last_no_answer": EARLIER}}, ["op1", "op2"]),
    ],
)
def test_operators_are_asked_by_language_then_by_idleness(language, changes, expected):
    found = listed(operators(NOW, desk(**changes), language))

    assert [line.replace(" operator", "") for line in found] == expected


def test_an_operator_who_declined_is_not_asked_again():
    found = operators(NOW, desk(), "fr", declined=frozenset({"op1"}))

    assert listed(found)[0] == "op1 operator -declined"


def test_the_engineer_is_the_owner_and_then_the_delegate():
    assert listed(engineer(CASE, NOW, desk())) == ["eng1 owner"]
    assert engineer(NO_OWNER, NOW, desk()) == ()

    away = desk(eng1={"status": "away", "delegate": "eng2"})
    assert listed(engineer(CASE, NOW, away)) == ["eng1 owner -out_of_office", "eng2 delegate"]


# --- who owes the call ---


# S04: "callback task owned by EMEA duty manager MGR2"
@pytest.mark.parametrize(
    ("changes", "more", "owner"),
    [
        ({}, {}, "mgr2"),
        ({"mgr2": {"last_no_answer": NOW, "busy_with": "7", "status": "dnd"}}, {}, "mgr2"),
        ({"mgr2": {"status": "away"}}, {}, "mgr4"),
        ({"mgr2": {"active": False}}, {}, "mgr4"),
        ({"mgr2": {"active": False}}, {"last_resort": "dir2"}, "mgr4"),
        ({"shifts": ()}, {"last_resort": "dir2"}, "dir2"),
        ({"shifts": ()}, {"last_resort": "nobody"}, "mgr1"),
        ({"shifts": ()}, {}, "mgr1"),
        ({"shifts": (), "mgr1": {"active": False}}, {}, "dir1"),
    ],
)
def test_the_promise_belongs_to_who_is_on_duty(changes, more, owner):
    assert promise_owner(CASE, NOW, desk(**changes), **more) == owner


def test_the_case_decides_whose_duty_the_call_is():
    apac = shift("apac-late", "mgr3", "06-14", region="APAC")
    creo = shift("creo", "mgr1", "06-14", region="EMEA", product="Creo")
    directory = desk(shifts=(*SHIFTS, apac, creo))

    assert promise_owner(CASE, NOW, directory, "APAC") == "mgr2"
    assert promise_owner(replace(CASE, region=""), NOW, directory, "APAC") == "mgr3"
    assert promise_owner(replace(CASE, product="Creo"), NOW, directory) == "mgr1"


def test_without_a_case_the_lines_region_owes_the_call():
    assert promise_owner(None, NOW, desk(), "EMEA") == "mgr2"
    assert promise_owner(None, EVENING, desk(shifts=SHIFTS[:1]), "EMEA") == "dir1"
    assert promise_owner(None, EVENING, desk(), "EMEA") == "mgr4"
    assert promise_owner(None, NOW, desk(shifts=())) == "dir1"


def test_when_all_are_out_of_office_somebody_still_owes_the_call():
    away = {id: {"status": "away"} for id in ("mgr1", "mgr2", "mgr3", "mgr4", "dir1", "dir2")}

    assert promise_owner(CASE, NOW, desk(**away)) == "mgr2"


def test_only_a_desk_without_managers_owes_nothing():
    assert promise_owner(CASE, NOW, Directory()) is None


# --- what holds for any desk ---

IDS = ["a", "b", "c", "d", "e"]
ANYBODY = st.builds(
    Person,
    id=st.just(""),
    name=st.just("somebody"),
    phone=st.sampled_from(["", "+33155500011"]),
    roles=st.frozensets(st.sampled_from(["manager", "second_level", "engineer", "operator"])),
    manager=st.sampled_from([None, *IDS, "gone"]),
    delegate=st.sampled_from([None, *IDS, "gone"]),
    team=st.sampled_from([None, "CAD"]),
    region=st.sampled_from(["", "EMEA"]),
    active=st.booleans(),
    status=st.sampled_from(["available", "busy_soon", "away", "dnd"]),
    on_call=st.booleans(),
    hours=st.none() | st.tuples(st.times(), st.times()),
    active_escalations=st.integers(0, 4),
)
ANY_SHIFT = st.builds(
    Shift,
    id=st.uuids().map(str),
    person=st.sampled_from([*IDS, "gone"]),
    role=st.sampled_from(["duty", "second_level_duty"]),
    region=st.sampled_from(["", "EMEA", "APAC"]),
    starts=st.times(),
    ends=st.times(),
)
DESKS = st.builds(
    lambda people, shifts: Directory(
        {id: replace(one, id=id) for id, one in zip(IDS, people, strict=True)},
        tuple(shifts),
        {"q": Queue("q", "a")},
    ),
    st.lists(ANYBODY, min_size=5, max_size=5),
    st.lists(ANY_SHIFT, max_size=4),
)
ANY_CASE = st.none() | st.builds(
    Case,
    st.just("C1"),
    st.just("1"),
    owner=st.sampled_from([None, *IDS]),
    queue=st.sampled_from([None, "q"]),
    region=st.sampled_from(["", "EMEA"]),
)


@given(DESKS, ANY_CASE, st.sampled_from(TARGETS), st.booleans())
def test_nobody_is_listed_twice_and_nobody_unfit_is_rung(directory, case, target, emergency):
    found = managers(case, target, NOW, directory, emergency=emergency)

    assert len({c.person.id for c in found}) == len(found)
    for candidate in (c for c in found if not c.skipped):
        one = candidate.person
        assert one.active
        assert one.phone
        assert one.status != "away"
        assert case is None or one.id != case.owner


@given(DESKS, ANY_CASE)
def test_while_there_is_a_manager_somebody_owes_the_call(directory, case):
    owner = promise_owner(case, NOW, directory)

    active = {id for id, one in directory.people.items() if one.active}
    assert owner in active or owner is None
    if any(directory.people[id].roles & {"manager", "second_level"} for id in active):
        assert owner is not None
