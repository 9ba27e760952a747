"""Everything that the desk's log must be able to tell is told by some call, click or duty here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from ivr.line.desk.events import KINDS
from ivr.line.errors import GivenUp, NotYet
from ivr.line.outside.case_systems.system import Refused, Unreachable, Write
from ivr.line.outside.mail import Addresses
from ivr.line.records import Duty
from ivr.line.service.duties.case_writes import CaseWrites
from ivr.line.service.duties.notices import Notices
from ivr.line.store import tables
from ivr.line.store.store import Store
from ivr.simulator import Exchange, Handset
from tests.kit.desk import CALLER, ENTRY, START, Desk, mount
from tests.kit.recording import configured
from tests.kit.telephones import accept, keyed, operator_menu

EVERY = [
    "call.started", "notice.played", "consent.changed", "language.chosen", "menu.key",
    "entry.partial", "entry.rejected", "entry.accepted", "case.lookup", "verify.passed",
    "verify.failed", "zero.pressed", "queue.entered", "queue.left", "operator.offered",
    "operator.taken", "operator.accepted", "operator.passed", "escalation.requested",
    "escalation.joined",
    "escalation.accepted", "escalation.declined", "escalation.overridden",
    "escalation.deescalated", "severity.requested", "severity.set", "edown.condition",
    "edown.answer", "edown.set", "edown.ended", "candidate.ranked", "dial.started",
    "dial.answered", "dial.taken", "dial.accepted", "dial.declined", "dial.noanswer", "dial.busy",
    "dial.failed", "dial.machine", "talk.missed", "transfer.completed", "callback.promised",
    "callback.attempted", "callback.done", "callback.breached", "notification.sent",
    "notification.failed", "note.posted", "note.failed", "note.retried", "recording.started",
    "recording.paused", "recording.stopped", "recording.deleted", "call.ended", "access.viewed",
    "access.exported", "access.erased", "config.changed",
]  # fmt: skip


def told(store: Store) -> set[str]:
    with store.connections.reading() as connection:
        return set(connection.execute(select(tables.events.c.kind)).scalars())


def keys_and_questions(caller: Handset, exchange: Exchange, desk: Desk) -> None:
    """Wrong and right keys, a PIN, a wish; an operator who pauses recording and hands over."""
    operator, manager = desk.phone("OP1"), desk.phone("MGR1")
    caller.call(ENTRY)
    keyed(caller, exchange, "2")
    exchange.wait(14)
    keyed(caller, exchange, "1", "12#", "17*#", "17349013#", "1", "5", "111111#", "482913#", "0")
    accept(operator, exchange)
    exchange.wait(20)
    operator_menu(operator, exchange, "6", "1")
    exchange.wait(10)
    operator_menu(operator, exchange, "4")
    accept(manager, exchange)
    exchange.wait(22)
    manager.hang_up()
    exchange.wait(3)
    caller.hang_up()
    exchange.wait(700)


def managers_of_all_kinds(caller: Handset, exchange: Exchange, desk: Desk) -> None:
    """One is busy, one declines, one is a machine; then a promise that is tried and missed."""
    desk.phone("MGR1").will("busy")
    desk.phone("MGR2").will("answer", after=2, press="2")
    desk.phone("MGR4").will("answer", after=2)
    caller.call(ENTRY)
    keyed(caller, exchange, "2")
    exchange.wait(14)
    keyed(caller, exchange, "1", "17349013#", "1", "2")
    exchange.wait_until(lambda: "To be called back" in caller.last_heard, at_most=200)
    keyed(caller, exchange, "2", "1")
    exchange.wait(60)
    desk.phone("MGR1").will("unreachable")
    for person in ("MGR2", "MGR4", "DIR1", "DIR2"):
        desk.phone(person).will("ring")
    exchange.wait(2500)
    desk.phone("MGR2").will("answer", after=2, press="1")
    caller.will("answer", after=2, press="1")
    exchange.wait(1500)
    for phone in (caller, desk.phone("MGR2"), *map(desk.phone, ("MGR4", "DIR1"))):
        if phone.in_call:
            phone.hang_up()
    exchange.wait(60)


def operators_and_transfers(caller: Handset, exchange: Exchange, desk: Desk) -> None:
    """The operator asks for the next level with a reason, and leaves the two alone."""
    operator, director = desk.phone("OP1"), desk.phone("DIR1")
    caller.call(ENTRY)
    keyed(caller, exchange, "2")
    exchange.wait(14)
    keyed(caller, exchange, "1", "17349076#", "1", "3")
    accept(operator, exchange)
    exchange.wait(12)
    operator_menu(operator, exchange, "5", "1", "1")
    accept(director, exchange)
    exchange.wait(12)
    operator.hang_up()
    exchange.wait(2)
    caller.hang_up()
    exchange.wait(700)


def clicks(desk: Desk, store: Store) -> None:
    """What is asked for on the web, and what staff do with it."""
    web: dict[str, Any] = {"channel": "web"}
    hear = desk.hear
    hear("C17349068", "escalate", key="a", by="caller", channel="phone", level="M1")
    hear("C17349068", "escalate", key="b", by="contact:lena", level="M1", **web)
    hear("C17349068", "deescalate", key="c", by="MGR2", reason="solved", agreed=True, **web)
    hear("C17349068", "wish_severity", key="d", by="caller", channel="phone", severity=1)
    hear("C17349068", "declare", key="e", by="contact:lena", answers={"purpose": 1}, **web)
    hear("C17349068", "set_emergency", key="f", by="OP1", **web)
    done = {"outcome": "restored", "reason": "it runs"}
    hear("C17349068", "end_emergency", key="g", by="MGR2", **done, **web)


class Moody:
    """A case system that is down at first, and then refuses."""

    name = "moody"

    def __init__(self) -> None:
        self.errors: list[Exception] = [Unreachable("down"), Refused("400")]

    def case(self, digits: str, budget: float) -> None:
        return None

    def write(self, write: Write) -> None:
        raise self.errors.pop(0)


def others(desk: Desk, store: Store, folder: Path) -> None:
    """Mail, another case system, and access to people's data."""
    clock = desk.exchange.clock
    deliver = iter(["", "no"])
    sender = Notices(
        store,
        desk.line.notices,
        Addresses("mailto://mail.example"),
        clock,
        "DIR1",
        deliver=lambda url, words: next(deliver),
    )
    about = {"what": "chase", "case": "C17349013", "list": ""}
    sender.notify(Duty("n1", "case:C17349013", "notify", START, about, "MGR1", attempts=1))
    with pytest.raises(GivenUp):
        sender.notify(Duty("n2", "case:C17349013", "notify", START, about, "MGR1", attempts=99))
    writes = CaseWrites(store, Moody(), clock)
    note = {"write": "note", "case": "C17349013", "key": "k", "text": "t"}
    post = Duty("p", "case:C17349013", "post", START, note, attempts=1)
    with pytest.raises(NotYet):
        writes.post(post)
    with pytest.raises(GivenUp):
        writes.post(post)
    privacy = desk.services.privacy
    privacy.hold("C17349045", "a dispute")
    privacy.export("marie", folder / "marie.zip")
    privacy.erase(CALLER)


@pytest.mark.lenient_calls
def test_every_event_is_told_by_something(store: Store, tmp_path: Path) -> None:
    line = configured(tmp_path, "on", "legitimate_interest")
    exchange = Exchange(seed=1, start=START)
    desk = mount(exchange, store, line)
    caller = exchange.phone(CALLER)
    keys_and_questions(caller, exchange, desk)
    managers_of_all_kinds(caller, exchange, desk)
    operators_and_transfers(caller, exchange, desk)
    clicks(desk, store)
    others(desk, store, tmp_path)
    exchange.wait(60)
    missing = set(EVERY) - told(store)

    assert missing == {"access.viewed"}  # staff who look at a case: in the tests of the pages
    assert set(EVERY) <= KINDS
    assert told(store) <= KINDS
