"""Nothing is done before it is: accepted, met and kept mean that two have heard each other."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from ivr.line.desk.events import Event
from tests.kit.auditor.claims import Claims, since_of
from tests.kit.auditor.facts import SLACK, Facts, Leg
from tests.kit.auditor.misfit import Misfit


def accepted_have_met(facts: Facts, claims: Claims) -> Iterator[Misfit]:
    """*accepted* has an interval in which those two heard each other for ``met_after`` seconds."""
    for call in claims.calls:
        for event in claims.told(call, "dial.accepted", "operator.accepted"):
            yield from _met(facts, claims, call, event, "accepted_have_met")


def ended_have_met(facts: Facts, claims: Claims) -> Iterator[Misfit]:
    """*talk ended* and *transfer completed* have such an interval as well."""
    for call in claims.calls:
        for event in claims.told(call, "talk.ended", "transfer.completed"):
            yield from _met(facts, claims, call, event, "ended_have_met")


def _met(facts: Facts, claims: Claims, call: str, event: Event, rule: str) -> Iterator[Misfit]:
    attempt = str(event.data["leg"])
    legs, customer = facts.by_name.get((call, attempt), []), facts.customer(call)
    claim = f"{event.kind} of {claims.person_of(call, attempt)}"
    span = facts.met(legs, customer, claims.met_after, event.at)
    if span is None:
        yield Misfit(rule, call, event.at, claim, _heard(facts, legs, customer, claims.met_after))
        return
    since = since_of(event)
    spans = facts.together(legs, customer)
    if since and not any(each.since <= since + SLACK for each in spans):
        was = f"they have heard each other since {span.since:%H:%M:%S}"
        yield Misfit(rule, call, event.at, f"{claim} since {since:%H:%M:%S}", was)


def _heard(facts: Facts, legs: list[Leg], customer: list[Leg], needed: float) -> str:
    spans = facts.together(legs, customer)
    longest = max(((each.until or facts.now) - each.since for each in spans), default=timedelta())
    return f"they heard each other for {longest.total_seconds():.0f} s at most, not {needed:.0f}"


def escalations_accepted_have_met(facts: Facts, claims: Claims) -> Iterator[Misfit]:
    """An escalation is accepted by a person who has met the customer, or who says that they have
    called them in their own way."""
    for stream, events in claims.logs.items():
        for event in events:
            if event.kind != "escalation.accepted":
                continue
            if stream.startswith("case:"):
                yield from _case_accepted(facts, claims, stream, event)
            else:
                legs = _legs_of(facts, claims, stream, event.actor)
                customer = facts.customer(stream)
                if facts.met(legs, customer, claims.met_after, event.at) is None:
                    yield Misfit(
                        "escalations_accepted_have_met",
                        stream,
                        event.at,
                        f"{event.data.get('level')} was accepted by {event.actor}",
                        _heard(facts, legs, customer, claims.met_after),
                    )


def _case_accepted(facts: Facts, claims: Claims, stream: str, event: Event) -> Iterator[Misfit]:
    call = str(event.data.get("call", ""))
    if call not in claims.calls:
        return  # said on a page
    if says_so(claims, call, event.actor):
        return
    known = [*claims.backs.get(call, ()), *claims.by_caller[claims.calls[call].caller]]
    calls = [call, *(each.sid for each in known)]
    for each in dict.fromkeys(calls):
        legs, customer = _legs_of(facts, claims, each, event.actor), facts.customer(each)
        if facts.met(legs, customer, claims.met_after, event.at) is not None:
            return
    claim = f"{event.data.get('level')} of {stream} was accepted by {event.actor}"
    yield Misfit("escalations_accepted_have_met", call, event.at, claim, "they haven't met")


def _legs_of(facts: Facts, claims: Claims, call: str, person: str) -> list[Leg]:
    """The legs of a person in a call."""
    return [
        leg
        for leg in facts.by_call.get(call, ())
        if leg.attempt and claims.person_of(call, leg.attempt) == person
    ]


def says_so(claims: Claims, promised: str, person: str) -> bool:
    """Whether a person says that they have called the customer themselves: by key 4, by a click on
    a page, or in some other place than a call back."""
    kept = any(
        event.data.get("value") == "kept" and (event.data.get("data") or {}).get("by") == person
        for event in claims.told(promised, "heard")
    )
    by_key = any(
        event.data.get("calls_himself") and event.actor == person
        for each in claims.backs.get(promised, ())
        for event in claims.told(each.sid, "dial.declined")
    )
    return kept and (by_key or promised not in claims.reported)


def kept_promises_have_met(facts: Facts, claims: Claims) -> Iterator[Misfit]:
    """*promise kept* has an interval in which the customer and whoever kept it heard each other,
    about the same case; a manager who was promised isn't an operator."""
    levels = {level.code for level in claims.config.levels}
    for call, promise in claims.promises.items():
        if promise.state != "done" or promise.outcome != "met":
            continue
        done = claims.told(call, "callback.done")[-1]
        if says_so(claims, call, done.actor):
            continue
        wish, cases = claims.calls[call].data.shared.wish, claims.cases_of(call)
        operator_will_do = wish not in levels
        met = False
        numbers = {promise.number, claims.calls[call].caller}
        backs = claims.backs.get(call, ())
        others = [each for number in numbers for each in claims.by_caller.get(number, ())]
        for each in [*backs, *others]:
            sid = each.sid
            same = not cases or bool(cases & claims.cases_of(sid))
            if not same and each not in backs and sid != call:
                continue
            legs = [
                leg
                for leg in _legs_of(facts, claims, sid, done.actor)
                if operator_will_do or not each.data.legs[leg.attempt].operator
            ]
            if facts.met(legs, facts.customer(sid), claims.met_after, done.at) is not None:
                met = True
        if not met:
            yield Misfit(
                "kept_promises_have_met",
                call,
                done.at,
                f"the promise of {wish or 'a call'} about {cases or 'no case'} was kept by "
                f"{done.actor or 'nobody'}",
                "they haven't met about it",
            )


RULES = (
    accepted_have_met,
    ended_have_met,
    escalations_accepted_have_met,
    kept_promises_have_met,
)
