"""Callers who try to get lost: planted bugs are found, in the shortest call, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any

import pytest

from ivr.cli.main import main
from ivr.simulator import AgentSession, Exchange
from ivr.simulator.dialogues import parse, play
from ivr.simulator.expectations.phones import Phone
from ivr.simulator.expectations.syntax import phrase
from ivr.simulator.fuzz import Rules, Stranded, fuzz
from tests.kit.commands import ivr
from tests.kit.small_apps import LINE, Answer, app, served

MENU = "<Gather numDigits='1' action='/first'><Say>Press one key.</Say></Gather><Say>Goodbye.</Say>"
SECOND = "<Gather numDigits='1' action='/second'><Say>And another.</Say></Gather>"


def fails_after_1_and_9(fields: dict[str, str]) -> str:
    if fields["Digits"] == "9":
        raise RuntimeError("nine")
    return "<Say>Thank you.</Say>"


def silent(fields: dict[str, str]) -> str:
    if fields["Digits"] == "3":
        return "<Dial><Number>+33155500011</Number></Dial><Pause length='3600'/>"
    return "<Say>Thank you.</Say>"


def whispered(fields: dict[str, str]) -> str:
    """Whoever is rung and presses 1 breaks it."""
    return "<Hangup/>" if fields.get("Digits") != "1" else "<Oops"


def spoken(fields: dict[str, str]) -> str:
    if fields.get("SpeechResult") == "help":
        return "<Redirect>/nowhere</Redirect>"
    return "<Say>Thank you.</Say>"


Routes = Mapping[str, Answer]
RIGHT: Routes = {
    "/voice": MENU,
    "/first": lambda f: SECOND if f["Digits"] == "1" else "<Say>Thank you.</Say>",
    "/second": "<Say>Thank you.</Say>",
}
PLANTED: dict[str, tuple[Routes, tuple[Any, ...], list[str]]] = {
    "an error after two keys": (
        {**RIGHT, "/second": fails_after_1_and_9},
        ("error", 11200, "/second"),
        ["call", "press 1", "press 9"],
    ),
    "a menu that never gives up": (
        {"/voice": "<Gather numDigits='1' action='/end'><Say>Press.</Say></Gather>"
         "<Redirect/>", "/end": "<Hangup/>"},
        ("loop", 0, "/voice"),
        ["call"],
    ),
    "two documents that lead to each other": (
        {**RIGHT, "/second": "<Redirect>/third</Redirect>",
         "/third": "<Redirect>/second</Redirect>"},
        ("loop", 0, "/third"),
        ["call", "press 1", "press 0"],
    ),
    "a dial that fails, and then nothing": (
        {"/voice": MENU, "/first": silent},
        ("silence", 0, "/first"),
        ["call", "press 3"],
    ),
    "a document that isn't one": (
        {"/voice": MENU, "/first": "<Say>Tom & Jerry</Say>"},
        ("error", 12100, "/first"),
        ["call", "press 0"],
    ),
    "a word that leads nowhere": (
        {"/voice": "<Gather input='speech' speechTimeout='auto' action='/said'/>", "/said": spoken},
        ("error", 11200, "/nowhere"),
        ["call", 'say "help"'],
    ),
    "a whisper that breaks when it is accepted": (
        {
            "/voice": "<Dial><Number url='/whisper'>+33155500011</Number></Dial><Say>Bye.</Say>",
            "/whisper": "<Gather numDigits='1' action='/accept'><Say>A call.</Say></Gather>",
            "/accept": whispered,
        },
        ("error", 12100, "/accept"),
        ["call"],
    ),
}  # fmt: skip


def lost(routes: Routes, **options: Any) -> list[Stranded]:
    """Those who are stranded, in process."""
    application = app(routes)

    def network() -> Exchange:
        exchange = Exchange(seed=1)
        exchange.number(LINE, application, "/voice")
        return exchange

    return fuzz(network, LINE, **{"calls": 60, **options})


def again(routes: Routes, stranded: Stranded) -> str:
    """What is wrong when the call is played again; "" if nothing is."""
    exchange = Exchange(seed=1)
    exchange.number(LINE, app(routes), "/voice")
    try:
        play(parse(stranded.dialogue, "lost.call"), exchange)
        exchange.strict()
    except AssertionError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("bug", [each for each in PLANTED if "whisper" not in each])
def test_a_planted_bug_is_found_in_the_shortest_call_which_fails_again(bug: str) -> None:
    routes, (kind, code, path), acts = PLANTED[bug]

    [stranded] = lost(routes)

    assert (stranded.kind, stranded.code, stranded.where) == (
        kind,
        code,
        f"https://line.test{path}",
    )
    assert [phrase(act) for act in stranded.acts] == acts
    wrong = again(routes, stranded)
    if kind == "error":
        assert str(code) in wrong
    else:
        assert "(hung up)" in wrong or "simulator limit" in wrong


# What people who are rung do is drawn as well: answer, press, be busy, decline …
def test_what_people_do_who_are_rung_is_tried_too() -> None:
    routes, (kind, code, path), _ = PLANTED["a whisper that breaks when it is accepted"]

    [stranded] = lost(routes)

    assert (stranded.kind, stranded.code, stranded.where) == (
        kind,
        code,
        f"https://line.test{path}",
    )
    assert "phone person1 +33155500011 answers after 2 press 1" in stranded.dialogue
    assert str(stranded.code) in again(routes, stranded)


def test_nobody_is_stranded_in_a_line_that_is_right() -> None:
    assert lost(RIGHT, calls=100) == []


@pytest.mark.parametrize(
    "voice",
    [
        "<Enqueue>support</Enqueue>",  # music, until somebody comes
        "<Dial><Conference>room</Conference></Dial>",
        "<Dial timeout='600'><Number>+33155500011</Number></Dial>",
        f"<Say>{'A long story. ' * 280}</Say>",
        "<Record timeout='5' action='/end'/>",
        "<Gather timeout='120' numDigits='1' action='/end'/>",  # it listens for a long time
        "<Reject/>",
        "<Echo/>",
    ],
)
def test_who_waits_or_listens_isnt_stranded(voice: str) -> None:
    assert lost({"/voice": voice, "/end": "<Hangup/>"}, calls=15) == []


def test_what_callers_know_and_who_they_reach_can_be_told_to_it() -> None:
    routes: Routes = {
        "/voice": "<Gather finishOnKey='#' action='/case'><Say>Your case?</Say></Gather>",
        "/case": lambda f: (
            "<Dial action='/after'><Number>+33155500011</Number></Dial>"
            if f["Digits"] == "17349013"
            else "<Say>Unknown.</Say>"
        ),
        "/after": lambda f: "<Say>x</Say>" if f["DialCallStatus"] != "busy" else "<Oops",
    }
    busy = Phone(0, "paul", "+33155500011", "busy")
    assert lost(routes, phones=[busy]) == []

    [stranded] = lost(routes, phones=[busy], rules=Rules(entries=("17349013#",)))

    assert [phrase(act) for act in stranded.acts] == ["call", "press 17349013#"]
    assert "phone paul +33155500011 busy" in stranded.dialogue


def test_warnings_count_where_that_is_asked_for() -> None:
    routes: Routes = {"/voice": "<Say fromState='x'>Hello.</Say>"}

    assert lost(routes) == []
    assert [each.code for each in lost(routes, rules=Rules(warnings=True))] == [12200]


def test_the_same_seed_gives_the_same_bytes() -> None:
    routes = dict(PLANTED["an error after two keys"][0], **{"/first": lambda f: SECOND})

    assert lost(routes, seed=5) == lost(routes, seed=5)


def test_several_troubles_are_told_one_by_one_and_no_more_than_asked_for() -> None:
    def first(fields: dict[str, str]) -> str:
        return f"<Redirect>/missing{fields['Digits']}</Redirect>"

    told: list[Stranded] = []
    found = lost({"/voice": MENU, "/first": first}, most=3, found=told.append)

    assert [each.where[-1] for each in found] == ["0", "1", "2"]
    assert told == found


# An application that isn't the same for the same call can't be shrunk; it is told all the same.
def test_an_application_that_changes_its_mind_is_found_out() -> None:
    calls = iter(range(10**6))

    def voice(_fields: dict[str, str]) -> str:
        return "<Oops" if next(calls) % 7 == 3 else "<Say>Hello.</Say>"

    assert [each.code for each in lost({"/voice": voice})] == [12100]


# ---- the command


@pytest.fixture(scope="module")
def broken() -> Any:
    with served(app(PLANTED["an error after two keys"][0])) as origin:
        yield f"{origin}/voice"


def test_the_command_writes_the_call_which_ivr_replay_plays(broken: str, tmp_path: Path) -> None:
    done = ivr("fuzz", broken, "--calls", "30", "--rest-port", "0", "--save", tmp_path / "lost",
               "--junit", tmp_path / "lost.xml")  # fmt: skip

    assert done.exit_code == 1, done.output
    assert "the caller did: call, press 1, press 9" in done.output
    [file] = (tmp_path / "lost").iterdir()
    assert file.name == "01-error-second.call"
    assert "> press 1\n< And another.\n> press 9\n" in file.read_text(encoding="utf-8")
    assert 'failures="1"' in (tmp_path / "lost.xml").read_text(encoding="utf-8")

    played = ivr("replay", file, "--url", broken, "--rate", "0", "--rest-port", "0")
    assert played.exit_code == 1
    assert "11200" in played.output


def test_nobody_stranded_is_exit_code_0(tmp_path: Path) -> None:
    with served(app(RIGHT)) as origin:
        options = ("--calls", "20", "--rest-port", "0", "--save", tmp_path / "lost")
        done = ivr("fuzz", f"{origin}/voice", *options)
        told = ivr("fuzz", f"{origin}/voice", *options, "--json")

    assert (done.exit_code, done.output) == (0, "no caller was stranded\n")
    assert json.loads(told.output) == {"passed": 0, "failed": 0, "calls": []}
    assert not (tmp_path / "lost").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("http://127.0.0.1:1/voice",), 3, "nothing answers"),
        (("http://127.0.0.1:1/voice", "--keys", "abc"), 2, "other characters than 0-9, * and #"),
        (("nonsense",), 2, "isn't a URL"),
    ],
)
def test_wrong_usage_is_said(arguments: tuple[str, ...], code: int, says: str) -> None:
    done = ivr("fuzz", *arguments)

    assert done.exit_code == code
    assert says in done.output


def test_without_hypothesis_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "hypothesis", None)
    with served(app(RIGHT)) as origin:
        done = ivr("fuzz", f"{origin}/voice", "--calls", "1", "--rest-port", "0")

    assert done.exit_code == 3
    assert "pip install 'ivr-simulator[fuzz]'" in done.output
    assert "fuzz" in main.commands


def test_callers_meet_virtual_agents_and_rooms() -> None:
    """A caller who talks to an agent or is in a room isn't stranded; whoever it loses is."""
    agent = "<Connect action='/after'><VirtualAgent connectorName='owl'/></Connect>"
    routes: Routes = {
        "/voice": "<Gather numDigits='1' action='/first'><Say>Press 1 or 2.</Say></Gather>",
        "/first": lambda f: (
            agent
            if f["Digits"] == "1"
            else "<Connect><Room>Standup</Room></Connect><Say>Bye.</Say>"
        ),
        "/after": lambda f: (
            "<Redirect>/nowhere</Redirect>"
            if f["VirtualAgentStatus"] == "live-agent-handoff"
            else "<Say>Thank you.</Say>"
        ),
    }

    def owl(session: AgentSession) -> Generator[str, str, None]:
        if "help" in (yield "How can I help?"):
            session.hand_off()

    def network() -> Exchange:
        exchange = Exchange(seed=1)
        exchange.number(LINE, app(routes), "/voice")
        exchange.virtual_agent("owl", owl)
        exchange.phone("client:bob").join("Standup")
        return exchange

    (stranded,) = fuzz(network, LINE, calls=60)

    assert (stranded.kind, stranded.code) == ("error", 11200)
    assert [phrase(act) for act in stranded.acts] == ["call", "press 1", 'say "help"']
