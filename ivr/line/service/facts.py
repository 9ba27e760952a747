"""What `/metrics` says: this machine's counters, and what the database knows at this moment.

What comes of the database is the same whichever process and machine is asked: take it once
(``max``), and add up the counters of all machines (``sum``).
"""

from __future__ import annotations

import logging
import platform
from collections.abc import Iterator
from datetime import datetime
from importlib.metadata import version

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily, Metric

from ivr.clock import Clock
from ivr.line import metrics
from ivr.line.definition import Line
from ivr.line.flow.steps import Hold
from ivr.line.service.bounded import Bounded
from ivr.line.service.health import CHECKS, Health
from ivr.line.store.facts import Facts
from ivr.line.store.schema import known
from ivr.line.store.store import Store

log = logging.getLogger(__name__)

AGES = {"10m": 600, "1h": 3600, "4h": 14400}  # how old claims are, each up to so many seconds


class Scrape:
    """Reads everything that `/metrics` says, for one line."""

    def __init__(self, line: Line, store: Store, clock: Clock, health: Health) -> None:
        self.line = line
        self.store = store
        self.clock = clock
        self.health = health
        self._facts = Bounded(self._read, health.within)
        self._queues = sorted(
            {step.queue for step in line.caller.steps.values() if isinstance(step, Hold)}
        )

    def text(self) -> bytes:
        """In Prometheus' text format; without the facts when the database doesn't answer."""
        now = CollectorRegistry()
        now.register(self)
        return bytes(generate_latest(metrics.counters()) + generate_latest(now))

    def describe(self) -> list[Metric]:
        """Nothing is collected before somebody asks."""
        return []

    def collect(self) -> Iterator[Metric]:
        """The facts."""
        build = InfoMetricFamily("ivr_build", "What runs here.")
        config = self.line.config
        build.add_metric(
            [],
            {
                "version": version("ivr-simulator"),
                "python": platform.python_version(),
                "line": config.name,
                "flow_version": config.version,
                "schema": known()[-1].revision,
            },
        )
        yield build
        ready = GaugeMetricFamily(
            "ivr_ready",
            "Whether a check of /readyz is passed, where that is known.",
            labels=["check"],
        )
        for check in self.health.checks():
            if check.ok is not None:
                ready.add_metric([check.name], float(check.ok))
        yield ready
        try:
            now, facts = self._facts.ask()
        except Exception as error:
            log.warning(
                "the facts can't be read: %s",
                type(error).__name__,
                extra={"event": "health.unknown"},
            )
            return
        yield from self._calls(now, facts)
        yield from _promises(now, facts)
        yield from _duties(now, facts)
        yield from _claims(now, facts)

    def _read(self) -> tuple[datetime, Facts]:
        now = self.clock.now()
        return now, self.store.facts.read(now)

    def _calls(self, now: datetime, facts: Facts) -> Iterator[Metric]:
        yield _gauge("ivr_calls_open", "Calls that go on.", facts.open_calls)
        waiting = GaugeMetricFamily("ivr_callers_waiting", "Callers in a queue.", labels=["queue"])
        longest = GaugeMetricFamily(
            "ivr_longest_wait_seconds",
            "How long the first caller in a queue has been there.",
            labels=["queue"],
        )
        for queue in sorted({*self._queues, *facts.waiting}):
            count, since = facts.waiting.get(queue, (0, now))
            waiting.add_metric([queue], count)
            longest.add_metric([queue], _seconds(now, since))
        yield waiting
        yield longest


def _promises(now: datetime, facts: Facts) -> Iterator[Metric]:
    overdue = [due for due in facts.promises if due < now]
    yield _gauge("ivr_promises_owed", "Calls back that are owed.", len(facts.promises))
    yield _gauge("ivr_promises_overdue", "Those that should have been made by now.", len(overdue))
    yield _gauge(
        "ivr_promise_overdue_seconds",
        "By how much the oldest of them is overdue.",
        _seconds(now, min(overdue, default=now)),
    )


def _duties(now: datetime, facts: Facts) -> Iterator[Metric]:
    owed = GaugeMetricFamily("ivr_duties_owed", "Duties, due or not yet.", labels=["kind"])
    due = GaugeMetricFamily("ivr_duties_due", "Duties that are due.", labels=["kind"])
    age = GaugeMetricFamily(
        "ivr_duty_age_seconds", "How long the oldest duty has been due.", labels=["kind"]
    )
    for each in facts.duties:
        owed.add_metric([each.kind], each.owed)
        due.add_metric([each.kind], each.due)
        age.add_metric([each.kind], _seconds(now, each.first))
    yield owed
    yield due
    yield age


def _claims(now: datetime, facts: Facts) -> Iterator[Metric]:
    ages = [_seconds(now, since) for since in facts.claims]
    claims = GaugeMetricFamily(
        "ivr_claims",
        "People that a call has claimed, by how long ago: up to 10 minutes, up to 1 hour, up to "
        "4 hours, longer.",
        labels=["age"],
    )
    least = 0.0
    for name, most in AGES.items():
        claims.add_metric([name], sum(least <= age < most for age in ages))
        least = most
    claims.add_metric(["longer"], sum(age >= least for age in ages))
    yield claims
    yield _gauge(
        "ivr_claim_age_seconds", "Since when the oldest claim is held.", max(ages, default=0)
    )


def _gauge(name: str, purpose: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, purpose, value=value)


def _seconds(now: datetime, since: datetime) -> float:
    return max(0.0, (now - since).total_seconds())


__all__ = ["CHECKS", "Scrape"]
