"""The orders that a flow gives, carried out."""

from __future__ import annotations

from typing import assert_never

from ivr.line.flow.orders import (
    Accept,
    CallPersonally,
    ClickKey,
    Decline,
    DeskOrder,
    Escalate,
    HandOver,
    HangUp,
    HangUpCustomer,
    HasCalled,
    HoldCaller,
    HuntOrder,
    LegOrder,
    NotAnswered,
    Order,
    PromiseCallback,
    ReportCallback,
    ResumeCaller,
    RingCustomer,
    RingNext,
    RingPerson,
    SetStatus,
    StartHunt,
    StopHunt,
    TakeCaller,
    TellCase,
)
from ivr.line.turns.call import case_link, holding, hunting, legs, promises
from ivr.line.turns.call.state import Agenda, CallState

CUSTOMER_LAPSES = 45  # seconds after which a customer who is rung counts as not answering


def carry_out(state: CallState, order: Order, leg: str) -> Agenda:
    """Do what a flow ordered; ``leg`` is the one whose conversation did, ``""`` the caller's."""
    if isinstance(order, HuntOrder):
        yield from _hunt(state, order)
    elif isinstance(order, LegOrder):
        yield from _leg(state, order, leg)
    else:
        _desk(state, order, leg)


def _hunt(state: CallState, order: HuntOrder) -> Agenda:
    match order:
        case StartHunt(name=name, manual=manual):
            yield from hunting.start(state, name, manual)
        case RingNext():
            yield from hunting.hears(state, "manual_next")
        case RingPerson(person=person):
            yield from hunting.ring(state, person)
        case StopHunt():
            yield from hunting.stop(state)
        case TakeCaller(entry=entry):
            yield from hunting.take(state, entry)
        case _:
            assert_never(order)


def _leg(state: CallState, order: LegOrder, leg: str) -> Agenda:
    match order:
        case Accept():
            yield from legs.accepted(leg)
        case Decline():
            yield from legs.declined(state, leg)
        case NotAnswered():
            yield from legs.no_answer(state, leg)
        case CallPersonally():
            yield from legs.later(state, leg)
        case HasCalled():
            yield from legs.has_called(state, leg)
        case ClickKey(key=key):
            yield from legs.click(state, leg, key)
        case HoldCaller():
            holding.hold(state, leg)
        case ResumeCaller():
            holding.unhold(state)
        case HandOver():
            yield from legs.hand_over(state, leg)
        case HangUp():
            legs.let_go(state, leg)
        case _:
            assert_never(order)


def _desk(state: CallState, order: DeskOrder, leg: str) -> None:
    match order:
        case SetStatus(person=person, status=status, until=until):
            turn = state.legs.talk(leg).turn if leg else state.caller.turn
            at, ends = state.now.isoformat(), until.isoformat()
            key = f"status:{turn}"
            state.duty("status", key, at=at, until=ends, person=person, status=status)
        case Escalate(level=level, set_by=set_by, override=override):
            case_link.escalate(state, level, set_by, override)
        case TellCase(what=what, key=key, by=by, data=data):
            case_link.tell_case(state, what, key, by, **data)
        case PromiseCallback(number=number, why=why):
            promises.promise(state, number, why)
        case ReportCallback(what=what, by=by):
            promises.came(state, what, by=by)
        case RingCustomer():
            state.duty("ring_customer", "ring_customer")
            state.duty("ring_customer", "customer_lapse", after=CUSTOMER_LAPSES, lapsed=True)
        case HangUpCustomer():
            legs.let_customer_go(state)
        case _:
            assert_never(order)
