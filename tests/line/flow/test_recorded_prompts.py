"""A recorded file in place of a prompt's synthesised voice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ivr.line.errors import FlowError
from ivr.line.flow.conversation import Go, keys
from ivr.line.flow.flow import Flow
from ivr.line.flow.prompts import Prompts
from ivr.line.flow.steps import Goodbye, Menu
from ivr.simulator import Utterance
from ivr.simulator.expectations.ear import words_of
from tests.kit.prompts import PROMPTS_FILE
from tests.kit.twiml_app import LINE, network

NOTICE = "https://example.com/words/notice-en.wav"
WORDS = f"""
{PROMPTS_FILE}
notice = "Welcome."
menu = "Press 1."
again = "Once more."
goodbye = "Goodbye, {{name}}."

[recordings]
"""


def prompts(folder: Path, recordings: str) -> Prompts:
    (folder / "en.toml").write_text(WORDS + recordings, encoding="utf-8")
    return Prompts.load(folder)


def shop(words: Prompts) -> Flow:
    """A notice and a menu, and a goodbye by name."""
    return Flow(
        "shop",
        [
            Menu("menu", says=("notice", "menu"), on={"1": "bye"}),
            Goodbye("bye", says=("goodbye",)),
        ],
        file="shop.py",
        version="1",
        start="menu",
        zero="bye",
        otherwise={
            "invalid": Go(says="again"),
            "silence": Go(says="again"),
            "too_many": "bye",
            "hangup": "bye",
        },
        prompts=words,
        slots={"name": lambda talk, language: "Anna"},
    )


def heard(flow: Flow, *pressed: str) -> list[str]:
    """What a caller of the flow hears, as a dialogue writes it."""
    talk = flow.begin("en", {}, {})

    def voice(form: dict[str, Any]) -> str:
        if "Digits" in form:
            flow.hear(talk, keys(form["Digits"]))
        return flow.document(talk, {"here": "/voice"})

    exchange, _, caller = network({"/voice": voice})
    caller.call(LINE)
    exchange.wait(5)
    for key in pressed:
        caller.press(key)
    exchange.wait(4)
    return [words_of(each) for each in caller.heard if isinstance(each, Utterance)]


def test_a_recorded_prompt_is_played_and_the_others_are_said(tmp_path: Path) -> None:
    flow = shop(prompts(tmp_path, f'notice = "{NOTICE}"'))

    assert heard(flow, "1") == ["[notice-en.wav]", "Press 1.", "Goodbye, Anna."]


def test_a_recorded_note_is_played_before_what_is_asked_again(tmp_path: Path) -> None:
    flow = shop(prompts(tmp_path, 'again = "https://example.com/again.wav"'))

    assert heard(flow, "8")[-3:] == ["[again.wav]", "Welcome.", "Press 1."]


@pytest.mark.parametrize(
    ("recordings", "why"),
    [
        (
            f'goodbye = "{NOTICE}"',
            "recording 'goodbye' can't fill {name}; leave it out, the text is said",
        ),
        (
            f'welcome = "{NOTICE}"',
            "recording 'welcome' is of no prompt; give its text under [prompts]",
        ),
        (
            'notice = "notice-en.wav"',
            "recording 'notice' is 'notice-en.wav'; give the file's whole address, https://…",
        ),
        ("notice = 3", "recording 'notice' is 3; give the file's whole address, https://…"),
    ],
)
def test_a_recording_that_cannot_serve_is_refused(
    tmp_path: Path, recordings: str, why: str
) -> None:
    with pytest.raises(FlowError) as refused:
        prompts(tmp_path, recordings)

    assert str(refused.value) == f"{tmp_path / 'en.toml'}: {why}"
