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
from typing import Literal, get_args

from ivr.line.flow.machine import Machine, Transition, Trigger

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


_JOINED = ("joined", "left")
_EVENTS = get_args(EventName)


def _state(trigger: Trigger) -> str | None:
    made = trigger.model.attempts.get(trigger.kwargs["attempt"])
    return made["state"] if made else None


def _rings(trigger: Trigger) -> bool:
    return _state(trigger) == "ringing"


def _lost_before(trigger: Trigger) -> bool:
    return not _rings(trigger)


def _is_joined(trigger: Trigger) -> bool:
    return _state(trigger) == "joined"


def _joined_and(guard: Callable[[Trigger], bool]) -> Callable[[Trigger], bool]:
    return lambda trigger: _is_joined(trigger) and guard(trigger)


def _too_late(trigger: Trigger) -> bool:
    return _state(trigger) not in (*_JOINED, "dismissed")


def _somebody_left(trigger: Trigger) -> bool:
    return bool(trigger.model.candidates)


def _others_ring(trigger: Trigger) -> bool:
    return len(trigger.model.ringing()) > 1


def _manual(trigger: Trigger) -> bool:
    return bool(trigger.model.manual)


def _manual_and_others_ring(trigger: Trigger) -> bool:
    return _manual(trigger) and _others_ring(trigger)


def _manual_with_somebody(trigger: Trigger) -> bool:
    hunt, people = trigger.model, trigger.kwargs["people"]
    return hunt.manual and bool(hunt.may_be_rung(people or hunt.candidates))


def _patient(trigger: Trigger) -> bool:
    return bool(trigger.model.wait_for_more)


def _somebody_now(trigger: Trigger) -> bool:
    return bool(trigger.model.may_be_rung((*trigger.model.candidates, *trigger.kwargs["people"])))


def _add(trigger: Trigger) -> None:
    hunt = trigger.model
    hunt.candidates = hunt.may_be_rung((*hunt.candidates, *trigger.kwargs["people"]))


def _prefer(trigger: Trigger) -> None:
    hunt = trigger.model
    hunt.candidates = hunt.may_be_rung((*trigger.kwargs["people"], *hunt.candidates))


def _ring(trigger: Trigger) -> None:
    hunt = trigger.model
    while hunt.candidates and len(hunt.ringing()) < hunt.at_once:
        attempt, person = f"{hunt.name}{len(hunt.attempts) + 1}", hunt.candidates.pop(0)
        hunt.attempts[attempt] = {"person": person, "state": "ringing"}
        trigger.kwargs["commands"].append(Ring(attempt, person))


def _ring_also(trigger: Trigger) -> None:
    """A person who comes forward is rung beside the others, and again if they were before."""
    hunt = trigger.model
    for person in trigger.kwargs["people"]:
        attempt = f"{hunt.name}{len(hunt.attempts) + 1}"
        hunt.candidates = [other for other in hunt.candidates if other != person]
        hunt.attempts[attempt] = {"person": person, "state": "ringing"}
        trigger.kwargs["commands"].append(Ring(attempt, person))


def _nobody_rings_him(trigger: Trigger) -> bool:
    """Whether none of the people who take the caller is being rung already."""
    hunt = trigger.model
    ringing = {hunt.attempts[attempt]["person"] for attempt in hunt.ringing()}
    return not ringing & set(trigger.kwargs["people"])


def _join(trigger: Trigger) -> None:
    hunt, attempt = trigger.model, trigger.kwargs["attempt"]
    hunt.attempts[attempt]["state"] = "joined"
    trigger.kwargs["commands"].append(Join(attempt))
    _conclude(trigger, "joined", attempt)


def _stop(trigger: Trigger) -> None:
    for attempt in trigger.model.ringing():
        trigger.model.attempts[attempt]["state"] = "stopped"
        trigger.kwargs["commands"].append(StopRinging(attempt))


def _dismiss(trigger: Trigger) -> None:
    attempt = trigger.kwargs["attempt"]
    if made := trigger.model.attempts.get(attempt):
        made["state"] = "dismissed"
    trigger.kwargs["commands"].append(Dismiss(attempt))


def _lose(trigger: Trigger) -> None:
    attempt, how = trigger.kwargs["attempt"], trigger.kwargs["event"]
    trigger.model.attempts[attempt]["state"] = how
    if trigger.model.manual:
        trigger.kwargs["commands"].append(TellOperator(attempt, how))


def _leave(trigger: Trigger) -> None:
    trigger.model.attempts[trigger.kwargs["attempt"]]["state"] = "left"


def _miss(trigger: Trigger) -> None:
    _leave(trigger)
    trigger.kwargs["commands"].append(TellOperator(trigger.kwargs["attempt"], "no_answer"))


def _nobody(trigger: Trigger) -> None:
    _conclude(trigger, "nobody")


def _time_up(trigger: Trigger) -> None:
    _conclude(trigger, "time_up")


def _conclude(trigger: Trigger, outcome: Outcome, attempt: str = "") -> None:
    told = TellOperator(attempt, outcome) if trigger.model.manual else SendOn(outcome)
    trigger.kwargs["commands"].append(told)


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
        _MACHINE.trigger(
            hunt, event, event=event, attempt=attempt, people=people, commands=commands
        )
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
