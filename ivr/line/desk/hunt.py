"""The hunt for somebody who takes the call: told what happens, it answers with commands.

Theory of operation. A `Hunt` is plain data: who is still to be rung, and every attempt so far.
`hear` moves it by one event and returns what must be done, in that order; it does nothing itself.

    idle --start--> ringing <--> waiting       waiting: nobody is being rung, and more may come
                       |            |
                    joined        ended        nothing rings any more; ended is final

Whoever joined, and was *missed*: gone before the caller had met them, is as one who didn't answer.

Events come twice, late, and in any order: an attempt that isn't ringing any more can't be lost
again, and a leg that accepts too late is dismissed. Nobody is rung twice at the same time; who
didn't answer is rung again when *more* names them, which is for whoever tells the hunt to know.

With ``manual`` somebody directs the hunt (an operator who has the caller on the line): it rings
only on *start* and *manual_next*, and what would be sent on is reported instead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, get_args

from ivr.line.flow.machine import Machine, Transition

EventName = Literal[
    "start",
    "accepted",
    "declined",
    "no_answer",
    "busy",
    "failed",
    "ended",
    "missed",
    "caller_left",
    "time_up",
    "more",
    "manual_next",
    "take",
]
Outcome = Literal["joined", "nobody", "time_up"]


@dataclass(frozen=True, slots=True)
class Ring:
    """Ring ``person``; the leg carries ``attempt``."""

    attempt: str
    person: str


@dataclass(frozen=True, slots=True)
class StopRinging:
    """End this leg, which hasn't accepted; the person is free again."""

    attempt: str


@dataclass(frozen=True, slots=True)
class Join:
    """Bring this leg to the caller. At most one for each hunt."""

    attempt: str


@dataclass(frozen=True, slots=True)
class Dismiss:
    """Thank this leg and let it go: it accepted too late."""

    attempt: str


@dataclass(frozen=True, slots=True)
class SendOn:
    """Lead the caller out of waiting: to the one who joined, or to what follows on nobody."""

    outcome: Outcome


@dataclass(frozen=True, slots=True)
class TellOperator:
    """Tell the operator who directs a manual hunt; ``attempt`` is "" when it is about all of it.

    ``outcome`` is the event by which an attempt was lost, or an `Outcome`.
    """

    attempt: str
    outcome: str


Command = Ring | StopRinging | Join | Dismiss | SendOn | TellOperator


@dataclass(slots=True)
class Hunt:
    """One search for somebody, as it is stored with its call.

    ``candidates`` are the ids still to be rung, in order. ``attempts`` are, in the order of
    ringing, ``{attempt: {"person": id, "state": state}}``; the states are "ringing", "joined",
    "left" (joined, and gone since), "stopped", "dismissed", and the events by which one is lost.
    ``name`` goes in front of the attempts' numbers, to tell two hunts of one call apart.
    ``at_once`` is how many may ring at a time. With ``wait_for_more`` the hunt goes on with nobody
    left, until *more*, *time_up* or *caller_left*.
    """

    candidates: list[str]
    attempts: dict[str, dict[str, str]] = field(default_factory=dict)
    state: str = "idle"
    at_once: int = 1
    wait_for_more: bool = False
    manual: bool = False
    name: str = ""

    def __post_init__(self) -> None:
        self.candidates = list(dict.fromkeys(self.candidates))
        if self.at_once < 1:
            raise ValueError(
                f"at_once is {self.at_once}: a hunt rings at least one person at a time"
            )

    def ringing(self) -> tuple[str, ...]:
        """The attempts that ring now."""
        return tuple(id for id, made in self.attempts.items() if made["state"] == "ringing")

    def joined(self) -> str | None:
        """The attempt that was joined to the caller, also when it has ended since."""
        return next((id for id, made in self.attempts.items() if made["state"] in _JOINED), None)

    def may_be_rung(self, people: Iterable[str]) -> list[str]:
        """Those of ``people`` whom this hunt isn't ringing, and who haven't joined, once each."""
        there = ("ringing", "joined")
        rung = {made["person"] for made in self.attempts.values() if made["state"] in there}
        return [person for person in dict.fromkeys(people) if person not in rung]

    def wants_more(self) -> bool:
        """Whether it would ring somebody at once, if there was anybody."""
        looking = self.state in ("ringing", "waiting")
        return looking and not self.candidates and len(self.ringing()) < self.at_once


class _Told(NamedTuple):
    """What a hunt is told, and the commands that it answers with so far; see `hear`."""

    event: EventName
    attempt: str
    people: Sequence[str]
    commands: list[Command]


_Guard = Callable[[Hunt, _Told], bool]
_JOINED = ("joined", "left")
_EVENTS = get_args(EventName)


def _state(hunt: Hunt, told: _Told) -> str | None:
    made = hunt.attempts.get(told.attempt)
    return made["state"] if made else None


def _rings(hunt: Hunt, told: _Told) -> bool:
    return _state(hunt, told) == "ringing"


def _lost_before(hunt: Hunt, told: _Told) -> bool:
    return not _rings(hunt, told)


def _is_joined(hunt: Hunt, told: _Told) -> bool:
    return _state(hunt, told) == "joined"


def _joined_and(guard: _Guard) -> _Guard:
    return lambda hunt, told: _is_joined(hunt, told) and guard(hunt, told)


def _too_late(hunt: Hunt, told: _Told) -> bool:
    return _state(hunt, told) not in (*_JOINED, "dismissed")


def _somebody_left(hunt: Hunt, told: _Told) -> bool:
    return bool(hunt.candidates)


def _others_ring(hunt: Hunt, told: _Told) -> bool:
    return len(hunt.ringing()) > 1


def _manual(hunt: Hunt, told: _Told) -> bool:
    return hunt.manual


def _manual_and_others_ring(hunt: Hunt, told: _Told) -> bool:
    return _manual(hunt, told) and _others_ring(hunt, told)


def _manual_with_somebody(hunt: Hunt, told: _Told) -> bool:
    return hunt.manual and bool(hunt.may_be_rung(told.people or hunt.candidates))


def _patient(hunt: Hunt, told: _Told) -> bool:
    return hunt.wait_for_more


def _somebody_now(hunt: Hunt, told: _Told) -> bool:
    return bool(hunt.may_be_rung((*hunt.candidates, *told.people)))


def _add(hunt: Hunt, told: _Told) -> None:
    hunt.candidates = hunt.may_be_rung((*hunt.candidates, *told.people))


def _prefer(hunt: Hunt, told: _Told) -> None:
    hunt.candidates = hunt.may_be_rung((*told.people, *hunt.candidates))


def _ring(hunt: Hunt, told: _Told) -> None:
    while hunt.candidates and len(hunt.ringing()) < hunt.at_once:
        attempt, person = f"{hunt.name}{len(hunt.attempts) + 1}", hunt.candidates.pop(0)
        hunt.attempts[attempt] = {"person": person, "state": "ringing"}
        told.commands.append(Ring(attempt, person))


def _ring_also(hunt: Hunt, told: _Told) -> None:
    """A person who comes forward is rung beside the others, and again if they were before."""
    for person in told.people:
        attempt = f"{hunt.name}{len(hunt.attempts) + 1}"
        hunt.candidates = [other for other in hunt.candidates if other != person]
        hunt.attempts[attempt] = {"person": person, "state": "ringing"}
        told.commands.append(Ring(attempt, person))


def _nobody_rings_him(hunt: Hunt, told: _Told) -> bool:
    """Whether none of the people who take the caller is being rung already."""
    ringing = {hunt.attempts[attempt]["person"] for attempt in hunt.ringing()}
    return not ringing & set(told.people)


def _join(hunt: Hunt, told: _Told) -> None:
    hunt.attempts[told.attempt]["state"] = "joined"
    told.commands.append(Join(told.attempt))
    _conclude(hunt, told, "joined", told.attempt)


def _stop(hunt: Hunt, told: _Told) -> None:
    for attempt in hunt.ringing():
        hunt.attempts[attempt]["state"] = "stopped"
        told.commands.append(StopRinging(attempt))


def _dismiss(hunt: Hunt, told: _Told) -> None:
    if made := hunt.attempts.get(told.attempt):
        made["state"] = "dismissed"
    told.commands.append(Dismiss(told.attempt))


def _lose(hunt: Hunt, told: _Told) -> None:
    hunt.attempts[told.attempt]["state"] = told.event
    if hunt.manual:
        told.commands.append(TellOperator(told.attempt, told.event))


def _leave(hunt: Hunt, told: _Told) -> None:
    hunt.attempts[told.attempt]["state"] = "left"


def _miss(hunt: Hunt, told: _Told) -> None:
    _leave(hunt, told)
    told.commands.append(TellOperator(told.attempt, "no_answer"))


def _nobody(hunt: Hunt, told: _Told) -> None:
    _conclude(hunt, told, "nobody")


def _time_up(hunt: Hunt, told: _Told) -> None:
    _conclude(hunt, told, "time_up")


def _conclude(hunt: Hunt, told: _Told, outcome: Outcome, attempt: str = "") -> None:
    told.commands.append(TellOperator(attempt, outcome) if hunt.manual else SendOn(outcome))


_STATES = ("idle", "ringing", "waiting", "joined", "ended")
_LOOKING = ("idle", "ringing", "waiting")

_BEGIN = (
    Transition("start", "idle", "ringing", _somebody_left, (_ring,)),
    Transition("start", "idle", "waiting", _manual, (_nobody,)),
    Transition("start", "idle", "waiting", _patient),
    Transition("start", "idle", "ended", None, (_nobody,)),
)

_TAKE = (
    Transition("accepted", "ringing", "joined", _rings, (_join, _stop)),
    Transition("accepted", _STATES, None, _too_late, (_dismiss,)),
    Transition("ended", "joined", None, _is_joined, (_leave,)),
)

_MISS = (
    Transition("missed", "joined", "waiting", _joined_and(_manual), (_miss,)),
    Transition("missed", "joined", "ringing", _joined_and(_somebody_left), (_leave, _ring)),
    Transition("missed", "joined", "waiting", _joined_and(_patient), (_leave,)),
    Transition("missed", "joined", "ended", _is_joined, (_leave, _nobody)),
)

_LOSE = tuple(
    row
    for how in ("declined", "no_answer", "busy", "failed", "ended")
    for row in (
        Transition(how, "ringing", None, _lost_before),
        Transition(how, "ringing", None, _manual_and_others_ring, (_lose,)),
        Transition(how, "ringing", "waiting", _manual, (_lose,)),
        Transition(how, "ringing", None, _somebody_left, (_lose, _ring)),
        Transition(how, "ringing", None, _others_ring, (_lose,)),
        Transition(how, "ringing", "waiting", _patient, (_lose,)),
        Transition(how, "ringing", "ended", None, (_lose, _nobody)),
    )
)

_ASK = (
    Transition("more", _LOOKING, None, _manual, (_add,)),
    Transition("more", "idle", None, None, (_add,)),
    Transition("more", "ringing", None, None, (_add, _ring)),
    Transition("more", "waiting", "ringing", _somebody_now, (_add, _ring)),
    Transition("manual_next", _LOOKING, "ringing", _manual_with_somebody, (_prefer, _stop, _ring)),
    Transition("manual_next", ("ringing", "waiting"), None, _manual, (_nobody,)),
    Transition("manual_next", "idle", "waiting", _manual, (_nobody,)),
    Transition("take", ("ringing", "waiting"), "ringing", _nobody_rings_him, (_ring_also,)),
)

_STOP = (
    Transition("caller_left", _LOOKING, "ended", None, (_stop,)),
    Transition("caller_left", "joined", "ended"),
    Transition("time_up", _LOOKING, "ended", None, (_stop, _time_up)),
)

_MACHINE = Machine(_STATES, "idle", (*_BEGIN, *_TAKE, *_MISS, *_LOSE, *_ASK, *_STOP))


def hear(
    hunt: Hunt, event: EventName, attempt: str = "", people: Sequence[str] = ()
) -> tuple[Command, ...]:
    """Move ``hunt`` by one event; the commands are to be carried out in their order.

    ``attempt`` belongs to accepted, declined, no_answer, busy (also a lost claim), failed, ended,
    missed.
    ``people`` are the new candidates of *more*, the first to ring on *manual_next*, or the one who
    comes forward on *take*. What comes too late or twice is answered with nothing, a late
    acceptance with `Dismiss`. Raises `ValueError` for an event that doesn't exist.
    """
    if event not in _EVENTS:
        raise ValueError(f"a hunt doesn't know '{event}'; it knows {', '.join(_EVENTS)}")
    commands: list[Command] = []
    if _MACHINE.allows(hunt.state, event):
        _MACHINE.trigger(hunt, event, _Told(event, attempt, people, commands))
    return tuple(commands)


__all__ = [
    "Command",
    "Dismiss",
    "EventName",
    "Hunt",
    "Join",
    "Outcome",
    "Ring",
    "SendOn",
    "StopRinging",
    "TellOperator",
    "hear",
]
