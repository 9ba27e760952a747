"""The help: every command and every option says what it is for."""

from __future__ import annotations

from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from ivr.cli.main import main


def commands(group: click.Group, *names: str) -> Iterator[tuple[str, ...]]:
    for name, command in group.commands.items():
        yield (*names, name)
        if isinstance(command, click.Group):
            yield from commands(command, *names, name)


ALL = [pytest.param(names, id=" ".join(names)) for names in commands(main)]


@pytest.mark.parametrize("names", ALL)
def test_a_command_and_each_of_its_options_is_explained(names: tuple[str, ...]) -> None:
    command: click.Command = main
    for name in names:
        assert isinstance(command, click.Group)
        command = command.commands[name]

    result = CliRunner().invoke(main, [*names, "--help"])

    assert result.exit_code == 0
    assert (command.help or "").partition("\n")[0].endswith(".")
    options = [each for each in command.params if isinstance(each, click.Option)]
    assert [each.name for each in options if not each.help] == []


def test_the_list_of_commands_is_complete_and_cuts_nothing_short() -> None:
    result = CliRunner().invoke(main, ["--help"])

    assert "..." not in result.output.partition("[ARGS]...")[2]
    listed = [line.split()[0] for line in result.output.splitlines() if line.startswith("  ")]
    assert set(main.commands) <= set(listed)
