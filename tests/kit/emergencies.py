"""Enterprise Down, declared by phone."""

from __future__ import annotations

from ivr.simulator import Exchange, Handset
from tests.kit.desk import CALLER, ENTRY
from tests.kit.telephones import keyed

# What a customer answers on a page.
DOWN = {
    "purpose": "2", "users": "1200", "affected": "950", "actions": "started it again",
    "hours": "2", "minutes": "30", "name": "Marie", "number": CALLER,
    "reach": "mobile", "english": "yes", "competent": "yes",
}  # fmt: skip


def emergency(caller: Handset, exchange: Exchange, case: str = "17349013") -> None:
    """From the first ring to the first question."""
    caller.call(ENTRY)
    keyed(caller, exchange, "2", "3", f"{case}#", "1")


def answer_all(caller: Handset, exchange: Exchange) -> None:
    keyed(caller, exchange, "2", "1200#", "950#", "4")
    exchange.wait(8)
    caller.say("We have started the server again, twice.")
    exchange.wait(2)
    caller.press("#")
    exchange.wait(1)
    keyed(caller, exchange, "2#", "30#", "1", "1", "2", "1", "1")
