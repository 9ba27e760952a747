"""TaskRouter: calls that become tasks, and workers who are asked to take them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from ivr.simulator import Exchange, Handset
from tests.kit.twiml_app import CALLER, LINE, App, said

WORKFLOW = "WW0123456789abcdef0123456789abcdef"
ALICE = "+33155500011"
ENQUEUE = f"""<Response><Enqueue workflowSid="{WORKFLOW}" action="/after" waitUrl="/wait">
<Task priority="5" timeout="200">{{"account_number": "12345abcdef"}}</Task></Enqueue></Response>"""
AFTER = "<Response><Say>Goodbye.</Say></Response>"
JSON = [("Content-Type", "application/json")]
Said = dict[str, Any] | Callable[[dict[str, str]], dict[str, Any]]


class Desk:
    """A line whose callers become tasks, and a worker whose telephone is at ``ALICE``."""

    def __init__(self, instruction: Said, voice: str = ENQUEUE, **pages: Any) -> None:
        def assignment(params: dict[str, str]) -> tuple[str, Any, bytes]:
            said = instruction(params) if callable(instruction) else instruction
            return "200 OK", JSON, json.dumps(said).encode()

        self.exchange = Exchange(seed=1)
        self.app = App(
            {
                "/voice": voice,
                "/after": AFTER,
                "/wait": "<Response><Say>Please wait.</Say><Pause length='60'/></Response>",
                "/events": "",
                "/told": "",
                **pages,
            },
            {"/assignment": assignment},
        )
        self.exchange.number(LINE, self.app, "/voice")
        self.exchange.workspace(events="https://line.test/events")
        self.exchange.workflow("https://line.test/assignment", sid=WORKFLOW)
        self.alice = self.exchange.phone(ALICE)
        self.worker = self.exchange.worker("Alice", contact_uri=ALICE, languages=["en"])
        self.caller: Handset = self.exchange.phone(CALLER)

    def calls(self) -> None:
        self.caller.call(LINE)
        self.exchange.wait(1)

    @property
    def events(self) -> list[str]:
        """What has happened to tasks and reservations."""
        told = [each["EventType"] for each in self.app.asked("/events")]
        return [each for each in told if each.startswith(("task.", "reservation."))]

    @property
    def task(self) -> Any:
        (task,) = self.exchange.workspace().tasks.values()
        return task


# handle-assignment-callbacks#dequeue-call: "TaskRouter will make an outgoing call … When the call
# is answered, the Task will be removed from hold and it will be bridged to the agent"
def test_a_caller_is_dequeued_to_the_worker() -> None:
    desk = Desk({"instruction": "dequeue", "from": LINE})
    desk.calls()

    (asked,) = desk.app.asked("/assignment")
    assert set(asked) == {
        *("AccountSid", "ReservationSid", "TaskAge", "TaskAttributes", "TaskPriority"),
        *("TaskQueueSid", "TaskSid", "Timestamp", "WorkerAttributes", "WorkerSid"),
        *("WorkflowSid", "WorkspaceSid"),
    }
    assert json.loads(asked["WorkerAttributes"])["contact_uri"] == ALICE
    assert asked["TaskPriority"] == "5"
    attributes = json.loads(asked["TaskAttributes"])
    # twiml-queue-calls#task-attributes-linking-tasks-to-calls
    assert attributes["account_number"] == "12345abcdef"
    assert attributes["call_sid"] == desk.caller.calls[0].sid
    assert (attributes["from"], attributes["to"], attributes["from_country"]) == (
        CALLER,
        LINE,
        "FR",
    )
    assert attributes["from_zip"] == attributes["caller_city"] == ""
    assert len(attributes) == 26
    assert said(desk.caller) == ["Please wait."]
    assert desk.alice.ringing
    desk.alice.answer()
    assert desk.caller.connected_to == {desk.alice}
    assert (desk.task.status, desk.task.reservations[0].status) == ("assigned", "accepted")
    assert desk.task.attributes["worker_call_sid"] == desk.alice.calls[0].sid
    desk.exchange.wait(30)
    desk.alice.hang_up()
    desk.exchange.wait(5)

    (after,) = desk.app.asked("/after")
    assert (after["QueueResult"], after["QueueTime"]) == ("bridged", "1")
    assert said(desk.caller)[-1] == "Goodbye."
    # without an activity for afterwards the application completes the task
    assert desk.task.status == "wrapping"
    assert desk.events == [
        *("task.created", "reservation.created", "reservation.accepted"),
        *("task.wrapup", "reservation.wrapup"),
    ]
    desk.exchange.strict()


# "When the call disconnects, the Worker is transitioned to the activity specified by your
# assignment instruction response"
def test_the_worker_does_something_else_after_the_call() -> None:
    def instruction(_params: dict[str, str]) -> dict[str, Any]:
        activity = desk.exchange.workspace().activity("Unavailable")
        assert activity is not None
        return {"instruction": "dequeue", "post_work_activity_sid": activity.sid}

    desk = Desk(instruction)
    desk.calls()
    # "we will use the `to` number dialed by the caller as the `from` number"
    assert desk.alice.caller_id == LINE
    desk.alice.answer()
    desk.exchange.wait(10)
    desk.caller.hang_up()
    desk.exchange.wait(1)

    assert desk.worker.activity.name == "Unavailable"
    assert desk.events[-2:] == ["reservation.completed", "task.completed"]
    moved = [e for e in desk.app.asked("/events") if e["EventType"] == "worker.activity.update"]
    assert [each["WorkerActivityName"] for each in moved] == ["Unavailable"]
    assert not desk.alice.in_call
    desk.exchange.strict()


# handle-assignment-callbacks#initiating-call, with its example of a <Dial><Queue reservationSid>
@pytest.mark.parametrize("record", ["", 'record="record-from-answer"'])
def test_a_worker_hears_words_before_the_reservation_is_dialled(record: str) -> None:
    def answer(params: dict[str, str]) -> str:
        sid = desk.task.reservations[0].sid
        return (
            f"<Response><Say>You get a customer.</Say><Dial {record}>"
            f'<Queue reservationSid="{sid}"/></Dial></Response>'
        )

    instruction = {"instruction": "call", "from": LINE, "url": "https://line.test/answer"}
    desk = Desk(instruction, **{"/answer": answer})
    desk.calls()
    desk.alice.answer()
    assert desk.caller.connected_to == set()
    assert desk.task.reservations[0].status == "pending"
    desk.exchange.wait(5)

    assert said(desk.alice) == ["You get a customer."]
    assert desk.caller.connected_to == {desk.alice}
    assert desk.task.reservations[0].status == "accepted"
    desk.exchange.wait(9)
    desk.caller.hang_up()
    desk.exchange.wait(1)
    assert [each.seconds for each in desk.exchange.recordings] == ([12] if record else [])
    desk.exchange.strict()


# handle-assignment-callbacks#redirecting-call
def test_the_caller_is_redirected_and_the_task_accepted() -> None:
    def instruction(params: dict[str, str]) -> dict[str, Any]:
        return {
            "instruction": "redirect",
            "call_sid": json.loads(params["TaskAttributes"])["call_sid"],
            "url": "https://line.test/elsewhere",
            "accept": "true",
        }

    desk = Desk(instruction, **{"/elsewhere": "<Response><Say>Connecting.</Say></Response>"})
    desk.calls()
    desk.exchange.wait(3)

    assert said(desk.caller) == ["Please wait.", "Connecting."]
    assert desk.app.asked("/after")[0]["QueueResult"] == "redirected"
    assert desk.task.status == "assigned"
    desk.exchange.strict()


def test_worker_and_caller_meet_in_a_conference() -> None:
    told = "https://line.test/told"
    desk = Desk(
        {
            "instruction": "conference",
            "from": LINE,
            "end_conference_on_exit": True,
            "conference_status_callback": told,
            "conference_status_callback_event": "start, end",
        }
    )
    desk.calls()
    desk.alice.answer()
    desk.exchange.wait(2)

    assert desk.caller.connected_to == {desk.alice}
    desk.alice.hang_up()
    desk.exchange.wait(2)
    assert not desk.caller.in_call
    assert desk.task.status == "wrapping"
    assert [each["StatusCallbackEvent"] for each in desk.app.asked("/told")] == [
        "conference-start",
        "conference-end",
    ]
    assert desk.app.asked("/told")[0]["FriendlyName"] == desk.task.sid
    desk.exchange.strict()


# "If the caller hangs up before being assigned to a worker, the Task is automatically canceled."
def test_a_caller_who_hangs_up_cancels_the_task_and_the_ringing() -> None:
    desk = Desk({"instruction": "dequeue"})
    desk.calls()
    assert desk.alice.ringing
    desk.caller.hang_up()
    desk.exchange.wait(1)

    assert not desk.alice.ringing
    assert desk.events[-2:] == ["reservation.canceled", "task.canceled"]
    assert desk.alice.calls[0].because == "the worker's reservation is over (canceled)"
    assert desk.app.asked("/events")[-1]["TaskCanceledReason"] == "hangup"
    assert desk.app.asked("/after")[0]["QueueResult"] == "hangup"
    desk.exchange.strict()


# "reservation.timeout: Too much time passed without a task being accepted or rejected"
def test_a_worker_who_does_not_answer_in_time_goes_offline_and_another_is_asked() -> None:
    desk = Desk({"instruction": "dequeue", "timeout": 15})
    bob = desk.exchange.phone("client:bob")
    desk.calls()
    desk.exchange.wait(5)
    desk.exchange.worker("Bob", contact_uri="client:bob")
    desk.exchange.wait(100)
    assert not bob.ringing
    desk.exchange.wait(20)

    assert desk.worker.activity.name == "Offline"
    assert bob.ringing
    bob.answer()
    assert desk.caller.connected_to == {bob}
    desk.caller.hang_up()
    assert "reservation.timeout" in desk.events


# "#immediate-reject: the task is rejected and placed back into the queue"
def test_a_rejected_task_is_offered_again() -> None:
    def instruction(params: dict[str, str]) -> dict[str, Any]:
        if len(desk.app.asked("/assignment")) == 1:
            offline = desk.exchange.workspace().activity("Offline")
            assert offline is not None
            return {"instruction": "reject", "activity_sid": offline.sid}
        return {"instruction": "accept"}

    desk = Desk(instruction)
    desk.calls()
    assert desk.worker.activity.name == "Offline"
    desk.exchange.wait(30)
    assert desk.task.status == "pending"
    desk.exchange.worker("Alice")
    desk.exchange.wait(1)

    assert desk.events == [
        *("task.created", "reservation.created", "reservation.rejected"),
        *("reservation.created", "reservation.accepted"),
    ]
    desk.caller.hang_up()
    desk.exchange.strict()


def test_workers_are_asked_by_what_they_can_do_and_who_has_been_free_the_longest() -> None:
    exchange = Exchange(seed=1)
    app = App({"/voice": ENQUEUE, "/wait": "<Response/>", "/after": AFTER}, {})
    exchange.number(LINE, app, "/voice")
    exchange.workflow(sid=WORKFLOW, targets='languages HAS "fr" AND level >= 2')
    exchange.worker("Ann", languages=["en", "fr"], level=1)
    exchange.worker("Ben", languages=["fr"], level=3, available=False)
    cleo = exchange.worker("Cleo", languages=["fr"], level=2)
    exchange.wait(10)
    exchange.worker("Ben")
    callers = [exchange.phone(f"+3315550010{n}") for n in range(3)]
    for each in callers:
        each.call(LINE)
        exchange.wait(1)

    tasks = list(exchange.workspace().tasks.values())
    assert [t.reservations[0].worker.name for t in tasks[:2]] == ["Cleo", "Ben"]
    assert (tasks[2].status, cleo.free("voice")) == ("pending", False)
    for each in callers:
        each.hang_up()


WRONG: list[tuple[dict[str, Any], int, str]] = [
    ({"instruction": "dance"}, 55555, "'dance' isn't an instruction"),
    ({"instruction": "dequeue", "to": "+33155500099", "from": "+33155500098"}, 40133, "neither"),
    ({"instruction": "dequeue", "post_work_activity_sid": "WA1"}, 40130, "no activity WA1"),
    ({"instruction": "dequeue", "record": "record-from-answer"}, 0, "record of dequeue: this"),
    ({"instruction": "dequeue", "timeout": "soon"}, 0, "timeout is soon, not a number of seconds"),
    ({"instruction": "call", "from": LINE}, 0, "call: url is missing"),
    ({"instruction": "redirect", "url": "https://line.test/x"}, 0, "there is no call None"),
]


# "Any errors while executing Assignment Instructions will show up in … Alerts"
@pytest.mark.parametrize(("instruction", "code", "why"), WRONG)
def test_an_instruction_that_cannot_be_carried_out_says_why(
    instruction: dict[str, Any], code: int, why: str
) -> None:
    desk = Desk(instruction)
    desk.calls()

    (notice,) = desk.exchange.debugger
    assert (notice.code, notice.level) == (code, "error")
    assert why in notice.text
    assert notice.url == "https://line.test/assignment"
    assert desk.caller.in_call
    desk.caller.hang_up()


# "If Your application doesn't respond within 5 seconds with a 200 OK HTTP response code and
# Content-Type header of "application/json", TaskRouter … will initiate a new webhook to
# FallbackAssignmentCallbackUrl"
@pytest.mark.parametrize("how", ["late", "500", "text"])
def test_an_answer_that_does_not_count_leads_to_the_fallback(how: str) -> None:
    desk = Desk({"instruction": "accept"})
    good = desk.app.answers["/assignment"]
    desk.app.answers["/fallback"] = good
    if how == "late":
        desk.exchange.delay("/assignment", 6)
    elif how == "500":
        desk.app.answers["/assignment"] = ("500 Oops", JSON, b"{}")
    else:
        desk.app.answers["/assignment"] = ("200 OK", [("Content-Type", "text/html")], b"<p>")
    workflow = desk.exchange.workspace().workflows[WORKFLOW]
    workflow.fallback_url = "https://line.test/fallback"
    desk.calls()
    desk.exchange.wait(10)

    assert desk.task.status == "assigned"
    assert "the answer to the assignment callback isn't read" in desk.exchange.debugger[0].text
    desk.caller.hang_up()


# errors/14220, /14221
@pytest.mark.parametrize(
    ("enqueue", "code", "why"),
    [
        (
            '<Enqueue workflowSid="WW1" action="/after"/>',
            14220,
            "there is no workflow WW1; exchange.workflow(sid='WW1', …) makes it",
        ),
        (
            f'<Enqueue workflowSid="{WORKFLOW}" action="/after">'
            "<Task>{'account_number':'1'}</Task></Enqueue>",
            14221,
            "<Task> {'account_number':'1'}: Expecting property name enclosed in double quotes",
        ),
        (
            f'<Enqueue workflowSid="{WORKFLOW}" action="/after"><Task>[1]</Task></Enqueue>',
            14221,
            "<Task> [1]: it isn't a JSON object",
        ),
    ],
)
def test_a_task_that_cannot_be_made_is_an_error_of_the_enqueue(
    enqueue: str, code: int, why: str
) -> None:
    desk = Desk({"instruction": "accept"}, f"<Response>{enqueue}</Response>")
    desk.calls()

    assert [each.code for each in desk.exchange.debugger] == [code]
    assert desk.exchange.debugger[0].text.startswith(why)
    assert desk.app.asked("/after")[0]["QueueResult"] == "error"
    assert "QueueSid" not in desk.app.asked("/after")[0]
    desk.exchange.wait(5)
    assert said(desk.caller) == ["Goodbye."]


# errors/14215: "The Reservation was already accepted …" and "does not match a valid Reservation"
def test_a_reservation_that_cannot_be_dialled_is_an_error() -> None:
    page = '<Response><Dial action="/after"><Queue reservationSid="WR1"/></Dial></Response>'
    desk = Desk({"instruction": "accept"}, page)
    desk.calls()

    assert desk.app.asked("/after")[0]["DialCallStatus"] == "failed"
    assert [(n.code, n.text) for n in desk.exchange.debugger] == [
        (14215, "the reservation WR1 isn't there")
    ]


def test_a_task_that_waits_too_long_is_canceled_and_its_caller_waits_on() -> None:
    desk = Desk({"instruction": "accept"})
    desk.exchange.worker("Alice", available=False)
    desk.calls()
    desk.exchange.wait(200)

    assert (desk.task.status, desk.task.reason) == ("canceled", "Task TTL Exceeded")
    assert desk.caller.in_call
    desk.caller.hang_up()
    assert desk.events == ["task.created", "task.canceled"]


# enqueue: "error: The TwiML contained an error, … in the TwiML retrieved from a waitUrl"
def test_a_wait_document_that_fails_cancels_the_task() -> None:
    desk = Desk({"instruction": "accept"}, **{"/wait": "<Oops"})
    desk.calls()

    assert desk.app.asked("/after")[0]["QueueResult"] == "error"
    assert (desk.task.status, desk.task.reason) == ("canceled", "error")
    assert [each.code for each in desk.exchange.debugger] == [12100]


# enqueue: "leave: The enqueued caller exited the queue via the <Leave> verb"
def test_a_caller_who_leaves_cancels_the_task() -> None:
    desk = Desk({"instruction": "dequeue"}, **{"/wait": "<Response><Leave/></Response>"})
    desk.calls()

    assert desk.app.asked("/after")[0]["QueueResult"] == "leave"
    assert desk.task.status == "canceled"
    desk.exchange.wait(5)
    assert not desk.alice.ringing
    desk.exchange.strict()


# "status_callback_url: A URL that Twilio will send asynchronous webhook GET requests on completed
# call events. Note: TaskRouter sends "taskCallSid""
def test_the_call_to_the_worker_is_reported() -> None:
    told = "https://line.test/told?desk=1"
    desk = Desk(
        {
            "instruction": "dequeue",
            "status_callback_url": told,
            "status_callback_events": "answered,completed",
        }
    )
    desk.calls()
    desk.alice.answer()
    desk.exchange.wait(5)
    desk.alice.hang_up()
    desk.exchange.wait(1)

    requests = [each for each in desk.exchange.requests if "/told" in each.url]
    assert [each.method for each in requests] == ["GET", "GET"]
    assert [each["CallStatus"] for each in desk.app.asked("/told")] == ["in-progress", "completed"]
    assert {each["taskCallSid"] for each in desk.app.asked("/told")} == {desk.caller.calls[0].sid}
    assert desk.app.asked("/told")[0]["desk"] == "1"
