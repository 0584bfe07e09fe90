"""The search of `groundwork search` against random search, on the digits of scikit-learn.

Each repetition makes a search by TPE with median pruning of 20 trials, and the first --beside of
them 50 random trials too; the objective is the validation loss of a small network that is really
trained, over the space of recipes/search.yaml. Shown is whether 20 reach the best of 50, what the
promise after three more seeds is worth by ten new ones, and what a trial costs beside its training.

    python benchmarks/search.py [--repetitions 20] [--beside 8]
"""

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import optuna
import torch
from optuna.exceptions import TrialPruned
from results import Figure, middle_and_range, save
from sklearn.datasets import load_digits

from pipeline.commands.search.experiments import Experiments
from pipeline.commands.search.finalists import best_trials, expected_loss, run_again
from pipeline.commands.search.space import read_space, suggest, train_settings, with_values
from pipeline.commands.search.study import open_study, prepare_next
from pipeline.commands.search.training import OBJECTIVE
from pipeline.learning.batches import make_examples
from pipeline.learning.device import choose_device
from pipeline.learning.fitting.loop import fit
from pipeline.modalities.images.network.interface import build
from pipeline.runtime.errors import TrainingError
from pipeline.runtime.settings import read_yaml
from pipeline.targets.opening import open_loss
from pipeline.train.params import recipe_of

RANDOM_TRIALS, TRIALS, EPOCHS, FINALISTS = 50, 20, 6, 5
SPACE = Path("recipes/search.yaml")
NEW_SEEDS = 10


class Task:
    """Trainings of digits, as the command has them."""

    def __init__(self) -> None:
        images, labels = load_digits(return_X_y=True)
        x = (images.reshape(-1, 8, 8, 1) * 15.9).astype(np.uint8)
        order = np.random.default_rng(0).permutation(len(x))
        ones = np.ones(len(x), np.float32)
        train, val = order[:1200], order[1200:]
        self.train_examples = make_examples({"x": x[train]}, labels[train], ones[train])
        self.val = make_examples({"x": x[val]}, labels[val], ones[val])
        self.device = choose_device("cpu", "fp32", False)
        self.loss = open_loss("classes")
        self.preparation = {"shape": [8, 8, 1], "mean": [78.0], "std": [96.0]}
        self.params = {**read_yaml(Path("params.yaml")), "epochs": EPOCHS, "model": "article_cnn"}
        self.seconds = 0.0

    def train(self, values, seed, on_epoch=lambda row: None):
        params = train_settings({**with_values(self.params, values), "seed": seed})
        started = time.process_time()
        try:
            torch.manual_seed(seed)
            network = build(params.model, self.preparation, 10, params.train)
            fitted = fit(
                network,
                recipe_of(params, seed),
                lambda epoch: self.train_examples,
                self.val,
                self.loss,
                self.device,
                settings=params.train,
                on_epoch=on_epoch,
            )
        finally:
            self.seconds += time.process_time() - started
        best = max(fitted.history, key=self.loss.score)
        return best[OBJECTIVE]

    def objective(self, trial, space, seed):
        rows = []

        def look(row):
            rows.append(row)
            trial.report(row[OBJECTIVE], int(row["epoch"]))
            if len(rows) < EPOCHS and trial.should_prune():
                raise TrialPruned

        try:
            return self.train(suggest(trial, space), seed, look)
        except TrainingError:
            raise TrialPruned from None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repetitions", type=int, default=20)
    parser.add_argument("--beside", type=int, default=8, help="of them, with random trials beside")
    options = parser.parse_args()
    task = Task()
    space = read_space(SPACE, task.params)
    overheads, promised, true, best, beside = [], [], [], [], []
    for repetition in range(options.repetitions):
        with tempfile.TemporaryDirectory() as folder:
            study = open_study(f"sqlite:///{folder}/s.db", "s", EPOCHS)
            overheads.append(search(task, study, space, repetition))
            for values, value in zip(
                (promised, true), promise(task, study, repetition), strict=True
            ):
                values.append(value)
            best.append(study.best_value)
        said = f"ours {best[-1]:.4f} of {TRIALS}"
        if repetition < options.beside:
            random = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=repetition))
            random.optimize(lambda t: unpruned(task, t, space), n_trials=RANDOM_TRIALS)
            beside.append(random.best_value)
            said += f", random {beside[-1]:.4f} of {RANDOM_TRIALS}"
        print(
            f"{repetition}: {said}; promised {promised[-1]:.4f}, is {true[-1]:.4f}; "
            f"{1000 * overheads[-1]:.0f} ms a trial beside training",
            flush=True,
        )
    num = options.repetitions
    ratios = [theirs / ours for theirs, ours in zip(beside, best, strict=False)]
    reached = sum(ratio >= 1 for ratio in ratios)
    off = [100 * (is_so / said - 1) for is_so, said in zip(true, promised, strict=True)]
    together = 100 * (sum(true) / sum(promised) - 1)
    most = 1000 * max(overheads)
    save(
        "search",
        [
            Figure(
                "train",
                f"best of {TRIALS} trials of the search, digits",
                f"as good as the peer's in {reached} of {len(beside)} repetitions; median "
                f"{statistics.median(best[: len(beside)]):.4f}",
                len(beside),
                f"best of {RANDOM_TRIALS} random trials; median {statistics.median(beside):.4f}",
                middle_and_range(ratios),
            ),
            Figure(
                "train",
                "the promised loss of a search beside ten new seeds",
                f"{together:+.1f} % of all together; of one {statistics.median(off):+.0f} % in the "
                f"middle ({min(off):+.0f} to {max(off):+.0f})",
                num,
            ),
            Figure(
                "train",
                "a trial as an experiment, beside its training",
                f"{1000 * statistics.median(overheads):.0f} CPU ms (most {most:.0f})",
                num,
                "the bar, 150 ms",
                [150 / max(most, 1e-9)] * 3,
            ),
        ],
        f"python benchmarks/search.py --repetitions {num} --beside {len(beside)}",
    )


def unpruned(task, trial, space):
    try:
        return task.train(suggest(trial, space), 0)
    except TrainingError:
        return 10.0


def search(task, study, space, seed):
    """CPU seconds a trial beside training, with its experiment written into a repository."""
    params = {**task.params, "seed": seed}
    with tempfile.TemporaryDirectory() as folder:
        experiments = experiments_in(Path(folder))
        task.seconds, started = 0.0, time.process_time()
        for number in range(TRIALS):
            prepare_next(study, space, params)
            study.optimize(lambda trial: task.objective(trial, space, 0), n_trials=1)
            experiments.write(f"search-{number:03d}", "lr: 1\n", {OBJECTIVE: 1.0})
        return (time.process_time() - started - task.seconds) / TRIALS


def promise(task, study, repetition):
    """The loss to expect of the winner among the finalists, and its mean over new seeds.

    Each repetition has seeds of its own: three that are easy would flatter all promises alike.
    """
    first = 100 * (repetition + 1)
    named = {str(trial.number): trial for trial in best_trials(study, FINALISTS)}
    ranked = run_again(study, named, (None, first), task.train, lambda finalist: None)
    losses = [
        task.train(ranked[0].values, other) for other in range(first + 10, first + 10 + NEW_SEEDS)
    ]
    return expected_loss(ranked), statistics.mean(losses)


def experiments_in(folder):
    import contextlib
    import subprocess

    (folder / "params.yaml").write_text("lr: 0\n")
    for command in ("init -q", "add -A", "-c user.name=b -c user.email=b@b commit -qm start"):
        subprocess.run(["git", *command.split()], cwd=folder, check=True)
    with contextlib.chdir(folder):
        return Experiments()


if __name__ == "__main__":
    main()
