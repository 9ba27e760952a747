"""REST: queues and their members.

https://www.twilio.com/docs/voice/api/queue-resource, /member-resource
"""

from __future__ import annotations

from ivr.simulator.calls.engagements.queues import DEFAULT_SIZE, Member, Queue
from ivr.simulator.interpreter import requests
from ivr.simulator.rest.resource import ApiError, Endpoint, Form, Json, Resources, Response, rfc2822


def create(api: Resources, form: Form, _path: tuple[str, ...]) -> Response:
    size = form.whole("MaxSize", DEFAULT_SIZE, 1, 5000)
    queue = api.network.queues.create(_name(form), size)
    return 201, show(api, queue)


def _name(form: Form, before: str = "") -> str:
    name = form.text("FriendlyName", before)
    if not 0 < len(name) <= 64:
        raise ApiError(400, 20001, "FriendlyName must have 1 to 64 characters")
    return name


def listing(api: Resources, form: Form, _path: tuple[str, ...]) -> Response:
    queues = reversed(list(api.network.queues))
    return api.page(form, "/Queues", "queues", queues, lambda queue: show(api, queue))


def fetch(api: Resources, _form: Form, path: tuple[str, ...]) -> Response:
    return 200, show(api, find(api, path[0]))


def update(api: Resources, form: Form, path: tuple[str, ...]) -> Response:
    queue = find(api, path[0])
    queue.max_size = form.whole("MaxSize", queue.max_size, 1, 5000)
    api.network.queues.rename(queue, _name(form, queue.name))
    queue.updated_at = api.network.clock.now()
    return 200, show(api, queue)


def delete(api: Resources, _form: Form, path: tuple[str, ...]) -> Response:
    queue = find(api, path[0])
    if queue.members:
        raise ApiError(400, 20001, "The queue isn't empty")
    api.network.queues.delete(queue)
    return 204, None


def find(api: Resources, sid: str) -> Queue:
    """By SID only, not by name."""
    queue = api.network.queues.get(sid)
    if queue is None:
        raise api.missing(api.uri(f"/Queues/{sid}"))
    return queue


def members(api: Resources, form: Form, path: tuple[str, ...]) -> Response:
    queue = find(api, path[0])
    inner = f"/Queues/{queue.sid}/Members"
    return api.page(
        form,
        inner,
        "queue_members",
        list(queue.members),
        lambda member: show_member(api, member),
        key="leg.sid",
    )


def member(api: Resources, _form: Form, path: tuple[str, ...]) -> Response:
    return 200, show_member(api, find_member(api, path))


def dequeue(api: Resources, form: Form, path: tuple[str, ...]) -> Response:
    """POST …/Members/{call or Front}: leave the queue for another document."""
    chosen = find_member(api, path)
    url = form.url("Url")
    if not url:
        raise ApiError(400, 20001, "Url is required: where the call goes on")
    shown = show_member(api, chosen)
    start = requests.Fetch(url, form.method("Method"))
    api.network.clock.soon(chosen.leg.redirect, start)
    return 200, shown


def find_member(api: Resources, path: tuple[str, ...]) -> Member:
    queue = find(api, path[0])
    for candidate in queue.members:
        if path[1] in (candidate.leg.sid, "Front"):
            return candidate
    raise api.missing(api.uri(f"/Queues/{path[0]}/Members/{path[1]}"))


def show(api: Resources, queue: Queue) -> Json:
    return {
        "sid": queue.sid,
        "friendly_name": queue.name,
        "current_size": len(queue.members),
        "average_wait_time": queue.average_wait,
        "max_size": queue.max_size,
        "date_created": rfc2822(queue.created_at),
        "date_updated": rfc2822(queue.updated_at),
        "account_sid": api.network.account_sid,
        "uri": api.uri(f"/Queues/{queue.sid}"),
    }


def show_member(api: Resources, chosen: Member) -> Json:
    queue = chosen.queue
    return {
        "call_sid": chosen.leg.sid,
        "date_enqueued": rfc2822(chosen.entered_at),
        "position": queue.position(chosen),
        "wait_time": chosen.waited,
        "queue_sid": queue.sid,
        "uri": api.uri(f"/Queues/{queue.sid}/Members/{chosen.leg.sid}"),
    }


ROUTES: tuple[Endpoint, ...] = (
    ("POST", "/Queues", create),
    ("GET", "/Queues", listing),
    ("GET", "/Queues/{sid}", fetch),
    ("POST", "/Queues/{sid}", update),
    ("DELETE", "/Queues/{sid}", delete),
    ("GET", "/Queues/{sid}/Members", members),
    ("GET", "/Queues/{sid}/Members/{call}", member),
    ("POST", "/Queues/{sid}/Members/{call}", dequeue),
)
