"""The line runs as a program of its own, and every call of this folder is made to it."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ivr.simulator import Exchange, Program, program

COMMAND = [sys.executable, "-m", "uvicorn", "fastapi_line:app", "--port", "{port}"]


@pytest.fixture(scope="session")
def rank() -> Iterator[Program]:
    with program(COMMAND, folder=Path(__file__).parent, within=300) as running:
        yield running


@pytest.fixture
def exchange(exchange: Exchange, rank: Program) -> Exchange:
    exchange.number("+33800000012", rank, "/voice")
    return exchange
