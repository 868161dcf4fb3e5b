"""OpenTelemetry for tests: the real SDK, set as the application's provider for a while."""

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import Sampler


class Spans:
    """What was traced."""

    def __init__(self, sampler: Sampler | None = None) -> None:
        self._exporter = InMemorySpanExporter()
        self.provider = TracerProvider(sampler=sampler)
        self.provider.add_span_processor(SimpleSpanProcessor(self._exporter))
        self.tracer = self.provider.get_tracer("tests")

    @property
    def all(self) -> list[ReadableSpan]:
        """Every span that ended, in order."""
        return list(self._exporter.get_finished_spans())

    def named(self, name: str) -> list[ReadableSpan]:
        """The spans of a name."""
        return [span for span in self.all if span.name == name]

    def last(self, name: str) -> ReadableSpan:
        """The last span of a name."""
        return self.named(name)[-1]


class Measures:
    """What was measured."""

    def __init__(self) -> None:
        self._reader = InMemoryMetricReader()
        self.provider = MeterProvider(metric_readers=[self._reader])

    def points(self) -> dict[str, list[Any]]:
        """The data points of every metric so far, by its name."""
        data = self._reader.get_metrics_data()
        return {
            metric.name: list(metric.data.data_points)
            for resource in (data.resource_metrics if data else ())
            for scope in resource.scope_metrics
            for metric in scope.metrics
        }

    def counts(self, name: str) -> dict[tuple[Any, ...], float]:
        """A counter's sums, or how often a histogram was told something, by attributes."""
        return {
            tuple(value for _, value in sorted(point.attributes.items())): getattr(
                point, "value", None
            )
            or point.count
            for point in self.points()[name]
        }


@contextlib.contextmanager
def traced(sampler: Sampler | None = None) -> Iterator[Spans]:
    """Trace in this process. A provider can be set but once, so it is put in place by hand."""
    with pytest.MonkeyPatch.context() as patch:
        spans = Spans(sampler)
        patch.setattr(trace, "_TRACER_PROVIDER", spans.provider)
        yield spans


@contextlib.contextmanager
def measured() -> Iterator[Measures]:
    """Measure in this process."""
    with pytest.MonkeyPatch.context() as patch:
        measures = Measures()
        patch.setattr(metrics._internal, "_METER_PROVIDER", measures.provider)
        yield measures
        measures.provider.shutdown()
