"""Any call afterwards: the list, what happened in a call and why, and the call as a test."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from flows.escalation import SAMPLE
from ivr.line.definition import Line
from ivr.line.desk.events import KINDS
from ivr.line.desk.roles import PAGES, ROLES, sees_numbers
from ivr.line.service.privacy import Privacy
from ivr.line.store import tables
from ivr.line.store.calls import HOW, LOOKED_AT, Wanted
from ivr.line.store.store import Store
from ivr.line.store.streams import ACCESS
from ivr.line.story.export import REASONS, NotExported, export
from ivr.line.story.sample_desk import SampleDesk
from ivr.line.story.story import story
from ivr.line.web.pages.app import Entrance, create_pages
from ivr.line.web.pages.words import Words
from ivr.server.rehearsal import rehearse, sample_of
from ivr.simulator import Exchange, Handset
from ivr.simulator.dialogues import exchange_for, parse, play
from tests.kit.browser import Browser, login
from tests.kit.desk import CALLER, ENTRY, PEOPLE, Desk, mount
from tests.kit.promises import promised
from tests.kit.telephones import CASE, accept, ask_for_a_manager, keyed, reach_operator

CALLS = sorted((Path(__file__).parents[2] / "calls").glob("*.call"))
STRANGER = "+33612345678"  # a customer's own number, of nobody in the sample


@pytest.fixture
def sample() -> SampleDesk:
    return SampleDesk.read(SAMPLE)


@pytest.fixture
def pages(desk: Desk, store: Store, escalation: Line) -> Any:
    for role in ROLES:
        person = "OP1" if role == "operator" else ""
        store.logins.save(login(role, role, person=person))
    app = create_pages(
        desk.services,
        entrance=Entrance(secret="a secret", sample=True),
        sample=sample_of(escalation, SAMPLE),
    )
    app.testing = True
    return app


def signed_in(pages: Any, role: str) -> Browser:
    return Browser(pages.test_client()).go("/sign-in").send("/sign-in/as", login=role)


@pytest.fixture
def supervisor(pages: Any) -> Browser:
    return signed_in(pages, "supervisor")


def reads(browser: Browser) -> str:
    """What stands on the page, without what makes it a page."""
    return " ".join(re.sub(r"<[^>]+>", " ", browser.page).split())


@pytest.fixture
def taken(exchange: Exchange, caller: Handset, desk: Desk) -> str:
    """A call in which the right manager was reached; its SID."""
    ask_for_a_manager(caller, exchange)
    accept(desk.phone("MGR1"), exchange)
    exchange.wait_until(lambda: bool(caller.connected_to), at_most=30)
    exchange.wait(30)
    caller.hang_up()
    exchange.wait(30)
    return desk.sid(caller)


# --- one call ---


def test_a_call_tells_what_was_said_pressed_and_decided_and_why(
    supervisor: Browser, taken: str
) -> None:
    page = reads(supervisor.go(f"/calls/{taken}"))

    assert "For an existing case, press 1." in page
    assert f"Pressed {CASE}" in page
    assert "Looks up 17349013: found" in page
    assert "Paul Morel: the engineer's manager" in page
    assert "Rings Paul Morel Why: the engineer's manager" in page
    assert "to Paul Morel Acme support. Une escalade, M1, en anglais." in page
    assert "Paul Morel takes the call" in page
    assert "Announcement → Briefing" in page
    assert "Spoke with Paul Morel" in page
    assert f"/cases/C{CASE}" in supervisor.page


def test_what_was_said_is_what_was_heard(taken: str, caller: Handset, desk: Desk) -> None:
    call = desk.store.calls.load(taken)
    assert call is not None
    told = story(desk.line, call, desk.store.logs.events(taken))
    said = [words for each in told.moments if not each.leg for words in each.words]
    heard = [each.text for each in caller.heard if each.kind == "say"]

    assert told.whole
    assert len(heard) > 5
    assert set(heard) <= set(said)


def test_one_steps_forward_and_back_without_a_script(supervisor: Browser, taken: str) -> None:
    def lit() -> str:
        found = re.search(r'id="step-(\w+)" class="[^"]*here', supervisor.page)
        return found.group(1) if found else ""

    supervisor.go(f"/calls/{taken}?at=0")
    assert lit() == "language"
    assert 'rel="prev"' not in supervisor.page
    steps = [lit()]
    while link := re.search(r'rel="next" href="([^"]+)"', supervisor.page):
        supervisor.go(link.group(1))
        steps += [lit()] if lit() != steps[-1] else []
    assert steps == [
        "language",
        "menu",
        "case",
        "read_back",
        "wish",
        "wish_hold",
        "talk",
        "ended",
    ]
    back = re.search(r'rel="prev" href="([^"]+)"', supervisor.page)
    assert back
    assert supervisor.go(back.group(1)).status == 200

    assert supervisor.go(f"/calls/{taken}?at=999").status == 404
    assert supervisor.go(f"/calls/{taken}?at=x").status == 404


def test_the_dialogue_has_every_line_in_order(supervisor: Browser, taken: str) -> None:
    page = supervisor.go(f"/calls/{taken}?view=dialogue").page
    times = [float(each) for each in re.findall(r'data-at="([\d.]+)"', page)]

    assert times == sorted(times)
    assert len(times) > 10
    assert 'lang="fr-FR"' in page
    assert "Who to ring" not in page
    assert 'id="player" hidden' in page


def test_a_call_that_goes_on_can_be_looked_at_from_the_desk_now(
    supervisor: Browser, exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    ask_for_a_manager(caller, exchange)
    link = f"/calls/{desk.sid(caller)}"
    assert link in supervisor.go("/now").page
    page = reads(supervisor.go(link))

    assert "still going on" in page
    assert "Rings Paul Morel" in page
    caller.hang_up()
    exchange.wait(60)


@pytest.mark.parametrize("path", ["/calls/CA0", "/calls/CA0.call"])
def test_an_unknown_call_is_no_page(supervisor: Browser, path: str) -> None:
    assert supervisor.go(path).status == 404


def test_a_case_leads_to_its_calls(pages: Any, supervisor: Browser, taken: str) -> None:
    link = f"/calls?number=C{CASE}"

    assert link in supervisor.go(f"/cases/C{CASE}").page
    assert f"/calls/{taken}" in supervisor.go(link).page
    assert link not in signed_in(pages, "customer").go(f"/cases/C{CASE}").page


def test_no_managers_number_stands_anywhere(supervisor: Browser, taken: str) -> None:
    hidden = [number for number in PEOPLE.values() if number.startswith("+")]
    for path in ("/calls", f"/calls/{taken}", f"/calls/{taken}?view=dialogue"):
        page = supervisor.go(path).page
        assert [number for number in hidden if number in page] == []


# --- who may, what is masked, what is logged ---


@pytest.mark.parametrize("role", ROLES)
def test_who_may_open_calls(pages: Any, taken: str, role: str) -> None:
    browser = signed_in(pages, role)
    status = 200 if role in PAGES["calls"] else 403

    assert browser.go("/calls").status == status
    assert browser.go(f"/calls/{taken}").status == status
    assert browser.go(f"/calls/{taken}.call").status == status


@pytest.mark.parametrize("role", sorted(PAGES["calls"]))
def test_the_last_digits_are_for_those_who_work_with_callers(
    pages: Any, exchange: Exchange, caller: Handset, desk: Desk, role: str
) -> None:
    desk.phone("MGR1").will("busy")
    desk.phone("MGR2").will("busy")
    ask_for_a_manager(caller, exchange)
    exchange.wait_until(lambda: "To keep waiting" in caller.last_heard, at_most=180)
    keyed(caller, exchange, "2", "2", "0155500102#", "1")
    exchange.wait(40)
    browser = signed_in(pages, role)
    list_page, page = browser.go("/calls").page, browser.go(f"/calls/{desk.sid(caller)}").page
    whole = sees_numbers((role,))
    seen = (CALLER in list_page, CALLER in page, "0155500102" in page, "one zero, two" in page)

    assert seen == (whole, whole, whole, whole)
    assert ("+3315550••••" in list_page) is not whole
    assert ("We will call you back at …" in page) is not whole


@pytest.mark.parametrize(
    ("path", "kind"),
    [("", "access.viewed"), ("?at=2", "access.viewed"), (".call", "access.exported")],
)
def test_every_look_and_export_is_logged(
    pages: Any, store: Store, taken: str, path: str, kind: str
) -> None:
    signed_in(pages, "operator").go(f"/calls/{taken}{path}")

    [logged] = store.logs.events(ACCESS)
    assert (logged.kind, logged.actor, logged.data) == (kind, "OP1", {"call": taken})


# --- what remains ---


@pytest.mark.unaudited("whose legs they were is erased on purpose")
def test_a_purged_call_shows_what_remains_and_says_so(
    pages: Any, store: Store, exchange: Exchange, escalation: Line, taken: str
) -> None:
    exchange.wait(25 * 3600)  # a call isn't erased while the carrier may still speak of it
    terms = escalation.config
    Privacy(store, terms.retention, terms.case_numbers, exchange.clock).erase(CALLER)
    supervisor = signed_in(pages, "supervisor")
    page = reads(supervisor.go(f"/calls/{taken}"))

    assert "Personal data of this call has been erased" in page
    assert "Number unknown" in page
    assert CALLER not in page
    assert "Rings Paul Morel" in page
    assert "press 1" not in page
    assert "the entries are gone" in page
    assert "entries erased" in reads(supervisor.go("/calls"))


def test_a_call_of_another_version_is_told_from_its_log(
    supervisor: Browser, store: Store, taken: str
) -> None:
    with store.connections.writing() as connection:
        from sqlalchemy import text

        connection.execute(text("UPDATE events SET data = replace(data, 'read_back', 'gone_by')"))
    page = reads(supervisor.go(f"/calls/{taken}"))

    assert "The spoken words can't be shown" in page
    assert f"Pressed {CASE}" in page


# --- the list ---


def four_calls(exchange: Exchange, caller: Handset, desk: Desk) -> list[str]:
    """A conversation, a promise, nobody reached, and one that goes on; the oldest first."""
    sids = []
    reach_operator(caller, desk.phone("OP1"), exchange)
    exchange.wait(30)
    caller.hang_up()
    exchange.wait(700)
    sids.append(desk.sid(caller))
    ask_for_a_manager(caller, exchange)
    caller.hang_up()
    sids.append(desk.sid(caller))
    other = exchange.phone("+81355500102")
    other.call(ENTRY)
    exchange.wait(1)
    other.hang_up()
    exchange.wait(5)
    sids.append(desk.sid(other))
    other.call(ENTRY)
    exchange.wait(1)
    return [*sids, desk.sid(other)]


def test_the_list_is_filtered_by_case_day_and_end(
    supervisor: Browser, exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    sids = four_calls(exchange, caller, desk)

    def listed(query: str) -> list[int]:
        page = supervisor.go(f"/calls?{query}").page
        return [sids.index(sid) for sid in re.findall(r"/calls/(CA\w+)", page)]

    assert listed("") == [3, 2, 1, 0]
    assert listed("number=C17349013") == [1]
    assert listed("number=1734 9013") == [1]
    assert listed("number=C17349021") == []
    assert listed("since=2026-11-24&until=2026-11-24") == [3, 2, 1, 0]
    assert listed("since=2026-11-25") == []
    assert listed("until=2026-11-23") == []
    ends = {how: listed(f"how={how}") for how in HOW}
    assert ends == {"open": [3], "met": [0], "promised": [1], "left": [2], "purged": []}
    assert "That isn't a valid date" in supervisor.go("/calls?since=soon").page
    assert "valid case number" in supervisor.go("/calls?number=12").page
    for place in ("x", "99999999999999999999.CA1"):
        assert supervisor.go(f"/calls?before={place}").status == 404
    for day in ("9999-12-31", "0001-01-01"):
        assert "That isn't a valid date" in supervisor.go(f"/calls?until={day}&since={day}").page
        assert supervisor.status == 200
    exchange.phone("+81355500102").hang_up()
    exchange.wait(60)


def test_a_page_goes_on_where_the_one_before_ended(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    sids = four_calls(exchange, caller, desk)
    first, older = desk.store.calls.page(Wanted(), 2)
    second, none = desk.store.calls.page(Wanted(before=older), 9)

    assert [call.sid for call in (*first, *second)] == sids[::-1]
    assert none == ""
    exchange.phone("+81355500102").hang_up()
    exchange.wait(60)


def test_calls_that_no_index_finds_are_looked_for_among_so_many(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    sids = four_calls(exchange, caller, desk)
    every, found, before, pages = desk.store.calls.page(Wanted(how="left"), 9).calls, [], "", 0
    while pages == 0 or before:
        some, before = desk.store.calls.page(Wanted(how="left", before=before), 9, looked_at=1)
        found += some
        pages += 1

    assert [call.sid for call in found] == [call.sid for call in every] != []
    assert pages == len(sids) + 1  # the last one sees that there is nothing more
    exchange.phone("+81355500102").hang_up()
    exchange.wait(60)


@pytest.mark.unaudited("its calls are made up")
def test_a_page_that_has_found_none_so_far_says_so_and_goes_on(
    supervisor: Browser, store: Store
) -> None:
    texts = dict.fromkeys(("flow", "flow_version", "step", "language", "caller", "called"), "")
    texts |= dict.fromkeys(("waiting_for", "document", "head"), "")
    over = texts | {"version": 1, "ended_at": 2, "data": "{}", "events": 0}
    rows = [over | {"sid": f"CA{at}", "started_at": at} for at in range(LOOKED_AT + 1)]
    with store.connections.writing() as connection:
        connection.execute(tables.calls.insert(), rows)

    page = supervisor.go("/calls?how=met").page

    assert f"None of the {LOOKED_AT} calls that were looked at match" in page
    assert "Older calls" in page
    supervisor.go(re.findall(r'rel="next" href="([^"]+)"', page)[0])
    assert "No calls match." in supervisor.page


# --- as a dialogue ---


def exported(desk: Desk, sid: str, sample: SampleDesk) -> str:
    call = desk.store.calls.load(sid)
    assert call is not None
    return export(desk.line, call, desk.store.logs.events(sid), sample)


@pytest.fixture
def fresh(tmp_path: Path, sample_database: Path, escalation: Line) -> Iterator[Any]:
    """Puts a sample desk of its own on the network of a dialogue, as `tests/calls` has it."""
    opened: list[Store] = []

    def make(dialogue: Any) -> Desk:
        file = tmp_path / f"desk{len(opened)}.db"
        file.write_bytes(sample_database.read_bytes())
        opened.append(Store(f"sqlite:///{file}"))
        exchange = exchange_for(dialogue)
        desk = mount(exchange, opened[-1], escalation)
        then = exchange.clock.now() - timedelta(days=1)
        for what, by in (("escalate", "caller"), ("accept", "MGR1")):
            desk.hear("C17349021", what, key=what, by=by, channel="phone", at=then, level="M1")
        for duty in desk.store.duties.all():
            desk.store.duties.done(duty)
        return desk

    yield make
    for store in opened:
        store.close()


# Calls that a dialogue can't be made of: they go on with an earlier one, or a PIN was keyed.
WITHOUT = {"the_connection_is_lost": "resumed"}


@pytest.mark.parametrize("name", sorted(WITHOUT))
def test_a_call_that_no_dialogue_can_be_made_of_is_refused_with_the_reason(
    name: str, fresh: Any, sample: SampleDesk
) -> None:
    file = next(file for file in CALLS if file.stem == name)
    dialogue = parse(file.read_text(encoding="utf-8"), file.name)
    desk = fresh(dialogue)
    play(dialogue, desk.exchange)
    sid = desk.sid(desk.exchange.phone(dialogue.caller))

    with pytest.raises(NotExported, match=WITHOUT[name]):
        exported(desk, sid, sample)


OF_ONE_CALL = [file for file in CALLS if file.stem not in WITHOUT]


@pytest.mark.parametrize("file", OF_ONE_CALL, ids=[file.stem for file in OF_ONE_CALL])
def test_every_scenario_can_be_exported_and_comes_true_again(
    file: Path, fresh: Any, sample: SampleDesk
) -> None:
    dialogue = parse(file.read_text(encoding="utf-8"), file.name)
    desk = fresh(dialogue)
    play(dialogue, desk.exchange)
    desk.exchange.wait(30)
    sid = desk.sid(desk.exchange.phone(dialogue.caller))
    again = parse(exported(desk, sid, sample), f"export of {file.name}")
    other = fresh(again)
    play(again, other.exchange)
    other.exchange.strict()
    other.exchange.wait(30)

    first, second = (
        desk.store.calls.load(sid),
        other.store.calls.load(other.sid(other.exchange.phone(again.caller))),
    )
    assert first is not None
    assert second is not None
    assert first.data.caller.state == second.data.caller.state
    rung = [[leg.person for leg in call.data.legs.values()] for call in (first, second)]
    assert rung[0] == rung[1]


def test_the_export_is_a_file_with_nothing_personal(
    pages: Any, exchange: Exchange, desk: Desk
) -> None:
    stranger = exchange.phone(STRANGER)
    stranger.call(ENTRY)
    keyed(stranger, exchange, "2", "1", "17349099#", "1", "2")
    accept(desk.phone("OP1"), exchange)
    exchange.wait(20)
    stranger.hang_up()
    exchange.wait(60)
    browser = signed_in(pages, "supervisor")
    answer = browser.client.get(f"/calls/{desk.sid(stranger)}.call")

    assert answer.headers["Content-Disposition"] == 'attachment; filename="2026-11-24_090000.call"'
    assert "phone op1 client:op1" in answer.text
    assert "from +33155500101 to +33800000001" in answer.text
    for personal in (STRANGER, "17349099", "nine zero nine nine", "Odile", "Helio"):
        assert personal not in answer.text


def test_a_real_case_becomes_a_sample_case_of_the_same_result(
    exchange: Exchange, caller: Handset, desk: Desk, sample: SampleDesk, tmp_path: Path
) -> None:
    rows = (SAMPLE / "cases.csv").read_text(encoding="utf-8").splitlines()[:2]
    number, row = "C15550019", rows[1].replace("C17349013", "C15550019")
    file = tmp_path / "cases.csv"
    file.write_text("\n".join([rows[0], row.replace("Assemblies open", "Secret plans open")]))
    desk.store.import_csv(file)
    caller.call(ENTRY)
    keyed(caller, exchange, "2", "1", f"{number[1:]}#", "1", "2")
    accept(desk.phone("MGR1"), exchange)
    exchange.wait(20)
    caller.hang_up()
    exchange.wait(60)
    text = exported(desk, desk.sid(caller), sample)

    assert number[1:] not in text
    assert "type 17349013#" in text
    assert "one seven three four, nine zero one three" in text
    assert "Secret" not in text
    assert rehearse(desk.line, SAMPLE, text) == ""


def test_a_call_that_depends_on_the_desk_is_refused_in_words(
    pages: Any, exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    desk.store.people.set_status("MGR1", "away", at=exchange.clock.now(), by="MGR1")
    ask_for_a_manager(caller, exchange)
    accept(desk.phone("MGR2"), exchange)
    exchange.wait(20)
    caller.hang_up()
    exchange.wait(60)
    browser = signed_in(pages, "supervisor").go(f"/calls/{desk.sid(caller)}.call")

    assert "On the sample desk, it takes another path." in browser.page
    assert [event.kind for event in desk.store.logs.events(ACCESS)] == ["access.viewed"]


def test_calls_that_cannot_be_exported_say_why(
    pages: Any, exchange: Exchange, caller: Handset, desk: Desk, sample: SampleDesk
) -> None:
    promised(caller, exchange, desk)
    desk.phone("MGR2").will("answer", after=2, press="1")
    caller.will("answer", after=2, press="1")
    exchange.wait_until(lambda: bool(caller.connected_to), at_most=600)
    exchange.wait(20)
    caller.hang_up()
    exchange.wait(20)
    back = f"CB-{desk.sid(caller)}-1"
    with pytest.raises(NotExported, match="called_back"):
        exported(desk, back, sample)
    page = reads(signed_in(pages, "supervisor").go(f"/calls/{back}"))

    assert "This call can't be exported: the line made it, to keep a promise." in page
    assert "the line called, as promised" in page


def test_a_pin_is_never_exported(
    exchange: Exchange, caller: Handset, desk: Desk, sample: SampleDesk, supervisor: Browser
) -> None:
    caller.call(ENTRY)
    keyed(caller, exchange, "2", "1", f"{CASE}#", "1", "5", "482913#")
    exchange.wait(5)
    caller.hang_up()
    exchange.wait(30)

    with pytest.raises(NotExported, match="pin"):
        exported(desk, desk.sid(caller), sample)
    page = supervisor.go(f"/calls/{desk.sid(caller)}").page
    assert "Entered a PIN, which is never stored" in page
    assert "482913" not in page


def test_somebody_who_is_not_of_the_sample_is_not_rung_again(
    desk: Desk, taken: str, sample: SampleDesk
) -> None:
    others = SampleDesk({"OP1": "client:op1"}, sample.cases, sample.contacts)

    with pytest.raises(NotExported, match="people"):
        exported(desk, taken, others)


def test_every_reason_and_end_has_its_words() -> None:
    for texts in Words({}).languages.values():
        assert {f"not_exported_{why}" for why in REASONS} <= texts.keys()
        assert {f"ended_{how}" for how in HOW} <= texts.keys()
        told = [kind for kind in KINDS if f"ev_{kind.replace('.', '_')}" in texts]
        assert len(told) > 40
