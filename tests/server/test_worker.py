"""What a process does before it answers."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from ivr.server.worker import at_rest


@pytest.fixture
def collector() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)
    gc.unfreeze()


@pytest.mark.usefixtures("collector")
def test_what_is_there_from_the_start_is_not_looked_through_for_garbage() -> None:
    there = [object() for _ in range(10)]
    assert any(each is there for each in gc.get_objects())

    at_rest()

    assert not any(each is there for each in gc.get_objects())
    assert gc.get_freeze_count() > 0


@pytest.mark.usefixtures("collector")
def test_garbage_that_comes_later_is_still_collected() -> None:
    at_rest()
    circle: list[object] = []
    circle.append(circle)

    del circle

    assert gc.collect() >= 1
