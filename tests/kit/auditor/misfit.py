"""What doesn't fit: a claim of the line, and what was so."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from tests.kit.auditor.claims import Claims
from tests.kit.auditor.facts import FAR, Facts

Stretch = tuple[datetime, datetime]


@dataclass(frozen=True)
class Misfit:
    """``claim`` is what the line says or should see to, ``fact`` what was so instead."""

    rule: str
    call: str
    at: datetime
    claim: str
    fact: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.call} at {self.at:%H:%M:%S}: {self.claim}; {self.fact}"


Rule = Callable[[Facts, Claims], Iterator[Misfit]]


def without(stretch: Stretch, taken: Iterable[tuple[datetime, datetime | None]]) -> list[Stretch]:
    """What is left of a stretch of time when others are taken out of it."""
    since, until = stretch
    left = []
    for begins, ends in sorted((begins, ends or FAR) for begins, ends in taken):
        if begins > since:
            left.append((since, min(begins, until)))
        since = max(since, ends)
        if since >= until:
            break
    if since < until:
        left.append((since, until))
    return [each for each in left if each[0] < each[1]]
