"""What `ivr check` finds: in a flow, in the desk's data, and between the two."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

from ivr.line.config import LineConfig
from ivr.line.definition import Line
from ivr.line.desk.people import Person
from ivr.line.errors import FlowError
from ivr.line.flow.checks import unannounced
from ivr.line.flow.shape import differences, shape
from ivr.line.store.mentions import Mention, OfCases
from ivr.line.store.store import Store

STEPS = "steps.json"  # beside line.toml: the steps that its version stands for
FLOWS = ("caller", "person", "console")
CODES = ("levels", "severities")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found: ``where`` is file and key, ``do`` the remedy. A ``warning`` may be meant."""

    level: Literal["wrong", "warning"]
    where: str
    what: str
    do: str

    def __str__(self) -> str:
        return f"{self.level}: {self.where}: {self.what}; {self.do}"


def findings(
    line: Line, folder: Path, store: Store | None, own_cases: bool = True
) -> list[Finding]:
    """Everything found in a line whose flow is in ``folder``, on the desk in ``store``.

    ``own_cases`` is whether the cases are in the store, too.
    """
    found = [*keys(line), *version(line, folder)]
    if store is not None:
        found += dangling(line, store, own_cases)
    return found


@contextmanager
def desk_of(folder: Path) -> Iterator[Store]:
    """A database that is nothing but a folder of CSV files. Raises `DataError`."""
    with TemporaryDirectory() as made:
        store = Store(f"sqlite:///{Path(made) / 'ivr.db'}")
        try:
            store.migrate()
            store.import_csv(folder)
            yield store
        finally:
            store.close()


# ---- the flow


def keys(line: Line) -> Iterator[Finding]:
    """Keys that nobody is told of."""
    for flow in (line.caller, line.person):
        for each in unannounced(flow.steps, flow.leads, flow.prompts):
            yield Finding(
                "wrong",
                f"{each.file}: prompt '{each.prompt}'",
                f"nothing announces key {each.key} of step '{each.step}'",
                "say it there, or take the key out",
            )


def version(line: Line, folder: Path) -> Iterator[Finding]:
    """Whether ``version`` must be raised: the steps aren't those that were recorded for it."""
    file = folder / STEPS
    if not file.is_file():
        return
    recorded = _recorded(file)
    changed = list(_changed(line, recorded))
    where = f"{line.config.file}: version"
    if not changed and recorded["version"] == line.config.version:
        return
    if changed and recorded["version"] == line.config.version:
        yield Finding(
            "wrong",
            where,
            f"'{line.config.version}' stands for other steps ({_some(changed)}), in which calls "
            "that are under way would go on",
            "raise it, and record the new steps: ivr check --record",
        )
    else:
        yield Finding(
            "wrong",
            where,
            f"'{line.config.version}' isn't recorded; {file} is of '{recorded['version']}'",
            "record it: ivr check --record",
        )


def record(line: Line, folder: Path) -> Path:
    """Write down the steps that the line's version stands for. Raises `FlowError` when there are
    others for the same version."""
    file = folder / STEPS
    if file.is_file():
        recorded = _recorded(file)
        changed = list(_changed(line, recorded))
        if changed and recorded["version"] == line.config.version:
            raise FlowError(
                f"{line.config.file}: version: '{line.config.version}' stands for other steps "
                f"({_some(changed)}); raise it first"
            )
    file.write_text(json.dumps(_shapes(line), indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return file


def _shapes(line: Line) -> dict[str, object]:
    """What calls under way depend on: each flow's steps, and the codes that they have noted."""
    return {
        "version": line.config.version,
        "levels": [level.code for level in line.config.levels],
        "severities": list(line.config.severities),
        "caller": shape(line.caller),
        "person": shape(line.person),
        "console": shape(line.console),
    }


def _recorded(file: Path) -> dict[str, object]:
    try:
        recorded = json.loads(file.read_text(encoding="utf-8"))
        if {"version", *FLOWS, *CODES} - recorded.keys():
            raise ValueError("it isn't complete")
    except (ValueError, AttributeError) as error:
        raise FlowError(f"{file}: {error}; delete it, and write it: ivr check --record") from error
    return dict(recorded)


def _changed(line: Line, recorded: dict[str, object]) -> Iterator[str]:
    shapes = _shapes(line)
    for name in CODES:
        if recorded[name] != shapes[name]:
            yield f"{name} are {_listed(shapes[name])}, no longer {_listed(recorded[name])}"
    for name in FLOWS:
        yield from differences(recorded[name], shapes[name])  # type: ignore[arg-type]


# ---- the desk's data, and line.toml


def dangling(line: Line, store: Store, own_cases: bool = True) -> Iterator[Finding]:
    """What is named and isn't there: people, regions, products, languages, severities, lengths."""
    config, people = line.config, [each for each in store.people.all() if each.active]
    mentions, cases = store.mentions.all(), store.mentions.of_cases()
    yield from _numbers(config)
    yield from _last_resort(config, store, people)
    yield from _roles(config, people)
    yield from _languages(line, people)
    yield from _regions(config, mentions, cases)
    yield from _absent(mentions, {each.id for each in people})
    yield from _lists(config)
    if own_cases:
        yield from _products(mentions, cases)
        yield from _cases(config, cases)
        yield from _tier(config, store)


def _numbers(config: LineConfig) -> Iterator[Finding]:
    if config.fallback in config.numbers:
        yield Finding(
            "wrong",
            f"{config.file}: fallback.dial",
            f"'{config.fallback}' is one of the line's own numbers, which can't serve then",
            "write the desk's own phone",
        )


def _last_resort(config: LineConfig, store: Store, people: list[Person]) -> Iterator[Finding]:
    where, id = f"{config.file}: promise.last_resort", config.last_resort
    do = "write the id of one of people.csv"
    person = store.people.get(id)
    if person is None:
        yield Finding("wrong", where, f"there is no '{id}' in people", do)
    elif not person.active:
        yield Finding("wrong", where, f"'{id}' isn't active", do)
    elif not person.phone:
        yield Finding("wrong", where, f"'{id}' has no phone", f"give them one, or {do}")


def _roles(config: LineConfig, people: list[Person]) -> Iterator[Finding]:
    """Roles that the line rings, and that nobody with a phone has."""
    wanted = {"operator": "hunts.operator"}
    wanted |= {level.target: f"levels.{level.code}.target" for level in config.levels}
    there = {role for person in people if person.phone for role in person.roles}
    for role in wanted.keys() - there:
        yield Finding(
            "wrong",
            f"{config.file}: {wanted[role]}",
            f"nobody who is active and has a phone is '{role}'",
            "give somebody that role in people.csv",
        )


def _languages(line: Line, people: list[Person]) -> Iterator[Finding]:
    config = line.config
    spoken = {language.partition("-")[0] for person in people for language in person.languages}
    for number, entry in config.numbers.items():
        for language in entry.languages:
            if language not in spoken:
                yield Finding(
                    "warning",
                    f"{config.file}: numbers.{number}.languages",
                    f"'{language}' is offered, and nobody speaks it",
                    "add somebody who does to people.csv, or take it out",
                )
    for code in sorted(set(line.caller.prompts.codes) - line.notices.languages.keys()):
        yield Finding(
            "wrong",
            f"{line.caller.prompts.language(code).file}",
            f"there are prompts in '{code}' and no notices",
            f"add notices/{code}.toml",
        )


def _regions(config: LineConfig, mentions: Iterable[Mention], cases: OfCases) -> Iterator[Finding]:
    """Regions of a rota from which nobody calls, and regions of a number that have no rota."""
    mentions = list(mentions)
    queues = {each.region for each in mentions if each.file == "queues"}
    known = {entry.region for entry in config.numbers.values()} | cases.regions | queues
    on_duty = [each for each in mentions if each.file != "queues"]
    for each in on_duty:
        if each.region and each.region not in known:
            yield Finding(
                "wrong",
                f"{each.file}.csv: {each.id}: region",
                f"'{each.region}' is the region of no number, case or queue",
                f"write one of {', '.join(sorted(known - {''})) or 'line.toml'}",
            )
    if not on_duty:
        return
    served = {each.region for each in on_duty if each.file != "overrides"}
    for number, entry in config.numbers.items():
        if "" not in served and entry.region not in served:
            yield Finding(
                "wrong",
                f"{config.file}: numbers.{number}.region",
                f"nobody is ever on duty for '{entry.region}'",
                "add a shift for it in shifts.csv, or one without a region",
            )


def _products(mentions: Iterable[Mention], cases: OfCases) -> Iterator[Finding]:
    for each in mentions:
        if each.product and cases.products and each.product not in cases.products:
            yield Finding(
                "warning",
                f"{each.file}.csv: {each.id}: product",
                f"no case is of '{each.product}'",
                f"cases are of {', '.join(sorted(cases.products - {''})) or 'none'}",
            )


def _absent(mentions: Iterable[Mention], active: set[str]) -> Iterator[Finding]:
    for each in mentions:
        if each.person and each.person not in active:
            column = "manager" if each.file == "queues" else "person"
            yield Finding(
                "wrong",
                f"{each.file}.csv: {each.id}: {column}",
                f"'{each.person}' isn't active",
                "name somebody else",
            )


def _lists(config: LineConfig) -> Iterator[Finding]:
    used = set(chain.from_iterable(config.told_also.values()))
    for name in config.lists.keys() - used:
        yield Finding(
            "warning",
            f"{config.file}: notices.lists.{name}",
            "nothing is ever sent to it",
            "name it under [notices.also], or take it out",
        )


def _cases(config: LineConfig, cases: OfCases) -> Iterator[Finding]:
    for code, number in cases.severities.items():
        if str(code) not in config.severities:
            yield Finding(
                "wrong",
                f"cases.csv: {number}: severity",
                f"{code} isn't on the scale of {config.file}",
                f"there are {', '.join(config.severities)}",
            )
    for digits, number in cases.lengths.items():
        if digits not in config.case_numbers.lengths:
            lengths = ", ".join(map(str, sorted(config.case_numbers.lengths)))
            yield Finding(
                "wrong",
                f"cases.csv: {number}: number",
                f"nobody can key its {digits} digits",
                f"case_number.lengths of {config.file} is {lengths}",
            )


def _tier(config: LineConfig, store: Store) -> Iterator[Finding]:
    accounts = store.cases.accounts()
    tiers = {account.contract_tier for account in accounts}
    if accounts and config.emergency.tier not in tiers:
        yield Finding(
            "warning",
            f"{config.file}: emergency.tier",
            f"no account has '{config.emergency.tier}'",
            f"accounts have {', '.join(sorted(tiers - {''})) or 'none'}",
        )


def _listed(codes: Any) -> str:
    return ", ".join(map(str, codes))


def _some(phrases: list[str]) -> str:
    """The first three, and how many more."""
    more = f", and {len(phrases) - 3} more" if phrases[3:] else ""
    return ", ".join(phrases[:3]) + more


__all__ = ["STEPS", "Finding", "dangling", "desk_of", "findings", "record"]
