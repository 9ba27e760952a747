"""On-call calendars: what is read from them, and what happens when they can't be had."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import responses
from click.testing import CliRunner

from flows.escalation import SAMPLE
from ivr.cli.main import main
from ivr.line.definition import Line
from ivr.line.desk.people import Person
from ivr.line.errors import DataError, NotYet
from ivr.line.outside.calendars import LARGEST, Fetched, entries_of, fetch, refreshed
from ivr.line.records import Duty, Feed
from ivr.line.service.duties.rota import RotaWatch
from ivr.line.store.store import Store
from tests.kit.databases import Rows, emptied, fill
from tests.kit.desk import Desk

URL = "https://calendar.test/emea.ics"
NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
BEGIN, END = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
FEED = Feed("pager", URL, region="EMEA", zone="Europe/Paris")
PEOPLE = [
    Person("ANN", "Ann Martin", email="ann@acme.example"),
    Person("BOB", "Bob Reed", email="bob@acme.example"),
    Person("ANN2", "Ann Martin Jones"),
    Person("ZOE", "Zo\u00e9 Blanc"),
    Person("GONE", "Carl Off", email="carl@acme.example", active=False),
]
DAY = "DTSTART:20261124T080000Z\nDTEND:20261124T180000Z"
ANN = "ATTENDEE:mailto:ann@acme.example"


@pytest.fixture
def sample(url: str, sample_rows: Rows) -> Iterator[Store]:
    """The sample desk, on SQLite and on PostgreSQL."""
    with emptied(url) as store:
        fill(store, sample_rows)
        yield store


def calendar(*events: str) -> str:
    made = [f"BEGIN:VEVENT\nUID:u{n}\n{each}\nEND:VEVENT" for n, each in enumerate(events)]
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:test", *made, "END:VCALENDAR"]
    return "\n".join(lines).replace("\n", "\r\n") + "\r\n"


def read(*events: str) -> list[str]:
    """Who is on duty from when until when, in UTC."""
    feed = Feed("pager", URL, zone="Europe/Paris", body=calendar(*events))
    entries, _ = entries_of(feed, PEOPLE, BEGIN, END)
    return [f"{each.person} {each.starts:%m-%d %H:%M} {each.ends:%m-%d %H:%M}" for each in entries]


@pytest.mark.parametrize(
    ("who", "person"),
    [
        (ANN, "ANN"),
        ("ATTENDEE;CN=A:MAILTO:Ann@Acme.Example", "ANN"),
        (f"SUMMARY:Bob Reed\n{ANN}", "ANN"),  # who attends counts before the title
        ("SUMMARY:Bob Reed", "BOB"),
        ("SUMMARY:bob", "BOB"),
        ("SUMMARY:On call - Bob Reed - EMEA", "BOB"),
        ("SUMMARY:On call (Bob Reed)", "BOB"),
        ("SUMMARY:On call\\, Bob Reed\\, EMEA", "BOB"),
        ("SUMMARY:EMEA: BOB  REED/second line", "BOB"),
        ("SUMMARY:Bob Reed's week", "BOB"),
        ("SUMMARY:On call (Ann Martin Jones)", "ANN2"),  # the longer name, not the one in it
        ("SUMMARY:Zoe\u0301 Blanc", "ZOE"),  # the accent by itself
        ("SUMMARY:Bob Reed\nATTENDEE:mailto:nobody@acme.example", "BOB"),
    ],
)
def test_an_entry_is_whose_address_or_name_it_has(who: str, person: str) -> None:
    assert read(f"{DAY}\n{who}") == [f"{person} 11-24 08:00 11-24 18:00"]


@pytest.mark.parametrize(
    "who",
    [
        "SUMMARY:Holiday",
        "SUMMARY:Ann Martin and Bob Reed",
        "SUMMARY:On call (Mary-Ann Martin)",
        "SUMMARY:On call (Ann Martin-Hughes)",
        "SUMMARY:On call (Ann Martinez)",
        "SUMMARY:",
        "ATTENDEE:mailto:carl@acme.example",
        "ATTENDEE;PARTSTAT=DECLINED:mailto:ann@acme.example",
    ],
)
def test_an_entry_that_is_nobodys_is_shown(who: str) -> None:
    feed = Feed("pager", URL, body=calendar(f"{DAY}\n{who}"))
    entries, unmatched = entries_of(feed, PEOPLE, BEGIN, END)

    assert entries == []
    assert len(unmatched) == 1
    assert unmatched[0].startswith("2026-11-24T08:00Z")


# "handle RRULE, EXDATE, overrides, zones, DST"
@pytest.mark.parametrize(
    ("events", "expected"),
    [
        # each week at eight in Paris, which is 06:00 UTC before 25 October and 07:00 after it
        ([f"DTSTART;TZID=Europe/Paris:20261019T080000\nDTEND;TZID=Europe/Paris:20261019T180000\n"
          f"RRULE:FREQ=WEEKLY;COUNT=3\n{ANN}"],
         ["ANN 10-19 06:00 10-19 16:00", "ANN 10-26 07:00 10-26 17:00",
          "ANN 11-02 07:00 11-02 17:00"]),
        ([f"{DAY}\nRRULE:FREQ=DAILY;COUNT=3\nEXDATE:20261125T080000Z\n{ANN}"],
         ["ANN 11-24 08:00 11-24 18:00", "ANN 11-26 08:00 11-26 18:00"]),
        # whole days and times without a zone are the feed's
        ([f"DTSTART;VALUE=DATE:20261124\nDTEND;VALUE=DATE:20261126\n{ANN}"],
         ["ANN 11-23 23:00 11-25 23:00"]),
        ([f"DTSTART;VALUE=DATE:20261124\n{ANN}"], ["ANN 11-23 23:00 11-24 23:00"]),
        ([f"DTSTART:20261124T080000\nDTEND:20261124T180000\n{ANN}"],
         ["ANN 11-24 07:00 11-24 17:00"]),
        ([f"DTSTART:20261124T080000Z\nDURATION:PT2H\n{ANN}"], ["ANN 11-24 08:00 11-24 10:00"]),
        ([f"{DAY}\nSTATUS:CANCELLED\n{ANN}"], []),
    ],
)  # fmt: skip
def test_repetitions_exceptions_and_zones_are_followed(
    events: list[str], expected: list[str]
) -> None:
    assert read(*events) == expected


PARIS = "DTSTART;TZID=Europe/Paris:"
END_PARIS = "DTEND;TZID=Europe/Paris:"


# "Days and weeks are nominal … hours, minutes and seconds are exact." (RFC 5545, 3.3.6)
@pytest.mark.parametrize(
    ("event", "expected"),
    [
        # twelve hours, in the night that has eleven …
        (f"{PARIS}20260328T200000\nDURATION:PT12H", ["ANN 03-28 19:00 03-29 07:00"]),
        (
            f"{PARIS}20260327T200000\nDURATION:PT12H\nRRULE:FREQ=DAILY;COUNT=3",
            ["ANN 03-27 19:00 03-28 07:00", "ANN 03-28 19:00 03-29 07:00",
             "ANN 03-29 18:00 03-30 06:00"],
        ),
        ("DTSTART:20260328T200000\nDURATION:PT12H", ["ANN 03-28 19:00 03-29 07:00"]),
        # … and in the one that has thirteen
        (f"{PARIS}20261024T200000\nDURATION:PT12H", ["ANN 10-24 18:00 10-25 06:00"]),
        # a day is one by the clock on the wall
        (f"{PARIS}20260328T090000\nDURATION:P1D", ["ANN 03-28 08:00 03-29 07:00"]),
        (f"{PARIS}20260328T090000\nDURATION:P1DT2H", ["ANN 03-28 08:00 03-29 09:00"]),
        # from eight in the evening till eight in the morning is what the next one begins at
        (f"{PARIS}20260328T200000\n{END_PARIS}20260329T080000", ["ANN 03-28 19:00 03-29 06:00"]),
        (
            f"{PARIS}20261023T200000\n{END_PARIS}20261024T080000\nRRULE:FREQ=DAILY;COUNT=2",
            ["ANN 10-23 18:00 10-24 06:00", "ANN 10-24 18:00 10-25 07:00"],
        ),
    ],
)  # fmt: skip
def test_hours_are_exact_when_the_clock_changes(event: str, expected: list[str]) -> None:
    assert read(f"{event}\n{ANN}") == expected


@pytest.mark.parametrize(
    ("start", "until", "last"),
    [
        (f"{PARIS}20261124T200000", "20261126", "11-26 19:00"),
        ("DTSTART:20261124T200000", "20261126", "11-26 19:00"),
        ("DTSTART:20261124T200000Z", "20261126", "11-26 20:00"),
        ("DTSTART;TZID=America/New_York:20261124T220000", "20261126", "11-27 03:00"),
        ("DTSTART;VALUE=DATE:20261124", "20261126", "11-25 23:00"),
        (f"{PARIS}20261124T200000", "20261126T190000Z", "11-26 19:00"),
        (f"{PARIS}20261124T200000", "20261126T185959Z", "11-25 19:00"),
    ],
)
def test_repetitions_until_a_day_include_that_day(start: str, until: str, last: str) -> None:
    length = "P1D" if "VALUE=DATE" in start else "PT2H"
    entries = read(f"{start}\nDURATION:{length}\nRRULE:FREQ=DAILY;UNTIL={until}\n{ANN}")

    assert entries[-1].startswith(f"ANN {last}")


def test_one_repetition_can_be_moved_and_given_to_somebody_else() -> None:
    moved = (
        "RECURRENCE-ID:20261125T080000Z\nDTSTART:20261125T100000Z\nDTEND:20261125T120000Z\n"
        "SUMMARY:Bob Reed"
    )
    text = calendar(f"{DAY}\nRRULE:FREQ=DAILY;COUNT=2\n{ANN}", moved).replace("UID:u1", "UID:u0")
    entries, _ = entries_of(Feed("pager", URL, body=text), PEOPLE, BEGIN, END)

    assert [(each.person, each.starts.hour) for each in entries] == [("ANN", 8), ("BOB", 10)]


@pytest.mark.parametrize(
    "body",
    [
        "<html>sign in</html>",
        "",
        "BEGIN:VEVENT\r\nEND:VEVENT\r\n",
        calendar(f"{DAY}\nRRULE:FREQ=SECONDLY\n{ANN}"),
        calendar("SUMMARY:Ann Martin"),
    ],
)
def test_what_is_no_calendar_leaves_the_last_one(body: str) -> None:
    old = Feed("pager", URL, body=calendar(f"{DAY}\n{ANN}"), fetched_at=NOW - timedelta(days=2))
    feed, entries = refreshed(old, PEOPLE, NOW, lambda feed: Fetched(body))

    assert (feed.body, feed.fetched_at) == (old.body, old.fetched_at)
    assert feed.error.startswith("DataError: ")
    assert [each.person for each in entries] == ["ANN"]


@responses.activate
def test_a_calendar_that_has_not_changed_is_not_sent_again() -> None:
    tagged = {"ETag": '"one"', "Last-Modified": "Tue, 24 Nov 2026 08:00:00 GMT"}
    responses.get(URL, body=calendar(f"{DAY}\n{ANN}"), headers=tagged)
    first, _ = refreshed(FEED, PEOPLE, NOW)
    given = {"If-None-Match": '"one"', "If-Modified-Since": "Tue, 24 Nov 2026 08:00:00 GMT"}
    responses.replace(
        responses.GET, URL, status=304, match=[responses.matchers.header_matcher(given)]
    )
    later = NOW + timedelta(minutes=15)
    second, entries = refreshed(first, PEOPLE, later)

    assert second.fetched_at == later
    assert second.body == first.body
    assert [each.person for each in entries] == ["ANN"]


@responses.activate
@pytest.mark.parametrize("answer", [{"status": 500}, {"body": ConnectionError("down")}])
def test_a_server_that_is_down_leaves_the_last_calendar(answer: dict[str, Any]) -> None:
    responses.get(URL, **answer)
    old = Feed("pager", URL, body=calendar(f"{DAY}\n{ANN}"), fetched_at=NOW)
    feed, entries = refreshed(old, PEOPLE, NOW + timedelta(hours=1))

    assert feed.error
    assert feed.fetched_at == NOW
    assert [each.person for each in entries] == ["ANN"]


@responses.activate
def test_a_calendar_that_never_ends_is_refused() -> None:
    responses.get(URL, body=b"x" * (LARGEST + 1))

    with pytest.raises(DataError, match="more than 5,000,000 bytes"):
        fetch(FEED)


def test_a_calendar_may_be_a_file(tmp_path: Path) -> None:
    file = tmp_path / "on call.ics"
    file.write_text(calendar(f"{DAY}\n{ANN}"), encoding="utf-8", newline="")
    fetched = fetch(Feed("pager", file.as_uri()))

    assert fetched == Fetched(calendar(f"{DAY}\n{ANN}"))


# --- the watch ---


class At:
    """A clock that stands where it is put."""

    def __init__(self, now: datetime) -> None:
        self.instant = now

    def now(self) -> datetime:
        return self.instant

    def call_at(self, when: datetime, what: Any) -> Any:
        raise AssertionError("the watch sets no alarms")


def imported(store: Store, folder: Path, name: str, text: str) -> None:
    file = folder / f"{name}.csv"
    file.write_text(text, encoding="utf-8")
    store.import_csv(file)


def watch(store: Store, line: Line, clock: At, body: str | OSError) -> RotaWatch:
    def answer(feed: Feed) -> Fetched | None:
        if isinstance(body, OSError):
            raise body
        return Fetched(body)

    return RotaWatch(store, line.config, clock, answer)


def run(do: Any, **data: Any) -> datetime:
    """Do a duty of the watch; when it is due again."""
    with pytest.raises(NotYet) as raised:
        do(Duty("k", "rota", "k", NOW, data))
    return raised.value.at


def alarms(store: Store) -> list[str]:
    return [str(duty.data["what"]) for duty in store.duties.all("notify")]


FEEDS = f"id,url,region\npager,{URL},EMEA\n"


def test_a_calendar_puts_people_on_duty(sample: Store, escalation: Line, tmp_path: Path) -> None:
    imported(sample, tmp_path, "feeds", FEEDS)
    body = calendar(f"{DAY}\nATTENDEE:mailto:paul@acme.example")
    due = run(watch(sample, escalation, At(NOW), body).feed, feed="pager")
    [stint] = sample.people.directory(None, NOW).stints

    assert due == NOW + timedelta(minutes=15)
    assert (stint.person, stint.region, stint.source, stint.as_of) == (
        "MGR1", "EMEA", "calendar", NOW,
    )  # fmt: skip
    assert sample.people.directory(None, NOW + timedelta(hours=9)).stints == ()


def test_a_stale_calendar_is_said_once_and_still_counts(
    sample: Store, escalation: Line, tmp_path: Path
) -> None:
    imported(sample, tmp_path, "feeds", FEEDS)
    weekly = f"{DAY}\nRRULE:FREQ=DAILY\nATTENDEE:mailto:paul@acme.example"
    run(watch(sample, escalation, At(NOW), calendar(weekly)).feed, feed="pager")
    for hours in (1, 24, 25, 26):
        clock = At(NOW + timedelta(hours=hours))
        down = watch(sample, escalation, clock, OSError("down"))
        run(down.feed, feed="pager")

        assert alarms(sample) == (["feed_stale"] if hours > 24 else [])
        assert [feed.id for feed in down.stale()] == (["pager"] if hours > 24 else [])
    [told] = sample.duties.all("notify")
    later = NOW + timedelta(days=2)

    assert (told.owner, told.data["feed"]) == ("DIR1", "pager")
    assert "MGR1" in {each.person for each in sample.people.directory(None, later).stints}


def test_a_calendar_that_never_answered_is_stale_too(
    sample: Store, escalation: Line, tmp_path: Path
) -> None:
    imported(sample, tmp_path, "feeds", FEEDS)
    for hours in (0, 25):
        clock = At(NOW + timedelta(hours=hours))
        run(watch(sample, escalation, clock, OSError("down")).feed, feed="pager")

    assert alarms(sample) == ["feed_stale"]


def test_a_gap_is_said_once_and_the_next_one_again(
    sample: Store, escalation: Line, tmp_path: Path
) -> None:
    """ "rota gap (nobody on duty) -> global duty + alarm"."""
    night = "id,person,role,region,starts,ends\napac,MGR3,duty,APAC,23:00,06:00\n"
    imported(sample, tmp_path, "shifts", night)  # there used to be somebody from 22:00
    for day in (24, 25):
        for minute in (0, 5, 55):
            clock = At(datetime(2026, 11, day, 22, minute, tzinfo=UTC))
            run(watch(sample, escalation, clock, "").look)
    told = [(duty.data["region"], duty.data["since"]) for duty in sample.duties.all("notify")]

    assert sorted(told) == [
        ("APAC", "2026-11-24T22:00:00+00:00"),
        ("APAC", "2026-11-25T22:00:00+00:00"),
        ("EMEA", "2026-11-24T22:00:00+00:00"),
        ("EMEA", "2026-11-25T22:00:00+00:00"),
    ]
    assert set(alarms(sample)) == {"rota_gap"}


def test_a_new_feed_is_found_by_the_watch(desk: Desk, tmp_path: Path) -> None:
    imported(desk.store, tmp_path, "feeds", f"id,url\nfile,file://{tmp_path}/none.ics\n")
    desk.services.rota.begin()
    desk.duties.everything()
    [feed] = desk.store.feeds.all()

    assert feed.error.startswith("FileNotFoundError")
    assert {duty.kind for duty in desk.store.duties.all(owed=True)} == {"rota", "feed"}


def test_a_broken_store_does_not_end_the_watch(store: Store, escalation: Line) -> None:
    clock = At(NOW)
    broken = RotaWatch(None, escalation.config, clock)  # type: ignore[arg-type]

    assert run(broken.look) == NOW + timedelta(minutes=5)


# --- what an administrator does ---


def test_overrides_are_imported_and_count(sample: Store, tmp_path: Path) -> None:
    columns = "id,person,instead_of,starts,ends\n"
    one = "swap,MGR3,MGR2,2026-11-24T09:00+01:00,2026-11-24T11:00+01:00\n"
    imported(sample, tmp_path, "overrides", columns + one)
    [stint] = sample.people.directory(None, NOW).stints

    assert (stint.person, stint.instead_of, stint.source) == ("MGR3", "MGR2", "override")
    assert (stint.starts.hour, stint.ends.hour) == (8, 10)
    assert sample.people.directory(None, NOW + timedelta(hours=1)).stints == ()


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("x,MGR3,2026-11-24T09:00,2026-11-24T11:00Z", "is no instant: write"),
        ("x,MGR3,2026-11-24T09:00Z,2026-11-24T09:00Z", "it ends before it has begun"),
        ("x,WHO,2026-11-24T09:00Z,2026-11-24T10:00Z", "there is no 'WHO' in people"),
    ],
)
def test_a_wrong_override_is_refused(store: Store, tmp_path: Path, row: str, fault: str) -> None:
    with pytest.raises(DataError, match=fault):
        imported(store, tmp_path, "overrides", f"id,person,starts,ends\n{row}\n")


def test_a_status_that_somebody_set_outlasts_an_import(store: Store) -> None:

    store.people.set_status(
        "MGR1", "away", "MGR3", at=NOW, by="MGR1", until=NOW + timedelta(hours=1)
    )
    store.people.set_status("MGR2", "away")
    store.import_csv(SAMPLE)
    people = {each.id: each for each in store.people.all()}

    assert (people["MGR1"].status, people["MGR1"].delegate) == ("away", "MGR3")
    assert (people["MGR1"].status_since, people["MGR1"].status_by) == (NOW, "MGR1")
    assert people["MGR2"].status == "available"
    assert people["MGR1"].at(NOW + timedelta(hours=1)).status == "available"


def test_the_rota_is_printed(store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("IVR_DATABASE", f"sqlite:///{tmp_path / 'ivr.db'}")
    asked = ["rota", "--at", "2026-11-24T10:00+01:00", "--region", "EMEA"]
    said = CliRunner().invoke(main, asked)
    told = json.loads(CliRunner().invoke(main, [*asked, "--json"]).output)

    assert said.exit_code == 0
    assert said.output.splitlines()[:3] == [
        "EMEA, duty",
        "  2026-11-24T10:00+01:00 - 2026-11-24T15:00+01:00  Greta Vogel (MGR2)  rota emea duty",
        "  2026-11-24T15:00+01:00 - 2026-11-24T23:00+01:00  Sam Ortiz (MGR4)"
        "  rota amer follow_the_sun",
    ]
    assert [row["id"] for row in told["regions"]["EMEA"]] == ["emea", "amer", "apac", "emea"]


def test_an_instant_without_an_offset_is_refused(
    store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("IVR_DATABASE", f"sqlite:///{tmp_path / 'ivr.db'}")
    said = CliRunner().invoke(main, ["rota", "--at", "2026-11-24T10:00"])

    assert said.exit_code == 2
    assert "has no UTC offset" in said.output
