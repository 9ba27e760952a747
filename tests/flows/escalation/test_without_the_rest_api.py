"""When the carrier can't be asked to ring people, the caller's own documents dial them: everybody
in turn, also in the middle of the questions about an outage."""

from __future__ import annotations

import pytest

from ivr.simulator import Exchange, Handset
from tests.kit.desk import ENTRY, Desk
from tests.kit.scenes import Scene
from tests.kit.telephones import CASE, ask_for_a_manager, keyed

KINDS = ["429", "500", "timeout"]
CREATION = ["POST /Calls", "*"]  # creation alone, and whatever is asked


def rung(desk: Desk, exchange: Exchange, seconds: int) -> list[str]:
    """Who rings in this time, in order."""
    order: list[str] = []
    for _ in range(seconds):
        exchange.wait(1)
        for person in ("MGR1", "MGR2", "MGR4", "OP1", "OP2"):
            if desk.phone(person).ringing and order[-1:] != [person]:
                order.append(person)
    return order


@pytest.mark.parametrize("matching", CREATION)
@pytest.mark.parametrize("kind", KINDS)
def test_a_hunt_by_plain_dial_skips_nobody(
    exchange: Exchange, caller: Handset, desk: Desk, kind: str, matching: str
) -> None:
    with exchange.rest_fails(kind, matching):
        ask_for_a_manager(caller, exchange)
        order = rung(desk, exchange, 170)

    unsure = [] if kind == "429" else ["MGR1"]  # who may have been ringing isn't dialled at once
    expected = [p for p in ("MGR1", "MGR2", "MGR4", "OP1", "OP2") if p not in unsure]
    assert order[: len(expected)] == expected
    caller.hang_up()
    exchange.wait(60)


@pytest.mark.parametrize("matching", CREATION)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("where", ["in the questions", "after them"])
def test_an_outage_reaches_a_person_within_half_a_minute_of_the_refusal(
    exchange: Exchange, caller: Handset, desk: Desk, where: str, kind: str, matching: str
) -> None:
    for person in ("OP1", "OP2", "MGR2", "MGR4"):
        desk.phone(person).will("answer", after=2, press="1")
    caller.call(ENTRY)
    keyed(caller, exchange, "2", "3", f"{CASE}#")
    with exchange.rest_fails(kind, matching):
        keyed(caller, exchange, "1", *(["0"] if where == "after them" else []))
        exchange.wait_until(
            lambda: any(desk.phone(each).ringing for each in ("OP1", "OP2", "MGR2", "MGR4")),
            at_most=30,
        )
        exchange.wait_until(lambda: bool(caller.connected_to), at_most=30)
    caller.hang_up()
    exchange.wait(60)


CASE_KEYS = "17349013#"
DOWN = f"calls 2 3 {CASE_KEYS} 1"
ASKS = f"another:calls another:2 another:1 another:{CASE_KEYS} another:1 another:2"


@pytest.mark.lenient_calls
@pytest.mark.parametrize(
    "text",
    [
        f"rest:places-nobody calls 2 0 ~dial +25 +3 {ASKS}",
        f"{DOWN} ~purpose rest:places-nobody 0 +3 {ASKS}",
        f"{DOWN} ~purpose rest:loses-answers 0 +3 {ASKS}",
        f"{DOWN} ~purpose {ASKS} +3 rest:places-nobody 0",
        f"{DOWN} 1 200# 150# 1 2# 10# 1 1 2 1 1 rest:places-nobody 0 +3 {ASKS}",
    ],
)
def test_whoever_a_document_rings_is_not_cut_off_by_the_line_itself(desk: Desk, text: str) -> None:
    """What the caller is about to ask for by themselves isn't sent to them as well: the document
    that dials would be cut off, and whoever rings be taken for free."""
    assert Scene(desk).play(text).over() == []
