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
    from ivr.line.store.store import Store
    from ivr.server.settings import Settings

WEBHOOKS, PAGES = 8000, 8001


class Faulty(click.ClickException):
    """Settings, data or the machine are at fault, not the command."""

    exit_code = 3


def line_command(function: Callable[..., Any]) -> click.Command:
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


@line_command
def run(**given: Any) -> None:
    """The line, its duties and the simulated phones in one process, for a laptop."""
    from ivr.server.laptop import serve_laptop

    serve_laptop(given["webhooks_port"], given["pages_port"], click.echo)


run = _port("--webhooks-port", WEBHOOKS, "Where the carrier's requests are answered.")(run)
run = _port("--pages-port", PAGES, "Where the pages are.")(run)


@line_command
def serve(**given: Any) -> None:
    """The line alone, for production. Settings are environment variables; see `ivr settings`."""
    from granian import Granian
    from granian.constants import Interfaces

    settings, store = settings_and_store()
    settings.require("public_url", "account_sid", "auth_token")
    settings.line()
    store.migrate()  # before there are several of us
    store.close()
    server = Granian(
        "ivr.server.processes:create",
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


@line_command
def pages(**given: Any) -> None:
    """The people's pages, for production: cases, the desk, one's own status."""
    from granian import Granian
    from granian.constants import Interfaces

    settings, store = settings_and_store()
    settings.require("secret_key")
    settings.line()
    store.migrate()
    store.close()
    Granian(
        "ivr.server.processes:create_pages",
        factory=True,
        address=given["host"],
        port=given["port"],
        interface=Interfaces.WSGI,
        workers=given["workers"],
        respawn_failed_workers=True,
    ).serve()


pages = click.option("--host", default="127.0.0.1", show_default=True)(pages)
pages = _port("--port", PAGES, "Where the pages are.")(pages)
pages = click.option("--workers", default=1, show_default=True, help="Processes.")(pages)


@line_command
def worker(**given: Any) -> None:
    """Do the duties that other processes left behind; any number of workers may run."""
    from threading import Event

    from ivr.line.service.duties.runner import Duties
    from ivr.line.web.webhooks.app import begin
    from ivr.server.processes import create

    app = create(patrol=False)
    duties: Duties = app.extensions["ivr"]
    duties.store.migrate()
    begin(app)
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


@line_command
def import_(**given: Any) -> None:
    """Load people, rota and cases from the CSV files in FOLDER, or from one file; all or
    nothing."""
    _, store = settings_and_store()
    store.migrate()
    loaded = store.import_csv(given["folder"])
    click.echo(", ".join(f"{count} {name}" for name, count in loaded.items()))


import_ = click.argument("folder", type=click.Path(exists=True, path_type=Path))(import_)


@line_command
def check(**given: Any) -> None:
    """Prove what the flow promises; it is refused with file, step and what to do otherwise."""
    line = _settings().line()
    steps = len(line.caller.steps) + len(line.person.steps)
    languages = ", ".join(line.caller.prompts.codes)
    click.echo(f"{line.name} {line.config.version}: {steps} steps in {languages}; nothing is wrong")


@line_command
def draw(**given: Any) -> None:
    """The flow's diagram, as Mermaid."""
    from ivr.line.flow.mermaid import mermaid

    line = _settings().line()
    flow = line.console if given["console"] else line.person if given["person"] else line.caller
    click.echo(mermaid(flow), nl=False)


draw = click.option("--person", is_flag=True, help="That of the people who are rung.")(draw)
draw = click.option("--console", is_flag=True, help="That of what a click does.")(draw)


@line_command
def fallback(**given: Any) -> None:
    """The static document for when the server is down, for a TwiML Bin."""
    from ivr.line.web.webhooks.app import fallback as document

    settings = _settings()
    settings.require("public_url")
    click.echo(document(settings.line(), settings.public_url))


@line_command
def settings(**given: Any) -> None:
    """Every setting, its default and what it is for."""
    from ivr.server.settings import table

    for name, default, about in table():
        click.echo(f"{name}\n    {about} [{default or 'not set'}]")


@line_command
def rota(**given: Any) -> None:
    """Who is on duty, from when until when, what says so, and where nobody is."""
    from ivr.cli.reports.rota import as_json, as_text, report

    settings, store = settings_and_store()
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


@line_command
def case(**given: Any) -> None:
    """What the line sees of the case NUMBER, from where and how fast; ends with 1 if there is none,
    with 3 if it can't be asked."""
    from ivr.cli.reports.case import look_up

    settings, store = settings_and_store()
    found, text = look_up(given["number"], settings, store)
    click.echo(text)
    if not found:
        raise click.exceptions.Exit(1)


case = click.argument("number")(case)


@line_command
def notices(**given: Any) -> None:
    """Who couldn't be told of what so far, and why."""
    from datetime import UTC, datetime

    from ivr.cli.reports.notices import as_json, as_text, report

    _, store = settings_and_store()
    store.migrate()
    rows = report(store, datetime.now(UTC), sent=given["sent"])
    click.echo(as_json(rows) if given["json"] else as_text(rows))


notices = click.option("--sent", is_flag=True, help="What was delivered, too.")(notices)
notices = click.option("--json", is_flag=True, help="For another program.")(notices)


db = click.Group("db", help="The database.")


@line_command
def migrate(**given: Any) -> None:
    """Bring the schema up to date, before any worker starts."""
    _, store = settings_and_store()
    store.migrate()
    click.echo("up to date")


db.add_command(migrate)


login = click.Group("login", help="Who may sign in on the pages.")


@line_command
def add(**given: Any) -> None:
    """Let somebody in, or change what he may. The password is asked for, never an argument."""
    from secrets import token_hex

    from ivr.errors import DataError
    from ivr.line.desk.roles import ROLES
    from ivr.line.records import Login
    from ivr.line.web.pages.sign_in import hashed

    _, store = settings_and_store()
    store.migrate()
    if wrong := set(given["role"]) - set(ROLES):
        raise DataError(f"no role '{wrong.pop()}'; there are {', '.join(ROLES)}")
    before = store.logins.find(email=given["email"])
    password = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    store.logins.save(
        Login(
            id=before.id if before else token_hex(6),  # logs name him by it, so no address
            email=given["email"],
            name=given["name"] or given["email"],
            roles=given["role"],
            person=given["person"],
            contact=given["contact"],
            accounts=given["account"],
            hash=hashed(password),
            epoch=before.epoch + 1 if before else 0,
        )
    )
    click.echo(f"{given['email']} may sign in as {', '.join(given['role'])}")


add = click.argument("email")(add)
add = click.option("--role", multiple=True, required=True, help="One or more.")(add)
add = click.option("--name", default="", help="As he is called.")(add)
add = click.option("--person", default="", help="His id, if he works here.")(add)
add = click.option("--contact", default="", help="His id, if he is a customer's contact.")(add)
add = click.option("--account", multiple=True, help="A customer's accounts, the primary first.")(
    add
)


@line_command
def disable(**given: Any) -> None:
    """Let somebody in no longer; his sessions end at once."""
    from ivr.errors import DataError

    _, store = settings_and_store()
    known = store.logins.find(email=given["email"])
    if known is None:
        raise DataError(f"nobody signs in as {given['email']}")
    store.logins.change(known.id, active=False, epoch=known.epoch + 1)
    click.echo(f"{given['email']} may not sign in any more")


disable = click.argument("email")(disable)


@line_command
def list_(**given: Any) -> None:
    """Everybody who may sign in."""
    _, store = settings_and_store()
    for each in store.logins.all():
        state = "" if each.active else "  (disabled)"
        click.echo(f"{each.email}  {', '.join(each.roles)}{state}")


for command in (add, disable, list_):
    login.add_command(command)


def _settings() -> Settings:
    from ivr.server.settings import Settings

    return Settings.from_environment()


def settings_and_store() -> tuple[Settings, Store]:
    from ivr.line.store.store import Store

    settings = _settings()
    return settings, Store(settings.database)


COMMANDS: list[click.Command] = [
    run, serve, pages, worker, import_, rota, case, notices, check, draw, fallback, settings, db,
    login,
]  # fmt: skip
