"""The best trials once more, with other seeds: the best of many is partly the luckiest.

Of 50 trainings of digits the best promised a loss 18 % below what it had with other seeds. So is
the best of five by three more; `expected_loss` is what it promises.
"""

import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from pipeline.commands.search.study import AGAIN

NUM_SEEDS = 3
BASE = "params.yaml"


class Finalist(NamedTuple):
    """A setting that was trained again."""

    name: str
    """The name of its experiment; BASE for params.yaml itself."""
    values: Mapping[str, Any]
    """Values by key; none for params.yaml."""
    claimed: float | None
    """Its loss in the search."""
    losses: list[float]
    """The loss with each of the other seeds."""

    @property
    def mean(self) -> float:
        return statistics.mean(self.losses)

    @property
    def spread(self) -> float:
        """The standard deviation between seeds."""
        return statistics.stdev(self.losses)


def best_trials(study: Study, num: int) -> list[FrozenTrial]:
    """The trials of the least loss, of those with the same values the first."""
    trials = study.get_trials(states=(TrialState.COMPLETE,))
    chosen: list[FrozenTrial] = []
    for trial in sorted(trials, key=lambda each: (each.value, each.number)):
        if len(chosen) < num and all(trial.params != other.params for other in chosen):
            chosen.append(trial)
    return chosen


def run_again(
    study: Study,
    named: Mapping[str, FrozenTrial],
    base: tuple[FrozenTrial | None, int],
    train: Callable[[Mapping[str, Any], int], float],
    say: Callable[[Finalist], object],
) -> list[Finalist]:
    """Train each with NUM_SEEDS other seeds, and params.yaml too; what the study has is not made
    again. The best first.

    Args:
        named: trials by the names of their experiments.
        base: the trial that has the values of params.yaml, where one has; and its seed.
        train: the loss of a training with other values and this seed.
    """
    base_trial, seed = base
    todo: dict[str, FrozenTrial | None] = {**named}
    if base_trial is None or all(base_trial.params != trial.params for trial in named.values()):
        todo[BASE] = base_trial
    finalists = []
    for name, trial in todo.items():
        values = trial.params if trial is not None else {}
        losses = []
        for other in range(seed + 1, seed + 1 + NUM_SEEDS):
            key = f"{AGAIN} {name if trial is None else trial.number} {other}"
            known = study.user_attrs.get(key)
            if known is None:
                known = train(values, other)
                study.set_user_attr(key, known)
            losses.append(float(known))
        claimed = None if trial is None else trial.value
        finalists.append(Finalist(name, values, claimed, losses))
        say(finalists[-1])
    return sorted(finalists, key=lambda each: each.mean)


def expected_loss(finalists: Sequence[Finalist]) -> float:
    """The loss to expect of the best with a new seed.

    For each seed that of the finalist that is best by the others, as in nested cross-validation
    (Varma & Simon 2006, https://doi.org/10.1186/1471-2105-7-91): the seeds by which one is chosen
    flatter it.
    """
    losses = []
    for place in range(NUM_SEEDS):
        others = [[*each.losses[:place], *each.losses[place + 1 :]] for each in finalists]
        best = min(range(len(others)), key=lambda number: sum(others[number]))
        losses.append(finalists[best].losses[place])
    return statistics.mean(losses)
