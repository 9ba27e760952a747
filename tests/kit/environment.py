"""What a test needs of the machine that it runs on."""

from __future__ import annotations

import os

import pytest


def require(what: str, there: bool) -> None:
    """Skip where something that a test needs is missing; on the way to a release, fail."""
    if there:
        return
    if os.environ.get("IVR_TEST_REQUIRE") == "all":
        pytest.fail(f"{what} is missing, and IVR_TEST_REQUIRE=all")
    pytest.skip(f"{what} is missing")
