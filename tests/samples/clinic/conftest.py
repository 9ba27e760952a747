"""The line runs as a program of its own, and every call of this folder is made to it."""

from collections.abc import Iterator

import pytest

from ivr.simulator import Exchange, Program, program
from tests.kit.node import packages


@pytest.fixture(scope="session")
def clinic() -> Iterator[Program]:
    with program("node line.js", folder=packages("clinic"), within=300) as running:
        yield running


@pytest.fixture
def exchange(exchange: Exchange, clinic: Program) -> Exchange:
    exchange.number("+33800000013", clinic, "/voice")
    return exchange
