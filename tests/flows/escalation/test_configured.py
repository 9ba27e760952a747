"""The line with other levels and severities than the sample's: what it says is recorded, is."""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from ivr.line.definition import Line
from ivr.line.desk.levels import TARGETS, WISHES
from ivr.line.store.store import Store
from ivr.simulator import Exchange, Handset
from tests.kit.configured import SAMPLE, configured, levels, named, severities
from tests.kit.desk import CALLER, ENTRY, Desk, mount
from tests.kit.emergencies import emergency
from tests.kit.telephones import (
    CASE,
    accept,
    free,
    keyed,
    nobody_rings,
    operator_menu,
    reach_operator,
    said_to,
)

NUMBER = "C17349013"
THREE = [
    {"code": "L1", "target": "manager", "due": [30, 60], "names": named("team lead")},
    {"code": "L2", "target": "second_level", "due": [15, 15], "requires": "L1"},
    {"code": "L3", "target": "second_level", "due": [5, 5], "requires": "L2"},
]
ONE = [{"code": "boss", "target": "manager", "due": [30, 60], "informs": ["owner"]}]
FOUR = {
    "0": {"names": named("Wish"), "self_service": True},
    "1": {"names": named("Halt"), "emergency": True},
    "2": {"names": named("Bad")},
    "3": {"names": named("Internal"), "self_service": False},
    "12": {"names": named("Tiny")},
}


@pytest.fixture
def text() -> str:
    return SAMPLE


@pytest.fixture
def escalation(text: str, tmp_path: Path) -> Line:
    """In place of the sample line, for the fixtures that put a line on the network."""
    return configured(tmp_path, text)


def wish(caller: Handset, exchange: Exchange, *keys: str) -> None:
    """From the first ring to the wish."""
    caller.call(ENTRY)
    keyed(caller, exchange, "2", "1", f"{CASE}#", "1", *keys)


def finish(caller: Handset, exchange: Exchange) -> None:
    caller.hang_up()
    exchange.wait(700)  # nobody is left alone any more who hasn't answered


# --- three levels ---


@pytest.mark.parametrize("text", [levels(THREE)])
def test_three_levels_are_asked_for_one_after_another(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    wish(caller, exchange, "2")
    assert caller.last_heard.startswith("I am looking for a support manager")
    manager, director = desk.phone("MGR1"), desk.phone("DIR1")
    accept(manager, exchange)
    exchange.wait(22)
    assert said_to(manager)[0].startswith("Acme support. Une escalade, team lead fr, en anglais.")
    finish(caller, exchange)
    for level in ("L2", "L3"):
        wish(caller, exchange, "3")
        assert caller.last_heard.startswith("I am looking for a support manager")
        accept(director, exchange)
        exchange.wait(22)
        assert any(f"Une escalade, {level}, en anglais." in each for each in said_to(director))
        finish(caller, exchange)

    stands = desk.file(NUMBER)["levels"]
    assert {code: each["accepted_by"] for code, each in stands.items()} == {
        "L1": "MGR1",
        "L2": "DIR1",
        "L3": "DIR1",
    }
    assert [each.level for each in desk.store.case_files.escalations(NUMBER)] == ["L1", "L2", "L3"]
    wish(caller, exchange, "3")
    assert desk.file(NUMBER)["levels"]["L3"]["count"] == 2  # there is none above
    finish(caller, exchange)
    assert free(desk)


@pytest.mark.parametrize("text", [levels(THREE)])
def test_the_operator_asks_for_the_level_whose_turn_it_is(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    """Key 5 and 1 of the operator's menu; a level whose turn hasn't come needs a reason."""
    operator, director = desk.phone("OP1"), desk.phone("DIR1")
    reach_operator(caller, operator, exchange)
    operator_menu(operator, exchange, "1", f"{CASE}#")
    exchange.wait(12)
    keyed(operator, exchange, "5")
    exchange.wait(2)
    keyed(operator, exchange, "1")
    exchange.wait(2)
    assert "The previous level" in operator.last_heard or "niveau précédent" in operator.last_heard
    keyed(operator, exchange, "3")
    accept(director, exchange)
    exchange.wait(22)

    assert desk.file(NUMBER)["levels"]["L2"]["override"] == "the customer insists"
    assert desk.file(NUMBER)["levels"]["L2"]["accepted_by"] == "DIR1"
    finish(caller, exchange)


@pytest.mark.parametrize("text", [levels(THREE)])
def test_a_caller_with_a_pin_hears_the_levels_name(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    desk.hear(NUMBER, "escalate", key="a", by="caller", channel="phone", level="L1")
    wish(caller, exchange, "5", "482913#")
    exchange.wait(12)

    assert any("team lead en" in each for each in said_to(caller))
    finish(caller, exchange)


# --- a single one ---


@pytest.mark.parametrize("text", [levels(ONE)])
def test_with_one_level_nobody_is_offered_a_next_one(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    wish(caller, exchange)
    exchange.wait(15)
    menu = said_to(caller)[-2:]
    assert menu[0].endswith("a manager, 2.")
    assert "4." in menu[1]
    assert not any("3." in each for each in menu)
    keyed(caller, exchange, "3")
    exchange.wait(2)
    assert "I didn't understand that." in said_to(caller)[-2:]
    keyed(caller, exchange, "2")
    assert caller.last_heard.startswith("I am looking for a support manager")
    accept(desk.phone("MGR1"), exchange)
    exchange.wait(22)

    assert desk.file(NUMBER)["levels"]["boss"]["accepted_by"] == "MGR1"
    assert desk.notices("escalation") == {"MGR1", "ENG1"}
    finish(caller, exchange)

    operator = desk.phone("OP1")
    reach_operator(caller, operator, exchange)
    operator_menu(operator, exchange, "5")
    exchange.wait(2)
    assert "tapez 2" in operator.last_heard
    assert "tapez 1" not in operator.last_heard
    finish(caller, exchange)
    assert free(desk)


# --- other severities ---


@pytest.mark.parametrize("text", [severities(FOUR)])
def test_other_severities_are_announced_wished_for_and_told(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    """By their codes where these are keys, else by a free one; never Enterprise Down."""
    wish(caller, exchange, "4")
    assert caller.last_heard.endswith("? Wish en, press 1. Bad en, press 2. Tiny en, press 3.")
    keyed(caller, exchange, "3")
    exchange.wait(8)
    caller.say("It is only a little thing.")
    exchange.wait(9)

    assert caller.last_heard.startswith("Your request is recorded")
    assert desk.file(NUMBER)["wish"]["severity"] == 12
    assert desk.notices("severity_wish") == {"ENG1"}
    finish(caller, exchange)


@pytest.mark.parametrize("text", [severities(FOUR)])
def test_the_operator_sets_one_that_callers_cannot_wish_for(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    operator = desk.phone("OP1")
    reach_operator(caller, operator, exchange)
    operator_menu(operator, exchange, "1", f"{CASE}#")
    exchange.wait(12)
    keyed(operator, exchange, "5")
    exchange.wait(1)
    keyed(operator, exchange, "3")
    exchange.wait(1)
    assert "Internal fr, tapez 3. Tiny fr, tapez 4." in operator.last_heard
    keyed(operator, exchange, "3")
    exchange.wait(1)
    keyed(operator, exchange, "2")
    exchange.wait(3)

    assert desk.file(NUMBER)["severity"]["severity"] == 3
    finish(caller, exchange)


@pytest.mark.parametrize("text", [severities(FOUR)])
def test_enterprise_down_is_the_severity_that_says_so(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    emergency(caller, exchange)
    operator = desk.phone("OP1")
    accept(operator, exchange)
    exchange.wait(12)
    assert said_to(operator)[0].startswith("Acme support. Halt fr, en anglais.")
    finish(caller, exchange)
    given = {"by": "DIR1", "channel": "web"}
    desk.hear(NUMBER, "set_emergency", key="set", override="because", **given)

    assert desk.file(NUMBER)["severity"]["severity"] == 1
    assert "Halt en declared by the customer" in [
        note.text for note in desk.store.case_files.notes(NUMBER)
    ]
    desk.hear(NUMBER, "end_emergency", key="end", outcome="restored", reason="ok", **given)
    assert desk.file(NUMBER)["severity"]["severity"] == 2  # as it was before
    nobody_rings(desk)


# --- any ---

Ladder = tuple[tuple[str, str], ...]

CODES = st.from_regex(r"[A-Za-z][A-Za-z0-9 ]{0,5}", fullmatch=True).filter(
    lambda code: code.strip() == code and code not in WISHES
)
LEVELS = st.lists(CODES, min_size=1, max_size=4, unique=True).flatmap(
    lambda codes: st.tuples(*(st.tuples(st.just(code), st.sampled_from(TARGETS)) for code in codes))
)
SEVERITIES = st.lists(st.integers(0, 99), min_size=2, max_size=9, unique=True)


def any_line(folder: Path, ladder: Ladder, scale: list[int], place: int) -> Line:
    """Levels that require one another, and a scale of which one severity is Enterprise Down."""
    codes = ["", *(code for code, _ in ladder)]
    rows = [
        {"code": code, "target": target, "due": [30, 60], "requires": before}
        for before, (code, target) in zip(codes, ladder, strict=False)
    ]
    down = scale[place % len(scale)]
    kinds = {str(code): {"names": named(f"N{code}"), "emergency": code == down} for code in scale}
    return configured(folder, severities(kinds, levels(rows)))


@settings(max_examples=6, derandomize=True, deadline=None, phases=[Phase.generate])
@given(
    ladder=LEVELS,
    scale=SEVERITIES,
    down=st.integers(0, 8),
    choice=st.integers(0, 8),
    asked=st.lists(st.sampled_from(["2", "3"]), min_size=1, max_size=3),
)
def test_what_is_said_to_be_recorded_is_recorded(
    sample_database: Path,
    ladder: Ladder,
    scale: list[int],
    down: int,
    choice: int,
    asked: list[str],
) -> None:
    with TemporaryDirectory() as folder:
        shutil.copy(sample_database, Path(folder) / "ivr.db")
        store = Store(f"sqlite:///{folder}/ivr.db")
        line = any_line(Path(folder), ladder, scale, down)
        exchange = Exchange(seed=1)
        desk = mount(exchange, store, line)
        caller = exchange.phone(CALLER)
        for key in asked:
            before, requests = len(caller.heard), asked_for(desk)
            wish(caller, exchange, key)
            exchange.wait(1)
            if any("Your request is recorded" in each for each in said_to(caller)[before:]):
                [wished] = desk.told(caller, "menu.wish")
                assert wished["wish"] in dict(ladder)
                assert asked_for(desk) == requests + 1 or hunted(desk, caller) == {"operator"}
            finish(caller, exchange)
        assert {code for code, _ in ladder} >= desk.file(NUMBER).get("levels", {}).keys()

        keys = line.config.keys(wished=True)
        key = list(keys)[choice % len(keys)]
        wish(caller, exchange, "4", key)
        exchange.wait(8)
        caller.say("It is worse than it was.")
        exchange.wait(9)
        assert caller.last_heard.startswith("Your request is recorded")
        assert str(desk.file(NUMBER)["wish"]["severity"]) == keys[key].code
        store.close()


def asked_for(desk: Desk) -> int:
    """How often any level was asked for: each counts, and so does asking again."""
    return sum(each["count"] for each in desk.file(NUMBER).get("levels", {}).values())


def hunted(desk: Desk, caller: Handset) -> set[str]:
    """For what people were rung on a call."""
    return {each["reason"] for each in desk.told(caller, "dial.started")}
