"""A few random stories, audited; `python -m tests.bench.stories` tells as many as one likes."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from tests.bench.stories import run


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
