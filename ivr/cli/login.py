"""The commands for the logins of the web pages."""

from __future__ import annotations

import json

import click

from ivr.cli.database import open_store, read_settings
from ivr.cli.options import json_option
from ivr.line.desk.roles import ROLES


@click.group()
def login() -> None:
    """Manage who can sign in to the web pages."""


@login.command()
@click.argument("email")
@click.option(
    "--role",
    "roles",
    multiple=True,
    required=True,
    type=click.Choice(ROLES),
    help="What the person may do. Repeat for each role.",
)
@click.option(
    "--name", default="", show_default="the email address", help="Name to show on the pages."
)
@click.option("--person", default="", metavar="ID", help="Person of the desk whose login this is.")
@click.option(
    "--contact", default="", metavar="ID", help="Contact of a customer whose login this is."
)
@click.option(
    "--account",
    "accounts",
    multiple=True,
    metavar="ID",
    help="Customer account whose cases the login may see. Repeat for each, the primary one first.",
)
def add(
    email: str,
    roles: tuple[str, ...],
    name: str,
    person: str,
    contact: str,
    accounts: tuple[str, ...],
) -> None:
    """Add a login, or replace the one with this email address.

    Asks for the password. Replacing a login ends its sessions.
    """
    from secrets import token_hex

    from ivr.line.records import Login
    from ivr.line.web.pages.sign_in import hashed

    store = open_store(read_settings())
    before = store.logins.find(email=email)
    password = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    store.logins.save(
        Login(
            id=before.id if before else token_hex(6),  # logs carry it, so it isn't the address
            email=email,
            name=name or email,
            roles=roles,
            person=person,
            contact=contact,
            accounts=accounts,
            hash=hashed(password),
            epoch=before.epoch + 1 if before else 0,
        )
    )
    click.echo(f"{email} can sign in as {', '.join(roles)}.")


@login.command()
@click.argument("email")
def disable(email: str) -> None:
    """Disable a login, and end its sessions."""
    from ivr.line.errors import DataError

    store = open_store(read_settings())
    known = store.logins.find(email=email)
    if known is None:
        raise DataError(f"there is no login for {email}; `ivr login list` shows all")
    store.logins.change(known.id, active=False, epoch=known.epoch + 1)
    click.echo(f"{email} can no longer sign in.")


@login.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List all logins."""
    logins = open_store(read_settings()).logins.all()
    if as_json:
        rows = [
            {"email": each.email, "name": each.name, "roles": each.roles, "active": each.active}
            for each in logins
        ]
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    for each in logins:
        state = "" if each.active else "  (disabled)"
        click.echo(f"{each.email}  {', '.join(each.roles)}{state}")
