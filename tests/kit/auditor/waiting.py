"""Nobody is left alone: in a queue, or in a room where somebody should be."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tests.kit.auditor.claims import Claims
from tests.kit.auditor.facts import FAR, Facts, Leg, Place
from tests.kit.auditor.misfit import Misfit, Stretch, without

ALONE = timedelta(seconds=60)
BEHIND = timedelta(seconds=90)


def nobody_waits_untold(facts: Facts, claims: Claims) -> Iterator[Misfit]:
    """Nobody is in a room or queue alone for more than 60 s without being told something."""
    for place, leg in _places(facts):
        heard = [(said.at, said.until) for said in facts.said.get(leg.phone, ())]
        for since, until in _alone(facts, place, leg):
            for begins, ends in without((since, until), heard):
                if ends - begins > ALONE:
                    yield Misfit(
                        "nobody_waits_untold",
                        leg.call,
                        begins,
                        f"{_who(leg)} waits in the {place.kind} {place.name}",
                        f"nothing was said to them for {_seconds(begins, ends)}",
                    )


def nobody_waits_for_nobody(facts: Facts, claims: Claims) -> Iterator[Misfit]:
    """Nobody is in a room or queue alone for more than 60 s without anybody being rung or anything
    owed to them; in a queue, longer than somebody who is busy may be waited for."""
    caps = [rule.cap for rule in claims.config.hunts.values()]
    longest = {"room": ALONE, "queue": ALONE + timedelta(seconds=max(caps))}
    promised = {
        call: events[0].at
        for call in claims.promises
        if (events := claims.told(call, "callback.promised"))
    }
    for place, leg in _places(facts):
        if not leg.customers:
            continue
        busy = [(each.began, each.ended) for each in facts.by_call[leg.call] if each.attempt]
        for stretch in _alone(facts, place, leg):
            for begins, ends in without(stretch, busy):
                owed = promised.get(leg.call, FAR) <= ends
                if ends - begins > longest[place.kind] and not owed:
                    yield Misfit(
                        "nobody_waits_for_nobody",
                        leg.call,
                        begins,
                        f"the caller waits in the {place.kind} {place.name}",
                        f"nobody was rung for them for {_seconds(begins, ends)}",
                    )


def nobody_stays_behind(facts: Facts, claims: Claims) -> Iterator[Misfit]:
    """Whoever was rung isn't left in an empty room when the customer is gone: not longer than a
    customer is rung, and the carrier may take to say that it can't. (One who is somewhere else in
    the call comes yet; whoever waits for them is told so, see `nobody_waits_untold`.)"""
    for place, leg in _places(facts):
        if leg.customers or place.kind != "room":
            continue
        there = [(each.began, each.ended) for each in facts.by_call[leg.call] if each.customers]
        for stretch in _alone(facts, place, leg):
            for begins, ends in without(stretch, there):
                if ends - begins > BEHIND:
                    yield Misfit(
                        "nobody_stays_behind",
                        leg.call,
                        begins,
                        f"{_who(leg)} is in the room",
                        f"nobody else was there for {_seconds(begins, ends)}",
                    )


def _places(facts: Facts) -> Iterator[tuple[Place, Leg]]:
    for place in facts.places:
        if leg := facts.legs.get(place.sid):
            yield place, leg


def _alone(facts: Facts, place: Place, leg: Leg) -> list[Stretch]:
    """When this leg was there and heard nobody; for somebody who was rung, and nobody else was
    there, since they hold the caller themselves."""
    until = min(place.until or facts.now, facts.lost.get(leg.sid, FAR))
    if until - place.since <= ALONE:
        return []
    if leg.customers or place.kind == "queue":
        company: list[tuple[datetime, datetime | None]] = [
            (span.since, span.until)
            for other in facts.partners.get(leg.sid, ())
            for span in facts.company[frozenset((leg.sid, other))]
        ]
    else:
        company = [
            (each.since, each.until)
            for each in facts.places
            if each.name == place.name and each.sid != leg.sid
        ]
    return without((place.since, until), company)


def _who(leg: Leg) -> str:
    return "the caller" if leg.customers else leg.phone


def _seconds(since: datetime, until: datetime) -> str:
    return f"{(until - since).total_seconds():.0f} s"


RULES = (nobody_waits_untold, nobody_waits_for_nobody, nobody_stays_behind)
