"""Every flow of the line: each step, each outcome, each language; and what a wrong table says."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from msgspec import convert

from flows.escalation import line
from ivr.line.definition import Line
from ivr.line.errors import FlowError
from ivr.line.flow.conversation import AnyConversation, Go, keys, outcome
from ivr.line.flow.flow import Flow
from ivr.line.flow.orders import Escalate, StartHunt
from ivr.line.flow.prompts import Prompts
from ivr.line.flow.steps import Branch, Goodbye, LookUp, Menu
from ivr.line.values import (
    CallBack,
    CalledNumber,
    Caller,
    CallerValues,
    CallValues,
    CaseOnCall,
    CaseStatus,
    Conditions,
    Dialled,
    Emergency,
    FoundCase,
    HuntView,
    LegValues,
    PersonValues,
    Promise,
    Ranked,
    Resumed,
    ResumedValues,
    Rung,
)
from ivr.twiml.reading import parse
from tests.kit.prompts import PROMPTS_FILE

LINE = line()
FLOWS = {"caller": LINE.caller, "person": LINE.person}
VALUES = {
    "here": "/x",
    "room": "r",
    "room_here": "/room",
    "leg": "/leg",
    "phone": "+33155500011",
    "line_number": "+1",
}
RANKED = {"person": "MGR1", "name": "Paul", "phone": "+33155500011", "languages": ["fr"]}
RANKED |= {"reason": "owners_manager", "detail": "", "skipped": ""}


def conversation(flow: Flow, step: str, language: str) -> AnyConversation:
    """Somebody in the middle of a call, at this step."""
    known: dict[str, Any] = {
        "person": "OP1",
        "readings": ["17349013", "7349013"],
        "count": 4,
        "severity": 1,
        "callback_number": "+33155500101",
    }
    own: LegValues
    if flow is LINE.caller:
        own = CallerValues(
            **known, reading="+33155500101", users=1200, affected=950, hours=2, minutes=30
        )
    else:
        own = PersonValues(
            **known,
            hunt="operator",
            operator=True,
            title="Acme",
            level="M1",
            call_language="fr",
            conditions=Conditions("no", ["contract"]),
            why="a deadline",
        )
    talk = flow.begin(language, values(), own)
    talk.state = step
    return talk


def values() -> CallValues:
    """A call of which everything is known."""
    spoken = datetime(2026, 11, 24, 9, 45, tzinfo=UTC)
    answers: dict[str, int | str] = {"purpose": 2, "users": 1200, "affected": 950, "down_for": 150}
    resumed = Resumed("en", ResumedValues(left_at="wish"), CallerValues())
    return CallValues(
        sid="CA1",
        called=CalledNumber(["fr", "en"], {"fr": "fr", "en": "en"}, "Europe/Paris", country="FR"),
        caller=Caller("+33155500101", staff="MGR1", status_until=spoken, resume=resumed),
        case=CaseOnCall(
            keyed="17349013",
            record=FoundCase(status="open", severity=2, account="Helio"),
            status=CaseStatus("open", 2, "M1"),
            secret="482913",
        ),
        hunt=HuntView(
            name="manager",
            number=1,
            ranking=[convert(RANKED, Ranked)],
            rung=Rung("Paul", "owners_manager"),
            dialled=Dialled("1-1", "+33155500011"),
        ),
        wish="M1",
        emergency=Emergency(answers),
        promise=Promise("owed", "+33155500101", due=spoken, spoken=spoken, reference="123456"),
        back=CallBack("CA0", leg="CA1"),
    )


STEPS = [
    (name, step.name) for name, flow in FLOWS.items() for step in flow.steps.values() if step.waits
]


@pytest.mark.parametrize(("flow", "step"), STEPS)
def test_every_step_is_said_in_every_language(flow: str, step: str) -> None:
    for language in FLOWS[flow].prompts.codes:
        talk = conversation(FLOWS[flow], step, language)

        document = parse(FLOWS[flow].document(talk, VALUES))

        assert not document.warnings, language
        assert "{" not in str(document.verbs), language


OUTCOMES = [
    (name, step.name, heard)
    for name, flow in FLOWS.items()
    for step in flow.steps.values()
    for heard in sorted(step.needs)
]


@pytest.mark.parametrize(("flow", "step", "heard"), OUTCOMES)
def test_every_step_knows_what_to_do_with_each_of_its_outcomes(
    flow: str, step: str, heard: str
) -> None:
    data: dict[str, Any] = {"ranking": [RANKED], "owner": "MGR2"}
    data |= {"status": "open", "severity": 2, "account": "Helio", "number": "C17349013"}
    data |= {"level": "M2", "sid": "RE1", "seconds": 9, "until": "2026-11-24T18:00:00+01:00"}
    for language in FLOWS[flow].prompts.codes:
        talk = conversation(FLOWS[flow], step, language)

        assert FLOWS[flow].hear(talk, outcome(heard, **data)), language
        if FLOWS[flow].steps[talk.state].waits:
            assert not parse(FLOWS[flow].document(talk, VALUES)).warnings, language


@pytest.mark.parametrize(
    ("pressed", "outcome", "slow", "read"),
    [
        ("*5", "slower", False, None),
        ("*517349013", "accepted", True, "17349013"),  # more time, and the number at once
        ("*517", "too_short", False, None),
        ("12*51734901", "accepted", False, "51734901"),  # cleared, and then a number
        ("*17349013", "accepted", False, "17349013"),
        ("**", "back", False, None),
        ("1734**", "back", False, None),
        ("1734*", "cleared", False, None),
        ("0", "zero", False, None),
        ("12*0", "zero", False, None),
        ("", "silence", False, None),
    ],
)
def test_star_clears_goes_back_and_gives_more_time(
    pressed: str, outcome: str, slow: bool, read: str | None
) -> None:
    talk = conversation(LINE.caller, "case", "en")

    assert LINE.caller.steps["case"].outcome(talk, keys(pressed)) == outcome
    assert talk.slow == slow
    assert read is None or talk.own.readings == [read]


LISTENING = [
    step.name
    for step in LINE.caller.steps.values()
    if "zero" in step.needs | step.may
    and step.name not in ("back_hold", "back_emergency")  # nobody is there yet
]


@pytest.mark.parametrize("step", LISTENING)
def test_zero_alone_leads_to_a_person_from_every_step_that_hears_keys(step: str) -> None:
    """ "Once inside the multiple-choice procedure, choose 0 for an operator." (R47)"""
    talk = conversation(LINE.caller, step, "en")

    assert LINE.caller.hear(talk, keys("0"))
    assert talk.state in ("search", "operator_hold", "emergency_hold")


@pytest.mark.parametrize("step", LISTENING)
def test_a_caller_who_never_presses_a_key_ends_with_a_person_or_a_promise(step: str) -> None:
    talk = conversation(LINE.caller, step, "en")
    if "silence" not in LINE.caller.steps[step].needs:
        return

    for _ in range(5):
        if talk.state in (step, "callback_number", "purpose"):
            LINE.caller.hear(talk, keys(""))

    assert talk.state in (
        *("search", "promised", "goodbye", "unreachable"),
        *("greeting", "back_over"),  # staff is a caller like others; a customer is called again
        "callback_number",  # who can't be called where they are is asked for a number
    )


def test_a_key_that_is_not_offered_is_like_any_other_wrong_key() -> None:
    talk = conversation(LINE.caller, "language", "fr")

    LINE.caller.hear(talk, keys("7"))

    assert (talk.state, talk.notes, talk.tries) == ("language", ("invalid",), 1)


def test_an_effect_of_arriving_runs_once_however_often_the_prompt_is_repeated() -> None:
    talk = conversation(LINE.caller, "search", "en")

    LINE.caller.hear(talk, outcome("found", ranking=[RANKED], request="M1"))
    orders = list(talk.orders)
    LINE.caller.hear(talk, keys("8"))

    assert [type(order) for order in orders] == [Escalate, StartHunt]
    assert talk.orders == orders


# --- a wrong table is refused when it is made ---

PROMPTS = LINE.caller.prompts
END = Goodbye("end", says=("goodbye",))
OTHERWISE = {"invalid": Go(), "silence": Go(), "too_many": "end", "hangup": "end"}


def made(*steps: Any, start: str = "start", **more: Any) -> Flow:
    given = {"otherwise": OTHERWISE, "zero": "end"} | more
    return Flow("wrong", steps, file="wrong.py", version="1", start=start, prompts=PROMPTS, **given)


WRONG = {
    "unknown destination": (
        [Menu("start", says=("menu",), on={"1": "edn"}), END],
        "step 'start': '1' leads to 'edn', no such step; did you mean 'end'?",
    ),
    "missing outcome": (
        [LookUp("start", asks="case", on={"found": "end", "not_found": "end"}), END],
        "step 'start' doesn't say where 'too_slow' leads; add it",
    ),
    "an outcome that can't be": (
        [Menu("start", says=("menu",), on={"found": "end"}), END],
        "step 'start' can't have the outcome 'found'",
    ),
    "missing prompt": (
        [Menu("start", says=("welcome",), on={"1": "end"}), END],
        "fr.toml: no prompt 'welcome'; add it under [prompts]",
    ),
    "a slot that nobody fills": (
        [Menu("start", says=("read_back",), on={"1": "end"}), END],
        "prompt 'read_back' has the slot '{digits}', which the flow doesn't fill",
    ),
    "unreachable step": (
        [Menu("start", says=("menu",)), END, Menu("lost", says=("menu",))],
        "no way leads to step 'lost'",
    ),
    "a cycle without a wait": (
        [Branch("start", on={"next": "again"}), Branch("again", on={"next": "start"})],
        "a cycle without a wait: again → start",
    ),
    "the same name twice": (
        [Menu("start", says=("menu",)), Menu("start", says=("menu",)), END],
        "step 'start' stands 2 times",
    ),
    "a start that isn't there": (
        [Menu("begin", says=("menu",)), END],
        "the flow starts at 'start', which isn't a step",
    ),
    "staying where nobody waits": (
        [Branch("start", on={"next": Go()}), END],
        "step 'start': 'next' must lead on, since nobody waits there",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_table_is_refused_with_file_step_and_what_to_do(name: str) -> None:
    steps, complaint = WRONG[name]

    with pytest.raises(FlowError) as refused:
        made(*steps)

    assert complaint in str(refused.value)
    assert str(refused.value).startswith("wrong.py: ")


def test_prompts_that_differ_in_their_slots_between_languages_are_refused() -> None:
    french = PROMPTS.language("fr")
    other = replace(french, prompts={**french.prompts, "read_back": "sans rien"})

    complaints = Prompts([PROMPTS.language("en"), other]).missing(["read_back"])

    assert any("has not the slots that other languages have" in each for each in complaints)


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ("", "voice"),
        ("voice = 1\ndigits = [", "not TOML"),
        (PROMPTS_FILE.replace('"zero", ', ""), "ten"),
        (PROMPTS_FILE.replace('time = "{hour} {minute}"', ""), "time missing"),
        (PROMPTS_FILE.replace('"{hour} {minute}"', "5"), r"got `int` - at `\$.time`"),
        (PROMPTS_FILE.replace('name = "Polly.Joanna", ', ""), "required field `name`"),
    ],
)
def test_a_prompt_file_that_cannot_serve_is_refused(
    tmp_path: Path, wrong: str, complaint: str
) -> None:
    (tmp_path / "en.toml").write_text(wrong)

    with pytest.raises(FlowError, match=complaint):
        Prompts.load(tmp_path)


def test_a_number_that_offers_a_language_without_prompts_is_refused() -> None:
    entry = replace(LINE.config.numbers["+33800000001"], languages=("fr", "eo"))
    config = replace(LINE.config, numbers={entry.number: entry})

    with pytest.raises(FlowError, match="offers eo"):
        Line(config, LINE.caller, LINE.person, LINE.console, LINE.notices)
