"""A dialogue played on the sample desk, in a world of its own: does it come true?"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from flask import Flask

from ivr.line.definition import Line
from ivr.line.service.services import build_services
from ivr.line.store.store import Store
from ivr.line.story.sample_desk import SampleDesk
from ivr.line.web.pages.calls import Sample
from ivr.line.web.webhooks.app import create_app
from ivr.simulator import Exchange
from ivr.simulator.dialogues import exchange_for, parse, play

ORIGIN = "https://line.example"


def sample_of(line: Line, folder: Path | None) -> Sample | None:
    """The sample desk of a flow, if it has one, for exported calls to come true on."""
    if folder is None:
        return None
    return Sample(SampleDesk.read(folder), lambda dialogue: rehearse(line, folder, dialogue))


def rehearse(line: Line, sample: Path, dialogue: str) -> str:
    """What doesn't come true when ``dialogue`` is played on a desk that is nothing but the files of
    ``sample``; ``""`` when all of it does. Takes about a second, and touches nothing else."""
    with TemporaryDirectory() as folder:
        store = Store(f"sqlite:///{Path(folder) / 'ivr.db'}")
        try:
            store.migrate()
            store.import_csv(sample)
            return _played(line, store, dialogue)
        finally:
            store.close()


def mount(exchange: Exchange, line: Line, app: Flask, origin: str) -> None:
    """Put the line's numbers on a network; ``origin`` is the application's public URL."""
    for number in line.config.numbers:
        exchange.number(
            number,
            app,
            f"/voice/{line.name}",
            status_callback=f"/voice/{line.name}/status",
            fallback=f"/voice/{line.name}/fallback",
            origin=origin,
        )


def _played(line: Line, store: Store, dialogue: str) -> str:
    read = parse(dialogue, "export.call")
    exchange = exchange_for(read)
    services = build_services(
        line, store, twilio=exchange.client, public_url=ORIGIN, clock=exchange.clock
    )
    mount(exchange, line, create_app(services), ORIGIN)
    # Everybody has a telephone, whether the dialogue says so or not.
    for person in store.people.all():
        exchange.phone(person.phone)
    try:
        play(read, exchange)
        exchange.strict()
    except AssertionError as error:
        return str(error)
    return ""


__all__ = ["ORIGIN", "mount", "rehearse", "sample_of"]
