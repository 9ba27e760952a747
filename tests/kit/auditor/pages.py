"""No page shows a state that the legs don't have. What a page shows of a call is its `CallView`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from ivr.line.web.pages.call_view import CallView
from tests.kit.auditor.claims import Claims
from tests.kit.auditor.facts import Facts, Leg
from tests.kit.auditor.misfit import Misfit
from tests.kit.auditor.promises import NOTICES

GRACE = timedelta(seconds=5)  # until a page shows what has just changed


def pages_show_legs_as_they_are(facts: Facts, claims: Claims) -> Iterator[Misfit]:
    """Nobody is shown as ringing, talking, on hold or on the way who isn't."""
    for sid, call in claims.calls.items():
        if call.ended_at is not None:
            continue
        customer = [leg for leg in facts.customer(sid) if not leg.ended]
        for attempt, view in CallView(call).legs.items():
            legs = facts.by_name.get((sid, attempt), [])
            unsure = facts.injected and not legs  # the carrier may be ringing, or not
            if view.over or unsure or _lately(facts, sid):
                continue
            was = _doing(facts, legs, customer)
            if view.doing not in was:
                yield Misfit(
                    "pages_show_legs_as_they_are",
                    sid,
                    facts.now,
                    f"{view.person} is shown as {view.doing.replace('_', ' ')}",
                    f"their leg is {' or '.join(sorted(was)).replace('_', ' ')}",
                )


def pages_show_who_waits(facts: Facts, claims: Claims) -> Iterator[Misfit]:
    """Who is shown as waiting is in a queue."""
    queued = {each.sid for each in facts.places if each.kind == "queue" and each.until is None}
    for sid, call in claims.calls.items():
        customer = [leg for leg in facts.customer(sid) if not leg.ended]
        if call.ended_at or not call.waiting_for or not customer or _lately(facts, sid):
            continue
        if not any(leg.sid in queued for leg in customer):
            yield Misfit(
                "pages_show_who_waits",
                sid,
                facts.now,
                f"the caller is shown as waiting in {call.waiting_for}",
                "they are in no queue",
            )


def _lately(facts: Facts, call: str) -> bool:
    """Whether anything has changed so lately that a page needn't show it yet."""
    grace = NOTICES if facts.injected else GRACE
    legs = {leg.sid: leg for leg in facts.by_call.get(call, ())}
    changes = [at for leg in legs.values() for at in (leg.began, leg.answered, leg.ended) if at]
    changes += [
        at for each in facts.places if each.sid in legs for at in (each.since, each.until) if at
    ]
    for pair, spans in facts.company.items():
        if pair & legs.keys():
            changes += [at for span in spans for at in span if at]
    return any(facts.now - at < grace for at in changes) or any(sid in facts.lost for sid in legs)


def _doing(facts: Facts, legs: list[Leg], customer: list[Leg]) -> set[str]:
    """What they are doing, in the words of a page."""
    up = [leg for leg in legs if not leg.ended]
    if not up:
        return {"over"}
    if not any(leg.answered for leg in up):
        return {"ringing"}
    if any(span.until is None for span in facts.together(up, customer)):
        return {"talking", "coming"}  # a moment before they have met
    rooms = {each.sid: each.name for each in facts.places if each.kind == "room" and not each.until}
    there = {rooms.get(leg.sid) for leg in up} - {None}
    if there & {rooms.get(leg.sid) for leg in customer}:
        return {"on_hold"}
    # In the whisper, the briefing or a menu; who works in a menu has the caller on hold.
    return {"alone"} if there else {"listening", "coming", "on_hold", "alone"}


RULES = (pages_show_legs_as_they_are, pages_show_who_waits)
