"""Rules of docs/develop/scenarios.md (R1 to R50) that no other test has in its name."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from ivr.line.desk import emergency
from ivr.line.desk.cases import Account, Case
from ivr.line.desk.emergency import EmergencyTerms
from ivr.line.errors import CaseError
from ivr.line.store.store import Store
from ivr.simulator import Exchange, Handset
from tests.kit.desk import START, Desk
from tests.kit.emergencies import emergency as declare
from tests.kit.telephones import accept, keyed, said_to

TERMS = EmergencyTerms()
HELIO = Account("helio", "Helio", "Enterprise", zone="Europe/Paris")
CASE = Case("C17349013", "17349013", environment="production", account=HELIO)
CONTACT = {"number": "+33155500101", "reach": "mobile", "english": True, "competent": True}


def test_a_case_without_a_severity_is_a_fault_that_the_operator_hears_of(
    exchange: Exchange, caller: Handset, desk: Desk, store: Store
) -> None:
    """Severity is first set when the case is opened: without one it is a data fault. (R3)"""
    store.cases.change("C17349013", severity=None)
    caller.call("+33800000001")
    keyed(caller, exchange, "2", "1", "17349013#", "1", "0")
    accept(desk.phone("OP1"), exchange)
    exchange.wait(15)

    assert "Gravité inconnue." in said_to(desk.phone("OP1"))
    caller.hang_up()
    exchange.wait(30)


@pytest.mark.parametrize("purpose", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("affected", [0, 1, 1200])
def test_no_category_needs_everybody_to_be_affected(purpose: int, affected: int) -> None:
    """Most users cannot reach it (R15), it hangs (R16), suppliers cannot (R17), 80 % of work is
    lost (R18), or so slow (R19): counts below 100 % never reject; the definition is asked for.
    (R14)"""
    answers = {"purpose": purpose, "users": 1200, "affected": affected}

    verdict = emergency.judge(CASE, START, answers, CONTACT, TERMS)
    assert verdict.result == "yes"
    assert [each.result for each in verdict.conditions] == ["yes"] * 4


@pytest.mark.parametrize(("lacking", "rule"), [("english", "R25"), ("competent", "R26")])
def test_a_contact_who_does_not_fit_is_flagged_and_keeps_nobody_out(
    lacking: str, rule: str
) -> None:
    """The contact must speak English (R25) and know the software and the environment (R26)."""
    verdict = emergency.judge(CASE, START, {"purpose": 1}, CONTACT | {lacking: False}, TERMS)

    assert verdict.result == "yes"
    assert verdict.conditions[3].result == "no"
    assert verdict.conditions[3].detail == lacking
    assert rule in ("R25", "R26")


def test_a_caller_whose_contact_speaks_no_english_is_told_in_their_own_language(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    """Declared no: warn the caller in their language, and flag it. (R25)"""
    desk.phone("OP1").will("ring")
    desk.phone("OP2").will("ring")
    declare(caller, exchange)
    keyed(caller, exchange, "2", "1200#", "950#", "1", "2#", "30#", "1", "1", "2", "2")
    exchange.wait(6)

    assert any("someone who speaks English" in each for each in said_to(caller))
    assert desk.file("C17349013")["emergency"]["contact"]["english"] is False
    caller.hang_up()
    exchange.wait(240)  # they are called back at once, and nobody answers


@pytest.mark.parametrize("case", ["C17349037", "C17349076", "C17349084", "C17349068"])
def test_nobody_argues_with_a_request_for_a_manager(desk: Desk, case: str) -> None:
    """Escalating is recommended to get the right attention: no contract, no age gates it. (R35)"""
    file = desk.hear(case, "escalate", key="k", by="caller", channel="phone", level="M1")

    assert file.data["level"] == "M1"


@pytest.mark.parametrize("number", ["+33800000001", "+49800000001", "+81800000001"])
def test_every_toll_free_number_has_the_same_steps(
    exchange: Exchange, caller: Handset, desk: Desk, number: str
) -> None:
    """Toll-free numbers: follow these steps. (R46)"""
    caller.call(number)
    keyed(caller, exchange, "2", "1", "17349013#", "1")

    call = desk.store.calls.load(desk.sid(caller))
    assert call is not None
    assert (call.step, call.language) == ("wish", "en")
    caller.hang_up()
    exchange.wait(60)


def test_answers_that_make_no_sense_are_refused_with_what_would() -> None:
    for name, given in (("purpose", 6), ("users", 0), ("affected", "many"), ("down_for", 10**7)):
        with pytest.raises(CaseError, match=name):
            emergency.answer(name, given, {"users": 10})
    assert emergency.answer("affected", "10", {"users": 10}) == 10


def test_a_condition_may_be_relaxed_in_the_configuration() -> None:
    gold = replace(CASE, account=replace(HELIO, contract_tier="Gold"))

    assert emergency.judge(gold, START, {}, CONTACT, TERMS).failed == ("contract",)
    assert emergency.judge(gold, START, {}, CONTACT, replace(TERMS, contract="warn")).failed == ()


def test_every_requirement_is_named_by_a_test() -> None:
    named = set[int]()
    for file in Path(__file__).parents[2].rglob("*.py"):
        for brackets in re.findall(r"\([^()]*\bR\d[^()]*\)", file.read_text(encoding="utf-8")):
            for first, last in re.findall(r"R(\d+)(?:-R(\d+))?", brackets):
                named |= set(range(int(first), int(last or first) + 1))

    assert set(range(1, 51)) <= named


def test_an_emergency_with_everything_answered_lacks_nothing() -> None:
    answers = {"purpose": 1, "users": 5, "affected": 5, "actions": "none", "down_for": 0}

    assert emergency.missing(answers, CONTACT) == ()
    assert emergency.missing({}, {}) == (
        *("purpose", "users", "affected", "actions", "down_for"),
        *("number", "reach", "english", "competent"),
    )
