"""One turn of one call, pure: what was heard makes a changed call, and what has to be done about
it.

A `Turn` is made of a call as it was stored. It is told what was heard (`Turn.hear`), moves the
flows and the hunt, and collects events and duties; whoever made it saves all of them in one
transaction or throws the turn away. What concerns a case is a duty: `ivr.line.service.cases` hears
it. The legs of the people who are rung live in the caller's call, so that there is one writer a
call.

``call.data`` holds ``shared`` (what flows see), ``caller`` (his conversation), ``legs`` (by
attempt: person, sid, state ``ringing | talking | over``, conversation, document) and ``hunt``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from datetime import datetime, timedelta
from typing import Any, Literal, cast

from ivr.errors import CallError
from ivr.line.definition import Line
from ivr.line.desk.events import Event
from ivr.line.desk.hunt import EventName, Hunt
from ivr.line.desk.phone_numbers import shown
from ivr.line.flow.conversation import Conversation, Heard, outcome
from ivr.line.flow.flow import STEPS_PER_TURN, Flow
from ivr.line.flow.machine import NotAllowed
from ivr.line.flow.steps import Branch, Customer, Dialling, Entry, Goodbye, Hold, LookUp, Menu, Talk
from ivr.line.records import Call, Duty
from ivr.line.turns.call import promises as record
from ivr.line.turns.call.hunting import Hunting
from ivr.line.turns.call.legs import Legs

Answer = Callable[[str, dict[str, Any]], Heard]
What = Literal[
    "keys", "outcome", "status", "dialled", "out", "placed", "refused", "unsure", "lapsed",
    "time_up", "more", "later", "promise", "click",
]  # fmt: skip


def begin(line: Line, sid: str, caller: str, called: str, now: datetime) -> Call:
    """A call that nobody has heard anything of yet."""
    entry = line.config.number(called)
    number = shown(caller)
    shared: dict[str, Any] = {
        "sid": sid,
        "caller_number": number,
        "line_number": called,
        "offers": list(entry.languages),
        "works": {code: entry.works_in(code, now) for code in entry.languages},
        "zone": entry.zone,
        "region": entry.region,
        "country": entry.country,
        "countries": line.config.callable_from(number),
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


def call_back(line: Line, sid: str, of: Call, now: datetime) -> Call:
    """A call that we make, to keep what was promised in call ``of``; its customer comes later."""
    promise, before = of.data["shared"]["promise"], of.data["shared"]
    call = begin(line, sid, promise["number"], of.called, now)
    kept = ("keyed", "case", "wish", "requested", "emergency", "promise", "zone", "region")
    knows = {name: before[name] for name in kept if name in before}
    return _back(line, call, {"of": of.sid, "language": of.language, "knows": knows})


def anew(line: Line, call: Call) -> Call:
    """A stored call as it was when it began."""
    fresh = begin(line, call.sid, call.caller, call.called, call.started_at)
    back = call.data["shared"].get("back")
    return fresh if back is None else _back(line, fresh, back)


def _back(line: Line, call: Call, back: dict[str, Any]) -> Call:
    """``call`` as one that we make; ``knows`` stays as it is, so that it can be replayed."""
    began = {name: back[name] for name in ("of", "language", "knows")}
    call.data["shared"] |= deepcopy(back["knows"]) | {"back": deepcopy(began) | {"leg": ""}}
    call.data["caller"] |= {"state": line.callback, "language": back["language"]}
    call.step, call.language = line.callback, back["language"]
    return call


LAPSE = 60  # seconds after which a customer who is rung counts as not answering


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
        self.changed = not call.version
        self.left_from: str | None = None  # the step in which he heard the last thing
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
            there = bool(self.leg_sid)
            self.caller.state = self.line.caller.start if there else self.line.callback
            self.caller_hears(outcome("trouble"))

    # --- what is heard ---

    def hear(self, what: What, leg: str = "", value: str = "", **more: Any) -> bool:
        """The one door: something happened to the caller's leg (``""``) or another one.

        ``what`` and ``value`` are ``keys`` (as pressed, ``""`` is silence) · ``outcome`` (its name)
        · ``status`` (a leg's last word: ended, busy, no_answer, failed) · ``dialled`` (the same, of
        the caller's own <Dial>) · ``out`` (of the conference, by star or because that ended) ·
        ``placed`` (the leg's SID) · ``refused``, ``unsure``, ``lapsed`` (how ringing a leg went) ·
        ``time_up``, ``more`` and ``later`` (of the hunt) · ``promise`` (how the call goes that is
        owed, see `ivr.line.turns.call.promises.promise_hears`) · ``click`` (of whoever has the leg,
        or comes forward himself: ``""``; ``value`` is the argument of what ``click`` names). What
        moves something is logged, so that `ivr.line.story.replay` can take the same turns again.
        False when it moved nothing.
        """
        at, before = len(self.events), self.changed
        kind, entry = self._entry(what, leg, value, more)
        self.changed = False
        self._take(what, leg, value, more)
        moved, self.changed = self.changed, self.changed or before
        if moved:
            self.events.insert(at, Event(kind, self.now, "", entry))
        return moved

    def _take(self, what: What, leg: str, value: str, more: dict[str, Any]) -> None:
        match what:
            case "keys" | "outcome":
                heard = Heard(what, value, more)
                self.leg_hears(leg, heard) if leg else self.caller_hears(heard)
            case "status":
                self.legs.leg_status(leg, cast(EventName, value))
            case "dialled":
                self.legs.caller_talked(cast(EventName, value))
            case "out":
                self.legs.left_conference(leg)
            case "placed":
                self.legs.placed(leg, value)
            case "refused":
                self.hunting.no_carrier(leg)
            case "unsure":
                self.hunting.unsure(leg)
            case "lapsed":
                self.hunting.lapsed(leg)
            case "time_up":
                self.hunting.time_up(more["hunt"])
            case "more":
                self.hunting.more(more["ranking"])
            case "later":
                self.hunting.look_later(more["round"])
            case "promise":
                record.promise_hears(self, value, **more)
            case "click":
                self._click(leg, value, **more)

    def _click(self, leg: str, value: str, click: str, **more: Any) -> None:
        """A page's button; it moves nothing when it isn't offered, or not any more."""
        flow, state = self.line.console, "away"
        talk = flow.begin(self.caller.language, self.shared)
        talk.own = {"person": value, "operator": True}
        if leg:
            talk.own, state = self.legs.talk(leg).own, self.legs.state(leg)
        try:
            if self._hear(flow, talk, leg, outcome(click, value=value, state=state, **more)):
                self.shared["clicks"] = self.shared.get("clicks", 0) + 1
        except NotAllowed:
            return

    def _entry(
        self, what: What, leg: str, value: str, more: dict[str, Any]
    ) -> tuple[str, dict[str, Any]]:
        """What was heard as it is logged: nothing personal, nothing over-long."""
        flow, talk = self.line.caller, self.caller
        if leg:
            flow, talk = self.line.person, self.legs.talk(leg)
        step, kind = flow.steps.get(talk.state), "heard"
        if what == "keys" and isinstance(step, Menu):
            kind = "menu.key"
        if what == "keys" and isinstance(step, Entry):
            outcome = step.outcome(talk, Heard("keys", value))
            kind = "entry.rejected" if outcome in step.refusals else kind
            kind = "entry.partial" if outcome in ("cleared", "slower") else kind
            if step.secret:
                value = "secret" if value else ""
            elif step.personal:
                self.shared.setdefault("personal", []).append(value)
                value = "personal"
            elif outcome in step.unlogged:
                value = "".join("0" if key.isdecimal() else key for key in value)
        if what == "click" and more["click"] in self.line.console.personal:
            self.shared.setdefault("personal", []).append(value)
            value = "personal"
        entry = {"leg": leg, "step": talk.state, "what": what, "value": value}
        return kind, entry | ({"data": _plain(more)} if more else {})

    def caller_hears(self, heard: Heard) -> bool:
        """Move the caller; False when his step has no use for it, or he has hung up already."""
        if self.call.ended_at:
            return False
        self.left_from = self.caller.state
        if heard.value == "hangup":
            self.shared["left_at"] = "" if self.said_goodbye else self.caller.state
        if heard.value in ("hangup", "unanswered") and "back" in self.shared:
            self.shared["back"]["leg"] = ""  # the customer's leg is over, or never was
        moved = self._hear(self.line.caller, self.caller, "", heard)
        if moved and (heard.value == "hangup" or self._nobody_there()):
            self._caller_left()
        elif moved and not (self.waiting or self.dialling or self.talking or self.meanwhile):
            self.hunting.stop()  # he has gone on to something else
        return moved

    def begin(self) -> None:
        """The first request of the call."""
        self.tell("call.started", flow=self.call.flow, version=self.call.flow_version)
        self._settle(self.line.caller, self.caller, "")
        if self._nobody_there():
            self._caller_left()

    def _nobody_there(self) -> bool:
        """A call back that is over before the customer was there."""
        return self.said_all and "back" in self.shared and not self.shared["back"]["leg"]

    @property
    def said_all(self) -> bool:
        """Whether he has come to the last words."""
        return isinstance(self.line.caller.steps[self.caller.state], Goodbye)

    @property
    def leg_sid(self) -> str:
        """The carrier's name of the caller's leg; ``""`` before a customer is called back."""
        back = self.shared.get("back")
        return self.call.sid if back is None else str(back["leg"])

    def leg_hears(self, attempt: str, heard: Heard) -> bool:
        """Move the leg of somebody who was rung."""
        talk = self.legs.talk(attempt)
        return self._hear(self.line.person, talk, attempt, heard)

    def _hear(self, flow: Flow, talk: Conversation, leg: str, heard: Heard) -> bool:
        if not flow.hear(talk, heard):
            return False
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
            case Branch():
                return outcome("next")
            case LookUp():
                self.shared["language"] = self.caller.language
                heard = self.answer(step.asks, self.shared)
                self.tell("answered", asks=step.asks, value=heard.value, data=_plain(heard.data))
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
            case "case":
                record.tell_case(self, **data)
            case "came":
                record.came(self, **data)
            case "ring_customer":
                self.duty("ring_customer", "ring_customer")
                self.duty("ring_customer", "customer_lapse", after=LAPSE, lapsed=True)
            case "status":
                self.duty("status", f"status:{talk.turn}", at=self.now.isoformat(), **data)
            case "let_customer_go":
                self.legs.let_customer_go()
            case "take":
                self.hunting.take(**data)
            case "ring":
                self.hunting.ring(**data)
            case "stop":
                self.hunting.stop()
            case "click":
                self.legs.click(leg, **data)
            case (
                "accepted" | "declined" | "no_answer" | "later" | "has_called"
                | "hold" | "unhold" | "hand_over" | "let_go"
            ):  # fmt: skip
                getattr(self.legs, what)(leg)
            case _:
                raise CallError(f"nobody knows the order '{what}' of step '{talk.state}'")

    def _caller_left(self) -> None:
        self.call.ended_at = self.now
        if "back" in self.shared and "came" not in self.shared["back"]:
            record.came(self, "operator")
        self.tell("call.ended", who="line" if self.said_goodbye else "caller")
        self.legs.caller_left()

    # --- what comes of it ---

    def tell(self, kind: str, /, **data: Any) -> None:
        """Add to the event log."""
        if "ranking" in data:
            data["ranking"] = by_reference(data["ranking"])
        self.events.append(Event(kind=kind, at=self.now, actor=str(data.pop("by", "")), data=data))

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
    def said_goodbye(self) -> bool:
        """Whether his last document hung up."""
        return self.left_from is not None and isinstance(
            self.line.caller.steps[self.left_from], Goodbye
        )

    @property
    def meanwhile(self) -> bool:
        """Whether he is asked something while people are rung for him."""
        return self.line.caller.steps[self.caller.state].meanwhile

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
        if not attempt and "back" in self.shared:
            return f"{self.root}/back/{self.line.name}/{self.call.sid}"
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
        record.conversation(self)
        unseen = self.caller.turn not in (self._before, self.caller.seen)
        step = self.line.caller.steps[self.caller.state]
        there = self.leg_sid and not isinstance(step, Customer)
        if unseen and there and not (self.leaves or self.call.ended_at):
            self.legs.send()
        queue = step.queue if isinstance(step, Hold) and not self.call.ended_at else ""
        if queue != self.call.waiting_for:
            if self.call.waiting_for and not self.call.ended_at:
                self.tell("queue.left", queue=self.call.waiting_for, why="went on")
            if queue:
                self.tell("queue.entered", queue=queue)
            self.call.waiting_for = queue
            self.call.waiting_since = self.now if queue else None
        self.call.step, self.call.language = self.caller.state, self.caller.language
        if self.changed and not self.call.ended_at:
            self.call.document = self.caller_document()
        self.call.data["caller"] = self.caller.to_dict()
        hunt = self.hunting.hunt
        self.call.data["hunt"] = hunt.to_dict() if hunt else None
        return self.call


def _plain(data: Mapping[str, Any]) -> dict[str, Any]:
    """An answer as it is logged: of people, their ids."""
    if "ranking" in data:
        return {**data, "ranking": by_reference(data["ranking"])}
    return dict(data)


def by_reference(ranking: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A ranking without names and numbers: a log must outlive them."""
    return [
        {name: value for name, value in entry.items() if name not in ("name", "phone", "detail")}
        for entry in ranking
    ]
