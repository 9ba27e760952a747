"""What `ivr phone` and `ivr replay` do: calls on an exchange whose number leads to a URL."""

from __future__ import annotations

import json
import re
import socket
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import TextIO
from urllib.parse import urlsplit
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import click

from ivr.cli.main import EnvironmentFault
from ivr.simulator import Exchange
from ivr.simulator.dialogues import (
    Dialogue,
    DialogueSyntaxError,
    exchange_for,
    parse,
    parse_acts,
    play,
    write,
)
from ivr.simulator.dialogues.results import Result, as_json, as_junit
from ivr.simulator.dialogues.stage import leave, scripted, settle
from ivr.simulator.expectations.phones import BEHAVIOURS, Phone
from ivr.simulator.expectations.syntax import Act, phrase
from ivr.simulator.fuzz import Rules, Stranded, fuzz
from ivr.simulator.rest.server import RestServer
from ivr.simulator.screens.keyboard import terminal
from ivr.simulator.screens.phones_page import Phones
from ivr.simulator.screens.saved_calls import Keeper
from ivr.simulator.screens.terminal import Session, Voice
from ivr.simulator.screens.wire_view import Wire

_OTHER_PHONE = re.compile(r"(?:(?P<name>[^\W\d][\w-]*)=)?(?P<number>[^=]+)=(?P<words>.+)")
_KEYS = re.compile(r"[0-9*#]+")
_COMMA_OUTSIDE_QUOTES = re.compile(r'\s*,\s*(?=(?:[^"]*"[^"]*")*[^"]*$)')
_DOES = re.compile(rf"=({'|'.join(BEHAVIOURS)})\b")


@dataclass(frozen=True, slots=True)
class Network:
    """How to make the exchange of a command; the fields are the command's options."""

    url: str  # "" where numbers are given one by one
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

    def fuzz(
        self,
        caller: str,
        called: str,
        phones: Sequence[Phone],
        rules: Rules,
        calls: int,
        save: Path,
        quiet: bool,
    ) -> list[Result]:
        """Callers who try to get lost: each who is stranded is written as a dialogue."""
        _reachable(self.url)

        @contextmanager
        def network() -> Iterator[Exchange]:
            exchange = self._mounted(Exchange(self.seed), {called: self.url})
            api.api = exchange.api
            try:
                yield exchange
            finally:
                exchange.stop()

        def show(stranded: Stranded) -> None:
            results.append(_kept(stranded, save, len(results) + 1))
            if not quiet:
                click.echo(_summary(results[-1]))

        results: list[Result] = []
        try:
            with _rest(Exchange(self.seed), self.rest_port) as api:
                fuzz(
                    network,
                    called,
                    caller=caller,
                    rules=rules,
                    phones=phones,
                    calls=calls,
                    seed=self.seed,
                    found=show,
                )
        except ImportError:
            message = "ivr fuzz needs Hypothesis: pip install 'ivr-simulator[fuzz]'"
            raise EnvironmentFault(message) from None
        return results

    def serve(
        self,
        numbers: Mapping[str, str],
        phones: Sequence[Phone],
        port: int,
        log: Path | None,
        save: Path | None,
    ) -> None:
        """Numbers that lead to URLs, and phones on a page, until Ctrl-C."""
        if self.rate <= 0:
            raise click.UsageError("people at telephones need a --rate above 0")
        exchange = Exchange(self.seed, start=datetime.now(UTC), rate=self.rate)
        for phone in phones:
            scripted(exchange, phone)
        people = {phone.number: phone.name.capitalize() for phone in phones}
        with ExitStack() as stack:
            written = stack.enter_context(_opened(log)) if log else None
            wire = Wire(exchange, written)
            keeper = Keeper(exchange, people, save, click.echo) if save else None
            dial = {number: number for number in numbers}
            pages = Phones(exchange, people, dial, len(people), wire=wire, keeper=keeper)
            server = stack.enter_context(_page(pages, port))
            api = stack.enter_context(self._on(exchange, numbers))
            click.echo(f"The phones are on http://127.0.0.1:{server} - open it, and press Call.")
            for number, url in numbers.items():
                there = "" if _answers(url) else " (nothing answers there yet)"
                click.echo(f"  {number} is answered by {url}{there}")
            self._tell(exchange, api)
            click.echo("Ctrl-C ends it.")
            with suppress(KeyboardInterrupt):
                threading.Event().wait()

    @contextmanager
    def _running(self, exchange: Exchange, called: str) -> Iterator[RestServer]:
        _reachable(self.url)
        with self._on(exchange, {called: self.url}) as api:
            yield api

    @contextmanager
    def _on(self, exchange: Exchange, numbers: Mapping[str, str]) -> Iterator[RestServer]:
        """The network with its REST API, as long as it runs."""
        with _rest(self._mounted(exchange, numbers), self.rest_port) as api:
            if exchange.clock.rate:
                exchange.start()
            try:
                yield api
            finally:
                exchange.stop()

    def _mounted(self, exchange: Exchange, numbers: Mapping[str, str]) -> Exchange:
        """The same exchange, of the account and with the numbers of the command line."""
        exchange.belongs_to(
            self.account_sid or exchange.account_sid, self.auth_token or exchange.auth_token
        )
        for number, url in numbers.items():
            exchange.number(number, url)
        return exchange

    def _introduce(self, exchange: Exchange, called: str, api: RestServer, typed: bool) -> None:
        click.echo(f"Calling {called}, which is answered by {self.url}")
        self._tell(exchange, api)
        if typed:
            click.echo("Keys 0-9, * and # are pressed as you type them; q hangs up.")

    def _tell(self, exchange: Exchange, api: RestServer) -> None:
        click.echo("The network is meanwhile, for the application that answers:")
        click.echo(f"  TWILIO_ACCOUNT_SID={exchange.account_sid}")
        click.echo(f"  TWILIO_AUTH_TOKEN={exchange.auth_token}")
        click.echo(f"  its REST API is at {api.url}")


def other_phone(text: str, place: int) -> Phone:
    """Read ``[NAME=]NUMBER=WORDS`` of the command line."""
    found = _OTHER_PHONE.fullmatch(text)
    if found is None:
        raise click.BadParameter(f"{text!r} isn't NUMBER=WORDS, such as +33155500011=busy")
    words = _COMMA_OUTSIDE_QUOTES.sub(" ", found["words"])
    line = f"phone {found['name'] or f'phone{place}'} {found['number']} {words}"
    try:
        return parse(f"from {line.split()[2]} to +3300\n{line}", "--phone").phones[0]
    except DialogueSyntaxError as error:
        raise click.BadParameter(str(error)) from None


def telephone(text: str, place: int) -> Phone:
    """Read ``[NAME=]NUMBER[=WORDS]``: without words it just rings."""
    return other_phone(text if _DOES.search(text) else f"{text}=rings", place)


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


def publish(
    results: Sequence[Result], junit: Path | None, json_too: bool, all_is_well: str = ""
) -> None:
    """Print the count, or everything as JSON; write JUnit's XML. ``all_is_well`` is said where only
    what is wrong makes a result, and there is none."""
    if junit is not None:
        _written(junit, as_junit(results), say=not json_too)
    if json_too:
        click.echo(json.dumps(as_json(results), indent=2, ensure_ascii=False))
    elif all_is_well:
        click.echo(f"{len(results)} stranded" if results else all_is_well)
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


def _kept(stranded: Stranded, folder: Path, number: int) -> Result:
    """Write the call; the failure says what is wrong, and what the caller did."""
    path = urlsplit(stranded.where).path
    place = re.sub(r"\W+", "-", path).strip("-") or "call"
    file = folder / f"{number:02}-{stranded.kind}-{place}.call"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EnvironmentFault(f"{folder} can't be made: {error}") from None
    _written(file, stranded.dialogue, say=False)
    did = ", ".join(map(phrase, stranded.acts))
    failure = f"{stranded.kind}: {stranded.why}\n  the caller did: {did}"
    return Result(str(file), stranded.kind, 0.0, failure=failure)


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
    if wrong := _unreachable(url):
        raise EnvironmentFault(f"nothing answers at {wrong}; is it running?")


def _answers(url: str) -> bool:
    return not _unreachable(url)


def _unreachable(url: str) -> str:
    """The host and port that don't answer, and why; "" if they do."""
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        socket.create_connection((str(parts.hostname), port), timeout=5).close()
    except OSError as error:
        return f"{parts.hostname}:{port} ({error})"
    return ""


@contextmanager
def _opened(log: Path) -> Iterator[TextIO]:
    try:
        with log.open("a", encoding="utf-8") as file:
            yield file
    except OSError as error:
        raise EnvironmentFault(f"{log} can't be written: {error}") from None


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *arguments: object) -> None:
        """The page asks again and again; that is no news."""


@contextmanager
def _page(pages: Phones, port: int) -> Iterator[int]:
    """Serve the page of phones; the port."""
    try:
        server = make_server("127.0.0.1", port, pages, _Server, _Quiet)
    except OSError as error:
        message = f"the page can't have port {port} ({error}); choose a --port"
        raise EnvironmentFault(message) from None
    threading.Thread(target=server.serve_forever, name="ivr-page", daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


def _rest(exchange: Exchange, port: int) -> RestServer:
    try:
        return RestServer(exchange.api, port=port)
    except OSError as error:
        message = f"the REST API can't have port {port} ({error}); choose a --rest-port"
        raise EnvironmentFault(message) from None
