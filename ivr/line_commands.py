"""The commands that need the line and what it stands on: ``pip install 'ivr-simulator[line]'``."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from ivr.settings import Settings
    from ivr.store import Store

WEBHOOKS, PAGES = 8000, 8001


class Faulty(click.ClickException):
    """Settings, data or the machine are at fault, not the command."""

    exit_code = 3


def _line_command(function: Callable[..., Any]) -> click.Command:
    """A command that says what to do when the line isn't installed or its settings are wrong."""

    @wraps(function)
    def run(**given: Any) -> Any:
        if find_spec("flask") is None or find_spec("transitions") is None:
            raise Faulty("this needs the line: pip install 'ivr-simulator[line]'")
        from ivr.errors import DataError, IVRError

        try:
            return function(**given)
        except DataError as error:
            raise click.ClickException(str(error)) from error
        except IVRError as error:
            raise Faulty(str(error)) from error

    return click.command(name=function.__name__.rstrip("_"))(run)


def _port(name: str, default: int, about: str) -> Callable[..., Any]:
    return click.option(name, default=default, show_default=True, metavar="PORT", help=about)


@_line_command
def run(**given: Any) -> None:
    """The line, its duties and the simulated phones in one process, for a laptop."""
    from ivr.laptop import serve_laptop

    serve_laptop(given["webhooks_port"], given["pages_port"], click.echo)


run = _port("--webhooks-port", WEBHOOKS, "Where the carrier's requests are answered.")(run)
run = _port("--pages-port", PAGES, "Where the pages are.")(run)


@_line_command
def serve(**given: Any) -> None:
    """The line alone, for production. Settings are environment variables; see `ivr settings`."""
    from granian import Granian
    from granian.constants import Interfaces

    settings, store = _settings_and_store()
    settings.require("public_url", "account_sid", "auth_token")
    settings.line()
    store.migrate()  # before there are several of us
    store.close()
    server = Granian(
        "ivr.serving:create",
        factory=True,
        address=given["host"],
        port=given["port"],
        interface=Interfaces.WSGI,
        workers=given["workers"],
        blocking_threads=given["threads"],
        respawn_failed_workers=True,
    )
    server.serve()


serve = click.option("--host", default="127.0.0.1", show_default=True)(serve)
serve = _port("--port", WEBHOOKS, "Where the carrier's requests are answered.")(serve)
serve = click.option("--workers", default=1, show_default=True, help="Processes.")(serve)
serve = click.option("--threads", default=4, show_default=True, help="Threads of each.")(serve)


@_line_command
def worker(**given: Any) -> None:
    """Do the duties that other processes left behind; any number of workers may run."""
    from threading import Event

    from ivr.duties import Duties
    from ivr.serving import create

    app = create(patrol=False)
    duties: Duties = app.extensions["ivr"]
    duties.store.migrate()
    app.extensions["ivr_rota"].begin()
    with suppress(KeyboardInterrupt):
        done = duties.everything()
        if given["once"]:
            click.echo(f"{done} duties done")
        else:
            duties.patrol(given["pause"], Event())


worker = click.option("--once", is_flag=True, help="Do what is due now, then stop.")(worker)
worker = click.option("--pause", default=0.5, show_default=True, help="Seconds between two looks.")(
    worker
)


@_line_command
def import_(**given: Any) -> None:
    """Load people, rota and cases from the CSV files in FOLDER, or from one file; all or
    nothing."""
    _, store = _settings_and_store()
    store.migrate()
    loaded = store.import_csv(given["folder"])
    click.echo(", ".join(f"{count} {name}" for name, count in loaded.items()))


import_ = click.argument("folder", type=click.Path(exists=True, path_type=Path))(import_)


@_line_command
def check(**given: Any) -> None:
    """Prove what the flow promises; it is refused with file, step and what to do otherwise."""
    line = _settings().line()
    steps = len(line.caller.steps) + len(line.person.steps)
    languages = ", ".join(line.caller.prompts.codes)
    click.echo(f"{line.name} {line.config.version}: {steps} steps in {languages}; nothing is wrong")


@_line_command
def draw(**given: Any) -> None:
    """The flow's diagram, as Mermaid."""
    from ivr.drawing import mermaid

    line = _settings().line()
    click.echo(mermaid(line.person if given["person"] else line.caller), nl=False)


draw = click.option("--person", is_flag=True, help="That of the people who are rung.")(draw)


@_line_command
def fallback(**given: Any) -> None:
    """The static document for when the server is down, for a TwiML Bin."""
    from ivr.web import fallback as document

    settings = _settings()
    settings.require("public_url")
    click.echo(document(settings.line(), settings.public_url))


@_line_command
def settings(**given: Any) -> None:
    """Every setting, its default and what it is for."""
    from ivr.settings import table

    for name, default, about in table():
        click.echo(f"{name}\n    {about} [{default or 'not set'}]")


@_line_command
def rota(**given: Any) -> None:
    """Who is on duty, from when until when, what says so, and where nobody is."""
    from ivr.rota_report import as_json, as_text, report

    settings, store = _settings_and_store()
    store.migrate()
    made = report(store, settings.line().config, **{k: v for k, v in given.items() if k != "json"})
    click.echo(as_json(made) if given["json"] else as_text(made))


rota = click.option("--at", default="", metavar="INSTANT", help="2026-11-24T10:00+01:00; now.")(
    rota
)
rota = click.option("--days", default=1, show_default=True, type=click.IntRange(1, 366))(rota)
rota = click.option("--role", default="duty", show_default=True, help="Or second_level_duty.")(rota)
rota = click.option("--region", default="", help="One region; else all that have a number.")(rota)
rota = click.option("--product", default="", help="One product.")(rota)
rota = click.option("--json", is_flag=True, help="For another program.")(rota)


@_line_command
def notices(**given: Any) -> None:
    """Who couldn't be told of what so far, and why."""
    from datetime import UTC, datetime

    from ivr.notice_report import as_json, as_text, report

    _, store = _settings_and_store()
    store.migrate()
    rows = report(store, datetime.now(UTC), sent=given["sent"])
    click.echo(as_json(rows) if given["json"] else as_text(rows))


notices = click.option("--sent", is_flag=True, help="What was delivered, too.")(notices)
notices = click.option("--json", is_flag=True, help="For another program.")(notices)


db = click.Group("db", help="The database.")


@_line_command
def migrate(**given: Any) -> None:
    """Bring the schema up to date, before any worker starts."""
    _, store = _settings_and_store()
    store.migrate()
    click.echo("up to date")


db.add_command(migrate)


def _settings() -> Settings:
    from ivr.settings import Settings

    return Settings.from_environment()


def _settings_and_store() -> tuple[Settings, Store]:
    from ivr.store import Store

    settings = _settings()
    return settings, Store(settings.database)


COMMANDS: list[click.Command] = [
    run, serve, worker, import_, rota, notices, check, draw, fallback, settings, db,
]  # fmt: skip
