"""One trace for a call: what its webhooks, turns, duties and requests to the carrier took.

The trace's id is made of the call's name, so that processes that know nothing of each other add to
the same trace. Nothing is traced, and nothing is imported for it, until `begin` is given a
provider of OpenTelemetry's (the extra ``otel``).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from ivr.line.errors import NotYet

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import TracerProvider

_NOTHING: AbstractContextManager[Any] = nullcontext()
_provider: TracerProvider | None = None


def begin(provider: TracerProvider) -> None:
    """Trace from here on."""
    global _provider
    _provider = provider


def end() -> None:
    """Trace no more; what is still to be exported is."""
    global _provider
    provider, _provider = _provider, None
    if provider is not None:
        provider.shutdown()


def span(name: str, call: str = "", **attributes: str | int) -> AbstractContextManager[Any]:
    """A span around a block: a child of the one around it, if that is of the same call, else of
    the call's trace. ``call`` is a call's SID, or ``case:`` and a case's number, which is left out
    of what is exported. ``attributes`` have nothing personal."""
    if _provider is None:
        return _NOTHING
    return _span(_provider, name, call, attributes)


@contextmanager
def _span(
    provider: TracerProvider, name: str, call: str, attributes: dict[str, str | int]
) -> Iterator[None]:
    from opentelemetry import trace

    known = {f"ivr.{key}": value for key, value in attributes.items()}
    if call and not call.startswith("case:"):
        known["ivr.call"] = call
    around = trace.get_current_span().get_span_context()
    context = None
    if call and around.trace_id != trace_id(call):
        context = _of_the_call(provider, call)
    tracer = provider.get_tracer("ivr")
    # an exception's text may name a telephone number: only what it is called is exported
    with tracer.start_as_current_span(
        name, context, attributes=known, record_exception=False, set_status_on_exception=False
    ) as span:
        try:
            yield
        except NotYet:
            raise
        except Exception as error:
            span.set_attribute("error.type", type(error).__name__)
            span.set_status(trace.StatusCode.ERROR)
            raise


def trace_id(call: str) -> int:
    """The id of a call's trace."""
    return int.from_bytes(sha256(call.encode()).digest()[:16]) or 1


def _of_the_call(provider: TracerProvider, call: str) -> Context:
    """The beginning of the call's trace, which no process has seen and every process knows. Whether
    it is sampled is decided by its id, so that all decide the same."""
    from opentelemetry import trace
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace.sampling import Decision
    from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags

    id = trace_id(call)
    sampled = provider.sampler.should_sample(Context(), id, "call").decision is not Decision.DROP
    root = SpanContext(
        trace_id=id,
        span_id=int.from_bytes(sha256(call.encode()).digest()[16:24]) or 1,
        is_remote=True,
        trace_flags=TraceFlags(TraceFlags.SAMPLED if sampled else TraceFlags.DEFAULT),
    )
    return trace.set_span_in_context(NonRecordingSpan(root), Context())
