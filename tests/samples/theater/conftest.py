"""The line runs as a program, and is reached at its public address; its REST client is Twilio's."""

from collections.abc import Iterator

import pytest

from ivr.simulator import Exchange, Program, program
from tests.kit.node import packages


@pytest.fixture(scope="session")
def theater() -> Iterator[Program]:
    with program("node line.js", folder=packages("theater"), within=300) as running:
        yield running


@pytest.fixture
def exchange(exchange: Exchange, theater: Program) -> Exchange:
    exchange.number("+14155550170", theater, "/voice", origin="https://theater.example")
    exchange.phone("+12125550173", city="NEW YORK", state="NY")
    return exchange
