"""Who may hear what, how often something may go wrong, and which numbers the line ever dials."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import select

from ivr.line.desk import pins
from ivr.line.desk.limits import bucket
from ivr.line.errors import DataError
from ivr.line.store import tables
from ivr.line.store.store import Store
from ivr.line.values import UnknownCase
from ivr.simulator import Exchange, Handset
from tests.kit.desk import ENTRY, Desk
from tests.kit.telephones import accept, ask_for_a_manager, keyed

PIN = "482913"


def to_the_wish(caller: Handset, exchange: Exchange, case: str) -> None:
    caller.call(ENTRY)
    keyed(caller, exchange, "2", "1", f"{case}#", "1")


def heard_since(caller: Handset, before: int) -> list[str]:
    return [each.text for each in caller.heard[before:]]


def test_who_has_the_pin_hears_where_the_case_stands(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    to_the_wish(caller, exchange, "17349013")
    keyed(caller, exchange, "5", f"{PIN}#")
    exchange.wait(6)

    said = " ".join(heard_since(caller, -3))
    assert said == (
        "Your case is open. Its severity is two. "
        "To continue with this case, press 1. For an operator, press zero."
    )
    assert [event.data["level"] for event in desk.events(caller, "verify.passed")] == ["V1", "V2"]
    keyed(caller, exchange, "0")
    accept(desk.phone("OP1"), exchange)
    exchange.wait(10)
    assert "Code vérifié." in [each.text for each in desk.phone("OP1").heard]
    caller.hang_up()
    exchange.wait(30)


@pytest.mark.parametrize("case", ["17349013", "17349037", "17349099"])
def test_three_wrong_pins_lead_to_a_person_and_tell_nothing_of_the_case(
    exchange: Exchange, caller: Handset, desk: Desk, case: str
) -> None:
    """3 tries a call; no hints."""
    to_the_wish(caller, exchange, case)
    before = len(caller.heard)
    keyed(caller, exchange, "5", "111111#", "222222#", "333333#")
    exchange.wait(3)

    said = heard_since(caller, before)
    assert said.count("That PIN is not correct.") == 2
    assert said[-1] == "I am connecting you to an operator."
    assert desk.phone("OP1").ringing
    caller.hang_up()
    exchange.wait(30)


def test_a_pin_is_one_cases_and_not_the_next_ones(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    to_the_wish(caller, exchange, "17349013")
    keyed(caller, exchange, "5", f"{PIN}#", "1", "*")
    keyed(caller, exchange, "17349021#", "1", "5")

    assert caller.last_heard == "Enter your PIN, then press the pound key."
    caller.hang_up()
    exchange.wait(30)


def test_a_pin_is_nowhere_in_the_database(
    exchange: Exchange, caller: Handset, desk: Desk, store: Store
) -> None:
    to_the_wish(caller, exchange, "17349013")
    keyed(caller, exchange, "5", f"{PIN}#")
    caller.hang_up()
    exchange.wait(30)

    with store.connections.reading() as connection:
        for table in tables.metadata.sorted_tables:
            for row in connection.execute(select(table)):
                assert PIN not in json.dumps([str(value) for value in row])


def tries(exchange: Exchange, phone: Handset, *wrong: str) -> None:
    """Call, key PINs until a person is rung, and hang up."""
    to_the_wish(phone, exchange, "17349013")
    keyed(phone, exchange, "5", *(f"{each}#" for each in wrong))
    exchange.wait(4)
    phone.hang_up()
    exchange.wait(30)


def passes(exchange: Exchange, phone: Handset) -> bool:
    """Whether this caller passes with the right PIN; who doesn't reaches the operator."""
    before = len(phone.heard)
    to_the_wish(phone, exchange, "17349013")
    keyed(phone, exchange, "5", f"{PIN}#")
    exchange.wait(4)
    passed = any(text.startswith("Your case is open.") for text in heard_since(phone, before))
    assert passed or exchange.phone("client:op1").ringing
    phone.hang_up()
    exchange.wait(30)
    return passed


def test_wrong_pins_from_elsewhere_do_not_shut_out_who_calls_from_a_number_on_file(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    """100 in 30 days from all other numbers together: then those reach an operator only."""
    for _ in range(98):  # keyed from many telephones until now
        desk.store.tallies.add(bucket("account", "helio"), exchange.clock.now())
    tries(exchange, exchange.phone("+33155550001"), "111111", "222222", "333333")

    assert not passes(exchange, exchange.phone("+33155559999"))
    assert passes(exchange, caller)
    # Whom the bound refuses isn't counted: it ends by itself, however long somebody goes on.
    exchange.wait(29 * 24 * 3600)
    tries(exchange, exchange.phone("+33155550001"), "111111")
    exchange.wait(2 * 24 * 3600)
    assert passes(exchange, exchange.phone("+33155559999"))


def test_a_number_on_file_has_a_bound_of_its_own(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    """Ten a day: somebody who shows that number guesses no longer than that."""
    for _ in range(4):
        tries(exchange, caller, "111111", "222222", "333333")

    assert not passes(exchange, caller)
    assert passes(exchange, exchange.phone("+33155500109"))
    exchange.wait(24 * 3600)
    assert passes(exchange, caller)


def test_who_withholds_a_number_does_not_shut_out_another_accounts_callers(
    exchange: Exchange, desk: Desk
) -> None:
    for _ in range(4):
        to_the_wish(exchange.phone("anonymous"), exchange, "17349055")
        keyed(exchange.phone("anonymous"), exchange, "5", "111111#", "222222#", "333333#")
        exchange.phone("anonymous").hang_up()
        exchange.wait(30)

    assert passes(exchange, exchange.phone("anonymous"))


# --- enumeration ---


def test_who_keys_one_number_after_the_other_reaches_a_person_who_is_warned(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    """At most 3 case numbers a call; limits never disable 0 and never hang up."""
    to_the_wish(caller, exchange, "17349051")
    for case in ("17349052", "17349053"):
        keyed(caller, exchange, "*", f"{case}#", "1")
    before = len(caller.heard)
    keyed(caller, exchange, "*", "17349013#", "1")
    assert caller.last_heard.startswith("To speak with the engineer, press 1.")
    assert "operator" not in " ".join(heard_since(caller, before)).replace("press zero", "")
    keyed(caller, exchange, "2")
    assert caller.last_heard.startswith("I am looking for a support manager")
    accept(desk.phone("OP1"), exchange)
    exchange.wait(12)

    assert any("Prudence" in each.text for each in desk.phone("OP1").heard)
    assert desk.told(caller, "case.lookup")[-1]["result"] == "not_found"
    assert not desk.store.case_files.escalations()
    caller.hang_up()
    exchange.wait(30)


def test_ten_unknown_numbers_an_hour_from_one_telephone_are_enough(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    for call in range(5):
        to_the_wish(caller, exchange, f"1734910{call}")
        keyed(caller, exchange, "*", f"1734920{call}#", "1")
        caller.hang_up()
        exchange.wait(10)
    to_the_wish(caller, exchange, "17349013")
    case = desk.store.calls.load(desk.sid(caller)).data.shared.case  # type: ignore[union-attr]
    assert case.record == UnknownCase(suspicious=True)
    caller.hang_up()

    exchange.wait(3600)
    ask_for_a_manager(caller, exchange)
    assert desk.store.case_files.escalations("C17349013")
    caller.hang_up()
    exchange.wait(60)


def test_a_wave_of_unknown_numbers_raises_one_alarm_an_hour(desk: Desk, store: Store) -> None:
    for number in range(54):
        phone = desk.exchange.phone(f"+3315551{number:04d}")
        to_the_wish(phone, desk.exchange, f"173{number:05d}")
        phone.hang_up()

    alarms = [each for each in store.duties.all("notify") if each.data["what"] == "suspicious"]
    assert [each.owner for each in alarms] == ["DIR1"]


@pytest.mark.parametrize("key", ["1", "2", "3"])
def test_a_known_and_an_unknown_number_sound_the_same_whatever_is_wished(
    exchange: Exchange, desk: Desk, key: str
) -> None:
    """The difference appears only on the operator's side."""
    said = []
    for number, case in (("+33155500201", "17349099"), ("+33155500202", "17349013")):
        phone = exchange.phone(number)
        to_the_wish(phone, exchange, case)
        before = len(phone.heard)
        keyed(phone, exchange, key)
        said.append(heard_since(phone, before))
        phone.hang_up()
        exchange.wait(30)

    assert said[0] == said[1]


# --- which numbers the line dials ---


def test_a_directory_with_a_premium_number_is_not_loaded(store: Store, tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("id,name,phone,roles\nX,X,+33899700000,operator\n")

    with pytest.raises(DataError, match="never dialled: it is a premium-rate"):
        store.import_csv(tmp_path)


def test_a_pin_of_less_than_six_digits_is_not_loaded(store: Store, tmp_path: Path) -> None:
    (tmp_path / "cases.csv").write_text("number,pin\nC17340000,12345\n")

    with pytest.raises(DataError, match="6 digits or more"):
        store.import_csv(tmp_path)


def test_a_pin_fits_its_own_hash_only() -> None:
    kept = pins.hashed(PIN)

    assert pins.fits(PIN, kept)
    assert not pins.fits("482914", kept)
    assert not pins.fits(PIN, "")
    assert pins.hashed(PIN) != kept
