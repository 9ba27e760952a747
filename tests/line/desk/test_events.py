"""Events: the desk's own kinds, and what one refuses."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ivr.line.desk.events import KINDS, Event

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)


def test_an_event_of_a_flows_own_kind_is_as_good_as_the_desks():
    assert "weather.asked" not in KINDS
    assert Event("weather.asked", NOW) == Event("weather.asked", NOW, "", {})


# The log is put in order by instants: a time without a zone is none.
def test_an_event_needs_an_instant():
    with pytest.raises(ValueError, match=r"'call\.started' has no time zone"):
        Event("call.started", datetime(2026, 11, 24, 9))
