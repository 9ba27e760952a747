"""The hunt of one call: who is rung next, how, and what becomes of a person who doesn't answer.

`ivr.line.desk.hunt` decides; this turns its commands into legs and duties, and falls back on the
caller's own documents when the carrier can't be asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, assert_never, get_args

from msgspec import convert

from ivr.line.desk import hunt as rules
from ivr.line.desk.hunt import (
    Dismiss,
    EventName,
    Hunt,
    Join,
    Ring,
    SendOn,
    StopRinging,
    TellOperator,
)
from ivr.line.desk.people import Person
from ivr.line.flow.conversation import outcome
from ivr.line.turns.call import legs
from ivr.line.turns.call.state import Agenda, CallerHears, CallState, LegHears
from ivr.line.values import Dialled, Leg, PersonTalk, PersonValues, Place, Ranked, Rung, needed

LATE = 15  # seconds that a leg's last word may be late before it counts as not answered
UNSURE = 3  # the same, when it isn't even known whether it ever rang
CONCLUSIONS = get_args(rules.Outcome)
LOST = ("no_answer", "busy", "failed", "ended")  # how somebody is rung in vain
CARRIER_RESTS = timedelta(minutes=2)  # how long the REST API isn't asked again for this call


def start(state: CallState, name: str, manual: bool = False, first: str = "") -> Agenda:
    """Start ringing those of the last ranking who may be rung and haven't refused this call;
    ``first`` in front of them, refused or not."""
    if not manual and state.legs.joining():
        return  # somebody is on the way already
    if not manual and (_waits_for_it(state, name) or _taken_over(state, name)):
        return
    yield from stop(state)
    shared = state.shared
    rule = state.line.config.hunts[name]
    shared.hunt.name = name
    shared.hunt.number += 1
    shared.hunt.began = state.now
    shared.hunt.since = shared.hunt.since or state.now
    shared.hunt.asking = state.meanwhile
    shared.hunt.by_dial = _carrier_failed_lately(state)
    state.hunt = Hunt(
        [*([first] if first else []), *_willing(state, shared.hunt.ranking)],
        at_once=1 if shared.hunt.by_dial else rule.at_once,
        wait_for_more=bool(rule.look_again),
        manual=manual,
        name=f"{shared.hunt.number}-",
    )
    if not manual:
        _timers(state, name)
    yield from hears(state, "start")


def _carrier_failed_lately(state: CallState) -> bool:
    failed = state.shared.hunt.carrier_failed
    return failed is not None and state.now - failed < CARRIER_RESTS


def goes_on(state: CallState) -> bool:
    """Whether somebody is being looked for, rung just now or not."""
    return state.hunt is not None and state.hunt.state in ("ringing", "waiting")


def _waits_for_it(state: CallState, name: str) -> bool:
    """This very hunt has begun while the caller was being asked, or a document dialled for it: now
    the caller waits for it, and from here on its time counts."""
    view = state.shared.hunt
    if not (goes_on(state) and view.name == name and (view.asking or view.by_dial)):
        return False
    if view.asking and not state.meanwhile:
        view.asking = False
        _time_up_in(state, name)
    return True


def _taken_over(state: CallState, name: str) -> bool:
    """An operator left a hunt that is still ringing: the line goes on with it."""
    hunt, rule = state.hunt, state.line.config.hunts[name]
    if hunt is None or not hunt.manual or not hunt.ringing():
        return False
    hunt.manual = False
    hunt.wait_for_more = bool(rule.look_again)
    state.shared.hunt.name = name
    _timers(state, name)
    return True


def _timers(state: CallState, name: str, again: str = "") -> None:
    """The clocks of a hunt, or of one that goes on ``again`` after this attempt."""
    number, after = state.shared.hunt.number, state.line.config.hunts[name].look_again
    if not state.meanwhile:
        _time_up_in(state, name, again)  # nobody's time is up while they are being asked
    if after:
        state.duty("look_again", f"look_again:{number}{again}", after=after, hunt=number)


def _time_up_in(state: CallState, name: str, again: str = "") -> None:
    number, cap = state.shared.hunt.number, state.line.config.hunts[name].cap
    state.duty("time_up", f"time_up:{number}{again}", after=cap, hunt=number)


def _willing(state: CallState, ranking: Sequence[Ranked]) -> list[str]:
    refused = state.shared.hunt.refused
    return [entry.person for entry in ranking if not entry.skipped and entry.person not in refused]


def stop(state: CallState) -> Agenda:
    """Nobody is to be rung for this caller any more."""
    yield from hears(state, "caller_left")
    yield from legs.let_joining_go(state)


def hears(
    state: CallState, event: EventName, attempt: str = "", people: Sequence[str] = ()
) -> Agenda:
    """Tell the hunt, if there is one, and carry out what it commands."""
    hunt = state.hunt
    if hunt is None:
        return
    state.changed = True
    if event in LOST and _state(hunt, attempt) in ("ringing", *LOST):
        _in_vain(state, attempt)  # again when their telephone is on the hook
    if state.shared.hunt.by_dial:
        hunt.at_once = _dialled_at_once(state, hunt, attempt)
    went_on = goes_on(state)
    for command in rules.hear(hunt, event, attempt, people):
        if isinstance(command, SendOn | TellOperator) and command.outcome in CONCLUSIONS:
            state.hunts_over.append((state.shared.hunt.name, command.outcome))
        match command:
            case Ring(attempt=rung, person=person):
                yield from _ring(state, rung, person)
            case StopRinging(attempt=rung):
                legs.stop_ringing(state, rung)
                if event == "accepted":  # should that be lost, others come first
                    _in_vain(state, rung)
            case Join(attempt=rung):
                legs.take(state, rung)
            case Dismiss(attempt=rung):
                yield LegHears(rung, outcome("taken"))
            case TellOperator(attempt=rung, outcome=how):
                _report(state, rung, how)
            case SendOn(outcome="joined"):
                pass  # the caller is led on when that person is in the conference
            case SendOn(outcome=how):
                state.shared.hunt.rounds += 1
                yield CallerHears(outcome("nobody", why=how))
            case _:
                assert_never(command)
    if event == "caller_left" and went_on:
        state.hunts_over.append((state.shared.hunt.name, "left"))
    if event == "missed" and goes_on(state) and not hunt.manual:
        _timers(state, state.shared.hunt.name, f":{attempt}")
    _mirror(state, hunt)
    dialled = state.shared.hunt.dialled
    if state.dialling and goes_on(state) and needed(dialled).leg not in hunt.ringing():
        yield CallerHears(outcome("nobody_now"))


def _state(hunt: Hunt, attempt: str) -> str:
    return hunt.attempts[attempt]["state"] if attempt in hunt.attempts else ""


def _in_vain(state: CallState, attempt: str) -> None:
    """This person rests from this call, unless they never rang, since somebody else had them."""
    row = state.legs.rows[attempt]
    if row.sid or row.unsure or state.legs.talk(attempt).own.by_dial:
        state.shared.hunt.unanswered[row.person] = state.now


def _mirror(state: CallState, hunt: Hunt) -> None:
    """What flows may know of the hunt."""
    if hunt is state.hunt:
        view = state.shared.hunt
        view.ringing = bool(hunt.ringing())
        view.left_to_ring = goes_on(state) and bool(hunt.candidates)
        view.began = view.began if goes_on(state) else None


def _ring(state: CallState, attempt: str, person: str) -> Agenda:
    view = state.shared.hunt
    entry = next(each for each in view.ranking if each.person == person)
    operator = entry.reason == "operator"
    known = state.who(person) or Person(person, person)  # who is gone can't be claimed: busy
    talk = _whisper(state, entry, known)
    state.legs.rows[attempt] = Leg(
        person=person,
        name=known.name,
        phone=known.phone,
        hunt=entry.hunt,
        operator=operator,
        talk=Place.of(talk),
    )
    view.rung = Rung(known.name, entry.reason)
    if operator:
        state.tell("operator.offered", leg=attempt, person=person)
    rung = {"person": person, "reason": entry.reason, "language": talk.language}
    state.tell("dial.started", leg=attempt, **rung)
    if view.by_dial:
        state.claims.append((person, attempt))
        yield from _dial(state, attempt)
    else:
        rule = state.line.config.hunts[view.name]
        state.duty("ring", f"ring:{attempt}", lane=attempt, leg=attempt, timeout=rule.ring)
        state.duty("lapse", f"lapse:{attempt}", after=rule.ring + LATE, leg=attempt)


def _whisper(state: CallState, entry: Ranked, known: Person) -> PersonTalk:
    flow = state.line.person
    codes = flow.prompts.codes
    spoken = [code for code in known.languages if code in codes]
    own = PersonValues(
        person=entry.person,
        hunt=entry.hunt,
        operator=entry.reason == "operator",
        title=state.line.config.title,
        level=state.shared.wish,
        call_language=state.caller.language,
        by_dial=state.shared.hunt.by_dial,
    )
    return flow.begin(spoken[0] if spoken else codes[0], state.shared, own)


def take(state: CallState, entry: dict[str, Any]) -> Agenda:
    """An operator comes forward: they are rung beside the others, and accept by picking up.

    Nothing, when somebody else has come forward before, or is with the caller.
    """
    hunt = state.hunt
    if hunt is None or state.shared.hunt.by_dial or state.talking or state.legs.joining():
        return
    ringing = [state.legs.talk(attempt) for attempt in hunt.ringing()]
    if any(talk.own.clicked for talk in ringing):
        return
    taker = convert(entry, Ranked)
    person = taker.person
    others = [each for each in state.shared.hunt.ranking if each.person != person]
    state.shared.hunt.ranking = [*others, taker]
    yield from hears(state, "take", people=(person,))
    for attempt in hunt.ringing():
        if hunt.attempts[attempt]["person"] == person:
            state.legs.talk(attempt).own.clicked = True


def ring(state: CallState, person: str) -> Agenda:
    """The operator chooses who is rung; those after that person are rung on the next order."""
    if any(entry.person == person for entry in state.shared.hunt.ranking):
        yield from start(state, "wish", manual=True, first=person)


def _report(state: CallState, attempt: str, how: str) -> None:
    """Tell the operator who directs the hunt, in the conversation and to them alone."""
    if how in CONCLUSIONS:
        return
    says = "candidate_declined" if how == "declined" else "candidate_no_answer"
    for other in state.legs.talking():
        if other != attempt:
            state.duty("announce", f"announce:{attempt}", leg=other, says=says, about=attempt)


def more(state: CallState, ranking: list[dict[str, Any]]) -> Agenda:
    """Who may be rung now, also again; whoever was named before and isn't now may not."""
    now = convert(ranking, list[Ranked])
    known = {entry.person: entry for entry in (*state.shared.hunt.ranking, *now)}
    state.shared.hunt.ranking = list(known.values())
    yield from hears(state, "more", people=_willing(state, now))


def time_up(state: CallState, number: int) -> Agenda:
    """The time of hunt ``number`` is up, if that is the one that still goes on."""
    if state.shared.hunt.number == number:
        yield from hears(state, "time_up")


# --- without the REST API ---


def no_carrier(state: CallState, attempt: str) -> Agenda:
    """The carrier can't be asked to ring this leg: the caller's own document dials instead."""
    row = state.legs.rows[attempt]
    if row.state != "ringing" or not (state.waiting or state.meanwhile):
        if row.state == "ringing" and state.dialling and state.hunt is not None:
            state.hunt.candidates.insert(0, row.person)  # dialled after this one
        yield from legs.leg_status(state, attempt, "failed")
        return
    _carrier_failed(state)
    state.legs.talk(attempt).own.by_dial = True
    yield from _dial(state, attempt)


def _carrier_failed(state: CallState) -> None:
    state.shared.hunt.by_dial = True
    state.shared.hunt.carrier_failed = state.now
    if state.hunt is not None:
        state.hunt.at_once = _dialled_at_once(state, state.hunt)


def _dialled_at_once(state: CallState, hunt: Hunt, lost: str = "") -> int:
    """A document dials one after the other, besides those who may be ringing and may not."""
    others = (attempt for attempt in hunt.ringing() if attempt != lost)
    return 1 + sum(state.legs.rows[attempt].unsure for attempt in others)


def unsure(state: CallState, attempt: str) -> Agenda:
    """It may be ringing or not. This person isn't rung again; if nobody shows, others are. Where
    more than one is rung at a time, the next one is dialled without waiting for that."""
    row, rule = state.legs.rows[attempt], state.line.config.hunts[state.shared.hunt.name]
    row.unsure = state.changed = True
    state.duty("lapse", f"lapse:{attempt}:unsure", after=rule.ring + UNSURE, leg=attempt)
    if rule.at_once > 1 and state.hunt is not None and attempt in state.hunt.ringing():
        _carrier_failed(state)
        yield from hears(state, "more")


def lapsed(state: CallState, attempt: str) -> Agenda:
    """Its time for answering is over without a word."""
    row = state.legs.rows[attempt]
    if row.state != "ringing":
        return
    picked_up = state.leg_state(attempt) == "listening"
    if picked_up and not row.warned:
        row.warned = True
        state.duty("lapse", f"lapse:{attempt}:again", after=2 * LATE, leg=attempt)
        state.changed = True
        return
    if row.sid:
        state.duty("hang_up", f"hang_up:{attempt}:lapsed", leg=attempt, sid=row.sid)
    elif row.unsure:
        _carrier_failed(state)
    yield from legs.leg_status(state, attempt, "no_answer")


def _dial(state: CallState, attempt: str) -> Agenda:
    """The caller's next document dials; a caller who still waits in the queue leaves it for that,
    and one who is being asked something is asked no more."""
    if state.shared.back is not None:
        yield from legs.leg_status(state, attempt, "failed")
        return
    state.shared.hunt.dialled = Dialled(attempt, state.legs.rows[attempt].phone)
    asked_or_waits = state.waiting or state.meanwhile
    yield CallerHears(outcome("no_carrier" if asked_or_waits else "next_one"))
