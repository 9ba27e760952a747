"""The commands that run the line, check its flow, and show or load its data."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import click

from ivr.cli.database import open_store, read_settings
from ivr.cli.exit_codes import finish
from ivr.cli.options import (
    Moment,
    Port,
    count_option,
    json_option,
    log_option,
    port_option,
    seconds_option,
)

WEBHOOKS = 8000
PAGES = 8001


@click.command()
@port_option("--webhooks-port", WEBHOOKS, "Port for webhooks.")
@port_option("--pages-port", PAGES, "Port for the web pages.")
@log_option
def run(webhooks_port: int, pages_port: int) -> None:
    """Try the line on this machine, with simulated phones.

    Serves the line, its web pages and a page of phones in one process, with a sample desk. No
    Twilio account is needed. Notices are sent only if their settings are set.
    """
    from ivr.server.laptop import serve_laptop

    serve_laptop(webhooks_port, pages_port, click.echo)


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@port_option("--port", WEBHOOKS, "Port for webhooks.")
@count_option("--workers", 1, "Number of worker processes.")
@click.option(
    "--threads",
    type=click.IntRange(1),
    show_default="4; 16 with PostgreSQL or IVR_POWER_SAFE",
    help="Number of threads per worker.",
)
@log_option
def serve(host: str, port: int, workers: int, threads: int | None) -> None:
    """Serve the line's webhooks in production.

    Settings are environment variables, listed by `ivr settings`. The database is migrated first.
    """
    from ivr.server import metrics

    with metrics.directory():
        _require("public_url", "account_sid", "auth_token", own_desk=True)
        _serve("webhooks", host, port, workers, threads or read_settings().threads)


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@port_option("--port", PAGES, "Port for the web pages.")
@count_option("--workers", 1, "Number of worker processes.")
@count_option("--threads", 4, "Number of threads per worker.")
@log_option
def pages(host: str, port: int, workers: int, threads: int) -> None:
    """Serve the web pages in production.

    These are the pages for staff and customers: the console, cases, and everyone's own status.
    Settings are environment variables, listed by `ivr settings`.
    """
    from ivr.server import entrance, metrics

    entrance.check(read_settings())
    with metrics.directory():
        _require()
        _serve("pages", host, port, workers, threads)


def _require(*names: str, own_desk: bool = False) -> None:
    """Refuse what the worker processes would refuse, once and before they start; with ``own_desk``
    what is left of the sample desk, too."""
    from ivr.server.build import line_of
    from ivr.server.leftovers import refuse_leftovers

    settings = read_settings()
    settings.require(*names)
    line, store = line_of(settings), open_store(settings)
    if own_desk:
        refuse_leftovers(settings, line.config, store)
    store.close()  # before the processes are forked


def _serve(application: str, host: str, port: int, workers: int, threads: int) -> None:
    from ivr.server import processes
    from ivr.server.door import Limits
    from ivr.server.supervisor import Supervisor, open_listener
    from ivr.server.worker import work

    make = getattr(processes, application)
    listener = open_listener(host, port, Limits().backlog)
    Supervisor(partial(work, make, threads), workers, listener).run()


@click.command()
@click.option("--once", is_flag=True, help="Do what is due now, then stop.")
@seconds_option("--pause", 0.5, "Time between two checks for work.", zero=True)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    default=0,
    show_default="none",
    type=Port(),
    help="Port for /livez, /readyz and /metrics.",
)
@log_option
def worker(once: bool, pause: float, host: str, port: int) -> None:
    """Carry out work that is due: calls, callbacks, notices.

    Takes over what a stopped process has left undone. Any number of workers may run.
    """
    import signal
    from threading import Event

    from ivr.line import tracing
    from ivr.server import traces
    from ivr.server.build import full_services
    from ivr.server.health_port import answering
    from ivr.server.leftovers import refuse_leftovers

    traces.begin()
    settings = read_settings()
    services = full_services(settings)
    click.get_current_context().call_on_close(services.store.close)
    services.store.migrate()
    refuse_leftovers(settings, services.line.config, services.store)
    services.begin()
    # An event, not KeyboardInterrupt: raised in the middle of something, that can get lost.
    stop = Event()
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, lambda *_: stop.set())
    with answering(services, host, port, settings.metrics_token):
        done = services.duties.everything()
        if once:
            click.echo(f"{done} duties done")
        else:
            services.duties.patrol(pause, stop)
    tracing.end()


@click.command()
@click.option("--person", is_flag=True, help="Draw the flow of the people who are called instead.")
@click.option("--console", is_flag=True, help="Draw the flow of the console's buttons instead.")
def draw(person: bool, console: bool) -> None:
    """Print a diagram of the call flow (Mermaid)."""
    from ivr.line.flow.mermaid import mermaid
    from ivr.server.build import line_of

    if person and console:
        raise click.UsageError("choose one of --person and --console")
    line = line_of(read_settings())
    flow = line.caller
    if person:
        flow = line.person
    if console:
        flow = line.console
    click.echo(mermaid(flow), nl=False)


@click.command()
def fallback() -> None:
    """Print the TwiML to serve when the line is down.

    Store it where it is served without the line, such as a TwiML Bin, and set that as the fallback
    URL of the phone number.
    """
    from ivr.line.web.webhooks.app import fallback as document
    from ivr.server.build import line_of

    settings = read_settings()
    settings.require("public_url")
    click.echo(document(line_of(settings), settings.public_url))


@click.command()
@json_option
def settings(as_json: bool) -> None:
    """List the settings: environment variables and defaults."""
    from ivr.server.settings import table

    if as_json:
        names = ("variable", "default", "purpose")
        rows = [dict(zip(names, row, strict=True)) for row in table()]
        click.echo(json.dumps(rows, indent=2))
        return
    for variable, default, purpose in table():
        shown = f"  [default: {default}]" if default else ""
        click.echo(f"{variable}\n    {purpose}{shown}")


@click.command("import")
@click.argument("path", metavar="FOLDER", type=click.Path(exists=True, path_type=Path))
def import_(path: Path) -> None:
    """Load people, rota and cases from CSV files.

    FOLDER holds the files; a single file may be given as well. Either every row is loaded or none.
    """
    store = open_store(read_settings())
    counts = store.import_csv(path)
    click.echo(", ".join(f"{count} {name}" for name, count in counts.items()))


@click.command()
@click.option("--at", type=Moment(), show_default="now", help="Start of the period.")
@click.option(
    "--days",
    default=1,
    show_default=True,
    type=click.IntRange(1, 366),
    help="Length of the period.",
)
@click.option(
    "--role", default="duty", show_default=True, help="Role on the rota: duty or second_level_duty."
)
@click.option(
    "--region", default="", show_default="all regions with a phone number", help="Only this region."
)
@click.option("--product", default="", help="Only shifts that cover this product.")
@json_option
def rota(
    at: datetime | None, days: int, role: str, region: str, product: str, as_json: bool
) -> None:
    """Show who is on call, and the gaps.

    Each row gives the period, the person, and the shift or calendar that says so.
    """
    from ivr.cli.reports import rota as reports
    from ivr.server.build import line_of

    settings = read_settings()
    report = reports.report(
        open_store(settings),
        line_of(settings).config,
        at=at or datetime.now(UTC),
        days=days,
        role=role,
        region=region,
        product=product,
    )
    click.echo(reports.as_json(report) if as_json else reports.as_text(report))


@click.command()
@click.argument("number")
@json_option
def case(number: str, as_json: bool) -> None:
    """Look up a case as the line sees it.

    Shows what the case system answers, and how fast. Exits with 1 if there is no such case, and
    with 3 if the case system can't be reached.
    """
    from ivr.cli.reports import case as reports

    settings = read_settings()
    answer = reports.look_up(number, settings, open_store(settings))
    click.echo(reports.as_json(answer) if as_json else reports.as_text(answer))
    finish(answer.case is not None)


@click.command()
@click.option("--sent", is_flag=True, help="List delivered notices as well.")
@json_option
def notices(sent: bool, as_json: bool) -> None:
    """List notices that haven't been delivered, and why."""
    from ivr.cli.reports import notices as reports

    rows = reports.report(open_store(read_settings()), datetime.now(UTC), sent=sent)
    click.echo(reports.as_json(rows) if as_json else reports.as_text(rows))
