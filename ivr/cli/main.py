"""`ivr`, the command line. A command imports what it needs when it runs, so `--help` is quick."""

from __future__ import annotations

import click

from ivr.cli import db, doctor, line, login, network, privacy, project
from ivr.cli.exit_codes import Commands


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="ivr-simulator")
def main() -> None:
    """Test phone applications on a simulated phone network, and run an escalation line.

    \b
    Exit codes:
      0  success
      1  the thing under test failed
      2  wrong usage
      3  a package, setting, port, file or server is missing or refuses
    """


main.add_section(
    "Test a phone application",
    network.phone,
    network.replay,
    network.fuzz,
    network.network,
    network.twiml,
)
main.add_section(
    "Run the escalation line",
    project.new,
    line.run,
    line.serve,
    line.worker,
    line.pages,
    line.settings,
    db.db,
    project.check,
    doctor.doctor,
    line.draw,
    line.fallback,
)
main.add_section(
    "Manage the line's data",
    line.import_,
    line.rota,
    line.case,
    line.notices,
    login.login,
)
main.add_section(
    "Privacy and audit",
    privacy.export,
    privacy.erase,
    privacy.purge,
    privacy.hold,
    privacy.audit,
    privacy.verify,
    privacy.seal,
)
