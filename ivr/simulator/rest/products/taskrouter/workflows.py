"""REST: task queues and workflows.

https://www.twilio.com/docs/taskrouter/api/task-queue, /workflow
"""

from __future__ import annotations

from ivr.simulator.calls.taskrouter.expressions import ExpressionError, condition
from ivr.simulator.calls.taskrouter.workspace import TaskQueue, Workflow, Workspace
from ivr.simulator.rest.products.taskrouter.addresses import (
    SPACES,
    address,
    bad,
    found,
    links,
    name,
    router,
    space,
)
from ivr.simulator.rest.resource import (
    Endpoint,
    Form,
    Json,
    Resources,
    Response,
    iso8601,
    meta_page,
)


def create_queue(api: Resources, form: Form, path: tuple[str, ...]) -> Response:
    there = space(api, path[0])
    try:
        made = router(api).queue(there, name(form), form.text("TargetWorkers", "1==1"))
    except ExpressionError as error:
        raise bad(f"TargetWorkers: {error}") from error
    return 201, show_queue(api, there, made)


def list_queues(api: Resources, form: Form, path: tuple[str, ...]) -> Response:
    there, called = space(api, path[0]), form.text("FriendlyName")
    some = [each for each in there.queues.values() if called in ("", each.name)]
    url = address(there.sid, "TaskQueues")
    return meta_page(form, url, "task_queues", some, lambda each: show_queue(api, there, each))


def _queue(api: Resources, path: tuple[str, ...]) -> tuple[Workspace, TaskQueue]:
    there = space(api, path[0])
    return there, found(api, there.queues, f"{there.sid}/TaskQueues", path[1])


def fetch_queue(api: Resources, _form: Form, path: tuple[str, ...]) -> Response:
    return 200, show_queue(api, *_queue(api, path))


def update_queue(api: Resources, form: Form, path: tuple[str, ...]) -> Response:
    there, queue = _queue(api, path)
    if form.has("TargetWorkers"):
        try:
            queue.fits = condition(form.text("TargetWorkers"))
        except ExpressionError as error:
            raise bad(f"TargetWorkers: {error}") from error
        queue.target_workers = form.text("TargetWorkers")
        router(api).tell(there, "task-queue.expression.updated", queue)
        router(api).soon(there)
    queue.name = name(form, queue.name)
    queue.updated_at = api.network.clock.now()
    return 200, show_queue(api, there, queue)


def delete_queue(api: Resources, _form: Form, path: tuple[str, ...]) -> Response:
    there, queue = _queue(api, path)
    del there.queues[queue.sid]
    router(api).tell(there, "task-queue.deleted", queue)
    return 204, None


def show_queue(api: Resources, there: Workspace, queue: TaskQueue) -> Json:
    url = address(there.sid, "TaskQueues", queue.sid)
    return {
        "account_sid": api.network.account_sid,
        "assignment_activity_name": None,
        "assignment_activity_sid": None,
        "date_created": iso8601(queue.created_at),
        "date_updated": iso8601(queue.updated_at),
        "friendly_name": queue.name,
        "links": {"workspace": address(there.sid)},
        "max_reserved_workers": 1,
        "reservation_activity_name": None,
        "reservation_activity_sid": None,
        "sid": queue.sid,
        "target_workers": queue.target_workers,
        "task_order": "FIFO",
        "url": url,
        "workspace_sid": there.sid,
    }


# ---- workflows


def create(api: Resources, form: Form, path: tuple[str, ...]) -> Response:
    there = space(api, path[0])
    if not form.has("Configuration"):
        raise bad("Configuration is required")
    made = router(api).workflow(there, name(form))
    try:
        _change(api, form, there, made)
    except Exception:
        del there.workflows[made.sid]
        raise
    return 201, show(api, there, made)


def _change(api: Resources, form: Form, there: Workspace, workflow: Workflow) -> None:
    if form.has("Configuration"):
        try:
            router(api).configure(there, workflow, form.text("Configuration"))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise bad(f"Configuration can't be read: {error}") from error
    if form.given("AssignmentCallbackUrl"):
        workflow.assignment_url = form.url("AssignmentCallbackUrl")
    if form.given("FallbackAssignmentCallbackUrl"):
        workflow.fallback_url = form.url("FallbackAssignmentCallbackUrl")
    lasts = workflow.reservation_timeout
    workflow.reservation_timeout = form.whole("TaskReservationTimeout", lasts, 1, 86400)


def listing(api: Resources, form: Form, path: tuple[str, ...]) -> Response:
    there, called = space(api, path[0]), form.text("FriendlyName")
    some = [each for each in there.workflows.values() if called in ("", each.name)]
    url = address(there.sid, "Workflows")
    return meta_page(form, url, "workflows", some, lambda each: show(api, there, each))


def _workflow(api: Resources, path: tuple[str, ...]) -> tuple[Workspace, Workflow]:
    there = space(api, path[0])
    return there, found(api, there.workflows, f"{there.sid}/Workflows", path[1])


def fetch(api: Resources, _form: Form, path: tuple[str, ...]) -> Response:
    return 200, show(api, *_workflow(api, path))


def update(api: Resources, form: Form, path: tuple[str, ...]) -> Response:
    there, workflow = _workflow(api, path)
    workflow.name = name(form, workflow.name)
    _change(api, form, there, workflow)
    workflow.updated_at = api.network.clock.now()
    router(api).tell(there, "workflow.updated", workflow)
    return 200, show(api, there, workflow)


def delete(api: Resources, _form: Form, path: tuple[str, ...]) -> Response:
    there, workflow = _workflow(api, path)
    del there.workflows[workflow.sid]
    router(api).tell(there, "workflow.deleted", workflow)
    return 204, None


def show(api: Resources, there: Workspace, workflow: Workflow) -> Json:
    url = address(there.sid, "Workflows", workflow.sid)
    return {
        "account_sid": api.network.account_sid,
        "assignment_callback_url": workflow.assignment_url or None,
        "configuration": workflow.configuration,
        "date_created": iso8601(workflow.created_at),
        "date_updated": iso8601(workflow.updated_at),
        "document_content_type": "application/json",
        "fallback_assignment_callback_url": workflow.fallback_url or None,
        "friendly_name": workflow.name,
        "links": links(url) | {"workspace": address(there.sid)},
        "sid": workflow.sid,
        "task_reservation_timeout": workflow.reservation_timeout,
        "url": url,
        "workspace_sid": there.sid,
    }


_QUEUES = f"{SPACES}/{{workspace}}/TaskQueues"
_ALL = f"{SPACES}/{{workspace}}/Workflows"
ROUTES: tuple[Endpoint, ...] = (
    ("POST", _QUEUES, create_queue),
    ("GET", _QUEUES, list_queues),
    ("GET", f"{_QUEUES}/{{sid}}", fetch_queue),
    ("POST", f"{_QUEUES}/{{sid}}", update_queue),
    ("DELETE", f"{_QUEUES}/{{sid}}", delete_queue),
    ("POST", _ALL, create),
    ("GET", _ALL, listing),
    ("GET", f"{_ALL}/{{sid}}", fetch),
    ("POST", f"{_ALL}/{{sid}}", update),
    ("DELETE", f"{_ALL}/{{sid}}", delete),
)
