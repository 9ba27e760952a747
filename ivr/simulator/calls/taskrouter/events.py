"""What an event, or an assignment callback, says about a resource of a workspace.

https://www.twilio.com/docs/taskrouter/api/event/reference
"""

from __future__ import annotations

import json
from datetime import datetime

from ivr.simulator.calls.taskrouter.workspace import (
    Activity,
    Reservation,
    Resource,
    Task,
    TaskQueue,
    Worker,
    Workflow,
)


def fields(about: Resource, now: datetime) -> dict[str, str]:
    """Its parameters; those of a reservation are also those of its task and its worker."""
    match about:
        case Reservation(task=task, worker=worker):
            named = {"ReservationSid": about.sid}
            return named | _of_task(task, now) | fields(worker, now)
        case Task():
            return _of_task(about, now)
        case Worker(activity=activity):
            return {
                "WorkerActivityName": activity.name,
                "WorkerActivitySid": activity.sid,
                "WorkerAttributes": json.dumps(about.attributes),
                "WorkerName": about.name,
                "WorkerSid": about.sid,
            }
        case Activity(available=available):
            return {
                "ActivityAvailable": str(available).lower(),
                "ActivityName": about.name,
                "ActivitySid": about.sid,
            }
        case TaskQueue():
            return {
                "TaskQueueName": about.name,
                "TaskQueueSid": about.sid,
                "TaskQueueTargetExpression": about.target_workers,
            }
        case Workflow():
            return {"WorkflowName": about.name, "WorkflowSid": about.sid}
    return {}


def _of_task(task: Task, now: datetime) -> dict[str, str]:
    values = {
        "TaskAge": str(task.age(now)),
        "TaskAssignmentStatus": task.status,
        "TaskAttributes": json.dumps(task.attributes),
        "TaskPriority": str(task.priority),
        "TaskSid": task.sid,
        "WorkflowSid": task.workflow.sid,
    }
    if task.queue is not None:
        values["TaskQueueSid"] = task.queue.sid
    if task.over:
        how = "Canceled" if task.status == "canceled" else "Completed"
        values[f"Task{how}Reason"] = task.reason
    return values
