"""The command line. Commands import what they need when they run, so that `ivr --help` is quick.

Exit codes: 0 as hoped, 1 the thing under test failed, 2 wrong usage, 3 the environment is at fault.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO, TypeVar

import click

from ivr.cli import line as line_commands
from ivr.cli import privacy as privacy_commands

Command = TypeVar("Command", bound=Callable[..., Any])

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


def finish(passed: bool) -> None:
    """End with exit code 0, or 1 because the thing under test failed."""
    raise click.exceptions.Exit(0 if passed else 1)


# ---- the simulated network ---------------------------------------------------------------------

WRITTEN = click.Path(dir_okay=False, writable=True, path_type=Path)
READ = click.Path(exists=True, dir_okay=False, path_type=Path)

_RATE = click.option("--rate", default=1.0, show_default=True, help="How fast time goes by.")
_NETWORK = (
    click.option("--seed", default=1, show_default=True, help="Of SIDs and tokens."),
    click.option(
        "--account-sid",
        envvar="TWILIO_ACCOUNT_SID",
        show_envvar=True,
        metavar="SID",
        help="The account that webhooks name.  [default: one that is printed]",
    ),
    click.option(
        "--auth-token",
        envvar="TWILIO_AUTH_TOKEN",
        show_envvar=True,
        metavar="TOKEN",
        help="What webhooks are signed with.  [default: one that is printed]",
    ),
    click.option(
        "--rest-port",
        default=REST_PORT,
        show_default=True,
        metavar="PORT",
        help="Where 127.0.0.1 serves Twilio's REST API meanwhile; 0 is any free port.",
    ),
)


def network_options(command: Command) -> Command:
    """The options of every command that runs an exchange; they make a `Network`."""
    return _RATE(timeless_options(command))


def timeless_options(command: Command) -> Command:
    """The same without a rate: time jumps."""
    for option in reversed(_NETWORK):
        command = option(command)
    return command


@main.command()
@click.argument("url", type=Url())
@click.option("--from", "caller", default=CALLER, show_default=True, help="Your number.")
@click.option("--to", "called", default=LINE, show_default=True, help="The number you dial.")
@click.option(
    "--phone",
    "phones",
    multiple=True,
    metavar="[NAME=]NUMBER=WORDS",
    help="Another phone, and what it does when it is rung: +33155500011=busy, "
    "duty=+33155500014='answers after 3, press 1'. Once for each phone.",
)
@click.option("--press", "presses", multiple=True, metavar="KEYS", help="Press these, don't ask.")
@click.option(
    "--script", type=click.File(encoding="utf-8"), help="Do what a file says; - is stdin."
)
@click.option("--stay", default=30.0, show_default=True, help="Seconds to stay after a script.")
@click.option("--speak", is_flag=True, help="Say it aloud, with espeak-ng.")
@click.option("--save", type=WRITTEN, help="Write the call as a dialogue.")
@network_options
def phone(
    url: str,
    caller: str,
    called: str,
    phones: tuple[str, ...],
    presses: tuple[str, ...],
    script: TextIO | None,
    stay: float,
    speak: bool,
    save: Path | None,
    **options: Any,
) -> None:
    """Dial a TwiML webhook, whatever it is written in, and talk to it with keys.

    Keys 0-9, * and # are pressed as you type them; q or Ctrl-C hangs up. Without a terminal, with
    --press or with --script it does what it is told: each line of a script is keys, or actions as
    in a dialogue (press 1, wait 3, hang up).
    """
    from ivr.cli import network_session as calling

    described = [calling.other_phone(text, place) for place, text in enumerate(phones, 1)]
    acts = calling.acts(presses, script)
    voice = calling.voice() if speak else None
    network = calling.Network(url, **options)
    finish(network.phone(caller, called, described, acts, stay, voice, save))


@main.command()
@click.argument("files", nargs=-1, required=True, type=READ)
@click.option("--url", type=Url(), required=True, help="The webhook that answers.")
@click.option("--number", help="Dial this number instead of the one in each dialogue.")
@click.option("--junit", type=WRITTEN, help="Write JUnit XML.")
@click.option("--json", "as_json", is_flag=True, help="Print the results as JSON.")
@network_options
def replay(
    files: tuple[Path, ...],
    url: str,
    number: str | None,
    junit: Path | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Play .call dialogues against a TwiML webhook; exits with 1 if one doesn't come true.

    --rate 20 plays twenty times as fast; 0 doesn't wait at all, except for the webhook.
    """
    from ivr.cli import network_session as calling

    dialogues = [calling.dialogue(path, number) for path in files]
    results = calling.Network(url, **options).replay(dialogues, quiet=as_json)
    calling.publish(results, junit, as_json)
    finish(all(result.passed for result in results))


KEYS = re.compile(r"[0-9*#]+")


def _keys(_context: click.Context, _option: click.Parameter, value: Any) -> Any:
    """Refuse what isn't keys of a telephone."""
    for text in (value,) if isinstance(value, str) else value:
        if not KEYS.fullmatch(text):
            raise click.BadParameter(f"{text!r} isn't keys of a telephone: 0-9, * and #")
    return value


@main.command()
@click.argument("url", type=Url())
@click.option("--calls", default=200, show_default=True, help="Tried for each trouble.")
@click.option("--from", "caller", default=CALLER, show_default=True, help="The callers' number.")
@click.option("--to", "called", default=LINE, show_default=True, help="The number they dial.")
@click.option(
    "--keys", default="0123456789*#", show_default=True, callback=_keys, help="What they press."
)
@click.option(
    "--entry",
    "entries",
    multiple=True,
    metavar="KEYS",
    callback=_keys,
    help="What they know, such as a case number: 17349013#. Once for each.",
)
@click.option(
    "--say",
    "words",
    multiple=True,
    default=("yes", "no", "help"),
    show_default=True,
    metavar="WORDS",
    help="What they say where speech is gathered.",
)
@click.option(
    "--phone",
    "phones",
    multiple=True,
    metavar="[NAME=]NUMBER=WORDS",
    help="Somebody whom the line may ring, and what he does. Everybody else is drawn, too.",
)
@click.option("--longest", default=12, show_default=True, help="Things that one caller does.")
@click.option(
    "--silence",
    default=60.0,
    show_default=True,
    help="Seconds in which nothing is heard and nothing goes on, until a caller is stranded.",
)
@click.option(
    "--patience",
    default=600.0,
    show_default=True,
    help="Seconds in which he does nothing and hears nothing new, until he is stranded.",
)
@click.option("--warnings", is_flag=True, help="Count Twilio's warnings as errors.")
@click.option(
    "--save",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("fuzz"),
    show_default=True,
    metavar="FOLDER",
    help="Where the calls are written.",
)
@click.option("--junit", type=WRITTEN, help="Write JUnit XML.")
@click.option("--json", "as_json", is_flag=True, help="Print the results as JSON.")
@timeless_options
def fuzz(
    url: str,
    calls: int,
    caller: str,
    called: str,
    phones: tuple[str, ...],
    save: Path,
    junit: Path | None,
    as_json: bool,
    keys: str,
    entries: tuple[str, ...],
    words: tuple[str, ...],
    longest: int,
    silence: float,
    patience: float,
    warnings: bool,
    **options: Any,
) -> None:
    """Callers who try to get lost in a TwiML application: is one of them stranded?

    An error: a webhook fails, a document can't be carried out. Silence: nothing is heard, nobody is
    rung, nothing listens. A loop: the same is said again and again to somebody who does nothing.
    First each key is tried wherever something new was heard, then callers are drawn from the seed
    (Hypothesis), and what strands one is shrunk to the shortest call and written as a .call, which
    fails when `ivr replay` plays it against the application. Exits with 1 if there is one.
    """
    from ivr.cli import network_session as calling
    from ivr.simulator.fuzz import Rules

    described = [calling.other_phone(text, place) for place, text in enumerate(phones, 1)]
    rules = Rules(keys, entries, words, longest, silence, patience, warnings)
    network = calling.Network(url, rate=0, **options)
    results = network.fuzz(caller, called, described, rules, calls, save, quiet=as_json)
    calling.publish(results, junit, as_json, all_is_well="nobody was stranded")
    finish(not results)


class Leads(click.ParamType[tuple[str, str]]):
    """A telephone number, and the webhook that answers it."""

    name = "NUMBER=URL"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        number, is_given, url = str(value).partition("=")
        if not is_given or not number:
            self.fail(f"{value!r} isn't NUMBER=URL, such as {LINE}=http://localhost:3000/voice")
        return number, Url().convert(url, param, ctx)


@main.command()
@click.option(
    "--number",
    "numbers",
    multiple=True,
    required=True,
    type=Leads(),
    metavar="NUMBER=URL",
    help="A number, and the webhook that answers it. Once for each number.",
)
@click.option(
    "--phone",
    "phones",
    multiple=True,
    default=("alice=+33155500101", "bob=+33155500102", "carol=client:carol"),
    show_default=True,
    metavar="[NAME=]NUMBER[=WORDS]",
    help="A telephone on the page, and what it does by itself when it is rung.",
)
@click.option("--port", default=8003, show_default=True, help="Of the page, on 127.0.0.1.")
@click.option("--log", type=WRITTEN, help="Write all that goes over the wire, as JSON lines.")
@click.option(
    "--save",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Write each call as a .call dialogue, which `ivr replay` plays again.",
)
@network_options
def network(
    numbers: tuple[tuple[str, str], ...],
    phones: tuple[str, ...],
    port: int,
    log: Path | None,
    save: Path | None,
    **options: Any,
) -> None:
    """A telephone network for any TwiML application: phones on a page, and what goes over the wire.

    Its REST API is Twilio's: point the application's Twilio client at it.
    """
    from ivr.cli import network_session as calling

    described = [calling.telephone(text, place) for place, text in enumerate(phones, 1)]
    calling.Network("", **options).serve(dict(numbers), described, port, log, save)


@main.command()
def twiml() -> None:
    """What is done of each verb, noun and attribute of TwiML: as Twilio, simplified, refused."""
    from ivr.twiml.table import markdown

    click.echo(markdown())


for _command in (*line_commands.COMMANDS, *privacy_commands.COMMANDS):
    main.add_command(_command)
