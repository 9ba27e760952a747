"""Benchmarks are measured by `make bench`; elsewhere they are run once, to see that they work."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture
def benchmark(benchmark: Any, request: pytest.FixtureRequest) -> Any:
    if not request.config.getoption("--benchmark-only"):
        benchmark.disabled = True
    return benchmark
