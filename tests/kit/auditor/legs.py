"""Nobody is kept by a call that is over, and nobody is rung more than they should be."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise

from tests.kit.auditor.claims import Claims
from tests.kit.auditor.facts import FAR, Facts, Leg
from tests.kit.auditor.misfit import Misfit
from tests.kit.auditor.promises import settles

CALLING_BACK = timedelta(minutes=10)
MOST_RINGS = 12  # of one person for one call


def nobody_is_busy_with_a_call_that_is_over(facts: Facts, claims: Claims) -> Iterator[Misfit]:
    """Nobody is busy with a call that is over."""
    for person in claims.people.values():
        if not person.busy_with:
            continue
        call, _, attempt = person.busy_with.partition("/")
        legs = facts.by_name.get((call, attempt), [])
        over = _over(legs or facts.by_call.get(call, []))
        if over is not None and facts.now - over > settles(facts):
            yield Misfit(
                "nobody_is_busy_with_a_call_that_is_over",
                call,
                facts.now,
                f"{person.id} is busy with it",
                f"their leg was over at {over:%H:%M:%S}",
            )


def no_leg_is_up_without_a_call(facts: Facts, claims: Claims) -> Iterator[Misfit]:
    """No leg is up without a call."""
    for call, legs in facts.by_call.items():
        known = claims.calls.get(call)
        over = known.ended_at if known else None
        for leg in legs:
            if leg.sid in facts.lost or leg.ended or over is None:
                continue
            if facts.now - over > settles(facts):
                yield Misfit(
                    "no_leg_is_up_without_a_call",
                    call,
                    facts.now,
                    f"the call is over since {over:%H:%M:%S}",
                    f"the leg of {leg.phone} is up",
                )


def no_call_is_open_without_a_leg(facts: Facts, claims: Claims) -> Iterator[Misfit]:
    """No call goes on whose legs are all over."""
    for sid, call in claims.calls.items():
        legs = facts.by_call.get(sid, [])
        over = _over(legs)
        if not facts.customer(sid) and facts.now - call.started_at < CALLING_BACK:
            continue  # the customer isn't rung before somebody of the desk has accepted
        if call.ended_at is None and over is not None and facts.now - over > settles(facts):
            yield Misfit(
                "no_call_is_open_without_a_leg",
                sid,
                facts.now,
                f"the call goes on, at {call.step}",
                f"its last leg was over at {over:%H:%M:%S}",
            )


def _over(legs: list[Leg]) -> datetime | None:
    """When the last of them was over; None if one isn't, or there are none."""
    ends = [leg.ended for leg in legs]
    return max(each for each in ends if each) if ends and all(ends) else None


def nobody_is_rung_for_two_calls(facts: Facts, claims: Claims) -> Iterator[Misfit]:
    """Nobody is rung for two calls at once."""
    for phone, legs in facts.by_phone.items():
        rung = sorted((leg for leg in legs if leg.attempt), key=lambda leg: leg.began)
        latest: Leg | None = None
        for leg in rung:
            before, latest = latest, leg
            if before is not None and leg.began < (before.ended or FAR):
                if before.sid in facts.lost:
                    continue
                yield Misfit(
                    "nobody_is_rung_for_two_calls",
                    leg.call,
                    leg.began,
                    f"{phone} is rung as {leg.attempt}",
                    f"it was rung or in call {before.call} as {before.attempt} until "
                    f"{before.ended or FAR:%H:%M:%S}",
                )


def nobody_is_rung_twice_in_one_hunt(facts: Facts, claims: Claims) -> Iterator[Misfit]:
    """Nobody is rung twice in one hunt, unless they have rested since they didn't answer; those who
    rang no longer because somebody took it may be rung on."""
    rests = [rule.rest for rule in claims.config.hunts.values() if rule.look_again]
    least = min(rests) / (2 if facts.injected else 1) - 1
    for sid, call in claims.calls.items():
        rung: dict[tuple[str, str], list[Leg]] = defaultdict(list)
        for leg in facts.by_call.get(sid, ()):
            if leg.attempt in call.data.legs:
                person = call.data.legs[leg.attempt].person
                rung[person, leg.attempt.partition("-")[0]].append(leg)
        for (person, hunt), legs in rung.items():
            legs.sort(key=lambda leg: leg.began)
            for before, leg in pairwise(legs):
                if before.attempt == leg.attempt:
                    continue  # it wasn't known whether it ever rang
                pause = (leg.began - (before.ended or FAR)).total_seconds()
                came_forward = call.data.legs[leg.attempt].talk.own.clicked
                if not came_forward and before.status == "no-answer" and pause < least:
                    yield Misfit(
                        "nobody_is_rung_twice_in_one_hunt",
                        sid,
                        leg.began,
                        f"hunt {hunt} rings {person}",
                        f"it rang them {pause:.0f} s before",
                    )


def rings_have_limits(facts: Facts, claims: Claims) -> Iterator[Misfit]:
    """Rounds, silence and a person's early drops have limits: nobody is rung for one call again and
    again."""
    for sid, legs in facts.by_call.items():
        counted = Counter(leg.phone for leg in legs if leg.attempt)
        for phone, times in counted.items():
            if times > MOST_RINGS:
                yield Misfit(
                    "rings_have_limits",
                    sid,
                    max(leg.began for leg in legs if leg.phone == phone),
                    f"{phone} is rung",
                    f"that is the {times}th time in this call",
                )


def a_call_is_renewed_once(facts: Facts, claims: Claims) -> Iterator[Misfit]:
    """A call is renewed once at most, never back."""
    for sid in claims.calls:
        renewed = claims.told(sid, "flow.renewed")
        if len(renewed) > 1:
            yield Misfit(
                "a_call_is_renewed_once",
                sid,
                renewed[-1].at,
                f"the call goes on with version {renewed[-1].data.get('now')}",
                f"it was renewed {len(renewed)} times",
            )


RULES = (
    nobody_is_busy_with_a_call_that_is_over,
    no_leg_is_up_without_a_call,
    no_call_is_open_without_a_leg,
    nobody_is_rung_for_two_calls,
    nobody_is_rung_twice_in_one_hunt,
    rings_have_limits,
    a_call_is_renewed_once,
)
