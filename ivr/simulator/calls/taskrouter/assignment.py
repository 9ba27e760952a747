"""The assignment callback: the application says what happens with a reservation.

https://www.twilio.com/docs/taskrouter/handle-assignment-callbacks
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any
from urllib.parse import urlencode

from ivr.simulator.calls.leg import Leg
from ivr.simulator.calls.taskrouter.events import fields
from ivr.simulator.calls.taskrouter.routing import TaskRouter
from ivr.simulator.calls.taskrouter.workspace import Reservation, Task, Workspace, json_object
from ivr.simulator.interpreter import requests
from ivr.simulator.network.routes import SIP, Callback, Route, dialled, e164
from ivr.simulator.webhooks.answers import content_type
from ivr.simulator.webhooks.delivery import Delivery
from ivr.simulator.webhooks.request import HTTPReply
from ivr.twiml import verbs as v

# https://www.twilio.com/docs/api/errors/40123, /40130 to /40140, /55555
NOT_PENDING = {"dequeue": 40135, "redirect": 40123}
NO_ACTIVITY = 40130
NO_ADDRESS = 40131
NO_CALLER_ID = 40132
NOT_ROUTABLE = 40133
NO_CALL = 40140
INVALID = 55555
TOO_LATE = 5.0  # "If your application doesn't respond within 5 seconds …"
RINGS = 60  # "Default is 60 seconds"
LEG = frozenset({"instruction", "to", "from", "timeout", "post_work_activity_sid"})
STATUS = frozenset({"status_callback_url", "status_callback_events"})
CONFERENCE = frozenset(
    {
        "conference_status_callback",
        "conference_status_callback_event",
        "conference_status_callback_method",
        "end_conference_on_exit",
        "end_conference_on_customer_exit",
    }
)
# What each instruction may say; anything else is refused by name.
INSTRUCTIONS: Mapping[str, frozenset[str]] = {
    "accept": frozenset({"instruction"}),
    "reject": frozenset({"instruction", "activity_sid"}),
    "dequeue": LEG | STATUS,
    "call": (LEG | STATUS | {"url", "accept"}) - {"post_work_activity_sid"},
    "redirect": frozenset({"instruction", "call_sid", "url", "accept"}),
    "conference": LEG | CONFERENCE,
}


class InstructionError(Exception):
    """An instruction can't be carried out; ``code`` is Twilio's, 0 for what isn't built here."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class Assignments:
    """Asks applications about reservations, and does what they say."""

    def __init__(self, router: TaskRouter) -> None:
        self.router = router
        self.network = router.network
        router.on_reserved = self.ask

    # ---- the callback

    def ask(self, space: Workspace, reservation: Reservation) -> None:
        """Request the AssignmentCallbackUrl of the workflow, after the current event."""
        url = reservation.task.workflow.assignment_url
        if url:
            self.network.clock.soon(self._ask, space, reservation, url)

    def _ask(self, space: Workspace, reservation: Reservation, url: str) -> None:
        clock = self.network.clock
        known = fields(reservation, clock.now())
        names = (
            *("ReservationSid", "TaskAge", "TaskAttributes", "TaskPriority", "TaskQueueSid"),
            *("TaskSid", "WorkerAttributes", "WorkerSid", "WorkflowSid"),
        )
        values = {name: known[name] for name in names if name in known}
        values["AccountSid"] = self.network.account_sid
        values["Timestamp"] = str(int(clock.now().timestamp()))
        values["WorkspaceSid"] = space.sid
        delivery = Delivery(self.network, url, "POST", values)
        asked = clock.seconds()
        answered = partial(self._answered, space, reservation, asked)
        if delivery.start(answered, patience=True):
            answered(delivery)

    def _answered(
        self, space: Workspace, reservation: Reservation, asked: float, delivery: Delivery
    ) -> None:
        reply = delivery.reply
        assert reply is not None
        why = _unreadable(reply, self.network.clock.seconds() - asked)
        if why:
            text = f"the answer to the assignment callback isn't read: {why}"
            self.network.note("error", reply.code, text, delivery.url)
            fallback = reservation.task.workflow.fallback_url
            if fallback and delivery.url != fallback:
                self._ask(space, reservation, fallback)
        elif reply.body.strip():
            self._obey(space, reservation, reply.body, delivery.url)

    def _obey(self, space: Workspace, reservation: Reservation, body: bytes, url: str) -> None:
        try:
            said = json_object(body)
        except ValueError as error:
            self.network.note("error", INVALID, f"the assignment's answer: {error}", url)
            return
        if said:
            self.instruct(space, reservation, said, url)

    # ---- instructions

    def instruct(
        self, space: Workspace, reservation: Reservation, said: Mapping[str, Any], url: str = ""
    ) -> None:
        """Carry out an instruction; what is wrong with it is an error in the debugger's log."""
        try:
            self.carry_out(space, reservation, said)
        except InstructionError as error:
            self.network.note("error", error.code, f"TaskRouter: {error}", url)

    def carry_out(
        self, space: Workspace, reservation: Reservation, said: Mapping[str, Any]
    ) -> None:
        """Raises `InstructionError`."""
        kind = str(said.get("instruction", ""))
        if kind not in INSTRUCTIONS:
            raise InstructionError(INVALID, f"{kind!r} isn't an instruction")
        if strange := sorted(set(said) - INSTRUCTIONS[kind]):
            text = f"{', '.join(strange)} of {kind}: this simulator doesn't support it"
            raise InstructionError(0, text)
        if not reservation.pending:
            text = f"{kind}: the reservation is {reservation.status}, not pending"
            raise InstructionError(NOT_PENDING.get(kind, 0), text)
        after = str(said.get("post_work_activity_sid") or "")
        if after and after not in space.activities:
            raise InstructionError(NO_ACTIVITY, f"{kind}: there is no activity {after}")
        reservation.post_work_activity = after
        match kind:
            case "accept":
                self.router.accept(space, reservation)
            case "reject":
                self.router.reject(space, reservation, str(said.get("activity_sid") or ""))
            case "redirect":
                self._redirect(space, reservation, said)
            case "call":
                self._call(space, reservation, said)
            case "dequeue":
                self._dequeue(reservation, said)
            case "conference":
                self._conference(space, reservation, said)

    def _redirect(
        self, space: Workspace, reservation: Reservation, said: Mapping[str, Any]
    ) -> None:
        leg = self.network.legs.get(str(said.get("call_sid", "")))
        if leg is None or leg.ended:
            raise InstructionError(0, f"redirect: there is no call {said.get('call_sid')}")
        reservation.task.linked = False
        if _truth(said.get("accept")):
            self.router.accept(space, reservation)
        self.network.clock.soon(leg.redirect, requests.Fetch(_url(said, "redirect")))

    def _call(self, space: Workspace, reservation: Reservation, said: Mapping[str, Any]) -> None:
        start = requests.Fetch(_url(said, "call"))
        if not said.get("from"):
            raise InstructionError(0, "call: from is missing, the caller ID")
        leg = self._ring(reservation, said, start)
        leg.route = Route(start.url)
        if _truth(said.get("accept")):
            self.router.ringing.pop(reservation.sid, None)
            self.router.accept(space, reservation)

    def _dequeue(self, reservation: Reservation, said: Mapping[str, Any]) -> None:
        """Ring the worker, who then dials the reservation."""
        self._caller(reservation.task, "dequeue")
        noun = v.Queue(
            "",
            reservation_sid=reservation.sid,
            post_work_activity_sid=reservation.post_work_activity,
        )
        self._ring(reservation, said, requests.Page("", (v.Dial((noun,)),)))

    def _conference(
        self, space: Workspace, reservation: Reservation, said: Mapping[str, Any]
    ) -> None:
        """Ring the worker; then both are in a conference that is named after the task."""
        task = reservation.task
        caller = self._caller(task, "conference")
        events = said.get("conference_status_callback_event") or ""
        words = " ".join(str(events if isinstance(events, str) else " ".join(events)).split(","))
        ours = v.Conference(
            task.sid,
            end_on_exit=_truth(said.get("end_conference_on_exit")),
            status_callback=str(said.get("conference_status_callback") or ""),
            status_callback_event=" ".join(words.split()),
            status_callback_method=str(said.get("conference_status_callback_method") or "POST"),
        )
        theirs = v.Conference(
            task.sid, end_on_exit=_truth(said.get("end_conference_on_customer_exit", True))
        )
        leg = self._ring(reservation, said, requests.Page("", (v.Dial((ours,)),)))
        leg.on_end = partial(self.router.call_over, space, reservation)

        def joined() -> None:
            if self.router.accept(space, reservation):
                task.linked = False
                caller.redirect(requests.Page("", (v.Dial((theirs,)),)))

        leg.on_answer = joined

    # ---- calls

    def _caller(self, task: Task, kind: str) -> Leg:
        """The call that the task stands for."""
        leg = self.network.legs.get(str(task.attributes.get("call_sid", "")))
        if leg is None or leg.ended:
            text = f"{kind}: the task's attributes have no call_sid of a call that goes on"
            raise InstructionError(NO_CALL, text)
        return leg

    def _ring(
        self,
        reservation: Reservation,
        said: Mapping[str, Any],
        start: requests.Fetch | requests.Page,
    ) -> Leg:
        task, network = reservation.task, self.network
        kind = said["instruction"]
        to = _address(str(said.get("to") or reservation.worker.attributes.get("contact_uri") or ""))
        if not to:
            text = f"{kind}: neither to nor the worker's contact_uri is an address to ring"
            raise InstructionError(NO_ADDRESS, text)
        sender = str(said.get("from") or task.attributes.get("to") or "")
        if not sender:
            raise InstructionError(NO_CALLER_ID, f"{kind}: from is missing, the caller ID")
        if to.startswith("+") and not network.may_show(e164(sender)):
            text = f"{kind}: {sender} is neither a number of the account nor verified"
            raise InstructionError(NOT_ROUTABLE, text)
        rings = _seconds(said.get("timeout"))
        leg = network.dial_out(e164(sender) or sender, dialled(to), start, rings)
        self.router.ringing[reservation.sid] = leg
        task.attributes["worker_call_sid"] = leg.sid
        url = str(said.get("status_callback_url") or "")
        if url:
            events = str(said.get("status_callback_events") or "").replace(",", " ").split()
            query = urlencode({"taskCallSid": task.attributes.get("call_sid", "")})
            told = f"{url}{'&' if '?' in url else '?'}{query}"
            leg.callback = Callback(told, "GET", frozenset({"completed", *events}))
        return leg


def _unreadable(reply: HTTPReply, seconds: float) -> str:
    """Why an answer that took so many seconds isn't read; "" if it is."""
    if seconds > TOO_LATE:
        return f"it came after more than {TOO_LATE:g} s"
    if reply.status != 200:
        return reply.error or f"HTTP {reply.status}"
    if reply.body.strip() and content_type(reply)[0] != "application/json":
        return f"its type is {reply.header('content-type') or 'missing'}, not JSON"
    return ""


def _address(to: str) -> str:
    """A number, ``client:…`` or ``sip:…``; a bare name is a client's. "" for none."""
    if not to or to.startswith(("client:", *SIP)):
        return to
    return e164(to) or f"client:{to}"


def _url(said: Mapping[str, Any], kind: str) -> str:
    url = str(said.get("url") or "")
    if not url:
        raise InstructionError(0, f"{kind}: url is missing, that of a TwiML document")
    return url


def _seconds(value: object) -> float:
    """ "The integer number of seconds …; the maximum is 999." """
    text = str(value or RINGS)
    if not text.isdecimal() or not 0 < int(text) <= 999:
        raise InstructionError(0, f"timeout is {text}, not a number of seconds from 1 to 999")
    return float(text)


def _truth(value: object) -> bool:
    return str(value).lower() == "true"
