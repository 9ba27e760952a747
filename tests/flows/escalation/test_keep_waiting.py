""" "To keep waiting, press 1": whoever waits is looked for on, and people are rung again."""

from __future__ import annotations

from ivr.simulator import Exchange, Handset
from tests.kit.desk import ENTRY, Desk
from tests.kit.telephones import CASE, accept, ask_for_a_manager, keyed, operator_menu


def rung(desk: Desk, caller: Handset) -> list[str]:
    return [each["person"] for each in desk.told(caller, "dial.started")]


def only(desk: Desk, *people: str) -> None:
    """Nobody else is there."""
    for person in {"MGR1", "MGR2", "MGR3", "MGR4", "OP1", "OP2"} - {*people}:
        desk.store.people.set_status(person, "away")


def test_who_did_not_answer_is_rung_again_after_a_rest(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    only(desk, "MGR1")
    ask_for_a_manager(caller, exchange)
    exchange.wait(75)
    assert rung(desk, caller) == ["MGR1"]  # 20 seconds, and 60 of rest
    exchange.wait(15)
    assert rung(desk, caller) == ["MGR1", "MGR1"]

    exchange.wait_until(lambda: "To keep waiting" in caller.last_heard, at_most=120)
    keyed(caller, exchange, "1")
    accept(desk.phone("MGR1"), exchange)
    exchange.wait_until(lambda: caller.connected_to == {desk.phone("MGR1")}, at_most=30)
    caller.hang_up()
    exchange.wait(60)


def test_in_an_outage_they_rest_for_a_shorter_time(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    """Also while the caller is being asked."""
    only(desk, "OP1")
    caller.call(ENTRY)
    keyed(caller, exchange, "2", "3", f"{CASE}#", "1")
    exchange.wait(60)
    assert rung(desk, caller) == ["OP1", "OP1"]
    only(desk)  # else they are rung for the call that is owed now
    caller.hang_up()
    exchange.wait(30)


def test_another_customers_hunt_is_not_barred_by_it(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    only(desk, "MGR1")
    ask_for_a_manager(caller, exchange)
    exchange.wait(22)
    assert not desk.phone("MGR1").ringing

    another = exchange.phone("+33155500109")
    ask_for_a_manager(another, exchange)
    exchange.wait(1)
    assert desk.phone("MGR1").ringing
    assert rung(desk, another) == ["MGR1"]
    another.hang_up()
    caller.hang_up()
    exchange.wait(60)


def test_who_is_likely_to_answer_is_rung_before_who_has_just_not_answered_somebody(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    another = exchange.phone("+33155500109")
    another.call(ENTRY)
    another.press("0")
    exchange.wait(22)
    another.hang_up()  # OP1 was rung, and didn't answer
    caller.call(ENTRY)
    caller.press("0")
    exchange.wait(1)

    assert rung(desk, caller) == ["OP2"]
    caller.hang_up()
    exchange.wait(60)


def test_somebody_who_becomes_free_is_rung_for_who_waits(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    """A manager, too; emergencies come first, then who has waited longest."""
    only(desk, "MGR1", "OP1")
    for person in ("MGR1", "OP1"):
        assert desk.store.people.claim(person, "another/1-1")
    first, outage = exchange.phone("+33155500108"), exchange.phone("+33155500109")
    first.call(ENTRY)
    first.press("0")
    ask_for_a_manager(caller, exchange)
    outage.call(ENTRY)
    keyed(outage, exchange, "2", "3", "0")
    exchange.wait(10)
    assert not rung(desk, caller) + rung(desk, first) + rung(desk, outage)

    desk.store.people.release("MGR1", "another/1-1")
    exchange.wait(6)
    assert rung(desk, caller) == ["MGR1"]
    desk.store.people.release("OP1", "another/1-1")
    exchange.wait(6)
    assert (rung(desk, first), rung(desk, outage)) == ([], ["OP1"])
    only(desk)  # else they are rung for the calls that are owed now
    for phone in (outage, first, caller):
        phone.hang_up()
    exchange.wait(30)


def test_those_whom_an_operator_chose_rest_as_well_when_the_line_goes_on_alone(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    """The operator has them rung for a case that isn't in the records, and hangs up; the line looks
    for operators then, and rings nobody again whom it wouldn't choose itself."""
    operator = desk.phone("OP1")
    only(desk, "OP1", "OP2")
    desk.phone("OP2").will("busy")
    caller.call(ENTRY)
    keyed(caller, exchange, "2", "1", "99999999#", "1", "3", "0")
    accept(operator, exchange)
    exchange.wait(20)
    operator_menu(operator, exchange, "2")
    exchange.wait(5)
    chosen = rung(desk, caller)[-1]
    operator.hang_up()
    exchange.wait(100)

    others = rung(desk, caller)
    assert chosen in ("DIR1", "DIR2")
    assert others.count("DIR1") <= 1
    assert others.count("DIR2") <= 1
    caller.hang_up()
    exchange.wait(60)
