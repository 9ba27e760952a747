"""The supervisor's wall: calls are made, and it counts them."""

from __future__ import annotations

import csv
import re
from datetime import UTC, date, datetime
from typing import Any
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.line.desk.figures.reading import HOW
from ivr.line.store.store import Store
from ivr.line.web.pages.charts import Series, lying, stacked, top_of
from ivr.line.web.pages.shown import Shown
from ivr.line.web.pages.wall import LONGEST, Counted, Wall, duration, period_of
from ivr.line.web.pages.words import Words
from ivr.simulator import Exchange, Handset
from tests.kit.browser import Operator, login
from tests.kit.desk import ENTRY, Desk
from tests.kit.telephones import accept, ask_for_a_manager, reach_operator

PARIS = ZoneInfo("Europe/Paris")
NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)


@pytest.fixture
def supervisor(pages: Any, store: Store) -> Operator:
    store.logins.save(login("ines", "supervisor"))
    made = Operator(pages.test_client())
    made.page_of = "/wall"
    made.sign_in("ines")
    return made


def figure(page: str, name: str) -> str:
    """What is read on the card of one figure."""
    found = re.search(rf'<article [^>]*data-key="{name}">(.*?)</article>', page, re.S)
    assert found, name
    return " ".join(re.sub(r"<[^>]+>", " ", found[1]).split())


def test_a_day_of_calls_is_counted_as_it_was(
    supervisor: Operator, exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    # One reaches an operator, one the right manager, one gives up while an operator is rung.
    reach_operator(caller, desk.phone("OP1"), exchange)
    exchange.wait(10)
    caller.hang_up()
    exchange.wait(120)
    other = exchange.phone("+33155500102")
    ask_for_a_manager(other, exchange)
    accept(desk.phone("MGR1"), exchange)
    exchange.wait(30)
    other.hang_up()
    exchange.wait(120)
    third = exchange.phone("+33155500103")
    third.call(ENTRY)
    third.press("0")
    exchange.wait(9)
    third.hang_up()
    exchange.wait(120)

    page = supervisor.look().page

    assert "50 % answered within 20 s" in figure(page, "service_level")
    assert "(1 ÷ 2)" in figure(page, "service_level")
    assert figure(page, "abandonment").startswith("Abandonment 33 %")
    assert "in the operators' queue 1" in figure(page, "abandonment")
    assert "100 % requests taken by the manager who ranked first" in figure(page, "first_choice")
    assert "No data" in figure(page, "promises")
    assert "(2 ÷ 3)" in figure(page, "zero")
    assert '<td class="number">2</td>' in page  # of the hour: two met somebody


def test_who_waits_shows_at_once(
    supervisor: Operator, exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    assert "Waiting 0 No one is waiting." in supervisor.look().reads
    caller.call(ENTRY)
    caller.press("0")
    exchange.wait(3)

    reads = supervisor.look().reads

    assert "Waiting 1 longest for" in reads
    assert "Operators 1 free 1 busy · 0 away" in reads
    caller.hang_up()
    exchange.wait(60)


def test_a_promise_is_at_risk_before_it_is_overdue(
    supervisor: Operator, exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    for person in ("MGR1", "MGR2", "MGR3", "MGR4"):
        desk.phone(person).will("busy")
    ask_for_a_manager(caller, exchange)
    exchange.wait_until(lambda: "To be called back" in caller.last_heard, at_most=200)
    caller.press("2")
    exchange.wait(2)
    caller.press("1")
    exchange.wait(30)
    assert "Promises 0 at risk 1 promised in all" in supervisor.look().reads

    exchange.wait(1000)
    assert "Promises 1 at risk" in supervisor.look().reads
    exchange.wait(900)
    reads = supervisor.look().reads
    assert "1 overdue" in reads
    assert "0 % called back by the due time" in figure(supervisor.page, "promises")


def test_an_outage_shows_until_it_is_over(supervisor: Operator, desk: Desk) -> None:
    def hear(what: str, **said: object) -> None:
        now = desk.exchange.clock.now()
        desk.hear("C17349013", what, key=what, by="OP1", channel="web", at=now, **said)

    hear("set_emergency", override="production by what the customer says")
    assert "Enterprise Down 1 C17349013" in supervisor.look().reads
    hear("end_emergency", outcome="severity_lowered", reason="a test system")

    assert "Enterprise Down 0 None is open." in supervisor.look().reads
    assert "100 % ended as lowered in severity" in figure(supervisor.page, "unjustified")
    assert "severity lowered 1" in figure(supervisor.page, "unjustified")


def test_the_figures_are_a_table_too(
    supervisor: Operator, exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    reach_operator(caller, desk.phone("OP1"), exchange)
    exchange.wait(10)
    caller.hang_up()
    exchange.wait(120)

    answer = supervisor.client.get("/wall.csv?period=today")
    rows = {row["figure"]: row for row in csv.DictReader(answer.text.splitlines())}

    assert answer.mimetype == "text/csv"
    assert rows["service_level"] == {
        "from": "2026-11-24",
        "to": "2026-11-24",
        "figure": "service_level",
        "value": "1.0",
        "unit": "share",
        "numerator": "1",
        "denominator": "1",
    }
    assert rows["promises"]["value"] == ""
    wrong = supervisor.client.get("/wall.csv?from=yesterday")
    assert (wrong.status_code, wrong.mimetype) == (422, "text/plain")


PERIODS = {
    "": (date(2026, 11, 24), date(2026, 11, 24), ""),
    "period=yesterday": (date(2026, 11, 23), date(2026, 11, 23), ""),
    "period=week": (date(2026, 11, 18), date(2026, 11, 24), ""),
    "from=2026-03-01&to=2026-03-31": (date(2026, 3, 1), date(2026, 3, 31), ""),
    "from=2026-11-20": (date(2026, 11, 20), date(2026, 11, 24), ""),
    "to=2026-11-20": (date(2026, 11, 20), date(2026, 11, 20), ""),
    "period=century": (date(2026, 11, 24), date(2026, 11, 24), "period_unknown"),
    "from=24/11/2026": (date(2026, 11, 24), date(2026, 11, 24), "period_no_date"),
    "from=2026-11-02&to=2026-11-01": (date(2026, 11, 24), date(2026, 11, 24), "period_backwards"),
    "from=2025-01-01&to=2026-11-01": (date(2026, 11, 24), date(2026, 11, 24), "period_too_long"),
    "from=0001-01-01&to=0001-01-02": (date(2026, 11, 24), date(2026, 11, 24), "period_too_long"),
    "from=9999-12-31&to=9999-12-31": (date(2026, 11, 24), date(2026, 11, 24), "period_too_long"),
}


@pytest.mark.parametrize("query", PERIODS)
def test_a_period_is_what_was_asked_for_or_today_with_a_word_why(
    supervisor: Operator, query: str
) -> None:
    first, last, wrong = PERIODS[query]
    asked = dict(each.split("=") for each in query.split("&") if each)

    period = period_of(asked, NOW, PARIS)

    assert (period.first, period.last, period.wrong) == (first, last, wrong)
    supervisor.go(f"/wall?{query}")
    assert ("showing today." in supervisor.reads) == bool(wrong)
    assert supervisor.client.get(f"/wall?{query}").status_code == 200


@given(st.dates(date(1972, 1, 1), date(2100, 1, 1)), st.integers(0, LONGEST - 1))
def test_the_slices_of_a_period_are_some_and_begin_with_it(first: date, length: int) -> None:
    last = date.fromordinal(first.toordinal() + length)
    asked = {"from": first.isoformat(), "to": last.isoformat()}
    period = period_of(asked, NOW, PARIS)
    starts = period.starts()

    assert starts[0] == period.bounds[0]
    assert starts == sorted(set(starts))
    assert starts[-1] < period.bounds[1]
    assert 1 <= len(starts) <= 62


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25)])
def test_a_day_on_which_the_clock_is_put_on_or_back_has_all_its_hours(day: str, hours: int) -> None:
    assert len(period_of({"from": day, "to": day}, NOW, PARIS).starts()) == hours


def test_too_many_calls_are_said_and_not_counted(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    for _ in range(2):
        caller.call(ENTRY)
        exchange.wait(5)
        caller.hang_up()
        exchange.wait(700)
    clock = exchange.clock
    period = period_of({}, clock.now(), PARIS)

    def counted(most: int) -> Counted:
        wall = Wall(desk.services, Shown(desk.services), Words({}), most=most)
        return wall.counted(period)

    assert counted(1).too_many == 2
    assert counted(1).figures == []
    assert counted(2).too_many == 0
    assert len(counted(2).calls) == 2


def test_what_took_long_to_count_is_shown_again_for_a_while(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    seconds = iter([0, 1, 5, 12, 13])  # each asking looks once, and once more when it has counted
    clock = exchange.clock
    shown, words = Shown(desk.services), Words({})
    wall = Wall(desk.services, shown, words, timer=lambda: float(next(seconds)))
    period = period_of({}, clock.now(), PARIS)
    before = wall.counted(period)
    caller.call(ENTRY)
    exchange.wait(5)

    assert wall.counted(period) is before  # 5 seconds on: it took one to count
    assert len(wall.counted(period).calls) == 1
    caller.hang_up()
    exchange.wait(30)


@pytest.mark.parametrize(
    ("seconds", "said"), [(0, "0 s"), (59.4, "59 s"), (60, "1:00"), (3599.6, "1:00:00")]
)
def test_a_length_of_time_is_said_shortly(seconds: float, said: str) -> None:
    assert duration(seconds) == said


# --- the charts ---

SERIES = [Series(key, f"<{key}>", f"s{place}") for place, key in enumerate(HOW, start=1)]


@given(
    st.lists(
        st.fixed_dictionaries({key: st.integers(0, 9_999) for key in HOW}), min_size=1, max_size=60
    )
)
def test_columns_stand_inside_the_picture_and_are_as_high_as_they_count(
    counts: list[dict[str, int]],
) -> None:
    columns = [(f"{place} & more", each) for place, each in enumerate(counts)]
    picture = ElementTree.fromstring(stacked("x", 'A "title"', columns, SERIES))

    assert picture.get("aria-label") == 'A "title"'
    _, _, wide, high = map(float, str(picture.get("viewBox")).split())
    groups = picture.findall("g")
    assert len(groups) == len(columns)
    for group, (_, parts) in zip(groups, columns, strict=True):
        bars = [bar for bar in group.findall("rect") if bar.get("class")]
        assert len(bars) == sum(count > 0 for count in parts.values())
        for bar in group.findall("rect"):
            x, y, w, h = (float(str(bar.get(name))) for name in ("x", "y", "width", "height"))
            assert 0 <= x <= x + w <= wide
            assert 0 <= y <= y + h <= high


@given(st.integers(0, 10**7))
def test_an_axis_ends_with_a_round_number_above_all(most: int) -> None:
    top = top_of(most)

    assert top >= most
    assert top <= max(4, 2.5 * most)
    assert re.fullmatch(r"(4|10|20)0*", str(top))


def test_bars_say_their_words_and_numbers() -> None:
    picture = ElementTree.fromstring(lying("x", "Stages", [("in <the> queue", 3), ("menu", 0)]))

    assert [text.text for text in picture.iter("text")] == ["in <the> queue", "3", "menu", "0"]
    assert len([bar for bar in picture.iter("rect") if bar.get("class")]) == 1
