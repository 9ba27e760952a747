"""The one wrapper around `transitions`: what it refuses early, and what it leaves alone."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from ivr.line.errors import FlowError
from ivr.line.flow.machine import Machine, NotAllowed, Transition, Trigger


@dataclass
class Somebody:
    state: str = "here"


def moved(log: list[str], what: str) -> tuple[object, ...]:
    return (lambda event: log.append(f"{what} in {event.model.state}"),)


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
        [Transition("go", "here", "there", then=moved(log, "on the way"))],  # type: ignore[arg-type]
        {"there": moved(log, "arrived")},  # type: ignore[dict-item]
    )

    machine.trigger(Somebody(), "go")

    assert log == ["on the way in here", "arrived in there"]


def test_staying_enters_nothing_again_and_leading_to_itself_does() -> None:
    log: list[str] = []
    rows = [Transition("stay", "here", None), Transition("again", "here", "here")]
    machine = Machine(["here"], "here", rows, {"here": moved(log, "arrived")})  # type: ignore[dict-item]
    somebody = Somebody()

    machine.trigger(somebody, "stay")
    assert log == []
    machine.trigger(somebody, "again")
    assert log == ["arrived in here"]


def test_the_two_ways_of_not_moving_are_told_apart() -> None:
    never = Transition("go", "here", "there", when=lambda event: False)
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
    def big(event: Trigger) -> bool:
        return bool(event.kwargs["size"] > 1)

    rows = [Transition("go", "here", "there", when=big), Transition("go", "here", None)]
    machine = Machine(["here", "there"], "here", rows)
    somebody = Somebody()

    machine.trigger(somebody, "go", size=1)
    assert somebody.state == "here"
    machine.trigger(somebody, "go", size=2)
    assert somebody.state == "there"
