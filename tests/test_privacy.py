"""What is kept of people: its time, who is given it, erasing, holds, and whole logs."""

from __future__ import annotations

import io
import json
import logging
import zipfile
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select, text, update

from ivr.errors import DataError, NotYet
from ivr.privacy import Privacy
from ivr.rows import Duty, Login
from ivr.simulator import Exchange, Handset
from ivr.store import Store, personal, tables
from tests.conftest import CALLER, Desk
from tests.test_callbacks import promised
from tests.test_escalation_by_phone import answer_all, emergency
from tests.test_scenarios import accept, ask_for_a_manager

NUMBER = CALLER.removeprefix("+")


@pytest.fixture
def privacy(desk: Desk) -> Privacy:
    made: Privacy = desk.app.extensions["ivr_privacy"]
    return made


class Stopped:
    """A clock that stands still."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def call_at(self, when: datetime, what: Any) -> Any:
        raise AssertionError("nobody sets an alarm here")


def at(privacy: Privacy, when: datetime) -> Privacy:
    return Privacy(privacy.store, privacy.terms, Stopped(when))


def days_later(privacy: Privacy, exchange: Exchange, days: int) -> Privacy:
    return at(privacy, exchange.clock.now() + timedelta(days=days))


def dump(store: Store) -> str:
    """Everything that stands in the database."""
    with store.reading() as connection:
        return "\n".join(
            json.dumps([str(value) for value in row], ensure_ascii=False)
            for table in tables.metadata.sorted_tables
            for row in connection.execute(select(table))
        )


def a_day(exchange: Exchange, caller: Handset, desk: Desk) -> None:
    """A promise, an emergency with a contact, and a talk, all by one customer."""
    promised(caller, exchange, desk)
    exchange.wait(700)
    emergency(caller, exchange)
    answer_all(caller, exchange)
    accept(desk.phone("OP1"), exchange, after=0)
    exchange.wait(20)
    caller.hang_up()
    exchange.wait(4000)


def test_of_who_is_erased_no_trace_is_left_and_the_logs_are_whole(
    exchange: Exchange, caller: Handset, desk: Desk, store: Store, privacy: Privacy
) -> None:
    """Erase: null names, replace the caller's number; keep counts and the audit chain valid."""
    a_day(exchange, caller, desk)
    store.save_login(Login("m", "marie@helio.example", "Marie", ("customer",), contact="marie"))
    privacy.seal()
    assert NUMBER in dump(store)
    before = len(store.escalations()), len(store.events(desk.sid(caller)))

    count = privacy.erase(CALLER)

    left = dump(store)
    assert NUMBER not in left
    assert "marie@helio.example" not in left
    assert "Marie Aubert" not in left
    assert count["calls"] >= 2
    assert count["held"] == 0
    assert (len(store.escalations()), len(store.events(desk.sid(caller)))) == before
    assert privacy.verify() == []
    [told] = store.events("case:(access)")
    assert told.kind == "access.erased"
    with pytest.raises(DataError, match="nobody's"):
        privacy.erase("nobody")


def test_two_calls_of_one_who_is_erased_are_still_one_persons(
    exchange: Exchange, caller: Handset, desk: Desk, store: Store, privacy: Privacy
) -> None:
    for _ in range(2):
        ask_for_a_manager(caller, exchange)
        caller.hang_up()
        exchange.wait(700)
    privacy.erase("marie")

    with store.reading() as connection:
        callers = set(connection.execute(select(tables.calls.c.caller)).scalars())
    assert len(callers) == 1
    assert callers.pop().startswith("erased-")


def test_what_is_under_legal_hold_is_kept_and_that_is_said(
    exchange: Exchange, caller: Handset, desk: Desk, store: Store, privacy: Privacy
) -> None:
    """Legal hold per case stops erase, and says so."""
    ask_for_a_manager(caller, exchange)
    caller.hang_up()
    exchange.wait(60)
    privacy.hold("C17349013", "a dispute")

    assert privacy.erase(CALLER)["held"] > 0
    assert NUMBER in dump(store)
    later = days_later(privacy, exchange, 397)
    assert later.purge().calls == 0
    later.hold("C17349013", "")
    assert later.purge().calls > 0


def test_somebody_is_given_all_that_is_kept_of_him(
    exchange: Exchange, caller: Handset, desk: Desk, privacy: Privacy
) -> None:
    a_day(exchange, caller, desk)

    with zipfile.ZipFile(io.BytesIO(privacy.export("marie"))) as file:
        manifest = json.loads(file.read("manifest.json"))
        calls = json.loads(file.read("calls.json"))
        contacts = json.loads(file.read("contacts.json"))
        assert set(manifest["sha256"]) == set(file.namelist()) - {"manifest.json"}
    assert [each["name"] for each in contacts] == ["Marie Aubert"]
    assert {each["caller"] for each in calls} == {CALLER}
    assert [e.kind for e in desk.store.events("case:(access)")] == ["access.exported"]


# --- retention ---


def test_calls_are_let_go_after_their_time_and_not_before(
    exchange: Exchange, caller: Handset, desk: Desk, store: Store, privacy: Privacy
) -> None:
    ask_for_a_manager(caller, exchange)
    caller.hang_up()
    exchange.wait(1)
    privacy.seal()
    call = store.load(desk.sid(caller))
    assert call is not None
    assert call.ended_at is not None
    on_the_day = call.ended_at + timedelta(days=396)
    assert at(privacy, on_the_day).purge().calls == 0
    after = at(privacy, on_the_day + timedelta(seconds=1))
    assert after.purge(dry=True).calls == 1
    assert store.load(desk.sid(caller)) is not None

    assert after.purge().calls == 1
    assert store.load(desk.sid(caller)) is None
    assert privacy.verify() == []


def test_what_was_keyed_is_let_go_sooner(
    exchange: Exchange, caller: Handset, desk: Desk, store: Store, privacy: Privacy
) -> None:
    ask_for_a_manager(caller, exchange)
    caller.hang_up()
    days_later(privacy, exchange, 31).purge()

    call = store.load(desk.sid(caller))
    assert call is not None
    assert "keyed" not in call.data["shared"]
    assert privacy.verify() == []


def test_what_was_keyed_is_let_go_from_the_calls_back_as_well(
    exchange: Exchange, caller: Handset, desk: Desk, store: Store, privacy: Privacy
) -> None:
    promised(caller, exchange, desk)
    exchange.wait(700)
    back = f"CB-{desk.sid(caller)}-1"
    before = store.load(back)
    assert before is not None
    assert before.data["shared"]["back"]["knows"]["keyed"] == "17349013"
    days_later(privacy, exchange, 31).purge()

    call = store.load(back)
    assert call is not None
    assert "keyed" not in call.data["shared"]["back"]["knows"]
    assert "keyed" not in call.data["shared"]


def test_it_is_done_once_a_day(exchange: Exchange, desk: Desk, privacy: Privacy) -> None:
    for do in (privacy.daily_purge, privacy.daily_seal):
        with pytest.raises(NotYet) as later:
            do(Duty("purge", "", "purge", exchange.clock.now()))
        assert later.value.at - exchange.clock.now() == timedelta(days=1)


# --- whole logs ---


def broken(store: Store, sid: str, how: str) -> None:
    events = tables.events
    last = select(events.c.id).where(events.c.call == sid).order_by(events.c.seq.desc()).limit(1)
    with store.writing() as connection:
        id = connection.execute(last).scalar_one()
        match how:
            case "changed":
                where = events.c.id == id
                connection.execute(update(events).where(where).values(actor="somebody else"))
            case "dropped":
                connection.execute(delete(events).where(events.c.id == id))
            case "moved":
                connection.execute(update(events).where(events.c.id == id).values(seq=999))
            case "gone":
                connection.execute(delete(events).where(events.c.call == sid))
                connection.execute(delete(tables.calls).where(tables.calls.c.sid == sid))
            case "cut off":  # with everything made to fit
                _cut_off(connection, sid)
            case "seal":
                connection.execute(update(tables.seals).values(heads="[]"))


def _cut_off(connection: Any, sid: str) -> None:
    events = tables.events
    rows = connection.execute(
        select(events).where(events.c.call == sid).order_by(events.c.seq)
    ).all()
    connection.execute(delete(events).where(events.c.id == rows[-1].id))
    values = {"events": len(rows) - 1, "head": rows[-2].hash}
    connection.execute(update(tables.calls).where(tables.calls.c.sid == sid).values(values))


@pytest.mark.parametrize("how", ["changed", "dropped", "moved", "gone", "cut off", "seal"])
def test_whatever_is_done_to_a_log_is_found(
    exchange: Exchange, caller: Handset, desk: Desk, store: Store, privacy: Privacy, how: str
) -> None:
    ask_for_a_manager(caller, exchange)
    caller.hang_up()
    exchange.wait(60)
    assert privacy.seal() >= 2
    assert privacy.seal() == 0
    assert privacy.verify() == []

    broken(store, desk.sid(caller), how)
    assert privacy.verify()


def test_all_that_happened_on_a_case_can_be_given_out(
    exchange: Exchange, caller: Handset, desk: Desk, privacy: Privacy
) -> None:
    ask_for_a_manager(caller, exchange)
    caller.hang_up()
    exchange.wait(60)
    start = exchange.clock.now() - timedelta(days=1)
    lines, checksum = privacy.audit("C17349013", start, exchange.clock.now())
    told = [json.loads(line) for line in lines.splitlines()]

    assert len(checksum) == 64
    assert {"escalation.requested", "callback.promised"} & {each["kind"] for each in told}
    assert all(
        each["stream"] == "case:C17349013" or each["data"].get("case") == "C17349013"
        for each in told
    )


# --- nothing is forgotten ---

NOT_PERSONAL = {  # columns that hold ids, words of ours, times and counts
    "calls", "duties", "case_files", "notes", "escalations", "contacts", "people", "logins",
    "cases", "accounts", "tallies", "events", "shifts", "queues", "recordings", "holds", "seals",
    "purged", "overrides", "feeds", "feed_entries",
}  # fmt: skip


def test_every_table_was_looked_at_and_every_personal_column_exists() -> None:
    there = {table.name: set(table.c.keys()) for table in tables.metadata.sorted_tables}

    assert there.keys() == NOT_PERSONAL
    for table, columns in personal.PERSONAL.items():
        assert set(columns) <= there[table], table


def test_no_log_line_has_a_callers_number_or_what_he_keyed(
    exchange: Exchange, caller: Handset, desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="ivr")
    with exchange.rest_fails("500"):
        promised(caller, exchange, desk)
        exchange.wait(700)

    assert NUMBER not in caplog.text


def test_events_hold_references_only(
    exchange: Exchange, caller: Handset, desk: Desk, store: Store
) -> None:
    a_day(exchange, caller, desk)
    with store.reading() as connection:
        rows = connection.execute(text("SELECT data FROM events")).scalars().all()

    assert not [row for row in rows if NUMBER in row or "Marie" in row]
