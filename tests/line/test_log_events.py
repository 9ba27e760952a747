"""Each event that docs/line/operating.md documents is logged, and nothing else is."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import responses

from ivr.errors import SettingsError
from ivr.line.outside.case_systems.built_in import BuiltIn
from ivr.line.records import Duty
from ivr.line.service.duties.lost_calls import first_check
from ivr.line.store.store import Store
from ivr.line.web.pages.app import Entrance, create_pages
from ivr.line.web.pages.provider import Provider
from ivr.server import logs
from tests.kit.desk import CALLER, ENTRY, PEOPLE, Desk, mount
from tests.kit.documents import ROOT

pytestmark = [
    pytest.mark.lenient_calls,
    pytest.mark.unaudited("what the line stands on is broken, on purpose"),
]

PAGE = (ROOT / "docs/line/operating.md").read_text(encoding="utf-8")
DOCUMENTED = dict(re.findall(r"^\| `([a-z_]+\.[a-z_]+)` \| (INFO|WARNING|ERROR) \|", PAGE, re.M))
# Logged by processes of their own: where that is tested.
ELSEWHERE = {
    "process.started": "tests/server/test_served.py",
    "process.ended": "tests/server/test_served.py",
    "clock.went_back": "tests/line/test_clock_jumps.py",
    "worker.ready": "tests/server/test_supervisor.py",
    "worker.ended": "tests/server/test_supervisor.py",
    "worker.failed": "tests/server/test_supervisor.py",
    "worker.killed": "tests/server/test_supervisor.py",
    "request.failed": "tests/server/test_door.py",
    "request.refused": "tests/server/test_door.py",
}


class Down(BuiltIn):
    """Records that don't answer."""

    def case(self, digits: str, budget: float) -> Any:
        raise TimeoutError("too slow")


def call(desk: Desk, *entries: str) -> None:
    caller = desk.exchange.phone(CALLER)
    caller.call(ENTRY)
    for keys in entries:
        desk.exchange.wait(2)
        caller.press(keys)
    desk.exchange.wait(2)


def take_away(desk: Desk, table: str) -> None:
    with desk.store.connections.writing() as connection:
        connection.exec_driver_sql(f"ALTER TABLE {table} RENAME TO taken_away")


def give_back(desk: Desk, table: str) -> None:
    with desk.store.connections.writing() as connection:
        connection.exec_driver_sql(f"ALTER TABLE taken_away RENAME TO {table}")


def due(desk: Desk, kind: str, of: str = "CA0", **data: Any) -> None:
    desk.store.duties.add([Duty(kind, of, kind, desk.exchange.clock.now(), data)])
    desk.duties.everything()


# ---- how each comes about


def a_call_that_ends(desk: Desk) -> None:
    call(desk)
    desk.exchange.phone(CALLER).hang_up()
    desk.exchange.wait(2)


def an_unsigned_webhook(desk: Desk) -> None:
    desk.app.test_client().post("/voice/escalation", data={"CallSid": "CA1"})


def a_database_without_calls(desk: Desk) -> None:
    take_away(desk, "calls")
    call(desk)
    give_back(desk, "calls")


def a_carrier_that_refuses(desk: Desk) -> None:
    with desk.exchange.rest_fails("429"):
        call(desk, "0")


def a_carrier_that_answers_nothing(desk: Desk) -> None:
    with desk.exchange.rest_fails("timeout"):
        call(desk, "0")


def a_call_whose_end_is_not_told(desk: Desk) -> None:
    desk.store.duties.add([first_check(desk.exchange.clock.now())])
    desk.duties.run()
    call(desk, "2")
    with desk.exchange.webhook_fails("503", "/voice/escalation/status"):
        desk.exchange.phone(CALLER).hang_up()
        desk.exchange.wait(2)
    desk.exchange.wait(9 * 60)
    with desk.exchange.rest_fails("500"):
        desk.exchange.wait(3 * 60)
    desk.exchange.wait(12 * 60)


def a_duty_of_no_call(desk: Desk) -> None:
    due(desk, "lapse", leg="1")
    desk.exchange.wait(300)


def a_database_without_duties(desk: Desk) -> None:
    call(desk, "0")
    take_away(desk, "duties")
    desk.exchange.wait(30)
    desk.app.test_client().get("/readyz")
    give_back(desk, "duties")


def a_database_that_is_read_only_for_a_while(desk: Desk) -> None:
    own = desk.store.connections.own()
    call(desk, "0")
    own.execute("PRAGMA query_only = 1")
    desk.exchange.wait(30)
    own.execute("PRAGMA query_only = 0")
    desk.exchange.wait(30)


def a_page_of_a_damaged_database(desk: Desk) -> None:
    pages = create_pages(desk.services, entrance=Entrance(sample=True)).test_client()
    desk.store.connections.close()
    file = Path(desk.store.connections.url.removeprefix("sqlite:///"))
    for each in file.parent.glob("ivr.db*"):
        each.unlink()
    file.write_text("not a database, whatever it says\n" * 100)
    pages.get("/changes")


def a_case_system_that_is_down(desk: Desk) -> None:
    other = mount(
        desk.exchange, desk.store, desk.line, "https://down.test", case_system=Down(desk.store)
    )
    call(other, "2", "1", "17349013#", "1")
    other.hear("C17349021", "note", key="n", by="MGR1", channel="phone", text="?")


def what_a_case_does_not_allow(desk: Desk) -> None:
    due(desk, "case", "case:C17349021", case="C17349021", what="end_emergency", by="MGR1")


def a_database_without_calendars(desk: Desk) -> None:
    take_away(desk, "feeds")
    desk.services.rota.begin()
    desk.duties.everything()
    give_back(desk, "feeds")


def a_database_without_seals(desk: Desk) -> None:
    take_away(desk, "seals")
    desk.services.privacy.begin()
    desk.duties.everything()
    give_back(desk, "seals")


def a_seal(desk: Desk) -> None:
    call(desk)
    desk.services.privacy.begin()
    desk.duties.everything()


def a_file_that_is_no_database(desk: Desk) -> None:
    file = desk.store.connections.url.removeprefix("sqlite:///") + ".txt"
    with open(file, "w") as text:
        text.write("not a database, whatever it says\n" * 100)
    store = Store(f"sqlite:///{file}", checkpoints=True)
    while not any(each.threadName == "checkpoints" for each in SEEN):
        pass
    store.close()


def a_database_without_signs(desk: Desk) -> None:
    take_away(desk, "signs")
    desk.app.test_client().get("/readyz")
    give_back(desk, "signs")


def a_provider_that_is_down_and_one_who_forges_it(desk: Desk) -> None:
    provider = Provider("https://id.example", "ivr", "secret", {}, "https://pages.example")
    pages = create_pages(desk.services, entrance=Entrance("k" * 40, provider=provider))
    with responses.RequestsMock():
        pages.test_client().get("/sign-in/provider")
        pages.test_client().get("/sign-in/back?code=1&state=2")


STORIES: dict[Callable[[Desk], None], set[str]] = {
    a_call_that_ends: {"call.ended"},
    an_unsigned_webhook: {"webhook.refused"},
    a_database_without_calls: {"webhook.failed"},
    a_carrier_that_refuses: {"ring.refused"},
    a_carrier_that_answers_nothing: {"ring.unsure"},
    a_call_whose_end_is_not_told: {"call.unknown", "call.lost"},
    a_duty_of_no_call: {"duty.failed", "duty.given_up"},
    a_database_without_duties: {"duties.waiting", "health.unknown"},
    a_database_that_is_read_only_for_a_while: {"duties.waiting", "duties.going_on"},
    a_page_of_a_damaged_database: {"page.failed"},
    a_case_system_that_is_down: {"lookup.failed", "case_system.failed"},
    what_a_case_does_not_allow: {"case.refused"},
    a_database_without_calendars: {"rota.waiting"},
    a_database_without_seals: {"privacy.waiting"},
    a_seal: {"seal.made"},
    a_file_that_is_no_database: {"checkpoint.failed"},
    a_database_without_signs: {"database.failed"},
    a_provider_that_is_down_and_one_who_forges_it: {"provider.failed", "sign_in.refused"},
}
SEEN: list[logging.LogRecord] = []


class Seen(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        SEEN.append(record)


@pytest.fixture
def seen() -> Any:
    """What the product logs meanwhile, at the level that its processes log at."""
    handler, product = Seen(), logging.getLogger("ivr")
    handler.addFilter(logs.Request())
    before = product.level
    product.setLevel(logging.INFO)
    product.addHandler(handler)
    SEEN.clear()
    yield SEEN
    product.removeHandler(handler)
    product.setLevel(before)


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_each_event_is_logged_as_documented(
    desk: Desk, seen: list[logging.LogRecord], story: Callable[[Desk], None]
) -> None:
    people = {each.name for each in desk.store.people.all()} | {*PEOPLE.values(), CALLER}
    story(desk)

    ours = [record for record in seen if not record.name.startswith("ivr.simulator")]
    levels = {getattr(each, "event", each.name): each.levelname for each in ours}
    assert STORIES[story] <= levels.keys()
    assert levels.items() <= DOCUMENTED.items()
    for record in ours:
        assert_printed(record)
        assert not [each for each in people if each in record.getMessage()]


def assert_printed(record: logging.LogRecord) -> None:
    """Its time, level and event stand in each form of the line, and JSON is one line."""
    text, line = logs.formatter("text").format(record), logs.formatter("json").format(record)
    at = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
    assert re.match(rf"{at} {record.levelname} {record.event}: \S", text), text  # type: ignore[attr-defined]
    assert "\n" not in line
    said = json.loads(line)
    assert re.fullmatch(at, said["time"])
    assert said["level"] == record.levelname.lower()
    assert said["event"] == record.event  # type: ignore[attr-defined]
    assert said["message"] == record.getMessage()
    assert ("exception" in said) == bool(record.exc_info)


def test_every_documented_event_has_a_story() -> None:
    told = set().union(*STORIES.values())

    assert told | ELSEWHERE.keys() == DOCUMENTED.keys()
    for event, file in ELSEWHERE.items():
        assert event in (ROOT / file).read_text(encoding="utf-8")


def test_every_event_in_the_source_is_documented() -> None:
    sources = [*(ROOT / "ivr/line").rglob("*.py"), *(ROOT / "ivr/server").rglob("*.py")]
    named: set[str] = set()
    for source in sources:
        text = source.read_text(encoding="utf-8")
        here = re.findall(r'(?:"event": |\bevent=|_about\()"([\w.]+)"', text)
        named |= set(here)
        logged = len(re.findall(r"(?<!``)\blog\.(?:info|warning|error|exception)\(", text))
        given = source.name == "faults.py"  # it logs events of others
        assert given or len(here) >= logged, f"{source}: a line without its event"

    assert named == DOCUMENTED.keys()


# ---- a call's end


def test_a_calls_last_line_says_how_it_went_and_names_nobody(
    desk: Desk, seen: list[logging.LogRecord]
) -> None:
    caller = desk.exchange.phone(CALLER)
    desk.phone("OP1").will("answer", after=3, press="1")
    call(desk, "0")
    desk.exchange.wait(60)
    caller.hang_up()
    desk.exchange.wait(20)

    [record] = [each for each in seen if getattr(each, "event", "") == "call.ended"]
    said = json.loads(logs.formatter("json").format(record))

    known = ("event", "level", "call", "kind", "how", "by", "seconds")
    assert [said[name] for name in known] == [
        "call.ended", "info", desk.sid(caller), "caller", "met", "caller", 64,
    ]  # fmt: skip
    assert said["turns"] > 5


def test_a_line_of_a_webhook_has_the_carriers_name_of_the_request(
    desk: Desk, seen: list[logging.LogRecord]
) -> None:
    token = {"I-Twilio-Idempotency-Token": "0b3e-1"}
    desk.app.test_client().post("/voice/escalation", data={"CallSid": "CA1"}, headers=token)

    [record] = seen
    assert json.loads(logs.formatter("json").format(record))["request"] == "0b3e-1"
    assert logs.formatter("text").format(record).endswith("(request 0b3e-1)")


def test_another_form_is_refused() -> None:
    with pytest.raises(SettingsError, match="must be text or json"):
        logs.formatter("xml")
