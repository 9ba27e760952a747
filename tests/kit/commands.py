"""The command line, in this process."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner, Result

from ivr.cli.main import main


def ivr(*arguments: str | Path, stdin: str = "") -> Result:
    return CliRunner(env={"TWILIO_AUTH_TOKEN": None, "TWILIO_ACCOUNT_SID": None}).invoke(
        main, [str(argument) for argument in arguments], input=stdin
    )
