"""Databases of earlier versions open, and their calls go on.

``before_0019.sql`` is a database that the version before migration 0019 stored, in the middle of
calls: each caller below has got as far as the table says.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, MetaData, create_engine, text
from twilio.request_validator import RequestValidator

from ivr.line.definition import Line
from ivr.line.records import Call
from ivr.line.store.privacy.remains import PURGED
from ivr.line.store.store import Store
from ivr.line.values import FoundCase, needed
from ivr.simulator import Exchange
from tests.kit.databases import postgres
from tests.kit.desk import ORIGIN, Desk, mount
from tests.kit.replays import is_the_same_again

BEFORE = Path(__file__).parent / "before_0019.sql"
STORED_AT = 960  # seconds after the simulated network begins: a moment after the database ends

MET, KEPT, GONE, CALLED_BACK, CUT_OFF, ON_HOLD, TALKING, HUNTING, QUEUED, ASKED, STATUS, MENU = (
    f"+331555002{number:02d}" for number in range(2, 14)
)


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The old database, brought up to date once and copied for each test."""
    file = tmp_path_factory.mktemp("old") / "ivr.db"
    with sqlite3.connect(file) as connection:
        connection.executescript(BEFORE.read_text())
    connection.close()
    store = Store(f"sqlite:///{file}")
    store.migrate(contract=True)
    store.close()
    return file


@pytest.fixture
def store(migrated: Path, tmp_path: Path) -> Iterator[Store]:
    shutil.copy(migrated, tmp_path / "ivr.db")
    store = Store(f"sqlite:///{tmp_path / 'ivr.db'}")
    yield store
    store.close()


@pytest.fixture
def desk(store: Store, escalation: Line) -> Desk:
    """The line with the old calls, on a network that has never heard of their legs."""
    network = Exchange(seed=1)
    network.wait(STORED_AT)
    return mount(network, store, escalation)


def sid(store: Store, caller: str, back: bool = False) -> str:
    """The last call of a caller, or the one with which they are called back."""
    with store.connections.reading() as connection:
        asked = text("SELECT sid FROM calls WHERE caller = :caller ORDER BY started_at DESC")
        sids = list(connection.execute(asked, {"caller": caller}).scalars())
    return next(each for each in sids if each.startswith("CB-") == back)


def load(store: Store, caller: str, back: bool = False) -> Call:
    call = store.calls.load(sid(store, caller, back))
    assert call is not None
    return call


def post(desk: Desk, path: str, **form: str) -> str:
    """What the line answers to a webhook of the carrier's."""
    sign = RequestValidator(desk.exchange.auth_token).compute_signature
    headers = {"X-Twilio-Signature": sign(ORIGIN + path, form)}
    answer = desk.app.test_client().post(path, data=form, headers=headers)
    assert answer.status_code == 200
    return answer.text


def caller_sends(desk: Desk, caller: str, **form: str) -> str:
    call = load(desk.store, caller)
    path = f"/voice/escalation?turn={call.data.caller.turn}"
    return post(desk, path, CallSid=call.sid, From=caller, To=call.called, **form)


def leg_sends(desk: Desk, caller: str, attempt: str, path: str = "", **form: str) -> str:
    """A webhook of the leg of somebody who was rung for a caller."""
    call = load(desk.store, caller)
    leg = call.data.legs[attempt]
    turn = "" if path else f"?turn={leg.talk.turn}"
    url = f"/leg/escalation/{call.sid}/{attempt}{path}{turn}"
    return post(desk, url, CallSid=leg.sid, **form)


@pytest.mark.parametrize(
    ("caller", "before", "form", "after", "says"),
    [
        (MENU, "menu", {"Digits": "1"}, "case", "<Gather"),
        (STATUS, "status", {"Digits": "1"}, "wish", "<Gather"),
        (
            ASKED,
            "actions",
            {"Digits": "#", "RecordingSid": "RE1", "RecordingDuration": "9"},
            "down_hours",
            "<Gather",
        ),
        (CUT_OFF, "welcome_back", {"Digits": "1"}, "wish_hold", "<Enqueue"),
    ],
)
def test_a_caller_who_was_asked_something_goes_on(
    desk: Desk, caller: str, before: str, form: dict[str, str], after: str, says: str
) -> None:
    assert load(desk.store, caller).step == before

    document = caller_sends(desk, caller, **form)

    call = load(desk.store, caller)
    assert call.step == after
    assert says in document
    assert desk.store.logs.verify(call.sid)


def test_what_was_answered_about_an_outage_is_still_known(desk: Desk) -> None:
    caller_sends(desk, ASKED, Digits="#", RecordingSid="RE1", RecordingDuration="9")

    emergency = needed(load(desk.store, ASKED).data.shared.emergency)
    assert emergency.answers == {
        "purpose": 1, "users": 300, "affected": 20, "actions": "recording RE1",
    }  # fmt: skip


def test_a_caller_who_was_cut_off_goes_on_with_their_case(desk: Desk) -> None:
    caller_sends(desk, CUT_OFF, Digits="1")

    shared = load(desk.store, CUT_OFF).data.shared
    assert shared.case.keyed == "17349013"
    assert shared.case.found is not None
    assert needed(shared.requested).level == "M1"
    assert shared.caller.resume is None


def test_a_caller_in_a_queue_may_leave_it(desk: Desk) -> None:
    call = load(desk.store, QUEUED)
    assert call.waiting_for == "operators"

    path = f"/voice/escalation/held?turn={call.data.caller.turn}"
    post(desk, path, CallSid=call.sid, Digits="2")

    after = load(desk.store, QUEUED)
    assert after.step == "callback_confirm"
    assert after.data.caller.own.callback_number == QUEUED


def test_a_caller_in_a_step_that_the_line_no_longer_has_waits_on_for_the_same_people(
    desk: Desk,
) -> None:
    """A manager was being rung; whoever comes to them too late is told so."""
    assert load(desk.store, HUNTING).step == "manager_hold"
    answered = leg_sends(desk, HUNTING, "1-1")

    call = load(desk.store, HUNTING)
    assert call.step == "wish_hold"
    assert "L'appel est déjà pris" in answered


def test_an_operator_takes_the_caller_off_hold(desk: Desk) -> None:
    assert load(desk.store, ON_HOLD).data.shared.held

    document = leg_sends(desk, ON_HOLD, "1-1", Digits="*")

    assert "<Conference" in document
    assert not load(desk.store, ON_HOLD).data.shared.held


def test_a_conversation_ends(desk: Desk) -> None:
    assert load(desk.store, TALKING).step == "talk"

    leg_sends(desk, TALKING, "2-1", "/status", CallStatus="completed")

    call = load(desk.store, TALKING)
    assert call.step == "dropped"  # the operator's leg, and nobody knows whether on purpose
    assert call.data.legs["2-1"].state == "over"


def test_a_call_back_ends(desk: Desk) -> None:
    call = load(desk.store, CALLED_BACK, back=True)
    assert needed(call.data.shared.back).came == "kept"
    leg = call.data.legs["1-1"]

    url = f"/leg/escalation/{call.sid}/1-1/status"
    post(desk, url, CallSid=leg.sid, CallStatus="completed")

    assert load(desk.store, CALLED_BACK, back=True).step == "after"


def test_a_promise_that_is_owed_is_kept(desk: Desk) -> None:
    """The caller who was cut off is owed a call; the manager who is free is rung for it."""
    [owed] = [duty for duty in desk.store.duties.all("try_back") if duty.state == "due"]
    assert needed(needed(desk.store.calls.load(owed.call)).data.shared.promise).state == "owed"

    desk.exchange.wait(600)
    desk.duties.everything()

    assert desk.store.calls.load(f"CB-{owed.call}-1") is not None


def test_what_the_version_before_purged_stays_purged(store: Store) -> None:
    call = load(store, GONE)

    assert call.data.purged
    assert call.data.shared.case.record == FoundCase(number="C17349013")
    assert not call.data.shared.case.keyed
    assert stored(store)[call.sid].startswith(f'{{"{PURGED}":true')


def test_each_call_can_be_taken_again_from_its_log(desk: Desk) -> None:
    """What a call has become, as it was stored before, is what its log makes of it now, unless the
    line's steps have changed since, or somebody took it: whom that version brought together with
    the caller at once."""
    nothing_heard = sid(desk.store, CUT_OFF)
    others = stored(desk.store).keys() - {nothing_heard, sid(desk.store, GONE)}
    again = [each for each in others if not changed(desk.store, each)]
    assert len(again) == 2

    for each in again:
        is_the_same_again(desk, each)


def changed(store: Store, call: str) -> bool:
    """Whether a call was asked what a step of today doesn't ask, or was taken by somebody."""
    if '"joined_at"' in stored(store)[call]:
        return True
    asked = {event.data["asks"] for event in store.logs.events(call) if event.kind == "answered"}
    return bool(asked & {"managers", "operators", "engineer", "duty"})


def stored(store: Store) -> dict[str, str]:
    """What stands in the data of each call."""
    with store.connections.reading() as connection:
        return dict(connection.execute(text("SELECT sid, data FROM calls")).all())


# --- PostgreSQL ---


@pytest.mark.postgres
def test_the_same_is_stored_on_postgresql(store: Store) -> None:
    with postgres() as url:
        on_postgres = Store(url)
        with on_postgres.connections.writing() as connection:
            command.upgrade(alembic(connection), "0018")
            copy_old(connection)
        on_postgres.migrate(contract=True)

        assert stored(on_postgres) == stored(store)
        assert load(on_postgres, TALKING) == load(store, TALKING)
        on_postgres.close()


def alembic(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(files("ivr.line.store") / "migrations"))
    config.attributes["connection"] = connection
    return config


def copy_old(connection: Connection) -> None:
    """Fill an empty database with what the old one holds."""
    old, new = MetaData(), MetaData()
    new.reflect(connection)
    engine = create_engine("sqlite://")
    with engine.connect() as source:
        source.connection.executescript(BEFORE.read_text())
        old.reflect(source)
        for table in new.sorted_tables:
            if table.name == "alembic_version":
                continue
            rows = [dict(row._mapping) for row in source.execute(old.tables[table.name].select())]
            if rows:
                connection.execute(table.insert(), rows)
    engine.dispose()


# --- back again ---


def test_there_is_no_way_back_once_there_are_calls(store: Store) -> None:
    with (
        store.connections.writing() as connection,
        pytest.raises(RuntimeError, match="restore a backup"),
    ):
        command.downgrade(alembic(connection), "0018")
