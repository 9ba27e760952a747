"""Calls that are tasks: <Enqueue workflowSid>, and <Dial><Queue reservationSid>.

https://www.twilio.com/docs/taskrouter/twiml-queue-calls
"""

from __future__ import annotations

import json
import re
from typing import Any

from ivr.simulator.calls.engagements.queues import Member, QueueDial, Queues
from ivr.simulator.calls.leg import Leg
from ivr.simulator.calls.player import Player
from ivr.simulator.calls.protocols import CallNetwork
from ivr.simulator.calls.recordings import Recordings
from ivr.simulator.calls.taskrouter.assignment import Assignments
from ivr.simulator.calls.taskrouter.routing import TaskRouter
from ivr.simulator.calls.taskrouter.workspace import Reservation, Task, Workspace
from ivr.simulator.interpreter import requests
from ivr.twiml import verbs as v

# https://www.twilio.com/docs/api/errors/14215, /14218, /14220, /14221
NO_RESERVATION = 14215
NO_ACTIVITY = 14218
NO_WORKFLOW = 14220
NO_JSON = 14221
NOT_ENQUEUED: requests.Params = (("QueueResult", "error"),)
# "A task will be created … with the call's standard parameters as attributes."
STANDARD = re.compile(
    "AccountSid|ApiVersion|CallSid|CallStatus|Direction|(From|To|Caller|Called)"
    "(City|Country|State|Zip)?"
)


class TaskCalls:
    """The calls of a network that are tasks."""

    def __init__(self, network: CallNetwork[Leg], queues: Queues) -> None:
        self.router = TaskRouter(network)
        self.assignments = Assignments(self.router)
        self.members: dict[str, TaskMember] = {}  # by the SID of the task
        self._queues = queues

    def enqueue(self, leg: Leg, player: Player, request: requests.Join) -> TaskMember | None:
        """The place in the workflow's queue that an <Enqueue> leads to; None, and an error, when
        the workflow or the task's attributes are wrong."""
        enqueue, network = request.enqueue, leg.network
        sid = enqueue.workflow_sid
        found = self.router.find_workflow(sid)
        if found is None:
            text = f"there is no workflow {sid}; exchange.workflow(sid={sid!r}, …) makes it"
            network.note("error", NO_WORKFLOW, text, request.base, leg.sid)
            return None
        task = enqueue.tasks[0] if enqueue.tasks else v.Task("{}")
        attributes = _attributes(leg)
        try:
            given = json.loads(task.attributes or "{}")
            if not isinstance(given, dict):
                raise ValueError("it isn't a JSON object")
        except ValueError as error:
            text = f"<Task> {task.attributes}: {error}"
            network.note("error", NO_JSON, text, request.base, leg.sid)
            return None
        queue = self._queues.named(sid) or self._queues.create(sid)
        member = TaskMember(queue, leg, player, enqueue, request.base)
        member.calls = self
        member.space = found[0]
        member.starts = lambda: self.router.task(
            found[0], found[1], attributes | given, task.priority, task.timeout, "voice"
        )
        return member

    def dial(
        self,
        leg: Leg,
        player: Player,
        dial: v.Dial,
        noun: v.Queue,
        base: str,
        recordings: Recordings,
    ) -> ReservationDial:
        return ReservationDial(self, leg, player, dial, noun, base, recordings)


class TaskMember(Member):
    """A caller whose place in the queue is a task."""

    __slots__ = ("calls", "space", "starts", "task")
    calls: TaskCalls
    space: Workspace
    starts: Any
    task: Task

    def start(self) -> None:
        self.task = self.starts()
        self.task.linked = True
        self.calls.members[self.task.sid] = self
        super().start()

    def leave(self, reason: str) -> requests.Params:
        params = super().leave(reason)
        self._gone(reason)
        return params

    def left(self, result: str) -> None:
        super().left(result)
        self._gone(result)

    def released(self) -> None:
        super().released()
        self._gone("bridged")

    def _gone(self, reason: str) -> None:
        """ "If the caller hangs up before being assigned to a worker, the Task is automatically
        canceled." """
        self.calls.members.pop(self.task.sid, None)
        if self.task.linked:
            self.calls.router.cancel(self.space, self.task, reason)


class ReservationDial(QueueDial):
    """A worker dials their reservation: it is accepted, and they talk to its caller."""

    __slots__ = ("calls", "reservation", "space")

    def __init__(
        self,
        calls: TaskCalls,
        leg: Leg,
        player: Player,
        dial: v.Dial,
        noun: v.Queue,
        base: str,
        recordings: Recordings,
    ) -> None:
        super().__init__(leg, player, dial, noun, None, base, recordings)
        self.calls = calls
        self.space: Workspace | None = None
        self.reservation: Reservation | None = None

    def start(self) -> None:
        self.leg.answer()
        found = self.calls.router.find_reservation(self.noun.reservation_sid)
        member = self.calls.members.get(found[1].task.sid) if found is not None else None
        if found is None or member is None or not self.calls.router.accept(*found):
            status = "isn't there" if found is None else f"is {found[1].status}"
            text = f"the reservation {self.noun.reservation_sid} {status}"
            if found is not None and member is None:
                text += ", and no caller waits for it"
            self.leg.network.note("error", NO_RESERVATION, text, self.base, self.leg.sid)
            self.finish("failed")
            return
        self.space, self.reservation = found
        self.calls.router.ringing.pop(self.reservation.sid, None)
        after = self.noun.post_work_activity_sid
        if after and after not in self.space.activities:
            text = f"there is no activity {after}"
            self.leg.network.note("error", NO_ACTIVITY, text, self.base, self.leg.sid)
        self.reservation.post_work_activity = after
        self.connect(member)

    def finish(self, status: str) -> None:
        super().finish(status)
        self._over()

    def leave(self, reason: str) -> requests.Params:
        params = super().leave(reason)
        self._over()
        return params

    def _over(self) -> None:
        if self.space is not None and self.reservation is not None:
            self.calls.router.call_over(self.space, self.reservation)


def _attributes(leg: Leg) -> dict[str, Any]:
    """The call's parameters, as from_country and so on."""
    fields = {name: value for name, value in leg.fields().items() if STANDARD.fullmatch(name)}
    for who in ("From", "To", "Caller", "Called"):
        for what in ("City", "Country", "State", "Zip"):
            fields.setdefault(f"{who}{what}", "")
    return {re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower(): fields[name] for name in sorted(fields)}
