"""The handset with a keyboard: what it shows, what keys do, what it writes."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ivr.simulator import Exchange
from ivr.simulator.dialogues import DialogueError, parse, play, write
from ivr.simulator.dialogues.record import CallRecord
from ivr.simulator.expectations.syntax import Act, Phone
from ivr.simulator.screens.terminal import Session, Voice, Watch
from tests.kit.small_apps import LINE, Answer, menu_app

CALLER, DUTY = "+33155500101", "+33155500014"
RATE = 60.0  # a minute of the call in a second of ours
DUTY_ANSWERS = Phone(1, "duty", DUTY, "answers", 1.0, "1")


@contextmanager
def session(
    *phones: Phone, aloud: Voice | None = None, **answers: Answer
) -> Iterator[tuple[Session, list[str]]]:
    """A session on a running exchange, and the lines that it has shown."""
    exchange = Exchange(seed=1, rate=RATE)
    exchange.number(LINE, menu_app(**answers), "/voice")
    exchange.start()
    shown: list[str] = []
    try:
        yield Session(exchange, CALLER, LINE, phones, shown.append, aloud), shown
    finally:
        exchange.stop()


class Typist:
    """Types each key once the session has shown some words."""

    def __init__(self, shown: list[str], *keys: tuple[str, str]) -> None:
        self.shown = shown
        self.keys = list(keys)

    def read(self, seconds: float) -> str:
        if self.keys and any(self.keys[0][0] in line for line in self.shown):
            return self.keys.pop(0)[1]
        return ""


class Interrupted:
    def read(self, seconds: float) -> str:
        raise KeyboardInterrupt


def texts(shown: list[str]) -> list[str]:
    """Lines without their times."""
    return [line[7:] for line in shown]


def test_keys_are_pressed_at_once_and_everything_is_shown() -> None:
    with session() as (phone, shown):
        phone.type(Typist(shown, ("Welcome", "1")))

    assert texts(shown) == [
        ">> call",
        "Welcome to support.",
        ">> press 1",
        "One moment, please.",
        "Goodbye.",
        "-- the call is over",
    ]


@pytest.mark.parametrize("quit_key", ["q", "Q"])
def test_q_hangs_up(quit_key: str) -> None:
    with session() as (phone, shown):
        phone.type(Typist(shown, ("Welcome", quit_key)))

        assert phone.over()
    assert ">> hang up" in texts(shown)


def test_an_interrupt_hangs_up() -> None:
    with session() as (phone, shown):
        phone.type(Interrupted())

        assert phone.over()
    assert texts(shown)[-1] == "-- the call is over"


def test_other_keys_of_the_keyboard_do_nothing() -> None:
    with session() as (phone, shown):
        phone.type(Typist(shown, ("Welcome", "x\t é"), ("Welcome", "q")))

    assert [line for line in texts(shown) if line.startswith(">>")] == [">> call", ">> hang up"]


def test_the_other_phones_are_shown_by_name() -> None:
    with session(DUTY_ANSWERS) as (phone, shown):
        phone.type(Typist(shown, ("Welcome", "0"), ("you are connected", "q")))

    seen = texts(shown)
    assert f"-- duty ({DUTY}) is ringing" in seen
    assert "duty hears: A call. Press 1." in seen
    assert "-- you are connected to duty" in seen


def test_errors_of_the_webhook_are_shown() -> None:
    with session(key=lambda fields: fields["Nope"]) as (phone, shown):
        phone.type(Typist(shown, ("Welcome", "1")))

    assert any(line.startswith("!! error 11200: HTTP 500") for line in texts(shown))


def test_a_script_is_followed_politely() -> None:
    with session() as (phone, shown):
        failure = phone.follow([Act("press", "1")], stay=30)

    assert failure is None
    assert "Goodbye." in texts(shown)
    assert ">> hang up" not in texts(shown)


def test_after_a_script_somebody_stays_for_a_while() -> None:
    with session() as (phone, shown):
        phone.follow([], stay=5)

        assert phone.over()
    assert texts(shown)[-2:] == [">> hang up", "-- the call is over"]


def test_a_script_that_cant_be_followed_says_why() -> None:
    with session(key="<Hangup/>") as (phone, _shown):
        failure = phone.follow([Act("press", "1"), Act("press", "2")], stay=30)

    assert isinstance(failure, DialogueError)
    assert "caller can't press 2: the call is over" in str(failure)


def test_a_session_is_written_as_a_dialogue_that_comes_true() -> None:
    with session(DUTY_ANSWERS) as (phone, shown):
        phone.type(Typist(shown, ("Welcome", "0"), ("you are connected", "q")))
        text = write(phone.record)

    again = Exchange(seed=1)
    again.number(LINE, menu_app(), "/voice")
    play(parse(text), again)
    again.strict()
    assert "phone duty +33155500014 answers after 1 press 1" in text
    assert "< (connected to duty)" in text
    assert text.rstrip().endswith("> hang up")


def test_a_line_that_hangs_up_is_written_as_such() -> None:
    with session() as (phone, shown):
        phone.type(Typist(shown, ("Welcome", "1")))
        text = write(phone.record)

    assert text.rstrip().endswith("< (hung up)")


# ---- aloud


@pytest.fixture
def espeak(tmp_path: Path) -> tuple[Path, Path]:
    """A program in place of espeak-ng, and the file where it notes how it was called."""
    program, notes = tmp_path / "espeak-ng", tmp_path / "notes"
    program.write_text(f'#!/bin/sh\necho "$@" >> {notes}\n')
    program.chmod(0o755)
    notes.write_text("")
    return program, notes


class Unhurried(Voice):
    """It finishes each sentence: how fast a process starts is not what is tested."""

    def stop(self) -> None:
        if self._speaking is not None:
            self._speaking.wait()


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script stands in for espeak-ng")
def test_what_the_caller_hears_is_spoken_in_its_language(espeak: tuple[Path, Path]) -> None:
    program, notes = espeak
    voice = "<Say>Hello.</Say><Pause length='30'/><Say language='fr-FR'>Bonjour.</Say>"

    with session(aloud=Unhurried(str(program)), voice=voice) as (phone, _shown):
        phone.follow([], stay=60)

    assert notes.read_text().splitlines() == ["-v en -s 190 -- Hello.", "-v fr -s 190 -- Bonjour."]


def test_a_machine_may_have_no_voice(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    assert Voice.found() is None


def test_a_voice_is_found_on_the_path(
    monkeypatch: pytest.MonkeyPatch, espeak: tuple[Path, Path]
) -> None:
    monkeypatch.setenv("PATH", str(espeak[0].parent))

    assert Voice.found() is not None


# ---- a real terminal


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_the_keyboard_reads_single_keys_and_restores_the_terminal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import pty
    import termios

    from ivr.simulator.screens.keyboard import terminal

    master, slave = pty.openpty()
    with os.fdopen(slave, "r") as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        before = termios.tcgetattr(stdin)
        with terminal() as keyboard:
            assert keyboard.read(0.0) == ""
            os.write(master, b"1")
            assert keyboard.read(5.0) == "1"
            assert termios.tcgetattr(stdin) != before
        assert termios.tcgetattr(stdin) == before
    os.close(master)


def test_what_happened_between_two_glances_is_shown_all_the_same() -> None:
    exchange = Exchange(seed=1)
    exchange.number(LINE, menu_app(), "/voice")
    duty = exchange.phone(DUTY)
    duty.will("answer", after=1, press="1", hang_up=5)
    exchange.phone(CALLER).call(LINE)
    exchange.phone(CALLER).hang_up()  # a call of before, of which nothing is to be shown
    phones = {"caller": exchange.phone(CALLER), "duty": duty}
    record = CallRecord(exchange, CALLER, LINE, [DUTY_ANSWERS])
    watch = Watch(exchange, phones, record, record.began)

    exchange.phone(CALLER).call(LINE)
    exchange.phone(CALLER).press("0")
    exchange.wait(60)
    shown = [line.text for line in watch.look()]

    assert " 0:00  -- duty (+33155500014) is ringing" in shown
    assert " 1:00  -- duty (+33155500014) is on the hook" in shown
    assert sum("ringing" in line for line in shown) == 1
    assert not any("ringing" in line.text for line in watch.look())
