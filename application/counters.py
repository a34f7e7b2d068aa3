"""What is counted, and the figures as Prometheus reads them. Imported only where figures are wanted."""

import os
from collections.abc import Iterator

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from workflows import condition

CONTENT_TYPE = CONTENT_TYPE_LATEST

#: the faces, by the first part of their routes; a histogram of each route would be thousands of figures
_FACES = {"admin": "office", "office": "office", "portal": "portal", "staff": "sitter"}
_ROUTE = ("route", "method", "status")
_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

_requests = Counter("latchkey_requests", "Requests that were answered.", _ROUTE, registry=None)
_seconds = Counter("latchkey_request_seconds", "Seconds that answers took, by route.", ("route",), registry=None)
_queries = Counter("latchkey_request_queries", "Statements sent to the database, by route.", ("route",), registry=None)
_durations = Histogram(
    "latchkey_request_duration_seconds", "How long answers took, by face.", ("face",), buckets=_SECONDS, registry=None
)


def note(route: str, method: str, status: int, seconds: float, n_queries: int) -> None:
    """One more request."""
    _requests.labels(route, method, str(status)).inc()
    _seconds.labels(route).inc(seconds)
    _queries.labels(route).inc(n_queries)
    _durations.labels(_FACES.get(route.split("/", 2)[1] if route.startswith("/") else "", "other")).observe(seconds)


def text() -> bytes:
    """All figures: those of every process, then how the installation stands now."""
    registry = CollectorRegistry()
    MultiProcessCollector(registry, path=os.environ["PROMETHEUS_MULTIPROC_DIR"])
    registry.register(_Condition())
    return generate_latest(registry)


class _Condition(Collector):
    """How the installation stands; what is not known has no figure."""

    def collect(self) -> Iterator[Metric]:
        for name, told, figure in condition.figures():
            if figure is not None:
                yield GaugeMetricFamily(f"latchkey_{name}", told, value=figure)
