"""What `/metrics` says, as a test reads it."""

from __future__ import annotations

import urllib.request
from collections.abc import Mapping

from flask import Flask
from prometheus_client.parser import text_string_to_metric_families

from ivr.line.web.webhooks.app import create_app
from tests.kit.desk import Desk

TOKEN = "a token of some length"
Labels = frozenset[tuple[str, str]]


class Scrape:
    """One answer of `/metrics`: its samples by name and labels."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.types: dict[str, str] = {}
        self.samples: dict[tuple[str, Labels], float] = {}
        for family in text_string_to_metric_families(text):
            self.types[family.name] = family.type
            for sample in family.samples:
                self.samples[sample.name, frozenset(sample.labels.items())] = sample.value

    def value(self, name: str, **labels: str) -> float:
        """The sum of the samples of this name that have these labels; 0 without any."""
        return sum(
            value
            for (each, own), value in self.samples.items()
            if each == name and own >= labels.items()
        )

    def names(self) -> set[str]:
        return {name for name, _ in self.samples}

    def label_values(self) -> set[str]:
        return {value for _, labels in self.samples for _, value in labels}

    def since(self, before: Scrape) -> Scrape:
        """How much each sample has grown."""
        grown = Scrape("")
        grown.samples = {
            key: value - before.samples.get(key, 0) for key, value in self.samples.items()
        }
        return grown


def scraped_at(url: str) -> Scrape:
    """What the process at this address says now."""
    asked = urllib.request.Request(f"{url}/metrics", headers=dict(known()))
    with urllib.request.urlopen(asked, timeout=60) as answer:
        return Scrape(answer.read().decode())


def scrape(app: Flask) -> Scrape:
    """What an application that was made with `TOKEN` says now."""
    answer = app.test_client().get("/metrics", headers=known())
    assert answer.status_code == 200, answer.text
    return Scrape(answer.text)


def scraped(desk: Desk) -> Scrape:
    """What the desk says now."""
    return scrape(create_app(desk.services, metrics_token=TOKEN))


def known() -> Mapping[str, str]:
    return {"Authorization": f"Bearer {TOKEN}"}
