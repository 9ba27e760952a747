"""What was so on the network: which legs were up, what rang, who could hear whom, what was said."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from ivr.simulator import Exchange, Span
from ivr.simulator.calls.leg import Leg as NetworkLeg
from ivr.simulator.network.history import Happening, together

FAR = datetime.max.replace(tzinfo=UTC)
STATUS = re.compile(r"/(?:leg|back)/[^/]+/(?P<call>[^/]+)(?:/(?P<attempt>[^/]+))?/status$")


@dataclass(frozen=True)
class Leg:
    """One leg. ``call`` and ``attempt`` are the line's names for it, from the address at which the
    line wants to hear of it; the attempt of the caller, or of a customer who is called back, is
    ``""``. ``phone`` is the telephone at its end; ``status`` how it ended."""

    sid: str
    call: str
    attempt: str
    phone: str
    began: datetime
    rang: datetime | None = None
    answered: datetime | None = None
    ended: datetime | None = None
    status: str = ""

    @property
    def customers(self) -> bool:
        return not self.attempt

    def up(self, at: datetime) -> bool:
        """Whether it rang or went on."""
        return self.began <= at < (self.ended or FAR)


@dataclass(frozen=True)
class Place:
    """Where a leg was: in a ``queue`` or a ``room`` (conference) of this name."""

    sid: str
    kind: str
    name: str
    since: datetime
    until: datetime | None = None


@dataclass(frozen=True)
class Said:
    """What a telephone heard, from ``at`` to ``until``."""

    at: datetime
    until: datetime
    text: str


@dataclass
class Facts:
    """All of it, as it is ``now``. ``injected`` is how many faults were injected; ``refused`` when
    the carrier refused or lost a request."""

    now: datetime
    legs: Mapping[str, Leg] = field(default_factory=dict)
    company: Mapping[frozenset[str], Sequence[Span]] = field(default_factory=dict)
    places: Sequence[Place] = ()
    said: Mapping[str, Sequence[Said]] = field(default_factory=dict)  # by telephone
    lost: Mapping[str, datetime] = field(default_factory=dict)  # legs whose telephone is gone
    injected: int = 0

    def __post_init__(self) -> None:
        self.by_name: dict[tuple[str, str], list[Leg]] = defaultdict(list)
        self.by_call: dict[str, list[Leg]] = defaultdict(list)
        self.by_phone: dict[str, list[Leg]] = defaultdict(list)
        self.partners: dict[str, set[str]] = defaultdict(set)
        for leg in self.legs.values():
            self.by_name[leg.call, leg.attempt].append(leg)
            self.by_call[leg.call].append(leg)
            self.by_phone[leg.phone].append(leg)
        for pair in self.company:
            for sid in pair:
                self.partners[sid] |= pair - {sid}

    def customer(self, call: str) -> list[Leg]:
        """The caller's leg, or those of the customer who was called back."""
        return self.by_name.get((call, ""), [])

    def together(self, some: Iterable[Leg], others: Iterable[Leg]) -> list[Span]:
        """When one of these heard one of those."""
        theirs = {leg.sid for leg in others}
        return sorted(
            span
            for leg in some
            for other in self.partners.get(leg.sid, set()) & theirs
            for span in self.company[frozenset((leg.sid, other))]
        )

    def met(
        self,
        some: Iterable[Leg],
        others: Iterable[Leg],
        seconds: float,
        before: datetime,
        after: datetime | None = None,
    ) -> Span | None:
        """The first time for which they heard each other for so long, as had come true ``before``
        an instant, and began ``after`` another."""
        for span in self.together(some, others):
            enough = span.since + timedelta(seconds=seconds)
            if enough <= min(span.until or FAR, before + SLACK) and (
                after is None or (span.until or FAR) > after
            ):
                return span
        return None


SLACK = timedelta(seconds=1.5)  # between what happens and what is said of it


def legs_of(exchange: Exchange) -> dict[str, Leg]:
    """The legs that an exchange remembers; of very many calls it forgets the first."""
    times: dict[str, dict[str, datetime]] = defaultdict(dict)
    for each in exchange.history:
        if each.call_sid:
            times[each.call_sid].setdefault(each.what, each.at)
    return {leg.sid: _leg(leg, times.get(leg.sid, {}), exchange) for leg in exchange.legs.values()}


def facts_of(exchange: Exchange, remembered: Mapping[str, Leg] | None = None) -> Facts:
    """What an exchange knows, and the legs that it has forgotten."""
    happenings = list(exchange.history)
    legs = {**(remembered or {}), **legs_of(exchange)}
    lost = {each.call_sid: each.at for each in happenings if each.what == "lost"}
    return Facts(
        exchange.clock.now(),
        legs,
        together(happenings),
        list(_places(happenings)),
        {
            number: [
                Said(each.at, each.at + timedelta(seconds=each.seconds), each.text)
                for each in phone.heard
                if each.kind in ("say", "play")
            ]
            for number, phone in exchange.phones.items()
        },
        lost,
        len(exchange.injected),
    )


def _leg(leg: NetworkLeg, times: Mapping[str, datetime], exchange: Exchange) -> Leg:
    told = STATUS.search(urlsplit(leg.callback.url).path) if leg.callback else None
    return Leg(
        leg.sid,
        told["call"] if told else leg.sid,
        (told["attempt"] or "") if told else "",
        leg.address,
        exchange.clock.at(leg.created_at),
        times.get("ringing"),
        times.get("answered"),
        times.get("ended"),
        leg.status if leg.ended else "",
    )


def _places(happenings: Iterable[Happening]) -> Iterable[Place]:
    begins = {"queued": "queue", "joined": "room"}
    ends = {"dequeued": "queue", "left": "room"}
    at_present: dict[tuple[str, str, str], datetime] = {}
    for at, sid, what, about, _ in happenings:
        if what in begins:
            at_present[sid, begins[what], about] = at
        elif what in ends:
            since = at_present.pop((sid, ends[what], about), None)
            if since is not None:
                yield Place(sid, ends[what], about, since, at)
    for (sid, kind, name), since in at_present.items():
        yield Place(sid, kind, name, since)
