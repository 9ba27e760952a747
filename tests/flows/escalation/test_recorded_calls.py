"""Recorded conversations, and messages, as calls: who is told, who may object, what is left."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ivr.line.definition import Line
from ivr.line.desk.recording_terms import RecordingTerms
from ivr.line.errors import FlowError
from ivr.line.records import Duty
from ivr.line.store.store import Store
from ivr.line.values import encode
from ivr.simulator import Exchange, Handset
from tests.kit.desk import ENTRY, START, Desk, mount
from tests.kit.recording import configured
from tests.kit.replays import is_the_same_again
from tests.kit.telephones import accept, keyed

NOTICE = "This conversation may be recorded"
CONSENT = "If you agree, this conversation is recorded"
MENU = "For an existing case"


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Line:
    return configured(tmp_path_factory.mktemp("on"), "on", "legitimate_interest")


@pytest.fixture(scope="module")
def consenting(tmp_path_factory: pytest.TempPathFactory) -> Line:
    return configured(tmp_path_factory.mktemp("consent"), "on", "consent")


Mount = Callable[[Line], Desk]


@pytest.fixture
def mounted(store: Store) -> Mount:
    """Puts a line on a network of its own."""

    def make(line: Line) -> Desk:
        exchange = Exchange(seed=1, start=START)
        return mount(exchange, store, line)

    return make


@pytest.fixture
def recorded(mounted: Mount, recording: Line) -> Desk:
    return mounted(recording)


def english(desk: Desk, *keys: str) -> Handset:
    """A caller who has chosen English, and pressed these."""
    caller = desk.exchange.phone("+33155500101")
    caller.call(ENTRY)
    keyed(caller, desk.exchange, "2", *keys)
    return caller


def asks_for_a_manager(caller: Handset, desk: Desk) -> Handset:
    """From the menu to the manager, who accepts."""
    keyed(caller, desk.exchange, "1", "17349013#", "1", "2")
    manager = desk.phone("MGR1")
    accept(manager, desk.exchange)
    desk.exchange.wait(15)
    assert caller.connected_to == {manager}
    return manager


def star(phone: Handset, desk: Desk, *keys: str) -> None:
    for key in ("*", *keys):
        phone.press(key)
        desk.exchange.wait(2)
    desk.exchange.wait(6)


def kept(desk: Desk) -> list[tuple[str, str]]:
    """(state, seconds) of what the network has, the oldest first."""
    made = reversed(desk.exchange.client.recordings.list())
    return [(each.status, each.duration) for each in made]


def said(phone: Handset) -> list[str]:
    return [each.text for each in phone.heard if each.kind == "say"]


# --- whether anything is recorded at all ---


def test_nothing_is_recorded_unless_the_line_is_told_to(desk: Desk) -> None:
    """Recording off by default."""
    caller = english(desk)
    asks_for_a_manager(caller, desk)
    caller.hang_up()
    desk.exchange.wait(60)

    assert kept(desk) == []
    assert desk.store.recordings.all() == []
    assert not [text for text in said(caller) if "record" in text and "Your request" not in text]


def test_who_has_heard_the_notice_and_stays_is_recorded(recorded: Desk) -> None:
    """Notice before anything is captured, on every call, in the call's language."""
    caller = english(recorded)
    assert caller.last_heard.startswith(NOTICE)
    recorded.exchange.wait(16)
    assert caller.last_heard.startswith(MENU)
    assert kept(recorded) == []

    manager = asks_for_a_manager(caller, recorded)
    assert {"Appel enregistré.", "Étoile pour le menu."} <= set(said(manager))
    assert kept(recorded) == [("in-progress", None)]

    manager.hang_up()
    recorded.exchange.wait(2)
    [(state, seconds)] = kept(recorded)
    assert state == "completed"
    [row] = recorded.store.recordings.all()
    assert (row.purpose, row.state, str(row.seconds)) == ("conversation", "completed", seconds)
    assert (row.call, row.case) == (recorded.sid(caller), "C17349013")
    notice = recorded.told(caller, "notice.played")[-1]
    assert (notice["notice"], notice["language"]) == ("notice_recording", "en")
    assert len(notice["version"]) == 12
    assert recorded.told(caller, "consent.changed") == [{"recording": "on", "how": "silence"}]
    assert recorded.told(caller, "recording.started") == [{"sid": row.sid}]
    assert recorded.told(caller, "recording.stopped") == [{"sid": row.sid, "seconds": row.seconds}]


def test_no_log_holds_the_address_of_a_recording(recorded: Desk) -> None:
    """Logs never contain full recordings URLs."""
    caller = english(recorded, "1")
    asks_for_a_manager(caller, recorded)
    caller.hang_up()
    recorded.exchange.wait(60)

    call = recorded.store.calls.load(recorded.sid(caller))
    assert call is not None
    log = json.dumps([dict(each.data) for each in recorded.events(caller)])
    everything = encode(call.data) + log
    assert recorded.store.recordings.all()[0].sid in everything
    assert "/Recordings/" not in everything
    is_the_same_again(recorded, call.sid)


def test_the_notice_is_in_the_calls_language(recorded: Desk) -> None:
    caller = recorded.exchange.phone("+33155500101")
    caller.call(ENTRY)
    keyed(caller, recorded.exchange, "1")

    assert caller.last_heard.startswith("La conversation peut être enregistrée")


# --- who objects ---


def test_nine_in_the_notice_goes_on_without_recording(recorded: Desk) -> None:
    """Opt-out key: "press 9 to continue without recording"."""
    caller = english(recorded, "9")
    assert caller.last_heard == "Recording is off."
    recorded.exchange.wait(3)
    assert caller.last_heard.startswith(MENU)

    manager = asks_for_a_manager(caller, recorded)
    assert kept(recorded) == []
    assert not [text for text in said(manager) if "enregistré" in text]
    assert recorded.told(caller, "consent.changed") == [{"recording": "off", "how": "key"}]


def test_nine_in_the_menu_is_not_too_late(recorded: Desk) -> None:
    caller = english(recorded, "1", "9")
    asks_for_a_manager(caller, recorded)

    assert kept(recorded) == []
    assert [each["recording"] for each in recorded.told(caller, "consent.changed")] == ["on", "off"]


def test_who_breaks_off_the_notice_for_a_person_is_not_recorded(recorded: Desk) -> None:
    """0 leads to an operator from anywhere; a notice that wasn't heard allows nothing."""
    caller, operator = english(recorded, "0"), recorded.phone("OP1")
    accept(operator, recorded.exchange)
    recorded.exchange.wait(15)

    assert caller.connected_to == {operator}
    assert kept(recorded) == []
    assert not [text for text in said(operator) if "is recorded" in text]


def test_an_objection_follows_the_call_to_every_leg(recorded: Desk) -> None:
    """Opt-out that follows the call: an operator transfers, and nobody is recorded."""
    caller, operator = english(recorded, "9", "0"), recorded.phone("OP1")
    accept(operator, recorded.exchange)
    recorded.exchange.wait(15)
    operator.press("*")
    recorded.exchange.wait(1)
    keyed(operator, recorded.exchange, "1", "17349013#", "2")
    manager = recorded.phone("MGR1")
    accept(manager, recorded.exchange)
    recorded.exchange.wait(15)

    assert caller.connected_to == {operator, manager}
    assert kept(recorded) == []


# --- consent ---


@pytest.mark.parametrize(
    ("keys", "recorded", "how"), [((), [], "silence"), (("9",), [], "key"), (("1",), ["on"], "key")]
)
def test_on_consent_nobody_is_recorded_who_has_not_agreed(
    mounted: Mount, consenting: Line, keys: tuple[str, ...], recorded: list[str], how: str
) -> None:
    """If "consent", an affirmative key (1) is needed, otherwise no recording."""
    desk = mounted(consenting)
    caller = english(desk)
    assert caller.last_heard.startswith(CONSENT)
    keyed(caller, desk.exchange, *keys)
    desk.exchange.wait(0 if keys else 20)
    asks_for_a_manager(caller, desk)

    assert [state for state, _ in kept(desk)] == ["in-progress"] * len(recorded)
    [changed] = desk.told(caller, "consent.changed")
    assert changed == {"recording": "on" if recorded else "off", "how": how}


# --- staff ---


def test_a_manager_pauses_goes_on_and_stops_with_the_star_key(recorded: Desk) -> None:
    """Staff need a way to suspend recording. (CNIL)"""
    caller = english(recorded, "1")
    manager = asks_for_a_manager(caller, recorded)
    star(manager, recorded, "1")
    assert caller.connected_to == {manager}
    assert kept(recorded) == [("paused", None)]

    star(manager, recorded, "1")
    assert kept(recorded) == [("in-progress", None)]

    star(manager, recorded, "2")
    assert caller.connected_to == {manager}
    assert [state for state, _ in kept(recorded)] == ["completed"]
    assert said(manager)[-1] == "Rien n'est enregistré."
    kinds = ("recording.paused", "recording.resumed", "consent.changed")
    staff = [(each.kind, each.actor) for each in recorded.events(caller, *kinds)]
    assert staff[1:] == [(kind, "MGR1") for kind in kinds]


def test_what_staff_have_stopped_is_not_recorded_with_the_next_one(recorded: Desk) -> None:
    caller = english(recorded, "1")
    manager = asks_for_a_manager(caller, recorded)
    star(manager, recorded, "2")
    recorded.exchange.wait(10)
    manager.hang_up()
    recorded.exchange.wait(5)
    assert caller.last_heard.startswith("The conversation has ended.")

    caller.press("0")
    accept(recorded.phone("OP1"), recorded.exchange)
    recorded.exchange.wait(15)
    assert caller.connected_to == {recorded.phone("OP1")}
    assert len(kept(recorded)) == 1


def test_an_operator_finds_recording_in_the_menu(recorded: Desk) -> None:
    caller, operator = english(recorded, "1", "0"), recorded.phone("OP1")
    accept(operator, recorded.exchange)
    recorded.exchange.wait(15)
    star(operator, recorded)
    recorded.exchange.wait(15)
    assert operator.last_heard == "Pour l'enregistrement, tapez 6."

    keyed(operator, recorded.exchange, "6", "1")
    recorded.exchange.wait(8)
    assert caller.connected_to == {operator}
    assert kept(recorded) == [("paused", None)]


# --- only the conversation, and each one ---


def test_only_conversations_are_recorded_each_by_itself(recorded: Desk) -> None:
    """The menus between two conversations aren't part of either."""
    caller = english(recorded, "1")
    manager = asks_for_a_manager(caller, recorded)
    manager.hang_up()
    recorded.exchange.wait(2)
    assert [state for state, _ in kept(recorded)] == ["completed"]

    caller.press("0")
    accept(recorded.phone("OP1"), recorded.exchange)
    recorded.exchange.wait(15)
    assert [state for state, _ in kept(recorded)] == ["completed", "in-progress"]
    caller.hang_up()
    recorded.exchange.wait(60)
    assert [state for state, _ in kept(recorded)] == ["completed", "completed"]
    assert {each.state for each in recorded.store.recordings.all()} == {"completed"}


@pytest.mark.parametrize("kind", ["500", "timeout", "answer lost", "429"])
def test_a_request_that_fails_is_made_again_and_records_once(recorded: Desk, kind: str) -> None:
    caller = english(recorded, "1")
    recorded.exchange.rest_fails(kind, "POST /Calls/*/Recordings", times=2)
    asks_for_a_manager(caller, recorded)
    recorded.exchange.wait(10)

    assert kept(recorded) == [("in-progress", None)]
    assert len(recorded.store.recordings.all()) == 1


def test_a_pause_is_asked_for_until_it_is_one(recorded: Desk) -> None:
    caller = english(recorded, "1")
    manager = asks_for_a_manager(caller, recorded)
    with recorded.exchange.rest_fails("500", "POST /Calls/*/Recordings/*"):
        star(manager, recorded, "1")
        recorded.exchange.wait(300)
        assert kept(recorded) == [("in-progress", None)]
    recorded.exchange.wait(130)

    assert kept(recorded) == [("paused", None)]


def test_a_recording_whose_callbacks_are_lost_is_known_all_the_same(recorded: Desk) -> None:
    """What nobody knows of can't be deleted when its time has come."""
    recorded.exchange.delay("/recording", 60 * 60)
    caller = english(recorded, "1")
    asks_for_a_manager(caller, recorded)
    caller.hang_up()
    recorded.exchange.wait(60)

    [row] = recorded.store.recordings.all()
    assert (row.state, row.purpose) == ("in-progress", "conversation")


# --- messages ---


def to_the_reason(desk: Desk) -> Handset:
    """A wish for a severity, up to the tone."""
    caller = english(desk, "1", "17349037#", "1", "4", "1")
    assert caller.last_heard.startswith("After the tone, say what has changed")
    desk.exchange.wait(8)
    return caller


def test_a_message_is_noted_with_its_case(desk: Desk) -> None:
    """Recordings of the caller by their own act: separate purpose "message"."""
    caller = to_the_reason(desk)
    caller.say("The plant in Osaka can't print, and nobody knows for how long.")
    desk.exchange.wait(12)
    caller.hang_up()
    desk.exchange.wait(5)

    [row] = desk.store.recordings.all()
    assert (row.purpose, row.case, row.state) == ("message", "C17349037", "completed")
    assert desk.file("C17349037")["wish"]["recording"] == row.sid
    assert row.call == desk.sid(caller)


@pytest.mark.parametrize("key", ["", "0"])
def test_a_recording_of_nothing_is_deleted(desk: Desk, key: str) -> None:
    caller = to_the_reason(desk)
    if key:
        caller.press(key)
    desk.exchange.wait(6)
    caller.hang_up()
    desk.exchange.wait(60)

    assert kept(desk) == []
    [row] = desk.store.recordings.all()
    assert (row.state, row.deleted_at is None) == ("deleted", False)
    assert desk.told(caller, "recording.deleted") == [{"sid": row.sid, "why": "nothing was said"}]


# --- deleting ---


def deletion(desk: Desk, sid: str, key: str) -> None:
    due = desk.exchange.clock.now()
    data = {"sid": sid, "why": "retention"}
    desk.store.duties.add(
        [Duty(key, desk.store.recordings.all()[0].call, "delete_recording", due, data)]
    )
    desk.duties.everything()


def test_a_recording_is_deleted_once_and_its_row_says_when(recorded: Desk) -> None:
    caller = english(recorded, "1")
    asks_for_a_manager(caller, recorded)
    caller.hang_up()
    recorded.exchange.wait(60)
    [row] = recorded.store.recordings.all()
    deletion(recorded, row.sid, "first")
    at = recorded.exchange.clock.now()
    recorded.exchange.wait(60)
    deletion(recorded, row.sid, "second")

    assert kept(recorded) == []
    [gone] = recorded.store.recordings.all(sid=row.sid)
    assert (gone.state, gone.deleted_at) == ("deleted", at)
    assert recorded.told(caller, "recording.deleted") == [{"sid": row.sid, "why": "retention"}]
    assert recorded.store.logs.verify(recorded.sid(caller))


def test_a_deletion_that_fails_is_tried_again(recorded: Desk) -> None:
    caller = english(recorded, "1")
    asks_for_a_manager(caller, recorded)
    caller.hang_up()
    recorded.exchange.wait(60)
    recorded.exchange.rest_fails("500", "DELETE /Recordings/*", times=2)
    deletion(recorded, recorded.store.recordings.all()[0].sid, "once")
    assert len(kept(recorded)) == 1
    recorded.exchange.wait(20)

    assert kept(recorded) == []


# --- what line.toml may say ---


@pytest.mark.parametrize(("percent", "low", "high"), [(0, 0, 0), (20, 150, 250), (100, 1000, 1000)])
def test_so_many_calls_of_a_hundred_are_chosen(percent: int, low: int, high: int) -> None:
    """No permanent or systematic recording: a sample. (CNIL)"""
    terms = RecordingTerms(percent)
    chosen = [sid for sid in map(str, range(1000)) if terms.choose(sid)]

    assert low <= len(chosen) <= high
    assert chosen == [sid for sid in map(str, range(1000)) if terms.choose(sid)]


def test_a_call_outside_the_sample_hears_no_notice(mounted: Mount, tmp_path: Path) -> None:
    line = configured(tmp_path, 1, "legitimate_interest")
    desk = mounted(line)
    caller = english(desk)

    assert not line.config.recording.choose(desk.sid(caller))
    assert caller.last_heard.startswith(MENU)


@pytest.mark.parametrize(
    ("conversations", "basis", "wrong"),
    [
        (
            "sometimes",
            "consent",
            """recording.conversations: 'sometimes' isn't "off", "on" or a percentage""",
        ),
        (101, "consent", """recording.conversations: 101 isn't "off", "on" or a percentage"""),
        (True, "consent", """recording.conversations: true isn't "off", "on" or a percentage"""),
        (
            "on",
            "curiosity",
            "recording.legal_basis: 'curiosity' is none; a recording needs a legal basis",
        ),
        ("on", "", "recording.legal_basis: '' is none"),
    ],
)
def test_what_line_toml_may_not_say_is_refused(
    tmp_path: Path, conversations: Any, basis: str, wrong: str
) -> None:
    with pytest.raises(FlowError, match=wrong):
        configured(tmp_path, conversations, basis)


def test_a_line_toml_without_the_section_records_nothing() -> None:
    assert RecordingTerms.read() == RecordingTerms(0)
