"""People who work here set their status from their own telephone: with their PIN, for a while."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from ivr.line.desk.people import Person
from ivr.line.values import needed
from ivr.simulator import Exchange, Handset
from tests.kit.desk import ENTRY, PEOPLE, Desk
from tests.kit.telephones import keyed, said_to

PIN = "918273"


@pytest.fixture
def manager(desk: Desk, tmp_path: Path) -> Handset:
    """MGR1's telephone; they have a PIN, and work from nine to six in Paris."""
    row = f"MGR1,Paul,{PEOPLE['MGR1']},manager,fr,Europe/Paris,{PIN}"
    header = "id,name,phone,roles,languages,zone,pin,hours"
    (tmp_path / "people.csv").write_text(f"{header}\n{row},09:00-18:00\n", encoding="utf-8")
    desk.store.import_csv(tmp_path)
    return desk.phone("MGR1")


def person(desk: Desk) -> Person:
    return needed(desk.store.people.get("MGR1"))


def text(phone: Handset) -> str:
    return " ".join(said_to(phone))


@pytest.mark.parametrize(
    ("key", "status"), [("1", "available"), ("2", "away"), ("3", "dnd"), ("4", "busy_soon")]
)
def test_who_works_here_sets_their_status_with_their_pin_until_the_end_of_their_day(
    exchange: Exchange, desk: Desk, manager: Handset, key: str, status: str
) -> None:
    manager.call(ENTRY)
    exchange.wait(14)
    assert text(manager).startswith("Vous appelez de votre propre téléphone.")
    keyed(manager, exchange, f"{PIN}#", key)
    exchange.wait(10)

    assert (person(desk).status, person(desk).status_by) == (status, "MGR1")
    assert person(desk).status_until == datetime(2026, 11, 24, 17, tzinfo=UTC)
    assert manager.last_heard == "C'est noté, jusqu'à 18 heures. Au revoir."
    assert not manager.in_call
    exchange.wait(8 * 3600)
    assert person(desk).at(exchange.clock.now()).status == "available"


def test_outside_their_hours_it_ends_after_so_many_hours(
    exchange: Exchange, desk: Desk, manager: Handset
) -> None:
    exchange.wait(10 * 3600)  # 20:00 in Paris
    manager.call(ENTRY)
    keyed(manager, exchange, f"{PIN}#", "3")
    exchange.wait(10)

    assert manager.last_heard == "C'est noté, jusqu'à 4 heures 15. Au revoir."
    assert person(desk).status_until == datetime(2026, 11, 25, 3, 15, tzinfo=UTC)


def test_whoever_calls_with_their_number_and_without_their_pin_sets_nothing(
    exchange: Exchange, desk: Desk, manager: Handset
) -> None:
    """A number is shown by whoever wants to show it."""
    manager.call(ENTRY)
    keyed(manager, exchange, "111111#")
    assert "Ce code n'est pas le bon." in said_to(manager)
    keyed(manager, exchange, "222222#", "333333#")

    exchange.wait(15)
    assert "Bienvenue au support technique." in text(manager)
    assert person(desk).status_since is None
    manager.hang_up()
    exchange.wait(10)


@pytest.mark.parametrize("keys", ["", "**#"])
def test_who_waits_or_goes_back_is_a_caller_like_others(
    exchange: Exchange, desk: Desk, manager: Handset, keys: str
) -> None:
    manager.call(ENTRY)
    if keys:
        keyed(manager, exchange, keys)
    exchange.wait(25)

    assert "Bienvenue au support technique." in text(manager)
    manager.hang_up()
    exchange.wait(30)


def test_who_has_no_pin_hears_where_to_set_one_and_goes_on_as_a_customer(
    exchange: Exchange, desk: Desk
) -> None:
    director = desk.phone("DIR1")
    director.call(ENTRY)
    exchange.wait(12)

    told = said_to(director)
    assert told[0].endswith("définissez d'abord un code sur votre page.")
    assert told[1].startswith("Bienvenue au support technique.")
    keyed(director, exchange, "2", "1")
    assert director.last_heard.startswith("Enter the digits of your case number")
    assert needed(desk.store.people.get("DIR1")).status_since is None
    director.hang_up()
    exchange.wait(10)
