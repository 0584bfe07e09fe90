"""What a running server knows: its model, its counters, and whether it ends."""

import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from pipeline.serving.batcher import Batcher, Outcome
from pipeline.serving.follow import Follower
from pipeline.serving.http.access import Access
from pipeline.serving.http.limits import Limits
from pipeline.serving.metrics import Metrics
from pipeline.serving.model import Model

RECENT = 20


class Recent(NamedTuple):
    """An answer that the page shows."""

    time: float
    label: str
    probability: float | None
    id: str


class State:
    """The state of one server."""

    limits: Limits | None = None
    follower: Follower | None = None
    url = ""
    """Where it listens."""

    def __init__(
        self, name: str, folder: Path, access: Access, metrics: Metrics, batcher: Batcher
    ) -> None:
        """`name` is that of the model in the Open Inference Protocol."""
        self.name, self.folder, self.access = name, folder, access
        self.metrics, self.batcher = metrics, batcher
        self.started = time.time()
        self.num_answers = 0
        self.recent: deque[Recent] = deque(maxlen=RECENT)

    @property
    def model(self) -> Model:
        """The one that answers now."""
        return self.batcher.serving.model

    @property
    def is_ending(self) -> bool:
        return self.limits is not None and self.limits.is_ending

    def count(self, outcomes: Sequence[Outcome]) -> None:
        """Count answers in /metrics, and show them on the page."""
        for outcome in outcomes:
            answer = outcome.answer
            if isinstance(answer, str):
                continue
            probability = answer.values.get("probability")
            if probability is not None:
                self.metrics.predictions.labels(answer.label).inc()
                self.metrics.confidence.observe(probability)
            self.num_answers += 1
            self.recent.append(
                Recent(time.time(), str(answer.label), probability, outcome.recorded.id)
            )
