"""The commands that show, upgrade, back up and restore the line's database."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ivr.cli.database import read_settings, unchanged_store
from ivr.cli.exit_codes import finish
from ivr.cli.options import json_option

if TYPE_CHECKING:
    from ivr.line.store.schema import Migration, SchemaState

FILE = click.Path(dir_okay=False, path_type=Path)


@click.group()
def db() -> None:
    """Manage the line's database."""


@db.command()
@json_option
def show(as_json: bool) -> None:
    """Show which versions of the line can run on the database.

    Says the schema's version as well. Exits with 1 if this version can't. Nothing is changed.
    """
    store = unchanged_store(read_settings())
    state = store.schema.state()
    if as_json:
        click.echo(json.dumps(_values(repr(store.connections.engine.url), state), indent=2))
    else:
        click.echo("\n".join(_lines(repr(store.connections.engine.url), state)))
    finish(not state.why_not)


@db.command()
@click.option(
    "--contract",
    is_flag=True,
    help="Also carry out migrations that take away what the version before reads.",
)
def migrate(contract: bool) -> None:
    """Bring the database schema up to date.

    Run it before the processes of a new version start; those of the version before may go on. With
    --contract they may not: stop them first.
    """
    store = unchanged_store(read_settings())
    for each in store.migrate(contract=contract):
        click.echo(_line(each))
    left = store.schema.state().pending
    if left:
        click.echo("Left for when no process of the version before runs any more:")
        for each in left:
            click.echo(f"  {_line(each)}")
        click.echo("Then run: ivr db migrate --contract")
    else:
        click.echo("The database is up to date.")


@db.command()
@click.argument("file", type=FILE)
def backup(file: Path) -> None:
    """Write the whole database to FILE, while calls go on.

    For PostgreSQL, pg_dump and pg_restore must be on this machine.
    """
    from ivr.line.store.backups import back_up

    state = back_up(unchanged_store(read_settings()).connections, file)
    click.echo(f"{file}: {file.stat().st_size} bytes, schema {state.revision}")


@db.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--replace", is_flag=True, help="Replace what the database holds now.")
def restore(file: Path, replace: bool) -> None:
    """Load the database from FILE, which `ivr db backup` has written.

    The file is checked first; either all of it is loaded or nothing. Calls that are going on and
    aren't in it are put through to the fallback number of line.toml. For PostgreSQL, pg_restore and
    psql must be on this machine.
    """
    from ivr.line.store.backups import restore as restored

    state = restored(unchanged_store(read_settings()).connections, file, replace=replace)
    click.echo(f"The database holds what {file} holds: schema {state.revision}.")
    if state.pending:
        click.echo(f"This version expects {state.expected}. Run: ivr db migrate")


def _line(migration: Migration) -> str:
    return f"{migration.revision}  {migration.phase:8}  {migration.about}"


def _lines(url: str, state: SchemaState) -> list[str]:
    lines = [
        f"Database           {url}",
        f"Schema             {state.revision or 'none, it is empty'}",
        f"This version       expects {state.expected}",
    ]
    for title, migrations in (("Not done yet", state.pending), ("Of a later one", state.ahead)):
        for each in migrations:
            lines.append(f"{title:19}{_line(each)}")
            title = ""
    if state.revision:
        lines.append(f"Can run on it      versions that expect {state.oldest} or later")
        lines.append(f"To go back further restore a backup of before {state.oldest}")
    lines.append(f"This version       {'can run on it' if not state.why_not else 'is refused'}")
    if state.why_not:
        lines.append(state.why_not)
    elif state.pending:
        lines.append("When no process of the version before runs: ivr db migrate --contract")
    return lines


def _values(url: str, state: SchemaState) -> dict[str, object]:
    def steps(migrations: tuple[Migration, ...]) -> list[dict[str, str]]:
        return [
            {"revision": each.revision, "phase": each.phase, "about": each.about}
            for each in migrations
        ]

    return {
        "database": url,
        "schema": state.revision,
        "expected": state.expected,
        "pending": steps(state.pending),
        "ahead": steps(state.ahead),
        "oldest": state.oldest,
        "runs": not state.why_not,
        "why_not": state.why_not,
    }
