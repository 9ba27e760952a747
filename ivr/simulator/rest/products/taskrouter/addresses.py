"""What the resources of a workspace have in common: finding them, and their addresses."""

from __future__ import annotations

import json
from typing import Any

from ivr.simulator.calls.taskrouter.routing import TaskRouter
from ivr.simulator.calls.taskrouter.workspace import Activity, Workspace
from ivr.simulator.rest.resource import ApiError, Form, Json, Resources, camel_case

HOST = "https://taskrouter.twilio.com"
SPACES = "/v1/Workspaces"


def router(api: Resources) -> TaskRouter:
    return api.network.tasks.router


def space(api: Resources, sid: str) -> Workspace:
    """Raises `ApiError` where there is no such workspace."""
    found = router(api).workspaces.get(sid)
    if found is None:
        raise api.missing(f"{SPACES}/{sid}")
    return found


def found(api: Resources, there: dict[str, Any], inner: str, sid: str) -> Any:
    """One resource of a workspace. Raises `ApiError` where there is no such one."""
    if sid not in there:
        raise api.missing(f"{SPACES}/{inner}/{sid}")
    return there[sid]


def activity(there: Workspace, form: Form, parameter: str, default: str = "") -> Activity:
    """The activity of that SID. Raises `ApiError` for one that the workspace hasn't."""
    sid = form.text(parameter, default)
    if sid not in there.activities:
        raise bad(f"{parameter}: there is no activity {sid}")
    return there.activities[sid]


def bad(message: str) -> ApiError:
    return ApiError(400, 20001, message)


def attributes(form: Form, before: dict[str, Any]) -> dict[str, Any]:
    """Attributes, a JSON object. Raises `ApiError` for anything else."""
    if not form.has("Attributes"):
        return before
    try:
        given = json.loads(form.text("Attributes"))
    except ValueError as error:
        raise bad(f"Attributes isn't JSON: {error}") from error
    if not isinstance(given, dict):
        raise bad("Attributes must be a JSON object")
    return given


def name(form: Form, before: str = "") -> str:
    given = form.text("FriendlyName", before)
    if not given:
        raise bad("FriendlyName is required")
    return given


def address(*parts: str) -> str:
    """The absolute URL of a resource, such as of ("WS…", "Workers", "WK…")."""
    return "/".join((HOST + SPACES, *parts))


def links(base: str, *names: str) -> Json:
    """The URLs of what is below a resource, such as of "task_queues"."""
    return {name: f"{base}/{camel_case(name)}" for name in names}
