"""Who has been told of something, by what became of its notices.

Nobody *has been told* before a notice was handed over to what delivers it; until then they are
*being told*, and when it was given up they *couldn't be told*, and why.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ivr.line.records import Duty
from ivr.line.store.store import Store

Telling = Literal["told", "being_told", "not_told"]
_STATES: dict[str, Telling] = {"done": "told", "due": "being_told"}


@dataclass(frozen=True, slots=True)
class Told:
    """A person (an id) or a list (its name), what they are told (a kind of notice), and how far
    that has come; ``why`` it failed, or has to be tried again."""

    who: str
    what: str
    state: Telling
    why: str = ""
    case: str = ""


def told_of(duty: Duty) -> Told:
    """How far a duty of the kind ``notify`` has come."""
    who = duty.owner or str(duty.data.get("list", ""))
    case = str(duty.data.get("case", ""))
    return Told(who, str(duty.data["what"]), _STATES.get(duty.state, "not_told"), duty.why, case)


def told(store: Store, sid: str, about: str = "", what: str = "") -> list[Told]:
    """Who is told in the name of ``sid``: a call, or a case (``case:C17349013``).

    ``about`` is the key of a request that the case has heard, such as a level's ``key`` in the
    file, ``what`` a kind of notice: only those. Each person or list once, as the last notice went.
    """
    begins = f"{sid}:notify:{about}:" if about else ""
    notices = [
        told_of(duty)
        for duty in store.duties.all("notify", call=sid)
        if duty.key.startswith(begins) and what in ("", duty.data["what"])
    ]
    return list({each.who: each for each in notices}.values())


__all__ = ["Telling", "Told", "told", "told_of"]
