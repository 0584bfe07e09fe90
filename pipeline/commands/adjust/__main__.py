"""Adjust: a candidate from unlabelled traffic, for the gate to judge; never applied unseen.

    groundwork adjust --since 2026-11-30T14:05

Writes models/adjustments/<name>.safetensors and runs the experiment adjust-<name>, the model with
it, up to evaluate. See docs/monitor.md and refitting.py.
"""

import argparse
import subprocess
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from pipeline.commands.adjust.arguments import NORMS, SHARES, parser
from pipeline.commands.adjust.refitting import NORMS as NORM_TYPES
from pipeline.commands.adjust.refitting import has_norms, refit, shares_of
from pipeline.commands.collect.kept import kept_contents
from pipeline.commands.frame import run_command
from pipeline.commands.monitor.answers import Answers, read_answers
from pipeline.commands.monitor.estimate import TEMPERATURE
from pipeline.commands.search.exporting import run_experiment
from pipeline.dataset.places import MODELS
from pipeline.export.adjusting import write_adjustment
from pipeline.learning.device import choose_device
from pipeline.learning.inference import predict
from pipeline.learning.model_file import Model, load_model
from pipeline.runtime.errors import MissingInput, SettingsError, one_line
from pipeline.serving.model import open_model

LEAST, MOST = 50, 500
"""Examples to adjust to: beyond 500 nothing is gained."""
KEY = "export.adjustment"


class Adjustment(NamedTuple):
    """What is changed of a network, and for how many answers it matters."""

    buffers: dict[str, Tensor]
    shift: Tensor | None
    num: int
    """Examples that it was made from."""
    differ: float
    """The share of them with another answer than is served."""


def main(arguments: argparse.Namespace) -> None:
    answers = read_answers(arguments.records, arguments.model, arguments.since)
    model = load_model(MODELS, choose_device("cpu", "fp32", False))
    if answers.about.get("weights_sha256") != model.about["weights_sha256"]:
        raise MissingInput(
            f"{MODELS}/ has other weights than the model that is served",
            fix="git checkout the commit of the served model, and dvc checkout models",
        )
    what = arguments.what or (NORMS if has_norms(model.network) else SHARES)
    found = by_norms(arguments, answers, model) if what == NORMS else by_shares(answers)
    name = arguments.name or f"{what}-{answers.times[0].astype('datetime64[m]')!s}"
    name = "".join(c if c.isalnum() or c in "-_" else "" for c in name)
    path = write_adjustment(name, found.buffers, found.shift, model.about["weights_sha256"])
    say(
        f"{name}: {what} from {found.num} unlabelled examples; {found.differ:.0%} of their answers "
        "would be others"
    )
    git_add(path)
    if arguments.no_run:
        say(f"next: dvc exp run -S {KEY}={name}, then groundwork promote")
        return
    experiment = f"adjust-{name}"
    run_experiment(experiment, {KEY: name}, target="evaluate")
    say(
        "next: labels of some of that traffic (groundwork collect, groundwork review --collected), "
        f"then groundwork promote {experiment} --by-traffic"
    )


def by_norms(arguments: argparse.Namespace, answers: Answers, model: Model) -> Adjustment:
    """Batch norms with the statistics of kept contents.

    Raises:
        SettingsError: the network has no batch norm.
        MissingInput: fewer than LEAST contents were kept.
    """
    if not has_norms(model.network):
        raise SettingsError(
            f"{model.about['model']} has no batch norm", fix=f"groundwork adjust --what {SHARES}"
        )
    kept = kept_contents(arguments.records, answers, MOST)
    rows = open_model(arguments.model).prepare(kept.contents)
    num = sum(problem is None for problem in rows.problems)
    refuse_few(num)
    adjusted = refit(model.network, rows.inputs)
    device = choose_device("cpu", "fp32", False)
    before, after = (predict(net, rows.inputs, device) for net in (model.network, adjusted))
    return Adjustment(norm_buffers(adjusted), None, num, differing(before, after))


def by_shares(answers: Answers) -> Adjustment:
    """Outputs shifted by how much more frequent each answer has become.

    Raises:
        SettingsError: answers have no probabilities.
        MissingInput: there are fewer than LEAST answers.
    """
    temperature = answers.about["calibration"].get(TEMPERATURE)
    if temperature is None:
        raise SettingsError(
            f"answers of target {answers.about['target_kind']} have no probabilities, so no shares "
            "that could be adjusted",
            fix="bring newer examples into the dataset, then dvc repro",
        )
    refuse_few(len(answers))
    known = answers.reference.rows.answers.mean(0).clip(1e-6)
    known /= known.sum()
    probabilities = answers.probabilities(answers.outputs / temperature)
    shares = shares_of(probabilities, known).clip(1e-4)
    # Of outputs, whose differences are logarithms of ratios at the temperature.
    shift = (temperature * np.log(shares / known)).astype(np.float32)
    differ = differing(answers.outputs, answers.outputs + shift)
    return Adjustment({}, torch.from_numpy(shift - shift.mean()), len(answers), differ)


def norm_buffers(network: nn.Module) -> dict[str, Tensor]:
    """Means and variances of its batch norms, by name."""
    norms = [name for name, module in network.named_modules() if isinstance(module, NORM_TYPES)]
    return {
        name: buffer
        for name, buffer in network.named_buffers()
        if name.rpartition(".")[0] in norms and not name.endswith("num_batches_tracked")
    }


def differing(before: NDArray, after: NDArray) -> float:
    """The share of examples whose answer is another."""
    return float((before.argmax(1) != after.argmax(1)).mean())


def refuse_few(num: int) -> None:
    if num < LEAST:
        raise MissingInput(
            f"{num} served examples are there, {LEAST} are the least to adjust to",
            fix="an earlier --since; contents come from groundwork serve --keep-contents 7",
        )


def git_add(path: Path) -> None:
    """Have git know the file, as experiments carry known files alone."""
    subprocess.run(["git", "add", "--", str(path)], check=False, capture_output=True)


def say(text: str) -> None:
    print(one_line(f"adjust: {text}"), flush=True)


if __name__ == "__main__":
    run_command(lambda: main(parser().parse_args()))
