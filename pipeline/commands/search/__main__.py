"""Search: better hyperparameters, by Optuna over recipes/search.yaml.

    groundwork search --trials 50

Trials are judged on validation, and bad ones are stopped early; the test split is never opened.
Each is an experiment. The best are trained again with other seeds, and run up to export, so that
`groundwork promote` can judge what they became. See docs/search.md.
"""

import argparse
import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from optuna.exceptions import TrialPruned
from optuna.trial import FrozenTrial, Trial, TrialState
from ruamel.yaml import YAML
from ruamel.yaml.compat import StringIO

from pipeline.commands.frame import as_given, run_command
from pipeline.commands.search.arguments import parser
from pipeline.commands.search.experiments import Experiments
from pipeline.commands.search.exporting import run_experiment
from pipeline.commands.search.finalists import (
    BASE,
    Finalist,
    best_trials,
    expected_loss,
    run_again,
)
from pipeline.commands.search.picture import draw, importances
from pipeline.commands.search.space import (
    Space,
    read_space,
    suggest,
    train_settings,
    values_in,
    with_values,
)
from pipeline.commands.search.study import (
    TRAINING,
    WORKER,
    finished,
    open_study,
    prepare_next,
    release_dead,
    running,
    study_name,
    this_worker,
)
from pipeline.commands.search.training import OBJECTIVE, Row, Trainer, check_model
from pipeline.commands.use.params_text import with_values as with_text_values
from pipeline.runtime.errors import TrainingError, one_line
from pipeline.runtime.settings import PARAMS_FILE, read_yaml
from pipeline.runtime.stage import WORK_DIR

FOLDER = WORK_DIR / "search"
MODEL = "model"
"""Behind the name of an experiment that was run up to export."""


def main(arguments: argparse.Namespace) -> None:
    params = read_yaml(PARAMS_FILE)
    space = read_space(arguments.space, params)
    settings = train_settings(params)
    for model in getattr(space.get("model"), "choices", [params["model"]]):
        check_model(model, settings)
    search = Search(arguments, params, space, Trainer.open(settings))
    search.begin()
    search.run(arguments.trials)
    search.finish()


class Search:
    """A search in progress."""

    def __init__(
        self,
        arguments: argparse.Namespace,
        params: Mapping[str, Any],
        space: Space,
        trainer: Trainer,
    ) -> None:
        self.arguments, self.params, self.space, self.trainer = arguments, params, space, trainer
        self.text = PARAMS_FILE.read_text(encoding="utf-8")
        self.experiments = Experiments()
        self.name = study_name(params, space)
        self.study = open_study(arguments.storage, self.name, params["epochs"])
        self.worker = this_worker()

    def begin(self) -> None:
        """Say what is searched, and bring what an earlier run left into order."""
        release_dead(self.study)
        self.write_experiments()
        num = len(finished(self.study))
        taken_over = f"; {num} trials are there already" if num else ""
        say(
            f"{self.name}: {len(self.space)} keys of {as_given(self.arguments.space)}, "
            f"{OBJECTIVE}, TPE with median pruning{taken_over}"
        )

    def run(self, most: int) -> None:
        """Make trials until the study has `most` that are finished."""
        while len(finished(self.study)) + len(running(self.study)) < most:
            prepare_next(self.study, self.space, self.params)
            self.study.optimize(self.try_values, n_trials=1)
            self.write_experiments()
            self.say_last(most)

    def try_values(self, trial: Trial) -> float:
        """A training with other values; stopped where half of the others were better by then."""
        trial.set_user_attr(WORKER, self.worker)
        params = train_settings(with_values(self.params, suggest(trial, self.space)))
        rows: list[Row] = []

        def look(row: Row) -> None:
            rows.append(row)
            trial.report(row[OBJECTIVE], int(row["epoch"]))
            if len(rows) < params.epochs and trial.should_prune():
                trial.set_user_attr(TRAINING, self.trainer.report(rows))
                raise TrialPruned

        try:
            history = self.trainer.train(params, look)
        except TrainingError as error:  # no finite number any more: as bad as can be
            trial.set_user_attr("error", error.what)
            raise TrialPruned from None
        report = self.trainer.report(history)
        trial.set_user_attr(TRAINING, report)
        return float(report[OBJECTIVE])

    def experiment(self, trial: FrozenTrial) -> str:
        """The name of its experiment."""
        return f"search-{self.name.rpartition('-')[2][:4]}-{trial.number:03d}"

    def write_experiments(self) -> None:
        """Write those that are missing, also of other machines and of a run that was killed."""
        there = self.experiments.names()
        for trial in finished(self.study):
            name = self.experiment(trial)
            if name not in there and TRAINING in trial.user_attrs:
                text = self.params_text(trial.params)
                self.experiments.write(name, text, trial.user_attrs[TRAINING])

    def params_text(self, values: Mapping[str, Any]) -> str:
        """params.yaml with other values, and its comments."""
        stream = StringIO()
        YAML().dump(with_values(self.params, values), stream)
        return with_text_values(self.text, stream.getvalue(), {}, set())

    def say_last(self, most: int) -> None:
        trials = finished(self.study)
        trial = max(trials, key=lambda each: each.number)
        if "error" in trial.user_attrs:
            figure = "diverged"
        else:
            report = trial.user_attrs[TRAINING]
            is_whole = trial.state == TrialState.COMPLETE
            figure = f"{report[OBJECTIVE]:.4f}"
            figure += "" if is_whole else f" stopped after epoch {report['epochs_run']}"
        values = " ".join(f"{key}={shown(value)}" for key, value in trial.params.items())
        best = best_trials(self.study, 1)
        so_far = f"; best {best[0].value:.4f}" if best else ""
        print(one_line(f" {len(trials)}/{most}  {figure}  {values}{so_far}"), flush=True)

    def finish(self) -> None:
        """Train the best again, run them up to export, and draw what mattered."""
        named = {self.experiment(t): t for t in best_trials(self.study, self.arguments.finalists)}
        mattered = importances(self.study)
        folder = FOLDER / self.name
        draw(self.study, self.space, mattered, folder / "search.png")
        self.write_table(folder / "trials.csv")
        shares = ", ".join(f"{key} {share:.0%}" for key, share in mattered.items())
        say(f"what mattered: {shares or 'too few trials to tell'}; {folder}/search.png")
        if not named:
            say("no trial ran to its end: nothing to train again")
            return
        say(f"the best {len(named)} again, with three other seeds each")
        values = values_in(self.params, self.space)
        base = next((t for t in finished(self.study) if values and t.params == values), None)
        ranked = run_again(
            self.study, named, (base, self.params["seed"]), self.train_again, self.say_finalist
        )
        self.say_result(ranked)

    def train_again(self, values: Mapping[str, Any], seed: int) -> float:
        params = train_settings({**with_values(self.params, values), "seed": seed})
        history = self.trainer.train(params, lambda row: None)
        return float(self.trainer.report(history)[OBJECTIVE])

    def say_finalist(self, finalist: Finalist) -> None:
        claimed = "" if finalist.claimed is None else f", {finalist.claimed:.4f} in the search"
        print(f" {finalist.name}: {figure_of(finalist)}{claimed}", flush=True)

    def say_result(self, ranked: list[Finalist]) -> None:
        own = values_in(self.params, self.space)
        base = next((each for each in ranked if each.name == BASE or each.values == own), None)
        best = ranked[0]
        if base is best:
            say(f"params.yaml stays the best: {figure_of(best)}; nothing to apply")
            return
        of_base = f"; params.yaml has {figure_of(base)}" if base else ""
        say(
            f"{best.name}: {figure_of(best)}; with a new seed expect {expected_loss(ranked):.4f} "
            f"(one run alone said {best.claimed:.4f}{of_base})"
        )
        if self.arguments.no_export:
            say(f"next: dvc exp apply {best.name} && dvc repro export")
            return
        there = self.experiments.names()
        for finalist in ranked:
            name = f"{finalist.name}-{MODEL}"
            if finalist.name != BASE and name not in there:
                say(f"{finalist.name} up to export, as experiment {name}")
                run_experiment(name, finalist.values)
        say(f"next: dvc exp apply {best.name}-{MODEL}, then groundwork promote")

    def write_table(self, path: Path) -> None:
        """The trials as CSV."""
        with path.open("w", encoding="utf-8", newline="") as file:
            rows = csv.writer(file, lineterminator="\n")
            rows.writerow(["trial", "state", OBJECTIVE, "epochs", *self.space])
            for trial in finished(self.study):
                report = trial.user_attrs.get(TRAINING, {})
                figures = [report.get(OBJECTIVE, ""), report.get("epochs_run", "")]
                values = [trial.params.get(key, "") for key in self.space]
                rows.writerow([self.experiment(trial), trial.state.name.lower(), *figures, *values])


def figure_of(finalist: Finalist) -> str:
    return f"{finalist.mean:.4f} ± {finalist.spread:.4f}"


def shown(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def say(text: str) -> None:
    print(one_line(f"search: {text}"), flush=True)


if __name__ == "__main__":
    run_command(lambda: main(parser().parse_args()))
