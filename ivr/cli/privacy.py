"""The commands for personal data, and for the event logs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from getpass import getuser
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ivr.cli.database import open_store, read_settings
from ivr.cli.exit_codes import finish
from ivr.cli.options import OUTPUT_FILE, Moment, json_option

if TYPE_CHECKING:
    from ivr.line.service.privacy import Privacy
    from ivr.line.store.privacy.keeping import Tally

subject_option = click.option(
    "--subject",
    required=True,
    metavar="WHO",
    help="The person: a phone number (+33…), an email address, or an ID.",
)


def _privacy() -> Privacy:
    from ivr.clock import SystemClock
    from ivr.line.service.privacy import Privacy
    from ivr.server.build import line_of

    settings = read_settings()
    store = open_store(settings)
    config = line_of(settings).config
    return Privacy(store, config.retention, config.case_numbers, SystemClock(), f"os:{getuser()}")


def _print(tally: Tally) -> None:
    """How many rows were dealt with, and how many were kept, and why."""
    for name, count in tally.done.items():
        click.echo(f"{count} {name}")
    for name, count in tally.held.items():
        click.echo(f"kept {count} {name}: on hold for {', '.join(sorted(tally.cases))}")
    for name, count in tally.waiting.items():
        click.echo(f"kept {count} {name}: not finished yet; try again later")
    if not (tally.done or tally.held or tally.waiting):
        click.echo("no data found")


@click.command()
@subject_option
@click.option("-o", "--output", required=True, type=OUTPUT_FILE, help="The zip file to write.")
def export(subject: str, output: Path) -> None:
    """Write everything stored about a person to a zip file."""
    counts = _privacy().export(subject, output)
    content = ", ".join(f"{count} {name}" for name, count in counts.items())
    click.echo(f"Wrote {output}: {content or 'no data found'}")


@click.command()
@subject_option
@click.option("--yes", is_flag=True, help="Don't ask for confirmation.")
def erase(subject: str, yes: bool) -> None:
    """Erase a person's data for good.

    Data on hold (see `ivr hold`) is kept, and so are calls that aren't finished yet; what was kept
    is listed.
    """
    privacy = _privacy()
    privacy.subject(subject)  # refuses an unknown person before asking
    if not yes:
        click.confirm(f"Erase {subject} for good?", abort=True)
    _print(privacy.erase(subject))


@click.command()
@click.option("--dry-run", is_flag=True, help="Only show what would be deleted.")
def purge(dry_run: bool) -> None:
    """Delete data whose retention period is over.

    The periods are set in line.toml. The line does this regularly by itself.
    """
    _print(_privacy().purge(dry=dry_run))


@click.command()
@click.argument("case", default="")
@click.option("--reason", default="", help="Reason for the hold (logged).")
@click.option("--release", is_flag=True, help="End the hold.")
def hold(case: str, reason: str, release: bool) -> None:
    """Protect a case's data from deletion; list holds.

    While CASE is on hold, neither purging nor erasing touches its calls, recordings and notes.
    Without CASE, all holds are listed.
    """
    if case and not release and not reason.strip():
        raise click.UsageError("give a --reason for the hold, or --release to end it")
    privacy = _privacy()
    if not case:
        for each in privacy.store.privacy.holds():
            click.echo(f"{each.case}  {each.at:%Y-%m-%d}  {each.by}  {each.reason}")
    elif release:
        privacy.release(case)
        click.echo(f"{case} is no longer on hold")
    else:
        privacy.hold(case, reason)
        click.echo(f"{case} is on hold")


@click.command()
@click.option(
    "--case",
    default="",
    metavar="NUMBER",
    help="Only what concerns this case, including its calls.",
)
@click.option("--from", "since", type=Moment(), help="Only events at or after this time.")
@click.option("--to", "until", type=Moment(), help="Only events before this time.")
@click.option(
    "-o",
    "--output",
    type=OUTPUT_FILE,
    help="Write JSON lines to this file, and its checksum to a .sha256 file beside it.",
)
def audit(case: str, since: datetime | None, until: datetime | None, output: Path | None) -> None:
    """Print who did what and when, from the event logs."""
    from ivr.line.service.privacy import CLOCK

    events = _privacy().audit(case, since, until)
    if output is None:
        for event in events:
            click.echo(_as_text(event))
        return
    digest = _write_lines(output, [{"clock": CLOCK}, *events])
    checksum = output.with_name(f"{output.name}.sha256")
    checksum.write_text(f"{digest}  {output.name}\n", encoding="utf-8")
    click.echo(f"Wrote {output} and {checksum.name}")


def _as_text(event: Mapping[str, Any]) -> str:
    data = " ".join(f"{name}={value}" for name, value in event["data"].items())
    return f"{event['at']}  {event['actor'] or '-'}  {event['kind']}  {data}  [{event['log']}]"


def _write_lines(file: Path, rows: Iterable[Mapping[str, Any]]) -> str:
    """Write a line of JSON for each row; the file's SHA-256."""
    digest = sha256()
    with file.open("wb") as output:
        for row in rows:
            line = json.dumps(row, ensure_ascii=False).encode() + b"\n"
            digest.update(line)
            output.write(line)
    return digest.hexdigest()


@click.command()
@click.option(
    "--call",
    default="",
    metavar="LOG",
    help="Only this event log: a call's SID, or case:C17349013.",
)
@click.option("--seal", default="", metavar="HASH", help="Check that this seal hash exists.")
@json_option
def verify(call: str, seal: str, as_json: bool) -> None:
    """Check that the event logs haven't been changed.

    If they have, exits with 1 and names each faulty event, log or seal.
    """
    store = open_store(read_settings())
    faults = list(store.logs.faults(call))
    if seal and not store.seals.known(seal):
        faults.append(f"there is no seal with the hash {seal}")
    last = None if call else store.seals.last()
    if as_json:
        names = ("number", "at", "hash")
        row = dict(zip(names, last, strict=True)) if last else None
        click.echo(json.dumps({"faults": faults, "last_seal": row}, indent=2, default=str))
        finish(not faults)
    for fault in faults:
        click.echo(fault)
    if last:
        click.echo(f"last seal: {last[0]}, {last[1]:%Y-%m-%d %H:%M UTC}, hash {last[2]}")
    if not faults:
        click.echo("no faults found")
    finish(not faults)


@click.command()
def seal() -> None:
    """Seal the event logs now.

    Prints the seal's hash. Keep it elsewhere, and check it later with `ivr verify --seal`. The line
    seals its logs regularly by itself.
    """
    click.echo(_privacy().seal() or "nothing was logged since the last seal")
