"""What a line still has of the sample desk, whose numbers and people are made up."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path

from ivr.errors import SettingsError
from ivr.line.config import LineConfig
from ivr.line.desk import pins
from ivr.line.line_toml import load
from ivr.line.store.store import Store
from ivr.line.story.sample_desk import digits_of
from ivr.server.flow_source import sample_folder
from ivr.server.settings import Settings


def refuse_leftovers(settings: Settings, config: LineConfig, store: Store) -> None:
    """Raise `SettingsError`, naming file and key of everything that is the sample's, unless
    ``IVR_ALLOW_SAMPLE`` is ``yes``."""
    if settings.allow_sample not in ("", "yes"):
        raise SettingsError(
            f"IVR_ALLOW_SAMPLE is '{settings.allow_sample}': write yes, or unset it"
        )
    if settings.allow_sample:
        return
    if found := list(leftovers(config, store)):
        own = "" if settings.flow else "\nMake a line of your own: ivr new my-line"
        raise SettingsError(
            "this is still the sample desk, and real callers would reach nobody:\n"
            + "\n".join(found)
            + own
        )


def leftovers(config: LineConfig, store: Store) -> Iterator[str]:
    """Each thing that is the sample's: where it stands, what it is, and what to do."""
    folder = sample_folder()
    sample, desk = load(folder / "line.toml"), folder / "sample"
    people = {row["id"]: row for row in _rows(desk / "people.csv")}
    yield from _of_the_line(config, sample)
    yield from _last_resort(config, sample, people, store)
    yield from _people(people, store)
    yield from _pins(_rows(desk / "cases.csv"), store)


def _of_the_line(config: LineConfig, sample: LineConfig) -> Iterator[str]:
    own = "write your own"
    if config.title == sample.title:
        yield f"{config.file}: title: '{config.title}' is the sample's; {own}"
    if config.fallback == sample.fallback:
        yield (
            f"{config.file}: fallback.dial: '{config.fallback}' is the sample's; write the desk's "
            "own phone"
        )
    for number in config.numbers.keys() & sample.numbers.keys():
        yield (
            f"{config.file}: numbers.{number}: '{number}' is the sample's; write the number that "
            "your callers dial"
        )


def _last_resort(
    config: LineConfig, sample: LineConfig, people: Mapping[str, Mapping[str, str]], store: Store
) -> Iterator[str]:
    """The sample's, unless somebody of one's own has the same id."""
    id = config.last_resort
    person = store.people.get(id)
    own = person is not None and person.name != people.get(id, {}).get("name")
    if id == sample.last_resort and not own:
        yield (
            f"{config.file}: promise.last_resort: '{id}' is the sample's; write the id of one of "
            "your own people"
        )


def _people(people: Mapping[str, Mapping[str, str]], store: Store) -> Iterator[str]:
    made_up = {(row["name"], row["phone"]) for row in people.values()}
    for person in store.people.all():
        if person.active and (person.name, person.phone) in made_up:
            yield (
                f"people.csv: phone: '{person.phone}' is {person.name}'s ({person.id}) of the "
                "sample; import your own people, and this row with active no"
            )


def _pins(cases: list[dict[str, str]], store: Store) -> Iterator[str]:
    for row in cases:
        pin, digits = row["pin"], digits_of(row)
        if pin and pins.fits(pin, store.cases.pin(digits, row["account"])):
            yield (
                f"cases.csv: pin: case {row['number']} has the sample's PIN, which everybody can "
                "read; import it with another"
            )


def _rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as opened:
        return list(csv.DictReader(opened))


__all__ = ["leftovers", "refuse_leftovers"]
