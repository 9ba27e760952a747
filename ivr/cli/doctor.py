"""`ivr doctor`: whether a line is fit to take calls."""

from __future__ import annotations

import json
import os
from collections import Counter
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from ivr.cli.database import read_settings, unchanged_store
from ivr.cli.exit_codes import finish
from ivr.cli.options import json_option

if TYPE_CHECKING:
    from ivr.server.doctor.doctor import Doctor


@click.command()
@click.option("--fix", is_flag=True, help="Set the numbers' URLs at Twilio, after asking.")
@click.option("--yes", is_flag=True, help="With --fix: don't ask.")
@json_option
def doctor(fix: bool, yes: bool, as_json: bool) -> None:
    """Check that the line is fit to take calls.

    Run it before going live, and at any time after. Looks at the database, the public address and
    whether it takes signed requests only, each number at Twilio, mail, sign-in, the clock, ids that
    nothing has, the rota and PINs. Nobody is called or written to. Exits with 1 if something is
    wrong, and with 3 if a setting that it needs is missing.
    """
    from ivr.line.outside.carrier import client
    from ivr.server.build import line_of
    from ivr.server.doctor.doctor import Doctor

    if yes and not fix:
        raise click.UsageError("--yes goes with --fix")
    settings = read_settings()
    settings.require("public_url", "account_sid", "auth_token")
    line, store = line_of(settings), unchanged_store(settings)
    twilio = client(settings.account_sid, settings.auth_token, settings.api_url)
    checks = Doctor(settings, line, store, twilio, datetime.now(UTC), os.environ)
    if fix:
        _fix(checks, yes, quiet=as_json)
    _tell(checks, as_json)


def _tell(checks: Doctor, as_json: bool) -> None:
    results = []
    for each in checks.results():
        results.append(each)
        if not as_json:
            click.echo(str(each))
    levels = Counter(each.level for each in results)
    if as_json:
        click.echo(json.dumps([asdict(each) for each in results], indent=2, ensure_ascii=False))
    else:
        click.echo(f"{levels['ok']} ok, {levels['warning']} warnings, {levels['wrong']} wrong")
    finish(not levels["wrong"])


def _fix(checks: Doctor, yes: bool, quiet: bool) -> None:
    """Set the URLs of the account's numbers, each after a question."""
    from ivr.server.doctor.numbers import fixes

    carrier, public_url = checks.carrier, checks.settings.public_url
    for owned, changes in list(fixes(carrier, checks.line, public_url)):
        wanted = ", ".join(f"{name} = {value or 'none'}" for name, value in changes.items())
        if yes or click.confirm(f"{owned.number}: set {wanted}?", err=True):
            carrier.point(owned.sid, **changes)
            click.echo(f"{owned.number}: set {wanted}", err=quiet)
