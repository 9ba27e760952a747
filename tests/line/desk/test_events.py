"""Events: the desk's own kinds, and a flow's."""

from __future__ import annotations

from datetime import UTC, datetime

from ivr.line.desk.events import KINDS, Event

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)


def test_an_event_of_a_flows_own_kind_is_as_good_as_the_desks():
    assert "weather.asked" not in KINDS
    assert Event("weather.asked", NOW) == Event("weather.asked", NOW, "", {})
