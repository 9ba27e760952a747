"""The words said: digits and times in each language."""

from __future__ import annotations

from datetime import datetime

import pytest

from flows.escalation import FOLDER
from ivr.line.flow.prompts import Prompts, slots

PROMPTS = Prompts.load(FOLDER / "prompts")


@pytest.mark.parametrize(
    ("language", "number", "said"),
    [
        ("en", "17349013", "one seven three four, nine zero one three"),
        ("fr", "17349013", "un sept trois quatre, neuf zéro un trois"),
        ("en", "1734900", "one seven three four, nine zero zero"),
        ("en", "C-1734 9013", "one seven three four, nine zero one three"),
        ("fr", "", ""),
    ],
)
def test_a_number_is_read_digit_by_digit_in_groups(language: str, number: str, said: str) -> None:
    """Never hand a speech synthesiser a bare 17349013: it may say millions."""
    assert PROMPTS.language(language).read_digits(number) == said


@pytest.mark.parametrize(
    ("language", "hour", "minute", "said"),
    [
        ("en", 10, 45, "10:45 AM"),
        ("en", 11, 0, "11 AM"),
        ("en", 0, 5, "12:05 AM"),
        ("en", 12, 0, "12 PM"),
        ("en", 18, 30, "6:30 PM"),
        ("fr", 10, 45, "10 heures 45"),
        ("fr", 9, 5, "9 heures 05"),
        ("fr", 18, 0, "18 heures"),
    ],
)
def test_a_time_is_said_as_people_say_it(language: str, hour: int, minute: int, said: str) -> None:
    assert PROMPTS.language(language).read_time(datetime(2026, 11, 24, hour, minute)) == said


def test_every_language_has_every_prompt_with_the_same_slots() -> None:
    keys = {key for code in PROMPTS.codes for key in PROMPTS.language(code).prompts}

    assert PROMPTS.missing(keys) == []


def test_slots_are_found_and_doubled_braces_are_none() -> None:
    assert slots("{a} and {b} and {{c}}") == {"a", "b"}
