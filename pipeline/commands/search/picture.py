"""A picture of a search: how it went, what mattered, and where the good values lie.

What mattered is how much of the variation of the loss each key explains (fANOVA, Hutter, Hoos &
Leyton-Brown 2014), over trials that were trained to their end.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import optuna
from matplotlib.axes import Axes
from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from pipeline.commands.search.space import Space
from pipeline.commands.search.study import TRAINING
from pipeline.commands.search.training import OBJECTIVE
from pipeline.reporting.figures import BLUE, GREY, ORANGE, save

COLUMNS = 3
LEAST_TRIALS = 4
"""Trials that came to their end; of fewer, importance is not asked."""
JITTER = 0.15
HEADROOM = 1.5
"""Losses are shown up to this many times the median: diverged ones would hide all others."""


def importances(study: Study) -> dict[str, float]:
    """The share of the variation that each key explains, the greatest first; empty where too few
    trials ran to their end, or all with the same loss."""
    if len(study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))) < LEAST_TRIALS:
        return {}
    evaluator = optuna.importance.FanovaImportanceEvaluator(seed=0)
    try:
        return dict(optuna.importance.get_param_importances(study, evaluator=evaluator))
    except (RuntimeError, ValueError):  # nothing varies
        return {}


def draw(study: Study, space: Space, mattered: Mapping[str, float], path: Path) -> None:
    """Write the picture as PNG."""
    trials = [t for t in study.get_trials() if TRAINING in t.user_attrs]
    num = 2 + len(space)
    rows = -(-num // COLUMNS)
    figure, grid = plt.subplots(rows, COLUMNS, figsize=(9, 2.5 * rows), squeeze=False)
    axes: list[Axes] = list(grid.flat)
    for axis in axes[num:]:
        axis.axis("off")
    _draw_course(axes[0], trials)
    _draw_importances(axes[1], mattered)
    keys = [*mattered, *(key for key in space if key not in mattered)]
    for axis, key in zip(axes[2:], keys, strict=False):
        _draw_key(axis, key, space[key], trials)
    figure.tight_layout()
    path.parent.mkdir(parents=True, exist_ok=True)
    save(figure, path)


def _draw_course(axis: Axes, trials: Sequence[FrozenTrial]) -> None:
    numbers, losses, is_whole = _figures(trials)
    axis.scatter(numbers[is_whole], losses[is_whole], s=10, color=BLUE)
    axis.scatter(numbers[~is_whole], losses[~is_whole], s=12, color=GREY, marker="x")
    if is_whole.any():
        best = np.minimum.accumulate(losses[is_whole])
        axis.step(numbers[is_whole], best, where="post", color=ORANGE)
    axis.set(xlabel="trial (x: stopped early)", ylabel=OBJECTIVE, title="course, and the best")
    _limit(axis, losses)


def _draw_importances(axis: Axes, mattered: Mapping[str, float]) -> None:
    places = np.arange(len(mattered))[::-1]
    axis.barh(places, list(mattered.values()), color=BLUE)
    axis.set_yticks(places, list(mattered))
    axis.set(title="what mattered", xlabel="share of the variation", xlim=(0, 1))


def _draw_key(axis: Axes, key: str, over: BaseDistribution, trials: Sequence[FrozenTrial]) -> None:
    there = [trial for trial in trials if key in trial.params]
    _, losses, is_whole = _figures(there)
    values = [trial.params[key] for trial in there]
    if isinstance(over, CategoricalDistribution):
        places = np.array([over.choices.index(value) for value in values], float)
        places += np.random.default_rng(0).uniform(-JITTER, JITTER, len(places))
        axis.set_xticks(range(len(over.choices)), [str(choice) for choice in over.choices])
    else:
        places = np.array(values, float)
        axis.set_xscale("log" if getattr(over, "log", False) else "linear")
    axis.scatter(places[~is_whole], losses[~is_whole], s=12, color=GREY, marker="x")
    axis.scatter(places[is_whole], losses[is_whole], s=10, color=BLUE)
    axis.set(title=key, ylabel=OBJECTIVE)
    _limit(axis, losses)


def _figures(
    trials: Sequence[FrozenTrial],
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Numbers, losses, and whether each ran to its end."""
    numbers = np.array([trial.number for trial in trials], int)
    losses = np.array([trial.user_attrs[TRAINING][OBJECTIVE] for trial in trials], float)
    is_whole = np.array([trial.state == TrialState.COMPLETE for trial in trials], bool)
    return numbers, losses, is_whole


def _limit(axis: Axes, losses: np.ndarray) -> None:
    if len(losses):
        low, top = losses.min(), HEADROOM * float(np.median(losses))
        room = 0.05 * max(top - low, 1e-6)
        axis.set_ylim(low - room, top + room)
