"""Routing: tasks are offered to workers, in a fixed order, and everything that happens is told.

https://www.twilio.com/docs/taskrouter/how-taskrouter-works, /api/event/reference
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from math import inf
from typing import Any

from ivr.simulator.calls.leg import Leg
from ivr.simulator.calls.protocols import CallNetwork
from ivr.simulator.calls.taskrouter.events import fields
from ivr.simulator.calls.taskrouter.expressions import condition
from ivr.simulator.calls.taskrouter.workspace import (
    ACTIVITIES,
    LIVES,
    OPEN,
    Activity,
    Filter,
    Reservation,
    Resource,
    Step,
    Task,
    TaskQueue,
    Worker,
    Workflow,
    Workspace,
)
from ivr.simulator.webhooks.delivery import Delivery

AGAIN = 1.0  # ours: seconds until a task that was rejected is offered again
KNOWN_KEYS = frozenset(
    {
        "filter_friendly_name",
        "friendly_name",
        "expression",
        "targets",
        "queue",
        "priority",
        "timeout",
    }
)


class TaskRouter:
    """All workspaces of a network. ``on_reserved``: asks the application what to do."""

    def __init__(self, network: CallNetwork[Leg]) -> None:
        self.network = network
        self.workspaces: dict[str, Workspace] = {}
        self.ringing: dict[str, Leg] = {}  # calls to workers, by reservation SID
        self.on_reserved: Callable[[Workspace, Reservation], None] = lambda _space, _offer: None

    # ---- what there is

    def stamp(self, prefix: str, name: str, sid: str = "") -> dict[str, Any]:
        """The fields that every `Resource` has."""
        now = self.network.clock.now()
        sid = sid or self.network.seed.sid(prefix)
        return {"sid": sid, "name": name, "created_at": now, "updated_at": now}

    def workspace(self, name: str = "Workspace", sid: str = "") -> Workspace:
        """A new workspace, with the activities that every one has."""
        space = Workspace(**self.stamp("WS", name, sid))
        self.workspaces[space.sid] = space
        for activity, available in ACTIVITIES:
            self.activity(space, activity, available)
        offline = space.activity("Offline")
        assert offline is not None
        space.default_activity = space.timeout_activity = offline.sid
        return space

    def activity(self, space: Workspace, name: str, available: bool) -> Activity:
        activity = Activity(**self.stamp("WA", name), available=available)
        space.activities[activity.sid] = activity
        self.tell(space, "activity.created", activity)
        return activity

    def worker(
        self, space: Workspace, name: str, attributes: dict[str, Any], activity: Activity
    ) -> Worker:
        stamp = self.stamp("WK", name)
        worker = Worker(
            **stamp, attributes=attributes, activity=activity, idle_since=stamp["created_at"]
        )
        space.workers[worker.sid] = worker
        self.tell(space, "worker.created", worker)
        self.soon(space)
        return worker

    def queue(self, space: Workspace, name: str, target_workers: str = "1==1") -> TaskQueue:
        """Raises `ExpressionError`."""
        queue = TaskQueue(**self.stamp("WQ", name), target_workers=target_workers)
        space.queues[queue.sid] = queue
        self.tell(space, "task-queue.created", queue)
        return queue

    def workflow(self, space: Workspace, name: str, sid: str = "") -> Workflow:
        workflow = Workflow(**self.stamp("WW", name, sid))
        space.workflows[workflow.sid] = workflow
        self.tell(space, "workflow.created", workflow)
        return workflow

    def configure(self, space: Workspace, workflow: Workflow, configuration: str) -> None:
        """Read a workflow's configuration, a JSON text.

        Raises ValueError, which says what can't be read or isn't built here.
        (https://www.twilio.com/docs/taskrouter/workflow-configuration)
        """
        routing = json.loads(configuration)["task_routing"]
        filters = [
            Filter(
                condition(each.get("expression", "")),
                tuple(self._step(space, target) for target in each["targets"]),
            )
            for each in map(_known, routing.get("filters", []))
        ]
        if routing.get("default_filter"):
            step = self._step(space, routing["default_filter"])
            filters.append(Filter(condition(""), (step,)))
        workflow.filters, workflow.configuration = tuple(filters), configuration

    def _step(self, space: Workspace, target: Mapping[str, Any]) -> Step:
        queue = space.queues.get(_known(target)["queue"])
        if queue is None:
            raise ValueError(f"there is no TaskQueue {target['queue']}")
        priority, timeout = target.get("priority"), target.get("timeout")
        return Step(
            queue,
            None if priority is None else int(priority),
            None if timeout is None else int(timeout),
            condition(target.get("expression", "")),
        )

    def find_workflow(self, sid: str) -> tuple[Workspace, Workflow] | None:
        for space in self.workspaces.values():
            if sid in space.workflows:
                return space, space.workflows[sid]
        return None

    def find_reservation(self, sid: str) -> tuple[Workspace, Reservation] | None:
        for space in self.workspaces.values():
            reservation = space.reservation(sid)
            if reservation is not None:
                return space, reservation
        return None

    # ---- tasks

    def task(
        self,
        space: Workspace,
        workflow: Workflow,
        attributes: dict[str, Any],
        priority: int = 0,
        timeout: int | None = None,
        channel: str = "default",
    ) -> Task:
        """A new task enters the workflow."""
        task = Task(
            **self.stamp("WT", channel),
            workflow=workflow,
            attributes=attributes,
            priority=priority,
            timeout=timeout or LIVES,
        )
        space.tasks[task.sid] = task
        self.tell(space, "task.created", task)
        fitting = next((each for each in workflow.filters if each.fits(attributes)), None)
        clock = self.network.clock
        if fitting is None:
            clock.soon(self.cancel, space, task, "No filter of the workflow matches")
            return task
        task.steps = fitting.steps
        too_old = clock.after(task.timeout, self.cancel, space, task, "Task TTL Exceeded")
        task.bells.append(too_old)
        self.tell(space, "workflow.entered", task)
        self._enter(space, task)
        return task

    def _enter(self, space: Workspace, task: Task) -> None:
        step = task.steps[task.step]
        task.priority = task.priority if step.priority is None else step.priority
        self.tell(space, "task-queue.entered", task)
        if step.timeout is not None:
            clock = self.network.clock
            task.step_ends = clock.seconds() + step.timeout
            task.bells.append(clock.after(step.timeout, self._step_over, space, task, task.step))
        self.soon(space)

    def _step_over(self, space: Workspace, task: Task, step: int) -> None:
        """A task has waited long enough in a queue; one that is reserved waits for the worker."""
        if task.status != "pending" or task.step != step:
            return
        self.tell(space, "task-queue.timeout", task)
        task.step_ends = inf
        if step + 1 < len(task.steps):
            task.step += 1
            self._enter(space, task)
        else:
            self.tell(space, "workflow.timeout", task)
            self.cancel(space, task, "Workflow timeout")

    def cancel(self, space: Workspace, task: Task, reason: str) -> None:
        if task.over or task.status in ("assigned", "wrapping"):
            return
        self._over(space, task, "canceled", reason)
        for reservation in task.reservations:
            if reservation.pending:
                self._end(space, reservation, "canceled")
        self.tell(space, "task.canceled", task)

    def complete(self, space: Workspace, task: Task, reason: str = "") -> None:
        if task.over:
            return
        self._over(space, task, "completed", reason)
        for reservation in task.reservations:
            if reservation.status in OPEN:
                self._end(space, reservation, "completed")
        self.tell(space, "task.completed", task)

    def wrap(self, space: Workspace, task: Task) -> None:
        """The work is done, and is being written up; the application completes the task."""
        if task.status == "assigned":
            self._now(task, "wrapping")
            self.tell(space, "task.wrapup", task)
            for reservation in task.reservations:
                if reservation.status == "accepted":
                    self._now(reservation, "wrapping")
                    self.tell(space, "reservation.wrapup", reservation)

    def _over(self, space: Workspace, task: Task, status: str, reason: str) -> None:
        self._now(task, status)
        task.reason = reason
        self._quiet(task)

    # ---- reservations

    def soon(self, space: Workspace) -> None:
        """See whether anything can be offered to anyone, after the current event."""
        self.network.clock.soon(self.route, space)

    def route(self, space: Workspace) -> None:
        """Offer pending tasks, the most urgent and oldest first, each to whoever fits and has been
        free the longest."""
        pending = [each for each in space.tasks.values() if each.status == "pending"]
        for task in sorted(pending, key=lambda each: -each.priority):
            queue = task.queue
            if queue is None:
                continue
            fits = task.steps[task.step].fits
            able = [
                worker
                for worker in space.workers.values()
                if worker.free(task.channel)
                and queue.fits(worker.attributes)
                and fits({"task": task.attributes, "worker": worker.attributes} | task.attributes)
            ]
            if able:
                self._reserve(space, task, min(able, key=lambda each: each.idle_since))

    def _reserve(self, space: Workspace, task: Task, worker: Worker) -> None:
        stamp = self.stamp("WR", worker.name)
        reservation = Reservation(**stamp, task=task, worker=worker)
        task.reservations.append(reservation)
        worker.reservations.append(reservation)
        self._now(task, "reserved")
        clock, lasts = self.network.clock, task.workflow.reservation_timeout
        reservation.bells.append(clock.after(lasts, self._timed_out, space, reservation))
        self.tell(space, "reservation.created", reservation)
        self.on_reserved(space, reservation)

    def accept(self, space: Workspace, reservation: Reservation) -> bool:
        """Whether it could be accepted: it was pending."""
        if not reservation.pending:
            return False
        self._quiet(reservation)
        self._now(reservation, "accepted")
        self._now(reservation.task, "assigned")
        self.tell(space, "reservation.accepted", reservation)
        return True

    def reject(self, space: Workspace, reservation: Reservation, activity: str = "") -> bool:
        """Whether it could be rejected; the worker then has another activity, if one is given."""
        if not reservation.pending:
            return False
        self._end(space, reservation, "rejected")
        if activity in space.activities:
            self.move(space, reservation.worker, space.activities[activity])
        self.network.clock.after(AGAIN, self._back, space, reservation.task)
        return True

    def _timed_out(self, space: Workspace, reservation: Reservation) -> None:
        if reservation.pending:
            self._end(space, reservation, "timeout")
            self.move(space, reservation.worker, space.activities[space.timeout_activity])
            self._back(space, reservation.task)

    def _back(self, space: Workspace, task: Task) -> None:
        if task.status == "reserved":
            self._now(task, "pending")
            if task.step_ends <= self.network.clock.seconds():
                self._step_over(space, task, task.step)
            self.soon(space)

    def _end(self, space: Workspace, reservation: Reservation, status: str) -> None:
        self._quiet(reservation)
        self._now(reservation, status)
        reservation.worker.idle_since = self.network.clock.now()
        self.tell(space, f"reservation.{status}", reservation)
        leg = self.ringing.pop(reservation.sid, None)
        if leg is not None and not leg.picked_up:
            why = f"the worker's reservation is over ({status})"
            self.network.clock.soon(leg.end, "canceled", why)
        self.soon(space)

    def call_over(self, space: Workspace, reservation: Reservation) -> None:
        """The call between worker and caller has ended. The task is completed if it has been said
        what the worker does then; otherwise it is being wrapped up."""
        if reservation.status != "accepted":
            return
        after = space.activities.get(reservation.post_work_activity)
        if after is None:
            self.wrap(space, reservation.task)
            return
        self.move(space, reservation.worker, after)
        self.complete(space, reservation.task)

    def move(self, space: Workspace, worker: Worker, activity: Activity) -> None:
        """The worker does something else from now on."""
        if worker.activity is activity:
            return
        before, now = worker.activity, self.network.clock.now()
        spent = int((now - worker.updated_at).total_seconds() * 1000)
        worker.activity, worker.idle_since, worker.updated_at = activity, now, now
        extra = {
            "WorkerPreviousActivitySid": before.sid,
            "WorkerTimeInPreviousActivity": str(spent // 1000),
            "WorkerTimeInPreviousActivityMs": str(spent),
        }
        self.tell(space, "worker.activity.update", worker, extra)
        self.soon(space)

    # ---- times, and what is told

    def _now(self, what: Task | Reservation, status: str) -> None:
        what.status = status
        what.updated_at = self.network.clock.now()

    def _quiet(self, what: Task | Reservation) -> None:
        while what.bells:
            what.bells.pop().cancel()

    def tell(
        self, space: Workspace, event: str, about: Resource, extra: Mapping[str, str] | None = None
    ) -> None:
        """Request the workspace's EventCallbackUrl, if it wants this event."""
        if not space.event_url or (space.event_filter and event not in space.event_filter):
            return
        clock = self.network.clock
        kind = type(about).__name__
        values = {
            "AccountSid": self.network.account_sid,
            "EventDescription": f"{kind} {about.name}: {event}",
            "EventType": event,
            "ResourceSid": about.sid,
            "ResourceType": kind,
            "Timestamp": str(int(clock.now().timestamp())),
            "WorkspaceName": space.name,
            "WorkspaceSid": space.sid,
            **fields(about, clock.now()),
            **(extra or {}),
        }
        clock.soon(Delivery(self.network, space.event_url, "POST", values).tell)


def default_routing(queue: TaskQueue) -> str:
    """The configuration of a workflow in which every task goes to one queue."""
    return json.dumps({"task_routing": {"filters": [], "default_filter": {"queue": queue.sid}}})


def _known(part: Mapping[str, Any]) -> Mapping[str, Any]:
    """A part of a configuration. Raises ValueError for what isn't built here."""
    for name in part:
        if name not in KNOWN_KEYS:
            raise ValueError(f"{name} of a configuration: this simulator doesn't support it")
    return part
