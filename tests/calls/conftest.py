"""The dialogues of this folder are calls to the sample desk as it stands on a Tuesday morning."""

from __future__ import annotations

import pytest

from ivr.simulator import Exchange
from tests.kit.desk import Desk


@pytest.fixture
def exchange(exchange: Exchange, escalated: Desk) -> Exchange:
    return exchange
