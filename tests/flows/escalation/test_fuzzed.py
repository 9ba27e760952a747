"""The line under `ivr fuzz`: callers who try to get lost, and an auditor beside each of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ivr.simulator import Exchange
from ivr.simulator.fuzz import Rules, fuzz
from tests.kit.auditor import Misfit, audit
from tests.kit.desk import CALLER, ENTRY
from tests.kit.fresh_desks import FreshDesks

AFTERWARDS = 2700.0  # seconds until what was promised has been tried


def test_whoever_tries_to_get_lost_is_not_and_what_the_line_says_of_it_is_so() -> None:
    found: list[Misfit] = []
    with FreshDesks() as desks:

        @contextmanager
        def audited() -> Iterator[Exchange]:
            desk = desks.desk()
            yield desk.exchange
            desk.exchange.wait(AFTERWARDS)
            found.extend(audit(desk))

        stranded = fuzz(
            audited, ENTRY, caller=CALLER, rules=Rules(entries=("17349013#",)), calls=12, seed=7
        )

    assert [str(each) for each in stranded] == []
    assert [str(each) for each in found] == []
