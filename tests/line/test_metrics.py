"""What `/metrics` counts and knows, of calls on the simulated network."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from ivr.line.records import Duty
from ivr.simulator import Handset
from tests.bench.day import days
from tests.kit.desk import ENTRY, PEOPLE, Desk
from tests.kit.documents import ROOT
from tests.kit.scrapes import scraped


def ask_for_an_operator(desk: Desk, caller: Handset) -> None:
    caller.call(ENTRY)
    desk.exchange.wait(2)
    caller.press("0")
    desk.exchange.wait(2)


def ask_for_a_manager(desk: Desk, caller: Handset) -> None:
    caller.call(ENTRY)
    for keys in ("2", "1", "17349013#", "1", "2"):
        desk.exchange.wait(1)
        caller.press(keys)
    desk.exchange.wait(2)


# ---- what is counted


def test_a_call_that_reaches_an_operator(desk: Desk, caller: Handset) -> None:
    before = scraped(desk)
    desk.phone("OP1").will("answer", after=3, press="1")
    ask_for_an_operator(desk, caller)
    desk.exchange.wait(60)
    caller.hang_up()
    desk.exchange.wait(20)

    grown = scraped(desk).since(before)

    assert grown.value("ivr_calls_started_total", kind="caller") == 1
    assert grown.value("ivr_calls_ended_total", kind="caller", how="met") == 1
    assert grown.value("ivr_rings_total") == 1
    assert grown.value("ivr_ring_results_total", result="taken") == 1
    assert grown.value("ivr_ring_results_total", result="accepted") == 1
    assert grown.value("ivr_hunts_total") == 1
    assert grown.value("ivr_hunts_total", hunt="operator", outcome="joined") == 1
    assert grown.value("ivr_seconds_to_person_count") == 1
    assert 5 < grown.value("ivr_seconds_to_person_sum") < 15
    assert grown.value("ivr_webhook_seconds_count", webhook="voice") >= 3
    assert grown.value("ivr_webhook_seconds_count", webhook="leg") >= 2
    assert grown.value("ivr_webhook_seconds_bucket", webhook="voice", le="15.0") == grown.value(
        "ivr_webhook_seconds_count", webhook="voice"
    )
    assert grown.value("ivr_duties_done_total", kind="ring") == 1
    assert grown.value("ivr_rest_seconds_count") >= 2
    assert grown.value("ivr_rest_failures_total") == 0


def test_a_caller_who_gives_up_and_is_owed_a_call(desk: Desk, caller: Handset) -> None:
    before = scraped(desk)
    desk.phone("MGR1").will("busy")
    ask_for_a_manager(desk, caller)
    caller.hang_up()
    desk.exchange.wait(2)

    grown = scraped(desk).since(before)

    assert grown.value("ivr_ring_results_total", result="busy") == 1
    assert grown.value("ivr_hunts_total", outcome="left") == 1
    assert grown.value("ivr_calls_ended_total", how="promised") == 1
    assert grown.value("ivr_seconds_to_person_count") == 0


@pytest.mark.lenient_calls
@pytest.mark.parametrize(
    ("how", "kind"),
    [("429", "refused"), ("500", "unanswered"), ("timeout", "unanswered")],
)
def test_a_request_to_the_carrier_that_fails(
    desk: Desk, caller: Handset, how: str, kind: str
) -> None:
    before = scraped(desk)
    with desk.exchange.rest_fails(how, times=1):
        ask_for_an_operator(desk, caller)
    desk.exchange.wait(30)

    assert scraped(desk).since(before).value("ivr_rest_failures_total", kind=kind) == 1


@pytest.mark.lenient_calls
def test_a_webhook_that_is_refused_and_one_that_fails(desk: Desk, caller: Handset) -> None:
    before = scraped(desk)
    desk.app.test_client().post("/voice/escalation", data={"CallSid": "CA1"})
    with desk.store.connections.writing() as connection:
        connection.exec_driver_sql("ALTER TABLE calls RENAME TO gone")
    caller.call(ENTRY)
    caller.hang_up()
    with desk.store.connections.writing() as connection:
        connection.exec_driver_sql("ALTER TABLE gone RENAME TO calls")

    grown = scraped(desk).since(before)

    assert grown.value("ivr_webhooks_refused_total") == 1
    assert grown.value("ivr_webhooks_failed_total") >= 1


# ---- what the database knows


def test_who_waits_who_is_claimed_and_what_is_owed(desk: Desk, caller: Handset) -> None:
    quiet = scraped(desk)
    assert quiet.value("ivr_callers_waiting") == quiet.value("ivr_calls_open") == 0
    assert ("ivr_callers_waiting", frozenset({("queue", "operators")})) in quiet.samples

    ask_for_an_operator(desk, caller)
    desk.exchange.wait(13)

    now = scraped(desk)
    assert now.value("ivr_calls_open") == 1
    assert now.value("ivr_callers_waiting", queue="operators") == 1
    assert 13 <= now.value("ivr_longest_wait_seconds", queue="operators") <= 16
    assert now.value("ivr_claims") == now.value("ivr_claims", age="10m") == 1
    assert 13 <= now.value("ivr_claim_age_seconds") <= 16
    assert now.value("ivr_duties_owed", kind="time_up") == 1
    assert now.value("ivr_duties_due") == 0
    caller.hang_up()
    desk.exchange.wait(2)
    assert scraped(desk).value("ivr_claims") == scraped(desk).value("ivr_callers_waiting") == 0


def test_a_promise_is_owed_then_overdue_then_kept(desk: Desk, caller: Handset) -> None:
    ask_for_a_manager(desk, caller)
    caller.hang_up()
    desk.exchange.wait(2)
    assert scraped(desk).value("ivr_promises_owed") == 1
    assert scraped(desk).value("ivr_promises_overdue") == 0

    desk.exchange.wait(timedelta(hours=2).total_seconds())

    late = scraped(desk)
    assert (late.value("ivr_promises_owed"), late.value("ivr_promises_overdue")) == (1, 1)
    assert late.value("ivr_promise_overdue_seconds") > 600
    for name in PEOPLE:
        desk.phone(name).will("answer", press="1")
    caller.will("answer", press="1")
    desk.exchange.wait(timedelta(hours=25).total_seconds())
    kept = scraped(desk)
    assert (kept.value("ivr_promises_owed"), kept.value("ivr_promises_overdue")) == (0, 0)


def test_duties_by_kind_and_age(desk: Desk) -> None:
    now = desk.exchange.clock.now()
    desk.store.duties.add([Duty(f"{n}", "", "rota", now - timedelta(seconds=n)) for n in (5, 90)])
    desk.store.duties.add([Duty("later", "", "feed", now + timedelta(hours=1))])

    said = scraped(desk)

    assert said.value("ivr_duties_due", kind="rota") == 2
    assert said.value("ivr_duty_age_seconds", kind="rota") == 90
    assert said.value("ivr_duties_owed", kind="feed") == 1
    assert said.value("ivr_duties_due", kind="feed") == 0
    assert said.value("ivr_duty_age_seconds", kind="feed") == 0
    assert said.value("ivr_ready", check="duties") == 0
    assert said.value("ivr_ready", check="database") == 1
    desk.duties.everything()


def test_versions(desk: Desk) -> None:
    said = scraped(desk)

    assert said.value("ivr_build_info", line="escalation", flow_version="1") == 1


# ---- nobody is in it


@pytest.mark.lenient_calls
def test_after_a_busy_day_no_label_names_anybody(desk: Desk, caller: Handset) -> None:
    days(12, seed=3, times=1)
    for number in ("+33155500171", "+33155500172"):
        ask_for_a_manager(desk, desk.exchange.phone(number))
    ask_for_an_operator(desk, caller)
    caller.hang_up()
    desk.exchange.wait(5)

    said = scraped(desk)

    assert said.value("ivr_calls_ended_total") > 10
    assert said.value("ivr_promises_owed") > 0
    people = desk.store.people.all()
    everybody = {each.id for each in people} | {each.name for each in people} | set(PEOPLE.values())
    values = said.label_values()
    assert not values & everybody
    for name, labels in said.samples:
        for label, value in labels:
            known = name == "ivr_build_info" or label in ("le", "age")
            assert known or re.fullmatch(r"[a-z][a-zA-Z_-]*", value), (name, label, value)
    for text in (*everybody, "17349013", "+33", "Acme"):
        assert not re.search(rf"\b{re.escape(text)}\b", said.text), text


# ---- what is documented


def test_each_metric_is_documented_and_each_that_is_documented_is_there(
    desk: Desk, caller: Handset
) -> None:
    page = (ROOT / "docs/line/operating.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"^\| `(ivr_\w+)` \|", page, re.MULTILINE))

    there = {
        f"{name}_total" if kind == "counter" else name for name, kind in scraped(desk).types.items()
    }

    assert documented == there
