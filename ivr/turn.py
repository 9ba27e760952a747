"""One turn of one call, pure: what was heard makes a changed call, and what has to be done about
it.

A `Turn` is made of a call as it was stored. It is told what was heard (`caller_hears`, `leg_hears`,
`leg_status`, `hunt_hears`), moves the flows and the hunt, and collects events, duties and records;
whoever made it saves all of them in one transaction or throws the turn away. The legs of the people
who are rung live in the caller's call, so that there is one writer a call.

``call.data`` holds ``shared`` (what flows see), ``caller`` (his conversation), ``legs`` (by
attempt: person, sid, state ``ringing | talking | over``, conversation, document) and ``hunt``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from ivr import record
from ivr.desk.events import Event
from ivr.desk.hunt import Hunt
from ivr.desk.phone_numbers import shown
from ivr.errors import CallError
from ivr.flow import STEPS_PER_TURN, Flow
from ivr.hunting import Hunting
from ivr.legs import Legs
from ivr.line import Line
from ivr.rows import Call, Duty, Escalation, Note
from ivr.steps import Conversation, Dialling, Entry, Fork, Heard, Hold, LookUp, Talk, outcome

Answer = Callable[[str, dict[str, Any]], Heard]


def begin(line: Line, sid: str, caller: str, called: str, now: datetime) -> Call:
    """A call that nobody has heard anything of yet."""
    entry = line.config.number(called)
    number = shown(caller)
    shared: dict[str, Any] = {
        "sid": sid,
        "caller_number": number,
        "line_number": called,
        "offers": list(entry.languages),
        "zone": entry.zone,
        "region": entry.region,
        "country": entry.country,
    }
    talk = line.caller.begin(entry.languages[0], shared)
    return Call(
        sid=sid,
        flow=line.name,
        flow_version=line.config.version,
        step=talk.state,
        language=talk.language,
        caller=caller,
        called=called,
        started_at=now,
        data={"shared": shared, "caller": talk.to_dict(), "legs": {}, "hunt": None},
    )


class Turn:
    """What one thing heard makes of a call. ``answer`` answers a look-up: (what, shared) ->
    Heard."""

    def __init__(
        self, line: Line, call: Call, now: datetime, answer: Answer, root: str = ""
    ) -> None:
        self.line, self.call, self.now, self.answer, self.root = line, call, now, answer, root
        self.shared: dict[str, Any] = call.data["shared"]
        self.caller = Conversation.from_dict(call.data["caller"], self.shared)
        hunt = call.data["hunt"]
        self.legs = Legs(self)
        self.hunting = Hunting(self, Hunt.from_dict(hunt) if hunt else None)
        self.events: list[Event] = []
        self.duties: list[Duty] = []
        self.escalations: list[Escalation] = []
        self.notes: list[Note] = []
        self.changed = not call.version
        self.leaves = False  # the caller was told to leave the queue, and asks by himself
        self._before = self.caller.turn

    def renew(self) -> None:
        """The flow's version with which this call began isn't deployed any more: to the operator.

        People in a conversation aren't disturbed; what comes after it is the new version's.
        """
        self.tell("flow.renewed", began=self.call.flow_version, now=self.line.config.version)
        self.call.flow_version, self.changed = self.line.config.version, True
        known = self.line.caller.steps.get(self.caller.state)
        if not isinstance(known, Talk):
            self.caller.state = self.line.caller.start
            self.caller_hears(outcome("trouble"))

    # --- what is heard ---

    def caller_hears(self, heard: Heard) -> bool:
        """Move the caller; False when his step has no use for it, or he has hung up already."""
        if self.call.ended_at:
            return False
        moved = self._hear(self.line.caller, self.caller, "", heard)
        if moved and heard.value == "hangup":
            self._caller_left()
        elif moved and not (self.waiting or self.dialling or self.talking):
            self.hunting.stop()  # he has gone on to something else
        return moved

    def begin(self) -> None:
        """The first request of the call."""
        self.tell("call.started", flow=self.call.flow, version=self.call.flow_version)
        self._settle(self.line.caller, self.caller, "")

    def leg_hears(self, attempt: str, heard: Heard) -> bool:
        """Move the leg of somebody who was rung."""
        talk = self.legs.talk(attempt)
        return self._hear(self.line.person, talk, attempt, heard)

    def _hear(self, flow: Flow, talk: Conversation, leg: str, heard: Heard) -> bool:
        step = flow.steps[talk.state]
        if not flow.hear(talk, heard):
            return False
        self._log(step, talk, leg, heard)
        self._settle(flow, talk, leg)
        return True

    def _settle(self, flow: Flow, talk: Conversation, leg: str) -> None:
        """Do what the step ordered, and go on as long as nobody waits here."""
        self.changed = True
        for _ in range(STEPS_PER_TURN):
            self._obey(talk, leg)
            step = flow.steps[talk.state]
            if step.waits:
                return
            heard = self._pass(step)
            flow.hear(talk, heard)
        raise CallError(f"{STEPS_PER_TURN} steps in one turn of '{flow.name}' at '{talk.state}'")

    def _pass(self, step: Any) -> Heard:
        match step:
            case Fork():
                return outcome("next")
            case LookUp():
                self.shared["language"] = self.caller.language
                heard = self.answer(step.asks, self.shared)
                self.tell("heard", leg="answer", asks=step.asks, **_plain(heard))
                return heard
        raise CallError(f"step '{step.name}' can't be passed through")

    def _obey(self, talk: Conversation, leg: str) -> None:
        while talk.happened:
            kind, data = talk.happened.pop(0)
            self.tell(kind, **{"by": self.legs.rows[leg]["person"] if leg else ""} | data)
        while talk.orders:
            what, data = talk.orders.pop(0)
            self._carry_out(what, talk, leg, data)

    def _carry_out(self, what: str, talk: Conversation, leg: str, data: dict[str, Any]) -> None:
        """An order that a flow gave."""
        match what:
            case "hunt":
                self.hunting.start(**data)
            case "next":
                self.hunting.hears("manual_next")
            case "escalate":
                record.escalate(self, **data)
            case "promise":
                record.promise(self, **data)
            case "accepted" | "declined" | "no_answer" | "hold" | "unhold" | "hand_over":
                getattr(self.legs, what)(leg)
            case _:
                raise CallError(f"nobody knows the order '{what}' of step '{talk.state}'")

    def _caller_left(self) -> None:
        self.call.ended_at = self.now
        self.tell("call.ended", step=self.caller.state)
        self.legs.caller_left()

    # --- what comes of it ---

    def tell(self, kind: str, /, **data: Any) -> None:
        """Add to the event log."""
        if "ranking" in data:
            data["ranking"] = by_reference(data["ranking"])
        self.events.append(Event(kind=kind, at=self.now, actor=str(data.pop("by", "")), data=data))

    def _log(self, step: Any, talk: Conversation, leg: str, heard: Heard) -> None:
        """What was heard, so that the call can be replayed; nothing personal, nothing over-long."""
        plain = _plain(heard)
        if heard.kind == "keys" and isinstance(step, Entry):
            if step.personal:
                plain["value"] = "personal"
                self.shared.setdefault("personal", []).append(heard.value)
            elif step.outcome(talk, heard) in step.unlogged:
                plain["value"] = "".join("0" if key.isdecimal() else key for key in heard.value)
        self.tell("heard", leg=leg, step=step.name, **plain)

    def duty(
        self,
        kind: str,
        key: str,
        *,
        after: float = 0,
        lane: str = "",
        owner: str = "",
        **data: Any,
    ) -> None:
        """Add what must happen; once by ``key`` within the call."""
        self.duties.append(
            Duty(
                key=f"{self.call.sid}:{key}",
                call=self.call.sid,
                kind=kind,
                owner=owner,
                lane=lane,
                due=self.now + timedelta(seconds=after),
                data=data,
            )
        )

    @property
    def waiting(self) -> bool:
        """Whether the caller is in a queue."""
        return isinstance(self.line.caller.steps[self.caller.state], Hold)

    @property
    def talking(self) -> bool:
        return isinstance(self.line.caller.steps[self.caller.state], Talk)

    @property
    def dialling(self) -> bool:
        return isinstance(self.line.caller.steps[self.caller.state], Dialling)

    # --- documents ---

    def caller_document(self) -> str:
        return self.line.caller.document(self.caller, self._values(""))

    def caller_waiting(self, position: str, first: bool) -> str:
        values = {**self._values(""), "position": position}
        return self.line.caller.waiting(self.caller, first, values)

    def leg_document(self, attempt: str) -> str:
        return self.line.person.document(self.legs.talk(attempt), self._values(attempt))

    def here(self, attempt: str = "") -> str:
        """The path of a leg's own webhook."""
        if not attempt:
            return f"{self.root}/voice/{self.line.name}"
        return f"{self.root}/leg/{self.line.name}/{self.call.sid}/{attempt}"

    def wait_url(self) -> str:
        """Where the queue's wait document is asked for."""
        return f"{self.here()}/wait?queue={self.call.waiting_for}"

    def _values(self, attempt: str) -> Mapping[str, str]:
        values = {"here": self.here(attempt), "room": f"call-{self.call.sid}"}
        if dialled := self.shared.get("dialled"):
            phone = str(dialled["phone"])
            values["leg"] = self.here(dialled["leg"])
            values["phone"] = phone.removeprefix("client:")
            values["line_number"] = self.call.called
        return values

    def close(self) -> Call:
        """The call as it is to be stored; documents are made now, when all has happened."""
        self.legs.close()
        unseen = self.caller.turn not in (self._before, self.caller.seen)
        if unseen and not (self.leaves or self.call.ended_at):
            self.legs.send()
        step = self.line.caller.steps[self.caller.state]
        queue = step.queue if isinstance(step, Hold) and not self.call.ended_at else ""
        if queue != self.call.waiting_for:
            self.call.waiting_for = queue
            self.call.waiting_since = self.now if queue else None
        self.call.step, self.call.language = self.caller.state, self.caller.language
        if self.changed and not self.call.ended_at:
            self.call.document = self.caller_document()
        self.call.data["caller"] = self.caller.to_dict()
        hunt = self.hunting.hunt
        self.call.data["hunt"] = hunt.to_dict() if hunt else None
        return self.call


def _plain(heard: Heard) -> dict[str, Any]:
    """What was heard as it is logged: of people, their ids."""
    data = dict(heard.data)
    if "ranking" in data:
        data["ranking"] = by_reference(data["ranking"])
    return {"what": heard.kind, "value": heard.value, "with": data}


def by_reference(ranking: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A ranking without names and numbers: a log must outlive them."""
    return [
        {name: value for name, value in entry.items() if name not in ("name", "phone", "detail")}
        for entry in ranking
    ]
