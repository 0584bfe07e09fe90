"""Which sampler reaches the best of 50 random trials within 20? Replayed on a surrogate.

Random trainings of a small network on the digits of scikit-learn are real; a forest of trees
fitted to their curves then answers for a training, so that hundreds of whole searches can be
compared. Each search begins with params.yaml and stops trials by the median, as the command does.

    python benchmarks/search_replay.py [--trainings 200] [--repetitions 240]
"""

import argparse
import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import numpy as np
import optuna
import torch
from results import Figure, middle_and_range, save
from search import EPOCHS, RANDOM_TRIALS, SPACE, TRIALS, Task
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.model_selection import cross_val_predict

from pipeline.commands.search.space import read_space, suggest, values_in
from pipeline.commands.search.study import prepare_next
from pipeline.runtime.errors import TrainingError

DIVERGED = 10.0
"""Loss of an epoch that a training does not come to."""
NOISE = 0.05
"""Standard deviation of the logarithm of a loss around the forest's."""
Curve = np.ndarray
"""Validation loss of each epoch, `(EPOCHS,)`."""


class Surrogate:
    """Curves of settings, as a forest of trees has learnt them from real trainings."""

    def __init__(self, trainings: list[tuple[Mapping[str, Any], Curve]]) -> None:
        settings = [values for values, _ in trainings]
        self.choices = {
            key: sorted({str(values[key]) for values in settings})
            for key in settings[0]
            if key not in ("lr", "batch_size")
        }
        x = np.array([self.features(values) for values in settings])
        y = np.log([curve for _, curve in trainings])
        forest = ExtraTreesRegressor(50, max_features=0.7, random_state=0)
        guessed, best = cross_val_predict(forest, x, y, cv=5).min(1), y.min(1)
        self.explained = 1 - float(((guessed - best) ** 2).mean() / best.var())
        """R² of the logarithm of the least loss, in five folds."""
        self.forest = forest.fit(x, y)
        self.known: dict[tuple[float, ...], Curve] = {}

    def features(self, values: Mapping[str, Any]) -> list[float]:
        lr, size = np.log(values["lr"]), np.log(values["batch_size"])
        chosen = (
            float(str(values[key]) == choice) for key, of in self.choices.items() for choice in of
        )
        return [lr, size, lr - size / 2, *chosen]

    def curve(self, values: Mapping[str, Any]) -> Curve:
        """The same for the same settings."""
        key = tuple(self.features(values))
        if key not in self.known:
            random = np.random.default_rng(zlib.crc32(repr(key).encode()))
            noise = random.normal(0, NOISE, EPOCHS)
            self.known[key] = np.exp(self.forest.predict([key])[0] + noise)
        return self.known[key]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trainings", type=int, default=200)
    parser.add_argument("--repetitions", type=int, default=240)
    options = parser.parse_args()
    torch.set_num_threads(1)
    task = Task()
    space = read_space(SPACE, task.params)
    surrogate = Surrogate(real_trainings(task, space, options.trainings))
    print(f"{options.trainings} trainings, R² {surrogate.explained:.2f}", flush=True)
    seeds = range(options.repetitions)
    random = [best_of_random(surrogate, space, seed) for seed in seeds]
    reached = {}
    for name, prepare in SAMPLERS.items():
        best = [best_of_search(surrogate, space, task.params, prepare, seed) for seed in seeds]
        reached[name] = np.array(best) <= np.array(random)
        ratios = np.array(random) / best
        share = 100 * reached[name].mean()
        print(f"{share:3.0f} % {name}; median ratio {np.median(ratios):.2f}", flush=True)
    ours, tpe = (100 * reached[name].mean() for name in SAMPLERS)
    figure = Figure(
        "train",
        f"searches whose best of {TRIALS} trials is as good as the best of {RANDOM_TRIALS} random "
        "ones, replayed",
        f"{ours:.0f} %",
        options.repetitions,
        f"TPE after ten random trials, Optuna's default: {tpe:.0f} %",
        middle_and_range([ours / tpe]),
    )
    command = f"python benchmarks/search_replay.py --repetitions {options.repetitions}"
    save("search_replay", [figure], command)


def real_trainings(task: Task, space: Any, num: int) -> list[tuple[Mapping[str, Any], Curve]]:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=123))
    made = []
    for number in range(num):
        trial = study.ask()
        values = suggest(trial, space)
        made.append((values, curve_of(task, values)))
        study.tell(trial, 0.0)
        if (number + 1) % 50 == 0:
            print(f"{number + 1} trainings", flush=True)
    return made


def curve_of(task: Task, values: Mapping[str, Any]) -> Curve:
    losses: list[float] = []
    with suppress(TrainingError):
        task.train(values, 0, lambda row: losses.append(row["val_loss"]))
    return np.array([min(loss, DIVERGED) for loss in losses] + [DIVERGED] * (EPOCHS - len(losses)))


def best_of_random(surrogate: Surrogate, space: Any, seed: int) -> float:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=seed))
    best = np.inf
    for _ in range(RANDOM_TRIALS):
        trial = study.ask()
        best = min(best, float(surrogate.curve(suggest(trial, space)).min()))
        study.tell(trial, 0.0)
    return best


def best_of_search(
    surrogate: Surrogate,
    space: Any,
    params: Mapping[str, Any],
    prepare: Callable[..., None],
    seed: int,
) -> float:
    pruner = optuna.pruners.MedianPruner(n_warmup_steps=max(1, EPOCHS // 5))
    study, best = optuna.create_study(pruner=pruner), np.inf
    for _ in range(TRIALS):
        prepare(study, space, {**params, "seed": seed})
        trial = study.ask()
        state, value = None, None
        curve = surrogate.curve(suggest(trial, space))
        for epoch, loss in enumerate(curve, 1):
            trial.report(loss, epoch)
            if epoch < EPOCHS and trial.should_prune():
                state = optuna.trial.TrialState.PRUNED
                break
        else:
            value = float(curve.min())
            best = min(best, value)
        study.tell(trial, value, state)
    return best


def prepare_default(study: optuna.Study, space: Any, params: Mapping[str, Any]) -> None:
    """TPE as Optuna has it, after params.yaml and nine random trials."""
    num = len(study.trials)
    study.sampler = optuna.samplers.TPESampler(seed=(params["seed"] * 1_000_003 + num) % 2**32)
    if num == 0 and (own := values_in(params, space)):
        study.enqueue_trial(own)


SAMPLERS = {"the command's": prepare_next, "TPE after ten random trials": prepare_default}

if __name__ == "__main__":
    main()
