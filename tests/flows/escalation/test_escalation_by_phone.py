"""Severity, the next level, and Enterprise Down, as calls; each with what it leaves on record."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ivr.line.definition import Line
from ivr.line.errors import CaseError
from ivr.line.store.store import Store
from ivr.simulator import Exchange, Handset
from tests.kit.desk import CALLER, ENTRY, Desk, mount
from tests.kit.emergencies import answer_all, emergency
from tests.kit.records import Down
from tests.kit.telephones import (
    accept,
    free,
    keyed,
    nobody_rings,
    operator_menu,
    reach_operator,
    said_to,
)

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)


def wish(caller: Handset, exchange: Exchange, case: str, key: str) -> None:
    """From the first ring to the wish."""
    caller.call(ENTRY)
    keyed(caller, exchange, "2", "1", f"{case}#", "1", key)


# --- S05: the next level ---


def test_s05_the_next_level_is_rung_and_the_first_one_is_told(
    exchange: Exchange, caller: Handset, escalated: Desk
) -> None:
    """If the answer doesn't satisfy, escalate a second time. (R40) The second-level manager works
    with the engineer and the engineer's direct manager. (R41)"""
    wish(caller, exchange, "17349021", "3")
    assert caller.last_heard.startswith("I am looking for a support manager")
    director = escalated.phone("DIR1")
    accept(director, exchange)
    exchange.wait(22)

    assert caller.connected_to == {director}
    assert said_to(director)[0].startswith("Acme support. Une escalade, M2, en anglais.")
    assert escalated.notices("escalation") == {"DIR1", "MGR1", "ENG1"}
    level = escalated.file("C17349021")["levels"]["M2"]
    assert (level["state"], level["accepted_by"]) == ("accepted", "DIR1")
    assert datetime.fromisoformat(level["due"]) - datetime.fromisoformat(
        level["asked_at"]
    ) == timedelta(minutes=15)
    assert [each.level for each in escalated.store.case_files.escalations("C17349021")] == [
        "M1",
        "M2",
    ]
    caller.hang_up()
    exchange.wait(60)
    assert free(escalated)


def test_a_further_request_at_the_last_level_invents_no_further_one(
    exchange: Exchange, caller: Handset, escalated: Desk
) -> None:
    """A further request at M2 tells level 2 again and is counted. (R36)"""
    for key in ("a", "b", "c"):
        at = exchange.clock.now()
        given = {"by": "caller", "channel": "phone", "at": at, "level": "M2"}
        escalated.hear("C17349021", "escalate", key=key, **given)

    assert escalated.file("C17349021")["levels"]["M2"]["count"] == 3
    assert len(escalated.on_case("C17349021", "escalation.chased")) == 2
    assert escalated.notices("chase") == {"DIR1", "MGR1", "ENG1"}
    assert len(escalated.store.case_files.escalations("C17349021")) == 2


# --- S06: the second level without the first ---


def test_s06_the_second_level_without_the_first_is_the_operators_to_override(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    operator, director = desk.phone("OP1"), desk.phone("DIR1")
    wish(caller, exchange, "17349013", "3")
    assert caller.last_heard.startswith("I am looking for a support manager")
    accept(operator, exchange)
    exchange.wait(12)
    assert not desk.store.case_files.escalations("C17349013")

    operator_menu(operator, exchange, "5", "1")
    assert operator.last_heard.startswith("Le niveau précédent n'a pas été demandé.")
    operator.press("3")
    exchange.wait(1)
    accept(director, exchange)
    exchange.wait(12)

    assert caller.connected_to == {operator, director}
    [overridden] = desk.on_case("C17349013", "escalation.overridden")
    [note] = [
        note
        for note in desk.store.case_files.notes("C17349013")
        if note.key == overridden.data["note"]
    ]
    assert note.text.endswith("the customer insists")
    [made] = desk.store.case_files.escalations("C17349013")
    assert (made.level, made.requested_by, made.set_by) == ("M2", "caller", "OP1")
    assert desk.notices("escalation") == {"DIR1", "MGR1", "ENG1"}
    operator.hang_up()
    caller.hang_up()
    exchange.wait(60)
    assert free(desk)


def test_an_override_needs_a_reason(desk: Desk) -> None:
    given = {"by": "OP1", "channel": "web", "level": "M2"}
    with pytest.raises(CaseError, match="M2 needs M1 first"):
        desk.hear("C17349013", "escalate", key="a", **given)

    assert desk.store.case_files.load("C17349013") is None

    desk.hear("C17349013", "escalate", key="a", override="a deadline", **given)
    assert desk.file("C17349013")["level"] == "M2"


# --- S07: a severity is wished for, and set by staff ---


def test_s07_a_severity_is_wished_for_by_phone_and_set_by_the_engineer(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    """Change severity: the engineer assigned is notified. (R8) The keys never set it. (R4)
    Either by phone (R6), without a web account (R7); they are told what was recorded (R10)."""
    wish(caller, exchange, "17349037", "4")
    keyed(caller, exchange, "1")
    assert caller.last_heard.startswith("After the tone, say what has changed")
    exchange.wait(8)
    caller.say("The plant in Osaka can't print.")
    exchange.wait(6)
    exchange.wait(3)

    assert "person responsible for the case is being told" in caller.last_heard
    assert desk.notices("severity_wish") == {"ENG2"}
    wished = desk.file("C17349037")["wish"]
    assert (wished["severity"], wished["requested_by"]) == (1, "caller")
    assert wished["recording"].startswith("RE")
    case = desk.store.cases.find("17349037")
    assert case is not None
    assert case.severity == 2
    caller.hang_up()
    exchange.wait(10)

    desk.hear(
        "C17349037",
        "set_severity",
        key="set",
        by="ENG2",
        channel="web",
        severity=1,
        reason="agreed",
    )
    [changed] = desk.on_case("C17349037", "severity.set")
    assert (changed.data["requested_by"], changed.data["set_by"]) == ("caller", "ENG2")
    assert (changed.data["before"], changed.data["after"]) == (2, 1)


def test_a_wish_about_an_unknown_case_sounds_the_same_and_is_looked_after(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    """The same next prompt, whether the case exists or not."""
    said = []
    for case in ("17349037", "17349099"):
        caller.call(ENTRY)
        keyed(caller, exchange, "2", "1", f"{case}#", "1")
        before = len(caller.heard)
        keyed(caller, exchange, "4", "2")
        exchange.wait(8)
        caller.say("It is worse now, for all of us.")
        exchange.wait(9)
        said.append(said_to(caller)[before:])
        caller.hang_up()
        exchange.wait(700)

    assert said[0] == said[1]
    told = [
        each for each in desk.store.duties.all("notify") if each.data["what"] == "severity_wish"
    ]
    assert [each.owner for each in told] == ["ENG2", "MGR2"]  # engineer; manager on duty


@pytest.mark.parametrize(
    ("case", "key", "level"),
    [("17349013", "3", "M2"), ("17349045", "2", "M1"), ("17349099", "2", "M1")],
)
def test_a_wish_that_can_not_be_an_escalation_stands_in_the_cases_file(
    exchange: Exchange, caller: Handset, desk: Desk, case: str, key: str, level: str
) -> None:
    """A level whose turn it isn't, a closed case, and one that isn't in the records."""
    wish(caller, exchange, case, key)
    exchange.wait(5)

    file = desk.file(f"C{case}")
    assert [each["level"] for each in file["wishes"]] == [level]
    assert not file.get("levels")
    assert desk.notices("escalation_wish")
    caller.hang_up()
    exchange.wait(60)
    nobody_rings(desk)


# --- S08: Enterprise Down ---


def test_s08_everything_is_asked_while_people_are_rung(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    """Call the support line at once and speak with a representative. (R20) The same questions must
    be answered on every channel. (R27-R32)
    With care (R11), and a contact who gathers data and tests (R24)."""
    operator = desk.phone("OP1")
    emergency(caller, exchange)
    assert operator.ringing
    assert desk.phone("OP2").ringing
    asked_at = exchange.clock.now()
    answer_all(caller, exchange)
    exchange.wait(1)
    assert caller.last_heard.startswith("Thank you. I am looking for an operator, or the manager")

    accept(operator, exchange, after=0)
    exchange.wait(25)
    assert caller.connected_to == {operator}
    assert not desk.phone("OP2").ringing
    briefed = " ".join(said_to(operator))
    assert "950 touchés sur 1200" in briefed
    assert "Depuis 2 heures et 30 minutes" in briefed

    operator_menu(operator, exchange, "5", "2")
    assert "Les conditions sont remplies." in said_to(operator)
    assert "Il reste à demander :" not in said_to(operator)
    operator.press("1")
    exchange.wait(2)
    assert "ne peut raisonnablement se poursuivre" in operator.last_heard
    operator.press("1")
    exchange.wait(2)

    file = desk.file("C17349013")["emergency"]
    assert (file["state"], file["set_by"], file["declared_by"]) == ("set", "OP1", "caller")
    assert file["answers"]["users"] == 1200
    assert (file["answers"]["environment"], file["answers"]["stopped"]) == (1, 1)
    down = asked_at - datetime.fromisoformat(file["down_since"])
    assert timedelta(hours=2, minutes=28) < down < timedelta(hours=2, minutes=31)
    contact = {"number": CALLER, "reach": "mobile", "english": True, "competent": True}
    assert file["contact"] == contact
    kinds = [event.kind for event in desk.on_case("C17349013")]
    assert kinds.index("edown.declared") < kinds.index("edown.set")
    [severity] = desk.on_case("C17349013", "severity.set")
    assert (severity.data["requested_by"], severity.data["set_by"]) == ("caller", "OP1")
    assert (severity.data["before"], severity.data["after"]) == (2, 0)
    assert desk.notices("edown") == {"MGR2", "ENG1", "MGR1"}
    assert [each.state for each in desk.store.duties.all("effort")] == ["due"]
    assert not desk.on_case("C17349013", "edown.incomplete")
    caller.hang_up()
    operator.hang_up()
    exchange.wait(60)
    assert free(desk)


def test_a_caller_who_only_types_completes_it(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    """A caller who can't speak answers every question by keys, the fourth one too."""
    for operator in ("OP1", "OP2"):
        desk.phone(operator).will("ring")
    emergency(caller, exchange)
    keyed(caller, exchange, "2", "1200#", "950#")
    exchange.wait(1)
    assert "The server was restarted, 2." in caller.last_heard
    keyed(caller, exchange, "2", "2#", "30#", "1", "1", "2", "1", "1")
    exchange.wait(1)

    file = desk.file("C17349013")["emergency"]
    assert file["answers"]["actions"] == "the server was restarted"
    assert set(file["answers"]) == {
        *("purpose", "users", "affected", "actions", "down_for", "environment"),
    }
    assert set(file["contact"]) == {"number", "reach", "english", "competent"}
    caller.hang_up()
    exchange.wait(240)  # they are called back at once, and nobody answers
    nobody_rings(desk)


def test_the_fourth_question_can_be_skipped(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    emergency(caller, exchange)
    keyed(caller, exchange, "2", "1200#", "950#", "#")
    exchange.wait(0.5)

    assert caller.last_heard.startswith("For how many hours has it been down?")
    assert "actions" not in desk.file("C17349013")["emergency"]["answers"]
    caller.hang_up()
    exchange.wait(60)
    nobody_rings(desk)


def test_where_the_records_do_not_know_the_customers_word_counts(desk: Desk) -> None:
    """A production environment: ask when unknown. (R13) What the caller says of the definition is
    stored. (R14)"""
    given = {"by": "caller", "channel": "phone"}
    desk.store.cases.change("C17349013", environment="")
    desk.hear("C17349013", "declare", key="d", **given)

    def production() -> list[str]:
        conditions = desk.file("C17349013")["emergency"]["conditions"]
        return [each["result"] for each in conditions if each["name"] == "production"]

    assert production() == ["unknown"]
    for key, answer, result in (("a", 2, "no"), ("b", 1, "yes")):
        desk.hear("C17349013", "answer", key=key, answers={"environment": answer}, **given)
        assert production() == [result]


def test_whoever_accepts_meets_the_caller_in_the_middle_of_the_questions(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    operator = desk.phone("OP2")
    emergency(caller, exchange)
    keyed(caller, exchange, "1", "300#")
    accept(operator, exchange)
    exchange.wait(20)  # the briefing is in German, which takes longer

    assert caller.connected_to == {operator}
    assert desk.file("C17349013")["emergency"]["answers"] == {"purpose": 1, "users": 300}
    caller.hang_up()
    exchange.wait(60)
    assert free(desk)


def test_what_is_missing_is_asked_for_again_until_it_is_there(desk: Desk, store: Store) -> None:
    """The E-Down record is incomplete until the contact is given; it goes ahead. (R23)"""
    given = {"by": "OP1", "channel": "web"}
    desk.hear("C17349013", "set_emergency", key="set", **given)
    desk.exchange.wait(31 * 60)
    missing = desk.on_case("C17349013", "edown.incomplete")
    assert len(missing) == 2
    assert "english" in missing[0].data["missing"]
    assert desk.notices("edown_incomplete") == {"MGR2"}

    answers = {"purpose": 1, "users": 9, "affected": 9, "actions": "none", "down_for": 5}
    contact = {"number": "+33155500101", "reach": "on_site", "english": True, "competent": True}
    desk.hear(
        "C17349013", "answer", key="all", answers=answers, contact=contact, by="OP1", channel="web"
    )
    desk.exchange.wait(3600)
    assert len(desk.on_case("C17349013", "edown.incomplete")) == 2


@pytest.mark.parametrize(("users", "affected", "hint"), [("12#", "13#", "more than the number")])
def test_more_affected_than_there_are_is_asked_again_and_then_a_person_asks(
    exchange: Exchange, caller: Handset, desk: Desk, users: str, affected: str, hint: str
) -> None:
    """Integer 0 to the total; else ask again, then to the operator. (R30)"""
    desk.phone("OP1").will("ring")
    desk.phone("OP2").will("ring")
    emergency(caller, exchange)
    keyed(caller, exchange, "4", users, affected)
    assert hint in " ".join(said_to(caller)[-2:])
    keyed(caller, exchange, affected, affected)
    exchange.wait(4)

    assert caller.last_heard.startswith("Thank you. I am looking for an operator")
    caller.hang_up()
    exchange.wait(240)  # they are called back at once, and nobody answers


# --- S09, S10: not entitled ---


@pytest.mark.parametrize(
    ("case", "failed", "detail"),
    [
        ("17349037", "contract", "Gold, not Enterprise"),
        ("17349084", "contract", "Enterprise, expired on 2026-11-23"),
        ("17349076", "production", "test"),
    ],
)
def test_s09_s10_who_is_not_entitled_reaches_a_person_and_never_hears_why_not(
    exchange: Exchange, caller: Handset, desk: Desk, case: str, failed: str, detail: str
) -> None:
    """E-Down is reserved to holders of a valid Enterprise contract (R12) in production (R13)."""
    operator = desk.phone("OP1")
    emergency(caller, exchange, case)
    accept(operator, exchange)
    exchange.wait(25)
    heard = " ".join(said_to(caller))
    assert "will check the conditions" in heard
    assert "contract" not in heard
    assert "production system" not in heard.replace("If your production system is down", "")

    operator_menu(operator, exchange, "5", "2")
    assert "Les conditions ne sont pas toutes remplies." in " ".join(said_to(operator))
    operator.press("1")
    exchange.wait(1)
    operator.press("1")
    exchange.wait(1)
    assert operator.last_heard.startswith("Dites pourquoi")
    assert desk.file(f"C{case}")["emergency"]["state"] == "declared"
    judged = {each.data["name"]: each.data for each in desk.on_case(f"C{case}", "edown.condition")}
    assert (judged[failed]["result"], judged[failed]["detail"]) == ("no", detail)

    operator.press("3")
    exchange.wait(1)
    file = desk.file(f"C{case}")["emergency"]
    assert (file["state"], file["override"]) == ("set", "the duty manager's decision")
    caller.hang_up()
    operator.hang_up()
    exchange.wait(60)


# --- S11: no case ---


def test_s11_an_emergency_without_a_case_is_two_steps(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    """Case Tracker can set E-Down after the case was opened, not during initial logging. (R34)
    He may ask for it without a number. (R21)"""
    operator = desk.phone("OP1")
    caller.call(ENTRY)
    keyed(caller, exchange, "2", "3", "0")
    accept(operator, exchange, after=0)
    exchange.wait(12)
    assert caller.connected_to == {operator}
    assert "Signale un arrêt de production." in said_to(operator)

    operator_menu(operator, exchange, "5", "2")
    assert "Il n'y a pas encore de numéro de requête. Tapez 1 pour le saisir." in said_to(operator)
    with pytest.raises(CaseError, match="log one first"):
        desk.hear("C17349555", "set_emergency", key="x", by="OP1", channel="web")
    with pytest.raises(CaseError, match="can't be chosen when a case is logged"):
        desk.hear("C17349068", "log", key="x", by="contact:lena", channel="web", severity=0)

    keyed(operator, exchange, "*", "1")
    operator.press("17349068#")
    exchange.wait(1)
    keyed(operator, exchange, "5", "2", "1", "1")
    exchange.wait(1)
    file = desk.file("C17349068")["emergency"]
    assert (file["state"], file["flagged"]) == ("set", False)
    caller.hang_up()
    operator.hang_up()
    exchange.wait(60)
    nobody_rings(desk)


def test_what_the_records_cannot_say_is_let_through_and_flagged(
    store: Store, escalation: Line
) -> None:
    """Unknown: let through, flag for later check. (R12)"""
    exchange = Exchange(seed=2)
    desk = mount(exchange, store, escalation, case_system=Down(store))
    desk.hear("C17349013", "set_emergency", key="x", by="OP1", channel="web")

    assert desk.file("C17349013")["emergency"]["flagged"] is True


# --- around the clock ---


def test_an_emergency_is_handed_over_at_the_end_of_the_shift_and_never_ended_by_a_clock(
    exchange: Exchange, desk: Desk
) -> None:
    """Support works until the system is back or as long as meaningful progress is made. (R22)"""
    desk.hear("C17349013", "set_emergency", key="set", by="OP1", channel="web")
    exchange.wait(60)
    assert desk.file("C17349013")["emergency"]["manager"] == "MGR2"
    exchange.wait(5 * 3600 + 300)  # 14:05 in UTC: EMEA's shift is over
    file = desk.file("C17349013")["emergency"]
    assert (file["manager"], file["offered"]) == ("MGR2", "MGR4")
    assert desk.notices("hand_over") == {"MGR2", "MGR4"}

    desk.hear("C17349013", "accept_hand_over", key="take", by="MGR4", channel="web")
    exchange.wait(8 * 3600 + 1800)  # 22:35: APAC's, and nobody accepts
    file = desk.file("C17349013")["emergency"]
    assert (file["manager"], file["offered"]) == ("MGR4", "")
    assert desk.notices("hand_over_lapsed") == {"MGR4", "DIR2"}
    assert file["state"] == "set"

    with pytest.raises(CaseError, match="it ends as one of"):
        desk.hear("C17349013", "end_emergency", key="e", by="MGR4", channel="web", reason="x")
    desk.hear(
        "C17349013",
        "end_emergency",
        key="end",
        by="MGR4",
        channel="web",
        outcome="restored",
        reason="a new index",
    )
    assert desk.file("C17349013")["severity"]["severity"] == 2
    exchange.wait(3600)
    assert [each.state for each in desk.store.duties.all("effort")] == ["done"]


# --- S16: a closed case ---


def test_s16_a_closed_case_is_opened_again_by_the_operator(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    operator = desk.phone("OP1")
    wish(caller, exchange, "17349045", "2")
    assert "closed" not in " ".join(said_to(caller))
    accept(operator, exchange)
    exchange.wait(12)
    operator_menu(operator, exchange, "5", "4")

    [reopened] = desk.on_case("C17349045", "case.reopened")
    assert reopened.actor == "OP1"
    caller.hang_up()
    operator.hang_up()
    exchange.wait(60)


def test_an_operator_sets_a_severity_with_a_reason(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    operator = desk.phone("OP1")
    reach_operator(caller, operator, exchange)
    operator_menu(operator, exchange, "1", "17349013#")
    keyed(operator, exchange, "5", "3", "2")
    assert "C'est la gravité qu'elle a déjà." in said_to(operator)
    keyed(operator, exchange, "1", "1")

    [set_] = desk.on_case("C17349013", "severity.set")
    assert (set_.data["after"], set_.data["set_by"]) == (1, "OP1")
    assert set_.data["requested_by"] == "caller"
    caller.hang_up()
    operator.hang_up()
    exchange.wait(60)
