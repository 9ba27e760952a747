"""REST: workers. (https://www.twilio.com/docs/taskrouter/api/worker)"""

from __future__ import annotations

import json

from ivr.simulator.calls.taskrouter.expressions import ExpressionError, condition
from ivr.simulator.calls.taskrouter.workspace import Worker, Workspace
from ivr.simulator.rest.products.taskrouter.addresses import (
    SPACES,
    activity,
    address,
    attributes,
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


def create(api: Resources, form: Form, path: tuple[str, ...]) -> Response:
    there, called = space(api, path[0]), name(form)
    if any(each.name == called for each in there.workers.values()):
        raise bad(f"there is already a worker called {called}")
    does = activity(there, form, "ActivitySid", there.default_activity)
    made = router(api).worker(there, called, attributes(form, {}), does)
    return 201, show(api, there, made)


def listing(api: Resources, form: Form, path: tuple[str, ...]) -> Response:
    there = space(api, path[0])
    called, doing = form.text("FriendlyName"), form.text("ActivityName")
    doing_sid, available = form.text("ActivitySid"), form.text("Available").lower()
    try:
        fits = condition(form.text("TargetWorkersExpression"))
    except ExpressionError as error:
        raise bad(f"TargetWorkersExpression: {error}") from error
    some = [
        each
        for each in there.workers.values()
        if called in ("", each.name)
        and doing in ("", each.activity.name)
        and doing_sid in ("", each.activity.sid)
        and available in ("", "1" if each.activity.available else "0", _word(each))
        and fits(each.attributes)
    ]
    url = address(there.sid, "Workers")
    return meta_page(form, url, "workers", some, lambda each: show(api, there, each))


def _word(worker: Worker) -> str:
    return "true" if worker.activity.available else "false"


def find(api: Resources, path: tuple[str, ...]) -> tuple[Workspace, Worker]:
    there = space(api, path[0])
    return there, found(api, there.workers, f"{there.sid}/Workers", path[1])


def fetch(api: Resources, _form: Form, path: tuple[str, ...]) -> Response:
    return 200, show(api, *find(api, path))


def update(api: Resources, form: Form, path: tuple[str, ...]) -> Response:
    there, worker = find(api, path)
    worker.name = name(form, worker.name)
    changed = attributes(form, worker.attributes)
    if changed != worker.attributes:
        worker.attributes = changed
        router(api).tell(there, "worker.attributes.update", worker)
        router(api).soon(there)
    if form.has("ActivitySid"):
        does = activity(there, form, "ActivitySid")
        if form.truth("RejectPendingReservations", False):
            for reservation in worker.reservations:
                router(api).reject(there, reservation)
        router(api).move(there, worker, does)
    return 200, show(api, there, worker)


def delete(api: Resources, _form: Form, path: tuple[str, ...]) -> Response:
    there, worker = find(api, path)
    if worker.activity.available:
        raise bad(f"{worker.name} is available: make them unavailable before deleting them")
    del there.workers[worker.sid]
    router(api).tell(there, "worker.deleted", worker)
    return 204, None


def show(api: Resources, there: Workspace, worker: Worker) -> Json:
    url = address(there.sid, "Workers", worker.sid)
    return {
        "account_sid": api.network.account_sid,
        "activity_name": worker.activity.name,
        "activity_sid": worker.activity.sid,
        "attributes": json.dumps(worker.attributes),
        "available": worker.activity.available,
        "date_created": iso8601(worker.created_at),
        "date_status_changed": iso8601(worker.updated_at),
        "date_updated": iso8601(worker.updated_at),
        "friendly_name": worker.name,
        "links": links(url, "reservations")
        | {"activity": address(there.sid, "Activities", worker.activity.sid)}
        | {"workspace": address(there.sid)},
        "sid": worker.sid,
        "url": url,
        "workspace_sid": there.sid,
    }


_ALL = f"{SPACES}/{{workspace}}/Workers"
ROUTES: tuple[Endpoint, ...] = (
    ("POST", _ALL, create),
    ("GET", _ALL, listing),
    ("GET", f"{_ALL}/{{worker}}", fetch),
    ("POST", f"{_ALL}/{{worker}}", update),
    ("DELETE", f"{_ALL}/{{worker}}", delete),
)
