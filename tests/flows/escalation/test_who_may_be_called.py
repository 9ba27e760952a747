"""Who calls, and at which number they are promised a call: only where the line can keep it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ivr.line.desk import limits
from ivr.line.values import Promise, needed
from ivr.line.web.pages.shown import Shown
from ivr.simulator import Exchange, Handset
from tests.kit.desk import CALLER, ENTRY, Desk
from tests.kit.telephones import CASE, ask_for_a_manager, keyed, nobody_rings, reach_operator

RESTRICTED = "+17378742833"  # as newer accounts spell it; it looks like a number in Texas
ELSEWHERE = [
    "+3225550102",  # a country without contracts
    "+881612345678",  # a satellite
    "+447012345678",  # a personal number, which leads anywhere at any price
    RESTRICTED,
    "anonymous",
]
NUMBER_ASKED = "Enter the phone number to call you back at"


def promise(desk: Desk, caller: Handset) -> Promise:
    call = desk.store.calls.load(desk.sid(caller))
    return needed(needed(call).data.shared.promise)


@pytest.mark.parametrize("number", ELSEWHERE)
def test_who_cannot_be_called_where_they_are_is_asked_for_a_number(
    exchange: Exchange, desk: Desk, number: str
) -> None:
    caller = exchange.phone(number)
    ask_for_a_manager(caller, exchange)
    keyed(caller, exchange, "2")

    assert caller.last_heard.startswith(NUMBER_ASKED)
    keyed(caller, exchange, "0155500101#", "1")
    exchange.wait(30)
    assert promise(desk, caller).number == CALLER


@pytest.mark.parametrize("number", ELSEWHERE)
def test_who_hangs_up_there_is_owed_a_call_and_its_owner_sees_that_there_is_no_number(
    exchange: Exchange, desk: Desk, number: str
) -> None:
    caller = exchange.phone(number)
    ask_for_a_manager(caller, exchange)
    caller.hang_up()
    exchange.wait(600)

    owed = promise(desk, caller)
    assert (owed.state, owed.number) == ("owed", "")
    assert desk.notices("callback_no_number") == {owed.owner}
    assert not desk.store.duties.all("try_back")


@pytest.mark.parametrize(
    "keys",
    [
        "003225550102#",  # a country without contracts
        "00881612345678#",
        "00447012345678#",
        "0800000001#",  # the line itself
        "0155500031#",  # the engineer, at her own desk
    ],
)
def test_no_such_number_is_taken_for_a_call_back(exchange: Exchange, desk: Desk, keys: str) -> None:
    caller = exchange.phone("anonymous")
    ask_for_a_manager(caller, exchange)
    keyed(caller, exchange, "2", keys)
    exchange.wait(4)

    assert caller.heard[-2].text == "I can't use that phone number."
    assert caller.last_heard.startswith(NUMBER_ASKED)
    caller.hang_up()
    exchange.wait(60)


def test_who_works_here_and_calls_as_a_customer_is_not_called_back_at_their_desk(
    exchange: Exchange, desk: Desk
) -> None:
    engineer = desk.phone("ENG1")
    engineer.call(ENTRY)
    keyed(engineer, exchange, "2", "1", f"{CASE}#", "1", "2", "2")

    assert engineer.last_heard.startswith(NUMBER_ASKED)
    engineer.hang_up()
    exchange.wait(60)
    assert promise(desk, engineer).number == ""


def test_two_who_withhold_their_numbers_are_not_taken_for_one(
    exchange: Exchange, desk: Desk
) -> None:
    """Not welcomed back to what another has said, nor counted with a real number."""
    stranger = exchange.phone(RESTRICTED)
    stranger.call(ENTRY)
    keyed(stranger, exchange, "2", "1", "17349099#", "1")
    stranger.hang_up()
    exchange.wait(60)
    stranger.call(ENTRY)

    assert stranger.last_heard.startswith("Bienvenue au support technique.")
    call = needed(desk.store.calls.load(desk.sid(stranger)))
    assert call.data.shared.caller.number == ""
    since = exchange.clock.now() - limits.HOUR
    assert desk.store.tallies.count(limits.bucket("unknown", RESTRICTED), since) == 0
    assert desk.store.tallies.count(limits.bucket("unknown", ""), since) == 1
    stranger.hang_up()
    exchange.wait(30)


def test_a_withheld_number_is_no_contacts_though_it_looks_like_theirs(
    exchange: Exchange, desk: Desk, tmp_path: Path
) -> None:
    row = f"tex,helio,Tex Austin,{RESTRICTED}"
    (tmp_path / "contacts.csv").write_text(f"id,account,name,phones\n{row}\n", encoding="utf-8")
    desk.store.import_csv(tmp_path)
    caller = exchange.phone(RESTRICTED)
    ask_for_a_manager(caller, exchange)

    assert not desk.told(caller, "verify.passed")
    caller.hang_up()
    exchange.wait(60)


def test_who_withholds_their_number_is_not_offered_it_as_the_contacts(
    exchange: Exchange, desk: Desk
) -> None:
    caller = exchange.phone(RESTRICTED)
    caller.call(ENTRY)
    keyed(caller, exchange, "2", "3", f"{CASE}#", "1", "2", "9#", "9#", "#", "1#", "00#", "1")
    exchange.wait(4)

    assert caller.heard[-2].text == "We need a contact who can be reached at any time."
    assert caller.last_heard.startswith("Enter the contact's phone number")
    caller.hang_up()
    exchange.wait(60)
    nobody_rings(desk)


@pytest.mark.parametrize(
    ("number", "shown", "call_back_at"),
    [
        (RESTRICTED, "", ""),
        ("anonymous", "", ""),
        ("+3225550102", "+3225550102", ""),
        (CALLER, CALLER, CALLER),
    ],
)
def test_the_card_says_that_a_number_is_withheld_and_proposes_none_that_is_not_called(
    exchange: Exchange, desk: Desk, number: str, shown: str, call_back_at: str
) -> None:
    caller = exchange.phone(number)
    reach_operator(caller, desk.phone("OP1"), exchange)
    card = Shown(desk.services).console("OP1")["card"]

    assert (card["call"]["caller"], card["call"]["call_back_at"]) == (shown, call_back_at)
    exchange.wait(20)
    caller.hang_up()
    exchange.wait(60)
