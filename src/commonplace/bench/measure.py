"""Measure: interleaved rounds, medians and ratios.

A machine drifts while it is measured. So the contestants take turns, in another order each
round, and what is compared is always from the same rounds.
"""

import asyncio
import statistics
import threading
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence

Contest = Mapping[str, Callable[[], float]]


def interleave(rounds: int, contest: Contest) -> dict[str, list[float]]:
    """Call each contestant once a round, the order turned by one each time; all results."""
    names = list(contest)
    results: dict[str, list[float]] = {name: [] for name in names}
    for number in range(rounds):
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            results[name].append(contest[name]())
    return results


def in_pieces(rounds: int, pieces: int, contest: Contest) -> dict[str, list[float]]:
    """`interleave` with each round cut into pieces, of which it gives the median.

    For what is timed in microseconds: a disturbance then costs a piece and not a round.
    """
    results = interleave(rounds * pieces, contest)
    return {
        name: [
            statistics.median(values[first : first + pieces])
            for first in range(0, len(values), pieces)
        ]
        for name, values in results.items()
    }


def medians(results: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """The median of each."""
    return {name: statistics.median(values) for name, values in results.items()}


def ratio(over: Sequence[float], under: Sequence[float]) -> tuple[float, tuple[float, float]]:
    """The ratio of the medians, and the lowest and highest ratio of one round."""
    each = [a / b for a, b in zip(over, under, strict=True)]
    return statistics.median(over) / statistics.median(under), (min(each), max(each))


def quantile(values: Sequence[float], share: float) -> float:
    """The value that a `share` of them does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def median_us(operation: Callable[[int], object], count: int) -> float:
    """The median time of one of `count` operations, each timed alone; for slow ones."""
    clock, times = time.perf_counter_ns, []
    for number in range(count):
        begun = clock()
        operation(number)
        times.append(clock() - begun)
    return statistics.median(times) / 1e3


def mean_us(operation: Callable[[int], object], count: int) -> float:
    """The mean time of `count` operations timed together; for those near a clock's own cost."""
    begun = time.perf_counter_ns()
    for number in range(count):
        operation(number)
    return (time.perf_counter_ns() - begun) / count / 1e3


def per_second(agents: Sequence[Callable[[], object]], seconds: float) -> float:
    """Calls per second when each agent is a thread that calls as often as it can."""
    counts = [0] * len(agents)
    start = threading.Barrier(len(agents) + 1)
    errors: list[BaseException] = []
    stop = False

    def run(number: int, call: Callable[[], object]) -> None:
        start.wait()
        try:
            while not stop:
                call()
                counts[number] += 1
        except BaseException as error:  # boundary: raised again by the caller
            errors.append(error)

    threads = [threading.Thread(target=run, args=pair, daemon=True) for pair in enumerate(agents)]
    for thread in threads:
        thread.start()
    start.wait()
    begun = time.perf_counter()
    time.sleep(seconds)
    stop = True
    for thread in threads:
        thread.join()
    elapsed = time.perf_counter() - begun
    if errors:
        raise errors[0]
    return sum(counts) / elapsed


async def tasks_per_second(
    agents: Sequence[Callable[[], Awaitable[object]]], seconds: float
) -> float:
    """Calls per second when each agent is a task that calls as often as it can."""
    counts = 0

    async def run(call: Callable[[], Awaitable[object]]) -> None:
        nonlocal counts
        while time.perf_counter() < until:
            await call()
            counts += 1

    begun = time.perf_counter()
    until = begun + seconds
    await asyncio.gather(*(run(call) for call in agents))
    return counts / (time.perf_counter() - begun)
