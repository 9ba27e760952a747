"""The parts of a webhook, each beside the vendor's own way of doing it."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from twilio.request_validator import RequestValidator

from ivr.line.web.webhooks.signature import Signature
from ivr.twiml import verbs
from ivr.twiml.templates import compile as compile_verbs
from ivr.twiml.templates import slot
from ivr.twiml.writing import render
from tests.bench import traffic
from tests.bench.in_process import durable_line, five_webhooks, stub_network, two_webhooks

ASKED = traffic.request(traffic.sid(1), traffic.MENUS[1])
FORM = parse_qsl(ASKED.body.decode(), keep_blank_values=True)
MENU = (
    verbs.Gather(
        action=f"/voice?turn={slot('turn')}",
        num_digits=1,
        verbs=tuple(verbs.Say(f"{text} {slot('name')}.") for text in ("One", "Two", "Three")),
    ),
    verbs.Redirect("/voice"),
)


def test_signature(benchmark: Any) -> None:
    checks = Signature(traffic.TOKEN, traffic.ORIGIN)

    assert benchmark(lambda: checks.valid(ASKED.target, FORM, ASKED.signature))


def test_signature_by_the_vendor(benchmark: Any) -> None:
    checks, form = RequestValidator(traffic.TOKEN), dict(FORM)

    assert benchmark(lambda: checks.validate(traffic.ORIGIN + ASKED.target, form, ASKED.signature))


def test_document(benchmark: Any) -> None:
    compiled = compile_verbs(MENU)

    assert "One A&amp;B" in benchmark(lambda: compiled.fill({"turn": "1", "name": "A&B"}))


def test_document_by_the_vendor(benchmark: Any) -> None:
    assert "One" in benchmark(lambda: render(MENU))


@pytest.mark.lenient_calls
def test_simulated_call_of_five_webhooks(benchmark: Any, tmp_path: Path) -> None:
    exchange = durable_line(tmp_path)

    caller = benchmark(lambda: five_webhooks(exchange))

    assert "trois quatre" in caller.last_heard


def test_a_thousand_simulated_calls_at_once(benchmark: Any) -> None:
    _, phones = stub_network(1000)

    benchmark(lambda: two_webhooks(phones))
