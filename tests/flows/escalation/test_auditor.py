"""The auditor's rules: each is broken by a history that it must notice, and kept by one like it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from flows.escalation import FOLDER
from ivr.line.desk.events import Event
from ivr.line.desk.people import Person
from ivr.line.line_toml import load
from ivr.line.records import BACK, Call, Duty
from ivr.line.values import CallBack, Emergency, Known, Leg, PersonValues, Place, Promise
from ivr.simulator import Span
from tests.kit import calls
from tests.kit.auditor import RULES, Claims, Facts
from tests.kit.auditor import facts as network

CONFIG = load(FOLDER / "line.toml")
START = calls.NOW
ANNA, PAUL, OTTO = "+33155500101", "+33155500011", "client:op2"
PERSONS = {"MGR1": PAUL, "OP2": OTTO}


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


class World:
    """A history in the making: what happened, and what the line says of it."""

    def __init__(self) -> None:
        self.legs: dict[str, network.Leg] = {}
        self.company: dict[frozenset[str], list[Span]] = {}
        self.places: list[network.Place] = []
        self.said: dict[str, list[network.Said]] = {}
        self.claims = Claims(CONFIG, {}, {}, {}, {}, [])
        people: dict[str, Any] = {
            id: Person(id, id, phone, frozenset(["manager"])) for id, phone in PERSONS.items()
        }
        self.claims.people = people
        self.calls: dict[str, Call] = {}
        self.logs: dict[str, list[Event]] = {}
        self.duties: list[Duty] = []
        self.claims.calls, self.claims.logs, self.claims.duties = self.calls, self.logs, self.duties

    def facts(self, now: float) -> Facts:
        return Facts(at(now), self.legs, self.company, self.places, self.said)

    # --- what happened

    def leg(
        self, sid: str, phone: str, begins: float, ends: float | None = None, **more: Any
    ) -> World:
        """``call`` and ``attempt`` are the line's names; ``answered`` a second."""
        answered = more.pop("answered", begins)
        self.legs[sid] = network.Leg(
            sid,
            more.get("call", "CA1"),
            more.get("attempt", ""),
            phone,
            at(begins),
            at(begins),
            None if answered is None else at(answered),
            None if ends is None else at(ends),
            "no-answer" if answered is None else "completed",
        )
        return self

    def together(self, one: str, other: str, since: float, until: float | None) -> World:
        span = Span(at(since), None if until is None else at(until))
        self.company.setdefault(frozenset((one, other)), []).append(span)
        return self

    def place(self, sid: str, kind: str, since: float, until: float | None = None) -> World:
        ends = None if until is None else at(until)
        self.places.append(network.Place(sid, kind, "here", at(since), ends))
        return self

    def says(self, phone: str, *seconds: float) -> World:
        said = [network.Said(at(each), at(each + 3), "Please hold.") for each in seconds]
        self.said.setdefault(phone, []).extend(said)
        return self

    # --- what the line says

    def call(
        self, sid: str = "CA1", ended: float | None = None, wish: str = "", **shared: Any
    ) -> World:
        made = calls.call(sid, caller=ANNA, started_at=START, data=calls.data())
        made.ended_at = None if ended is None else at(ended)
        made.data.shared.wish = wish
        for name, value in shared.items():
            setattr(made.data.shared, name, value)
        self.calls[sid] = made
        return self

    def rung(self, attempt: str, person: str, hunt: str = "manager", call: str = "CA1") -> World:
        talk = Place("whisper", "fr", PersonValues())
        self.calls[call].data.legs[attempt] = Leg(
            person, talk, hunt=hunt, operator=person.startswith("OP")
        )
        return self

    def log(
        self, kind: str, seconds: float, by: str = "", stream: str = "CA1", **data: Any
    ) -> World:
        self.logs.setdefault(stream, []).append(Event(kind, at(seconds), by, data))
        return self

    def duty(self, kind: str, call: str = "CA1", **data: Any) -> World:
        self.duties.append(Duty(f"{kind}{len(self.duties)}", call, kind, at(9000), data))
        return self


def promise(due: float = 1800, **more: Any) -> Promise:
    given: dict[str, Any] = {"state": "owed", "number": ANNA, "owner": "MGR1"}
    return Promise(**(given | {"due": at(due), "spoken": at(due)} | more))


# --- one history for each rule: ``fits`` is the one in which all is well


def nobody_waits_untold(fits: bool) -> tuple[World, float]:
    world = World().call().leg("CA1", ANNA, 0).place("CA1", "queue", 10)
    return world.says(ANNA, 10, *([60] if fits else []), 110), 150


def nobody_waits_for_nobody(fits: bool) -> tuple[World, float]:
    world = World().call().leg("CA1", ANNA, 0).place("CA1", "room", 10)
    if fits:
        world.leg("CA2", PAUL, 60, 100, attempt="1-1", answered=None).says(ANNA, 50, 100)
    return world, 120


def nobody_stays_behind(fits: bool) -> tuple[World, float]:
    world = World().call().leg("CA1", ANNA, 0, 30).leg("CA2", PAUL, 0, attempt="1-1")
    world.place("CA1", "room", 10, None if fits else 30)
    return world.place("CA2", "room", 10), 130


def accepted_have_met(fits: bool) -> tuple[World, float]:
    return _talk(8 if fits else 7).log("dial.accepted", 28, "MGR1", leg="1-1"), 100


def ended_have_met(fits: bool) -> tuple[World, float]:
    return _talk(60 if fits else 2).log("talk.ended", 80, leg="1-1"), 100


def _talk(seconds: float) -> World:
    world = World().call().rung("1-1", "MGR1").leg("CA1", ANNA, 0)
    world.leg("CA2", PAUL, 10, attempt="1-1")
    return world.together("CA1", "CA2", 20, 20 + seconds)


def escalations_accepted_have_met(fits: bool) -> tuple[World, float]:
    world = _talk(30 if fits else 3).log("escalation.accepted", 40, "MGR1", level="M1")
    return world.log(
        "escalation.accepted", 40, "MGR1", "case:C17349013", level="M1", call="CA1"
    ), 100


def kept_promises_have_met(fits: bool) -> tuple[World, float]:
    """An operator isn't the manager who was promised."""
    person = "MGR1" if fits else "OP2"
    world = World().call(wish="M1", promise=promise(state="done", outcome="met"))
    back = CallBack("CA1", knows=Known(promise(), "UTC", ""))
    world.call(f"{BACK}CA1-1", back=back).rung("1-1", person, "callback", f"{BACK}CA1-1")
    world.leg("CA8", ANNA, 300, call=f"{BACK}CA1-1")
    world.leg("CA9", PERSONS[person], 300, call=f"{BACK}CA1-1", attempt="1-1")
    world.together("CA8", "CA9", 310, 400)
    return world.log("callback.done", 330, person, outcome="met"), 500


def whoever_wished_is_owed(fits: bool) -> tuple[World, float]:
    world = World().leg("CA1", ANNA, 0, 50)
    world.call(ended=50, wish="M1", promise=promise() if fits else None)
    return world.log("menu.wish", 20, wish="M1"), 200


def promises_have_an_owner_and_a_time(fits: bool) -> tuple[World, float]:
    world = World().call(ended=50, promise=promise()).duty("call_back")
    return world.duty("try_back") if fits else world, 100


def promises_end_by_a_fact(fits: bool) -> tuple[World, float]:
    world = World().call(promise=promise(state="done", outcome="renewed"))
    world.call("CA2", promise=promise(1800 if fits else 1900))
    world.log("callback.done", 100, outcome="renewed")
    return world.log("callback.promised", 100, stream="CA2"), 200


def nobody_is_busy_with_a_call_that_is_over(fits: bool) -> tuple[World, float]:
    world = World().call().leg("CA1", ANNA, 0, 20).leg("CA2", PAUL, 5, 20, attempt="1-1")
    people = dict(world.claims.people)
    people["MGR1"] = replace(people["MGR1"], busy_with=None if fits else "CA1/1-1")
    world.claims.people = people
    return world, 100


def no_leg_is_up_without_a_call(fits: bool) -> tuple[World, float]:
    world = World().call(ended=30).leg("CA1", ANNA, 0, 30)
    return world.leg("CA2", PAUL, 5, 40 if fits else None, attempt="1-1"), 100


def no_call_is_open_without_a_leg(fits: bool) -> tuple[World, float]:
    return World().call(ended=30 if fits else None).leg("CA1", ANNA, 0, 30), 100


def nobody_is_rung_for_two_calls(fits: bool) -> tuple[World, float]:
    world = World().call().call("CA3").leg("CA2", PAUL, 5, 15, attempt="1-1")
    return world.leg("CA4", PAUL, 15 if fits else 14, call="CA3", attempt="1-1"), 100


def nobody_is_rung_twice_in_one_hunt(fits: bool) -> tuple[World, float]:
    world = World().call().rung("1-1", "MGR1").rung("1-2", "MGR1")
    world.leg("CA2", PAUL, 5, 25, attempt="1-1", answered=None)
    again = 85 if fits else 35
    return world.leg("CA4", PAUL, again, again + 5, attempt="1-2", answered=None), 100


def rings_have_limits(fits: bool) -> tuple[World, float]:
    world = World().call()
    for number in range(12 if fits else 13):
        world.leg(f"CA{number + 2}", PAUL, 30 * number, 30 * number + 9, attempt=f"{number}-1")
    return world, 1000


def a_call_is_renewed_once(fits: bool) -> tuple[World, float]:
    world = World().call().log("flow.renewed", 5, began="1", now="2")
    return world if fits else world.log("flow.renewed", 6, began="2", now="1"), 100


def pages_show_legs_as_they_are(fits: bool) -> tuple[World, float]:
    world = _talk(70 if fits else 5).place("CA1", "room", 20).place("CA2", "room", 20, 25)
    leg, shared = world.calls["CA1"].data.legs["1-1"], world.calls["CA1"].data.shared
    leg.state, leg.in_room, shared.caller.in_room = "talking", at(20), at(20)
    return world, 60


def pages_show_who_waits(fits: bool) -> tuple[World, float]:
    world = World().call().leg("CA1", ANNA, 0).place("CA1", "queue", 10, None if fits else 20)
    world.calls["CA1"].waiting_for = "operators"
    return world, 60


HISTORIES: dict[str, Callable[[bool], tuple[World, float]]] = {
    name: globals()[name] for name in RULES if name in globals()
}


def test_every_rule_has_a_history_that_breaks_it() -> None:
    assert list(HISTORIES) == list(RULES)


@pytest.mark.parametrize("name", RULES)
def test_a_rule_notices_what_breaks_it_and_nothing_else(name: str) -> None:
    world, now = HISTORIES[name](False)
    broken = list(RULES[name](world.facts(now), world.claims))
    assert broken
    assert {each.rule for each in broken} == {name}
    assert all(each.claim and each.fact for each in broken)

    world, now = HISTORIES[name](True)
    assert not list(RULES[name](world.facts(now), world.claims))


def test_every_rule_quotes_what_it_holds() -> None:
    assert all(rule.__doc__ for rule in RULES.values())


def test_an_acceptance_says_since_when_they_are_together() -> None:
    """``accepted`` events carry ``since``: when the two were in the room."""
    rule = RULES["accepted_have_met"]
    for since, fits in ((20, True), (10, False)):
        world = _talk(60).log("dial.accepted", 30, "MGR1", leg="1-1", since=at(since).isoformat())
        assert (not list(rule(world.facts(100), world.claims))) is fits


def test_an_enterprise_down_lost_in_the_questions_is_owed() -> None:
    world = World().call(ended=50, emergency=Emergency()).leg("CA1", ANNA, 0, 50)

    [wrong] = RULES["whoever_wished_is_owed"](world.facts(200), world.claims)
    assert "E-Down" in wrong.claim


def test_who_hangs_up_in_a_menu_before_wishing_is_owed_nothing() -> None:
    world = World().call(ended=50).leg("CA1", ANNA, 0, 50).log("menu.key", 10)

    assert not list(RULES["whoever_wished_is_owed"](world.facts(200), world.claims))
