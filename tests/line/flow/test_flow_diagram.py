"""A flow as a picture on a page."""

from __future__ import annotations

from itertools import combinations
from xml.etree import ElementTree

import pytest

from ivr.line.definition import Line
from ivr.line.flow.diagram import HIGH, WIDE, diagram, layout, ways_of
from ivr.line.flow.flow import Flow

FLOWS = ("caller", "person", "console")


def drawn(flow: Flow, *how: object) -> ElementTree.Element:
    return ElementTree.fromstring(diagram(flow, *how))  # type: ignore[arg-type]


@pytest.fixture(params=FLOWS)
def flow(request: pytest.FixtureRequest, escalation: Line) -> Flow:
    found: Flow = getattr(escalation, request.param)
    return found


def test_every_step_has_a_box_and_none_covers_another(flow: Flow) -> None:
    boxes = [each.get("id") for each in drawn(flow).iter("g")]
    assert sorted(boxes, key=str) == sorted(f"step-{name}" for name in flow.steps)

    made = layout(flow)
    for (x1, y1), (x2, y2) in combinations(made.places.values(), 2):
        assert abs(x1 - x2) >= WIDE or abs(y1 - y2) >= HIGH
    for x, y in made.places.values():
        assert WIDE / 2 < x < made.width - WIDE / 2
        assert HIGH / 2 < y < made.height - HIGH / 2


def test_one_step_is_lit_and_the_way_there_is_marked(escalation: Line) -> None:
    picture = drawn(escalation.caller, "menu", ["language", "menu"])
    lit = [each for each in picture.iter("g") if each.get("aria-current") == "step"]
    been = {each.get("id") for each in picture.iter("g") if "been" in str(each.get("class"))}
    taken = [each for each in picture.iter("path") if "taken" in str(each.get("class"))]

    assert [each.get("id") for each in lit] == ["step-menu"]
    assert been == {"step-language", "step-menu"}
    assert len(taken) == 1


def test_what_takes_one_on_is_written_beside_the_present_step_only(escalation: Line) -> None:
    def by(present: str) -> list[str]:
        texts = drawn(escalation.caller, present).iter("text")
        return [str(each.text) for each in texts if each.get("class") == "by"]

    assert by("") == []
    ways = ways_of(escalation.caller)["menu"]
    assert len(by("menu")) == len(ways) > 0
    assert any("1" in each for each in by("menu"))


def test_a_step_that_is_unknown_lights_nothing(escalation: Line) -> None:
    """A call of an older version of the flow may be in a step that isn't there any more."""
    picture = drawn(escalation.caller, "long_gone", ["older", "language"])

    assert not [each for each in picture.iter("g") if each.get("aria-current")]


def test_the_label_is_text_and_nothing_else(escalation: Line) -> None:
    picture = diagram(escalation.caller, label='"><script>')

    assert "<script>" not in picture
    assert ElementTree.fromstring(picture).get("aria-label") == '"><script>'
    assert " style=" not in picture  # the page's policy would refuse it
