"""What a TaskRouter workspace holds: activities, workers, queues, workflows, tasks, reservations.

https://www.twilio.com/docs/taskrouter/api
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from math import inf
from typing import Any

from ivr.simulator.calls.taskrouter.expressions import Condition, condition
from ivr.simulator.network.virtual_clock import Bell

ALWAYS = condition("")
# What a new workspace has, and whether workers are available in it.
ACTIVITIES = (("Offline", False), ("Available", True), ("Unavailable", False))
OPEN = ("pending", "accepted", "wrapping")  # reservations that keep a worker from another one
RESERVED_FOR = 120  # seconds: "TaskRouter starts a … reservation timer (defaults to 120 seconds)"
LIVES = 86400  # seconds that a task may wait; ours is Twilio's "24 hours"


@dataclass(slots=True, kw_only=True)
class Resource:
    """What everything in a workspace has."""

    sid: str
    name: str
    created_at: datetime
    updated_at: datetime


@dataclass(slots=True, kw_only=True)
class Activity(Resource):
    """What a worker does, and whether they are ``available`` then."""

    available: bool


@dataclass(slots=True, kw_only=True)
class Worker(Resource):
    """Somebody who gets tasks; ``attributes`` are read from JSON.

    ``idle_since``: when they last became free; the one who has been free the longest is asked
    first.
    """

    attributes: dict[str, Any]
    activity: Activity
    idle_since: datetime
    reservations: list[Reservation] = field(default_factory=list)

    def free(self, channel: str) -> bool:
        """Whether they can get a task: "one at a time" on each channel."""
        busy = (each.task.channel == channel and each.status in OPEN for each in self.reservations)
        return self.activity.available and not any(busy)


@dataclass(slots=True, kw_only=True)
class TaskQueue(Resource):
    """Tasks that wait for workers whose attributes fit ``target_workers``."""

    target_workers: str = "1==1"
    fits: Condition = field(default=ALWAYS, repr=False)

    def __post_init__(self) -> None:
        self.fits = condition(self.target_workers)


@dataclass(frozen=True, slots=True)
class Step:
    """One target of a workflow's filter: a queue, for ``timeout`` seconds (None: for good)."""

    queue: TaskQueue
    priority: int | None = None
    timeout: int | None = None
    fits: Condition = ALWAYS


@dataclass(frozen=True, slots=True)
class Filter:
    """The steps of tasks that fit."""

    fits: Condition
    steps: tuple[Step, ...]


@dataclass(slots=True, kw_only=True)
class Workflow(Resource):
    """Which queues a task goes to, and who is asked what to do when it is assigned.

    ``configuration`` is the JSON as given; ``filters`` what it says, the default filter last.
    """

    assignment_url: str = ""
    fallback_url: str = ""
    reservation_timeout: int = RESERVED_FOR
    configuration: str = ""
    filters: tuple[Filter, ...] = ()


@dataclass(slots=True, kw_only=True)
class Task(Resource):
    """A piece of work; ``name`` is its channel, "voice" for a call.

    ``status``: pending, reserved, assigned, wrapping, completed or canceled.
    """

    workflow: Workflow
    attributes: dict[str, Any]
    priority: int = 0
    timeout: int = LIVES
    status: str = "pending"
    reason: str = ""
    steps: tuple[Step, ...] = ()
    step: int = 0
    step_ends: float = inf  # seconds on the network's clock
    bells: list[Bell] = field(default_factory=list, repr=False)
    reservations: list[Reservation] = field(default_factory=list)
    linked: bool = False  # it follows a call that waits in a queue

    @property
    def channel(self) -> str:
        return self.name

    @property
    def queue(self) -> TaskQueue | None:
        return self.steps[self.step].queue if self.step < len(self.steps) else None

    @property
    def over(self) -> bool:
        return self.status in ("completed", "canceled")

    def age(self, now: datetime) -> int:
        """Whole seconds since it was made."""
        return int((now - self.created_at).total_seconds())


@dataclass(slots=True, kw_only=True)
class Reservation(Resource):
    """A task that is offered to a worker, whose name is its ``name``.

    ``status``: pending, accepted, rejected, timeout, canceled, rescinded, wrapping or completed.
    """

    task: Task
    worker: Worker
    status: str = "pending"
    post_work_activity: str = ""  # SID of what the worker does after the call
    bells: list[Bell] = field(default_factory=list, repr=False)

    @property
    def pending(self) -> bool:
        return self.status == "pending"


@dataclass(slots=True, kw_only=True)
class Workspace(Resource):
    """Everything by SID; ``event_filter`` are the events that are reported, none for all."""

    event_url: str = ""
    event_filter: frozenset[str] = frozenset()
    multi_task: bool = True
    default_activity: str = ""
    timeout_activity: str = ""
    activities: dict[str, Activity] = field(default_factory=dict)
    workers: dict[str, Worker] = field(default_factory=dict)
    queues: dict[str, TaskQueue] = field(default_factory=dict)
    workflows: dict[str, Workflow] = field(default_factory=dict)
    tasks: dict[str, Task] = field(default_factory=dict)

    def activity(self, name: str) -> Activity | None:
        """By name or SID."""
        found = (a for a in self.activities.values() if name in (a.sid, a.name))
        return next(found, None)

    def reservation(self, sid: str) -> Reservation | None:
        found = (r for t in self.tasks.values() for r in t.reservations if r.sid == sid)
        return next(found, None)


def json_object(text: str | bytes) -> dict[str, Any]:
    """Attributes, or an instruction. Raises ValueError for anything but a JSON object."""
    found = json.loads(text)
    if not isinstance(found, dict):
        raise ValueError("it isn't a JSON object")
    return found
