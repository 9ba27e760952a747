"""One webhook in process: what it costs, and what it costs beside Flask alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ivr.line.web.webhooks.app import create_app
from tests.bench import rivals, traffic
from tests.bench.in_process import services_on

ROUNDS, TOGETHER = 30, 64


@pytest.fixture
def ours(tmp_path: Path) -> Iterator[Any]:
    services = services_on(f"sqlite:///{tmp_path}/ivr.db")
    yield create_app(services)
    services.store.close()


@pytest.fixture
def together(benchmark: Any) -> int:
    """How many requests are measured as one; where nothing is measured, two show that it works."""
    return 2 if benchmark.disabled else TOGETHER


def fresh(
    step: int, together: int
) -> Callable[[], tuple[tuple[list[traffic.Request]], dict[str, Any]]]:
    """Requests of one step, of calls that have come so far; none is sent twice."""
    made = iter(range(10**6))

    def setup() -> tuple[tuple[list[traffic.Request]], dict[str, Any]]:
        first = 1 + next(made) * together
        calls = [traffic.sid(number) for number in range(first, first + together)]
        return ([traffic.request(call, traffic.CASES[step]) for call in calls],), {}

    return setup


STEPS = {"begin": 0, "language": 1, "menu": 2, "case number": 3, "look-up": 4, "hang up": 5}


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
def test_sixty_four_webhooks_of_one_step(
    benchmark: Any, ours: Any, step: int, together: int
) -> None:
    """Divide by 64: a case is looked up in "look-up", a row is made in "begin"."""
    rounds = 1 if benchmark.disabled else ROUNDS
    for earlier in range(step):
        setup = fresh(earlier, together)
        for _ in range(rounds):
            for each in setup()[0][0]:
                traffic.send(ours, each)

    def answer(requests: list[traffic.Request]) -> None:
        for each in requests:
            traffic.send(ours, each)

    benchmark.pedantic(answer, setup=fresh(step, together), rounds=rounds)


def test_sixty_four_times_flask_alone(benchmark: Any, together: int) -> None:
    app = rivals.bare()

    def answer(requests: list[traffic.Request]) -> None:
        for each in requests:
            traffic.send(app, each)

    rounds = 1 if benchmark.disabled else ROUNDS
    benchmark.pedantic(answer, setup=fresh(1, together), rounds=rounds)
