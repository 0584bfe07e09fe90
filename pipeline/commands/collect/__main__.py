"""Collect: served examples that people should look at, and what they decided, as data.

    groundwork collect --since 2026-11-30T14:05     chooses some, for: groundwork review --collected
    groundwork collect --take --license CC0-1.0     brings the decided ones into data/collected

Of a ranking users are chosen, and what they took, by /feedback, becomes events without a decision.
Contents are those that `groundwork serve --keep-contents` kept. See docs/monitor.md.
"""

import argparse
from collections import Counter
from typing import Any

import numpy as np

from pipeline.commands.collect.arguments import collected_folder, parser
from pipeline.commands.collect.choosing import Candidates, choose
from pipeline.commands.collect.events import as_examples, of_owners, selected, taken_events
from pipeline.commands.collect.histories import with_histories
from pipeline.commands.collect.kept import KeptContents, kept_contents
from pipeline.commands.collect.showing import (
    EXAMPLES,
    FINDINGS,
    examples_of,
    replace_folder,
    write_examples,
    write_queue,
)
from pipeline.commands.collect.taking import add_examples, take
from pipeline.commands.frame import run_command
from pipeline.commands.monitor.answers import Answers, read_answers
from pipeline.dataset.catalog import Entry
from pipeline.dataset.places import collected_file
from pipeline.dataset.review.decisions import DROP
from pipeline.dataset.review.store import ReviewStore
from pipeline.dataset.served.ids import id_of
from pipeline.entry import read_entry
from pipeline.modalities.opening import open_prepare, open_show
from pipeline.modalities.protocols.prepare import PrepareEvents, content_column, of_events
from pipeline.runtime.errors import MissingInput, SettingsError, one_line
from pipeline.runtime.settings import PARAMS_FILE, Kind, read_yaml
from pipeline.serving.folder import read_about
from pipeline.serving.model import Model, open_model
from pipeline.targets.opening import open_noise


def main(arguments: argparse.Namespace) -> None:
    params = read_yaml(PARAMS_FILE)
    dataset, kind = str(params["dataset"]), Kind(**{k: params[k] for k in Kind.model_fields})
    if arguments.take:
        entry = read_entry(dataset, kind.modality, kind.target)
        refuse_without_licence(arguments)
        if events := of_events(open_prepare(kind.modality)):
            take_events(arguments, dataset, kind, events)
        else:
            take_decided(arguments, dataset, entry, kind)
    else:
        show(arguments, dataset, kind)


def show(arguments: argparse.Namespace, dataset: str, kind: Kind) -> None:
    """Choose, and write what the review page shows."""
    answers = read_answers(arguments.records, arguments.model, arguments.since)
    refuse_other_kind(answers, kind)
    model = open_model(arguments.model)
    kept = kept_contents(arguments.records, answers)
    if events := of_events(open_prepare(kind.modality)):
        kept = of_owners(kept, events)
    kept = without_decided(kept, dataset, answers)
    candidates = candidates_of(answers, kept, arguments, model)
    chosen = choose(candidates, arguments.num, seed=int(params_seed()))
    folder = collected_folder(dataset)
    replace_folder(folder)
    rows = list(chosen)
    shown = examples_of(
        model, [kept.contents[row] for row in rows], [kept.digests[row] for row in rows]
    )
    if events:
        taken, _ = taken_events(arguments.records, events)
        asked = [answers.times[kept.rows[row]] for row in rows]
        owners = [events.owner(kept.contents[row].decode()) for row in rows]
        shown = with_histories(shown, owners, asked, taken, kind, dataset)
    write_examples(folder / EXAMPLES, shown, dataset, kind.modality)
    write_queue(
        folder / FINDINGS,
        candidates,
        chosen,
        kept.digests,
        model,
        dataset,
        has_probabilities=answers.has_probabilities,
    )
    counts = ", ".join(f"{num} {why}" for why, num in Counter(chosen.values()).items())
    say(f"{len(chosen)} of {len(kept.rows)} served examples: {counts}")
    say("next: groundwork review --collected, then groundwork collect --take --license ...")


def candidates_of(
    answers: Answers, kept: KeptContents, arguments: argparse.Namespace, model: Model
) -> Candidates:
    """The kept contents with all that speaks for one."""
    ids = answers.table["id"].to_pylist()
    truths = [answers.truths.get(ids[row]) for row in kept.rows]
    if of_events(open_prepare(model.modality)):
        truths = [None] * len(truths)  # events without a decision
    pairs = zip(kept.rows, truths, strict=True)
    known = model.known(model.prepare(kept.contents).inputs) if model.says_known else None
    others = None
    if arguments.against is not None:
        other = open_model(arguments.against)
        (found,) = other.answer([other.prepare(kept.contents)])
        others = [getattr(each, "label", None) for each in found]
    return Candidates(
        answers.traffic.answers[kept.rows],
        [answers.said(row) for row in kept.rows],
        truths,
        [truth is not None and answers.is_wrong(row, truth) for row, truth in pairs],
        answers.confidence(kept.rows),
        None if known is None else known.tolist(),
        others,
    )


def without_decided(kept: KeptContents, dataset: str, answers: Answers) -> KeptContents:
    """Keep those about which nobody has decided.

    Raises:
        MissingInput: there is none left.
    """
    decided = store_of(dataset, answers.about).decisions()
    left = [place for place, digest in enumerate(kept.digests) if id_of(digest) not in decided]
    if not left:
        raise MissingInput(
            "all that was kept is decided", fix="groundwork collect --take, or an earlier --since"
        )
    return KeptContents(*([values[place] for place in left] for values in vars(kept).values()))


def take_decided(arguments: argparse.Namespace, dataset: str, entry: Entry, kind: Kind) -> None:
    """Bring what was decided into data/collected.

    Raises:
        SettingsError: the dataset is split in time.
        MissingInput: nothing was chosen, or nothing is decided.
    """
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
    say_taken(num, "decided examples", dataset)


def take_events(
    arguments: argparse.Namespace, dataset: str, kind: Kind, prepare: PrepareEvents
) -> None:
    """Bring what users took into data/collected.

    Raises:
        SettingsError: users have pseudonyms, which would get others.
        MissingInput: nobody took anything that can be an event.
    """
    if read_yaml(PARAMS_FILE).get("ingest", {}).get("pseudonymise"):
        raise SettingsError(
            "ingest.pseudonymise: requests have pseudonyms, of which ingest would make others",
            fix="add the events, with the users' own ids, to the source that the catalog entry "
            "names",
        )
    about = read_about(arguments.model)
    decisions = store_of(dataset, about).decisions()
    dropped = {id for id, found in decisions.items() if found.decision == DROP}
    events, missing = taken_events(arguments.records, prepare)
    labels = open_noise(kind.target).choices(about["target"])
    kept, left_out = selected(events, dropped, labels.allows)
    for reason, num in (missing + left_out).items():
        say(f"left out {num} labels that came: {reason}")
    if not kept:
        raise MissingInput(
            f"no label of {arguments.records} is an event",
            fix='groundwork serve --keep-contents 7, and POST /feedback {"id": …, "label": ITEM} '
            "when somebody takes one",
        )
    purposes = " ".join(arguments.purpose) or None
    table = as_examples(kept, content_column(prepare), arguments.license, purposes)
    users = "1 user" if (num := len({*table["group"].to_pylist()})) == 1 else f"{num} users"
    say_taken(add_examples(dataset, table), f"events (now of {users})", dataset)


def say_taken(num: int, what: str, dataset: str) -> None:
    path = collected_file(dataset)
    say(f"{num} {what} are in {path}")
    say(f"next: dvc add {path} && git add data && dvc repro")


def refuse_without_licence(arguments: argparse.Namespace) -> None:
    if not arguments.license:
        raise SettingsError(
            "--take needs --license: data without a licence is not ingested",
            fix="--license with the terms that users agreed to, such as CC-BY-4.0",
        )


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


def params_seed() -> int:
    return int(np.uint32(read_yaml(PARAMS_FILE)["seed"]))


def say(text: str) -> None:
    print(one_line(f"collect: {text}"), flush=True)


if __name__ == "__main__":
    run_command(lambda: main(parser().parse_args()))
