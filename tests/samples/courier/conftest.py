"""The line runs as a program, and is reached at its public address; its REST client is Twilio's."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ivr.simulator import Exchange, Program, program

COMMAND = [sys.executable, "courier.py", "runserver", "--noreload", "{port}"]


@pytest.fixture(scope="session")
def courier() -> Iterator[Program]:
    with program(COMMAND, folder=Path(__file__).parent, within=300) as running:
        yield running


@pytest.fixture
def exchange(exchange: Exchange, courier: Program) -> Exchange:
    exchange.number("+14155550180", courier, "/voice", origin="https://courier.example")
    exchange.phone("+14155550183", city="OAKLAND", state="CA", zip="94601")
    return exchange
