"""The line runs as a program, and is reached at its public address; its REST client is Twilio's."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ivr.simulator import Exchange, Program, program

COMMAND = [sys.executable, "-m", "flask", "--app", "flask_bakery", "run", "--port", "{port}"]


@pytest.fixture(scope="session")
def bakery() -> Iterator[Program]:
    with program(COMMAND, folder=Path(__file__).parent, within=300) as running:
        yield running


@pytest.fixture
def exchange(exchange: Exchange, bakery: Program) -> Exchange:
    exchange.number(
        "+14155550160",
        bakery,
        "/voice",
        origin="https://bakery.example",
        status_callback="/ended",
    )
    exchange.phone("+14155550161", city="OAKLAND", state="CA", zip="94601")
    return exchange
