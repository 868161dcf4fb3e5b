"""Tracing: a tracer of the application's provider, and the few things we do with one."""

from collections.abc import Iterable, Mapping
from types import ModuleType
from typing import Any, Final

from commonplace.telemetry.names import ERROR_TYPE
from commonplace.telemetry.otel import Signal, asked_for, is_bare, release
from commonplace.telemetry.traceparent import Traceparent

Attributes = Mapping[str, str | int | float]


class Tracing:
    """Starts spans below whatever span the caller is in, and makes none the current one.

    Without a provider (`records` is false) nothing is traced, and yet a caller has a place in a
    trace: whoever passes one on without recording it gets it into the record.
    """

    def __init__(self, api: ModuleType, provider: Any) -> None:
        self._api = api
        self._tracer = provider.get_tracer("commonplace", release())
        self._internal, self._consumer = api.SpanKind.INTERNAL, api.SpanKind.CONSUMER
        self._failed = api.Status(api.StatusCode.ERROR)
        self.records = not is_bare(provider)
        self.asked = asked_for()

    def here(self) -> str:
        """The traceparent of the span that the caller is in; "" outside of any."""
        return place_of(self._api.get_current_span())

    def start(self, name: str, attributes: Attributes) -> Any:
        """A span, to be ended."""
        return self._tracer.start_span(name, kind=self._internal, attributes=attributes)

    def consume(self, name: str, attributes: Attributes, sources: Iterable[Traceparent]) -> None:
        """A span of something received, linked to what sent it."""
        links = [self._api.Link(self._context(source)) for source in sources]
        self._tracer.start_span(name, kind=self._consumer, attributes=attributes, links=links).end()

    def fail(self, span: Any, error_type: str) -> None:
        """Mark a span as failed: by a code, never by the words of an error, which quote."""
        span.set_attribute(ERROR_TYPE, error_type)
        span.set_status(self._failed)

    def _context(self, source: Traceparent) -> Any:
        trace_id, span_id, flags = source
        flags = self._api.TraceFlags(flags)
        return self._api.SpanContext(trace_id, span_id, is_remote=True, trace_flags=flags)


def place_of(span: Any) -> str:
    """The traceparent of a span, sampled or not; "" where nobody traces."""
    context = span.get_span_context()
    if not context.is_valid:
        return ""
    return str(Traceparent(context.trace_id, context.span_id, context.trace_flags))


TRACING: Final = Signal("opentelemetry.trace", "get_tracer_provider", Tracing)
