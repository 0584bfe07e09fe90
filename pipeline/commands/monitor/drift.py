"""Drift: whether a window of answers is unlike validation, by thresholds resampled from it.

Each family of features (a measurement, confidence, the shares of answers, the embedding) is a block
of columns with mean 0 and variance 1 on the reference; its statistic is the squared distance of a
window's mean from the reference's. Continuous columns are normal scores of their ranks in the
reference (van der Waerden 1952), so that heavy tails do no harm.

A threshold holds for one family and one size of window: as many examples as the window has are
drawn from the reference again and again, and compared with a reference that is drawn too, since it
is a sample itself. The level is shared among the families, so that all together alarm in one of so
many windows of unchanged traffic. Independent examples are assumed: a burst of one sender is drift.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri  # type: ignore[import-untyped]

from pipeline.dataset.arrays import Float64

LEVEL = 1e-3
"""False alarms in a window of unchanged traffic, over all families."""
SAFETY = 2
"""How much thresholds aim below the level: a fitted tail errs."""
OFFSET = 2
"""How many times its sampling error the reference may be off. All windows are compared with one, so
that on average the level would be kept by one error, but not with every second reference."""
SIZES = (100, 200, 400, 1600, 6400)
"""Examples in a window: small ones notice much soon, large ones little ever."""
EMBEDDINGS = ("embedding", "finer embedding")
"""Families of the axes of embeddings, GROUP for each, the widest first: a change along one axis is
hidden by chance along many."""
GROUP = 16
NUM_DRAWN = 3000
AT_ONCE = 250
TAIL = 0.05
"""The share of drawn statistics to which an exponential is fitted, for thresholds beyond them."""


@dataclass(frozen=True)
class Traffic:
    """N answers, as a server recorded them."""

    measured: Float64
    """`(N, M)`, in the order of the reference; NaN where nothing was measured."""
    answers: Float64
    """`(N, K)`: probabilities, or numbers."""
    along: Float64
    """`(N, A)`: embeddings along the axes of the reference, from its mean."""

    def rows(self, some: slice) -> "Traffic":
        return Traffic(self.measured[some], self.answers[some], self.along[some])

    def __len__(self) -> int:
        return len(self.answers)


class Reference:
    """Validation as the served graph answers it; see export/reference.py."""

    def __init__(
        self,
        arrays: Mapping[str, NDArray],
        seed: int = 0,
        *,
        outputs: Any,
        recorded: Collection[str] | None = None,
    ) -> None:
        """
        Args:
            arrays: as export/reference.py makes them.
            outputs: the target's module for what is compared of answers; see `open_answers`.
            recorded: names of the measurements that a server records; None for all.
        """
        self._arrays, self._seed, self._outputs = arrays, seed, outputs
        known = [str(name) for name in arrays["measurement_names"]]
        is_recorded = [recorded is None or name in recorded for name in known]
        self.names = [name for name, there in zip(known, is_recorded, strict=True) if there]
        measured, answers, along = (
            arrays[f"rows_{name}"].astype(np.float64)
            for name in ("measurements", "answers", "embedding")
        )
        self.rows = Traffic(measured[:, is_recorded], answers, along)
        self._sorted = {name: np.sort(v, 0) for name, v in self._continuous(self.rows).items()}
        num = len(self.rows)
        shares = np.bincount(self.rows.answers.argmax(1), minlength=self.num_answers)
        self._shares = (shares + 1) / (num + self.num_answers)
        scores = self._scores(self.rows)
        self._means = {name: block.mean(0) for name, block in scores.items()}
        self.families = self._blocks(self.rows)
        """The features of the reference, `(R, C)` each, by the name of their family."""
        self._thresholds: dict[int, dict[str, float]] = {}

    @property
    def num_answers(self) -> int:
        return int(self.rows.answers.shape[1])

    def take(self, measured: Mapping[str, Any], answers: Float64, embedding: NDArray) -> Traffic:
        """Records of N answers as they are compared; `embedding` is `(N, D)`."""
        num = len(answers)
        columns = [np.asarray(measured.get(n, np.full(num, np.nan))) for n in self.names]
        matrix = np.stack(columns, 1) if columns else np.empty((num, 0))
        axes, mean = self._arrays["embedding_axes"], self._arrays["embedding_mean"]
        along = (embedding.astype(np.float64) - mean) @ axes.T.astype(np.float64)
        return Traffic(matrix.astype(np.float64), answers, along)

    def statistics(self, traffic: Traffic, size: int) -> dict[str, Float64]:
        """The statistic of each whole window of `size` examples, by family, as a share of its
        threshold: more than 1 alarms. NaN where a window lacks a value."""
        num = len(traffic) // size
        thresholds = self.thresholds(size)
        found = {}
        for name, block in self._blocks(traffic.rows(slice(num * size))).items():
            means = block.reshape(num, size, -1).mean(1)
            found[name] = (means**2).sum(1) / thresholds[name]
        return found

    def thresholds(self, size: int) -> dict[str, float]:
        """The threshold of each family, for windows of `size` examples."""
        if size not in self._thresholds:
            level = LEVEL / SAFETY / len(self.families)
            random = np.random.default_rng([self._seed, size])
            drawn = self._drawn(size, random)
            self._thresholds[size] = {n: tail_quantile(d, level) for n, d in drawn.items()}
        return self._thresholds[size]

    def _continuous(self, traffic: Traffic) -> dict[str, Float64]:
        columns = {name: traffic.measured[:, [place]] for place, name in enumerate(self.names)}
        answers = self._outputs.watched(traffic.answers)
        return {**columns, **answers, "embedding": traffic.along}

    def _blocks(self, traffic: Traffic) -> dict[str, Float64]:
        """Features `(N, C)` by family; on the reference their mean is 0 and their variance 1."""
        return {name: block - self._means[name] for name, block in self._scores(traffic).items()}

    def _scores(self, traffic: Traffic) -> dict[str, Float64]:
        blocks = {}
        for name, values in self._continuous(traffic).items():
            scores = normal_scores(values, self._sorted[name])
            spread = (scores**2 - 1) / np.sqrt(2)
            if name == "embedding":
                for place, group in enumerate(EMBEDDINGS):
                    axes = slice(place * GROUP, (place + 1) * GROUP)
                    if scores[:, axes].size:
                        blocks[group] = scores[:, axes]
                        blocks[f"{group} spread"] = spread[:, axes]
            else:
                blocks[name] = np.concatenate([scores, spread], 1)
        if self._outputs.CHOOSES:
            is_chosen = np.eye(self.num_answers)[traffic.answers.argmax(1)]
            shares = self._shares
            blocks["shares of answers"] = (is_chosen - shares) / np.sqrt(shares * (1 - shares))
        return blocks

    def _drawn(self, size: int, random: np.random.Generator) -> dict[str, Float64]:
        """Statistics of NUM_DRAWN windows without drift, `(NUM_DRAWN,)` by family."""
        widths = [block.shape[1] for block in self.families.values()]
        features = np.concatenate(list(self.families.values()), 1)
        features = np.concatenate([features, rare(features)])
        num, mean = len(features), features.mean(0)
        ends = np.cumsum(widths)[:-1]
        found = []
        for _ in range(0, NUM_DRAWN, AT_ONCE):
            windows, references = (
                random.multinomial(drawn, np.full(num, 1 / num), AT_ONCE) @ features / drawn
                for drawn in (size, num)
            )
            parts = np.split((windows - mean - OFFSET * (references - mean)) ** 2, ends, 1)
            found.append(np.stack([part.sum(1) for part in parts], 1))
        together = np.concatenate(found)
        return dict(zip(self.families, together.T, strict=True))


def normal_scores(values: Float64, ordered: Float64) -> Float64:
    """Quantiles of the normal distribution for the ranks of values `(N, C)` among those of the
    reference, `(R, C)` in order; equal values have their middle rank. NaN stays NaN."""
    scores = np.empty(values.shape)
    num = len(ordered)
    for place in range(values.shape[1]):
        column, known = values[:, place], ordered[:, place]
        ranks = np.searchsorted(known, column, "left") + np.searchsorted(known, column, "right")
        scores[:, place] = ndtri((ranks / 2 + 0.5) / (num + 1))
    return np.where(np.isnan(values), np.nan, scores)


def rare(features: Float64) -> Float64:
    """Two more rows for a reference `(R, C)`: where a column never varies, a feature as large as
    there can be, else the mean. What is in none of R examples may still be in one of R more."""
    largest = ndtri(1 - 0.5 / (len(features) + 1)) ** 2 / np.sqrt(2)
    constant = features.std(0) < 1e-9
    return np.stack([np.where(constant, sign * largest, 0.0) for sign in (-1, 1)])


def tail_quantile(drawn: Float64, level: float) -> float:
    """The value that a statistic exceeds with probability `level`, by an exponential tail."""
    start = float(np.quantile(drawn, 1 - TAIL))
    excess = float((drawn[drawn > start] - start).mean()) if (drawn > start).any() else 0.0
    return max(start + excess * float(np.log(TAIL / level)), 1e-12)
