"""This file is the service in numbers, as Prometheus reads them."""

from collections import Counter as Tally
from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Upper bounds of seconds."""


class Metrics:
    """Counts of one service."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "eutectic_requests", "Requests answered.", ["method", "route", "status"], registry=self._registry
        )
        self._seconds = Histogram(
            "eutectic_request_seconds", "Until a request was answered.", ["method", "route"],
            registry=self._registry, buckets=BUCKETS,
        )  # fmt: skip
        self._campaigns = Gauge("eutectic_campaigns", "Campaigns, by process.", ["process"], registry=self._registry)

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """One request more; `route` is its pattern, so that names do not add up."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)

    def text(self, processes: Mapping[str, str]) -> bytes:
        """Everything, with campaign -> what its process does."""
        self._campaigns.clear()
        for word, count in Tally(said.partition(":")[0] or "none" for said in processes.values()).items():
            self._campaigns.labels(word).set(count)
        return generate_latest(self._registry)
