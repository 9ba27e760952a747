"""`--origin` of the commands, and `origin` of a `.call` file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from ivr.simulator.dialogues import DialogueSyntaxError, exchange_for, parse
from ivr.simulator.dialogues.record import CallRecord, write
from tests.kit.commands import ivr
from tests.kit.small_apps import LINE, served
from tests.kit.twiml_app import App

CALL = f"""\
from +33155500101 to {LINE}
> call
< You called line.example.
"""
FREE = ("--rest-port", "0")


class Reached(App):
    """Says by which host it was called; its menu is at an absolute URL of that host."""

    def answer(self, path: str, params: dict[str, str]) -> tuple[str, list[tuple[str, str]], bytes]:
        sent = self.headers[-1]
        place = f"{sent.get('HTTP_X_FORWARDED_PROTO', 'http')}://{sent['HTTP_HOST']}"
        said = f"<Say>You called {sent['HTTP_HOST']}.</Say>"
        verbs = f"<Redirect>{place}/said</Redirect>" if path == "/voice" else said
        return "200 OK", [("Content-Type", "text/xml")], f"<Response>{verbs}</Response>".encode()


@pytest.fixture
def url() -> Iterator[str]:
    with served(Reached({})) as local:
        yield f"{local}/voice"


def test_phone_reaches_an_application_at_its_origin(url: str) -> None:
    shown = ivr(
        *("phone", url, "--origin", "https://line.example", "--rate", "40", *FREE), stdin="wait 1"
    )

    assert shown.exit_code == 0, shown.output
    assert "You called line.example." in shown.output


def test_replay_takes_the_origin_of_the_command_or_of_the_file(url: str, tmp_path: Path) -> None:
    plain, own = tmp_path / "plain.call", tmp_path / "own.call"
    plain.write_text(CALL, encoding="utf-8")
    own.write_text(
        CALL.replace("line.ex", "own.ex").replace("> call", "origin https://own.example/\n> call"),
        encoding="utf-8",
    )

    shown = ivr(
        *("replay", plain, own, "--url", url, "--rate", "0", *FREE),
        *("--origin", "https://line.example"),
    )

    assert shown.exit_code == 0, shown.output


def test_another_application_of_the_network_has_its_own_origin(url: str, tmp_path: Path) -> None:
    """ORIGIN=URL mounts one; the application that is called may refer to it."""
    first = App({"/voice": "<Response><Redirect>https://line.example/voice</Redirect></Response>"})
    file = tmp_path / "both.call"
    file.write_text(CALL, encoding="utf-8")
    with served(first) as local:
        shown = ivr(
            *("replay", file, "--url", f"{local}/voice", "--rate", "0", *FREE),
            *("--origin", "https://first.example"),
            *("--origin", f"https://line.example={url}"),
        )

    assert shown.exit_code == 0, shown.output
    assert first.headers[0]["HTTP_HOST"] == "first.example"


@pytest.mark.parametrize("given", ["line.example", "https://line.example/voice", "https://a=b"])
def test_what_isnt_an_origin_is_wrong_usage(given: str, url: str) -> None:
    shown = ivr("phone", url, "--origin", given)

    assert shown.exit_code == 2
    assert re.search(r"write a scheme and a host|isn't a URL such as", shown.output)


def test_two_applications_cant_have_one_origin(url: str) -> None:
    shown = ivr(
        *("network", "--number", f"+18={url}", "--number", "+19=http://localhost:1/", *FREE),
        *("--origin", "https://line.example", "--port", "0"),
    )

    assert shown.exit_code == 2
    assert "is already reached at https://line.example; give each an" in shown.output


def test_a_call_file_says_its_origin() -> None:
    exchange = exchange_for(parse(CALL.replace("> call", "origin https://line.example\n> call")))
    exchange.phone("+33155500101")

    assert exchange.origin == "https://line.example"
    with pytest.raises(DialogueSyntaxError, match="isn't an origin"):
        parse(CALL.replace("> call", "origin line.example\n> call"))
    assert "origin https://line.example\n" in write(CallRecord(exchange, "+33155500101", LINE, ()))
