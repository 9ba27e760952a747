"""The legs of the people who are rung: how each answers, joins, is put on hold and leaves."""

from __future__ import annotations

from ivr.line.desk.hunt import EventName
from ivr.line.flow.conversation import keys, outcome
from ivr.line.turns.call import holding, meeting, promises
from ivr.line.turns.call.state import Agenda, CallerHears, CallState, HuntHears, LegHears
from ivr.line.values import Place, needed

COMES_ITSELF = 2  # seconds within which a leg asks for its next document when a conference ends
FREED = 60  # seconds after a call until each leg of it is looked after that hasn't ended


def close(state: CallState) -> None:
    """Write the legs that moved back, with their documents."""
    for attempt, talk in state.legs.talks.items():
        row = state.legs.rows[attempt]
        there = row.state in ("joining", "talking")
        if there and talk.turn not in (row.talk.turn, talk.seen):
            # The conference ends with the caller, and its legs ask what comes next by themselves.
            comes_itself = state.call.ended_at is not None and row.in_room is not None
            send(state, attempt, after=COMES_ITSELF if comes_itself else 0)
        row.talk = Place.of(talk)
        if state.line.person.steps[talk.state].waits:
            row.document = state.leg_document(attempt)


def send(state: CallState, attempt: str = "", after: float = 0) -> None:
    """Have a leg (``""`` is the caller's) fetch its present document: it moved without asking.

    It isn't sent if it has come for that document by itself until then.
    """
    turn = state.legs.talk(attempt).turn if attempt else state.caller.turn
    key, lane = f"send:{attempt}:{turn}", f"send{attempt}"
    state.duty("send", key, after=after, lane=lane, leg=attempt, turn=turn)


# --- a leg answers, joins, ends ---


def placed(state: CallState, attempt: str, sid: str) -> None:
    """The carrier is ringing; ``sid`` is the leg's, or with ``""`` the called-back customer's."""
    state.changed = True
    if not attempt:
        back = needed(state.shared.back)
        back.leg = back.leg or sid
        if state.said_all:
            let_customer_go(state)
        return
    row = state.legs.rows[attempt]
    row.sid = row.sid or sid


def caller_talked(state: CallState, status: EventName) -> Agenda:
    """The caller's <Dial> is over though the caller is still there.

    ``status`` is the last word of the leg that was dialled.
    """
    rows = state.legs.rows
    meeting.out(state)
    if state.dialling:
        yield from leg_status(state, needed(state.shared.hunt.dialled).leg, status)
    elif not any(rows[attempt].operator for attempt in state.legs.talking()):
        yield CallerHears(outcome("ended"))


def left_conference(state: CallState, attempt: str) -> Agenda:
    """A leg that is still up is out of the conference: by star, or because that ended."""
    stepped_out = outcome("stepped_out")
    meeting.out(state, attempt)
    if state.customer_comes:
        yield LegHears(attempt, outcome("ended"))  # back to where the customer will be
    elif not state.talking and state.legs.rows[attempt].state == "talking":
        yield LegHears(attempt, outcome("left"))
    elif state.line.person.expects(state.legs.talk(attempt), stepped_out):
        yield LegHears(attempt, stepped_out)
    else:
        yield LegHears(attempt, outcome("ended"))


def leg_status(state: CallState, attempt: str, status: EventName) -> Agenda:
    """A leg's last word: ``busy``, ``no_answer``, ``failed`` or ``ended``; said once."""
    row = state.legs.rows[attempt]
    if row.state == "over":
        return
    was, row.state = row.state, "over"
    state.changed = True
    meeting.out(state, attempt)
    yield LegHears(attempt, outcome("hangup"))
    wanted = state.legs.talk(attempt).own.wanted  # else the line stopped it
    how = "taken" if row.met else status if wanted else "stopped"
    _release(state, attempt, how)
    if was == "ringing":
        yield from _lost(state, attempt, "no_answer" if status == "ended" else status)
    elif was == "joining":
        yield from _missed(state, attempt)
    elif was == "talking":
        yield from _left_talk(state, attempt)


def _release(state: CallState, attempt: str, how: str) -> None:
    person = state.legs.person(attempt)
    state.duty("release", f"release:{attempt}", person=person, leg=attempt, how=how)


def _lost(state: CallState, attempt: str, how: EventName) -> Agenda:
    state.tell(f"dial.{how.replace('_', '')}", leg=attempt, by=state.legs.person(attempt))
    yield HuntHears(how, attempt)


def _missed(state: CallState, attempt: str) -> Agenda:
    """They took the call, and were gone before the caller had met them: others are rung on."""
    _tell_missed(state, attempt)
    yield HuntHears("missed", attempt)


def _tell_missed(state: CallState, attempt: str) -> None:
    person = state.legs.person(attempt)
    state.shared.hunt.missed.append(person)
    state.shared.hunt.unanswered[person] = state.now  # others are rung first
    state.tell("talk.missed", leg=attempt, by=person)


def _left_talk(state: CallState, attempt: str) -> Agenda:
    others, met = bool(state.legs.talking()), state.legs.rows[attempt].met
    if met:
        state.tell("transfer.completed" if others else "talk.ended", leg=attempt)
    else:
        _tell_missed(state, attempt)
    if state.dialling:
        if met:
            yield HuntHears("ended", attempt)
            yield CallerHears(outcome("talked"))
        else:
            yield HuntHears("missed", attempt)
        return
    yield HuntHears("ended", attempt)
    if not state.talking:
        if not others:
            yield CallerHears(outcome("ended"))  # a customer who isn't there yet
    elif not others:
        cut_off = _is_cut_off(state, attempt)
        if cut_off:  # another is rung first
            state.shared.hunt.unanswered[state.legs.person(attempt)] = state.now
        state.shared.held = False
        yield from _ring_on(state)
        yield CallerHears(outcome("ended", hardly=not met, cut_off=cut_off))
    elif all(state.in_menu(other) for other in state.legs.talking()):
        if not state.shared.held:
            holding.hold(state, state.legs.talking()[0])
    else:
        holding.unhold(state)


def _is_cut_off(state: CallState, attempt: str) -> bool:
    """Whether an operator's leg is gone without their having said so: they hung up, or a browser
    was closed, a battery is empty. The caller may need another operator, and says so by staying;
    once a call, for a caller who has left the telephone off the hook stays for ever."""
    row = state.legs.rows[attempt]
    before = any(each.met and each.operator for each in state.legs.rows.values() if each is not row)
    return row.operator and not before and not state.legs.talk(attempt).own.let_go


def _ring_on(state: CallState) -> Agenda:
    """The operator who directed the hunt is gone: the next candidate is rung."""
    hunt = state.hunt
    if hunt is not None and hunt.manual and not hunt.ringing():
        yield HuntHears("manual_next")


def take(state: CallState, attempt: str) -> None:
    """This person takes the call: they are told what it is about, and go to the conference. The
    caller follows when the carrier says that they are there."""
    row = state.legs.rows[attempt]
    row.state = "joining"
    row.taken_at = state.now
    state.legs.talk(attempt).own.introduced = bool(state.legs.talking())
    kind = "operator" if row.operator else "dial"
    state.tell(f"{kind}.taken", leg=attempt, by=state.legs.person(attempt))
    if not state.legs.talk(attempt).own.by_dial:
        state.duty("room", f"room:{attempt}", after=meeting.ASKED, leg=attempt)


def let_joining_go(state: CallState) -> Agenda:
    """The caller has gone on to something else while somebody was on the way to them."""
    for attempt in state.legs.joining():
        yield LegHears(attempt, outcome("gone_on"))


def caller_left(state: CallState) -> Agenda:
    """The caller is gone: stop ringing, and tell the people in the conference."""
    yield HuntHears("caller_left")
    with_them = (*state.legs.joining(), *state.legs.talking())
    state.shared.caller.was_with = state.legs.person(with_them[-1]) if with_them else ""
    for attempt in with_them:
        yield LegHears(attempt, outcome("left"))
    for attempt, row in state.legs.rows.items():
        if row.state != "over":
            state.duty("free", f"free:{attempt}", after=FREED, leg=attempt)


# --- what the person who is rung answers ---


def accepted(leg: str) -> Agenda:
    yield HuntHears("accepted", leg)


def declined(state: CallState, leg: str) -> Agenda:
    state.shared.hunt.refused.append(state.legs.person(leg))
    if state.shared.requested and state.legs.rows[leg].hunt == "manager":
        state.tell("escalation.declined", leg=leg, by=state.legs.person(leg))
    yield from _lost(state, leg, "declined")


def no_answer(state: CallState, leg: str) -> Agenda:
    yield from _lost(state, leg, "no_answer")


def later(state: CallState, leg: str) -> Agenda:
    """The person calls the caller personally, soon: the promise is theirs."""
    person = state.legs.person(leg)
    state.shared.hunt.owner = person
    state.shared.hunt.calls_in = promises.CALLS_IN
    yield from _calls_personally(state, leg)


def has_called(state: CallState, leg: str) -> Agenda:
    """The person has called the customer in their own way: the promise is kept."""
    promises.came(state, "kept", by=state.legs.person(leg))
    yield from _calls_personally(state, leg)


def _calls_personally(state: CallState, leg: str) -> Agenda:
    """This leg is done with, and nobody else is rung."""
    state.tell("dial.declined", leg=leg, by=state.legs.person(leg), calls_himself=True)
    if state.hunt is not None:
        state.hunt.attempts[leg]["state"] = "dismissed"
    yield CallerHears(outcome("later"))


def click(state: CallState, leg: str, key: str) -> Agenda:
    """A click in place of the key that the whisper asks for. Before the person has picked up, an
    acceptance counts when they do; anything else counts at once, and it rings no longer."""
    if state.leg_state(leg) == "listening":
        yield LegHears(leg, keys(key))
        if state.legs.rows[leg].state == "ringing":
            send(state, leg)
    elif key == "1":
        state.legs.talk(leg).own.clicked = True
    else:
        yield from later(state, leg) if key == "3" else declined(state, leg)
        stop_ringing(state, leg)


def stop_ringing(state: CallState, attempt: str) -> None:
    """Nobody needs this leg any more; if its call has begun, it is ended."""
    state.legs.talk(attempt).own.wanted = False
    state.duty("hang_up", f"hang_up:{attempt}", lane=attempt, leg=attempt)


# --- what an operator orders ---


def let_go(state: CallState, leg: str) -> None:
    """The person hangs up by a click."""
    sid = state.legs.rows[leg].sid
    state.legs.talk(leg).own.let_go = True
    state.duty("hang_up", f"hang_up:{leg}:click", leg=leg, sid=sid)


def let_customer_go(state: CallState) -> None:
    """The person who was to talk to the customer has gone while the customer's phone rang."""
    if sid := state.leg_sid:
        state.duty("hang_up", "hang_up:customer", leg="", sid=sid)


def hand_over(state: CallState, leg: str) -> Agenda:
    """The operator leaves the rest to the line; the operator's leg says goodbye and ends."""
    state.legs.rows[leg].state = "leaving"
    state.tell("operator.passed", leg=leg, by=state.legs.person(leg))
    if not state.legs.talking():
        state.shared.held = False
        yield from _ring_on(state)
        yield CallerHears(outcome("handed_over"))
    holding.unhold(state)
