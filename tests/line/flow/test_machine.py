"""The one wrapper around `transitions`: what it refuses early, and what it leaves alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.line.errors import FlowError
from ivr.line.flow.machine import Callback, Machine, NotAllowed, Transition


@dataclass
class Somebody:
    state: str = "here"


def moved(log: list[str], what: str) -> tuple[Callback, ...]:
    return (lambda who, heard: log.append(f"{what} in {who.state}"),)


def test_an_object_moves_without_being_registered() -> None:
    machine = Machine(["here", "there"], "here", [Transition("go", "here", "there")])
    one, other = Somebody(), Somebody()

    assert machine.trigger(one, "go")

    assert (one.state, other.state) == ("there", "here")
    assert vars(one) == {"state": "there"}  # nothing was written into it


def test_what_is_done_on_the_way_comes_before_what_is_done_on_arriving() -> None:
    log: list[str] = []
    machine = Machine(
        ["here", "there"],
        "here",
        [Transition("go", "here", "there", then=moved(log, "on the way"))],
        {"there": moved(log, "arrived")},
    )

    machine.trigger(Somebody(), "go")

    assert log == ["on the way in here", "arrived in there"]


def test_staying_enters_nothing_again_and_leading_to_itself_does() -> None:
    log: list[str] = []
    rows = [Transition("stay", "here", None), Transition("again", "here", "here")]
    machine = Machine(["here"], "here", rows, {"here": moved(log, "arrived")})
    somebody = Somebody()

    machine.trigger(somebody, "stay")
    assert log == []
    machine.trigger(somebody, "again")
    assert log == ["arrived in here"]


def test_the_two_ways_of_not_moving_are_told_apart() -> None:
    never = Transition("go", "here", "there", when=lambda who, heard: False)
    machine = Machine(["here", "there"], "here", [never])
    somebody = Somebody()

    assert machine.trigger(somebody, "go") is False
    with pytest.raises(NotAllowed, match="'fly' isn't possible in 'here'"):
        machine.trigger(somebody, "fly")
    assert somebody.state == "here"


def test_no_state_can_be_jumped_to_by_a_name_from_outside() -> None:
    """`auto_transitions` would let any word from a form jump anywhere."""
    machine = Machine(["here", "there"], "here", [Transition("go", "here", "there")])

    with pytest.raises(NotAllowed):
        machine.trigger(Somebody(), "to_there")


@pytest.mark.parametrize(
    ("rows", "initial"),
    [
        ([Transition("go", "here", "nowhere")], "here"),
        ([Transition("go", "nowhere", "here")], "here"),
        ([], "nowhere"),
    ],
)
def test_a_state_that_does_not_exist_is_found_when_the_machine_is_made(
    rows: list[Transition], initial: str
) -> None:
    with pytest.raises(FlowError, match="nowhere don't exist"):
        Machine(["here"], initial, rows)


def test_a_guard_is_given_what_the_trigger_was() -> None:
    def big(who: Somebody, size: int) -> bool:
        return size > 1

    rows = [Transition("go", "here", "there", when=big), Transition("go", "here", None)]
    machine = Machine(["here", "there"], "here", rows)
    somebody = Somebody()

    machine.trigger(somebody, "go", 1)
    assert somebody.state == "here"
    machine.trigger(somebody, "go", 2)
    assert somebody.state == "there"


# ---- the library is the oracle -----------------------------------------------------------------

STATES, TRIGGERS = ("a", "b", "c", "d"), ("go", "back", "stay", "leap")

# A callback says yes, says no, or fails.
answers = st.sampled_from((True, True, False, "fails"))
table = st.lists(
    st.tuples(
        st.sampled_from(TRIGGERS),
        st.lists(st.sampled_from(STATES), min_size=1, max_size=3, unique=True),
        st.sampled_from((*STATES, None)),
        st.none() | answers,
        st.lists(answers, max_size=2),
    ),
    max_size=12,
)


class Failed(Exception):
    pass


def callback(log: list[str], name: str, answer: Any) -> Callback:
    """Notes who called it, where, and with what."""

    def called(who: Somebody, heard: int) -> Any:
        log.append(f"{name} in {who.state} with {heard}")
        if answer == "fails":
            raise Failed(name)
        return answer

    return called


def moves(how: Callable[..., bool], names: Sequence[str], log: list[str]) -> list[str]:
    """Everything that can be seen of it when somebody is told to move by each of these names."""
    somebody = Somebody("a")
    for number, name in enumerate(names):
        result: object = "refused"
        with suppress(NotAllowed):
            try:
                result = how(somebody, name, number)
            except Failed as error:
                result = f"failed: {error}"
        log.append(f"{name}: {result}, {somebody.state}")
    return log


@given(
    rows=table,
    entered=st.dictionaries(st.sampled_from(STATES), st.lists(answers, max_size=2)),
    names=st.lists(st.sampled_from(TRIGGERS), min_size=1, max_size=12),
)
def test_any_table_is_walked_as_the_library_walks_it(
    rows: list[Any], entered: dict[str, list[Any]], names: list[str]
) -> None:
    log: list[str] = []
    machine = Machine(
        STATES,
        "a",
        [
            Transition(
                trigger,
                tuple(sources),
                dest,
                None if when is None else callback(log, f"row {row}'s guard", when),
                tuple(
                    callback(log, f"row {row}'s {place}", each) for place, each in enumerate(then)
                ),
            )
            for row, (trigger, sources, dest, when, then) in enumerate(rows)
        ],
        {
            state: tuple(callback(log, f"{state}'s {place}", each) for place, each in enumerate(do))
            for state, do in entered.items()
        },
    )

    def by_the_library(model: Somebody, name: str, heard: int) -> bool:
        if not machine.allows(model.state, name):
            raise NotAllowed(name)
        moved: bool = machine.library.events[name].trigger(model, heard)
        return moved

    ours = moves(machine.trigger, names, log).copy()
    log.clear()

    assert ours == moves(by_the_library, names, log)
