"""A case number by keypad: keyed, asked about where it can be read in two ways, and read back."""

from __future__ import annotations

from ivr.line.desk.cases import CaseNumbers
from ivr.line.flow.conversation import Go
from ivr.line.flow.steps import Entry, Menu, Step

from . import effects as do
from . import guards


def steps(numbers: CaseNumbers, prefix: str = "") -> list[Step]:
    """From the ``case`` step to the ``case_search`` (emergencies have their own, and begin with
    ``prefix``); the step before is the menu."""
    case, which, read_back = f"{prefix}case", f"{prefix}which", f"{prefix}read_back"
    return [
        Entry(
            case,
            says=(case,),
            hints=("more_time", "way_back"),
            reads=do.read_case(numbers),
            unlogged=frozenset({"too_long"}),
            outcomes=frozenset({"accepted", "ambiguous"}),
            refusals=frozenset({"too_short", "too_long", "bad_check"}),
            silences=3,
            on={
                "accepted": Go(read_back, then=(do.take_reading(0),)),
                "ambiguous": which,
                "too_short": Go(says="too_short"),
                "too_long": Go(says="too_long"),
                "bad_check": Go(says="bad_check"),
                "silence": (
                    Go(says="slower", when=guards.silent_before, then=(do.slow_down,)),
                    Go(says="silence"),
                ),
                "slower": Go(says="slower", then=(do.slow_down,)),
                "cleared": Go(),
                "back": "menu",
            },
        ),
        Menu(
            which,
            says=("which",),
            on={
                "1": Go(read_back, then=(do.take_reading(0),)),
                "2": Go(read_back, then=(do.take_reading(1),)),
                "back": case,
            },
        ),
        Menu(
            read_back,
            says=("read_back",),
            on={"1": f"{prefix}search" if prefix else "case_search", "2": case, "back": case},
        ),
    ]
