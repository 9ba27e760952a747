"""TaskRouter's expressions: which workers fit a task."""

from __future__ import annotations

import pytest

from ivr.simulator.calls.taskrouter.expressions import ExpressionError, condition

ALICE = {
    "languages": ["en", "fr"],
    "level": 3,
    "team": "billing",
    "lead": True,
    "manager": {"name": "Bob"},
}


# taskrouter/expression-syntax
@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("1==1", True),
        ("", True),
        ('languages HAS "en"', True),
        ("languages HAS 'es'", False),
        ("team == 'billing'", True),
        ('team = "billing"', True),
        ('team != "billing"', False),
        ("level > 2 AND level <= 3", True),
        ("level >= 4 OR lead == true", True),
        ('team IN ["sales", "billing"]', True),
        ('team NOT IN ["sales", "billing"]', False),
        ('team in ["sales"] or languages has "fr"', True),
        ('team CONTAINS "bill"', True),
        ('manager.name == "Bob"', True),
        ('manager.name == "Bob" && (level < 2 || level == 3)', True),
        ("level < -1.5", False),
        # a name that isn't there, and kinds that can't be compared
        ('country == "US"', False),
        ('level > "two"', False),
        ('level HAS "two"', False),
    ],
)
def test_an_expression_fits_or_does_not(text: str, fits: bool) -> None:
    assert condition(text)(ALICE) is fits


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("level >", "can't be read at its end"),
        ("level ~ 3", "can't be read from “~ 3” on"),
        ("(level == 3", "can't be read at its end"),
        ("level 3", "can't be read at 3"),
        ("level == 3 4", "can't be read at 4"),
        ("level NOT 3", "can't be read at 3"),
    ],
)
def test_what_cannot_be_read_is_said(text: str, why: str) -> None:
    with pytest.raises(ExpressionError) as error:
        condition(text)
    assert why in str(error.value)
