"""What a simulated call may take: memory, which no machine and no load changes much."""

from __future__ import annotations

import gc
import sys
import tracemalloc

import pytest

from tests.bench.counted import PYTHON
from tests.bench.in_process import STUB, stub_network

MOST = 4096  # bytes for each of many calls at once
CALLS, BEFORE = 400, 100


@pytest.mark.skipif(
    not sys.version.startswith(PYTHON), reason="other versions of Python have other frames"
)
def test_a_call_among_many_takes_less_than_four_kilobytes() -> None:
    exchange, phones = stub_network(BEFORE + CALLS)
    for phone in phones[:BEFORE]:
        phone.call(STUB)
    gc.collect()
    tracemalloc.start()
    try:
        for phone in phones[BEFORE:]:
            phone.call(STUB)
        gc.collect()
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert len(exchange.legs) == BEFORE + CALLS
    assert taken / CALLS < MOST
