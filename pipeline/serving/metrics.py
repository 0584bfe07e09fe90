"""What /metrics says, in the format of Prometheus.

One process, one registry: no number is that of another worker. No label comes from a request.
"""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
TENTHS = tuple(tenth / 10 for tenth in range(1, 11))
SIZES = (1, 2, 4, 8, 16, 32, 64)


class Metrics:
    """All of them, of a server."""

    def __init__(self) -> None:
        registry = self._registry = CollectorRegistry()

        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(f"groundwork_{name}", text, labels, registry=registry)

        def histogram(name: str, text: str, buckets: Iterable[float], *labels: str) -> Histogram:
            made = Histogram(
                f"groundwork_{name}", text, labels, buckets=tuple(buckets), registry=registry
            )
            return made

        def gauge(name: str, text: str, *labels: str) -> Gauge:
            return Gauge(f"groundwork_{name}", text, labels, registry=registry)

        self.requests = counter("requests_total", "Requests by the status of their answer.", "code")
        self.request_seconds = histogram(
            "request_seconds", "From the first byte of a body to the answer.", SECONDS
        )
        self.stage_seconds = histogram(
            "stage_seconds", "Of a batch: prepare, forward, record.", SECONDS, "stage"
        )
        self.predictions = counter("predictions_total", "Answers by their label.", "label")
        self.confidence = histogram("confidence", "Probability of the label.", TENTHS)
        self.batch_size = histogram("batch_size", "Examples that were asked together.", SIZES)
        self.waiting = gauge("waiting", "Examples that wait for the model.")
        self.rejected = counter(
            "rejected_total", "Requests without an answer, by reason.", "reason"
        )
        self.model_info = gauge("model_info", "1 for the model that answers.", "version", "sha256")
        self.reloads = counter("reloads_total", "New models: taken, or refused.", "result")
        self.records = counter("records_total", "Answers and truths that were recorded.")
        self.records_lost = counter("records_lost_total", "Those that could not be written.")
        self.truths = counter("truths_total", "Labels that came later, through /feedback.")
        for result in ("taken", "refused"):
            self.reloads.labels(result)

    def show_model(self, version: str, digest: str) -> None:
        """Name the model that answers now."""
        self.model_info.clear()
        self.model_info.labels(version, digest).set(1)

    def text(self) -> bytes:
        return generate_latest(self._registry)


def value_of(metric: Counter | Gauge) -> float:
    """The value of one without labels, or the sum over its labels."""
    return sum(
        sample.value
        for family in metric.collect()
        for sample in family.samples
        if not sample.name.endswith("_created")
    )
