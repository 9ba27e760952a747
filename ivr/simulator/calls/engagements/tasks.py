"""Calls that are tasks: <Enqueue workflowSid>, and <Dial><Queue reservationSid>.

https://www.twilio.com/docs/taskrouter/twiml-queue-calls
"""

from __future__ import annotations

import re
from typing import Any

from ivr.simulator.calls.engagements.queues import Member, Queue, QueueDial, Queues
from ivr.simulator.calls.leg import Leg
from ivr.simulator.calls.player import Player
from ivr.simulator.calls.protocols import CallNetwork
from ivr.simulator.calls.recordings import Recordings
from ivr.simulator.calls.taskrouter.assignment import Assignments
from ivr.simulator.calls.taskrouter.routing import TaskRouter
from ivr.simulator.calls.taskrouter.workspace import Reservation, Task, Workspace, json_object
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
        noun = enqueue.tasks[0] if enqueue.tasks else v.Task()
        try:
            attributes = _attributes(leg) | json_object(noun.attributes or "{}")
        except ValueError as error:
            text = f"<Task> {noun.attributes}: {error}"
            network.note("error", NO_JSON, text, request.base, leg.sid)
            return None
        space, workflow = found
        queue = self._queues.named(sid) or self._queues.create(sid)
        task = self.router.task(space, workflow, attributes, noun.priority, noun.timeout, "voice")
        return TaskMember(self, space, task, queue, leg, player, enqueue, request.base)


class TaskMember(Member):
    """A caller whose place in the queue is a task."""

    __slots__ = ("calls", "space", "task")

    def __init__(
        self,
        calls: TaskCalls,
        space: Workspace,
        task: Task,
        queue: Queue,
        leg: Leg,
        player: Player,
        enqueue: v.Enqueue,
        base: str,
    ) -> None:
        super().__init__(queue, leg, player, enqueue, base)
        self.calls = calls
        self.space = space
        self.task = task
        task.linked = True

    def start(self) -> None:
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
        router = self.calls.router
        found = router.find_reservation(self.noun.reservation_sid)
        if found is None:
            self._refuse("isn't there")
            return
        space, reservation = found
        member = self.calls.members.get(reservation.task.sid)
        if member is None:
            self._refuse(f"is {reservation.status}, and no caller waits for it")
        elif not router.accept(space, reservation):
            self._refuse(f"is {reservation.status}")
        else:
            self.space, self.reservation = space, reservation
            router.ringing.pop(reservation.sid, None)
            after = self.noun.post_work_activity_sid
            if after and after not in space.activities:
                text = f"there is no activity {after}"
                self.leg.network.note("error", NO_ACTIVITY, text, self.base, self.leg.sid)
            reservation.post_work_activity = after
            self.connect(member)

    def _refuse(self, why: str) -> None:
        text = f"the reservation {self.noun.reservation_sid} {why}"
        self.leg.network.note("error", NO_RESERVATION, text, self.base, self.leg.sid)
        self.finish("failed")

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
