"""In every step everything that can happen, happens; then the auditor says what doesn't fit.

``IVR_EVERYTHING=all`` lets each thing happen in every step, and two of them, one after the other,
in every hold, hunt and talk: some thousand calls, many minutes. Without it a few are drawn.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator
from random import Random

import pytest

from tests.kit.auditor import KNOWN
from tests.kit.fresh_desks import FreshDesks
from tests.kit.scenes import Scene
from tests.kit.ways import ELSEWHERE, PEOPLES, WAYS, befalls, befalls_person, reached, step_of

ALL = os.environ.get("IVR_EVERYTHING") == "all"
SINGLES, PAIRS = 6, 1  # that are drawn for each way


@pytest.fixture(scope="module")
def desks() -> Iterator[FreshDesks]:
    logging.disable(logging.CRITICAL)  # of failures that are asked for
    with FreshDesks() as made:
        yield made
    logging.disable(logging.NOTSET)


def test_a_way_leads_to_every_step(desks: FreshDesks) -> None:
    assert reached(desks.line.caller, list(WAYS)) == ELSEWHERE
    for name, way in WAYS.items():
        assert Scene(desks.desk()).play(way).step == name, name
    for name, way in PEOPLES.items():
        person, _, step = name.partition(" ")
        assert Scene(desks.desk()).play(way).step_of(person) == step.split()[0], name


def happenings(desks: FreshDesks, way: str) -> list[str]:
    step = step_of(desks.line, way)
    person = way.partition(" ")[0]
    return list(befalls_person(person, step) if way in PEOPLES else befalls(step))


def audited(desks: FreshDesks, way: str, texts: Iterable[str]) -> list[str]:
    """What doesn't fit when each of these happens at the end of a way."""
    wrong, known = [], KNOWN if os.environ.get("IVR_AUDIT") != "all" else frozenset()
    for text in texts:
        found = Scene(desks.desk()).play(f"{(WAYS | PEOPLES)[way]} {text}").over()
        wrong += [f"{text}\n    {each}" for each in found if each.rule not in known]
    return wrong


@pytest.mark.parametrize("way", [*WAYS, *PEOPLES])
def test_whatever_happens_in_a_step_what_is_said_is_so(desks: FreshDesks, way: str) -> None:
    wrong = audited(desks, way, drawn(way, happenings(desks, way), SINGLES))

    assert not wrong, f"{(WAYS | PEOPLES)[way]}\n  " + "\n  ".join(wrong)


def drawn(way: str, texts: list[str], number: int) -> list[str]:
    return texts if ALL or len(texts) <= number else Random(way).sample(texts, number)


def deep(way: str) -> bool:
    return way in PEOPLES or "hold" in way or way in ("talk", "dial", "purpose", "back_ring")


@pytest.mark.parametrize("way", [way for way in (*WAYS, *PEOPLES) if deep(way)])
def test_whatever_happens_next_what_is_said_is_so(desks: FreshDesks, way: str) -> None:
    """Two steps deep from every hold, hunt and talk."""
    each = happenings(desks, way)
    pairs = [f"{first} +3 {second}" for first in each for second in each]
    wrong = audited(desks, way, drawn(way, pairs, PAIRS))

    assert not wrong, f"{(WAYS | PEOPLES)[way]}\n  " + "\n  ".join(wrong)
