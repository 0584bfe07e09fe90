"""Folds of the label check: the examples that each network predicts, and those it learns from.

Without time, groups are assigned to folds by a hash, and a network learns from all other folds.
If the split is in time, a network predicts a period and learns only from what precedes it, as a
model of that time could have; the horizon and the embargo of the entry apply too. The first period
is not predicted: nothing precedes it.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.dataset.arrays import Rows
from pipeline.dataset.randomness import id_keys, uniform
from pipeline.dataset.splits.clock import boundary
from pipeline.dataset.splits.rule import SplitRule
from pipeline.dataset.splits.times import Ordinals

NO_FOLD = -1


class Folds(NamedTuple):
    """Folds of N examples."""

    asked: Rows
    """The fold in which each is predicted, `(N,)`; NO_FOLD for those that no network predicts."""
    learnt: Mapping[int, NDArray[np.bool_]]
    """The examples that the network of each fold learns from, `(N,)`."""

    @property
    def num_learnt(self) -> int:
        """Number of examples learnt from, summed over networks."""
        return sum(int(mask.sum()) for mask in self.learnt.values())


def assign_folds(owners: Sequence[str], seed: int, num_folds: int) -> Rows:
    """Assign each example to a fold, by its group or id: groups never straddle folds."""
    return (uniform(id_keys(owners), seed, "fold") * num_folds).astype(np.int64)


def folds_of(asked: Rows) -> Folds:
    """Let each network learn from all folds except the one it predicts."""
    return Folds(asked, {int(fold): asked != fold for fold in np.unique(asked)})


def folds_in_time(
    owners: Sequence[str],
    times: Ordinals,
    has_time: NDArray[np.bool_],
    rule: SplitRule,
    num_folds: int,
) -> Folds:
    """Make periods of about as many examples each; a network learns from what precedes its period.

    It learns from no group that it predicts, unless that would cost it more than half of what
    precedes.

    Args:
        times: time of each example, `(N,)`; examples without one are in no fold.
    """
    if not has_time.any():
        return Folds(np.full(len(times), NO_FOLD), {})
    known = times[has_time]
    shares = np.arange(1, num_folds + 1) / (num_folds + 1)
    edges = np.unique(np.quantile(known, shares, method="higher"))
    edges = edges[edges > known.min()]
    asked = np.where(has_time, np.searchsorted(edges, times, side="right") - 1, NO_FOLD)
    _, owner = np.unique(list(owners), return_inverse=True)
    learnt = {}
    for fold, edge in enumerate(edges.tolist()):
        before = has_time & (times < boundary("", edge, rule, known).embargo_from)
        of_others = before & ~np.isin(owner, owner[asked == fold])
        # If groups span all periods, as tickers do, only time can decide.
        learnt[fold] = of_others if 2 * of_others.sum() >= before.sum() else before
    return Folds(asked, learnt)


def rule_of(index: Mapping[str, Any]) -> SplitRule | None:
    """The rule of a split in time, from the index of data/raw; None if the split is not by time."""
    return SplitRule.model_validate(index["split"]) if "split" in index else None
