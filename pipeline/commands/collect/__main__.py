"""Collect: served examples that people should look at, and what they decided, as data.

    groundwork collect --since 2026-11-30T14:05     chooses some, for: groundwork review --collected
    groundwork collect --take --license CC0-1.0     brings the decided ones into data/collected

Contents are those that `groundwork serve --keep-contents` kept. See docs/monitor.md.
"""

import argparse
from collections import Counter
from typing import Any

import numpy as np

from pipeline.commands.collect.arguments import collected_folder, parser
from pipeline.commands.collect.choosing import Candidates, choose
from pipeline.commands.collect.kept import Kept, kept_contents
from pipeline.commands.collect.showing import (
    EXAMPLES,
    FINDINGS,
    replace_folder,
    write_examples,
    write_queue,
)
from pipeline.commands.collect.taking import take
from pipeline.commands.frame import run_command
from pipeline.commands.monitor.answers import Answers, read_answers
from pipeline.dataset.catalog import Entry, entry_path
from pipeline.dataset.places import collected_file
from pipeline.dataset.review.store import ReviewStore
from pipeline.dataset.served.ids import id_of
from pipeline.entry import read_entry
from pipeline.modalities.opening import open_show
from pipeline.runtime.errors import MissingInput, SettingsError, one_line
from pipeline.runtime.settings import PARAMS_FILE, Kind, read_yaml
from pipeline.serving.model import open_model
from pipeline.targets.opening import open_noise


def main(arguments: argparse.Namespace) -> None:
    params = read_yaml(PARAMS_FILE)
    dataset, kind = str(params["dataset"]), Kind(**{k: params[k] for k in Kind.model_fields})
    refuse_unjudged(kind, dataset)
    if arguments.take:
        take_decided(arguments, dataset, read_entry(dataset, kind.modality, kind.target), kind)
    else:
        show(arguments, dataset, kind)


def show(arguments: argparse.Namespace, dataset: str, kind: Kind) -> None:
    """Choose, and write what the review page shows."""
    answers = read_answers(arguments.records, arguments.model, arguments.since)
    refuse_other_kind(answers, kind)
    model = open_model(arguments.model)
    kept = without_decided(kept_contents(arguments.records, answers), dataset, answers)
    candidates = candidates_of(answers, kept, arguments)
    chosen = choose(candidates, arguments.num, seed=int(params_seed()))
    folder = collected_folder(dataset)
    replace_folder(folder)
    rows = list(chosen)
    write_examples(
        folder / EXAMPLES,
        model,
        [kept.contents[row] for row in rows],
        [kept.digests[row] for row in rows],
        dataset,
    )
    write_queue(folder / FINDINGS, candidates, chosen, kept.digests, model, dataset)
    counts = ", ".join(f"{num} {why}" for why, num in Counter(chosen.values()).items())
    say(f"{len(chosen)} of {len(kept.rows)} served examples: {counts}")
    say("next: groundwork review --collected, then groundwork collect --take --license ...")


def candidates_of(answers: Answers, kept: Kept, arguments: argparse.Namespace) -> Candidates:
    """The kept contents with all that speaks for one."""
    ids = answers.table["id"].to_pylist()
    others = None
    if arguments.against is not None:
        other = open_model(arguments.against)
        (found,) = other.answer([other.prepare(kept.contents)])
        others = [getattr(each, "label", None) for each in found]
    return Candidates(
        answers.traffic.answers[kept.rows],
        [answers.said(row) for row in kept.rows],
        [answers.truths.get(ids[row]) for row in kept.rows],
        others,
    )


def without_decided(kept: Kept, dataset: str, answers: Answers) -> Kept:
    """Those about which nobody has decided.

    Raises:
        MissingInput: there is none left.
    """
    decided = store_of(dataset, answers.about).decisions()
    left = [place for place, digest in enumerate(kept.digests) if id_of(digest) not in decided]
    if not left:
        raise MissingInput(
            "all that was kept is decided", fix="groundwork collect --take, or an earlier --since"
        )
    return Kept(*([values[place] for place in left] for values in vars(kept).values()))


def take_decided(arguments: argparse.Namespace, dataset: str, entry: Entry, kind: Kind) -> None:
    """Bring what was decided into data/collected.

    Raises:
        SettingsError: no licence is given, or the dataset is split in time.
        MissingInput: nothing was chosen, or nothing is decided.
    """
    if not arguments.license:
        raise SettingsError(
            "--take needs --license: data without a licence is not ingested",
            fix="--license with the terms that users agreed to, such as CC-BY-4.0",
        )
    if entry.split.by in ("time", "last"):
        raise SettingsError(
            f"{dataset} is split by: {entry.split.by}, and served examples have no column for it",
            fix="add them to the source that its catalog entry names",
        )
    folder = collected_folder(dataset)
    if not folder.is_dir():
        raise MissingInput(f"{folder} does not exist", fix="groundwork collect")
    answers = read_answers(arguments.records, arguments.model, None)
    (content,) = open_show(kind.modality).CONTENT
    num = take(
        folder / EXAMPLES,
        content,
        store_of(dataset, answers.about).decisions(),
        dataset=dataset,
        source=f"served by {answers.version}",
        license=arguments.license,
        purposes=arguments.purpose,
    )
    path = collected_file(dataset)
    say(f"{num} decided examples are in {path}")
    say(f"next: dvc add {path} && git add data && dvc repro")


def store_of(dataset: str, about: dict[str, Any]) -> ReviewStore:
    """People's decisions about a dataset."""
    labels = open_noise(str(about["target_kind"])).choices(about["target"])
    store = ReviewStore(dataset, labels)
    store.settle()
    return store


def refuse_other_kind(answers: Answers, kind: Kind) -> None:
    """Raises SettingsError where the model answers other examples than params.yaml names."""
    found = (answers.about["modality"], answers.about["target_kind"])
    if found != (kind.modality, kind.target):
        raise SettingsError(
            f"the model is of {found[0]} and {found[1]}, {PARAMS_FILE} has {kind.modality} and "
            f"{kind.target}",
            fix="groundwork use the dataset that the model was trained on",
        )


def refuse_unjudged(kind: Kind, dataset: str) -> None:
    """
    Raises:
        SettingsError: nobody can say which label would be right, as of a ranking.
    """
    if open_noise(kind.target).LOSS is None:
        raise SettingsError(
            f"answers of target {kind.target} cannot be decided on a page: only time shows what "
            "somebody takes next",
            fix=f"add new events to the source of {entry_path(dataset)}, then dvc repro; "
            "groundwork monitor says how often items that came by /feedback were listed",
        )


def params_seed() -> int:
    return int(np.uint32(read_yaml(PARAMS_FILE)["seed"]))


def say(text: str) -> None:
    print(one_line(f"collect: {text}"), flush=True)


if __name__ == "__main__":
    run_command(lambda: main(parser().parse_args()))
