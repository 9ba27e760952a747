"""How long it takes until somebody is being rung, on every way through the table.

``python -m tests.bench.seconds`` prints the whole table.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from flows.escalation import line
from tests.bench.seconds import LANGUAGES, silent, timed, ways
from tests.kit.fresh_desks import FreshDesks

# Seconds; nobody may wait longer.
USUAL = 80  # who hears every prompt out
ERRING = 120  # who errs once at every prompt, by a wrong key or by silence
SILENT = 30  # who never does anything


@pytest.fixture(scope="module")
def desks() -> Iterator[FreshDesks]:
    with FreshDesks() as made:
        yield made


@pytest.mark.parametrize("language", LANGUAGES)
def test_whoever_errs_at_every_prompt_has_a_person_rung_in_time(
    desks: FreshDesks, language: str
) -> None:
    table = [timed(desks, language, way) for way in ways(desks, language)]

    assert len(table) > 20
    late = [each for each in table if each.usual > USUAL or each.erring > ERRING]
    assert not late, "\n".join(map(str, late))
    assert all(each.usual > 0 and each.erring > 0 for each in table)


@pytest.mark.parametrize("called", line().config.numbers)
def test_a_silent_caller_has_a_person_rung_in_time(desks: FreshDesks, called: str) -> None:
    """At 09:00 UTC the desk works in English for those who call in Japanese, and says so."""
    assert 10 < silent(desks, called) <= SILENT
