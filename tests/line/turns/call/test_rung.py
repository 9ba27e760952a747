"""Who may be rung is an id. Who is rung is called and reached as they are by then."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path
from typing import Any

import pytest

from flows.escalation import FOLDER
from ivr.line.service.rankings import IDS_ALONE
from ivr.line.store import schema
from ivr.line.values import Ranked, decode, encode
from ivr.simulator import Exchange, Handset
from tests.kit.desk import Desk
from tests.kit.replays import is_the_same_again
from tests.kit.telephones import accept, ask_for_a_manager


@pytest.fixture
def people(tmp_path: Path, desk: Desk) -> Any:
    """Changes a person of the sample desk as an import does."""

    def change(id: str, **values: str) -> None:
        folder = tmp_path / "desk"
        shutil.copytree(FOLDER / "sample", folder, dirs_exist_ok=True)
        with (folder / "people.csv").open(encoding="utf-8", newline="") as lines:
            rows = list(csv.DictReader(lines))
        with (folder / "people.csv").open("w", encoding="utf-8", newline="") as lines:
            writer = csv.DictWriter(lines, rows[0])
            writer.writeheader()
            writer.writerows(row | (values if row["id"] == id else {}) for row in rows)
        desk.store.import_csv(folder)

    return change


def ranked(desk: Desk, caller: Handset) -> list[Ranked]:
    call = desk.store.calls.load(desk.sid(caller))
    assert call is not None
    return call.data.shared.hunt.ranking


def test_a_ranking_holds_ids_and_reasons_alone(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    ask_for_a_manager(caller, exchange)

    first = ranked(desk, caller)[0]
    assert first == Ranked("MGR1", reason=first.reason, hunt="manager")
    exchange.wait(2)
    assert desk.phone("MGR1").ringing
    caller.hang_up()
    exchange.wait(2)


def test_who_is_rung_next_is_rung_at_the_number_that_they_have_by_then(
    exchange: Exchange, caller: Handset, desk: Desk, people: Any
) -> None:
    new = exchange.phone("+33155500098")
    desk.phone("MGR1").will("decline", after=3)
    ask_for_a_manager(caller, exchange)
    second = ranked(desk, caller)[1].person

    people(second, phone="+33155500098", name="Renée Renamed")
    accept(new, exchange)
    exchange.wait_until(lambda: caller.connected_to == {new}, at_most=60)

    call = desk.store.calls.load(desk.sid(caller))
    assert call is not None
    assert [leg.name for leg in call.data.legs.values()][-1] == "Renée Renamed"
    exchange.wait(10)
    caller.hang_up()
    exchange.wait(10)
    is_the_same_again(desk, desk.sid(caller))


def test_who_has_no_telephone_any_more_counts_as_busy_and_the_next_is_rung(
    exchange: Exchange, caller: Handset, desk: Desk, people: Any
) -> None:
    desk.phone("MGR1").will("decline", after=3)
    ask_for_a_manager(caller, exchange)
    second, third = [each.person for each in ranked(desk, caller)][1:3]

    people(second, phone="")
    exchange.wait_until(lambda: desk.phone(third).ringing, at_most=30)

    assert not desk.phone(second).ringing
    assert desk.told(caller, "dial.busy")
    caller.hang_up()
    exchange.wait(2)
    is_the_same_again(desk, desk.sid(caller))


# ---- the version before


def test_what_shows_that_it_cant_run_any_more_is_the_migration_of_rankings() -> None:
    [migration] = [each for each in schema.known() if each.revision == IDS_ALONE]

    assert migration.phase == "contract"
    assert migration.about.startswith("Rankings hold ids")


def test_while_it_may_run_a_ranking_says_how_people_are_called_and_reached(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    with desk.store.connections.writing() as connection:  # as it was when only it was there
        row = schema.migrations.c.revision == IDS_ALONE
        connection.execute(schema.migrations.delete().where(row))

    ask_for_a_manager(caller, exchange)

    first = ranked(desk, caller)[0]
    assert (first.name, first.phone) == ("Paul Morel", "+33155500011")
    assert first.languages
    exchange.wait(2)
    assert desk.phone("MGR1").ringing
    caller.hang_up()
    exchange.wait(2)
    is_the_same_again(desk, desk.sid(caller))


def test_a_call_goes_on_that_it_has_stored(exchange: Exchange, caller: Handset, desk: Desk) -> None:
    desk.phone("MGR1").will("decline", after=3)
    ask_for_a_manager(caller, exchange)
    call = desk.store.calls.load(desk.sid(caller))
    assert call is not None
    text = encode(call.data)
    for each in call.data.shared.hunt.ranking:
        person = desk.store.people.get(each.person)
        assert person is not None
        known = f'"name":"{person.name}","phone":"{person.phone}","languages":["en"]'
        stored = f'{{"person":"{person.id}",'
        text = text.replace(f'{stored}"reason"', f'{stored}{known},"detail":"why","reason"')
    assert text.count('"detail":"why"') == len(call.data.shared.hunt.ranking)
    call.data = decode(text, call.sid)

    assert desk.store.calls.save(call)
    second = call.data.shared.hunt.ranking[1].person
    accept(desk.phone(second), exchange)
    exchange.wait_until(lambda: caller.connected_to == {desk.phone(second)}, at_most=60)
    caller.hang_up()
    exchange.wait(10)
