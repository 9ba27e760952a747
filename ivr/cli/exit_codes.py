"""Exit codes: 0 success, 1 the thing under test failed, 2 wrong usage, 3 the environment's fault.

click itself ends with 2 for wrong usage; everything else is decided here.
"""

from __future__ import annotations

from typing import Any

import click

from ivr.cli.database import fault_in
from ivr.errors import IVRError
from ivr.line.errors import CaseError, DataError, FlowError

UNDER_TEST = (CaseError, DataError, FlowError)  # what a person wrote, and can put right
ALONE = ("hypothesis",)  # what is installed by itself, not with [line]


class EnvironmentFault(click.ClickException):
    """A package, setting, port, file or server that the command needs is missing or refuses."""

    exit_code = 3


def finish(passed: bool) -> None:
    """End the command with exit code 0, or with 1 because the thing under test failed."""
    raise click.exceptions.Exit(0 if passed else 1)


class Commands(click.Group):
    """The commands in sections; an error of any of them becomes a message and an exit code."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.sections: dict[str, tuple[click.Command, ...]] = {}

    def add_section(self, title: str, *commands: click.Command) -> None:
        """Add commands that the help lists below ``title``."""
        self.sections[title] = commands
        for command in commands:
            self.add_command(command)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the sections to the help."""
        limit = formatter.width - 6 - max(map(len, self.commands))
        for title, commands in self.sections.items():
            rows = [(str(each.name), each.get_short_help_str(limit)) for each in commands]
            with formatter.section(title):
                formatter.write_dl(rows)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command. Raises `click.ClickException` with the exit code of what went wrong."""
        try:
            return super().invoke(ctx)
        except UNDER_TEST as error:
            raise click.ClickException(str(error)) from error
        except IVRError as error:
            raise EnvironmentFault(str(error)) from error
        except ModuleNotFoundError as error:
            raise EnvironmentFault(_missing_package(error)) from error
        except BrokenPipeError:  # `ivr … | head`: click knows what to do
            raise
        except OSError as error:
            file = f"{error.filename}: " if error.filename else ""
            raise EnvironmentFault(f"{file}{error.strerror or error}") from error
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            fault = fault_in(error)
            if not fault:
                raise
            raise EnvironmentFault(fault) from error


def _missing_package(error: ModuleNotFoundError) -> str:
    """What to install; a module of our own that is missing is a bug, and is raised again."""
    package = str(error.name).partition(".")[0]
    if package == "ivr":
        raise error
    install = package if package in ALONE else "'ivr-simulator[line]'"
    return f"this command needs '{package}', which isn't installed: pip install {install}"
