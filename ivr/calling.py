"""What `ivr phone` and `ivr replay` do: calls on an exchange whose number leads to a URL."""

from __future__ import annotations

import json
import re
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO
from urllib.parse import urlsplit

import click

from ivr.cli import EnvironmentFault
from ivr.simulator import Exchange
from ivr.simulator.keyboard import terminal
from ivr.simulator.rest_server import RestServer
from ivr.simulator.terminal import Session, Voice
from ivr.simulator.transcript import (
    Dialogue,
    DialogueSyntaxError,
    exchange_for,
    parse,
    parse_acts,
    play,
    write,
)
from ivr.simulator.transcript.dialogue import Act, Phone
from ivr.simulator.transcript.results import Result, as_json, as_junit
from ivr.simulator.transcript.stage import leave, settle

_OTHER_PHONE = re.compile(r"(?:(?P<name>[^\W\d][\w-]*)=)?(?P<number>[^=]+)=(?P<words>.+)")
_KEYS = re.compile(r"[0-9*#]+")


@dataclass(frozen=True, slots=True)
class Network:
    """How to make the exchange of a command; the fields are the command's options."""

    url: str
    rate: float
    seed: int
    account_sid: str | None
    auth_token: str | None
    rest_port: int

    def phone(
        self,
        caller: str,
        called: str,
        phones: Sequence[Phone],
        acts: Sequence[Act] | None,
        stay: float,
        voice: Voice | None,
        save: Path | None,
    ) -> bool:
        """One call from the terminal, or a script; whether the line did nothing wrong."""
        if self.rate <= 0:
            raise click.UsageError("a person on the phone needs a --rate above 0")
        exchange = Exchange(self.seed, start=datetime.now(UTC), rate=self.rate)
        with self._running(exchange, called) as api:
            self._introduce(exchange, called, api, acts is None)
            session = Session(exchange, caller, called, phones, click.echo, voice)
            failure = _converse(session, acts, stay)
            settle(exchange)
            session.show()
        if save is not None:
            _written(save, write(session.record, f"A call to {self.url}"))
        if failure is not None:
            click.echo(f"\n{failure}", err=True)
        return failure is None and not any(n.level == "error" for n in exchange.debugger)

    def replay(self, dialogues: Sequence[Dialogue], quiet: bool) -> list[Result]:
        """Play dialogues one after the other, each on an exchange of its own."""
        results = []
        for played in dialogues:
            exchange = exchange_for(played, self.seed, self.rate)
            with self._running(exchange, played.called):
                results.append(_played(played, exchange))
            if not quiet:
                click.echo(_summary(results[-1]))
        return results

    @contextmanager
    def _running(self, exchange: Exchange, called: str) -> Iterator[RestServer]:
        _reachable(self.url)
        exchange.account_sid = self.account_sid or exchange.account_sid
        exchange.auth_token = self.auth_token or exchange.auth_token
        exchange.auth_key = exchange.auth_token.encode()
        exchange.number(called, self.url)
        with _rest(exchange, self.rest_port) as api:
            if exchange.clock.rate:
                exchange.start()
            try:
                yield api
            finally:
                exchange.stop()

    def _introduce(self, exchange: Exchange, called: str, api: RestServer, typed: bool) -> None:
        click.echo(f"Calling {called}, which is answered by {self.url}")
        click.echo("The network is meanwhile, for the application that answers:")
        click.echo(f"  TWILIO_ACCOUNT_SID={exchange.account_sid}")
        click.echo(f"  TWILIO_AUTH_TOKEN={exchange.auth_token}")
        click.echo(f"  its REST API is at {api.url}")
        if typed:
            click.echo("Keys 0-9, * and # are pressed as you type them; q hangs up.")


def other_phone(text: str, place: int) -> Phone:
    """Read ``[NAME=]NUMBER=WORDS`` of the command line."""
    found = _OTHER_PHONE.fullmatch(text)
    if found is None:
        raise click.BadParameter(f"{text!r} isn't NUMBER=WORDS, such as +33155500011=busy")
    words = re.sub(r"\s*,\s*", " ", found["words"])
    line = f"phone {found['name'] or f'phone{place}'} {found['number']} {words}"
    try:
        return parse(f"from {line.split()[2]} to +3300\n{line}", "--phone").phones[0]
    except DialogueSyntaxError as error:
        raise click.BadParameter(str(error)) from None


def acts(presses: Sequence[str], script: TextIO | None) -> list[Act] | None:
    """What a script, or the command line, says to do; None when a person at a terminal decides."""
    if script is None and not presses:
        if sys.stdin.isatty():
            return None
        script = sys.stdin
    lines = [*presses, *(script or ())]
    return [act for number, line in enumerate(lines, 1) for act in _line_acts(line, number)]


def voice() -> Voice:
    """The voice of this machine."""
    found = Voice.found()
    if found is None:
        raise EnvironmentFault("--speak needs espeak-ng, which isn't installed here")
    return found


def dialogue(path: Path, number: str | None) -> Dialogue:
    """Read a dialogue; ``number`` replaces the one that it dials."""
    try:
        read = parse(path.read_text(encoding="utf-8"), str(path))
    except (DialogueSyntaxError, UnicodeDecodeError) as error:
        raise click.UsageError(str(error)) from None
    return replace(read, called=number) if number else read


def publish(results: Sequence[Result], junit: Path | None, json_too: bool) -> None:
    """Print the count, or everything as JSON; write JUnit's XML."""
    if junit is not None:
        _written(junit, as_junit(results), say=not json_too)
    if json_too:
        click.echo(json.dumps(as_json(results), indent=2, ensure_ascii=False))
    else:
        click.echo(f"{sum(result.passed for result in results)} of {len(results)} came true")


def _line_acts(line: str, number: int) -> Sequence[Act]:
    line = line.strip()
    if not line or (line.startswith("#") and line.strip("#")):  # a comment; '#' alone is a key
        return ()
    try:
        return parse_acts(f"press {line}" if _KEYS.fullmatch(line) else line, "script", number)
    except DialogueSyntaxError as error:
        raise click.UsageError(str(error)) from None


def _converse(session: Session, acts: Sequence[Act] | None, stay: float) -> Exception | None:
    if acts is not None:
        return session.follow(acts, stay)
    with terminal() as keyboard:
        session.type(keyboard)
    return None


def _played(played: Dialogue, exchange: Exchange) -> Result:
    began = time.monotonic()
    failure, line = "", 0
    try:
        play(played, exchange)
        settle(exchange)
        exchange.strict()
    except AssertionError as error:
        failure, line = str(error), getattr(error, "line", 0)
        leave(exchange)
    seconds = round(time.monotonic() - began, 3)
    return Result(played.name, played.title, seconds, line, failure)


def _summary(result: Result) -> str:
    if result.passed:
        return f"came true  {result.file}  {result.title}".rstrip()
    return f"FAILED     {result.file}  {result.title}".rstrip() + f"\n\n{result.failure}\n"


def _written(path: Path, text: str, say: bool = True) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise EnvironmentFault(f"{path} can't be written: {error}") from None
    if say:
        click.echo(f"{path} is written")


def _reachable(url: str) -> None:
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        socket.create_connection((str(parts.hostname), port), timeout=5).close()
    except OSError as error:
        message = f"nothing answers at {parts.hostname}:{port} ({error}); is it running?"
        raise EnvironmentFault(message) from None


def _rest(exchange: Exchange, port: int) -> RestServer:
    try:
        return RestServer(exchange, port=port)
    except OSError as error:
        message = f"the REST API can't have port {port} ({error}); choose a --rest-port"
        raise EnvironmentFault(message) from None
