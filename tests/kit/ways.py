"""A way to every step of the line, and what can happen there, as texts of `tests.kit.scenes`.

`WAYS` leads to the caller's steps, `PEOPLES` to those of the people who are rung. What can happen
in a step is made from its table: each key that it knows, and everything that can befall any leg.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ivr.line.definition import Line
from ivr.line.flow.flow import Flow
from ivr.line.flow.steps import Clicks, Hold, Step, Talk

_MENU = "calls 2"
_CASE = f"{_MENU} 1"
_WISH = f"{_CASE} 17349013# 1"
_DOWN = f"{_MENU} 3"
_ASKED = f"{_DOWN} 17349013# 1"
_HOURS = f"{_ASKED} 1 200# 150# 1"
_CONTACT = f"{_HOURS} 2# 10# 1"
_OPERATOR = f"{_MENU} 0"
_NOBODY = "MGR1:busy MGR2:busy MGR4:busy DIR1:busy OP1:busy OP2:busy"
_OFFER = f"{_NOBODY} {_WISH} 2 ~offer"
_BACK = f"{_OFFER} 2 1 +30 MGR2:free ~back_hold"

WAYS: dict[str, str] = {
    "language": "calls",
    "menu": _MENU,
    "case": _CASE,
    "which": f"{_CASE} 21734900#",
    "read_back": f"{_CASE} 17349013#",
    "wish": _WISH,
    "pin": f"{_WISH} 5",
    "status": f"{_WISH} 5 482913#",
    "severity": f"{_WISH} 4",
    "severity_reason": f"{_WISH} 4 1",
    "severity_noted": f"{_WISH} 4 1 +8 speaks +2 #",
    "wish_hold": f"{_WISH} 2",
    "operator_hold": _OPERATOR,
    "emergency_hold": f"{_CONTACT} 1 2 1 1",
    "dial": f"rest:places-nobody {_OPERATOR} ~dial",
    "talk": f"{_OPERATOR} OP1:answers OP1:1 +20",
    "dropped": f"{_OPERATOR} OP1:answers OP1:1 +40 OP1:hangs",
    "after": f"{_WISH} 2 MGR1:answers MGR1:1 +40 MGR1:hangs",
    "offer": _OFFER,
    "callback_confirm": f"{_OFFER} 2",
    "callback_number": f"{_OFFER} 2 2",
    "promised": f"{_OFFER} 2 1",
    "welcome_back": f"{_WISH} hangs +30 calls",
    "emergency_case": _DOWN,
    "emergency_which": f"{_DOWN} 21734900#",
    "emergency_read_back": f"{_DOWN} 17349013#",
    "checks": _ASKED,
    "purpose": f"{_ASKED} ~purpose",
    "users": f"{_ASKED} 1",
    "affected": f"{_ASKED} 1 200#",
    "actions_key": f"{_ASKED} 1 200# 150#",
    "actions": f"{_ASKED} 1 200# 150# 4",
    "down_hours": _HOURS,
    "down_minutes": f"{_HOURS} 2#",
    "environment": f"{_HOURS} 2# 10#",
    "contact": _CONTACT,
    "contact_number": f"{_CONTACT} 2",
    "reach": f"{_CONTACT} 1",
    "english": f"{_CONTACT} 1 2",
    "competent": f"{_CONTACT} 1 2 1",
    "back_hold": _BACK,
    "back_emergency": f"{_CONTACT} 1 2 1 1 hangs ~back_emergency",
    "back_ring": f"{_BACK} MGR2:answers MGR2:1 ~back_ring",
    "back_confirm": f"{_BACK} MGR2:answers MGR2:1 ~back_ring +2 answers",
}
ELSEWHERE = {
    *("staff_pin", "staff", "staff_done"),  # whoever works here sets their status
    *("goodbye", "ended", "back_later", "back_over", "web_owed", "unreachable"),  # last words
}

_WORKS = f"{_WISH} 0 OP1:answers OP1:1 +20 OP1:*"
PEOPLES: dict[str, str] = {  # person and step
    "OP1 whisper": f"{_OPERATOR} OP1:answers",
    "OP1 briefing": f"{_OPERATOR} OP1:answers OP1:1",
    "OP1 desk": f"{_OPERATOR} OP1:answers OP1:1 +20 OP1:*",
    "OP1 desk_case": f"{_WORKS} OP1:1",
    "OP1 desk_which": f"{_WORKS} OP1:1 OP1:21734900#",
    "OP1 desk_case_told": f"{_WORKS} OP1:1 OP1:17349013#",
    "OP1 desk_more": f"{_WORKS} OP1:5",
    "OP1 talk": f"{_WORKS} OP1:2 +15",  # MGR1 rings
    "MGR1 whisper": f"{_WISH} 2 MGR1:answers",
    "MGR1 briefing": f"{_WISH} 2 MGR1:answers MGR1:1",
    "MGR1 briefing with OP1": f"{_WORKS} OP1:2 +5 MGR1:answers MGR1:1 +20",
    "MGR2 whisper": f"{_BACK} MGR2:answers",
    "ENG1 whisper": f"{_WISH} 1 ENG1:answers",
    "MGR2 briefing": f"{_BACK} MGR2:answers MGR2:1 ~back_ring +2 answers +1 1",
}
CLICKS = (
    "accept",
    "pass",
    "later",
    "hold",
    "unhold",
    "hang_up",
    "blind",
    "next",
    "stop",
    "next_level",
)
SECOND_CALL = " ".join(f"another:{each}" for each in ("calls", "2", "1", "17349013#", "1", "2"))
REST = ("refuses", "hangs-on", "loses-answers", "places-nobody")


def befalls(step: Step) -> Iterator[str]:
    """What can happen to a caller in a step."""
    yield from keys(step)
    yield "+25"  # silence
    yield from ("hangs", "lost")
    yield from (f"{how} +30 calls {key}" for how in ("hangs", "lost") for key in "12")
    yield "hangs +30 calls 1 0"
    yield "line:loses-status hangs"
    yield "line:is-slow +5 0"
    yield "line:replaced 0"
    yield from (f"rest:{kind} 0" for kind in REST)
    yield SECOND_CALL
    if isinstance(step, (Hold, Talk)) or step.meanwhile:
        yield from (f"OP1:answers OP1:1 +3 OP1:{how}" for how in ("hangs", "lost"))
        yield "OP1.click:take OP1:answers +20 OP1:hangs"
        yield "OP2.click:take"


def befalls_person(person: str, step: Step) -> Iterator[str]:
    """What can happen to somebody who was rung, and to the caller meanwhile."""
    yield from (f"{person}:{key}" for key in keys(step))
    yield "+25"
    yield from (f"{who}{how}" for who in ("", f"{person}:") for how in ("hangs", "lost"))
    yield f"{person}:1 +2 {person}:hangs"
    yield f"{person}:1 +4 hangs"
    yield f"{person}:hangs +2 hangs +20 calls 1"
    yield f"line:loses-status {person}:hangs"
    yield "line:loses-status hangs"
    yield f"line:replaced {person}:1"
    yield from (f"rest:{kind} {person}:1" for kind in REST)
    yield from (f"{person}.click:{click}" for click in CLICKS)
    yield SECOND_CALL


def keys(step: Step) -> list[str]:
    """Every key that means something here, one that doesn't, and 0."""
    known = [key for key in step.on if key in "123456789"]
    return [*known, "8" if "8" not in known else "9#", "0", "*", "17#"]


def reached(flow: Flow, ways: Sequence[str]) -> set[str]:
    """The steps that wait and that no way leads to."""
    waits = {
        name for name, step in flow.steps.items() if step.waits and not isinstance(step, Clicks)
    }
    return waits - set(ways)


def step_of(line: Line, way: str) -> Step:
    """The step that a way of `WAYS` or `PEOPLES` leads to."""
    person, _, name = way.partition(" ")
    return line.person.steps[name.split()[0]] if name else line.caller.steps[person]
