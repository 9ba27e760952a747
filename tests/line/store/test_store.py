"""Everything that is kept, the same on SQLite and on PostgreSQL."""

from __future__ import annotations

import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, event, insert, text, update

from ivr.errors import SettingsError
from ivr.line.desk.events import Event
from ivr.line.desk.figures.reading import OF_CALLS
from ivr.line.records import CaseFile, Duty, Escalation, Note, Recording
from ivr.line.store import schema, tables
from ivr.line.store.calls import Engaged
from ivr.line.store.case_files import CaseRecords
from ivr.line.store.connections import checkpoint
from ivr.line.store.duties import LEASE
from ivr.line.store.periods import Period
from ivr.line.store.store import Store
from tests.kit.calls import NOW, SID, call, data
from tests.kit.databases import Rows, emptied, fill, postgres

OF_NO_TABLE = re.compile(r"SCAN (CONSTANT ROW|kind\d+|soonest)")
SECOND = timedelta(seconds=1)
RING = ("ring", "hang_up")


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    with emptied(url) as store:
        yield store


@pytest.fixture
def desk(store: Store, sample_rows: Rows) -> Store:
    fill(store, sample_rows)
    return store


def told(kind: str = "heard", **data: Any) -> Event:
    return Event(kind=kind, at=NOW, actor="OP1", data=data)


def duty(key: str, kind: str = "ring", at: datetime = NOW, **more: Any) -> Duty:
    return Duty(key=key, call=more.pop("call", SID), kind=kind, due=at, **more)


def keys(duties: list[Duty]) -> list[str]:
    return [each.key for each in duties]


def person(store: Store, id: str) -> Any:
    return next(each for each in store.people.all() if each.id == id)


# ---- a turn


def test_a_call_comes_back_as_it_was_saved(store: Store) -> None:
    saved = call(
        document="<Response/>",
        waiting_for="operators",
        waiting_since=NOW + SECOND,
        ended_at=NOW + 2 * SECOND,
    )

    assert store.calls.save(saved, [told(key="1"), told(key="é")])
    assert saved.version == 1
    assert store.calls.load(SID) == saved
    assert store.logs.events(SID) == [told(key="1"), told(key="é")]


# The log is put in order by instants: a time without a zone is none.
def test_an_event_without_a_zone_is_not_saved_nor_is_its_turn(store: Store) -> None:
    with pytest.raises(TypeError, match="offset-naive"):
        store.calls.save(call(), [Event("heard", datetime(2026, 11, 24, 9))])
    assert store.calls.load(SID) is None


def test_a_call_that_nobody_knows_is_none(store: Store) -> None:
    assert store.calls.load(SID) is None


@pytest.mark.parametrize(
    "change",
    [
        {"step": "case"},
        {"waiting_for": "operators", "waiting_since": NOW},
        {"waiting_for": "", "waiting_since": None},
        {"ended_at": NOW},
        {"data": data("00331"), "document": "<Response>2</Response>", "language": "en"},
    ],
)
def test_every_change_is_saved(store: Store, change: dict[str, Any]) -> None:
    store.calls.save(call(waiting_for="managers", waiting_since=NOW - SECOND))
    changed = store.calls.load(SID)
    assert changed is not None
    for name, value in change.items():
        setattr(changed, name, value)

    assert store.calls.save(changed)
    assert store.calls.load(SID) == changed


def test_a_turn_that_is_late_saves_nothing_at_all(desk: Store) -> None:
    desk.calls.save(call())
    first, late = desk.calls.load(SID), desk.calls.load(SID)
    assert first is not None
    assert late is not None
    assert desk.calls.save(first, [told(key="1")])

    late.step = "elsewhere"
    claims = [("OP1", f"{SID}/1-1")]

    assert not desk.calls.save(late, [told(key="2")], [duty("k")], claims)
    assert late.version == 1
    assert desk.calls.load(SID) == first
    assert desk.logs.events(SID) == [told(key="1")]
    assert desk.duties.all() == []
    assert person(desk, "OP1").busy_with is None
    assert desk.logs.verify(SID)


def test_a_call_begins_once(store: Store) -> None:
    assert store.calls.save(call(), [told()])
    assert not store.calls.save(call(step="again"), [told()])
    assert store.calls.load(SID) == call(version=1, events=1, head=store.calls.load(SID).head)  # type: ignore[union-attr]


def test_what_has_a_key_is_recorded_once(store: Store) -> None:
    begun, file = call(), CaseFile("C1")
    for text_ in ("first", "second"):
        store.calls.save(begun, [], [duty("d", data={"text": text_})])
        assert store.case_files.save(
            file,
            CaseRecords(
                [told(text=text_)],
                [duty("d", data={"text": text_})],
                [Escalation("e", SID, "C1", text_, "caller", "OP1", NOW, "slow")],
                [Note("n", SID, "C1", text_, "line", NOW, "customer")],
            ),
        )

    assert [each.data for each in store.duties.all()] == [{"text": "first"}]
    assert store.case_files.escalations() == [
        Escalation("e", SID, "C1", "first", "caller", "OP1", NOW, "slow")
    ]
    assert store.case_files.escalations("C2") == []
    assert store.case_files.notes("C1") == [Note("n", SID, "C1", "first", "line", NOW, "customer")]


def test_of_two_who_write_to_a_case_at_once_one_has_to_read_again(store: Store) -> None:
    assert store.case_files.save(CaseFile("C1", {"level": ""}), CaseRecords([told()]))
    first, late = store.case_files.load("C1"), store.case_files.load("C1")
    assert first is not None
    assert late is not None
    first.data["level"], late.data["level"] = "M1", "M2"

    assert store.case_files.save(first, CaseRecords([told(level="M1")]))
    assert not store.case_files.save(late, CaseRecords([told(level="M2")], [duty("late")]))
    assert not store.case_files.save(CaseFile("C1"), CaseRecords([told()], [duty("late")]))
    assert store.case_files.all() == [first]
    assert store.duties.all() == []
    assert [event.data for event in store.logs.events("case:C1")] == [{}, {"level": "M1"}]
    assert store.logs.verify("case:C1")


def test_threads_that_save_one_call_lose_to_each_other_and_lose_nothing(store: Store) -> None:
    store.calls.save(call())

    def count(_: int) -> None:
        while True:
            mine = store.calls.load(SID)
            assert mine is not None
            mine.data.shared.holds += 1
            if store.calls.save(mine, [told(count=mine.data.shared.holds)]):
                return

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(count, range(60)))

    assert store.calls.load(SID).data.shared.holds == 60  # type: ignore[union-attr]
    assert [each.data["count"] for each in store.logs.events(SID)] == list(range(1, 61))
    assert store.logs.verify(SID)


def test_threads_that_save_different_calls_dont_wait_for_long(store: Store) -> None:
    def live(number: int) -> None:
        mine = call(f"CA{number:032d}")
        for turn in range(10):
            assert store.calls.save(mine, [told(turn=turn)], [duty(f"{number}:{turn}")])

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(live, range(24)))

    assert len(store.calls.open()) == 24
    assert len(store.duties.all("ring")) == 240


# ---- people who are claimed with a turn


def test_a_turn_that_claims_a_free_person_engages_them(desk: Store) -> None:
    assert desk.calls.save(call(), claims=[("OP1", "a/1-1"), ("OP2", "a/1-2")])
    assert person(desk, "OP1").busy_with == "a/1-1"
    assert person(desk, "OP2").busy_with == "a/1-2"


@pytest.mark.parametrize("version", [0, 1])
def test_a_turn_that_claims_somebody_engaged_is_undone(desk: Store, version: int) -> None:
    mine = call()
    if version:
        desk.calls.save(mine)
    desk.people.claim("OP2", "another/1-1")

    with pytest.raises(Engaged) as raised:
        desk.calls.save(mine, [told()], [duty("d")], claims=[("OP1", "a/1-1"), ("OP2", "a/1-2")])

    assert raised.value.person == "OP2"
    assert mine.version == version
    assert desk.logs.events(SID) == []
    assert desk.duties.all() == []
    assert person(desk, "OP1").busy_with is None
    assert desk.calls.save(mine, [told()])  # the connection is fit for use


# ---- duties


def test_what_is_due_is_taken_in_order_of_its_time(store: Store) -> None:
    store.calls.save(
        call(), [], [duty("b", at=NOW + SECOND), duty("a"), duty("c", at=NOW + 3 * SECOND)]
    )

    taken = store.duties.take(NOW + 2 * SECOND, RING)

    assert keys(taken) == ["a", "b"]
    assert [each.attempts for each in taken] == [1, 1]
    assert taken[0].taken_until == NOW + 2 * SECOND + LEASE
    assert taken[0].due == NOW


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"kinds": ["ring"]}, ["1", "3"]),
        ({"kinds": ["hang_up"]}, ["2"]),
        ({"kinds": []}, []),
        ({"kinds": RING, "limit": 2}, ["1", "2"]),
        ({"kinds": ["call_back"]}, []),
    ],
)
def test_only_what_was_asked_for_is_taken(
    store: Store, asked: dict[str, Any], found: list[str]
) -> None:
    store.calls.save(call(), [], [duty("1"), duty("2", "hang_up"), duty("3", call="CA2")])

    assert keys(store.duties.take(NOW, **asked)) == found


def test_what_is_taken_is_nobody_elses_until_its_lease_is_over(store: Store) -> None:
    store.calls.save(call(), [], [duty("1")])

    assert keys(store.duties.take(NOW, RING)) == ["1"]
    assert store.duties.next_due(RING) == NOW + LEASE
    assert store.duties.take(NOW + LEASE - SECOND, RING) == []
    [again] = store.duties.take(NOW + LEASE, RING)
    assert again.attempts == 2


def test_what_is_done_or_dropped_is_never_taken_again(store: Store) -> None:
    store.calls.save(call(), [], [duty("1"), duty("2")])
    first, second = store.duties.take(NOW, RING)

    store.duties.done(first)
    store.duties.drop(second, "six tries")

    assert store.duties.take(NOW + timedelta(days=1), RING) == []
    assert store.duties.next_due(RING) is None
    assert [each.state for each in store.duties.all()] == ["done", "dropped"]


def test_what_is_tried_again_comes_at_its_new_time(store: Store) -> None:
    store.calls.save(call(), [], [duty("1")])
    [first] = store.duties.take(NOW, RING)

    store.duties.retry(first, NOW + 2 * SECOND)

    assert store.duties.take(NOW + SECOND, RING) == []
    assert store.duties.next_due(RING) == NOW + 2 * SECOND
    assert [each.attempts for each in store.duties.take(NOW + 2 * SECOND, RING)] == [2]


def test_whoever_was_too_slow_takes_nothing_from_the_next(store: Store) -> None:
    store.calls.save(call(), [], [duty("1")])
    [slow] = store.duties.take(NOW, RING)
    [next_] = store.duties.take(NOW + LEASE, RING)

    store.duties.retry(slow, NOW + LEASE)
    assert store.duties.take(NOW + LEASE, RING) == []  # it is still the next one's
    store.duties.drop(slow, "six tries")
    assert [each.state for each in store.duties.all()] == ["due"]
    store.duties.done(next_)
    store.duties.drop(slow, "six tries")
    assert [each.state for each in store.duties.all()] == ["done"]


def test_what_somebody_slow_has_done_is_done(store: Store) -> None:
    store.calls.save(call(), [], [duty("1")])
    [slow] = store.duties.take(NOW, RING)
    [next_] = store.duties.take(NOW + LEASE, RING)

    store.duties.done(slow)
    store.duties.retry(next_, NOW + LEASE)

    assert store.duties.take(NOW + LEASE + SECOND, RING) == []


def test_what_is_owed_is_neither_done_nor_dropped(store: Store) -> None:
    store.calls.save(call(), [], [duty("1"), duty("2"), duty("3"), duty("4", "hang_up")])
    done, dropped, *_ = store.duties.take(NOW, RING)
    store.duties.done(done)
    store.duties.drop(dropped, "six tries")

    assert keys(store.duties.all("ring", owed=True)) == ["3"]
    assert keys(store.duties.all(call=SID, owed=True)) == ["3", "4"]


def test_duties_of_a_lane_follow_each_other(store: Store) -> None:
    lane = [duty("1", lane="1-1"), duty("2", "hang_up", lane="1-1"), duty("3", lane="1-2")]
    store.calls.save(call(), [], lane)
    store.calls.save(call("CA2"), [], [duty("4", call="CA2", lane="1-1")])

    first, third, fourth = store.duties.take(NOW, RING)
    assert keys([first, third, fourth]) == ["1", "3", "4"]
    store.duties.done(third)
    store.duties.done(fourth)
    assert store.duties.next_due(RING) == NOW + LEASE  # not now: the second waits for the first
    store.duties.retry(first, NOW + 9 * SECOND)
    assert store.duties.take(NOW + SECOND, RING) == []
    [first] = store.duties.take(NOW + 9 * SECOND, RING)
    store.duties.done(first)
    assert keys(store.duties.take(NOW + 9 * SECOND, RING)) == ["2"]


def test_two_threads_never_take_the_same_duty(store: Store) -> None:
    store.calls.save(call(), [], [duty(str(number)) for number in range(200)])

    def take(_: int) -> list[str]:
        mine: list[str] = []
        while taken := store.duties.take(NOW, RING, limit=3):
            mine += keys(taken)
        return mine

    with ThreadPoolExecutor(6) as pool:
        taken = [key for some in pool.map(take, range(6)) for key in some]

    assert sorted(taken) == sorted(str(number) for number in range(200))


TAKES = """
import sys
from datetime import datetime
from ivr.line.store.periods import Period
from ivr.line.store.store import Store
store = Store(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
while taken := store.duties.take(datetime.fromisoformat(sys.argv[2]), ["ring"], limit=3):
    print(*(duty.key for duty in taken), flush=True)
store.close()
"""


def at_once(code: str, *arguments: str) -> list[list[str]]:
    """What two processes print that begin together."""
    ready = [
        subprocess.Popen(
            [sys.executable, "-c", code, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for process in ready:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in ready:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    said = [process.communicate(timeout=300)[0].split() for process in ready]
    assert [process.returncode for process in ready] == [0, 0]
    return said


def test_two_processes_never_take_the_same_duty(store: Store, url: str) -> None:
    store.calls.save(call(), [], [duty(str(number)) for number in range(120)])

    first, second = at_once(TAKES, url, NOW.isoformat())

    # Who gets how many is the scheduler's business: one may be through before the other begins.
    assert sorted(first + second, key=int) == [str(number) for number in range(120)]


# ---- people


def test_nobody_is_claimed_twice(desk: Store) -> None:
    assert desk.people.claim("OP1", "one/1-1")
    assert desk.people.claim("OP1", "one/1-1")  # asked again, by the process that goes on with it
    assert not desk.people.claim("OP1", "two/1-1")

    desk.people.release("OP1", "two/1-1")
    assert person(desk, "OP1").busy_with == "one/1-1"
    desk.people.release("OP1", "one/1-1")
    assert desk.people.claim("OP1", "two/1-1")


def test_who_isnt_there_any_more_cant_be_claimed(desk: Store) -> None:
    with desk.connections.writer.begin() as connection:
        connection.execute(update(tables.people).values(active=False))

    assert not desk.people.claim("OP1", "one/1-1")
    assert not desk.people.claim("NOBODY", "one/1-1")


def test_of_many_claims_of_one_person_exactly_one_succeeds(desk: Store) -> None:
    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(lambda n: desk.people.claim("OP1", f"{n}/1-1"), range(24)))

    assert won.count(True) == 1


@pytest.mark.parametrize(
    ("how", "taken", "missed"),
    [("taken", NOW, None), ("no_answer", None, NOW), ("busy", None, None), ("", None, None)],
)
def test_the_outcome_is_noted_for_the_person_who_was_rung(
    desk: Store, how: str, taken: datetime | None, missed: datetime | None
) -> None:
    desk.people.claim("MGR1", "one/1-1")
    desk.people.release("MGR1", "one/1-1", NOW, how)

    assert person(desk, "MGR1").last_taken == taken
    assert person(desk, "MGR1").last_no_answer == missed


def test_a_status_may_name_who_stands_in(desk: Store) -> None:
    desk.people.set_status("MGR1", "away", "MGR3")
    desk.people.set_status("MGR2", "dnd")

    assert (person(desk, "MGR1").status, person(desk, "MGR1").delegate) == ("away", "MGR3")
    assert person(desk, "MGR2").status == "dnd"


def read_by(store: Store, what: Callable[[], object]) -> tuple[int, list[str]]:
    """How many rows were read for something, and which tables without an index."""
    asked: list[tuple[str, Any]] = []

    def note(_c: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        asked.append((statement, parameters))

    event.listen(store.connections.engine, "before_cursor_execute", note)
    if not store.connections.postgres:  # what goes through the driver, with its values
        store.connections.own().set_trace_callback(lambda statement: asked.append((statement, ())))
    what()
    event.remove(store.connections.engine, "before_cursor_execute", note)
    if not store.connections.postgres:
        store.connections.own().set_trace_callback(None)
        asked = [each for each in asked if each[0].split()[0] in ("SELECT", "UPDATE", "WITH")]
    with store.connections.reading() as connection:
        rows = [connection.exec_driver_sql(*each).all() for each in asked]
        plans = []
        if not store.connections.postgres:
            for statement, parameters in asked:
                found = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
                plans += [row[-1] for row in found if "USING" not in row[-1]]
    return sum(map(len, rows)), plans


def read_period(store: Store, read: Callable[[Period], Iterable[object]]) -> None:
    with store.periods.reading() as period:
        list(read(period(NOW - timedelta(days=1), NOW)))


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)  # the other plans by how much there is
def test_no_table_is_read_through_however_much_is_stored(store: Store) -> None:
    asked: list[Callable[[], object]] = [
        lambda: store.duties.take(NOW, RING),
        lambda: store.duties.next_due(RING),
        lambda: store.duties.all("call_back", owed=True),
        lambda: store.duties.all(call=SID, owed=True),
        lambda: store.calls.waiting(),
        lambda: store.calls.open(),
        lambda: store.logs.latest(),
        lambda: store.logs.events(SID),
        lambda: store.logs.verify(SID),
        lambda: store.case_files.notes("C17349013"),
        lambda: store.case_files.escalations("C17349013"),
        lambda: read_period(store, lambda period: period.calls(OF_CALLS)),
        lambda: read_period(store, lambda period: period.of_the_desk()),
        lambda: read_period(store, lambda period: [period.count()]),
        lambda: read_period(store, lambda period: period.requests()),
        lambda: store.periods.open_emergencies(),
    ]
    for what in asked:
        _, plans = read_by(store, what)
        assert not [plan for plan in plans if "SCAN" in plan and not OF_NO_TABLE.search(plan)]


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_what_is_due_next_costs_as_much_however_many_duties_are_owed(store: Store) -> None:
    def steps() -> int:
        count = 0

        def one_more() -> int:
            nonlocal count
            count += 1
            return 0

        store.connections.own().set_progress_handler(one_more, 1)
        assert store.duties.next_due(["ring", "call_back"]) == NOW
        store.connections.own().set_progress_handler(None, 1)
        return count

    store.duties.add([duty("first")])
    few = steps()
    later = (duty(f"d{n}", "call_back", NOW + SECOND, lane=str(n % 2)) for n in range(2000))
    store.duties.add(later)

    assert steps() < 2 * few


def test_duties_that_are_owed_are_found_by_owner_and_by_what_they_name(store: Store) -> None:
    store.duties.add(
        [
            duty("b", "call_back", NOW + SECOND, owner="MGR1", data={"case": "C1"}),
            duty("a", "call_back", NOW, owner="MGR2", data={"case": "C2"}),
            duty("n", "notify", NOW, owner="MGR1", data={"case": "C1"}),
        ]
    )

    def found(**more: Any) -> list[str]:
        return [each.key for each in store.duties.owed("call_back", **more)]

    assert found() == ["a", "b"]
    assert found(owner="MGR1") == ["b"]
    assert found(naming="C2") == ["a"]
    assert found(naming="%") == []
    assert found(limit=1) == ["a"]
    assert store.duties.count("call_back") == 2
    store.duties.done(store.duties.owed("call_back")[0])
    assert found() == ["b"]


def test_what_was_given_up_lately_and_what_is_still_due_is_not_done(store: Store) -> None:
    times = {"given up": -1, "given up long ago": -100, "done": -2, "due": 5, "later": 9}
    store.duties.add([duty(key, "notify", NOW + n * SECOND) for key, n in times.items()])
    by_key = {each.key: each for each in store.duties.all()}
    store.duties.drop(by_key["given up"], "no mail")
    store.duties.drop(by_key["given up long ago"], "no mail")
    store.duties.done(by_key["done"])

    def found(limit: int | None = None) -> list[str]:
        return [e.key for e in store.duties.undone("notify", NOW - 50 * SECOND, limit)]

    assert found() == ["given up", "due", "later"]
    assert found(2) == ["due", "later"]


def test_the_foremost_of_many_people_are_those_who_take_calls(desk: Store) -> None:
    desk.people.claim("ENG2", "CA1/1")

    def found(limit: int, team: str | None = None) -> list[str]:
        return [each.id for each in desk.people.foremost(limit, team)]

    everybody = [each for each in desk.people.all() if each.active]
    operators = sorted(each.id for each in everybody if "operator" in each.roles)
    assert found(1 + len(operators)) == ["ENG2", *operators]
    team = next(each.team for each in everybody if each.id == "ENG1")
    assert found(1, team)[0] in {each.id for each in everybody if each.team == team}
    assert desk.people.count() == len(everybody) == len(found(1000))


def test_of_ten_thousand_people_only_those_that_a_case_concerns_are_read(desk: Store) -> None:
    model = dict.fromkeys(column.name for column in tables.people.c)
    filler = [
        model
        | {
            "id": f"X{n}", "name": "X", "phone": "+339", "roles": "engineer", "languages": "en",
            "manager": f"X{n // 10}", "team": f"T{n // 10}", "region": "EMEA", "active": True,
            "status": "available", "on_call": False, "hours": "", "zone": "UTC", "capacity": 3,
            "email": "", "answers_zero": False, "days": "0123456", "holidays": "", "status_by": "",
            "notify": "", "pin": "",
        }
        for n in range(10_000)
    ]  # fmt: skip
    cases = [
        {
            "number": f"C3{n:07d}", "digits": f"3{n:07d}", "status": "open", "subject": "",
            "product": "", "region": "", "environment": "", "language": "en", "url": "",
            "owner": f"X{n}",
        }
        for n in range(10_000)
    ]  # fmt: skip
    with desk.connections.writer.begin() as connection:
        connection.execute(insert(tables.people), filler)
        connection.execute(insert(tables.cases), cases)
    case = desk.cases.find("17349013")
    assert case is not None

    for asked in (None, case):
        rows, plans = read_by(desk, lambda asked=asked: desk.people.directory(asked, NOW))  # type: ignore[misc]
        assert rows < 40
        assert "SCAN people" not in plans
    rows, plans = read_by(desk, lambda: desk.cases.find("17349013"))
    assert rows < 5
    assert set(plans) <= {"SCALAR SUBQUERY 1"}  # the directory's version

    found = desk.people.directory(case, NOW).people
    assert {"ENG1", "MGR1", "MGR2", "DIR1", "OP1", "OP2", "MGR4"} <= found.keys()
    assert not [id for id in found if id.startswith("X")]


def test_a_case_comes_with_its_account_and_contacts(desk: Store) -> None:
    case = desk.cases.find("17349013")

    assert case is not None
    assert (case.number, case.owner, case.queue, case.severity) == (
        "C17349013", "ENG1", "CAD-EMEA", 2,
    )  # fmt: skip
    assert case.account is not None
    assert case.account.name == "Helio"
    assert [each.name for each in case.contacts] == ["Marie Aubert"]
    assert desk.cases.find("99999999") is None


# ---- pages


def test_who_has_waited_longest_is_first(store: Store) -> None:
    for number, (queue, seconds) in enumerate(
        [("operators", 5), ("operators", 3), ("people", 4), ("", 0)]
    ):
        since = NOW + seconds * SECOND if queue else None
        store.calls.save(call(f"CA{number}", waiting_for=queue, waiting_since=since))

    waiting = store.calls.waiting()
    assert [each.sid for each in waiting] == ["CA1", "CA2", "CA0"]
    assert waiting[0] == store.calls.load("CA1")


def test_open_calls_are_those_that_havent_ended(store: Store) -> None:
    store.calls.save(call("CA1", started_at=NOW + SECOND))
    store.calls.save(call("CA2"))
    store.calls.save(call("CA3", ended_at=NOW))

    assert [each.sid for each in store.calls.open()] == ["CA2", "CA1"]


def test_calls_of_a_network_that_was_switched_off_are_over(desk: Store) -> None:
    desk.calls.save(
        call(waiting_for="operators", waiting_since=NOW),
        [],
        [duty("1"), duty("2", "call_back"), duty("3", "notify")],
        claims=[("OP1", "a")],
    )

    desk.calls.end_open(NOW)

    assert desk.calls.open() == []
    assert desk.calls.waiting() == []
    assert desk.people.claim("OP1", "b")
    assert {each.kind: each.state for each in desk.duties.all()} == {
        "ring": "dropped", "call_back": "due", "notify": "due",
    }  # fmt: skip


def test_the_latest_event_tells_whether_anything_changed(store: Store) -> None:
    assert store.logs.latest() == "0.0.0.0.0.0"
    store.calls.save(call(), [told(), told()])
    before = store.logs.latest()
    store.calls.save(call("CA2"), [told()])

    assert before != "0.0.0.0.0.0"
    assert store.logs.latest() != before


# ---- the log


def logged(store: Store) -> None:
    begun = call()
    store.calls.save(begun, [told(key="1"), told(key="2")])
    store.calls.save(begun, [told(key="3")])


def test_a_log_that_nobody_touched_is_whole(store: Store) -> None:
    logged(store)
    store.calls.save(call("CA2"))

    assert store.logs.verify(SID)
    assert store.logs.verify("CA2")
    assert not store.logs.verify("CA3")


@pytest.mark.parametrize(
    "tampering",
    [
        'UPDATE events SET data = \'{"key":"9"}\' WHERE seq = 2',
        "UPDATE events SET actor = 'somebody' WHERE seq = 1",
        "UPDATE events SET at = at + 1 WHERE seq = 3",
        "DELETE FROM events WHERE seq = 2",
        "DELETE FROM events WHERE seq = 3",
        "DELETE FROM events",
        "UPDATE events SET seq = seq + 10",
        "INSERT INTO events (call, seq, at, kind, actor, data, hash) "
        "SELECT call, 4, at, kind, actor, data, hash FROM events WHERE seq = 3",
        "UPDATE calls SET head = 'x'",
    ],
)
def test_what_was_tampered_with_is_found(store: Store, tampering: str) -> None:
    logged(store)
    with store.connections.writing() as connection:
        connection.execute(text(tampering.replace(":", "\\:")))

    assert not store.logs.verify(SID)


# ---- the database itself


def test_migrations_lead_to_the_tables_that_the_code_has(store: Store) -> None:
    with store.connections.reading() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, [tables.metadata, schema.metadata]) == []
        if store.connections.postgres:
            return
        indexes = text(
            "SELECT sql FROM sqlite_master WHERE type = 'index' AND sql <> '' ORDER BY sql"
        )
        migrated = connection.execute(indexes).all()
    made = create_engine("sqlite://")
    with made.begin() as connection:
        tables.metadata.create_all(connection)
        schema.metadata.create_all(connection)
        assert connection.execute(indexes).all() == migrated  # what they are conditional on, too
    made.dispose()


def test_migrating_again_changes_nothing(desk: Store) -> None:
    desk.calls.save(call())

    desk.migrate()

    assert desk.calls.load(SID) is not None
    assert desk.people.all()


EMPTY = "0.0.0.0.0.0"  # `Store.latest` of a database in which nothing has happened
MIGRATES = """
import sys
from ivr.line.store.periods import Period
from ivr.line.store.store import Store
store = Store(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
store.migrate()
print(store.logs.latest())
store.close()
"""


def test_two_processes_may_migrate_a_new_database_at_once(
    request: pytest.FixtureRequest, url: str, tmp_path: Path
) -> None:
    if url.startswith("sqlite"):
        assert at_once(MIGRATES, f"sqlite:///{tmp_path / 'new.db'}") == [
            ["0.0.0.0.0.0"],
            ["0.0.0.0.0.0"],
        ]
        return
    with postgres() as new:
        assert at_once(MIGRATES, new) == [["0.0.0.0.0.0"], ["0.0.0.0.0.0"]]


SAVES = """
import sys
from datetime import datetime
from ivr.line.desk.events import Event
from ivr.line.records import Duty
from ivr.line.store.periods import Period
from ivr.line.store.store import Store
from tests.kit.calls import call
store, now = Store(sys.argv[1]), datetime.fromisoformat(sys.argv[2])
calls = [store.calls.load(sid) or call(sid) for sid in sys.argv[3:]]
while True:
    for each in calls:
        turn = each.version + 1
        each.data.caller.turn, key = turn, f"{each.sid}:{turn}"
        events = [Event("heard", now, "", {"turn": turn, "part": part}) for part in range(3)]
        duty = Duty(key, each.sid, "ring", now)
        assert store.calls.save(each, events, [duty])
        print(each.sid, each.version, flush=True)
"""


def saved_until_killed(url: str, sids: list[str], turns: int) -> dict[str, int]:
    """What a process had acknowledged when it was killed in the midst of saving: versions."""
    said: dict[str, int] = {}
    command = [sys.executable, "-c", SAVES, url, NOW.isoformat(), *sids]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for number, line in enumerate(process.stdout):
            if number == turns:
                process.kill()
            if line.endswith("\n"):
                sid, version = line.split()
                said[sid] = int(version)
    assert process.returncode == -signal.SIGKILL
    return said


def settled(store: Store) -> None:
    """Wait until a server has noticed that its client is dead."""
    theirs = "SELECT count(*), pg_sleep(0.01) FROM pg_stat_activity WHERE application_name = 'dies'"
    while store.connections.postgres:
        with store.connections.reading() as connection:
            if not connection.execute(text(theirs)).scalar():
                return


def test_what_was_acknowledged_survives_a_kill_and_nothing_is_half_there(
    store: Store, url: str
) -> None:
    acknowledged: dict[str, int] = {}
    doomed = f"{url}?application_name=dies" if store.connections.postgres else url
    for life in range(3):
        sids = [f"CA{life}-{number}" for number in range(4)] + ["CA-long"]
        acknowledged |= saved_until_killed(doomed, sids, turns=50 + 7 * life)
        settled(store)

    assert len(acknowledged) == 13
    for sid, version in acknowledged.items():
        left = store.calls.load(sid)
        assert left is not None
        assert left.version - version in (0, 1)  # one may have been saved, but not acknowledged
        assert left.data.caller.turn == left.version
        assert len(store.logs.events(sid)) == left.events == 3 * left.version
        assert len(store.duties.all(call=sid)) == left.version
        assert store.logs.verify(sid)


def test_what_was_saved_is_there_when_it_is_opened_again(store: Store, url: str) -> None:
    logged(store)
    before = store.calls.load(SID)
    store.close()

    again = Store(url)
    assert again.calls.load(SID) == before
    assert again.logs.verify(SID)
    again.close()


def test_a_thread_gives_its_connection_back_as_it_was(store: Store) -> None:
    for _ in range(50):
        thread = threading.Thread(target=store.calls.load, args=(SID,))
        thread.start()
        thread.join()

    assert store.connections.engine.pool.checkedout() <= 1  # type: ignore[attr-defined]
    with store.connections.writer.connect() as connection:
        connection.execute(text("INSERT INTO queues VALUES ('q', '', NULL, '', '')"))
        connection.rollback()
        assert connection.execute(text("SELECT count(*) FROM queues")).scalar() == 0


def test_no_transaction_is_open_when_a_method_returns(desk: Store, url: str) -> None:
    mine = call()
    desk.calls.save(mine, [told()], [duty("1")])
    desk.calls.load(SID)
    with pytest.raises(Engaged):
        desk.calls.save(mine, claims=[("NOBODY", "a")])
    desk.calls.save(call(), [told()])
    desk.duties.take(NOW, RING)
    desk.people.directory(None, NOW)
    desk.people.claim("OP1", "a")

    if desk.connections.postgres:
        with desk.connections.engine.connect() as connection:
            states = connection.execute(
                text(
                    "SELECT state FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            ).scalars()
            assert not [state for state in states if state.startswith("idle in")]
    else:
        other = Store(url)
        with other.connections.writer.begin() as connection:  # the lock is free
            connection.execute(text("DELETE FROM queues"))
        other.close()


def test_a_writer_that_finds_the_database_locked_waits(tmp_path: Path, empty_file: Path) -> None:
    shutil.copy(empty_file, tmp_path / "ivr.db")
    store = Store(f"sqlite:///{tmp_path / 'ivr.db'}")
    with ThreadPoolExecutor(2) as pool, store.connections.writing() as connection:
        waiting = [pool.submit(store.calls.save, call()), pool.submit(store.duties.take, NOW, RING)]
        connection.execute(text("DELETE FROM queues"))
        assert not any(each.done() for each in waiting)

    assert [each.result() for each in waiting] == [True, []]
    store.close()


def test_the_log_of_writes_is_moved_into_the_file_meanwhile(
    tmp_path: Path, empty_file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shutil.copy(empty_file, tmp_path / "ivr.db")
    store = Store(f"sqlite:///{tmp_path / 'ivr.db'}", checkpoints=True)
    store.calls.save(call())
    store.close()
    for thread in threading.enumerate():
        if thread.name == "checkpoints":
            thread.join(60)

    assert not caplog.records


def begun(folder: Path) -> bytes:
    """A log's own number, another one each time that it is begun anew."""
    return (folder / "ivr.db-wal").read_bytes()[12:24]


@pytest.mark.parametrize(("long", "what"), [(1, "begun anew"), (10_000, "goes on")])
def test_a_log_that_is_never_moved_as_a_whole_is_begun_anew_when_it_is_long(
    tmp_path: Path, empty_file: Path, long: int, what: str
) -> None:
    shutil.copy(empty_file, tmp_path / "ivr.db")
    store = Store(f"sqlite:///{tmp_path / 'ivr.db'}")
    connection = store.connections.own()
    store.calls.save(call("CA1"))
    with closing(sqlite3.connect(tmp_path / "ivr.db", isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM calls").fetchone()  # what comes later isn't moved
        store.calls.save(call("CA2"))
        connection.set_trace_callback(
            lambda statement: reader.execute("ROLLBACK") if "busy_timeout=1" in statement else None
        )
        checkpoint(connection, long)
        connection.set_trace_callback(None)
    before = begun(tmp_path)
    store.calls.save(call("CA3"))

    assert what == ("goes on" if begun(tmp_path) == before else "begun anew")
    assert connection.execute("PRAGMA busy_timeout").fetchone() == (0,)
    store.close()


@pytest.mark.postgres
def test_a_server_that_was_started_again_is_found_again(servers_database: str) -> None:
    store, other = Store(servers_database), Store(servers_database)
    store.calls.save(call())
    store.people.claim("nobody", "a")
    with other.connections.writer.begin() as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )

    loaded = store.calls.load(SID)
    assert loaded is not None
    assert store.calls.save(loaded)
    assert store.duties.take(NOW, RING) == []
    with other.connections.writer.begin() as connection:
        connection.execute(text("DELETE FROM calls"))
    store.close()
    other.close()


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("sqlite://", "must name a file"),
        ("sqlite:///:memory:", "must name a file"),
        ("sqlite:////proc/nothing/here/ivr.db", "is in '/proc/nothing/here'"),
        ("mysql://root@localhost/ivr", "use sqlite:///file or postgresql://"),
        ("ivr.db", "no database URL"),
    ],
)
def test_a_database_that_cant_be_is_refused(url: str, says: str) -> None:
    with pytest.raises(SettingsError, match="IVR_DATABASE") as raised:
        Store(url)

    assert says in str(raised.value)


# --- recordings ---


def test_the_carriers_word_comes_in_any_order_and_more_than_once(store: Store) -> None:
    def said(state: str, seconds: int = 0) -> bool:
        return store.recordings.keep(
            Recording("RE1", "CA1", "C17349013", "conversation", seconds, state, NOW)
        )

    assert [said("in-progress"), said("in-progress")] == [True, False]
    assert [said("completed", 9), said("completed", 9), said("in-progress")] == [True, False, False]
    [row] = store.recordings.all(call="CA1")
    assert (row.state, row.seconds) == ("completed", 9)
    assert store.recordings.all(case="C17349021") == []

    assert store.recordings.mark_deleted("RE1", NOW + timedelta(days=180))
    assert not store.recordings.mark_deleted("RE1", NOW + timedelta(days=181))
    assert not said("completed", 9)
    assert store.recordings.all()[0].deleted_at == NOW + timedelta(days=180)
