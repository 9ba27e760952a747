"""The command line. Commands import what they need when they run, so that `ivr --help` is quick.

Exit codes: 0 as hoped, 1 the thing under test failed, 2 wrong usage, 3 the environment is at fault.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, TextIO

import click

CALLER, LINE = "+33155500101", "+33800000001"
REST_PORT = 8765


class EnvironmentFault(click.ClickException):
    """Neither the command nor the thing under test is wrong, but the machine."""

    exit_code = 3


class Url(click.ParamType[str]):
    """A webhook's address."""

    name = "URL"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        from urllib.parse import urlsplit

        parts = urlsplit(str(value))
        if parts.scheme not in ("http", "https") or not parts.hostname:
            self.fail(f"{value!r} isn't a URL such as http://localhost:3000/voice", param, ctx)
        return str(value)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="ivr-simulator")
def main() -> None:
    """A phone line for support escalations, and a phone network on which to try any line.

    Exit codes: 0 as hoped, 1 the thing under test failed, 2 wrong usage, 3 the environment is at
    fault.
    """


FILE = click.Path(dir_okay=False, path_type=Path)
REST_OPTION = click.option(
    "--rest-port",
    default=REST_PORT,
    show_default=True,
    metavar="PORT",
    help="Where the simulated Twilio REST API listens on 127.0.0.1; 0 is any free port.",
)
TOKEN_OPTION = click.option(
    "--auth-token",
    envvar="TWILIO_AUTH_TOKEN",
    show_envvar=True,
    metavar="TOKEN",
    help="What webhooks are signed with.  [default: one that is printed]",
)


@main.command()
@click.argument("url", type=Url())
@click.option("--from", "caller", default=CALLER, show_default=True, help="Your number.")
@click.option("--to", "called", default=LINE, show_default=True, help="The number you dial.")
@click.option(
    "--phone",
    "phones",
    multiple=True,
    metavar="[NAME=]NUMBER=WORDS",
    help="Another phone, and what it does when it rings: +33155500011=busy, "
    "duty=+33155500014='answers after 3, press 1'. Once for each phone.",
)
@click.option("--press", "presses", multiple=True, metavar="KEYS", help="Press these, don't ask.")
@click.option("--script", type=click.File(encoding="utf-8"), help="Do what a file says; - is stdin.")
@click.option("--stay", default=30.0, show_default=True, help="Seconds to stay after a script.")
@click.option("--rate", default=1.0, show_default=True, help="How fast time goes by.")
@click.option("--speak", is_flag=True, help="Say it aloud, with espeak-ng.")
@click.option("--save", type=FILE, help="Write the call as a dialogue.")
@click.option("--seed", default=1, show_default=True, help="Of SIDs and tokens.")
@TOKEN_OPTION
@REST_OPTION
def phone(
    url: str,
    caller: str,
    called: str,
    phones: tuple[str, ...],
    presses: tuple[str, ...],
    script: TextIO | None,
    save: Path | None,
    stay: float,
    speak: bool,
    **rest: Any,
) -> None:
    """Dial a TwiML webhook, whatever it is written in, and talk to it with keys.

    Keys 0-9, * and # are pressed as you type them; q or Ctrl-C hangs up. Without a terminal, with
    --press or with --script it does what it is told: each line of a script is keys, or actions as
    in a dialogue (press 1, wait 3, hang up).
    """
    from ivr.simulator.terminal import Session
    from ivr.simulator.transcript import write

    described = [_other_phone(text, number) for number, text in enumerate(phones, 1)]
    acts = _acts(presses, script)
    voice = _voice() if speak else None
    exchange = _exchange(url, called, None, **rest)
    with _running(exchange, rest["rest_port"], click.echo):
        session = Session(exchange, caller, called, described, click.echo, voice)
        failure = _converse(session, acts, stay)
    if save is not None:
        _write(save, write(session.record, f"A call to {url}"))
    if failure is not None:
        click.echo(f"\n{failure}", err=True)
    errors = [notice for notice in exchange.debugger if notice.level == "error"]
    raise click.exceptions.Exit(1 if errors or failure is not None else 0)


@main.command()
@click.argument("files", nargs=-1, required=True, type=READ)
@click.option("--url", type=Url(), required=True, help="The webhook that answers.")
@click.option("--number", help="Dial this number instead of the one in each dialogue.")
@click.option("--junit", type=FILE, help="Write JUnit XML.")
@click.option("--json", "as_json", is_flag=True, help="Print the results as JSON.")
@exchange_options
def replay(
    files: tuple[Path, ...],
    url: str,
    number: str | None,
    junit: Path | None,
    as_json: bool,
    **rest: Any,
) -> None:
    """Play .call dialogues against a TwiML webhook; exits with 1 if one doesn't come true."""
    from ivr.simulator.transcript import results

    def show(text: str) -> None:
        click.echo(text, err=as_json)

    dialogues = [_dialogue(path, number) for path in files]
    played = [_replayed(dialogue, url, show, **rest) for dialogue in dialogues]
    for result in played:
        show(f"{'ok    ' if result.passed else 'FAILED'} {result.file}  {result.title}")
        if not result.passed:
            show("\n" + result.failure + "\n")
    show(f"{sum(result.passed for result in played)} of {len(played)} came true")
    if junit is not None:
        _write(junit, results.as_junit(played))
    if as_json:
        click.echo(json.dumps(results.as_json(played), indent=2, ensure_ascii=False))
    raise click.exceptions.Exit(0 if all(result.passed for result in played) else 1)


# ---- an exchange for one call ------------------------------------------------------------------


def _exchange(
    url: str, called: str, dialogue: Dialogue | None, **options: Any
) -> Exchange:
    """An exchange whose number leads to the URL; exit code 3 when nothing listens there."""
    from datetime import UTC, datetime

    from ivr.simulator import Exchange
    from ivr.simulator.transcript import exchange_for

    _reachable(url)
    seed, rate, token = options["seed"], options["rate"], options["auth_token"]
    if dialogue is None:
        exchange = Exchange(seed, start=datetime.now(UTC), rate=rate)
    else:
        exchange = exchange_for(dialogue, seed, rate)
    if token:
        exchange.auth_token, exchange.auth_key = token, token.encode()
    exchange.number(called, url)
    return exchange


def _reachable(url: str) -> None:
    import socket
    from urllib.parse import urlsplit

    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        socket.create_connection((str(parts.hostname), port), timeout=5).close()
    except OSError as error:
        message = f"nothing answers at {parts.hostname}:{port} ({error}); is it running?"
        raise EnvironmentFault(message) from None


@contextmanager
def _running(exchange: Exchange, port: int, show: Callable[[str], None]) -> Iterator[None]:
    """The exchange's time goes by, and its REST API can be reached."""
    from ivr.simulator import rest

    try:
        server = rest.serve(exchange, port=port)
    except OSError as error:
        message = f"port {port} of 127.0.0.1 can't be used for the REST API ({error}); --rest-port"
        raise EnvironmentFault(message) from None
    try:
        if exchange.clock.rate:
            exchange.start()
        yield
    finally:
        if exchange.clock.rate:
            exchange.stop()
        server.stop()
