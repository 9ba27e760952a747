"""What is kept of people, for how long, and how they are taken out of it."""

from __future__ import annotations

import json
import logging
import shutil
import zipfile
from collections.abc import Iterator
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from alembic import command as alembic
from alembic.config import Config
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event, select, text

import ivr.line.store.store
from flows.escalation import line
from ivr.cli.main import main
from ivr.errors import CallError
from ivr.line.desk.events import Event
from ivr.line.desk.retention import RetentionTerms
from ivr.line.desk.subjects import Subject, masked
from ivr.line.errors import DataError, NotYet
from ivr.line.outside.carrier import client
from ivr.line.records import Call, CaseFile, Duty, Escalation, Login, Note, Recording
from ivr.line.service.privacy import Privacy
from ivr.line.store import tables
from ivr.line.store.case_files import CaseRecords
from ivr.line.store.chain import link
from ivr.line.store.privacy.keeping import AT_ONCE, PAGE
from ivr.line.store.privacy.personal import CLASSES, NOT_PERSONAL
from ivr.line.store.seals import MOST
from ivr.line.store.store import Store
from ivr.line.store.streams import ACCESS
from ivr.line.story.replay import replay
from ivr.line.turns.call.begin import begin
from ivr.line.values import (
    CaseOnCall,
    FoundCase,
    Leg,
    PersonValues,
    Place,
    Promise,
    Ranked,
    needed,
)
from ivr.simulator import Exchange, Handset
from ivr.simulator.network.virtual_clock import VirtualClock
from tests.kit.databases import emptied, fill
from tests.kit.desk import CALLER, ENTRY, PEOPLE, Desk
from tests.kit.emergencies import answer_all, emergency
from tests.kit.promises import promised
from tests.kit.random_people import ACTS, PEOPLES_HABITS, SETTINGS, do, network, settled
from tests.kit.replays import is_the_same_again
from tests.kit.telephones import accept, ask_for_a_manager, keyed

MIGRATIONS = Path(ivr.line.store.store.__file__).parent / "migrations"
NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)
LINE = line()
CASE = "C17349013"
COUNTED = ("calls", "duties", "escalations", "notes", "case_files", "recordings", "cases")
SID = "CA" + "1" * 32
OTHER = "CA" + "2" * 32
SOUND = "RE" + "1" * 32


# ---- a database with something in it


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def store(request: pytest.FixtureRequest, tmp_path: Path, sample_database: Path) -> Iterator[Store]:
    """The sample desk, and nothing else."""
    if request.param == "sqlite":
        shutil.copy(sample_database, tmp_path / "ivr.db")
        url = f"sqlite:///{tmp_path / 'ivr.db'}"
    else:
        url = str(request.getfixturevalue("servers_database"))
    with emptied(url) as store:
        if request.param == "postgres":
            fill(store, request.getfixturevalue("sample_rows"))
        yield store


def privacy(store: Store, now: datetime = NOW, **terms: int) -> Privacy:
    numbers = LINE.config.case_numbers
    return Privacy(store, RetentionTerms(**terms), numbers, VirtualClock(now), "os:anna")


def have_called(
    store: Store,
    sid: str = SID,
    caller: str = CALLER,
    ended: datetime = NOW - 2 * DAY,
    case: str = "17349013",
) -> Call:
    """A call that is over: a case was looked up, a number keyed, a call back promised."""
    call = begin(LINE, sid, caller, ENTRY, ended - timedelta(minutes=5))
    call.data.shared.case = CaseOnCall(keyed=case, record=FoundCase(number=f"C{case}"))
    call.data.shared.personal = [f"00{caller[1:]}#"]
    call.data.shared.wish = "M1"
    call.data.shared.promise = Promise("owed", caller, due=ended, spoken=ended)
    call.ended_at, call.document = ended, f"<Response><Dial>{caller}</Dial></Response>"
    told = [
        Event("call.started", call.started_at),
        Event("case.lookup", call.started_at, "", {"number": case, "result": "found"}),
        Event("call.ended", ended, "", {"who": "caller"}),
    ]
    owed = Duty(f"{sid}:call_back", sid, "call_back", ended, {"number": caller, "case": f"C{case}"})
    store.calls.save(call, told, [owed])
    return call


def settle(store: Store) -> None:
    """Nothing is owed any more."""
    for duty in store.duties.all():
        store.duties.done(duty)


def note(store: Store, text: str, case: str = CASE, key: str = "n", at: datetime = NOW) -> None:
    file = store.case_files.load(case) or CaseFile(case)
    told = [Event("report.attached", at, "ENG1", {"case": case, "note": key})]
    written = Note(key, "", case, text, "contact:marie", at)
    store.case_files.save(file, CaseRecords(told, notes=[written]))


def dump(store: Store) -> str:
    """Everything that is stored, as text."""
    with store.connections.reading() as connection:
        return "\n".join(
            str(tuple(row))
            for table in tables.metadata.sorted_tables
            for row in connection.execute(select(table))
        )


def rows(store: Store, table: Any) -> list[Any]:
    """By their keys: PostgreSQL has no order of its own."""
    ordered = select(table).order_by(*table.primary_key)
    with store.connections.reading() as connection:
        return list(connection.execute(ordered).all())


def change(store: Store, *statements: Any) -> None:
    with store.connections.writing() as connection:
        for statement in statements:
            connection.execute(statement)


def told(store: Store, kind: str) -> list[dict[str, Any]]:
    return [dict(event.data) for event in store.logs.events(ACCESS) if event.kind == kind]


# ---- what is personal


def test_every_column_is_of_a_class_or_known_to_hold_nothing_personal() -> None:
    """A new column has to be thought about: whose it is, how old it may get."""
    personal = {(kind.name, column) for kind in CLASSES for column in kind.personal}
    other = {(table, name) for table, names in NOT_PERSONAL.items() for name in names.split()}
    there = {(t.name, c.name) for t in tables.metadata.sorted_tables for c in t.columns}

    assert personal | other == there
    assert not personal & other


def test_every_term_of_the_line_ends_something() -> None:
    terms = {each.name for each in fields(RetentionTerms)} - {"purge", "seal"}

    assert terms == {age.term for kind in CLASSES for age in kind.ages}


@pytest.mark.parametrize(
    "written",
    [
        "+33155500101", "0033155500101", "0155500101", "01 55 50 01 01", "+33 (0)1 55.50.01.01",
        "marie@helio.example", "Marie@Helio.example", "marie  AUBERT",
    ],
)  # fmt: skip
def test_somebody_is_found_however_it_is_written(written: str) -> None:
    marie = Subject(
        frozenset({CALLER}), frozenset({"marie@helio.example"}), frozenset({"Marie Aubert"})
    )

    assert marie.without({"a": [f"ask {written}, she knows"]}, "x") == {"a": ["ask x, she knows"]}


@pytest.mark.parametrize(
    "written",
    ["90155500101", "+331555001010", "annemarie@helio.example", "Marie Aubertin", "Marie"],
)
def test_nobody_else_is_taken_for_the_person_to_be_erased(written: str) -> None:
    marie = Subject(
        frozenset({CALLER}),
        frozenset({"marie@helio.example"}),
        frozenset({"Marie Aubert", "Marie"}),
    )

    assert not marie.stands_in(written)


def test_what_others_say_is_logged_without_numbers_and_addresses() -> None:
    said = "21214 +33 1 55 50 01 01: marie@helio.example, https://a.test/Recordings/RE1.json"

    assert masked(said) == "21214 [number]: [address], [recording]"


def test_reasons_stand_in_notes_and_only_their_keys_in_the_log(desk: Desk) -> None:
    """Personal data by reference so it can be erased without breaking the chain."""
    desk.hear(
        CASE, "escalate", key="k", by="contact:marie", channel="web", level="M1",
        reason="call Marie Aubert",
    )  # fmt: skip

    assert "Marie Aubert" not in str(desk.on_case(CASE))
    [asked] = desk.on_case(CASE, "escalation.requested")
    [kept] = [each for each in desk.store.case_files.notes(CASE) if each.key == asked.data["note"]]
    assert kept.text.endswith("call Marie Aubert")


# ---- erasing


def test_an_erased_caller_is_nowhere_and_nothing_else_has_changed(store: Store) -> None:
    """Replace the number by a keyed hash; counts and the audit chain stay valid."""
    have_called(store)
    have_called(store, OTHER, "+81355500102")
    note(store, "Marie Aubert (01 55 50 01 01, marie@helio.example) will send the log")
    store.tallies.add(sorted(_buckets(CALLER))[0], NOW)
    before, logged = store.calls.load(OTHER), rows(store, tables.events)

    privacy(store).erase(CALLER)

    left = dump(store)
    for trace in ("155500101", "55 50 01 01", "Marie Aubert", "marie@helio"):
        assert trace not in left
    assert store.calls.load(OTHER) == before
    assert rows(store, tables.events)[: len(logged)] == logged
    assert list(store.logs.faults()) == []
    [text] = [each.text for each in store.case_files.notes(CASE)]
    assert text.count("erased:") == 3
    assert text.endswith("will send the log")


def _buckets(phone: str) -> set[str]:
    from ivr.line.store.privacy.personal import buckets

    return buckets(Subject(frozenset({phone})))


def test_erasing_is_logged_without_naming_the_person(store: Store) -> None:
    have_called(store)

    privacy(store).erase("marie")

    [said] = told(store, "access.erased")
    assert said["done"] == {"calls": 1, "duties": 1, "contacts": 1}
    assert said["subject"].startswith("erased:")
    assert "marie" not in json.dumps(said)
    assert store.logs.events(ACCESS)[0].actor == "os:anna"


def test_an_erased_callers_calls_stay_those_of_one_caller(store: Store) -> None:
    have_called(store)
    have_called(store, OTHER)

    privacy(store).erase(CALLER)

    calls = [store.calls.load(sid) for sid in (SID, OTHER)]
    assert len({call.caller for call in calls if call}) == 1
    assert all(call.caller.startswith("erased:") for call in calls if call)


def test_the_same_person_gets_another_hash_elsewhere(store: Store) -> None:
    """Its key is destroyed: nobody can find out by hashing every number there is."""
    hashes = set()
    for sid in (SID, OTHER):
        have_called(store, sid)
        privacy(store).erase(CALLER)
        call = store.calls.load(sid)
        assert call is not None
        hashes.add(call.caller)

    assert len(hashes) == 2


def test_erasing_twice_changes_nothing_more(store: Store) -> None:
    have_called(store)
    note(store, "ask +33 1 55 50 01 01")
    privacy(store).erase(CALLER)
    left = {table.name: rows(store, table) for table in tables.metadata.sorted_tables}

    again = privacy(store).erase(CALLER)

    assert not again.done
    for table in tables.metadata.sorted_tables:
        if table.name not in ("events", "logs"):
            assert rows(store, table) == left[table.name]


def test_whoever_was_erased_is_not_called_back(store: Store) -> None:
    have_called(store)

    privacy(store).erase(CALLER)

    [duty] = store.duties.all("call_back")
    assert (duty.state, duty.why) == ("dropped", "whom it concerns was erased")


def test_an_erased_callers_recordings_are_deleted_by_duty(store: Store) -> None:
    have_called(store)
    store.recordings.keep(Recording(SOUND, SID, CASE, "conversation", 9, "completed", NOW))

    privacy(store).erase(CALLER)

    [duty] = store.duties.all("delete_recording")
    assert (duty.data["sid"], duty.state) == (SOUND, "due")


def test_a_call_that_is_going_on_is_left_for_later(store: Store) -> None:
    have_called(store, ended=NOW - timedelta(minutes=59))

    tally = privacy(store).erase(CALLER)

    assert tally.waiting == {"calls": 1, "contacts": 1}
    assert privacy(store, NOW + timedelta(minutes=2)).erase(CALLER).done["calls"] == 1


def test_a_manager_is_erased_and_callers_are_still_owed_their_calls(store: Store) -> None:
    call = have_called(store)
    boss = store.people.get("MGR1")
    assert boss is not None
    call.data.shared.hunt.ranking = [Ranked("MGR1", boss.name, boss.phone)]
    talk = Place("rung", "fr", PersonValues())
    call.data.legs = {"1": Leg("MGR1", talk, phone=boss.phone)}
    store.calls.save(call)

    privacy(store).erase("MGR1")

    left, after = store.calls.load(SID), store.people.get("MGR1")
    assert left is not None
    assert after is not None
    assert left.caller == CALLER
    assert needed(left.data.shared.promise).state == "owed"
    assert boss.name not in dump(store)
    assert boss.phone not in dump(store)
    assert (after.name, after.phone, after.active) == ("", "", False)


def test_a_telephone_that_several_share_is_nobodys_alone(store: Store) -> None:
    change(store, tables.contacts.update().values(phones=CALLER))

    with pytest.raises(
        DataError, match=r"matches several people: kenji, lena, marie, oscar; name one"
    ):
        privacy(store).erase(CALLER)

    privacy(store).erase("marie")
    assert {row.id: row.phones for row in rows(store, tables.contacts)}["kenji"] == CALLER


def test_nobody_is_erased_for_a_word_that_is_nobody(store: Store) -> None:
    with pytest.raises(DataError, match="nobody is known as 'mairie'"):
        privacy(store).erase("mairie")


def test_an_erased_call_is_not_taken_again(desk: Desk, exchange: Exchange, caller: Handset) -> None:
    ask_for_a_manager(caller, exchange)
    caller.hang_up()
    exchange.wait(7200)
    sid = desk.sid(caller)
    is_the_same_again(desk, sid)

    desk.services.privacy.erase(CALLER)

    call = desk.store.calls.load(sid)
    assert call is not None
    with pytest.raises(CallError, match="what was keyed in it is gone"):
        next(iter(replay(desk.line, call, desk.store.logs.events(sid))))


@SETTINGS
@given(
    acts=ACTS,
    habits=PEOPLES_HABITS,
    other=st.sampled_from(["", "0155500101#", "0033155500101#"]),
    subject=st.sampled_from([CALLER, "marie@helio.example", "MGR1"]),
)
def test_whatever_was_said_on_a_call_not_a_byte_of_the_number_is_left(
    sample_database: Path,
    acts: list[tuple[float, str]],
    habits: dict[str, tuple[str, float, str]],
    other: str,
    subject: str,
) -> None:
    """Counts and the audit chain stay valid (hash over references, not over personal values)."""
    with network(sample_database, habits) as desk:
        caller, store = desk.exchange.phone(CALLER), desk.store
        do(caller, desk.exchange, acts)
        if caller.in_call:
            keyed(caller, desk.exchange, "2", "2", *other.split())
        desk.exchange.wait_until(lambda: settled(desk, caller), at_most=1200)
        for number in (CALLER, *PEOPLE.values()):
            if desk.exchange.phone(number).in_call:
                desk.exchange.phone(number).hang_up()
        desk.exchange.wait(4 * 3600)
        boss = store.people.get("MGR1")
        assert boss is not None
        erase = desk.services.privacy.erase
        store.seals.add(desk.exchange.clock.now())
        erase(subject)  # what is going on has to wait
        desk.exchange.wait(4 * 3600)
        store.seals.add(desk.exchange.clock.now())
        before = {table.name: rows(store, table) for table in tables.metadata.sorted_tables}

        tally = erase(subject)

        left, traces = dump(store), {"MGR1": (boss.phone[3:], boss.name)}
        assert not tally.waiting
        assert list(store.logs.faults()) == []
        for trace in traces.get(subject, ("155500101", "marie@helio")):
            assert trace not in left
        for name in COUNTED:
            assert len(rows(store, tables.metadata.tables[name])) == len(before[name])
        assert rows(store, tables.events)[: len(before["events"])] == before["events"]


# ---- exporting


def test_an_export_holds_that_persons_data_and_nothing_secret(store: Store, tmp_path: Path) -> None:
    have_called(store)
    have_called(store, OTHER, "+81355500102")
    note(store, "ask marie@helio.example")
    change(store, tables.cases.update().values(subject="Marie Aubert asks", pin="a secret"))
    store.logins.save(
        Login("m", "m@helio.example", "M", ("customer",), contact="marie", hash="a secret")
    )

    privacy(store).export(CALLER, tmp_path / "marie.zip")

    with zipfile.ZipFile(tmp_path / "marie.zip") as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(parts.pop("manifest.json"))
    assert {each["name"]: each["sha256"] for each in manifest["files"]} == {
        name: sha256(content).hexdigest() for name, content in parts.items()
    }
    there = ("calls", "duties", "notes", "cases", "logins", "contacts", "events")
    assert set(parts) == {f"{name}.json" for name in there}
    assert not [name for name, content in parts.items() if b"a secret" in content]
    [call] = json.loads(parts["calls.json"])
    assert (call["sid"], call["data"]["personal"]) == (SID, ["0033155500101#"])
    assert len(json.loads(parts["events.json"])) == 3
    assert told(store, "access.exported")[0]["subject"] == "m marie"
    assert "33155500101" not in str(told(store, "access.exported"))


# ---- holds


def test_what_belongs_to_a_held_case_is_neither_purged_nor_erased(store: Store) -> None:
    """Legal hold per case stops erase and says so."""
    have_called(store, ended=NOW - 3000 * DAY)
    have_called(store, OTHER, ended=NOW - 3000 * DAY, case="17349021")
    settle(store)
    note(store, f"ask {CALLER}", at=NOW - 3000 * DAY)
    store.recordings.keep(
        Recording(SOUND, SID, "", "conversation", 9, "completed", NOW - 999 * DAY)
    )
    desk = privacy(store)
    desk.hold(CASE, "a lawsuit")
    before = store.calls.load(SID), store.case_files.notes(CASE)

    erased, purged = desk.erase(CALLER), desk.purge()

    assert (store.calls.load(SID), store.case_files.notes(CASE)) == before
    assert erased.held == {"calls": 1, "duties": 1, "notes": 1}
    assert erased.cases == purged.cases == {CASE}
    assert erased.waiting == {"contacts": 1}  # by which the rest is found once it is released
    assert purged.held["recordings (recordings)"] == 1
    assert not store.duties.all("delete_recording")
    assert store.calls.load(OTHER) is None  # not held, and as old
    assert told(store, "access.erased")[0]["cases"] == [CASE]


def test_a_hold_that_is_released_holds_no_longer(store: Store) -> None:
    have_called(store)
    desk = privacy(store)
    desk.hold(CASE, "a lawsuit")
    desk.erase(CALLER)
    desk.release("17349013")

    desk.erase(CALLER)

    assert "155500101" not in dump(store)
    assert [each.data["after"] for each in store.logs.events(ACCESS) if "after" in each.data] == [
        True, False,
    ]  # fmt: skip


def test_a_hold_is_set_once_with_a_reason_and_released_once(store: Store) -> None:
    desk = privacy(store)
    for act in (lambda: desk.hold(CASE, " "), lambda: desk.hold("abc", "x")):
        with pytest.raises(DataError):
            act()
    desk.hold(CASE, "a lawsuit")

    assert [(each.case, each.by) for each in store.privacy.holds()] == [(CASE, "os:anna")]
    with pytest.raises(DataError, match="held already"):
        desk.hold("17349013", "another")
    desk.release(CASE)
    with pytest.raises(DataError, match="isn't held"):
        desk.release(CASE)


# ---- purging


def purged(store: Store, ago: timedelta, **terms: int) -> dict[str, int]:
    """What a purge does with a call that ended ``ago``."""
    have_called(store, ended=NOW - ago)
    settle(store)
    return dict(privacy(store, **terms).purge().done)


@pytest.mark.parametrize(
    ("days", "what"),
    [
        (30, "calls (digits)"),
        (30, "duties (digits)"),
        (396, "calls (calls)"),
        (730, "calls (audit)"),
    ],
)
@pytest.mark.parametrize("beyond", [False, True])
def test_a_call_is_kept_for_so_many_days_to_the_instant(
    store: Store, days: int, what: str, beyond: bool
) -> None:
    """Retention per class (keyed digits 30 d, call detail 13 months, audit 24 months)."""
    done = purged(store, days * DAY + (TICK if beyond else 0 * TICK))

    assert (what in done) == beyond


@pytest.mark.parametrize(("purpose", "days"), [("conversation", 180), ("message", 396)])
def test_a_recording_is_deleted_when_its_time_is_over(
    store: Store, purpose: str, days: int
) -> None:
    have_called(store)
    at = NOW - days * DAY
    store.recordings.keep(Recording(SOUND, SID, CASE, purpose, 9, "completed", at))

    privacy(store).purge()
    assert not store.duties.all("delete_recording")
    privacy(store, NOW + TICK).purge()
    privacy(store, NOW + DAY).purge()

    [duty] = store.duties.all("delete_recording")
    assert (duty.call, duty.data) == (SID, {"sid": SOUND, "why": "kept long enough"})


def test_a_deletion_that_was_given_up_is_owed_again_at_the_next_purge(store: Store) -> None:
    have_called(store)
    at = NOW - 181 * DAY
    store.recordings.keep(Recording(SOUND, SID, CASE, "conversation", 9, "completed", at))
    privacy(store).purge()
    store.duties.drop(store.duties.take(NOW, ["delete_recording"])[0], "the carrier is down")

    privacy(store, NOW + DAY).purge()

    assert [each.state for each in store.duties.all("delete_recording")] == ["dropped", "due"]


def test_after_a_month_nobody_can_read_what_was_keyed(store: Store) -> None:
    purged(store, 31 * DAY)

    call = store.calls.load(SID)
    assert call is not None
    assert call.caller == CALLER
    assert "155500101" not in str(call.data)
    assert call.document == ""
    assert store.logs.verify(SID)


def test_what_is_still_owed_is_kept_whatever_its_age(store: Store) -> None:
    call = have_called(store, ended=NOW - 800 * DAY)

    tally = privacy(store).purge()

    assert store.calls.load(SID) == call
    assert tally.waiting["calls (audit)"] == 1


def test_texts_go_after_three_years_and_the_cases_log_with_the_next_purge(store: Store) -> None:
    old = NOW - 1096 * DAY
    note(store, "old", at=old)
    asked = Escalation("e", "", CASE, "M1", "contact:marie", "", old, "it is urgent")
    file = store.case_files.load(CASE)
    assert file is not None
    file.data = {"plan": {"text": "call her"}}
    store.case_files.save(file, CaseRecords(escalations=[asked]))
    note(store, "new", "C17349021", "n2")

    privacy(store).purge()
    left = [store.case_files.notes(case) for case in (CASE, "C17349021")]

    assert [len(notes) for notes in left] == [0, 1]
    assert [each.reason for each in store.case_files.escalations()] == [""]
    assert store.case_files.load(CASE) is None
    assert store.case_files.load("C17349021") is not None
    assert list(store.logs.faults()) == []


def test_a_purge_that_is_only_tried_changes_nothing(store: Store) -> None:
    have_called(store, ended=NOW - 800 * DAY)
    settle(store)
    before = dump(store)

    tally = privacy(store).purge(dry=True)

    assert tally.done["calls (audit)"] == 1
    assert dump(store) == before


def test_a_purge_is_logged_with_its_counts_and_what_a_hold_kept(store: Store) -> None:
    have_called(store, ended=NOW - 31 * DAY)
    have_called(store, OTHER, ended=NOW - 31 * DAY, case="17349021")
    settle(store)
    privacy(store).hold("C17349021", "a lawsuit")

    privacy(store).purge()

    assert told(store, "retention.purged") == [
        {
            "done": {"calls (digits)": 1, "duties (digits)": 1},
            "held": {"calls (digits)": 1, "duties (digits)": 1},
            "waiting": {},
            "cases": ["C17349021"],
        }
    ]


def test_more_than_a_page_is_purged_in_one_go(store: Store) -> None:
    for number in range(PAGE + 1):
        have_called(store, f"CA{number:032d}", ended=NOW - 731 * DAY)
    settle(store)

    privacy(store).purge()

    assert rows(store, tables.calls) == []
    assert list(store.logs.faults()) == []


def test_no_turn_waits_for_more_than_a_few_rows_of_a_purge(store: Store) -> None:
    for number in range(3 * AT_ONCE):
        have_called(store, f"CA{number:032d}", ended=NOW - 31 * DAY)
    settle(store)
    changed: list[int] = []

    def begins(_: Any) -> None:
        changed.append(0)

    def asked(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        changed[-1] += statement.startswith("UPDATE calls")

    event.listen(store.connections.writer, "begin", begins)
    event.listen(store.connections.writer, "before_cursor_execute", asked)
    privacy(store).purge()

    assert max(changed) == AT_ONCE
    assert sum(changed) == 3 * AT_ONCE


def test_counts_of_failures_are_forgotten_after_a_month(store: Store) -> None:
    store.tallies.add("unknown", NOW - 31 * DAY)
    store.tallies.add("unknown", NOW - 31 * DAY - TICK)

    privacy(store).purge()

    assert store.tallies.count("unknown", NOW - 99 * DAY) == 1


def test_purging_and_sealing_come_again_by_themselves(desk: Desk, exchange: Exchange) -> None:
    desk.services.privacy.begin()
    desk.services.privacy.begin()
    desk.duties.everything()
    desk.store.logs.append(
        ACCESS, Event("access.viewed", exchange.clock.now(), "OP1", {"case": CASE})
    )
    exchange.wait(24 * 3600 + 60)

    assert len(told(desk.store, "retention.purged")) == 2
    assert {each.state for each in desk.store.duties.all("purge", "seal")} == {"due"}
    last = desk.store.seals.last()
    assert last is not None
    assert last[0] == 2


def test_a_purge_that_fails_comes_again(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    have_called(store, ended=NOW - 31 * DAY)
    settle(store)
    change(store, tables.calls.update().values(data="no JSON"))
    with pytest.raises(NotYet) as put_off:
        privacy(store).purge_duty(Duty("purge", "privacy", "purge", NOW))

    assert "what is stored stays as it is" in caplog.text
    assert put_off.value.at == NOW + DAY


@pytest.mark.parametrize(
    ("terms", "wrong"),
    [
        ({"digits": 0}, "retention.digits is a whole number from 1, not 0"),
        ({"calls": "13 months"}, "retention.calls is a whole number from 1, not '13 months'"),
        ({"tallies": 29}, "retention.tallies: 29 is too few, as failures are counted over 30 days"),
        (
            {"audit": 100},
            "retention.audit: 100 is too few, as the log of a call outlasts what is kept",
        ),
    ],
)
def test_terms_that_make_no_sense_are_refused(terms: dict[str, Any], wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        RetentionTerms(**terms)


# ---- proof


def grown(store: Store) -> None:
    """Two calls and a case's log, under two seals; then something more."""
    have_called(store)
    note(store, "new")
    privacy(store).seal()
    have_called(store, OTHER)
    privacy(store).hold(CASE, "a lawsuit")
    privacy(store).seal()
    note(store, "newer", key="n2")


def rewritten(store: Store, stream: str, keep: Any) -> None:
    """The whole chain of a log anew, from those of its events that are kept; as somebody would who
    can write the database and knows how it is made."""
    events = tables.events
    logged = [row for row in rows(store, events) if row.call == stream]
    with store.connections.writing() as connection:
        connection.execute(events.delete().where(events.c.call == stream))
        head = ""
        for place, row in enumerate(keep(logged), start=1):
            values = dict(row._mapping) | {"seq": place, "id": row.id}
            values["data"] = values["data"].replace("found", "unknown")
            head = link(head, place, row.at, row.kind, row.actor, values["data"])
            connection.execute(events.insert().values(values | {"hash": head}))
        length = len(keep(logged))
        kept = tables.case_files if stream.startswith("case:") else tables.calls
        connection.execute(
            kept.update()
            .values(events=length, head=head)
            .where(kept.primary_key.columns[0] == stream.removeprefix("case:"))
        )


EVENTS = tables.events.c
TAMPERED = {
    "an event is changed": (
        lambda: tables.events.update().where(EVENTS.call == SID, EVENTS.seq == 2).values(data="{}"),
        f"{SID}: event 2 (case.lookup) isn't what was logged",
    ),
    "an event is dropped": (
        lambda: tables.events.delete().where(EVENTS.call == SID, EVENTS.seq == 2),
        f"{SID}: event 2 is missing; event 3 follows",
    ),
    "the last event is dropped": (
        lambda: tables.events.delete().where(EVENTS.call == SID, EVENTS.seq == 3),
        f"{SID}: 3 events were logged, 2 are there",
    ),
    "events are put in another order": (
        lambda: tables.events.update().where(EVENTS.call == SID).values(seq=4 - EVENTS.seq),
        f"{SID}: event 1 (call.ended) isn't what was logged",
    ),
    "a call is dropped": (
        lambda: tables.calls.delete().where(tables.calls.c.sid == SID),
        f"{SID}: it is gone",
    ),
    "a seal is changed": (
        lambda: tables.seals.update().where(tables.seals.c.id == 1).values(at=0),
        "seal 1: it isn't what was sealed",
    ),
    "a seal is dropped": (
        lambda: tables.seals.delete().where(tables.seals.c.id == 1),
        "seal 1: it is missing, or isn't followed by seal 2",
    ),
    "what was sealed is changed": (
        lambda: tables.sealed.update().where(tables.sealed.c.stream == SID).values(length=1),
        "seal 1: it isn't what was sealed",
    ),
}  # fmt: skip


@pytest.mark.parametrize("how", TAMPERED)
def test_whatever_is_done_to_a_log_is_found_and_said_where(store: Store, how: str) -> None:
    grown(store)
    assert list(store.logs.faults()) == []
    tamper, found = TAMPERED[how]

    if "order" in how:  # each is unique at any moment
        change(store, tables.events.update().values(seq=EVENTS.seq + 100))
        change(store, tables.events.update().values(seq=EVENTS.seq - 100))
        change(store, tables.events.update().where(EVENTS.call == SID).values(seq=104 - EVENTS.seq))
        change(store, tables.events.update().where(EVENTS.call == SID).values(seq=EVENTS.seq - 100))
    else:
        change(store, tamper())

    assert found in list(store.logs.faults())


@pytest.mark.parametrize(
    ("stream", "keep", "found"),
    [
        (SID, lambda logged: logged[:-1], f"{SID}: event 3 is missing since seal 1"),
        (SID, lambda logged: logged, f"{SID}: event 3 was written anew since seal 1"),
        (SID, lambda logged: [], f"{SID}: event 3 is missing since seal 1"),
        (f"case:{CASE}", lambda logged: logged[1:], f"case:{CASE}: event 1 was written anew"),
    ],
)
def test_a_log_whose_hashes_fit_again_is_found_by_its_seal(
    store: Store, stream: str, keep: Any, found: str
) -> None:
    """Truncating a log, its head put right, must be found; so must writing it anew."""
    grown(store)

    rewritten(store, stream, keep)

    assert store.logs.verify(stream)
    assert found in "\n".join(store.logs.faults())


def test_a_log_that_vanished_with_its_call_is_missed(store: Store) -> None:
    grown(store)
    change(
        store,
        tables.events.delete().where(EVENTS.call == SID),
        tables.calls.delete().where(tables.calls.c.sid == SID),
    )

    assert list(store.logs.faults()) == [f"{SID}: event 3 is missing since seal 1"]


def test_a_log_that_was_purged_is_not_missed(store: Store) -> None:
    grown(store)
    settle(store)
    privacy(store).release(CASE)

    privacy(store, NOW + 800 * DAY).purge()

    assert store.calls.load(SID) is None
    assert list(store.logs.faults()) == []


def test_nothing_new_needs_no_seal(store: Store) -> None:
    have_called(store)

    assert privacy(store).seal()
    assert not privacy(store).seal()


def test_many_logs_take_several_seals_and_all_are_sealed(store: Store) -> None:
    row = {"data": "{}", "events": 1, "head": "", "version": 1}
    files = [{"number": f"C{number}", **row} for number in range(MOST + 1)]
    logged = {"seq": 1, "at": 1, "kind": "edown.set", "actor": "", "data": "{}", "hash": ""}
    events = [logged | {"call": f"case:C{number}"} for number in range(MOST + 1)]
    change(store, tables.case_files.insert().values(files), tables.events.insert().values(events))

    hash = privacy(store).seal()

    seals = rows(store, tables.seals)
    assert [seal.streams for seal in seals] == [MOST, 1]
    assert seals[-1].hash == hash
    assert [seal.upto is None for seal in seals] == [True, False]
    assert not privacy(store).seal()


def test_a_seal_names_what_has_grown_since_the_one_before(store: Store) -> None:
    for number in range(3):
        have_called(store, f"CA{number:032d}")
    privacy(store).seal()
    have_called(store, "CA" + "9" * 32)
    store.logs.append(f"CA{1:032d}", Event("call.ended", NOW, "", {"who": "caller"}))

    privacy(store).seal()

    last = [row.stream for row in rows(store, tables.sealed) if row.seal == 2]
    assert sorted(last) == [f"CA{1:032d}", "CA" + "9" * 32]


@SETTINGS
@given(grows=st.lists(st.integers(0, 3), min_size=1, max_size=6), off=st.integers(1, 4))
def test_any_events_taken_off_a_sealed_log_are_missed(
    sample_database: Path, grows: list[int], off: int
) -> None:
    with network(sample_database, {}, unaudited="its call is made by hand") as desk:
        store = desk.store
        call = have_called(store)
        for count in grows:
            store.calls.save(call, [Event("heard", NOW, "", {"value": "1"})] * count)
            store.seals.add(NOW)
        rewritten(store, SID, lambda logged: logged[:-off])

        assert any("is missing" in each for each in store.logs.faults())


# ---- what was done, and who did it


def test_all_actions_on_one_case(store: Store) -> None:
    """Sample report "all actions on case X": its log, its calls, and who looked at it."""
    have_called(store)
    have_called(store, OTHER, case="17349021")
    note(store, "new")
    store.logs.append(ACCESS, Event("access.viewed", NOW, "OP1", {"case": CASE}))
    store.logs.append(ACCESS, Event("access.viewed", NOW, "OP2", {"case": "C17349021"}))

    said = [(row["log"], row["kind"]) for row in privacy(store).audit("17349013")]

    assert said == [
        (SID, "call.started"), (SID, "case.lookup"), (SID, "call.ended"),
        (f"case:{CASE}", "report.attached"), (ACCESS, "access.viewed"), (ACCESS, "access.exported"),
    ]  # fmt: skip
    assert told(store, "access.exported") == [{"what": "audit", "case": CASE}]


def test_an_audit_of_some_days_has_what_happened_then(store: Store) -> None:
    for days in (1, 2, 3):
        have_called(store, f"CA{days:032d}", ended=NOW - days * DAY)

    found = privacy(store).audit(since=NOW - 2 * DAY, until=NOW - DAY)

    days = [(row["log"][-1], row["kind"]) for row in found]
    assert days == [("1", "call.started"), ("1", "case.lookup"), ("2", "call.ended")]


# ---- the process's own log


def test_a_call_leaves_no_number_no_pin_and_no_address_of_a_recording_in_the_log(
    desk: Desk, exchange: Exchange, caller: Handset, caplog: pytest.LogCaptureFixture
) -> None:
    """Logs never contain PINs or full recordings URLs."""
    caplog.set_level(logging.INFO)
    ask_for_a_manager(caller, exchange)
    exchange.rest_fails("500")
    keyed(caller, exchange, "2", "2", "0155500102#", "1")
    exchange.rest_fails("429")
    exchange.wait(600)
    desk.app.test_client().post("/voice/escalation", data={"From": CALLER, "CallSid": "CA\nx"})

    assert caplog.records
    for trace in ("15550010", "155500011", "/Recordings/", "0155500102"):
        assert trace not in caplog.text


def test_a_path_cannot_forge_a_line_of_the_log(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.app.test_client().post("/voice/escalation/status%0Aforged: all is well")
    desk.app.test_client().post("/voice/escalation?turn=1%0A\nforged")

    assert not [line for line in caplog.text.splitlines() if line.startswith("forged")]


def test_the_carriers_client_logs_no_requests(caplog: pytest.LogCaptureFixture) -> None:
    """Twilio's own client would log the address of every recording that is deleted."""
    caplog.set_level(logging.DEBUG)
    asked = client("AC" + "1" * 32, "token").http_client
    sent = {"method": "DELETE", "url": "/Recordings/RE1.json", "params": {}, "headers": {}}
    asked.log_request(sent)

    assert caplog.text == ""


# ---- commands


ON_SQLITE = pytest.mark.parametrize("store", ["sqlite"], indirect=True)


@pytest.fixture
def command(store: Store, monkeypatch: pytest.MonkeyPatch) -> Any:
    """`ivr …` on this database."""

    def run(*arguments: str, **more: Any) -> Any:
        env = {"IVR_DATABASE": store.connections.url}
        return CliRunner(env=env).invoke(main, list(arguments), **more)

    return run


@ON_SQLITE
def test_purge_hold_and_erase_say_what_they_did(store: Store, command: Any) -> None:
    have_called(store, ended=datetime.now(UTC) - 40 * DAY)
    settle(store)

    assert command("purge", "--dry-run").output == "1 calls (digits)\n1 duties (digits)\n"
    assert command("hold", CASE, "--reason", "a lawsuit").output == f"{CASE} is on hold\n"
    assert "a lawsuit" in command("hold").output
    assert f"kept 1 calls (digits): on hold for {CASE}" in command("purge").output
    kept = f"kept 1 calls: on hold for {CASE}"
    assert kept in command("erase", "--subject", "marie", "--yes").output
    assert command("hold", CASE, "--release").output == f"{CASE} is no longer on hold\n"
    assert command("erase", "--subject", CALLER, input="n\n").exit_code == 1
    assert "1 calls" in command("erase", "--subject", CALLER, input="y\n").output
    assert command("erase", "--subject", CALLER, "--yes").output == "no data found\n"
    assert command("erase", "--subject", "nobody", "--yes").exit_code == 1


@ON_SQLITE
def test_verify_says_where_and_exits_with_1(store: Store, command: Any) -> None:
    grown(store)
    good = command("verify")
    noted = good.output.split()[-4]
    assert (good.exit_code, command("verify", "--seal", noted).exit_code) == (0, 0)
    change(store, tables.events.delete().where(EVENTS.call == SID, EVENTS.seq == 2))

    assert command("verify", "--seal", "f00d").output.startswith(f"{SID}: event 2 is missing")
    assert command("verify").exit_code == 1
    assert command("verify", "--call", SID).exit_code == 1
    assert command("verify", "--call", OTHER).output == "no faults found\n"


@ON_SQLITE
def test_export_and_audit_write_what_can_be_checked(
    store: Store, command: Any, tmp_path: Path
) -> None:
    have_called(store)
    zipped, lines = tmp_path / "marie.zip", tmp_path / "log.jsonl"

    assert "1 calls" in command("export", "--subject", "marie", "-o", str(zipped)).output
    assert command("audit", "--case", CASE, "-o", str(lines)).exit_code == 0
    assert "case.lookup" in command("audit", "--case", CASE, "--from", "2026-01-01T00:00Z").output
    assert command("audit", "--from", "yesterday").exit_code == 2
    assert command("audit", "--to", "2026-01-01T00:00").exit_code == 2
    digest, name = (tmp_path / "log.jsonl.sha256").read_text().split()
    assert (digest, name) == (sha256(lines.read_bytes()).hexdigest(), "log.jsonl")
    head, *events = [json.loads(line) for line in lines.read_text().splitlines()]
    assert "UTC" in head["clock"]
    before = ""
    for row in [each for each in events if each["log"] == SID]:
        data = json.dumps(row["data"], separators=(",", ":"), sort_keys=True)
        before = link(before, row["seq"], row["ticks"], row["kind"], row["actor"], data)
        assert row["hash"] == before


# ---- a whole day


@pytest.fixture
def kept(desk: Desk) -> Privacy:
    """The line's own."""
    made = desk.services.privacy
    return made


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
    exchange: Exchange, caller: Handset, desk: Desk, store: Store, kept: Privacy
) -> None:
    """Erase: null names, replace the caller's number; keep counts and the audit chain valid."""
    a_day(exchange, caller, desk)
    store.logins.save(Login("m", "marie@helio.example", "Marie", ("customer",), contact="marie"))
    kept.seal()
    assert CALLER[1:] in dump(store)

    kept.erase(CALLER)
    exchange.wait(4000)  # the caller was being called back
    before = len(store.case_files.escalations()), len(store.logs.events(desk.sid(caller)))

    count = kept.erase(CALLER)

    left = dump(store)
    assert CALLER[1:] not in left
    assert "marie@helio.example" not in left
    assert "Marie Aubert" not in left
    assert count.done["calls"] >= 2
    assert not count.held
    assert (len(store.case_files.escalations()), len(store.logs.events(desk.sid(caller)))) == before
    assert list(store.logs.faults()) == []
    assert not count.waiting
    assert [event.kind for event in store.logs.events(ACCESS)] == ["access.erased"] * 2


def test_what_was_keyed_is_let_go_from_the_calls_back_as_well(
    exchange: Exchange, caller: Handset, desk: Desk, store: Store
) -> None:
    promised(caller, exchange, desk)
    exchange.wait(700)
    back = f"CB-{desk.sid(caller)}-1"
    before = store.calls.load(back)
    assert before is not None
    assert needed(needed(before.data.shared.back).knows).keyed == "17349013"
    privacy(store, exchange.clock.now() + 31 * DAY).purge()

    call = store.calls.load(back)
    assert call is not None
    assert "17349013" not in str(call.data.shared.back)
    assert not call.data.shared.case.keyed


def test_no_log_line_has_a_callers_number_or_what_was_keyed(
    exchange: Exchange, caller: Handset, desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="ivr")
    with exchange.rest_fails("500"):
        promised(caller, exchange, desk)
        exchange.wait(700)

    assert CALLER[1:] not in caplog.text


def test_events_hold_references_only(
    exchange: Exchange, caller: Handset, desk: Desk, store: Store
) -> None:
    a_day(exchange, caller, desk)
    with store.connections.reading() as connection:
        rows = connection.execute(text("SELECT data FROM events")).scalars().all()

    assert not [row for row in rows if CALLER[1:] in row or "Marie" in row]


def test_the_log_of_access_of_an_older_database_goes_on(tmp_path: Path) -> None:
    """Until migration 0015 it was kept as if it were of a case."""
    store = Store(f"sqlite:///{tmp_path / 'old.db'}")
    store.migrate()
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with store.connections.writing() as connection:
        config.attributes["connection"] = connection
        alembic.downgrade(config, "0014")
    store.logs.append("case:(access)", Event("access.viewed", NOW, "OP1", {"case": CASE}))
    store.migrate(contract=True)

    store.logs.append(ACCESS, Event("access.viewed", NOW, "OP2", {"case": CASE}))
    assert [event.actor for event in store.logs.events(ACCESS)] == ["OP1", "OP2"]
    assert list(store.logs.faults()) == []
    assert store.case_files.all() == []
    store.close()
