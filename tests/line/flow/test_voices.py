"""Voices: which languages each speaks, and that a language's file can't mix them up."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.escalation import FOLDER
from ivr.line.errors import FlowError
from ivr.line.flow.prompts import Prompts
from ivr.line.flow.voices import VOICES, refusal


def written(folder: Path, voice: str, code: str) -> Path:
    """One language's prompts, spoken by ``voice``."""
    text = (FOLDER / "prompts" / "de.toml").read_text(encoding="utf-8")
    head = f'voice = {{ name = "{voice}", language = "{code}" }}'
    file = folder / "de.toml"
    file.write_text("\n".join([head, *text.splitlines()[1:]]), encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("voice", "code"),
    [
        ("Polly.Vicki", "de-DE"),
        ("Polly.Vicki-Neural", "de-DE"),
        ("Polly.Hannah-Neural", "de-AT"),
        ("Polly.Aditi", "en-IN"),
        ("Polly.Aditi", "hi-IN"),  # she is bilingual
        ("man", "en-gb"),
        ("alice", "zh-CN"),
        ("Google.de-DE-Standard-A", "de-DE"),
        ("Polly.Maja", "pl-PL"),  # of a language that isn't in the table
    ],
)
def test_a_voice_speaks_its_languages_and_one_unknown_here_is_not_doubted(
    voice: str, code: str
) -> None:
    assert refusal(voice, code) == ""


@pytest.mark.parametrize(
    ("voice", "code"),
    [
        ("Polly.Vicki", "en-US"),
        ("Polly.Vicki", "de-AT"),
        ("Polly.Zhiyu", "zh-CN"),  # Polly's Mandarin is cmn-CN
        ("man", "ja-JP"),
        ("alice", "de-AT"),
    ],
)
def test_a_voice_is_refused_with_what_it_speaks_instead(voice: str, code: str) -> None:
    assert refusal(voice, code).startswith(
        f"voice {voice} speaks {', '.join(VOICES[voice])}, not {code}; "
    )


def test_a_file_with_a_voice_of_another_language_is_not_loaded(tmp_path: Path) -> None:
    file = written(tmp_path, "Polly.Joanna", "de-DE")

    with pytest.raises(FlowError) as refused:
        Prompts.load(tmp_path)

    assert str(refused.value) == (
        f"{file}: voice Polly.Joanna speaks en-US, not de-DE; name its own language, or take one "
        "that speaks de-DE: man, woman, alice, Polly.Hans, Polly.Marlene, Polly.Vicki, "
        "Polly.Daniel-Neural, Polly.Vicki-Neural"
    )


def test_every_language_of_the_line_has_a_voice_of_the_table() -> None:
    prompts = Prompts.load(FOLDER / "prompts")

    assert {prompts.language(code).voice.name for code in prompts.codes} <= VOICES.keys()
