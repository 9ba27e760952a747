"""REST: tasks and their reservations.

https://www.twilio.com/docs/taskrouter/api/task, /reservations
"""

from __future__ import annotations

import json
from typing import Any

from ivr.simulator.calls.taskrouter.assignment import InstructionError
from ivr.simulator.calls.taskrouter.workspace import LIVES, Reservation, Task, Workspace
from ivr.simulator.rest.products.taskrouter import workers
from ivr.simulator.rest.products.taskrouter.addresses import (
    SPACES,
    activity,
    address,
    attributes,
    bad,
    found,
    links,
    router,
    space,
)
from ivr.simulator.rest.resource import (
    ApiError,
    Endpoint,
    Form,
    Json,
    Resources,
    Response,
    iso8601,
    meta_page,
)

# How the parameters of each instruction begin, and those that it has.
INSTRUCTIONS = {
    "accept": ("", ()),
    "reject": ("", ()),
    "dequeue": (
        "Dequeue",
        ("To", "From", "Timeout", "PostWorkActivitySid", "StatusCallbackUrl"),
    ),
    "call": ("Call", ("To", "From", "Timeout", "Url", "Accept", "StatusCallbackUrl")),
    "redirect": ("Redirect", ("CallSid", "Url", "Accept")),
    "conference": (
        "",
        (
            *("To", "From", "Timeout", "PostWorkActivitySid", "EndConferenceOnExit"),
            *("EndConferenceOnCustomerExit", "ConferenceStatusCallback"),
            "ConferenceStatusCallbackMethod",
        ),
    ),
}
EVENTS = {
    "dequeue": ("DequeueStatusCallbackEvent", "status_callback_events"),
    "conference": ("ConferenceStatusCallbackEvent", "conference_status_callback_event"),
}


def create(api: Resources, form: Form, path: tuple[str, ...]) -> Response:
    there = space(api, path[0])
    sid = form.text("WorkflowSid")
    if not sid and len(there.workflows) != 1:
        raise bad("WorkflowSid is required unless the workspace has exactly one workflow")
    if sid and sid not in there.workflows:
        raise bad(f"there is no workflow {sid}")
    workflow = there.workflows[sid] if sid else next(iter(there.workflows.values()))
    made = router(api).task(
        there,
        workflow,
        attributes(form, {}),
        form.whole("Priority", 0),
        form.whole("Timeout", LIVES, 1),
        form.text("TaskChannel", "default"),
    )
    return 201, show(api, there, made)


def listing(api: Resources, form: Form, path: tuple[str, ...]) -> Response:
    there = space(api, path[0])
    status = form.several("AssignmentStatus")
    workflow, queue = form.text("WorkflowSid"), form.text("TaskQueueSid")
    priority = form.text("Priority")
    wanted = {word for each in status for word in each.split(",")}
    some = [
        each
        for each in there.tasks.values()
        if (not wanted or each.status in wanted)
        and workflow in ("", each.workflow.sid)
        and priority in ("", str(each.priority))
        and queue in ("", each.queue.sid if each.queue else None)
    ]
    url = address(there.sid, "Tasks")
    return meta_page(form, url, "tasks", some, lambda each: show(api, there, each))


def find(api: Resources, path: tuple[str, ...]) -> tuple[Workspace, Task]:
    there = space(api, path[0])
    return there, found(api, there.tasks, f"{there.sid}/Tasks", path[1])


def fetch(api: Resources, _form: Form, path: tuple[str, ...]) -> Response:
    return 200, show(api, *find(api, path))


def update(api: Resources, form: Form, path: tuple[str, ...]) -> Response:
    there, task = find(api, path)
    routes, status, reason = router(api), form.text("AssignmentStatus"), form.text("Reason")
    if status:
        _may_become(task, status)
    changed = attributes(form, task.attributes)
    priority = form.whole("Priority", task.priority)
    if changed != task.attributes or priority != task.priority:
        task.attributes, task.priority = changed, priority
        routes.tell(there, "task.updated", task)
    match status:
        case "completed":
            routes.complete(there, task, reason)
        case "canceled":
            routes.cancel(there, task, reason)
        case "wrapping":
            routes.wrap(there, task)
    task.reason = reason or task.reason
    task.updated_at = api.network.clock.now()
    return 200, show(api, there, task)


def _may_become(task: Task, status: str) -> None:
    """Raises `ApiError` where a task of its status can't have this one."""
    before = {
        "completed": ("assigned", "wrapping"),
        "wrapping": ("assigned",),
        "canceled": ("pending", "reserved"),
    }
    if status not in before:
        raise bad(f"AssignmentStatus must be completed, wrapping or canceled, not {status}")
    if task.status not in before[status]:
        raise bad(f"the task is {task.status}, so it can't be {status}")


def delete(api: Resources, _form: Form, path: tuple[str, ...]) -> Response:
    there, task = find(api, path)
    router(api).cancel(there, task, "Task deleted")
    del there.tasks[task.sid]
    router(api).tell(there, "task.deleted", task)
    return 204, None


def show(api: Resources, there: Workspace, task: Task) -> Json:
    url = address(there.sid, "Tasks", task.sid)
    return {
        "account_sid": api.network.account_sid,
        "addons": "{}",
        "age": task.age(api.network.clock.now()),
        "assignment_status": task.status,
        "attributes": json.dumps(task.attributes),
        "date_created": iso8601(task.created_at),
        "date_updated": iso8601(task.updated_at),
        "ignore_capacity": False,
        "links": links(url, "reservations")
        | {"workflow": address(there.sid, "Workflows", task.workflow.sid)}
        | {"workspace": address(there.sid)},
        "priority": task.priority,
        "reason": task.reason or None,
        "routing_target": None,
        "sid": task.sid,
        "task_channel_sid": None,
        "task_channel_unique_name": task.channel,
        "task_queue_entered_date": iso8601(task.created_at),
        "task_queue_friendly_name": task.queue.name if task.queue else None,
        "task_queue_sid": task.queue.sid if task.queue else None,
        "timeout": task.timeout,
        "url": url,
        "virtual_start_time": iso8601(task.created_at),
        "workflow_friendly_name": task.workflow.name,
        "workflow_sid": task.workflow.sid,
        "workspace_sid": there.sid,
    }


# ---- reservations


def of_task(api: Resources, form: Form, path: tuple[str, ...]) -> Response:
    there, task = find(api, path)
    url = address(there.sid, "Tasks", task.sid, "Reservations")
    return _page(api, form, there, url, task.reservations)


def of_worker(api: Resources, form: Form, path: tuple[str, ...]) -> Response:
    there, worker = workers.find(api, path)
    url = address(there.sid, "Workers", worker.sid, "Reservations")
    return _page(api, form, there, url, worker.reservations)


def _page(
    api: Resources, form: Form, there: Workspace, url: str, all_of_them: list[Reservation]
) -> Response:
    status, worker = form.text("ReservationStatus"), form.text("WorkerSid")
    some = [
        each
        for each in all_of_them
        if status in ("", each.status) and worker in ("", each.worker.sid)
    ]

    def shown(each: Reservation) -> Json:
        return show_offer(api, there, each, url)

    return meta_page(form, url, "reservations", some, shown)


def _offer(api: Resources, path: tuple[str, ...], below: str) -> tuple[Workspace, Reservation]:
    there = space(api, path[0])
    found_one = there.reservation(path[2])
    if found_one is None or path[1] not in (found_one.task.sid, found_one.worker.sid):
        raise api.missing(f"{SPACES}/{there.sid}/{below}/{path[1]}/Reservations/{path[2]}")
    return there, found_one


def fetch_of_task(api: Resources, _form: Form, path: tuple[str, ...]) -> Response:
    there, offer = _offer(api, path, "Tasks")
    return 200, show_offer(api, there, offer)


def fetch_of_worker(api: Resources, _form: Form, path: tuple[str, ...]) -> Response:
    there, offer = _offer(api, path, "Workers")
    return 200, show_offer(api, there, offer)


def update_offer(api: Resources, form: Form, path: tuple[str, ...]) -> Response:
    there, offer = _offer(api, path, "Tasks")
    if form.has("Instruction"):
        _instruct(api, form, there, offer)
    elif form.has("ReservationStatus"):
        _become(api, form, there, offer, form.text("ReservationStatus"))
    return 200, show_offer(api, there, offer)


def _become(api: Resources, form: Form, there: Workspace, offer: Reservation, status: str) -> None:
    routes, does = router(api), ""
    if form.text("WorkerActivitySid"):
        does = activity(there, form, "WorkerActivitySid").sid
    match status:
        case "accepted":
            done = routes.accept(there, offer)
        case "rejected":
            done = routes.reject(there, offer, does)
        case "wrapping":
            done = offer.task.status == "assigned"
            routes.wrap(there, offer.task)
        case "completed":
            done = offer.task.status in ("assigned", "wrapping")
            routes.complete(there, offer.task)
        case _:
            raise bad(f"a reservation can't become {status}")
    if not done:
        raise bad(f"the reservation is {offer.status}, so it can't be {status}")


def _instruct(api: Resources, form: Form, there: Workspace, offer: Reservation) -> None:
    kind = form.text("Instruction")
    prefix, names = INSTRUCTIONS.get(kind, ("", ()))
    said: dict[str, Any] = {"instruction": kind}
    for name in names:
        if form.has(prefix + name):
            said[_snake(name)] = form.text(prefix + name)
    if kind in EVENTS and form.has(EVENTS[kind][0]):
        said[EVENTS[kind][1]] = ",".join(form.several(EVENTS[kind][0]))
    if kind == "reject" and form.has("WorkerActivitySid"):
        said["activity_sid"] = form.text("WorkerActivitySid")
    try:
        api.network.tasks.assignments.carry_out(there, offer, said)
    except InstructionError as error:
        raise ApiError(400, error.code or 20001, str(error)) from error


def _snake(name: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")


def show_offer(api: Resources, there: Workspace, offer: Reservation, below: str = "") -> Json:
    all_of_them = below or address(there.sid, "Tasks", offer.task.sid, "Reservations")
    return {
        "account_sid": api.network.account_sid,
        "date_created": iso8601(offer.created_at),
        "date_updated": iso8601(offer.updated_at),
        "links": {
            "task": address(there.sid, "Tasks", offer.task.sid),
            "worker": address(there.sid, "Workers", offer.worker.sid),
            "workspace": address(there.sid),
        },
        "reservation_status": offer.status,
        "sid": offer.sid,
        "task_sid": offer.task.sid,
        "url": f"{all_of_them}/{offer.sid}",
        "worker_name": offer.worker.name,
        "worker_sid": offer.worker.sid,
        "workspace_sid": there.sid,
    }


_ALL = f"{SPACES}/{{workspace}}/Tasks"
_OFFERS = f"{_ALL}/{{task}}/Reservations"
_OF_WORKER = f"{SPACES}/{{workspace}}/Workers/{{worker}}/Reservations"
ROUTES: tuple[Endpoint, ...] = (
    ("POST", _ALL, create),
    ("GET", _ALL, listing),
    ("GET", f"{_ALL}/{{task}}", fetch),
    ("POST", f"{_ALL}/{{task}}", update),
    ("DELETE", f"{_ALL}/{{task}}", delete),
    ("GET", _OFFERS, of_task),
    ("GET", f"{_OFFERS}/{{sid}}", fetch_of_task),
    ("POST", f"{_OFFERS}/{{sid}}", update_offer),
    ("GET", _OF_WORKER, of_worker),
    ("GET", f"{_OF_WORKER}/{{sid}}", fetch_of_worker),
    ("POST", f"{_OF_WORKER}/{{sid}}", update_offer),
)
