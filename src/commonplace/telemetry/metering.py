"""Metering: the instruments of the application's meter provider."""

import time
import weakref
from collections.abc import Iterable, Mapping
from types import ModuleType
from typing import Any, Final, Protocol

from commonplace.telemetry import names
from commonplace.telemetry.names import METRICS, Metric
from commonplace.telemetry.otel import Signal, asked_for, is_bare, release

Attributes = Mapping[str, str]


class Queue(Protocol):
    """Something in which commits wait."""

    @property
    def depth(self) -> int:
        """How many there are."""
        ...


_QUEUES: Final = weakref.WeakValueDictionary[int, Queue]()


def watch_depth(queue: Queue) -> None:
    """Count what waits in a queue, for as long as there is that queue."""
    _QUEUES[id(queue)] = queue


class Metering:
    """Tells measures to the instruments of one provider."""

    def __init__(self, api: ModuleType, provider: Any) -> None:
        self._observation = api.Observation
        self.asked = asked_for()
        meter = provider.get_meter("commonplace", release())
        self._tell = {metric.name: self._instrument(meter, metric) for metric in METRICS}

    def tell(self, metric: Metric, value: float, attributes: Attributes | None = None) -> None:
        """Add to a counter, or record in a histogram."""
        self._tell[metric.name](value, attributes)

    def _instrument(self, meter: Any, metric: Metric) -> Any:
        if metric.kind == "counter":
            return meter.create_counter(metric.name, metric.unit, metric.about).add
        if metric.kind == "histogram":
            return meter.create_histogram(
                metric.name,
                metric.unit,
                metric.about,
                explicit_bucket_boundaries_advisory=metric.bounds,
            ).record
        return meter.create_observable_gauge(
            metric.name, [self._observe], metric.unit, metric.about
        )

    def _observe(self, options: object) -> Iterable[Any]:
        # A list taken at one blow: another thread may open a memory meanwhile, and a lock could
        # be held at a fork.
        queues = [reference() for reference in _QUEUES.valuerefs()]
        yield self._observation(sum(queue.depth for queue in queues if queue is not None))


def _made(api: ModuleType, provider: Any) -> Metering | None:
    return None if is_bare(provider) else Metering(api, provider)


METERING: Final = Signal("opentelemetry.metrics", "get_meter_provider", _made)


def tell(metric: Metric, value: float, attributes: Attributes | None = None) -> None:
    """Tell a measure, if anybody listens."""
    metering = METERING.get()
    if metering is not None:
        metering.tell(metric, value, attributes)


def tell_batch(queued_s: Iterable[float | None]) -> None:
    """Tell of a batch on its way: when each of it was queued, on the monotonic clock, if it was."""
    metering = METERING.get()
    if metering is None:
        return
    now_s = time.monotonic()
    waits = [0.0 if each is None else max(now_s - each, 0.0) for each in queued_s]
    metering.tell(names.LANE_BATCH, len(waits))
    for wait in waits:
        metering.tell(names.LANE_WAIT, wait)
