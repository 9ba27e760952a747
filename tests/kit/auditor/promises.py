"""Whoever wished for something and didn't meet the right person is owed a call."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from ivr.line.records import Call
from tests.kit.auditor.claims import Claims
from tests.kit.auditor.facts import Facts, Leg
from tests.kit.auditor.misfit import Misfit

SETTLES = timedelta(seconds=60)  # in which what has ended is noticed …
NOTICES = timedelta(minutes=25)  # … or when what said so was lost
MOST_TRIES = 24  # after them somebody has to call by themselves, and is reminded of it


def settles(facts: Facts) -> timedelta:
    """How long the line may take to notice that something is over."""
    return NOTICES if facts.injected else SETTLES


def whoever_wished_is_owed(facts: Facts, claims: Claims) -> Iterator[Misfit]:
    """Everyone who wished for something and didn't meet the right person has a promise that stands
    (owner, due time), or hung up in a menu before wishing."""
    promises = claims.promises
    for sid, call in claims.calls.items():
        legs = facts.customer(sid)
        if call.data.shared.back is not None or not legs or any(not leg.ended for leg in legs):
            continue
        ended = max(leg.ended for leg in legs if leg.ended)
        if facts.now - ended < settles(facts):
            continue
        wish = _wish(claims, call)
        number = call.data.shared.caller.number
        if not wish or not number or claims.config.uncallable(number):
            continue
        if _met_right(facts, claims, call, legs, wish, ended):
            continue
        if sid in promises or _owed_elsewhere(claims, call, ended):
            continue
        met = bool(facts.together(legs, [each for each in facts.by_call[sid] if each.attempt]))
        yield Misfit(
            "whoever_wished_is_owed",
            sid,
            ended,
            f"the caller wished for {wish} and nothing is owed to them",
            f"they left from {call.data.shared.caller.left_at or call.step}, "
            f"{'after a talk with somebody else' if met else 'having met nobody'}",
        )


def _wish(claims: Claims, call: Call) -> str:
    """What the caller asked for last, as far as it is somebody's to do."""
    wishes = {level.code for level in claims.config.levels} | {"engineer"}
    asked = ""
    for event in claims.told(call.sid, "menu.wish", "zero.pressed", "escalation.requested"):
        what = str(event.data.get("wish", event.data.get("level", "")))
        if event.kind == "zero.pressed":
            asked = asked or "an operator"
        elif what in wishes:
            asked = what
    if call.data.shared.emergency is not None:
        asked = "E-Down"
    return asked


def _met_right(
    facts: Facts, claims: Claims, call: Call, legs: list[Leg], wish: str, ended: datetime
) -> bool:
    """Whether somebody who can do it has met them; an operator can do all but speak for a manager
    whom they were just ringing."""
    levels = {level.code for level in claims.config.levels}
    rows = call.data.legs
    persons = [leg for leg in facts.by_call[call.sid] if leg.attempt in rows]
    ringing = [
        leg
        for leg in persons
        if rows[leg.attempt].hunt == "manager" and leg.up(ended - timedelta(seconds=1))
    ]
    for leg in persons:
        if facts.met([leg], legs, claims.met_after, ended) is None:
            continue
        if wish not in levels or not rows[leg.attempt].operator or not ringing:
            return True
    return False


def _owed_elsewhere(claims: Claims, call: Call, ended: datetime) -> bool:
    """Whether another call of theirs was promised one that stands, or is kept since."""
    for other in claims.by_caller[call.caller]:
        sid = other.sid
        promise = claims.promises.get(sid)
        if promise is None or sid == call.sid:
            continue
        case, about = claims.case_of(call.sid), claims.case_of(sid)
        if case and about and case != about:
            continue
        done = claims.told(sid, "callback.done")
        if promise.state == "owed" or (done and done[-1].at >= ended - SETTLES):
            return True
    return False


def promises_have_an_owner_and_a_time(facts: Facts, claims: Claims) -> Iterator[Misfit]:
    """A promise that stands has an owner who works here, a due time that is looked at, and a next
    try as long as there is a number."""
    due = {(duty.kind, duty.call) for duty in claims.duties if duty.state == "due"}
    backs = {
        call.data.shared.back.of
        for call in claims.calls.values()
        if call.data.shared.back is not None and call.ended_at is None
    }
    reported = {
        str(duty.data["of"])
        for duty in claims.duties
        if duty.kind == "came" and duty.state == "due"
    }
    for sid, promise in claims.promises.items():
        if promise.state != "owed":
            continue
        owner = claims.people.get(promise.owner)
        lacking = []
        if owner is None or not owner.active:
            lacking.append(f"its owner {promise.owner!r} doesn't work here")
        if ("call_back", sid) not in due:
            lacking.append("nobody looks at its due time")
        rings = promise.number and not claims.config.uncallable(promise.number)
        tried = ("try_back", sid) in due or sid in backs or sid in reported
        if rings and not tried and promise.tries < MOST_TRIES:
            lacking.append("nobody tries")
        if lacking:
            claim = f"a call is owed by {promise.due:%H:%M}"
            yield Misfit(
                "promises_have_an_owner_and_a_time", sid, promise.due, claim, ", ".join(lacking)
            )


def promises_end_by_a_fact(facts: Facts, claims: Claims) -> Iterator[Misfit]:
    """A promise ends only by a fact or by their own word: by another one, not due later, or because
    the customer was rung and didn't answer."""
    promises = claims.promises
    for sid, promise in promises.items():
        if promise.state != "done":
            continue
        at = claims.told(sid, "callback.done")[-1].at
        if promise.outcome == "renewed":
            newer = [
                other
                for call, other in promises.items()
                if call != sid
                and claims.calls[call].caller == claims.calls[sid].caller
                and any(
                    event.at >= at - SETTLES for event in claims.told(call, "callback.promised")
                )
            ]
            if not newer:
                yield Misfit(
                    "promises_end_by_a_fact", sid, at, "it was renewed", "there is no other one"
                )
            elif all(other.due > promise.due for other in newer):
                yield Misfit(
                    "promises_end_by_a_fact",
                    sid,
                    at,
                    f"it was due by {promise.due:%H:%M:%S}",
                    f"the one in its place is due by {newer[0].due:%H:%M:%S}",
                )
        elif promise.outcome == "unreachable":
            rung = [
                leg
                for leg in facts.by_phone.get(promise.number, ())
                if leg.customers and leg.call != leg.sid
            ]
            if len(rung) < claims.config.callback.tries:
                yield Misfit(
                    "promises_end_by_a_fact",
                    sid,
                    at,
                    f"the customer couldn't be reached in {promise.unanswered} tries",
                    f"they were called {len(rung)} times",
                )


RULES = (whoever_wished_is_owed, promises_have_an_owner_and_a_time, promises_end_by_a_fact)
