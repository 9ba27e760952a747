"""The command line. Commands import what they need when they run, so that `ivr --help` is quick.

Exit codes: 0 as hoped, 1 the thing under test failed, 2 wrong usage, 3 the environment is at fault.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO, TypeVar

import click

from ivr import line_commands, privacy_commands

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

_NETWORK = (
    click.option("--rate", default=1.0, show_default=True, help="How fast time goes by."),
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
    from ivr import calling

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
    from ivr import calling

    dialogues = [calling.dialogue(path, number) for path in files]
    results = calling.Network(url, **options).replay(dialogues, quiet=as_json)
    calling.publish(results, junit, as_json)
    finish(all(result.passed for result in results))


for _command in (*line_commands.COMMANDS, *privacy_commands.COMMANDS):
    main.add_command(_command)
