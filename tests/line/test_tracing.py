"""One trace for a call, whichever process adds to it, and nobody's name in it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, TraceIdRatioBased
from opentelemetry.trace import StatusCode

from ivr.errors import SettingsError
from ivr.line import tracing
from ivr.line.definition import Line
from ivr.line.service.services import build_services
from ivr.line.store.store import Store
from ivr.line.web.webhooks.app import create_app
from ivr.server import traces
from ivr.simulator import Exchange, Handset
from ivr.simulator.rest.serving.server import RestServer
from tests.kit.desk import CALLER, ENTRY, ORIGIN, PEOPLE, Desk
from tests.kit.processes import IVR, comes_true, running, settings


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    kept = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(kept))
    tracing.begin(provider)
    yield kept
    tracing.end()


def of(kept: InMemorySpanExporter, call: str) -> list[ReadableSpan]:
    """The spans of a call's trace."""
    known = tracing.trace_id(call)
    return [each for each in kept.get_finished_spans() if trace(each) == known]


def trace(span: ReadableSpan) -> int:
    assert span.context is not None
    return span.context.trace_id


def ask_for_an_operator(desk: Desk, caller: Handset) -> None:
    caller.call(ENTRY)
    desk.exchange.wait(2)
    caller.press("0")
    desk.exchange.wait(2)


def test_webhooks_turns_duties_and_requests_of_a_call_are_one_trace(
    desk: Desk, caller: Handset, spans: InMemorySpanExporter
) -> None:
    desk.phone("OP1").will("answer", after=3, press="1")
    ask_for_an_operator(desk, caller)
    desk.exchange.wait(30)
    caller.hang_up()
    desk.exchange.wait(20)

    made = of(spans, desk.sid(caller))
    parents = {each.context.span_id: each for each in made if each.context}
    around = {
        (each.name, parents[each.parent.span_id].name if each.parent.span_id in parents else "")
        for each in made
        if each.parent
    }

    assert len(made) == len(spans.get_finished_spans())
    assert {("webhook", ""), ("turn", "webhook"), ("duty", ""), ("rest", "duty")} <= around
    kinds = {each.attributes.get("ivr.webhook") for each in made if each.attributes}
    assert {"voice", "leg", "room"} <= kinds


def test_two_calls_are_two_traces(desk: Desk, caller: Handset, spans: InMemorySpanExporter) -> None:
    other = desk.exchange.phone("+33155500172")
    for phone in (caller, other):
        phone.call(ENTRY)
        phone.hang_up()
    desk.exchange.wait(2)

    assert of(spans, desk.sid(caller))
    assert of(spans, desk.sid(other))
    assert len({trace(each) for each in spans.get_finished_spans()}) == 2


@pytest.mark.lenient_calls
def test_nothing_personal_is_in_a_trace_not_even_of_a_failure(
    desk: Desk, caller: Handset, spans: InMemorySpanExporter
) -> None:
    with desk.exchange.rest_fails("429"):
        ask_for_an_operator(desk, caller)
        caller.hang_up()
    desk.hear("C17349021", "note", key="n", by="MGR1", channel="phone", text="Call Marie")
    desk.exchange.wait(60)

    failed = [each for each in spans.get_finished_spans() if each.name == "rest"]
    assert {each.status.status_code for each in failed} >= {StatusCode.ERROR}
    written = "".join(each.to_json() for each in spans.get_finished_spans())
    people = desk.store.people.all()
    for text in (CALLER, "17349021", *PEOPLE.values(), *(each.name for each in people)):
        assert text not in written


@pytest.mark.parametrize("sampled", [ALWAYS_OFF, TraceIdRatioBased(0.5)], ids=["none", "half"])
def test_a_call_is_sampled_as_a_whole_or_not_at_all(
    desk: Desk, caller: Handset, sampled: TraceIdRatioBased
) -> None:
    kept = InMemorySpanExporter()
    provider = TracerProvider(sampler=sampled, shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(kept))
    tracing.begin(provider)
    caller.call(ENTRY)
    desk.exchange.wait(2)
    caller.hang_up()
    desk.exchange.wait(1)
    tracing.end()

    half = isinstance(sampled, TraceIdRatioBased) and sampled.rate == 0.5
    id = tracing.trace_id(desk.sid(caller))
    expected = half and id & ((1 << 64) - 1) < 0.5 * (1 << 64)
    webhooks = [each for each in kept.get_finished_spans() if each.name == "webhook"]
    assert (len(webhooks) >= 2) == expected
    assert bool(kept.get_finished_spans()) == expected


def test_another_process_adds_to_the_same_trace(
    tmp_path: Path, store: Store, escalation: Line, spans: InMemorySpanExporter
) -> None:
    """This process answers the webhooks and does nothing more; a worker of its own rings."""
    network = Exchange(start=datetime.now(UTC))
    services = build_services(escalation, store, twilio=network.client, public_url=ORIGIN)
    app = create_app(services)
    answered = lambda environ, start: list(app(environ, start))  # noqa: E731  never closed
    network.number(ENTRY, answered, "/voice/escalation", origin=ORIGIN)
    caller, operator = network.phone(CALLER), network.phone(PEOPLE["OP1"])
    caller.call(ENTRY)
    caller.press("0")
    sid = str(caller.calls[-1].sid)
    here = {each.name for each in of(spans, sid)}

    log = tmp_path / "worker.log"
    tracing_too = {"OTEL_TRACES_EXPORTER": "console"}
    with RestServer(network.api) as api:
        environment = settings(network, api, store.connections.url, ORIGIN) | tracing_too
        with running([IVR, "worker", "--once"], log, **environment):
            assert comes_true(lambda: "process.ended" in log.read_text()), log.read_text()
    network.wait(1)

    there = [json.loads(line) for line in log.read_text().splitlines() if line[:1] == "{"]
    ours = [each for each in there if int(each["context"]["trace_id"], 16) == tracing.trace_id(sid)]
    assert here == {"webhook", "turn"}
    assert {"duty", "rest", "turn"} <= {each["name"] for each in ours}
    assert operator.ringing


# ---- what is set up wrong


def test_an_exporter_that_does_not_exist_is_refused() -> None:
    with pytest.raises(SettingsError, match="must be otlp, console or none"):
        traces.begin({"OTEL_TRACES_EXPORTER": "jaeger"})


def test_a_package_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)

    with pytest.raises(SettingsError, match=r"opentelemetry.*install ivr-simulator\[line,otel\]"):
        traces.begin({"OTEL_TRACES_EXPORTER": "otlp"})


def test_without_an_exporter_nothing_is_traced(desk: Desk, caller: Handset) -> None:
    traces.begin({})

    assert tracing.span("turn", "CA1") is tracing.span("webhook", "CA2")
