"""The commands that make a line of one's own, and check it."""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

import click

from ivr.cli.database import read_settings
from ivr.cli.exit_codes import finish
from ivr.cli.options import json_option

FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command()
@click.argument("folder", type=FOLDER)
@click.option("--diff", is_flag=True, help="Show what has changed in the template since then.")
@click.option(
    "--update",
    is_flag=True,
    help="Apply what has changed in the template, without touching files that you have edited.",
)
def new(folder: Path, diff: bool, update: bool) -> None:
    """Make a project for a line of your own.

    FOLDER is new or empty; its name is the line's. It gets the flow, line.toml, prompts, notices, a
    sample desk, tests, and what it takes to deploy it. With --diff or --update it is a project that
    this command has made.
    """
    from ivr.server import project

    if diff and update:
        raise click.UsageError("choose one of --diff and --update")
    if diff:
        click.echo("".join(change.diff() for change in project.changes(folder)), nl=False)
    elif update:
        before, now = project.versions(folder)
        for sentence in project.update(folder):
            click.echo(sentence)
        click.echo(f"The template is that of {now} (it was {before}).")
    else:
        _create(folder)


def _create(folder: Path) -> None:
    from ivr.server import check, project
    from ivr.server.flow_source import load

    files = project.create(folder)
    check.record(load(str(folder.absolute() / "line")).line(), folder / "line")
    click.echo(f"{folder} has {len(files)} files; README.md says what to do first:")
    click.echo(f"  cd {folder}\n  export IVR_FLOW=./line\n  ivr check\n  ivr run")


@click.command()
@click.option("--record", is_flag=True, help="Record the steps that `version` stands for.")
@json_option
def check(record: bool, as_json: bool) -> None:
    """Check the call flow, its configuration and its desk.

    If something is wrong, exits with 1 and names the file, the key or step, and the remedy: prompts
    and names that are missing in a language, keys that no prompt mentions, people, regions and
    numbers that don't exist, a `version` that must be raised. What may be intended is a warning.
    """
    from ivr.server import build
    from ivr.server.check import STEPS, desk_of, findings
    from ivr.server.check import record as record_steps

    settings = read_settings()
    line, folder = build.line_of(settings), build.flow_folder(settings)
    desk = build.sample_folder(settings)
    if record:
        click.echo(f"{record_steps(line, folder)}: the steps of version '{line.config.version}'")
    with ExitStack() as stack:
        store = stack.enter_context(desk_of(desk)) if desk else None
        found = findings(line, folder, store, own_cases=not settings.cases_url)
    wrong = [each for each in found if each.level == "wrong"]
    if as_json:
        click.echo(json.dumps([asdict(each) for each in found], indent=2, ensure_ascii=False))
        finish(not wrong)
    steps = len(line.caller.steps) + len(line.person.steps)
    languages = ", ".join(line.caller.prompts.codes)
    errors = "no errors found" if not wrong else f"{len(wrong)} to put right"
    click.echo(f"{line.name} {line.config.version}: {steps} steps in {languages}; {errors}")
    for each in found:
        click.echo(str(each))
    if settings.flow and not (folder / STEPS).is_file():
        click.echo("`ivr check --record` lets it tell when `version` must be raised.")
    _say_what_changed(folder.parent)
    finish(not wrong)


def _say_what_changed(folder: Path) -> None:
    """What is new in the template, for a project that was made from it."""
    from ivr.server import project

    if not project.is_project(folder):
        return
    if changed := [change.path for change in project.changes(folder)]:
        before, now = project.versions(folder)
        click.echo(
            f"The template has changed since {before} (this is {now}): {', '.join(changed)}\n"
            f"See: ivr new {folder} --diff"
        )
