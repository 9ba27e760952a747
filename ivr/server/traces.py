"""Where traces go, by OpenTelemetry's own variables; the extra ``otel`` brings what is needed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from ivr.errors import SettingsError
from ivr.line import tracing

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import SpanProcessor

EXPORTERS = ("otlp", "console", "none")


def begin(environment: Mapping[str, str] = os.environ) -> None:
    """Trace calls, if ``OTEL_TRACES_EXPORTER`` is ``otlp`` or ``console`` (a span a line, on
    standard output). Raises `SettingsError` for another, or when the extra isn't installed."""
    chosen = environment.get("OTEL_TRACES_EXPORTER", "none") or "none"
    if chosen not in EXPORTERS:
        raise SettingsError(f"OTEL_TRACES_EXPORTER is '{chosen}': it must be otlp, console or none")
    if chosen == "none":
        return
    try:
        from opentelemetry.sdk.resources import SERVICE_NAME, Resource
        from opentelemetry.sdk.trace import TracerProvider

        processor = _processor(chosen)
    except ImportError as error:
        raise SettingsError(
            f"OTEL_TRACES_EXPORTER is '{chosen}', and {error.name} isn't installed: "
            "install ivr-simulator[line,otel]"
        ) from error
    named = {SERVICE_NAME: environment.get("OTEL_SERVICE_NAME", "ivr")}
    provider = TracerProvider(resource=Resource.create(named))
    provider.add_span_processor(processor)
    tracing.begin(provider)


def _processor(chosen: str) -> SpanProcessor:
    from opentelemetry.sdk.trace.export import (
        BatchSpanProcessor,
        ConsoleSpanExporter,
        SimpleSpanProcessor,
    )

    if chosen == "console":
        return SimpleSpanProcessor(
            ConsoleSpanExporter(formatter=lambda span: span.to_json(indent=None) + "\n")
        )
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    return BatchSpanProcessor(OTLPSpanExporter())
