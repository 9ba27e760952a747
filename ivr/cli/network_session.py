"""What `ivr phone`, `replay`, `fuzz` and `network` do: calls on a simulated network."""

from __future__ import annotations

import json
import re
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from errno import EADDRINUSE
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import TextIO
from urllib.parse import urlsplit
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import click

from ivr.cli.exit_codes import EnvironmentFault
from ivr.cli.fuzzing import Report
from ivr.cli.options import NetworkOptions
from ivr.errors import CallError
from ivr.own_hosts import OwnHosts
from ivr.simulator import Exchange
from ivr.simulator.dialogues import (
    Dialogue,
    DialogueSyntaxError,
    exchange_for,
    parse,
    parse_acts,
    play,
    read,
    write,
)
from ivr.simulator.dialogues.results import Result, as_junit
from ivr.simulator.dialogues.results import as_json as results_as_json
from ivr.simulator.dialogues.stage import leave, scripted, settle
from ivr.simulator.expectations.phones import BEHAVIOURS, Phone
from ivr.simulator.expectations.syntax import Act
from ivr.simulator.fuzz import Rules, fuzz
from ivr.simulator.programs import ProgramError, running
from ivr.simulator.rest.serving.server import RestServer
from ivr.simulator.screens.keyboard import terminal
from ivr.simulator.screens.phones_page import Phones
from ivr.simulator.screens.saved_calls import Keeper
from ivr.simulator.screens.terminal import Session, Voice
from ivr.simulator.screens.wire_view import Wire
from ivr.simulator.webhooks.over_http import unreachable

_OTHER_PHONE = re.compile(r"(?:(?P<name>[^\W\d][\w-]*)=)?(?P<number>[^=]+)=(?P<behavior>.+)")
_KEYS = re.compile(r"[0-9*#]+")
_COMMA_OUTSIDE_QUOTES = re.compile(r'\s*,\s*(?=(?:[^"]*"[^"]*")*[^"]*$)')
_DOES = re.compile(rf"=({'|'.join(BEHAVIOURS)})\b")


@dataclass(frozen=True, slots=True)
class NetworkSession:
    """A simulated network, as long as a command runs; ``url`` is "" where each number has its own.

    Raises `EnvironmentFault` when a port is taken or nothing answers at a URL.
    """

    url: str
    options: NetworkOptions

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
        """One call from the terminal, or a script; whether the application made no mistake."""
        if self.options.rate <= 0:
            raise click.UsageError("a call from the terminal needs a --rate above 0")
        exchange = self.options.exchange(start=datetime.now(UTC), rate=self.options.rate)
        with self._served() as api, self._on(api, exchange, {called: self.url}):
            click.echo(f"Calling {called}, which is answered by {self.url}")
            _introduce(exchange, api)
            if acts is None:
                click.echo("Keys 0-9, * and # are pressed as you type them; q hangs up.")
            session = Session(exchange, caller, called, phones, click.echo, voice)
            failure = _converse(session, acts, stay)
            settle(exchange)
            session.show()
        if save is not None:
            _write(save, write(session.record, f"A call to {self.url}"))
        if failure is not None:
            click.echo(f"\n{failure}", err=True)
        return failure is None and not any(n.level == "error" for n in exchange.debugger)

    def replay(self, files: Sequence[Path], number: str | None, quiet: bool) -> list[Result]:
        """Play dialogues one after the other, each on an exchange of its own.

        ``number`` is called instead of theirs. A file that can't be read fails by itself.
        """
        results = []
        with self._served() as api:
            for file in files:
                results.append(self._replayed(api, file, number))
                if not quiet:
                    click.echo(_summary(results[-1]))
        return results

    def _replayed(self, api: RestServer, file: Path, number: str | None) -> Result:
        try:
            played = read(file)
        except DialogueSyntaxError as error:
            return Result(str(file), "", 0.0, error.line, str(error))
        if number:
            played = replace(played, called=number)
        exchange = exchange_for(played, self.options.seed, self.options.rate)
        self.options.set_up(exchange, played.silent_recordings)
        with self._on(api, exchange, {played.called: self.url}):
            return _played(played, exchange)

    def fuzz(
        self,
        caller: str,
        called: str,
        phones: Sequence[Phone],
        rules: Rules,
        calls: int,
        report: Report,
    ) -> None:
        """Callers who try to get lost; ``report`` shows who is stranded, and what was tried."""

        @contextmanager
        def network() -> Iterator[Exchange]:
            exchange = self.options.exchange()
            with self._on(api, exchange, {called: self.url}):
                yield exchange

        with self._served() as api, report.running():
            fuzz(
                network,
                called,
                caller=caller,
                rules=rules,
                phones=phones,
                calls=calls,
                seed=self.options.seed,
                seconds=report.seconds,
                found=report.found,
                progress=report.progress,
            )

    def serve(
        self,
        numbers: Mapping[str, str],
        phones: Sequence[Phone],
        port: int,
        log: Path | None,
        save: Path | None,
    ) -> None:
        """Serve phones on a page, and numbers that lead to URLs, until Ctrl-C."""
        if self.options.rate <= 0:
            raise click.UsageError("phones on a page need a --rate above 0")
        exchange = self.options.exchange(start=datetime.now(UTC), rate=self.options.rate)
        for phone in phones:
            scripted(exchange, phone)
        people = {phone.number: phone.name.capitalize() for phone in phones}
        with ExitStack() as stack:
            written = stack.enter_context(log.open("a", encoding="utf-8")) if log else None
            wire = Wire(exchange, written)
            keeper = Keeper(exchange, people, save, click.echo) if save else None
            dial = {number: number for number in numbers}
            pages = Phones(exchange, people, dial, len(people), wire=wire, keeper=keeper)
            server = stack.enter_context(_page(pages, port))
            api = stack.enter_context(self._served(next(iter(numbers.values()))))
            stack.enter_context(self._on(api, exchange, numbers))
            click.echo(f"The phones are at http://127.0.0.1:{server}/ - open it and press Call.")
            for number, url in numbers.items():
                known = exchange.numbers[number].url
                reached = f", reached at {known}" if known != url else ""
                state = " (not answering yet)" if unreachable(url, certificate=False) else ""
                click.echo(f"  {number} is answered by {url}{reached}{state}")
            _introduce(exchange, api)
            click.echo("Press Ctrl-C to stop.")
            with suppress(KeyboardInterrupt):
                threading.Event().wait()

    @contextmanager
    def _served(self, url: str = "") -> Iterator[RestServer]:
        """The REST API of the account, and the application behind it, if it is to be started.

        ``url`` is where that answers, if not at the one of this session.
        """
        base = self.options.exchange()
        base.belongs_to(
            self.options.account_sid or base.account_sid, self.options.auth_token or base.auth_token
        )
        with _rest(base, self.options.rest_port) as api, ExitStack() as stack:
            if self.options.run:
                stack.enter_context(_application(self.options.run, api, url or self.url))
            elif self.url:
                behind = bool(base.origin or base.public(self.url))
                _reachable(self.url, certificate=not behind)
            yield api

    @contextmanager
    def _on(
        self, api: RestServer, exchange: Exchange, numbers: Mapping[str, str]
    ) -> Iterator[None]:
        """Let a network run: of the account that is served, with the numbers of the command."""
        account = api.api.network
        exchange.belongs_to(account.account_sid, account.auth_token)
        try:
            for number, url in numbers.items():
                exchange.number(number, url)
        except CallError as error:
            raise click.UsageError(str(error)) from None
        api.api = exchange.api
        if exchange.clock.rate:
            exchange.start()
        try:
            yield
        finally:
            exchange.stop()


@contextmanager
def _application(command: str, api: RestServer, url: str) -> Iterator[None]:
    """The application at that URL, started behind the REST API."""
    port = urlsplit(url).port
    if port is None:
        raise click.UsageError(f"with --run, {url} must name the application's port")
    try:
        with running(command, api, port=port):
            yield
    except ProgramError as error:
        raise EnvironmentFault(str(error)) from None


def _introduce(exchange: Exchange, api: RestServer) -> None:
    """Print what the application must know to send REST requests to this network."""
    click.echo("Settings for the application's Twilio client:")
    click.echo(f"  TWILIO_ACCOUNT_SID={exchange.account_sid}")
    click.echo(f"  TWILIO_AUTH_TOKEN={exchange.auth_token}")
    click.echo(f"  REST API: {api.url} (an application that --run starts finds it by itself)")


def other_phone(text: str, place: int) -> Phone:
    """Read ``[NAME=]NUMBER=BEHAVIOR`` of the command line. Raises `click.BadParameter`."""
    match = _OTHER_PHONE.fullmatch(text)
    if match is None:
        why = f"{text!r} isn't NUMBER=BEHAVIOR, such as +33155500011=busy"
        raise click.BadParameter(why, param_hint="'--phone'")
    name = match["name"] or f"phone{place}"
    behavior = _COMMA_OUTSIDE_QUOTES.sub(" ", match["behavior"])
    line = f"phone {name} {match['number']} {behavior}"
    try:
        return parse(f"from {line.split()[2]} to +3300\n{line}", "--phone").phones[0]
    except DialogueSyntaxError as error:
        why = str(error).removeprefix(f"--phone:{error.line}: ")
        raise click.BadParameter(why, param_hint="'--phone'") from None


def phone_on_page(text: str, place: int) -> Phone:
    """Read ``[NAME=]NUMBER[=BEHAVIOR]``: without a behavior the phone just rings."""
    return other_phone(text if _DOES.search(text) else f"{text}=rings", place)


def acts(presses: Sequence[str], script: TextIO | None) -> list[Act] | None:
    """The actions of the command line or a script; None when a person at a terminal decides."""
    if script is None and not presses:
        if sys.stdin.isatty():
            return None
        script = sys.stdin
    lines = [*presses, *(script or ())]
    return [act for number, line in enumerate(lines, 1) for act in _line_acts(line, number)]


def voice() -> Voice:
    """The speech synthesizer of this machine. Raises `EnvironmentFault` if there is none."""
    installed = Voice.found()
    if installed is None:
        raise EnvironmentFault("--speak needs espeak-ng, which isn't installed")
    return installed


def publish(
    results: Sequence[Result],
    junit: Path | None,
    as_json: bool,
    summary: str = "",
    more: Mapping[str, object] | None = None,
) -> None:
    """Print a summary, or everything as JSON with ``more`` of it; write JUnit XML.

    ``summary``: instead of how many have passed.
    """
    if junit is not None:
        _write(junit, as_junit(results), announce=not as_json)
    if as_json:
        everything = {**results_as_json(results), **(more or {})}
        click.echo(json.dumps(everything, indent=2, ensure_ascii=False))
    else:
        passed = sum(result.passed for result in results)
        click.echo(summary or f"{passed} of {len(results)} passed")


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
        return f"passed  {result.file}  {result.title}".rstrip()
    return f"FAILED  {result.file}  {result.title}".rstrip() + f"\n\n{result.failure}\n"


def _write(path: Path, text: str, announce: bool = True) -> None:
    path.write_text(text, encoding="utf-8")
    if announce:
        click.echo(f"Wrote {path}")


def _reachable(url: str, certificate: bool = True) -> None:
    if reason := unreachable(url, certificate):
        raise EnvironmentFault(reason)


def _taken(what: str, port: int, option: str, error: OSError) -> EnvironmentFault:
    """Why a server of ours can't have its port, and what to do."""
    why = f"another program uses port {port}" if error.errno == EADDRINUSE else error.strerror
    return EnvironmentFault(f"{what} can't start: {why}; stop that, or choose another {option}")


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *arguments: object) -> None:
        """Don't log: the page sends a request each second."""


@contextmanager
def _page(pages: Phones, port: int) -> Iterator[int]:
    """Serve the page of phones; gives its port."""
    try:
        server = make_server("127.0.0.1", port, pages, _Server, _Quiet)
        server.set_app(OwnHosts(pages, server.server_port))
    except OSError as error:
        raise _taken("the page", port, "--port", error) from None
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
        raise _taken("the REST API", port, "--rest-port", error) from None
