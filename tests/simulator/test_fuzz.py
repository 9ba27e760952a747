"""Callers who try to get lost: planted bugs are found, in the shortest call, and nothing else."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any

import pytest

from ivr.cli.fuzzing import Report
from ivr.cli.main import main
from ivr.cli.options import NetworkOptions
from ivr.simulator import AgentSession, Exchange
from ivr.simulator.dialogues import parse, play
from ivr.simulator.expectations.phones import Phone
from ivr.simulator.expectations.syntax import phrase
from ivr.simulator.fuzz import Rules, Stranded, Tried, fuzz
from tests.kit.commands import ivr
from tests.kit.small_apps import LINE, Answer, app, served
from tests.kit.twiml_app import App as TwiMLApp

NETWORK = NetworkOptions(0, 1, None, None, 0, "kept", ())
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
        exchange.mount("https://down.test", "http://127.0.0.1:1")  # where nothing listens
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


@pytest.mark.parametrize("bug", [each for each in PLANTED if "whisper" not in each])
def test_the_call_passes_once_the_application_is_corrected(bug: str) -> None:
    """Whatever it says instead."""
    routes, _, acts = PLANTED[bug]
    [stranded] = lost(routes)
    mended = dict.fromkeys(routes, "<Say>We can help you with that.</Say><Hangup/>")
    if bug == "a menu that never gives up":  # what was heard before the trouble is expected
        mended["/voice"] = "<Gather numDigits='1'><Say>Press.</Say></Gather><Say>Goodbye.</Say>"
    if len(acts) > 1:
        mended["/voice"] = routes["/voice"]
    if len(acts) > 2:
        mended["/first"] = routes["/first"]

    assert again(mended, stranded) == ""


# ---- which callers would meet it

MENTIONED = "<Gather numDigits='1' action='/key'><Say>{}</Say></Gather><Say>Goodbye.</Say>"
BREAKS = {"/key": "<Oops", "/end": "<Hangup/>"}
DIALS = {"/voice": "<Dial action='/after'>+33155500011</Dial>"}
MEETS: dict[str, tuple[Routes, str]] = {
    "everyone": ({"/voice": "<Oops"}, "Every caller meets this."),
    "who does what they are told": (
        {"/voice": MENTIONED.format("For sales, press 0."), **BREAKS},
        "Callers who press 0 meet this.",
    ),
    "in words": (
        {"/voice": MENTIONED.format("For sales, press zero."), **BREAKS},
        "Callers who press 0 meet this.",
    ),
    "who makes a mistake": (
        {"/voice": MENTIONED.format("For sales, press 10."), **BREAKS},
        "Only callers who press 0 (a key that no prompt mentions) meet this.",
    ),
    "who hears a number that is no key": (
        {"/voice": MENTIONED.format("One moment. Press one key."), **BREAKS},
        "Only callers who press 0 (a key that no prompt mentions) meet this.",
    ),
    "who does what they are told, or makes a mistake": (
        {"/voice": MENTIONED.format("For sales, press 7."), **BREAKS},
        "Callers who press 7 meet this.",
    ),
    "who does nothing": (
        {"/voice": "<Say>Hello.</Say><Pause length='100'/>"},
        "Callers who do nothing for 60 s meet this.",
    ),
    "when somebody is busy": (
        {**DIALS, "/after": lambda f: "<Oops" if f["DialCallStatus"] == "busy" else "<Hangup/>"},
        "Every caller meets this when +33155500011 is busy.",
    ),
    "whose recording is silent": (
        {"/voice": "<Record action='/saved'/><Hangup/>", "/saved": "<Oops"},
        "Every caller meets this. It needs an account whose silent recordings are kept.",
    ),
    "while nothing answers": (
        {"/voice": "<Redirect>https://down.test/voice</Redirect>"},
        "Callers meet this only while the application doesn't answer: check whether it is running, "
        "and how long it takes.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("whom", MEETS)
def test_it_says_which_callers_meet_it(whom: str) -> None:
    routes, who = MEETS[whom]

    stranded = lost(routes, calls=15)[0]

    assert stranded.who == who
    assert f"# {who}\n" in stranded.dialogue


# "silent recordings" is a setting of the account: the dialogue carries the one that it needs.
@pytest.mark.parametrize("setting", ["kept", "dropped"])
def test_a_problem_with_silent_recordings_is_played_again_with_the_same_setting(
    setting: str,
) -> None:
    broken, right = "<Oops", "<Hangup/>"
    after = {"kept": (broken, right), "dropped": (right, broken)}[setting]
    routes: Routes = {
        "/voice": "<Record action='/saved'/><Redirect>/next</Redirect>",
        "/saved": after[0],
        "/next": after[1],
    }

    def network() -> Exchange:
        exchange = Exchange(seed=1)
        exchange.silent_recordings = setting
        exchange.number(LINE, app(routes), "/voice")
        return exchange

    [stranded] = fuzz(network, LINE, calls=15)

    assert stranded.who.endswith(f"an account whose silent recordings are {setting}.")
    assert parse(stranded.dialogue).silent_recordings == setting


def test_an_application_that_changes_its_mind_is_said_to() -> None:
    calls = iter(range(10**6))

    def voice(_fields: dict[str, str]) -> str:
        return "<Oops" if next(calls) == 3 else "<Say>Hello.</Say>"

    [stranded] = lost({"/voice": voice}, calls=15)

    assert stranded.who.endswith("The same call went well when it was made again.")


# ---- how long it takes


# An application that takes a second for each request. In the middle of a call, too.
@pytest.mark.parametrize("seconds", [1, 7, 60])
def test_a_search_ends_within_its_time(seconds: int) -> None:
    now = 0.0

    def slowly(_fields: dict[str, str]) -> str:
        nonlocal now
        now += 1
        return MENU

    told: list[Tried] = []
    lost({"/voice": slowly, "/first": slowly}, seconds=seconds, clock=lambda: now,
         progress=told.append)  # fmt: skip

    assert now == seconds
    assert told[-1].webhooks == seconds
    assert not told[-1].in_time


def test_what_was_found_before_the_time_was_up_is_told() -> None:
    requests = 0

    def first(_fields: dict[str, str]) -> str:
        nonlocal requests
        requests += 1
        return "<Oops"

    found = lost({"/voice": MENU, "/first": first}, seconds=3, clock=lambda: float(requests))

    assert [each.code for each in found] == [12100]


def test_what_was_tried_is_counted() -> None:
    told: list[Tried] = []
    lost(RIGHT, calls=300, progress=told.append)

    tried = told[-1]
    assert (tried.found, tried.all_keys, tried.in_time) == (0, True, True)
    assert tried.places >= 8
    assert tried.webhooks > tried.calls > 60


# ---- the command


def test_a_terminal_gets_a_progress_bar_and_a_pipe_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    report = Report("http://line.test/", NETWORK, 60, tmp_path, quiet=False)
    with report.running():
        report.progress(Tried(calls=1, webhooks=2, places=1))
    assert capsys.readouterr() == ("", "")

    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    with report.running():
        report.progress(Tried(calls=1, webhooks=2, places=1))
    assert "1 call, 2 webhooks, 1 step of the application" in capsys.readouterr().err


def test_ctrl_c_ends_the_search_with_what_was_found(tmp_path: Path) -> None:
    report = Report("http://line.test/", NETWORK, 60, tmp_path, quiet=True)
    with report.running():
        report.found(lost(PLANTED["a document that isn't one"][0])[0])
        raise KeyboardInterrupt

    assert report.summary().startswith("stopped by Ctrl-C: 0 calls")
    assert "1 problem found" in report.summary()


def test_pytest_doesnt_collect_what_it_saved(pytester: pytest.Pytester, broken: str) -> None:
    done = ivr("fuzz", broken, "--calls", "30", "--rest-port", "0")
    assert done.exit_code == 1

    [folder] = [each for each in pytester.path.iterdir() if list(each.glob("*.call"))]
    assert folder.name == ".ivr-fuzz"
    assert (
        pytester.runpytest_inprocess("-p", "no:benchmark").ret == pytest.ExitCode.NO_TESTS_COLLECTED
    )


@pytest.fixture(scope="module")
def broken() -> Any:
    with served(app(PLANTED["an error after two keys"][0])) as origin:
        yield f"{origin}/voice"


def test_the_command_writes_the_call_which_ivr_replay_plays(broken: str, tmp_path: Path) -> None:
    done = ivr("fuzz", broken, "--calls", "30", "--rest-port", "0", "--save", tmp_path / "lost",
               "--junit", tmp_path / "lost.xml")  # fmt: skip

    assert done.exit_code == 1, done.output
    assert "The caller did: call, press 1, press 9" in done.output
    assert "press 9 (a key that no prompt mentions) meet this." in done.output
    [file] = (tmp_path / "lost").iterdir()
    assert file.name == "error-11200-second.call"
    assert "> press 1\n< And another.\n> press 9\n" in file.read_text(encoding="utf-8")
    assert 'failures="1"' in (tmp_path / "lost.xml").read_text(encoding="utf-8")

    [command] = re.findall(r"Play it again: ivr (.*)", done.output)
    played = ivr(*shlex.split(command), "--rest-port", "0")
    assert played.exit_code == 1
    assert "11200" in played.output

    again = ivr("fuzz", broken, "--calls", "30", "--rest-port", "0", "--save", tmp_path / "lost")
    assert f"KNOWN   {file}  error: 11200" in again.output
    assert "The caller did" not in again.output
    assert list((tmp_path / "lost").iterdir()) == [file]


def test_nobody_stranded_is_exit_code_0(tmp_path: Path) -> None:
    with served(app(RIGHT)) as origin:
        options = ("--calls", "20", "--rest-port", "0", "--save", tmp_path / "lost")
        done = ivr("fuzz", f"{origin}/voice", *options)
        told = ivr("fuzz", f"{origin}/voice", *options, "--json")

    assert done.exit_code == 0
    assert re.search(r"^\d+ calls, \d+ webhooks, 8 steps of the application$", done.output, re.M)
    assert done.output.endswith("no caller was stranded\n")
    result = json.loads(told.output)
    assert (result["passed"], result["failed"], result["calls"]) == (0, 0, [])
    assert result["tried"]["places"] == 8
    assert result["tried"]["in_time"]
    assert not (tmp_path / "lost").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("http://127.0.0.1:1/voice",), 3, "nothing listens"),
        (("http://127.0.0.1:1/voice", "--keys", "abc"), 2, "characters other than 0-9, * and #"),
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
    assert done.output.endswith("which isn't installed: pip install hypothesis\n")
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


def test_a_caller_who_waits_for_a_worker_is_not_stranded() -> None:
    """The worker's phone is one that the test doesn't describe: it answers, is busy, or rings."""
    workflow = "WW0123456789abcdef0123456789abcdef"
    line = TwiMLApp(
        {
            "/voice": f"<Response><Enqueue workflowSid='{workflow}' action='/after'/></Response>",
            "/after": "<Response><Say>Goodbye.</Say></Response>",
        },
        {
            "/assignment": (
                "200 OK",
                [("Content-Type", "application/json")],
                b'{"instruction": "dequeue"}',
            )
        },
    )

    def network() -> Exchange:
        exchange = Exchange(seed=1)
        exchange.number(LINE, line, "/voice")
        exchange.workflow("https://line.test/assignment", sid=workflow)
        exchange.worker("Alice", contact_uri="+33155500011")
        return exchange

    assert fuzz(network, LINE, calls=20) == []
