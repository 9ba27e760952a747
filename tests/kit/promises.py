"""Promised calls."""

from __future__ import annotations

from ivr.line.values import Promise, needed
from ivr.simulator import Exchange, Handset
from tests.kit.desk import Desk
from tests.kit.telephones import ask_for_a_manager, keyed


def promised(caller: Handset, exchange: Exchange, desk: Desk) -> None:
    """Nobody is free, and while they wait the caller asks to be called back on the number they are
    calling from."""
    for person in ("MGR1", "MGR2", "MGR4"):
        desk.phone(person).will("busy")
    ask_for_a_manager(caller, exchange)
    exchange.wait(5)
    keyed(caller, exchange, "2", "1")
    exchange.wait(40)
    assert not caller.in_call
    for person in ("MGR1", "MGR2", "MGR4"):
        desk.phone(person).will("ring")


def promise(desk: Desk, caller: Handset) -> Promise:
    call = desk.store.calls.load(desk.sid(caller))
    assert call is not None
    return needed(call.data.shared.promise)


def told(desk: Desk, caller: Handset) -> list[tuple[str, str]]:
    kinds = ("callback.promised", "callback.attempted", "callback.done", "callback.breached")
    return [
        (event.kind.partition(".")[2], str(event.data.get("outcome", "")))
        for event in desk.events(caller, *kinds)
    ]
