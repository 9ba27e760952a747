"""A sample desk: the people, shifts and cases that the rules are tried on."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

from ivr.line.desk.cases import Case
from ivr.line.desk.people import Person, Queue, Shift
from ivr.line.desk.roster import Directory, managers

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)  # a Tuesday, 10:00 in Paris
EARLIER = NOW - timedelta(minutes=1)
JUST_NOW = NOW - timedelta(seconds=20)
EVENING = datetime(2026, 11, 24, 20, tzinfo=UTC)


def person(id, *roles, phone="+33155500011", **more):
    return Person(id, id.title(), phone, frozenset(roles), **more)


def shift(id, who, hours, role="duty", **more):
    starts, ends = (time(int(hour)) for hour in hours.split("-"))
    return Shift(id, who, role, starts=starts, ends=ends, **more)


PEOPLE = [
    person("eng1", "engineer", manager="mgr1"),
    person("eng2", "engineer", manager="mgr3"),
    person("mgr1", "manager", manager="dir1", delegate="mgr2", languages=("fr", "en")),
    person("mgr2", "manager", manager="dir1", languages=("de", "en")),
    person("mgr3", "manager", manager="dir2", languages=("ja", "en")),
    person("mgr4", "manager", manager="dir2", languages=("en", "es"), on_call=True),
    person("dir1", "second_level"),
    person("dir2", "second_level"),
    person("op1", "operator", phone="client:op1", languages=("fr", "en")),
    person("op2", "operator", phone="client:op2", languages=("de", "en")),
]
SHIFTS = (
    shift("emea", "mgr2", "06-14", region="EMEA"),
    shift("amer", "mgr4", "14-22", region="AMER"),
    shift("apac", "mgr3", "22-06", region="APAC"),
    shift("global", "mgr4", "00-00"),
    shift("second-day", "dir1", "06-18", "second_level_duty"),
    shift("second-night", "dir2", "18-06", "second_level_duty"),
)
QUEUES = {"CAD-EMEA": Queue("CAD-EMEA", "mgr2", "EMEA")}
CASE = Case("C17349013", "17349013", severity=2, owner="eng1", queue="CAD-EMEA", region="EMEA")
NO_OWNER = replace(CASE, number="C17349068", digits="17349068", owner=None)


def desk(*extra, shifts=SHIFTS, queues=QUEUES, **changed):
    """The sample desk; ``mgr1={"status": "away"}`` changes a person, ``mgr1=None`` removes them."""
    people = {one.id: one for one in (*PEOPLE, *extra)}
    for id, changes in changed.items():
        if changes is None:
            del people[id]
        else:
            people[id] = replace(people[id], **changes)
    return Directory(people, shifts, queues)


def listed(candidates):
    """ "mgr1 owners_manager", "mgr1 owners_manager -dnd" when they are skipped."""
    return [
        f"{c.person.id} {c.reason}" + (f" -{c.skipped}" if c.skipped else "") for c in candidates
    ]


def first_level(directory, case=CASE, now=NOW, language="fr", **more):
    return listed(managers(case, "manager", now, directory, language, **more))


def second_level(directory, case=CASE, now=NOW, language="fr", **more):
    return listed(managers(case, "second_level", now, directory, language, **more))
