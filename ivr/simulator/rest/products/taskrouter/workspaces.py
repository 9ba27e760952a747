"""REST: workspaces and their activities.

https://www.twilio.com/docs/taskrouter/api/workspace, /activity
"""

from __future__ import annotations

from ivr.simulator.calls.taskrouter.routing import default_routing
from ivr.simulator.calls.taskrouter.workspace import Activity, Workspace
from ivr.simulator.rest.products.taskrouter.addresses import (
    SPACES,
    activity,
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

BELOW = ("activities", "events", "task_channels", "task_queues", "tasks", "workers", "workflows")


def create(api: Resources, form: Form, _path: tuple[str, ...]) -> Response:
    template = form.word("Template", "NONE", "FIFO")
    made = router(api).workspace(name(form))
    _change(form, made)
    if template == "FIFO":
        queue = router(api).queue(made, "Sample Queue")
        workflow = router(api).workflow(made, "Default Fifo Workflow")
        router(api).configure(made, workflow, default_routing(queue))
    return 201, show(api, made)


def _change(form: Form, there: Workspace) -> None:
    if form.given("EventCallbackUrl"):
        there.event_url = form.url("EventCallbackUrl")
    if form.given("EventsFilter"):
        words = form.text("EventsFilter").replace(",", " ").split()
        there.event_filter = frozenset(words)
    there.multi_task = form.truth("MultiTaskEnabled", there.multi_task)


def listing(api: Resources, form: Form, _path: tuple[str, ...]) -> Response:
    wanted = form.text("FriendlyName")
    all_of_them = [e for e in router(api).workspaces.values() if wanted in ("", e.name)]
    return meta_page(form, address().rstrip("/"), "workspaces", all_of_them, lambda e: show(api, e))


def fetch(api: Resources, _form: Form, path: tuple[str, ...]) -> Response:
    return 200, show(api, space(api, path[0]))


def update(api: Resources, form: Form, path: tuple[str, ...]) -> Response:
    there = space(api, path[0])
    there.name = name(form, there.name)
    _change(form, there)
    if form.has("DefaultActivitySid"):
        there.default_activity = activity(there, form, "DefaultActivitySid").sid
    if form.has("TimeoutActivitySid"):
        there.timeout_activity = activity(there, form, "TimeoutActivitySid").sid
    there.updated_at = api.network.clock.now()
    return 200, show(api, there)


def delete(api: Resources, _form: Form, path: tuple[str, ...]) -> Response:
    there = space(api, path[0])
    for task in there.tasks.values():
        router(api).cancel(there, task, "Workspace deleted")
    del router(api).workspaces[there.sid]
    return 204, None


def show(api: Resources, there: Workspace) -> Json:
    default = there.activities.get(there.default_activity)
    timeout = there.activities.get(there.timeout_activity)
    url = address(there.sid)
    return {
        "account_sid": api.network.account_sid,
        "date_created": iso8601(there.created_at),
        "date_updated": iso8601(there.updated_at),
        "default_activity_name": default.name if default else None,
        "default_activity_sid": default.sid if default else None,
        "event_callback_url": there.event_url or None,
        "events_filter": ",".join(sorted(there.event_filter)) or None,
        "friendly_name": there.name,
        "links": links(url, *BELOW),
        "multi_task_enabled": there.multi_task,
        "prioritize_queue_order": "FIFO",
        "sid": there.sid,
        "timeout_activity_name": timeout.name if timeout else None,
        "timeout_activity_sid": timeout.sid if timeout else None,
        "url": url,
    }


# ---- activities


def create_activity(api: Resources, form: Form, path: tuple[str, ...]) -> Response:
    there = space(api, path[0])
    made = router(api).activity(there, name(form), form.truth("Available", False))
    return 201, show_activity(api, there, made)


def list_activities(api: Resources, form: Form, path: tuple[str, ...]) -> Response:
    there = space(api, path[0])
    wanted, available = form.text("FriendlyName"), form.text("Available").lower()
    some = [
        each
        for each in there.activities.values()
        if wanted in ("", each.name) and available in ("", str(each.available).lower())
    ]
    url = address(there.sid, "Activities")
    return meta_page(form, url, "activities", some, lambda each: show_activity(api, there, each))


def _activity(api: Resources, path: tuple[str, ...]) -> tuple[Workspace, Activity]:
    there = space(api, path[0])
    return there, found(api, there.activities, f"{there.sid}/Activities", path[1])


def fetch_activity(api: Resources, _form: Form, path: tuple[str, ...]) -> Response:
    return 200, show_activity(api, *_activity(api, path))


def update_activity(api: Resources, form: Form, path: tuple[str, ...]) -> Response:
    there, chosen = _activity(api, path)
    chosen.name = name(form, chosen.name)
    chosen.updated_at = api.network.clock.now()
    router(api).tell(there, "activity.updated", chosen)
    return 200, show_activity(api, there, chosen)


def delete_activity(api: Resources, _form: Form, path: tuple[str, ...]) -> Response:
    there, chosen = _activity(api, path)
    if any(worker.activity is chosen for worker in there.workers.values()):
        raise bad(f"{chosen.name} is the activity of a worker")
    if chosen.sid in (there.default_activity, there.timeout_activity):
        raise bad(f"{chosen.name} is the workspace's default or timeout activity")
    del there.activities[chosen.sid]
    router(api).tell(there, "activity.deleted", chosen)
    return 204, None


def show_activity(api: Resources, there: Workspace, chosen: Activity) -> Json:
    return {
        "account_sid": api.network.account_sid,
        "available": chosen.available,
        "date_created": iso8601(chosen.created_at),
        "date_updated": iso8601(chosen.updated_at),
        "friendly_name": chosen.name,
        "links": {"workspace": address(there.sid)},
        "sid": chosen.sid,
        "url": address(there.sid, "Activities", chosen.sid),
        "workspace_sid": there.sid,
    }


_ONE = f"{SPACES}/{{workspace}}"
ROUTES: tuple[Endpoint, ...] = (
    ("POST", SPACES, create),
    ("GET", SPACES, listing),
    ("GET", _ONE, fetch),
    ("POST", _ONE, update),
    ("DELETE", _ONE, delete),
    ("POST", f"{_ONE}/Activities", create_activity),
    ("GET", f"{_ONE}/Activities", list_activities),
    ("GET", f"{_ONE}/Activities/{{sid}}", fetch_activity),
    ("POST", f"{_ONE}/Activities/{{sid}}", update_activity),
    ("DELETE", f"{_ONE}/Activities/{{sid}}", delete_activity),
)
