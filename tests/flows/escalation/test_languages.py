"""Seven languages, and the hours in which the desk works in them."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from flows.escalation import line
from ivr.line.flow.prompts import slots
from ivr.simulator import Exchange
from tests.kit.desk import Desk
from tests.kit.telephones import accept, keyed, nobody_rings

TOKYO = "+81800000001"
LINE = line()
CODES = ("de", "en", "es", "fr", "it", "ja", "zh")


def at(exchange: Exchange, when: str) -> None:
    """Let time pass until then."""
    there = datetime.fromisoformat(when).replace(tzinfo=UTC)
    exchange.wait((there - exchange.clock.now()).total_seconds())


def test_every_language_is_there() -> None:
    assert sorted(LINE.caller.prompts.codes) == sorted(CODES)


@pytest.mark.parametrize("code", CODES)
def test_a_number_is_read_digit_by_digit(code: str) -> None:
    """Never hand the synthesiser a bare 17349013: it may say millions."""
    words = LINE.caller.prompts.language(code)
    said = words.read_digits("1734901256 8")

    assert not re.search(r"\d", said)
    assert len(set(words.digits)) == 10
    assert [said.count(digit) > 0 for digit in words.digits].count(True) >= 9


@pytest.mark.parametrize("code", CODES)
def test_what_is_said_has_no_long_number_of_its_own(code: str) -> None:
    for key, said in LINE.caller.prompts.language(code).prompts.items():
        bare = re.sub(r"\{[^}]*\}", "", said)
        assert not re.search(r"\d{3,}", bare), key
        assert slots(said) == slots(LINE.caller.prompts.language("en").prompts[key]), key


def test_s18_at_night_it_is_said_that_support_is_in_english_and_the_prompts_stay_japanese(
    exchange: Exchange, desk: Desk
) -> None:
    """Outside business hours support is in English: the greeting tells that in the caller's
    language; prompts in the caller's, an operator who speaks English. (S18)"""
    at(exchange, "2026-11-29T14:00")  # Sunday, 23:00 in Tokyo
    caller = exchange.phone("+81355500102")
    caller.call(TOKYO)
    exchange.wait(20)
    said = [(each.text, each.language) for each in caller.heard]
    assert ("この時間は英語で承ります。", "ja-JP") in said
    keyed(caller, exchange, "1", "1")
    assert caller.heard[-1].language == "ja-JP"
    keyed(caller, exchange, "0")
    exchange.wait(6)
    assert desk.phone("OP1").ringing or desk.phone("OP2").ringing
    chosen = desk.told(caller, "language.chosen")
    assert chosen == [{"language": "ja", "works_in": "en"}]
    ranking = desk.told(caller, "candidate.ranked")[-1]["ranking"]
    spoken = {each.id: each.languages for each in desk.store.people.all()}
    assert all("en" in spoken[each["person"]] for each in ranking)
    caller.hang_up()
    exchange.wait(700)


def test_s18_a_manager_who_speaks_it_is_preferred_and_an_emergency_is_served(
    exchange: Exchange, desk: Desk
) -> None:
    at(exchange, "2026-11-29T14:00")
    caller = exchange.phone("+81355500102")
    caller.call(TOKYO)
    keyed(caller, exchange, "1", "1", "17349037#", "1", "2")
    assert desk.phone("MGR3").ringing  # ja
    caller.hang_up()
    exchange.wait(700)
    caller.call(TOKYO)
    keyed(caller, exchange, "1", "3", "17349037#", "1")
    accept(desk.phone("OP1"), exchange, after=0)
    exchange.wait(20)

    assert caller.connected_to == {desk.phone("OP1")}
    caller.hang_up()
    exchange.wait(60)


def test_by_day_nothing_is_said_of_another_language(exchange: Exchange, desk: Desk) -> None:
    at(exchange, "2026-11-25T02:00")  # Wednesday, 11:00 in Tokyo
    caller = exchange.phone("+81355500102")
    caller.call(TOKYO)
    exchange.wait(20)

    assert not any("英語で承ります" in each.text for each in caller.heard)
    keyed(caller, exchange, "1")
    assert desk.told(caller, "language.chosen") == [{"language": "ja", "works_in": "ja"}]
    caller.hang_up()
    exchange.wait(60)


SILENT = {  # keys to a question, and how often nothing is said there
    "language": ([], 2),
    "menu": (["2"], 2),
    "case": (["2", "1"], 3),
    "read_back": (["2", "1", "17349013#"], 2),
    "wish": (["2", "1", "17349013#", "1"], 2),
    "severity": (["2", "1", "17349013#", "1", "4"], 2),
    "severity_reason": (["2", "1", "17349013#", "1", "4", "1"], 2),
    "pin": (["2", "1", "17349013#", "1", "5"], 2),
    "emergency_case": (["2", "3"], 3),
}


@pytest.mark.parametrize("step", SILENT)
def test_two_silences_in_a_row_lead_to_a_person(exchange: Exchange, desk: Desk, step: str) -> None:
    """At the case number more time is offered at the second one; the third leads to a person."""
    entries, most = SILENT[step]
    caller = exchange.phone("+33155500101")
    caller.call("+33800000001")
    keyed(caller, exchange, *entries)
    call = desk.store.calls.load(desk.sid(caller))
    assert call is not None
    assert call.step == step
    exchange.wait_until(lambda: desk.phone("OP1").ringing, at_most=90)
    silences = [
        event
        for event in desk.events(caller)
        if event.data.get("what") == "keys" and not event.data["value"]
    ]

    assert len(silences) == most
    caller.hang_up()
    exchange.wait(60)
    nobody_rings(desk)
