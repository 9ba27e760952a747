"""One turn of one call, pure: what was heard makes a changed call, and what has to be done about
it.

A `CallTurn` is told what was heard (`CallTurn.hear`), moves the flows and the hunt, and collects
events and duties in its `CallState`; its maker saves all of them in one transaction or throws the
turn away. What concerns a case is a duty: `ivr.line.service.cases` hears it. The legs of the people
who are rung live in the caller's call, so that there is one writer a call.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import suppress
from datetime import datetime
from typing import assert_never

from ivr.errors import CallError
from ivr.line.definition import Line
from ivr.line.flow.conversation import Heard, outcome
from ivr.line.flow.flow import STEPS_PER_TURN, Flow
from ivr.line.flow.machine import NotAllowed
from ivr.line.flow.steps import (
    Branch,
    Customer,
    Dialling,
    Goodbye,
    Hold,
    LookUp,
    Step,
    Talk,
)
from ivr.line.records import Call
from ivr.line.turns.call import hunting, legs, meeting, promises
from ivr.line.turns.call.heard import (
    Bridged,
    CallbackMissed,
    CallbackTried,
    CallbackWent,
    CallHeard,
    CandidatesRanked,
    Clicked,
    DialEnded,
    HeardOfLeg,
    HuntTimedOut,
    InRoom,
    KeysPressed,
    LeftConference,
    LegEnded,
    LegPlaced,
    MeetingLasted,
    OutcomeHeard,
    PlacementRefused,
    PlacementUnsure,
    Report,
    RingLapsed,
)
from ivr.line.turns.call.log import log_entry, plain
from ivr.line.turns.call.orders import carry_out
from ivr.line.turns.call.reports import heard_of
from ivr.line.turns.call.state import (
    Agenda,
    CallerHears,
    CallState,
    HuntHears,
    LegHears,
    Who,
)
from ivr.line.values import CallValues, LegTalk, PersonValues, Place

Answer = Callable[[str, CallValues], Heard]
Moves = Generator[CallerHears | LegHears | HuntHears, None, bool]  # an agenda, and whether it moved


class CallTurn:
    """What one thing heard makes of a call. ``answer`` answers a look-up: (what, shared) ->
    Heard; ``who`` says who is rung."""

    def __init__(
        self, line: Line, call: Call, now: datetime, answer: Answer, who: Who, root: str = ""
    ) -> None:
        self.state = CallState(line, call, now, who, root)
        self.line, self.answer = line, answer
        self.moved = False  # whether anything that was heard moved something
        self._before = self.state.caller.turn

    def begin(self) -> None:
        """The first request of the call."""
        state = self.state
        state.tell("call.started", flow=state.call.flow, version=state.call.flow_version)
        self._work_off(self._begin())

    def _begin(self) -> Agenda:
        yield from self._settle(self.line.caller, self.state.caller, "")
        if isinstance(self.state.step, Goodbye) and not self.state.leg_sid:
            yield from self._caller_left()  # a customer is owed a call, and none is there yet

    def renew(self) -> None:
        """This isn't the flow's version with which the call began: to the operator.

        People in a conversation aren't disturbed; what comes after it is this version's. A call is
        renewed once and never back: while two versions serve side by side, both keep it.
        """
        state, line = self.state, self.line
        if not state.shared.renewed:
            state.tell("flow.renewed", began=state.call.flow_version, now=line.config.version)
            state.call.flow_version = line.config.version
            state.shared.renewed = True
        state.changed = True
        known = line.caller.steps.get(state.caller.state)
        if not isinstance(known, Talk):
            there = bool(state.leg_sid)
            state.caller.state = line.caller.start if there else line.callback
            self._work_off(self._caller_hears(outcome("trouble")))

    # --- what is heard ---

    def hear(self, heard: CallHeard | Report) -> bool:
        """The one door: something happened to the caller's leg or another one.

        What moves something is logged, so that `ivr.line.story.replay` can take the same turns
        again. False when it moved nothing.
        """
        if isinstance(heard, Report):
            each_moved = [self._hear(each) for each in heard_of(self.state, heard)]
            moved = any(each_moved)
        else:
            moved = self._hear(heard)
        self.moved = self.moved or moved
        return moved

    def _hear(self, heard: CallHeard) -> bool:
        if self._late(heard):
            return False
        state = self.state
        at, before = len(state.events), state.changed
        entry = log_entry(state, heard)
        state.changed = False
        self._work_off(self._take(heard))
        moved = state.changed
        state.changed = moved or before
        if moved:
            state.events.insert(at, entry)
        return moved

    def _late(self, heard: CallHeard) -> bool:
        """Whether it answers a document that isn't the present one, or is of another leg."""
        state = self.state
        match heard:
            case KeysPressed(turn=int(turn), leg=leg) | OutcomeHeard(turn=int(turn), leg=leg):
                return turn != self.state.talk(leg).turn
            case LeftConference(turn=int(turn), leg=leg):
                return turn != self.state.talk(leg).turn
            case DialEnded(turn=int(turn)):
                return turn != state.caller.turn
            case InRoom():
                return not meeting.is_news(state, heard)
            case Bridged(leg=leg):
                return state.legs.rows[leg].state != "joining"
            case LegEnded(leg=leg, sid=sid):
                return sid != "" and state.legs.rows[leg].sid not in ("", sid)
        return False

    def _work_off(self, first: Agenda) -> None:
        """Depth first: all that comes of an entry is done before the one after it."""
        agenda = [first]
        while agenda:
            entry = next(agenda[-1], None)
            if entry is None:
                agenda.pop()
                continue
            match entry:
                case CallerHears(heard=heard):
                    agenda.append(self._caller_hears(heard))
                case LegHears(attempt=attempt, heard=heard):
                    agenda.append(self._leg_hears(attempt, heard))
                case HuntHears(event=event, attempt=attempt, people=people):
                    agenda.append(hunting.hears(self.state, event, attempt, people))
                case _:
                    assert_never(entry)

    def _take(self, heard: CallHeard) -> Agenda:
        state = self.state
        meeting.judge(state)
        match heard:
            case KeysPressed(keys=pressed, leg=leg):
                said = Heard("keys", pressed)
                yield LegHears(leg, said) if leg else CallerHears(said)
            case OutcomeHeard(name=name, leg=leg, data=data):
                said = Heard("outcome", name, data)
                yield LegHears(leg, said) if leg else CallerHears(said)
            case Clicked():
                yield from self._click(heard)
            case HuntTimedOut(hunt=hunt):
                yield from hunting.time_up(state, hunt)
            case CandidatesRanked(ranking=ranking):
                yield from hunting.more(state, ranking)
            case CallbackTried() | CallbackMissed() | CallbackWent():
                promises.promise_hears(state, heard)
            case _:
                yield from self._take_of_leg(heard)

    def _take_of_leg(self, heard: HeardOfLeg) -> Agenda:
        state = self.state
        match heard:
            case DialEnded(status=status):
                yield from legs.caller_talked(state, status)
            case LeftConference(leg=leg):
                yield from legs.left_conference(state, leg)
            case InRoom():
                yield from meeting.in_room(state, heard)
            case Bridged(leg=leg):
                yield from meeting.bridged(state, leg)
            case MeetingLasted():
                pass  # `meeting.judge` has seen it
            case LegEnded(leg=leg, status=status, sid=sid):
                # Twilio asks for the <Dial>'s action now; a redirect would cancel what it answers
                state.leaves = state.leaves or bool(sid and state.dials(leg))
                yield from legs.leg_status(state, leg, status)
            case LegPlaced(leg=leg, sid=sid):
                legs.placed(state, leg, sid)
            case PlacementRefused(leg=leg):
                yield from hunting.no_carrier(state, leg)
            case PlacementUnsure(leg=leg):
                yield from hunting.unsure(state, leg)
            case RingLapsed(leg=leg):
                yield from hunting.lapsed(state, leg)
            case _:
                assert_never(heard)

    def _click(self, clicked: Clicked) -> Agenda:
        """A page's button; it moves nothing when it isn't offered, or not any more."""
        state, flow, leg = self.state, self.line.console, clicked.leg
        own = PersonValues(person=clicked.value, operator=True)
        stands = "away"
        if leg:
            own, stands = state.legs.talk(leg).own, state.leg_state(leg)
        talk = flow.begin(state.caller.language, state.shared, own)
        heard = outcome(clicked.click, value=clicked.value, state=stands, **clicked.data)
        with suppress(NotAllowed):
            yield from self._move(flow, talk, leg, heard)

    def _caller_hears(self, heard: Heard) -> Agenda:
        """Move the caller, unless the step has no use for it, or the caller has hung up already."""
        state = self.state
        if state.call.ended_at or (heard.value == "joined" and state.dials(heard.data["leg"])):
            return  # the carrier bridges whom a document dials, and the caller stays in it
        state.left_from = state.caller.state
        if heard.value == "hangup":
            state.shared.caller.left_at = "" if state.said_goodbye else state.caller.state
        back = state.shared.back
        if heard.value in ("hangup", "unanswered") and back is not None:
            back.leg = ""  # the customer's leg is over, or never was
        moved = yield from self._move(self.line.caller, state.caller, "", heard)
        step = state.step
        if not isinstance(step, (Talk, Dialling)):
            meeting.out(state)  # the caller is led elsewhere, and what says so may come late
        if not moved:
            return
        never_there = isinstance(step, Goodbye) and not state.leg_sid  # a customer to be called
        busy = step.meanwhile or isinstance(step, (Hold, Dialling, Talk))
        if heard.value == "hangup" or never_there:
            yield from self._caller_left()
        elif state.hunt is not None and not busy:
            yield from hunting.stop(state)  # the caller has gone on to something else

    def _caller_left(self) -> Agenda:
        state = self.state
        state.call.ended_at = state.now
        back = state.shared.back
        if back is not None and not back.came:
            promises.came(state, "operator")
        state.tell("call.ended", who="line" if state.said_goodbye else "caller")
        yield from legs.caller_left(state)

    def _leg_hears(self, attempt: str, heard: Heard) -> Agenda:
        """Move the leg of somebody who was rung."""
        yield from self._move(self.line.person, self.state.legs.talk(attempt), attempt, heard)

    def _move(self, flow: Flow, talk: LegTalk, leg: str, heard: Heard) -> Moves:
        if not flow.hear(talk, heard):
            return False
        yield from self._settle(flow, talk, leg)
        return True

    def _settle(self, flow: Flow, talk: LegTalk, leg: str) -> Agenda:
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
                state.shared.language = state.caller.language
                heard = self.answer(asks, state.shared)
                state.tell("answered", asks=asks, value=heard.value, data=plain(heard.data))
                return heard
        raise CallError(f"step '{step.name}' can't be passed through")

    def _obey(self, talk: LegTalk, leg: str) -> Agenda:
        by = self.state.legs.person(leg) if leg else ""
        while talk.happened:
            kind, data = talk.happened.pop(0)
            self.state.tell(kind, **{"by": by} | data)
        while talk.orders:
            yield from carry_out(self.state, talk.orders.pop(0), leg)

    # --- what comes of it ---

    def deliver(self, leg: str) -> None:
        """A leg (``""``: the caller's) is given its present document in answer."""
        talk = self.state.talk(leg)
        if not self.state.refuses and talk.seen != talk.turn:
            talk.seen = talk.turn
            self.state.changed = True
            if not leg:
                self.state.shared.caller.asks = False

    def document(self, leg: str = "") -> str:
        """The TwiML of a leg, ``""`` when it is to be hung up. Of a turn that is over."""
        if self.state.refuses:
            return ""
        state = self.state
        return str(state.legs.rows[leg].document) if leg else state.call.document

    @property
    def due(self) -> datetime | None:
        """When the first duty of this turn is due, if it made any."""
        duties = self.state.duties if self.state.changed else ()
        return min([duty.due for duty in duties]) if duties else None

    def close(self) -> Call:
        """The call as it is to be stored; documents are made now, when all has happened."""
        state, call, step = self.state, self.state.call, self.state.step
        if state.legs.talks:
            legs.close(state)
        self._record_conversation(step)
        if state.caller.turn not in (self._before, state.caller.seen):  # it moved without asking
            there = state.leg_sid and not isinstance(step, Customer)
            if there and not (state.leaves or call.ended_at):
                legs.send(state, after=legs.COMES_ITSELF if state.shared.caller.asks else 0)
            state.shared.caller.asks = True
        queue = step.queue if isinstance(step, Hold) and not call.ended_at else ""
        if queue != call.waiting_for:
            self._change_queue(queue)
        call.step = state.caller.state
        call.language = state.caller.language
        if state.changed and not call.ended_at:
            call.document = state.caller_document()
        call.data.caller = Place.of(state.caller)
        call.data.hunt = state.hunt
        return call

    def _change_queue(self, queue: str) -> None:
        """The caller waits in this queue from now on, or with ``""`` in none."""
        state, call = self.state, self.state.call
        if call.waiting_for and not call.ended_at:
            state.tell("queue.left", queue=call.waiting_for, why="went on")
        if queue:
            state.tell("queue.entered", queue=queue)
        call.waiting_for = queue
        call.waiting_since = state.now if queue else None

    def _record_conversation(self, step: Step) -> None:
        """Have the caller's leg recorded in a conversation, if the caller agrees; never else."""
        state = self.state
        shared, ended = state.shared, state.call.ended_at
        talks = isinstance(step, Talk) and not ended
        wanted = (shared.recording.wanted if talks else "") or "off"
        if wanted == shared.recording.state:
            return
        shared.recording.state = wanted
        shared.recording.changes += 1
        if not ended:
            key = f"record:{shared.recording.changes}"
            state.duty("record", key, lane="record", wanted=wanted)
