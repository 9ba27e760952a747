"""How much a customer may leave here in a day: what is stored of them has a limit, `[limits]` in
``line.toml``. Staff have none, and by telephone nobody has."""

from __future__ import annotations

from collections.abc import Sequence

from flask import g

from ivr.line.desk.limits import DAY, bucket
from ivr.line.desk.roles import works_here
from ivr.line.errors import CaseError
from ivr.line.service.services import Services
from ivr.line.store.tallies import Bound


class Allowance:
    """Counts by person and by what they ask for: comments don't use up what an outage needs."""

    def __init__(self, services: Services) -> None:
        self.tallies = services.store.tallies
        self.clock = services.clock
        self.config = services.line.config

    def take(self, what: str) -> list[int]:
        """One more of these today; what was counted, for `give_back`. Raises `CaseError`, with what
        to do instead, when the day's are used up."""
        if works_here(g.login.roles):
            return []
        limits, now = self.config.limits, self.clock.now()
        most = limits.cases_day if what == "log" else limits.requests_day
        theirs = Bound(f"{bucket('web', g.login.id)} {what}", now - DAY, most)
        counted = self.tallies.take([theirs], now)
        if not counted:
            number = next(iter(self.config.numbers))
            why = f"{most} a day are the most here; call {number}"
            raise CaseError(why, "", "too_many", most=most, number=number)
        return counted

    def give_back(self, counted: Sequence[int]) -> None:
        """Nothing came of it."""
        self.tallies.give_back(counted)


__all__ = ["Allowance"]
