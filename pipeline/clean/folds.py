"""Folds of the label check: which examples each network is asked about, and which it learns from.

Without time, groups are drawn into folds by a hash, and a network learns from all other folds.
Where the split is in time, a network is asked about a period and learns from what lies before it
alone, as a model of that time could have; the horizon and the embargo of the entry hold there too.
The first period is asked of nobody: there is nothing before it.
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
    """In which fold each is asked about, `(N,)`; NO_FOLD for those that no network is asked."""
    learnt: Mapping[int, NDArray[np.bool_]]
    """By fold, the examples that its network learns from, `(N,)`."""

    @property
    def num_learnt(self) -> int:
        """Examples that are learnt from, over all networks."""
        return sum(int(mask.sum()) for mask in self.learnt.values())


def assign_folds(owners: Sequence[str], seed: int, num_folds: int) -> Rows:
    """The fold of each example, by its group or id: groups never straddle folds."""
    return (uniform(id_keys(owners), seed, "fold") * num_folds).astype(np.int64)


def folds_of(asked: Rows) -> Folds:
    """Each network learns from all folds but the one that it is asked about."""
    return Folds(asked, {int(fold): asked != fold for fold in np.unique(asked)})


def folds_in_time(
    owners: Sequence[str],
    times: Ordinals,
    has_time: NDArray[np.bool_],
    rule: SplitRule,
    num_folds: int,
) -> Folds:
    """Periods of about as many examples each; a network learns from what lies before its period.

    It learns from none of a group that it is asked about, unless that would cost it more than half
    of what lies before.

    Args:
        times: of each example, `(N,)`; those without one are in no fold.
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
        # Where groups go on through all periods, as tickers do, time alone can decide.
        learnt[fold] = of_others if 2 * of_others.sum() >= before.sum() else before
    return Folds(asked, learnt)


def rule_of(index: Mapping[str, Any]) -> SplitRule | None:
    """The rule of a split in time, from the index of data/raw; None where time decided nothing."""
    return SplitRule.model_validate(index["split"]) if "split" in index else None
