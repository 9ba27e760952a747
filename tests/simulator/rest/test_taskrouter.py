"""TaskRouter's REST API: an application makes its own workspace, and answers reservations."""

from __future__ import annotations

import inspect
import json
import re
from datetime import datetime
from typing import Any

import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.rest.taskrouter.v1 import workspace as spaces
from twilio.rest.taskrouter.v1.workspace import activity, task, task_queue, worker, workflow
from twilio.rest.taskrouter.v1.workspace.task import reservation

from ivr.simulator import Exchange
from ivr.simulator.rest.api import PRODUCTS
from ivr.simulator.rest.products.taskrouter import addresses
from ivr.simulator.rest.products.taskrouter.parameters import REFUSED as REFUSED_HERE
from ivr.simulator.rest.products.taskrouter.parameters import SIMPLIFIED as SIMPLIFIED_HERE
from ivr.simulator.rest.resource import PAGING
from tests.kit.twiml_app import CALLER, LINE, App, said

ALICE, BOB = "+33155500011", "client:bob"


class Center:
    """A contact center as the tutorials set it up: workers, queues and a workflow, all by REST."""

    def __init__(self) -> None:
        self.exchange = Exchange(seed=1)
        pages = {"/voice": lambda _p: self.voice(), "/events": "", "/after": "<Response/>"}
        answers = {"/assignment": ("200 OK", [("Content-Type", "application/json")], b"{}")}
        self.app = App(pages, answers)
        self.exchange.number(LINE, self.app, "/voice")
        self.client = self.exchange.client
        made = self.client.taskrouter.v1.workspaces.create(
            friendly_name="Center",
            event_callback_url="https://line.test/events",
            events_filter="task.canceled,workflow.timeout,task-queue.entered",
        )
        self.space = self.client.taskrouter.v1.workspaces(made.sid)
        self.activities = {each.friendly_name: each.sid for each in self.space.activities.list()}
        self.workers = {
            name: self.space.workers.create(
                friendly_name=name,
                activity_sid=self.activities["Available"],
                attributes=json.dumps({"products": [product], "contact_uri": uri}),
            )
            for name, product, uri in (("Alice", "voice", ALICE), ("Bob", "sms", BOB))
        }
        self.queues = {
            each: self.space.task_queues.create(
                friendly_name=each,
                target_workers=f'products HAS "{each}"' if each != "all" else "1==1",
            )
            for each in ("voice", "sms", "all")
        }
        rules = [
            {
                "filter_friendly_name": each,
                "expression": f'product == "{each}"',
                "targets": [
                    {"queue": self.queues[each].sid, "priority": 5, "timeout": 30},
                    {"queue": self.queues["all"].sid, "priority": 1, "timeout": 30},
                ],
            }
            for each in ("voice", "sms")
        ]
        default = {"queue": self.queues["all"].sid, "timeout": 30}
        self.workflow = self.space.workflows.create(
            friendly_name="Support",
            assignment_callback_url="https://line.test/assignment",
            task_reservation_timeout=20,
            configuration=json.dumps(
                {"task_routing": {"filters": rules, "default_filter": default}}
            ),
        )

    def voice(self) -> str:
        return (
            f'<Response><Enqueue workflowSid="{self.workflow.sid}" action="/after">'
            '<Task>{"product": "sms"}</Task></Enqueue></Response>'
        )


# api/reservations: "ReservationStatus=accepted", "Instruction=dequeue"
def test_an_application_makes_everything_and_dequeues_by_rest() -> None:
    center = Center()
    bob, caller = center.exchange.phone(BOB), center.exchange.phone(CALLER)
    caller.call(LINE)
    center.exchange.wait(1)

    (made,) = center.space.tasks.list(assignment_status=["reserved"])
    assert json.loads(made.attributes)["product"] == "sms"
    assert (made.priority, made.task_queue_friendly_name) == (5, "sms")
    (offer,) = center.space.tasks(made.sid).reservations.list()
    assert (offer.reservation_status, offer.worker_name) == ("pending", "Bob")
    center.space.tasks(made.sid).reservations(offer.sid).update(
        instruction="dequeue",
        dequeue_from=LINE,
        dequeue_post_work_activity_sid=center.activities["Unavailable"],
    )
    bob.answer()
    center.exchange.wait(5)
    assert caller.connected_to == {bob}
    assert center.space.workers(offer.worker_sid).reservations.list()[0].sid == offer.sid
    bob.hang_up()
    center.exchange.wait(1)

    assert center.space.tasks(made.sid).fetch().assignment_status == "completed"
    assert center.space.workers.list(available="0")[0].friendly_name == "Bob"
    center.exchange.strict()


# workflow-configuration: the task moves from target to target; "workflow.timeout" at the end
def test_a_task_goes_from_queue_to_queue_and_is_canceled_at_the_end() -> None:
    center = Center()
    for each in center.workers.values():
        center.space.workers(each.sid).update(activity_sid=center.activities["Offline"])
    caller = center.exchange.phone(CALLER)
    caller.call(LINE)
    center.exchange.wait(61)

    (made,) = center.space.tasks.list()
    assert (made.assignment_status, made.reason) == ("canceled", "Workflow timeout")
    told = [each["EventType"] for each in center.app.asked("/events")]
    assert told == [
        *("task-queue.entered", "task-queue.entered"),
        *("workflow.timeout", "task.canceled"),
    ]
    call_sid = json.loads(center.app.asked("/events")[-1]["TaskAttributes"])["call_sid"]
    # the tutorials then redirect the caller to a voicemail
    center.client.calls(call_sid).update(twiml="<Response><Say>Leave a message.</Say></Response>")
    center.exchange.wait(5)
    assert said(caller) == ["Leave a message."]
    center.exchange.strict()


def test_tasks_that_are_no_calls() -> None:
    center = Center()
    made = center.space.tasks.create(
        workflow_sid=center.workflow.sid, attributes='{"product": "voice"}', priority=3
    )
    center.exchange.wait(1)
    (offer,) = center.space.tasks(made.sid).reservations.list()
    assert offer.worker_name == "Alice"
    of_task = center.space.tasks(made.sid).reservations(offer.sid)
    assert of_task.update(reservation_status="accepted").reservation_status == "accepted"
    task = center.space.tasks(made.sid).update(assignment_status="completed", reason="done")

    assert (task.assignment_status, task.reason) == ("completed", "done")
    assert of_task.fetch().reservation_status == "completed"
    assert center.space.tasks(made.sid).delete()
    with pytest.raises(TwilioRestException) as missing:
        center.space.tasks(made.sid).fetch()
    assert missing.value.code == 20404
    center.exchange.strict()


REFUSED: list[tuple[str, Any, int, str]] = [
    (
        "an expression",
        lambda c: c.space.task_queues.create(friendly_name="q", target_workers="level >"),
        20001,
        "TargetWorkers: “level >” can't be read at its end",
    ),
    (
        "attributes",
        lambda c: c.space.workers.create(friendly_name="w", attributes="{"),
        20001,
        "Attributes isn't JSON",
    ),
    (
        "a configuration",
        lambda c: c.space.workflows.create(
            friendly_name="w",
            configuration='{"task_routing": {"default_filter": {"queue": "WQ1"}}}',
        ),
        20001,
        "Configuration can't be read: there is no TaskQueue WQ1",
    ),
    (
        "a part of a configuration that isn't built",
        lambda c: c.space.workflows.create(
            friendly_name="w",
            configuration=json.dumps(
                {
                    "task_routing": {
                        "filters": [
                            {
                                "expression": "1==1",
                                "targets": [{"queue": c.queues["all"].sid, "skip_if": "1==1"}],
                            }
                        ]
                    }
                }
            ),
        ),
        20001,
        "skip_if of a configuration: this simulator doesn't support it",
    ),
    (
        "a status",
        lambda c: c.space.tasks(
            c.space.tasks.create(workflow_sid=c.workflow.sid, attributes="{}").sid
        ).update(assignment_status="completed"),
        20001,
        "the task is pending, so it can't be completed",
    ),
    (
        "a dequeue of what is no call",
        lambda c: _offer(c).update(instruction="dequeue"),
        40140,
        "dequeue: the task's attributes have no call_sid",
    ),
    (
        "what isn't built",
        lambda c: c.space.tasks.create(attributes="{}", routing_target="WK1"),
        99501,
        "RoutingTarget: this simulator doesn't support it",
    ),
    (
        "a resource that isn't built",
        lambda c: c.space.statistics().fetch(),
        99501,
        "doesn't support it",
    ),
]


def _offer(center: Center) -> Any:
    made = center.space.tasks.create(attributes='{"product": "voice"}')
    center.exchange.wait(1)
    (offer,) = center.space.tasks(made.sid).reservations.list()
    return center.space.tasks(made.sid).reservations(offer.sid)


@pytest.mark.parametrize(("does", "code", "why"), [r[1:] for r in REFUSED], ids=lambda v: None)
def test_what_cannot_be_done_is_refused(does: Any, code: int, why: str) -> None:
    center = Center()
    with pytest.raises(TwilioRestException) as refused:
        does(center)

    assert refused.value.code == code
    assert why in str(refused.value.msg)


# Each answer has the fields that Twilio's library reads from it, and no others; dates are such as
# "2015-08-04T01:31:41Z" (docs/taskrouter/api/task-queue), which the library reads as well.
@pytest.mark.parametrize(
    ("kind", "fetch"),
    [
        (spaces.WorkspaceInstance, lambda c: c.space),
        (activity.ActivityInstance, lambda c: c.space.activities(c.activities["Offline"])),
        (worker.WorkerInstance, lambda c: c.space.workers(c.workers["Alice"].sid)),
        (task_queue.TaskQueueInstance, lambda c: c.space.task_queues(c.queues["all"].sid)),
        (workflow.WorkflowInstance, lambda c: c.space.workflows(c.workflow.sid)),
        (task.TaskInstance, lambda c: c.space.tasks(c.space.tasks.create(attributes="{}").sid)),
        (reservation.ReservationInstance, _offer),
    ],
)
def test_answers_have_the_fields_of_twilios_library(kind: Any, fetch: Any) -> None:
    center = Center()
    path: list[Any] = []
    center.exchange.taps.append(path.append)
    fetched = fetch(center).fetch()
    source = inspect.getsource(kind.__init__)
    expected = set(re.findall(r'payload\.get\(\s*"(\w+)"', source))

    answer = json.loads(path[-1].outcome[1])
    assert set(answer) == expected
    assert fetched.sid == answer["sid"]
    for date in (fetched.date_created, fetched.date_updated):
        assert isinstance(date, datetime)


def test_pages_lead_on() -> None:
    center = Center()
    for n in range(5):
        center.space.workers.create(friendly_name=f"w{n}")

    assert len(center.space.workers.list(page_size=2)) == 7
    page = center.space.workers.page(page_size=3)
    assert page.next_page_url.endswith("/Workers?PageSize=3&Page=1")


KINDS = {
    spaces: "/v1/Workspaces",
    activity: "/v1/Workspaces/{workspace}/Activities",
    worker: "/v1/Workspaces/{workspace}/Workers",
    task_queue: "/v1/Workspaces/{workspace}/TaskQueues",
    workflow: "/v1/Workspaces/{workspace}/Workflows",
    task: "/v1/Workspaces/{workspace}/Tasks",
    reservation: "/v1/Workspaces/{workspace}/Tasks/{task}/Reservations",
}
_DATA = re.compile(r"data = values\.of\(\s*\{(.*?)\}\s*\)", re.DOTALL)
# Whatever Twilio's library can send: every set of parameters in its source.
SENT = [
    (path, tuple(re.findall(r'"(\w+)":', inner)))
    for module, path in KINDS.items()
    for inner in _DATA.findall(inspect.getsource(module))
]


def test_each_parameter_of_the_library_is_read_refused_or_said_to_be_without_effect() -> None:
    """Nothing is dropped in silence, by whichever request it is sent."""
    unknown = []
    for path, names in SENT:
        for name in set(names) - set(PAGING):
            known = [
                name in {*REFUSED_HERE.get(route, {}), *SIMPLIFIED_HERE.get(route, {})}
                or _read_by(handler, name)
                for _, _, route, handler in PRODUCTS["taskrouter"]
                if route.partition(" ")[2].startswith(path)
            ]
            if not any(known):
                unknown.append((path, name))
    assert len(SENT) >= 13
    assert unknown == []


def _read_by(handler: Any, name: str) -> bool:
    """Whether the module of a handler names it, perhaps behind an instruction's prefix."""
    source = inspect.getsource(inspect.getmodule(handler) or handler)
    source += inspect.getsource(addresses)
    endings = [name, *(name.removeprefix(p) for p in ("Dequeue", "Call", "Redirect"))]
    return any(f'"{each}"' in source for each in endings)


@pytest.mark.parametrize(
    ("route", "name"), [(route, name) for route, names in REFUSED_HERE.items() for name in names]
)
def test_what_is_refused_is_refused_by_name(route: str, name: str) -> None:
    exchange = Exchange(seed=1)
    method, _, path = route.partition(" ")

    status, answer = exchange.api.respond(method, path, {name: ["AP1"]}, "taskrouter")

    assert (status, answer and answer["code"]) == (501, 99501)
    assert exchange.debugger[-1].text == f"{name}: this simulator doesn't support it"
