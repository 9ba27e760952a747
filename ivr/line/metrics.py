"""What this process counts, for `/metrics`: names, labels and buckets of every counter.

Labels are words of the program and of ``line.toml``: never a telephone number, a person, a case or
a call. What the database knows isn't counted here, but read when somebody asks; see
`ivr.line.service.facts`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    disable_created_metrics,
    values,
)
from prometheus_client.multiprocess import MultiProcessCollector

CARRIER_WAITS = 15  # seconds until the carrier gives up on a webhook

disable_created_metrics()  # type: ignore[no-untyped-call]  # each process has its own
_registry = CollectorRegistry()
_worker = 0  # which of the processes that share a folder this is; 0 starts the others

if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
    # By worker instead of by process: who comes in place of one that died counts on in its files,
    # so that no sum falls, and there are as many files as workers however often they die.
    values.ValueClass = values.MultiProcessValue(lambda: _worker)  # type: ignore[no-untyped-call]


def count_as(worker: int) -> None:
    """From here on this process is worker ``worker`` (1, 2 …), as no other process is now."""
    global _worker
    _worker = worker


def counters() -> CollectorRegistry:
    """The counters of this process; with ``PROMETHEUS_MULTIPROC_DIR``, the sums of every process
    that shares the folder or did."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return _registry
    together = CollectorRegistry()
    MultiProcessCollector(together)  # type: ignore[no-untyped-call]
    return together


# --- webhooks ---

WEBHOOK_SECONDS = Histogram(
    "ivr_webhook_seconds",
    "Seconds from a webhook's arrival to its answer; the carrier gives up after 15.",
    ["webhook"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, CARRIER_WAITS),
    registry=_registry,
)
WEBHOOKS_FAILED = Counter(
    "ivr_webhooks_failed",
    "Webhooks that could not be answered as the flow wants, and led the call to an operator.",
    registry=_registry,
)
WEBHOOKS_REFUSED = Counter(
    "ivr_webhooks_refused",
    "Requests that were refused because the carrier had not signed them.",
    registry=_registry,
)

# --- calls ---

CALLS_STARTED = Counter(
    "ivr_calls_started",
    "Calls that began: of a caller, a call back, or a request on the web.",
    ["kind"],
    registry=_registry,
)
CALLS_ENDED = Counter(
    "ivr_calls_ended",
    "Calls that ended: met (somebody), promised (a call back), or left.",
    ["kind", "how"],
    registry=_registry,
)
SECONDS_TO_PERSON = Histogram(
    "ivr_seconds_to_person",
    "Seconds from the beginning of a caller's call until they and somebody of the desk first "
    "heard each other, of calls in which they met.",
    buckets=(10, 20, 30, 45, 60, 90, 120, 180, 300, 600, 1200, 1800),
    registry=_registry,
)
HUNTS = Counter(
    "ivr_hunts",
    "Searches for somebody that are over: joined (somebody took the call), nobody, time_up, "
    "or left (the caller went on to something else or hung up).",
    ["hunt", "outcome"],
    registry=_registry,
)
RINGS = Counter("ivr_rings", "Phones of the desk that were rung.", registry=_registry)
RING_RESULTS = Counter(
    "ivr_ring_results",
    "What became of rings: answered, taken, accepted (they met), declined, busy, noanswer, "
    "machine or failed.",
    ["result"],
    registry=_registry,
)

# --- duties and the carrier ---

DUTIES_DONE = Counter("ivr_duties_done", "Duties carried out.", ["kind"], registry=_registry)
DUTY_FAILURES = Counter(
    "ivr_duty_failures",
    "Attempts at a duty that failed; it is tried again.",
    ["kind"],
    registry=_registry,
)
DUTIES_GIVEN_UP = Counter(
    "ivr_duties_given_up",
    "Duties that are not tried any more.",
    ["kind"],
    registry=_registry,
)
REST_SECONDS = Histogram(
    "ivr_rest_seconds",
    "Seconds that requests to the carrier's REST API took.",
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
    registry=_registry,
)
REST_FAILURES = Counter(
    "ivr_rest_failures",
    "Requests to the carrier's REST API that failed: refused, gone (the leg had ended), "
    "credentials (the account's), unreachable (never sent), unanswered (it may have been done).",
    ["kind"],
    registry=_registry,
)
REST_FAILURE_KINDS = ("refused", "gone", "credentials", "unreachable", "unanswered")

# A counter that was never there isn't seen to increase: what is known to come begins at 0.
for _kind in REST_FAILURE_KINDS:
    REST_FAILURES.labels(_kind)
for _result in (
    "answered", "taken", "accepted", "declined", "busy", "noanswer", "machine", "failed",
):  # fmt: skip
    RING_RESULTS.labels(_result)


def expect(kinds: Iterable[str], hunts: Iterable[str]) -> None:
    """Begin to count duties of these kinds, and hunts of these names."""
    for kind in kinds:
        for counter in (DUTIES_DONE, DUTY_FAILURES, DUTIES_GIVEN_UP):
            counter.labels(kind)
    for hunt in hunts:
        for outcome in ("joined", "nobody", "time_up", "left"):
            HUNTS.labels(hunt, outcome)
