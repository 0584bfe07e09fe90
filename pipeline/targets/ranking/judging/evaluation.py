"""How good the lists of a model are on the test split, for whom not, and how sure that is."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.dataset.arrays import Float32, Rows
from pipeline.dataset.rankings.listed import EARLIER, POPULARITY, items_in
from pipeline.targets.bootstrap import bootstrap_sums, percentile_interval
from pipeline.targets.protocols.judging import Answers, Stressed, TestSplit
from pipeline.targets.protocols.labels import TargetIndex
from pipeline.targets.ranking.judging.predictions import Predictions, make_predictions
from pipeline.targets.ranking.judging.scores import (
    CUT_NDCG,
    dense_scores,
    event_scores,
    metrics_of,
)
from pipeline.targets.ranking.labels.reading import ITEMS, popularity_of
from pipeline.targets.slices import MIN_EXAMPLES, Slice, slices

Interval = tuple[float, float, float]
"""Value, low end, high end."""
NUM_RESAMPLES = 2_000


class Ndcg(NamedTuple):
    """A mean over some events, with a 95 % interval by their users."""

    num: int
    ndcg_10: float
    low: float
    high: float


@dataclass(frozen=True)
class RankingEvaluation:
    """The results of a model on the test split."""

    predictions: Predictions
    intervals: dict[str, Interval]
    slices: list[tuple[Slice, Ndcg]]
    cold: list[tuple[str, Ndcg]]
    """Users and items that train does not have, and those that it has."""
    robustness: list[tuple[str, int, Ndcg]]
    num_corrupted: int
    coverage: float
    """Share of the items that somebody's first ten have."""
    popularity: float
    """Mean number of events of the items in people's first ten, by that of what they took."""
    num_users: int

    def metrics(self) -> dict[str, float | str]:
        """The content of reports/metrics.json; the first three keys are its contract."""
        found: dict[str, float | str] = {
            "ndcg_10": self.intervals["ndcg_10"][0],
            "recall_20": self.intervals["recall_20"][0],
            "coverage": self.coverage,
            "popularity_bias": self.popularity,
            "ndcg_10_low": self.intervals["ndcg_10"][1],
            "ndcg_10_high": self.intervals["ndcg_10"][2],
        }
        for name, ndcg in self.cold:
            if ndcg.num:
                found[f"ndcg_10_{name.replace(' ', '_')}"] = ndcg.ndcg_10
        return found

    def summary(self) -> dict[str, Any]:
        """Values for the index of data/evaluation."""
        return {
            "min_slice_examples": MIN_EXAMPLES,
            "num_users": self.num_users,
            "num_corrupted": self.num_corrupted,
            "coverage": self.coverage,
            "popularity_bias": self.popularity,
        }

    def sentence(self) -> str:
        value, low, high = self.intervals["ndcg_10"]
        return (
            f"NDCG@10 {value:.4f} ({low:.4f} to {high:.4f}), recall@20 "
            f"{self.intervals['recall_20'][0]:.4f}, mean over {self.num_users} users, all items "
            f"ranked; {self.coverage:.1%} of the items are in somebody's first ten"
        )


def evaluate_ranking(
    index: TargetIndex,
    test: TestSplit,
    outputs: Float32,
    validation: Answers,
    stressed: Stressed,
) -> RankingEvaluation:
    """Test a model by its lists for the test events, `(N, W)`."""
    listed = items_in(outputs)
    items = test.y.astype(np.int64)
    found = make_predictions(test.ids, test.groups, items, places_of(listed, items))
    robustness = [
        (
            variant.name,
            variant.strength,
            _ndcg(
                places_of(items_in(variant.outputs), items[stressed.rows]),
                found.users[stressed.rows],
            ),
        )
        for variant in stressed.variants
    ]
    gains = dense_scores(found.places, found.users)
    quality = gains[:, 1] / gains[:, 0]
    users, first = np.unique(found.users, return_index=True)
    firsts = listed[first][:, :CUT_NDCG]
    return RankingEvaluation(
        predictions=found,
        intervals=intervals_of(found),
        slices=[
            (part, _of(found, rows))
            for part, rows in slices(quality, test.measurements, test.groups)
        ],
        cold=_cold(found, test),
        robustness=robustness,
        num_corrupted=len(stressed.rows),
        coverage=len(np.unique(firsts[firsts >= 0])) / len(index[ITEMS]),
        popularity=_popularity(firsts, items, popularity_of(index)),
        num_users=len(users),
    )


def places_of(listed: NDArray[np.int64], items: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where in each list the item is, `(N,)`; -1 where it is not."""
    same = listed == items[:, None]
    return np.where(same.any(1), same.argmax(1), -1).astype(np.int64)


def intervals_of(predictions: Predictions, seed: int = 0) -> dict[str, Interval]:
    """Metrics by name, with the bootstrap's 95 % interval over users."""
    scores = event_scores(predictions)
    values = metrics_of(np.asarray(scores.sum(0)))
    drawn = metrics_of(bootstrap_sums(scores, seed, predictions.users))
    found = {}
    for name, value in values.items():
        low, high = percentile_interval(drawn[name])
        found[name] = (float(value), min(low, float(value)), max(high, float(value)))
    return found


def _of(predictions: Predictions, rows: Rows) -> Ndcg:
    return _ndcg(predictions.places[rows], predictions.users[rows])


def _ndcg(places: NDArray[np.int64], users: NDArray[np.int64]) -> Ndcg:
    """The figure of some events, as if their users had taken nothing else."""
    if not len(places):
        return Ndcg(0, 0.0, 0.0, 1.0)
    _, own = np.unique(users, return_inverse=True)
    found = dense_scores(places, own)
    by_user = np.bincount(own, found[:, 1])
    value = float(by_user.mean())
    spread = float(by_user.std()) / np.sqrt(len(by_user))
    return Ndcg(
        len(places), value, max(0.0, value - 1.96 * spread), min(1.0, value + 1.96 * spread)
    )


def _cold(predictions: Predictions, test: TestSplit) -> list[tuple[str, Ndcg]]:
    """Figures by what is known of users and items, where measurements say it."""
    found = []
    for name, what in ((EARLIER, "users"), (POPULARITY, "items")):
        if name in test.measurements:
            is_cold = test.measurements[name] == 0
            found.append((f"cold {what}", _of(predictions, np.flatnonzero(is_cold))))
            found.append((f"known {what}", _of(predictions, np.flatnonzero(~is_cold))))
    return found


def _popularity(
    firsts: NDArray[np.int64], taken: NDArray[np.int64], counts: NDArray[np.int64]
) -> float:
    of_taken = float(counts[taken].mean()) if len(taken) else 0.0
    valid = firsts[(firsts >= 0) & (firsts < len(counts))]
    of_listed = float(counts[valid].mean()) if len(valid) else 0.0
    return of_listed / of_taken if of_taken else 0.0
