"""Kinds of argument, and options that several commands share."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import wraps
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

Function = TypeVar("Function", bound=Callable[..., Any])

if TYPE_CHECKING:
    from ivr.simulator.exchange import Exchange

CALLER = "+33155500101"
LINE = "+33800000001"
REST_PORT = 8765

INPUT_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
OUTPUT_FILE = click.Path(dir_okay=False, writable=True, path_type=Path)
OUTPUT_FOLDER = click.Path(file_okay=False, path_type=Path)


class Url(click.ParamType[str]):
    """The address of a webhook."""

    name = "URL"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        from ivr.simulator.network.targets import requestable

        if not requestable(str(value)):
            self.fail(f"{value!r} isn't a URL such as http://localhost:3000/voice", param, ctx)
        return str(value)


class NumberAndUrl(click.ParamType[tuple[str, str]]):
    """A phone number, and the webhook that answers it."""

    name = "NUMBER=URL"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        number, equals, url = str(value).partition("=")
        if not equals or not number:
            example = f"{LINE}=http://localhost:3000/voice"
            self.fail(f"{value!r} isn't NUMBER=URL, such as {example}", param, ctx)
        return Phone().convert(number, param, ctx), Url().convert(url, param, ctx)


class Telephone(click.ParamType[str]):
    """A telephone number."""

    name = "NUMBER"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        from ivr.simulator.expectations.syntax import E164

        if not E164.fullmatch(str(value)):
            self.fail(f"{value!r} isn't a phone number such as {CALLER}", param, ctx)
        return str(value)


class Phone(click.ParamType[str]):
    """What a call comes from or goes to."""

    name = "NUMBER"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        from ivr.simulator.expectations.syntax import NUMBER

        if not NUMBER.fullmatch(str(value)):
            could = f"a number such as {CALLER}, client:NAME, sip:ADDRESS or anonymous"
            self.fail(f"{value!r} isn't {could}", param, ctx)
        return str(value)


class OriginAndUrl(click.ParamType[tuple[str, str]]):
    """An origin, and the URL of the application that is reached there; "" for the one called."""

    name = "ORIGIN[=URL]"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        from ivr.simulator.network.targets import as_origin

        origin, equals, url = str(value).partition("=")
        try:
            origin = as_origin(origin)
        except ValueError as error:
            self.fail(str(error), param, ctx)
        return origin, Url().convert(url, param, ctx) if equals else ""


class VerifyService(click.ParamType[str]):
    """The SID of a service of Verify."""

    name = "SID"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        from ivr.simulator.expectations.syntax import VERIFY_SERVICE

        if not VERIFY_SERVICE.fullmatch(str(value)):
            self.fail(f"{value!r} isn't VA and 32 hexadecimal digits", param, ctx)
        return str(value)


class Port(click.ParamType[int]):
    """A port of this machine; 0 is any free one."""

    name = "PORT"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        port: int = click.INT.convert(value, param, ctx)
        if not 0 <= port <= 65535:
            self.fail(f"{port} isn't a port, which is a number up to 65535", param, ctx)
        return port


class Amount(click.FloatRange):
    """A number, which click's own range lets be no number at all, or without end."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        amount: float = super().convert(value, param, ctx)
        if not isfinite(amount):
            self.fail(f"{value!r} isn't a number such as 1.5", param, ctx)
        return amount


class Keys(click.ParamType[str]):
    """Keys of a phone."""

    name = "KEYS"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not re.fullmatch(r"[0-9*#]+", str(value)):
            self.fail(f"{value!r} contains characters other than 0-9, * and #", param, ctx)
        return str(value)


class Moment(click.ParamType[datetime]):
    """A date and time with its offset from UTC."""

    name = "DATETIME"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            moment = datetime.fromisoformat(str(value))
        except ValueError:
            example = "2026-11-24T10:00+01:00"
            self.fail(f"{value!r} isn't a date and time such as {example}", param, ctx)
        if moment.tzinfo is None:
            both = f"{value}+01:00 or {value}Z"
            self.fail(f"{value!r} has no UTC offset; write {both}", param, ctx)
        return moment.astimezone(UTC)


def json_option(command: Function) -> Function:
    """``--json``, as the parameter ``as_json``."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(command)


def count_option(name: str, default: int, help: str) -> Callable[[Function], Function]:
    """How many of something: at least one."""
    return click.option(
        name, default=default, show_default=True, type=click.IntRange(min=1), help=help
    )


def port_option(name: str, default: int, purpose: str) -> Callable[[Function], Function]:
    """A port of this machine."""
    return click.option(name, default=default, show_default=True, type=Port(), help=purpose)


def seconds_option(
    name: str, default: float, help: str, *, zero: bool = False
) -> Callable[[Function], Function]:
    """How long something takes; with ``zero`` perhaps no time at all."""
    return click.option(
        name,
        default=default,
        show_default=True,
        type=Amount(min=0, min_open=not zero),
        metavar="SECONDS",
        help=help,
    )


def ends_options(command: Function) -> Function:
    """``--from`` and ``--to``, as the parameters ``caller`` and ``called``."""
    caller = click.option(
        "--from",
        "caller",
        default=CALLER,
        show_default=True,
        type=Phone(),
        help="Phone number of the caller.",
    )
    called = click.option(
        "--to",
        "called",
        default=LINE,
        show_default=True,
        type=Phone(),
        help="Phone number to call.",
    )
    return caller(called(command))


def log_option(command: Callable[..., None]) -> Callable[..., None]:
    """``--log``: the command's process logs from its beginning to its end."""

    @wraps(command)
    def logging(*, log: str | None, **others: Any) -> None:
        # When [line] is missing, this says so, and nothing has been logged. No more of it yet:
        # the metrics need a folder before their package is imported.
        import ivr.line.config  # noqa: F401
        from ivr.server import logs
        from ivr.server.settings import Settings

        form = log or Settings.from_environment().log
        with logs.kept(form, str(command.__name__)):
            command(**others)

    return click.option(
        "--log",
        type=click.Choice(["text", "json"]),
        help="Format of the log, instead of IVR_LOG.",
    )(logging)


@dataclass(frozen=True, slots=True)
class NetworkOptions:
    """How a command sets up the simulated network."""

    rate: float  # 0: as fast as possible
    seed: int
    account_sid: str | None
    auth_token: str | None
    rest_port: int
    silent_recordings: str
    verified: tuple[str, ...]  # numbers of others that calls may show
    origins: tuple[tuple[str, str], ...] = ()  # and what each leads to, "" for the application
    verify_service: tuple[str, ...] = ()  # SIDs of services of Verify that the application knows
    run: str | None = None  # the command that starts the application

    def exchange(self, **options: Any) -> Exchange:
        """A network set up like this."""
        from ivr.simulator.exchange import Exchange

        made = Exchange(self.seed, **options)
        self.set_up(made)
        return made

    def set_up(self, made: Exchange, silent_recordings: str = "") -> None:
        """Give a network the settings of its account; a dialogue's own one comes first."""
        made.silent_recordings = silent_recordings or self.silent_recordings
        for number in self.verified:
            made.verify(number)
        for origin, url in self.origins:
            if url:
                made.mount(origin, url)
            else:
                made.origin = made.origin or origin
        for sid in self.verify_service:
            made.verify_service(sid=sid)


_RATE = click.option(
    "--rate",
    default=1.0,
    show_default=True,
    type=Amount(min=0),
    metavar="SPEED",
    help="Speed of simulated time: 1 is real time, 20 is twenty times as fast.",
)
_NETWORK = (
    click.option(
        "--run",
        metavar="COMMAND",
        help="Start the application with this command, and stop it afterwards. It must listen on "
        "the port of the URL: $PORT in its environment, {port} in the command. Its requests to "
        "Twilio go to the simulated network.",
    ),
    click.option(
        "--seed",
        default=1,
        show_default=True,
        help="Seed for generated SIDs and tokens.",
    ),
    click.option(
        "--account-sid",
        envvar="TWILIO_ACCOUNT_SID",
        show_envvar=True,
        metavar="SID",
        show_default="generated and printed",
        help="Account SID that webhook requests carry.",
    ),
    click.option(
        "--auth-token",
        envvar="TWILIO_AUTH_TOKEN",
        show_envvar=True,
        metavar="TOKEN",
        show_default="generated and printed",
        help="Token that signs webhook requests.",
    ),
    port_option(
        "--rest-port",
        REST_PORT,
        "Port on 127.0.0.1 for the simulated Twilio REST API; 0 picks a free one.",
    ),
    click.option(
        "--silent-recordings",
        type=click.Choice(["kept", "dropped"]),
        default="kept",
        show_default=True,
        help="What happens to a <Record> in which nothing is heard (an account setting at Twilio).",
    ),
    click.option(
        "--verified",
        multiple=True,
        type=Telephone(),
        help="A number that isn't yours but that calls may show (a verified caller ID). "
        "Repeat for each.",
    ),
    click.option(
        "--origin",
        "origins",
        multiple=True,
        type=OriginAndUrl(),
        help="The address at which Twilio reaches the application, such as https://line.example, "
        "or ORIGIN=URL for another one that runs at URL. Repeat for each.",
    ),
    click.option(
        "--verify-service",
        multiple=True,
        type=VerifyService(),
        help="SID (VA…) of a Verify service that the application uses. Repeat for each.",
    ),
)


def network_options(command: Callable[..., None]) -> Callable[..., None]:
    """The options of a command that runs a simulated network, as the parameter ``network``."""
    return _RATE(untimed_network_options(command))


def untimed_network_options(command: Callable[..., None]) -> Callable[..., None]:
    """The same without ``--rate``: simulated time passes as fast as possible."""

    @wraps(command)
    def collected(
        *,
        seed: int,
        account_sid: str | None,
        auth_token: str | None,
        rest_port: int,
        silent_recordings: str,
        verified: tuple[str, ...],
        origins: tuple[tuple[str, str], ...],
        verify_service: tuple[str, ...],
        run: str | None,
        rate: float = 0,
        **others: Any,
    ) -> None:
        network = NetworkOptions(
            rate,
            seed,
            account_sid,
            auth_token,
            rest_port,
            silent_recordings,
            verified,
            origins,
            verify_service,
            run,
        )
        command(network=network, **others)

    for option in reversed(_NETWORK):
        collected = option(collected)
    return collected
