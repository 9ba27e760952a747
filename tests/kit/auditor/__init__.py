"""The auditor: holds what the line claims against what was so on the network.

It knows only the network's facts (`facts`) and the line's claims (`claims`). A rule compares them
and says what doesn't fit, in words. `audit` asks every rule, `check` raises AssertionError.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from tests.kit.auditor import legs, meetings, pages, promises, waiting
from tests.kit.auditor.claims import Claims, claims_of
from tests.kit.auditor.facts import Facts, facts_of
from tests.kit.auditor.misfit import Misfit, Rule
from tests.kit.desk import Desk

RULES: dict[str, Rule] = {
    rule.__name__: rule
    for rule in (*waiting.RULES, *meetings.RULES, *promises.RULES, *legs.RULES, *pages.RULES)
}
# Rules that aren't kept yet: `check` leaves them out, unless IVR_AUDIT is "all".
KNOWN: frozenset[str] = frozenset()


def audit(desk: Desk) -> list[Misfit]:
    """What doesn't fit at this moment, the oldest first."""
    return compare(facts_of(desk.exchange), claims_of(desk.store, desk.line.config))


def compare(facts: Facts, claims: Claims) -> list[Misfit]:
    """What doesn't fit, the oldest first."""
    return sorted(misfits(facts, claims), key=lambda each: (each.at, each.rule))


def glance(desk: Desk) -> list[Misfit]:
    """What the pages show at this moment and isn't so."""
    facts, claims = facts_of(desk.exchange), claims_of(desk.store, desk.line.config)
    return [misfit for rule in pages.RULES for misfit in rule(facts, claims)]


def misfits(facts: Facts, claims: Claims) -> Iterator[Misfit]:
    """What doesn't fit."""
    for rule in RULES.values():
        yield from rule(facts, claims)


def check(desk: Desk) -> None:
    """Raise AssertionError when something doesn't fit that should."""
    __tracebackhide__ = True
    known = frozenset() if os.environ.get("IVR_AUDIT") == "all" else KNOWN
    if wrong := [each for each in audit(desk) if each.rule not in known]:
        raise AssertionError("what was said isn't so:\n  " + "\n  ".join(map(str, wrong)))


__all__ = [
    "KNOWN",
    "RULES",
    "Claims",
    "Facts",
    "Misfit",
    "audit",
    "check",
    "compare",
    "glance",
    "misfits",
]
