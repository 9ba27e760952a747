"""The hunt: every race of two presses, every late event, and what holds for any order of them."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.line.desk.hunt import Dismiss, Hunt, Join, Ring, SendOn, StopRinging, TellOperator, hear

ONE = {"candidates": ["ann", "bob", "cat"]}
TWO = {**ONE, "at_once": 2}
LAST = {"candidates": ["ann"]}
PATIENT = {**LAST, "wait_for_more": True}
EMPTY = {"candidates": []}
MANUAL = {**ONE, "manual": True}
MANUAL_LAST = {**LAST, "manual": True}
MANUAL_TWO = {**TWO, "manual": True}
LOSSES = ("declined", "no_answer", "busy", "failed", "ended")


def played(options, *events):
    """The hunt after ``events`` ("accepted 1", "more bob cat"), and the commands of the last."""
    hunt, commands = Hunt(**{**options, "candidates": list(options["candidates"])}), ()
    for event in events:
        name, *rest = event.split()
        if name in ("more", "manual_next"):
            commands = hear(hunt, name, people=rest)
        else:
            commands = hear(hunt, name, *rest)
    return hunt, commands


RACES = [
    # one after the other
    (ONE, "start", [Ring("1", "ann")], "ringing"),
    (ONE, "start, start", [], "ringing"),
    (EMPTY, "start", [SendOn("nobody")], "ended"),
    (ONE, "start, no_answer 1", [Ring("2", "bob")], "ringing"),
    (ONE, "start, declined 1, busy 2", [Ring("3", "cat")], "ringing"),
    (ONE, "start, declined 1, busy 2, failed 3", [SendOn("nobody")], "ended"),
    (ONE, "start, accepted 1", [Join("1"), SendOn("joined")], "joined"),
    # two rung at once, two presses
    (TWO, "start", [Ring("1", "ann"), Ring("2", "bob")], "ringing"),
    (TWO, "start, declined 1", [Ring("3", "cat")], "ringing"),
    (TWO, "start, declined 1, declined 2", [], "ringing"),
    (TWO, "start, declined 1, declined 2, no_answer 3", [SendOn("nobody")], "ended"),
    (TWO, "start, accepted 2", [Join("2"), SendOn("joined"), StopRinging("1")], "joined"),
    (TWO, "start, accepted 2, accepted 1", [Dismiss("1")], "joined"),
    (TWO, "start, accepted 1, accepted 2", [Dismiss("2")], "joined"),
    (
        TWO,
        "start, declined 2, accepted 1",
        [Join("1"), SendOn("joined"), StopRinging("3")],
        "joined",
    ),
    # an event that comes twice
    (ONE, "start, no_answer 1, no_answer 1", [], "ringing"),
    (ONE, "start, declined 1, ended 1", [], "ringing"),
    (ONE, "start, accepted 1, accepted 1", [], "joined"),
    (TWO, "start, accepted 1, accepted 2, accepted 2", [], "joined"),
    (LAST, "start, busy 1, busy 1", [], "ended"),
    (ONE, "start, caller_left, caller_left", [], "ended"),
    (ONE, "start, time_up, time_up", [], "ended"),
    # an event that comes late, or for a leg that was never rung
    (ONE, "start, no_answer 1, accepted 1", [Dismiss("1")], "ringing"),
    (ONE, "start, accepted 7", [Dismiss("7")], "ringing"),
    (ONE, "start, declined 7", [], "ringing"),
    (ONE, "accepted 1", [Dismiss("1")], "idle"),
    (ONE, "declined 1", [], "idle"),
    (TWO, "start, accepted 1, no_answer 2", [], "joined"),
    (TWO, "start, accepted 1, ended 2", [], "joined"),
    (ONE, "start, accepted 1, ended 1", [], "joined"),
    (ONE, "start, accepted 1, ended 1, ended 1", [], "joined"),
    (ONE, "start, accepted 1, ended 1, accepted 1", [], "joined"),
    # whoever accepted is gone before the caller has met them
    (ONE, "start, accepted 1, missed 1", [Ring("2", "bob")], "ringing"),
    (ONE, "start, accepted 1, missed 1, missed 1", [], "ringing"),
    (ONE, "start, accepted 1, missed 1, accepted 2", [Join("2"), SendOn("joined")], "joined"),
    (ONE, "start, accepted 1, ended 1, missed 1", [], "joined"),
    (ONE, "start, accepted 1, caller_left, missed 1", [], "ended"),
    # the caller leaves, or has waited long enough
    (TWO, "start, caller_left", [StopRinging("1"), StopRinging("2")], "ended"),
    (ONE, "start, caller_left, accepted 1", [Dismiss("1")], "ended"),
    (ONE, "start, caller_left, no_answer 1", [], "ended"),
    (ONE, "start, accepted 1, caller_left", [], "ended"),
    (ONE, "caller_left", [], "ended"),
    (ONE, "caller_left, start", [], "ended"),
    (ONE, "start, time_up", [StopRinging("1"), SendOn("time_up")], "ended"),
    (ONE, "start, time_up, accepted 1", [Dismiss("1")], "ended"),
    (ONE, "start, accepted 1, time_up", [], "joined"),
    (ONE, "start, time_up, caller_left", [], "ended"),
    (ONE, "start, caller_left, time_up", [], "ended"),
    (ONE, "time_up", [SendOn("time_up")], "ended"),
    # somebody new is free
    (PATIENT, "start, no_answer 1", [], "waiting"),
    ({**EMPTY, "wait_for_more": True}, "start", [], "waiting"),
    (PATIENT, "start, no_answer 1, more bob", [Ring("2", "bob")], "ringing"),
    # who has rested is rung again; nobody twice at the same time, nor who has joined
    (PATIENT, "start, no_answer 1, more ann", [Ring("2", "ann")], "ringing"),
    (PATIENT, "start, no_answer 1, more ann bob bob", [Ring("2", "ann")], "ringing"),
    (PATIENT, "start, more ann", [], "ringing"),
    (PATIENT, "start, more ann bob, no_answer 1", [Ring("2", "bob")], "ringing"),
    ({**PATIENT, "at_once": 2}, "start, more ann", [], "ringing"),
    (PATIENT, "start, accepted 1, more ann", [], "joined"),
    (PATIENT, "start, no_answer 1, accepted 1", [Dismiss("1")], "waiting"),
    (PATIENT, "start, no_answer 1, time_up", [SendOn("time_up")], "ended"),
    (PATIENT, "start, no_answer 1, caller_left", [], "ended"),
    (LAST, "start, more bob", [], "ringing"),
    (LAST, "start, more bob, declined 1", [Ring("2", "bob")], "ringing"),
    ({**LAST, "at_once": 2}, "start, more bob", [Ring("2", "bob")], "ringing"),
    (EMPTY, "more bob, start", [Ring("1", "bob")], "ringing"),
    (LAST, "start, declined 1, more bob", [], "ended"),
    (LAST, "start, accepted 1, more bob", [], "joined"),
    # an operator directs: rings only when told, and is told
    (MANUAL, "start", [Ring("1", "ann")], "ringing"),
    (MANUAL, "start, declined 1", [TellOperator("1", "declined")], "waiting"),
    (MANUAL, "start, declined 1, manual_next", [Ring("2", "bob")], "ringing"),
    (MANUAL, "start, no_answer 1, manual_next cat", [Ring("2", "cat")], "ringing"),
    (MANUAL, "start, no_answer 1, manual_next dan", [Ring("2", "dan")], "ringing"),
    (MANUAL, "start, no_answer 1, manual_next ann", [Ring("2", "ann")], "ringing"),
    (MANUAL, "start, manual_next ann", [TellOperator("", "nobody")], "ringing"),
    (MANUAL, "start, manual_next", [StopRinging("1"), Ring("2", "bob")], "ringing"),
    (MANUAL, "start, manual_next, accepted 1", [Dismiss("1")], "ringing"),
    (MANUAL, "start, manual_next, no_answer 1", [], "ringing"),
    (MANUAL, "manual_next bob", [Ring("1", "bob")], "ringing"),
    (MANUAL, "start, accepted 1", [Join("1"), TellOperator("1", "joined")], "joined"),
    (MANUAL, "start, accepted 1, manual_next", [], "joined"),
    (MANUAL, "start, caller_left", [StopRinging("1")], "ended"),
    (MANUAL, "start, time_up", [StopRinging("1"), TellOperator("", "time_up")], "ended"),
    (MANUAL, "start, more dan", [], "ringing"),
    (MANUAL_LAST, "start, manual_next", [TellOperator("", "nobody")], "ringing"),
    (MANUAL_LAST, "start, busy 1, manual_next", [TellOperator("", "nobody")], "waiting"),
    (MANUAL_LAST, "start, busy 1, more bob", [], "waiting"),
    (MANUAL_LAST, "start, busy 1, more bob, manual_next", [Ring("2", "bob")], "ringing"),
    (MANUAL_TWO, "start, failed 1", [TellOperator("1", "failed")], "ringing"),
    (MANUAL_TWO, "start, failed 1, busy 2", [TellOperator("2", "busy")], "waiting"),
    ({**EMPTY, "manual": True}, "start", [TellOperator("", "nobody")], "waiting"),
    ({**EMPTY, "manual": True}, "manual_next", [TellOperator("", "nobody")], "waiting"),
    # nobody directs this one
    (ONE, "start, manual_next", [], "ringing"),
]


@pytest.mark.parametrize(("options", "events", "commands", "state"), RACES)
def test_an_event_is_answered_with_commands(options, events, commands, state):
    hunt, answered = played(options, *events.split(", "))

    assert list(answered) == commands
    assert hunt.state == state


# "declined, no answer, busy, failed": every way of losing somebody rings the next.
@pytest.mark.parametrize("how", LOSSES)
def test_however_one_is_lost_the_next_is_rung(how):
    hunt, commands = played(ONE, "start", f"{how} 1")

    assert commands == (Ring("2", "bob"),)
    assert hunt.attempts["1"] == {"person": "ann", "state": how}


@pytest.mark.parametrize(
    ("events", "states"),
    [
        ("start", ["ringing", "ringing"]),
        ("start, accepted 1", ["joined", "stopped"]),
        ("start, accepted 1, accepted 2", ["joined", "dismissed"]),
        ("start, accepted 1, ended 1", ["left", "stopped"]),
    ],
)
def test_the_attempts_say_what_became_of_them(events, states):
    hunt, _ = played(TWO, *events.split(", "))

    assert [made["state"] for made in hunt.attempts.values()] == states


@pytest.mark.parametrize(
    ("events", "joined"),
    [
        ("start", None),
        ("start, accepted 1", "1"),
        ("start, accepted 1, ended 1", "1"),
        ("start, no_answer 1, accepted 1", None),
    ],
)
def test_who_joined_stays_known(events, joined):
    hunt, _ = played(ONE, *events.split(", "))

    assert hunt.joined() == joined


def test_a_name_tells_the_attempts_of_two_hunts_apart():
    _, commands = played({**ONE, "name": "2-"}, "start", "busy 2-1")

    assert commands == (Ring("2-2", "bob"),)


def test_somebody_who_stands_on_the_list_twice_is_rung_once():
    _, commands = played({"candidates": ["ann", "ann"]}, "start", "busy 1")

    assert commands == (SendOn("nobody"),)


# Who leaves a hunt half-way gives it back to the line, with those who were still to be rung.
def test_a_hunt_that_nobody_directs_any_more_goes_on_with_who_is_left():
    hunt, _ = played(MANUAL, "start", "declined 1")

    hunt.manual = False

    assert hear(hunt, "more") == (Ring("2", "bob"),)


def test_an_event_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match="doesn't know 'answered'"):
        hear(Hunt(["ann"]), "answered")


def test_a_hunt_that_would_ring_nobody_at_a_time_is_refused():
    with pytest.raises(ValueError, match="at least one"):
        Hunt(["ann"], at_once=0)


EVENTS = st.one_of(
    st.tuples(st.just("start")),
    st.tuples(st.sampled_from(["caller_left", "time_up"])),
    st.tuples(
        st.sampled_from(["accepted", *LOSSES]),
        st.integers(1, 6).map(str),
    ),
    st.tuples(
        st.sampled_from(["more", "manual_next"]),
        st.just(""),
        st.lists(st.sampled_from("abcdefgh"), max_size=3),
    ),
)
HUNTS = st.builds(
    Hunt,
    st.lists(st.sampled_from("abcdef"), max_size=6),
    at_once=st.integers(1, 3),
    wait_for_more=st.booleans(),
    manual=st.booleans(),
)


class Legs:
    """A carrier that believes every command, and objects to what must never be asked of it."""

    def __init__(self, hunt):
        self.hunt, self.ringing, self.joined, self.over = hunt, {}, [], []

    def obey(self, command):
        match command:
            case Ring(attempt, person):
                assert attempt not in self.ringing
                assert person not in self.ringing.values()
                self.ringing[attempt] = person
            case StopRinging(attempt):
                del self.ringing[attempt]
            case Join(attempt):
                del self.ringing[attempt]
                self.joined.append(attempt)
            case Dismiss(attempt):
                assert attempt not in self.ringing
                assert attempt not in self.joined
            case SendOn(outcome):
                self.over.append(outcome)

    def hear(self, event):
        commands = hear(self.hunt, *event)
        if event[0] in LOSSES and event[1] in self.ringing:
            del self.ringing[event[1]]
        if event[0] == "caller_left":
            self.joined.clear()  # who had joined them is alone
        for command in commands:
            self.obey(command)


# At most one Join; nobody is rung twice at a time; after an end nothing rings; StopRinging is only
# for those who ring (`del` fails otherwise); the caller is sent on at most once; and never more at
# once than allowed.
@given(HUNTS, st.lists(EVENTS, max_size=25))
def test_whatever_happens_in_whatever_order(hunt, events):
    legs = Legs(hunt)

    for event in [("start",), *events]:
        legs.hear(event)

        assert len(legs.joined) <= 1
        assert len(legs.over) <= 1
        assert len(legs.ringing) <= hunt.at_once
        assert set(legs.ringing) == set(hunt.ringing())
        assert bool(legs.ringing) == (hunt.state == "ringing")
        assert legs.joined == ([hunt.joined()] if hunt.state == "joined" else [])


# "Never lets a call end in nothing": a hunt that isn't directed sends a caller who stays on in the
# end.
@given(HUNTS.filter(lambda hunt: not hunt.manual), st.lists(EVENTS, max_size=15))
def test_a_caller_who_stays_is_always_sent_on(hunt, events):
    legs = Legs(hunt)
    for event in [("start",), *events]:
        if event[0] != "caller_left":
            legs.hear(event)
    legs.hear(("time_up",))

    assert len(legs.over) == 1
    assert not legs.ringing


def again(hunt):
    """The hunt as it comes out of a store."""
    return msgspec.json.decode(msgspec.json.encode(hunt), type=Hunt)


# A hunt is stored after each turn, and goes on from what was stored.
@given(HUNTS, st.lists(EVENTS, max_size=12))
def test_a_hunt_goes_on_where_it_was_stored(hunt, events):
    stored = again(hunt)

    for event in [("start",), *events]:
        stored = again(stored)
        assert hear(stored, *event) == hear(hunt, *event)

    assert stored == hunt


# What nobody waits for may come twice: the second changes nothing and commands nothing.
@given(HUNTS, st.lists(EVENTS, max_size=12))
def test_a_second_delivery_changes_nothing(hunt, events):
    legs = Legs(hunt)
    for event in [("start",), *events]:
        known = len(event) < 2 or event[0] in ("more", "manual_next") or event[1] in hunt.attempts
        legs.hear(event)
        if event[0] != "manual_next" and known:
            before = again(hunt)

            assert hear(hunt, *event) == ()
            assert hunt == before
