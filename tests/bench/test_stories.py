"""A few random stories, audited; `python -m tests.bench.stories` tells as many as one likes."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from tests.bench.stories import run, story
from tests.kit.fresh_desks import FreshDesks


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    logging.disable(logging.CRITICAL)  # of failures that are asked for
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("chaos", [False, True], ids=["all is well", "chaos"])
def test_what_is_said_in_random_stories_is_so(chaos: bool) -> None:
    count = run(calls=25, seed=12, chaos=chaos, seconds=float("inf"))

    assert count.calls >= 25
    assert not count.failing, str(count)


# Stories in which something once didn't fit.
@pytest.mark.parametrize(
    ("seed", "number"), [(1001, 788), (1002, 739), (1003, 908), (1003, 1161), (1008, 1075)]
)
def test_what_once_did_not_fit_does(seed: int, number: int) -> None:
    with FreshDesks() as desks:
        outcome = story(desks, seed, number, chaos=True)

    assert [str(each) for each in outcome.misfits] == []
