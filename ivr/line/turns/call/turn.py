"""One turn of one call, pure: what was heard makes a changed call, and what has to be done about
it.

A `CallTurn` is told what was heard (`CallTurn.hear`), moves the flows and the hunt, and collects
events and duties in its `CallState`; its maker saves all of them in one transaction or throws the
turn away. What concerns a case is a duty: `ivr.line.service.cases` hears it. The legs of the people
who are rung live in the caller's call, so that there is one writer a call.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from copy import deepcopy
from datetime import datetime
from typing import Any, Literal, assert_never, cast

from ivr.errors import CallError
from ivr.line.definition import Line
from ivr.line.desk.events import Event
from ivr.line.desk.hunt import EventName
from ivr.line.desk.phone_numbers import shown
from ivr.line.flow.conversation import Conversation, Heard, outcome
from ivr.line.flow.flow import STEPS_PER_TURN, Flow
from ivr.line.flow.machine import NotAllowed
from ivr.line.flow.steps import Branch, Customer, Entry, Hold, LookUp, Menu, Step, Talk
from ivr.line.records import Call
from ivr.line.turns.call import hunting, legs, promises
from ivr.line.turns.call.orders import carry_out
from ivr.line.turns.call.state import (
    Agenda,
    CallerHears,
    CallState,
    HuntHears,
    LegHears,
    by_reference,
)

Answer = Callable[[str, dict[str, Any]], Heard]
What = Literal[
    "keys", "outcome", "status", "dialled", "out", "placed", "refused", "unsure", "lapsed",
    "time_up", "more", "later", "promise", "click",
]  # fmt: skip
Moves = Generator[CallerHears | LegHears | HuntHears, None, bool]  # an agenda, and whether it moved


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


class CallTurn:
    """What one thing heard makes of a call. ``answer`` answers a look-up: (what, shared) ->
    Heard."""

    def __init__(
        self, line: Line, call: Call, now: datetime, answer: Answer, root: str = ""
    ) -> None:
        self.state = CallState(line, call, now, root)
        self.line, self.answer = line, answer
        self._before = self.state.caller.turn

    def begin(self) -> None:
        """The first request of the call."""
        state = self.state
        state.tell("call.started", flow=state.call.flow, version=state.call.flow_version)
        self._work_off(self._begin())

    def _begin(self) -> Agenda:
        yield from self._settle(self.line.caller, self.state.caller, "")
        if self._nobody_there():
            yield from self._caller_left()

    def renew(self) -> None:
        """The flow's version with which this call began isn't deployed any more: to the operator.

        People in a conversation aren't disturbed; what comes after it is the new version's.
        """
        state, line = self.state, self.line
        state.tell("flow.renewed", began=state.call.flow_version, now=line.config.version)
        state.call.flow_version = line.config.version
        state.changed = True
        known = line.caller.steps.get(state.caller.state)
        if not isinstance(known, Talk):
            there = bool(state.leg_sid)
            state.caller.state = line.caller.start if there else line.callback
            self._work_off(self._caller_hears(outcome("trouble")))

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
        state = self.state
        at, before = len(state.events), state.changed
        kind, entry = self._entry(what, leg, value, more)
        state.changed = False
        self._work_off(self._take(what, leg, value, more))
        moved = state.changed
        state.changed = moved or before
        if moved:
            state.events.insert(at, Event(kind, state.now, "", entry))
        return moved

    def _work_off(self, first: Agenda) -> None:
        """Depth first: all that comes of an entry is done before the one after it."""
        agenda = [first]
        while agenda:
            entry = next(agenda[-1], None)
            if entry is None:
                agenda.pop()
            else:
                agenda.append(self._heard(entry))

    def _heard(self, entry: CallerHears | LegHears | HuntHears) -> Agenda:
        match entry:
            case CallerHears(heard=heard):
                return self._caller_hears(heard)
            case LegHears(attempt=attempt, heard=heard):
                return self._leg_hears(attempt, heard)
            case HuntHears(event=event, attempt=attempt, people=people):
                return hunting.hears(self.state, event, attempt, people)
            case _:
                assert_never(entry)

    def _take(self, what: What, leg: str, value: str, more: dict[str, Any]) -> Agenda:
        state = self.state
        match what:
            case "keys" | "outcome":
                heard = Heard(what, value, more)
                yield LegHears(leg, heard) if leg else CallerHears(heard)
            case "status":
                yield from legs.leg_status(state, leg, cast(EventName, value))
            case "dialled":
                yield from legs.caller_talked(state, cast(EventName, value))
            case "out":
                yield from legs.left_conference(state, leg)
            case "placed":
                legs.placed(state, leg, value)
            case "refused":
                yield from hunting.no_carrier(state, leg)
            case "unsure":
                hunting.unsure(state, leg)
            case "lapsed":
                yield from hunting.lapsed(state, leg)
            case "time_up":
                yield from hunting.time_up(state, more["hunt"])
            case "more":
                yield from hunting.more(state, more["ranking"])
            case "later":
                hunting.look_later(state, more["round"])
            case "promise":
                promises.promise_hears(state, value, **more)
            case "click":
                yield from self._click(leg, value, **more)

    def _click(self, leg: str, value: str, click: str, **more: Any) -> Agenda:
        """A page's button; it moves nothing when it isn't offered, or not any more."""
        state, flow = self.state, self.line.console
        talk = flow.begin(state.caller.language, state.shared)
        talk.own = {"person": value, "operator": True}
        stands = "away"
        if leg:
            talk.own = state.legs.talk(leg).own
            stands = state.leg_state(leg)
        heard = outcome(click, value=value, state=stands, **more)
        try:
            moved = yield from self._move(flow, talk, leg, heard)
        except NotAllowed:
            return
        if moved:
            state.shared["clicks"] = state.shared.get("clicks", 0) + 1

    def adopt(self, attempt: str, sid: str) -> bool:
        """Whether this leg is the attempt's. A second one is hung up before it speaks."""
        row = self.state.legs.rows[attempt]
        if row["state"] == "over" or row["sid"] not in ("", sid):
            return False
        if not row["sid"]:
            self.hear("placed", attempt, sid)
        return True

    def _entry(
        self, what: What, leg: str, value: str, more: dict[str, Any]
    ) -> tuple[str, dict[str, Any]]:
        """What was heard as it is logged: nothing personal, nothing over-long."""
        flow, talk = self.line.caller, self.state.caller
        if leg:
            flow, talk = self.line.person, self.state.legs.talk(leg)
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
                self.state.shared.setdefault("personal", []).append(value)
                value = "personal"
            elif outcome in step.unlogged:
                value = "".join("0" if key.isdecimal() else key for key in value)
        if what == "click" and more["click"] in self.line.console.personal:
            self.state.shared.setdefault("personal", []).append(value)
            value = "personal"
        entry = {"leg": leg, "step": talk.state, "what": what, "value": value}
        return kind, entry | ({"data": _plain(more)} if more else {})

    def _caller_hears(self, heard: Heard) -> Agenda:
        """Move the caller, unless the step has no use for it, or the caller has hung up already."""
        state = self.state
        if state.call.ended_at:
            return
        state.left_from = state.caller.state
        if heard.value == "hangup":
            state.shared["left_at"] = "" if state.said_goodbye else state.caller.state
        if heard.value in ("hangup", "unanswered") and "back" in state.shared:
            state.shared["back"]["leg"] = ""  # the customer's leg is over, or never was
        moved = yield from self._move(self.line.caller, state.caller, "", heard)
        busy = state.waiting or state.dialling or state.talking or state.meanwhile
        if moved and (heard.value == "hangup" or self._nobody_there()):
            yield from self._caller_left()
        elif moved and not busy:
            yield from hunting.stop(state)  # the caller has gone on to something else

    def _nobody_there(self) -> bool:
        """A call back that is over before the customer was there."""
        state = self.state
        return state.said_all and "back" in state.shared and not state.shared["back"]["leg"]

    def _caller_left(self) -> Agenda:
        state = self.state
        state.call.ended_at = state.now
        if "back" in state.shared and "came" not in state.shared["back"]:
            promises.came(state, "operator")
        state.tell("call.ended", who="line" if state.said_goodbye else "caller")
        yield from legs.caller_left(state)

    def _leg_hears(self, attempt: str, heard: Heard) -> Agenda:
        """Move the leg of somebody who was rung."""
        yield from self._move(self.line.person, self.state.legs.talk(attempt), attempt, heard)

    def _move(self, flow: Flow, talk: Conversation, leg: str, heard: Heard) -> Moves:
        if not flow.hear(talk, heard):
            return False
        yield from self._settle(flow, talk, leg)
        return True

    def _settle(self, flow: Flow, talk: Conversation, leg: str) -> Agenda:
        """Do what the step ordered, and go on as long as nobody waits here."""
        self.state.changed = True
        for _ in range(STEPS_PER_TURN):
            yield from self._obey(talk, leg)
            step = flow.steps[talk.state]
            if step.waits:
                return
            flow.hear(talk, self._pass(step))
        raise CallError(f"{STEPS_PER_TURN} steps in one turn of '{flow.name}' at '{talk.state}'")

    def _pass(self, step: Step) -> Heard:
        state = self.state
        match step:
            case Branch():
                return outcome("next")
            case LookUp(asks=asks):
                state.shared["language"] = state.caller.language
                heard = self.answer(asks, state.shared)
                state.tell("answered", asks=asks, value=heard.value, data=_plain(heard.data))
                return heard
        raise CallError(f"step '{step.name}' can't be passed through")

    def _obey(self, talk: Conversation, leg: str) -> Agenda:
        by = self.state.legs.person(leg) if leg else ""
        while talk.happened:
            kind, data = talk.happened.pop(0)
            self.state.tell(kind, **{"by": by} | data)
        while talk.orders:
            yield from carry_out(self.state, talk.orders.pop(0), leg)

    # --- what comes of it ---

    def close(self) -> Call:
        """The call as it is to be stored; documents are made now, when all has happened."""
        state, call = self.state, self.state.call
        legs.close(state)
        self._record_conversation()
        unseen = state.caller.turn not in (self._before, state.caller.seen)
        there = state.leg_sid and not isinstance(state.step, Customer)
        if unseen and there and not (state.leaves or call.ended_at):
            legs.send(state)
        self._queue()
        call.step = state.caller.state
        call.language = state.caller.language
        if state.changed and not call.ended_at:
            call.document = state.caller_document()
        call.data["caller"] = state.caller.to_dict()
        call.data["hunt"] = state.hunt.to_dict() if state.hunt else None
        return call

    def _queue(self) -> None:
        """In which queue the caller waits, and since when."""
        state, call, step = self.state, self.state.call, self.state.step
        queue = step.queue if isinstance(step, Hold) and not call.ended_at else ""
        if queue == call.waiting_for:
            return
        if call.waiting_for and not call.ended_at:
            state.tell("queue.left", queue=call.waiting_for, why="went on")
        if queue:
            state.tell("queue.entered", queue=queue)
        call.waiting_for = queue
        call.waiting_since = state.now if queue else None

    def _record_conversation(self) -> None:
        """Have the caller's leg recorded in a conversation, if the caller agrees; never else."""
        state = self.state
        shared, ended = state.shared, state.call.ended_at
        talks = state.talking and not ended
        wanted = shared.get("recording", "off") if talks else "off"
        if wanted == shared.get("recorded", "off"):
            return
        shared["recorded"] = wanted
        count = shared["recordings"] = shared.get("recordings", 0) + 1
        if not ended:
            state.duty("record", f"record:{count}", lane="record", wanted=wanted)


def _plain(data: Mapping[str, Any]) -> dict[str, Any]:
    """An answer as it is logged: of people, their ids."""
    if "ranking" in data:
        return {**data, "ranking": by_reference(data["ranking"])}
    return dict(data)
