"""
What a server counts: requests, refusals, webhooks. Prometheus' library is imported when somebody reads them.

Workers behind one socket count each for itself and publish it in a folder that they share; whichever is read adds up.
"""

import json
import os
from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from prometheus_client import Metric

__all__ = ["Metrics", "MetricsFolder", "rendered"]

BOUNDS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
PUBLISH_S = 1.0


@dataclass(slots=True)
class Metrics:
    """
    Counts since the start of a process, each by its labels.

    Args:
        exchanges: By provider, operation, status and the number of the bucket in ``BOUNDS_S``: one count a request.
        refusals: Exchanges that were refused, by provider and requirement.
        webhooks: Attempts to deliver, by provider and outcome.
        seconds: What requests took, by provider and operation.
        state_errors: Requests that were answered with 503, since the state was not available.
    """

    exchanges: Counter[tuple[str, str, int, int]] = field(default_factory=Counter)
    refusals: Counter[tuple[str, ...]] = field(default_factory=Counter)
    webhooks: Counter[tuple[str, ...]] = field(default_factory=Counter)
    seconds: Counter[tuple[str, ...]] = field(default_factory=Counter)
    state_errors: Counter[tuple[str, ...]] = field(default_factory=Counter)
    _lock: Lock = field(default_factory=Lock, repr=False)

    def count_request(
        self, provider: str, operation: str | None, status: int, took_ms: float, refused_for: Collection[str]
    ) -> None:
        """
        Count an exchange.

        Args:
            provider: Slug.
            operation: Its ``operationId``; None where the contract has none for the request.
            status: As answered; 0 where a reset left the request without an answer.
            took_ms: How long it took.
            refused_for: The requirements for which it was refused.
        """
        name, took_s = operation or "", took_ms / 1000
        with self._lock:
            self.exchanges[provider, name, status, bisect_left(BOUNDS_S, took_s)] += 1
            self.seconds[provider, name] += took_s  # type: ignore[assignment]  # (a sum, and no count)
            for each in refused_for:
                self.refusals[provider, each] += 1

    def count_webhook(self, provider: str, outcome: str) -> None:
        """Count an attempt to deliver: the status of the receiver's answer, or ``failed``."""
        with self._lock:
            self.webhooks[provider, outcome] += 1

    def count_state_error(self) -> None:
        with self._lock:
            self.state_errors[()] += 1

    def to_json(self) -> dict[str, Any]:
        with self._lock:
            return {name: [[*key, count] for key, count in getattr(self, name).items()] for name in COUNTERS}

    def plus(self, values: dict[str, Any]) -> "Metrics":
        """The sum with what :meth:`to_json` of another process gave."""
        summed = Metrics()
        for each in (self.to_json(), values):
            for name in COUNTERS:
                for *key, count in each[name]:
                    getattr(summed, name)[tuple(key)] += count
        return summed


COUNTERS = ("exchanges", "refusals", "webhooks", "seconds", "state_errors")


class MetricsFolder:
    """
    Where the workers of one server publish their counts, once a second. A worker that has ended goes on counting.

    Args:
        folder: That all of them share.
        metrics: Of this process.
    """

    def __init__(self, folder: Path, metrics: Metrics) -> None:
        self._folder = folder
        self._metrics = metrics
        self._own = folder / f"{os.getpid()}.json"
        self._is_ending = Event()

    def __enter__(self) -> Self:
        Thread(target=self._publish_regularly, daemon=True, name="flowproof-metrics").start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_ending.set()

    def _publish_regularly(self) -> None:
        while not self._is_ending.wait(PUBLISH_S):
            with suppress(OSError):  # the server has removed the folder: it ends
                draft = self._own.with_suffix(".draft")
                draft.write_text(json.dumps(self._metrics.to_json()), encoding="utf-8")
                draft.replace(self._own)

    def total(self) -> Metrics:
        """The counts of all workers."""
        total = self._metrics
        for each in self._folder.glob("*.json"):
            if each != self._own:
                total = total.plus(json.loads(each.read_text(encoding="utf-8")))
        return total


def rendered(metrics: Metrics, workspaces: int | None) -> tuple[bytes, str]:
    """
    The metrics in Prometheus' text format, and its media type.

    Args:
        metrics: The counts.
        workspaces: How many there are; None where the state is not available.
    """
    from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest  # noqa: PLC0415 (rarely used)

    registry = CollectorRegistry()
    registry.register(_Collector(metrics, workspaces))
    return generate_latest(registry), CONTENT_TYPE_LATEST


class _Collector:
    def __init__(self, metrics: Metrics, workspaces: int | None) -> None:
        self._metrics = metrics
        self._workspaces = workspaces

    def collect(self) -> Iterator["Metric"]:
        """What ``prometheus_client`` calls."""
        from prometheus_client.core import (  # noqa: PLC0415 (the same)
            CounterMetricFamily,
            GaugeMetricFamily,
            HistogramMetricFamily,
        )

        metrics = self._metrics
        for name, text, labels, counts in (
            ("requests", "Requests to the mocks.", ("provider", "operation", "status"), self._requests()),
            ("refusals", "Exchanges that were refused, by requirement.", ("provider", "requirement"), metrics.refusals),
            ("webhook_attempts", "Attempts to deliver a webhook.", ("provider", "outcome"), metrics.webhooks),
            ("state_errors", "Requests that were answered with 503: no state.", (), metrics.state_errors),
        ):
            family = CounterMetricFamily(f"flowproof_{name}", text, labels=labels)
            for key, count in sorted(counts.items()) or ([] if labels else [((), 0)]):
                family.add_metric(key, count)
            yield family
        duration = HistogramMetricFamily(
            "flowproof_request_duration_seconds", "What a request took.", labels=("provider", "operation")
        )
        for key, seconds in sorted(metrics.seconds.items()):
            duration.add_metric(key, self._cumulated(key), seconds)
        yield duration
        if self._workspaces is not None:
            yield GaugeMetricFamily("flowproof_workspaces", "Workspaces that there are.", value=self._workspaces)

    def _requests(self) -> Counter[tuple[str, ...]]:
        counts = Counter[tuple[str, ...]]()
        for (provider, operation, status, _), count in self._metrics.exchanges.items():
            counts[provider, operation, str(status)] += count
        return counts

    def _buckets(self, key: tuple[str, ...]) -> Counter[int]:
        """The requests of a provider and operation, by the number of the bucket."""
        counts = Counter[int]()
        for (provider, operation, _, bucket), count in self._metrics.exchanges.items():
            if (provider, operation) == key:
                counts[bucket] += count
        return counts

    def _cumulated(self, key: tuple[str, ...]) -> list[tuple[str, float]]:
        names, total, buckets = [*map(str, BOUNDS_S), "+Inf"], 0, list[tuple[str, float]]()
        counts = self._buckets(key)
        for number, name in enumerate(names):
            total += counts[number]
            buckets.append((name, total))
        return buckets
