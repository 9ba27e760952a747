"""The commands for what is stored of people, and for the event logs."""

from __future__ import annotations

import json
from datetime import datetime
from getpass import getuser
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ivr.cli.line import line_command, settings_and_store

if TYPE_CHECKING:
    from ivr.line.service.privacy import Privacy
    from ivr.line.store.privacy.keeping import Tally

SUBJECT = click.option("--subject", required=True, help="+33…, a mail address, or an id.")
CASE = click.option("--case", default="", metavar="NUMBER", help="Of one case: C17349013.")


def _privacy() -> Privacy:
    from ivr.clock import SystemClock
    from ivr.line.service.privacy import Privacy

    settings, store = settings_and_store()
    store.migrate()
    config = settings.line().config
    return Privacy(store, config.retention, config.case_numbers, SystemClock(), f"os:{getuser()}")


def _say(tally: Tally) -> None:
    """What was done, and what wasn't, and why."""
    for name, count in tally.done.items():
        click.echo(f"{count} {name}")
    for name, count in tally.held.items():
        click.echo(f"kept: {count} {name}, held for {', '.join(sorted(tally.cases))}")
    for name, count in tally.waiting.items():
        click.echo(f"kept: {count} {name}, of which something is still to happen; try again later")
    if not (tally.done or tally.held or tally.waiting):
        click.echo("nothing")


@line_command
def purge(**given: Any) -> None:
    """Do away with what has been kept for as long as line.toml says. It happens daily anyway."""
    _say(_privacy().purge(dry=given["dry_run"]))


purge = click.option("--dry-run", is_flag=True, help="Only say what would be.")(purge)


@line_command
def export(**given: Any) -> None:
    """Write all that is stored of one person into a zip file."""
    counts = _privacy().export(given["subject"], given["output"])
    found = ", ".join(f"{count} {name}" for name, count in counts.items())
    click.echo(f"{given['output']}: {found or 'nothing is stored'}")


export = SUBJECT(export)
export = click.option(
    "-o", "--output", required=True, type=click.Path(dir_okay=False, path_type=Path)
)(export)


@line_command
def erase(**given: Any) -> None:
    """Take one person out of everything that no hold keeps. There is no way back."""
    privacy = _privacy()
    privacy.subject(given["subject"])  # before anything is asked
    if not given["yes"]:
        click.confirm(f"Erase {given['subject']} for good?", abort=True)
    _say(privacy.erase(given["subject"]))


erase = SUBJECT(erase)
erase = click.option("--yes", is_flag=True, help="Don't ask.")(erase)


@line_command
def hold(**given: Any) -> None:
    """Keep all that belongs to a CASE, whatever is purged or erased; without CASE, what is held."""
    privacy = _privacy()
    case = given["case"]
    if not case:
        for each in privacy.store.privacy.holds():
            click.echo(f"{each.case}  {each.at:%Y-%m-%d}  {each.by}  {each.reason}")
    elif given["release"]:
        privacy.release(case)
        click.echo(f"{case} isn't held any more")
    else:
        privacy.hold(case, given["reason"])
        click.echo(f"{case} is held")


hold = click.argument("case", default="")(hold)
hold = click.option("--reason", default="", help="Why.")(hold)
hold = click.option("--release", is_flag=True, help="Let it go on.")(hold)


@line_command
def verify(**given: Any) -> None:
    """Prove that the event logs are what they were; exits with 1, and says where, if not."""
    _, store = settings_and_store()
    store.migrate()
    wrong = list(store.logs.faults(given["call"]))
    if given["seal"] and not store.seals.known(given["seal"]):
        wrong.append(f"no seal has the hash {given['seal']}")
    for each in wrong:
        click.echo(each)
    last = store.seals.last()
    if last and not given["call"]:
        click.echo(f"the last seal is {last[0]}, of {last[1]:%Y-%m-%d %H:%M UTC}: {last[2]}")
    if wrong:
        raise click.exceptions.Exit(1)
    click.echo("nothing is wrong")


verify = click.option("--call", default="", metavar="LOG", help="A SID, or case:C17349013.")(verify)
verify = click.option("--seal", default="", metavar="HASH", help="One noted elsewhere.")(verify)


@line_command
def seal(**given: Any) -> None:
    """Seal the event logs now, not only at the end of the day."""
    click.echo(_privacy().seal() or "nothing was logged since the last seal")


@line_command
def audit(**given: Any) -> None:
    """What happened and who did it, to read; with -o as JSON lines, and FILE.sha256 beside it."""
    from ivr.line.service.privacy import CLOCK

    privacy = _privacy()
    rows = privacy.audit(given["case"], _instant(given["since"]), _instant(given["until"]))
    if given["output"] is None:
        for row in rows:
            said = " ".join(f"{name}={value}" for name, value in row["data"].items())
            click.echo(f"{row['at']}  {row['actor'] or '-'}  {row['kind']}  {said}  [{row['log']}]")
        return
    file, seen = given["output"], sha256()
    with file.open("wb") as out:
        for row in ({"clock": CLOCK}, *rows):
            line = json.dumps(row, ensure_ascii=False).encode() + b"\n"
            seen.update(line)
            out.write(line)
    file.with_name(f"{file.name}.sha256").write_text(f"{seen.hexdigest()}  {file.name}\n")
    click.echo(f"{file}, {file.name}.sha256")


def _instant(text: str) -> datetime | None:
    from ivr.errors import DataError

    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise DataError(f"'{text}' is no instant such as 2026-11-24T10:00+01:00") from error
    if at.tzinfo is None:
        raise DataError(f"'{text}' lacks its zone: 2026-11-24T10:00+01:00")
    return at


audit = CASE(audit)
audit = click.option("--from", "since", default="", metavar="INSTANT", help="2026-11-24T10:00Z.")(
    audit
)
audit = click.option("--to", "until", default="", metavar="INSTANT", help="Before it.")(audit)
audit = click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path))(audit)

COMMANDS: list[click.Command] = [purge, export, erase, hold, verify, seal, audit]
