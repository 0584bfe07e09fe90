"""Clean: find duplicates, leaks, outliers and wrong labels; people's decisions win over machines.

reads   data/raw/, data/quarantine.csv, data/reviews/<dataset>.csv
writes  data/clean/ (examples alone), data/findings/ (what was found and removed: findings.py),
        reports/labels.json
params  dataset, seed, clean

The test split stays as it is: what is suspected there is listed, and nothing is done about it.
"""

import csv
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.clean import tables
from pipeline.clean.doubts import as_queue, find_doubts
from pipeline.clean.duplicates import (
    SPLIT_PRIORITY,
    Duplicates,
    distinct_rows,
    find_duplicates,
    merge_owners,
)
from pipeline.clean.folds import Folds, assign_folds, folds_in_time, folds_of, rule_of
from pipeline.clean.label_check import (
    Checkable,
    OutOfFoldAnswers,
    ask_models,
    check_labels,
    measure_distances,
    neighbours_of,
)
from pipeline.clean.ledger import Ledger, Removal
from pipeline.clean.params import CleanParams, clean_params
from pipeline.clean.unjudged import could_not_judge
from pipeline.clean.writing import write_cleaned
from pipeline.dataset.annotations import read_annotations
from pipeline.dataset.arrays import Rows
from pipeline.dataset.findings import UNUSABLE, write_findings
from pipeline.dataset.places import QUARANTINE, RAW
from pipeline.dataset.review.decisions import read_decisions
from pipeline.dataset.review.queue import BY_MODELS, BY_PEOPLE
from pipeline.dataset.review.settling import settle_all
from pipeline.dataset.splits.rule import SplitRule
from pipeline.dataset.splits.times import ordinals_of
from pipeline.dataset.table import read_folder, read_index
from pipeline.modalities.opening import open_compare
from pipeline.modalities.pairs import Pairs
from pipeline.modalities.protocols.compare import Compare
from pipeline.runtime.errors import BrokenDataset, ReviewError, TrainingError, one_line
from pipeline.runtime.stage import WORK_DIR, Stage, run_stage
from pipeline.targets.opening import open_labels, open_noise

SAID = ("examples", "duplicates", "leaks", "label_issues")
"""Figures that the terminal shows."""


def main(stage: Stage[CleanParams]) -> None:
    params = stage.params
    compare, noise = open_compare(params.modality), open_noise(params.target)
    index = read_index(RAW)
    target = index["target"]
    rule, labels = rule_of(index), open_labels(params.target)
    timed = ["time"] if rule else []
    columns = ["id", labels.COLUMN, "split", "group", "sha256", *timed, *compare.NEEDED]
    table = read_folder(RAW, columns)
    whole_groups = getattr(compare, "WHOLE_GROUPS", False)
    rows = Ledger(table, noise, target, labels.COLUMN, whole_groups=whole_groups)
    rows.remove(read_quarantine(rows))
    loaded = compare.load(RAW, index)
    duplicates = find_all_duplicates(stage, rows, compare, loaded, table["sha256"].to_pylist())
    find_outliers(rows, compare, table)
    annotations = read_annotations(RAW, rows.ids, lambda labels: noise.read_labels(labels, target))
    learnt = np.flatnonzero(rows.kept & ~rows.split_of("test"))
    answers = check = None
    if params.clean.folds >= 2:
        num_outputs = labels.num_outputs(target)
        examples = Checkable(loaded, params.modality, params.target, num_outputs, params.clean)
        owners = merge_owners(rows.owners, duplicates.clusters)
        answers = ask(stage, rows, examples, partial(fold, params, owners, table, rule))
        learnt = answers.learnt
    if answers or annotations:  # several people may judge alone
        check = check_labels(rows, learnt, answers, annotations)
    if answers:
        measure_distances(rows, answers)
    decide(stage, rows)
    rows.act(params.clean.action, remove_outliers=params.clean.remove_outliers)
    if not (rows.kept & (rows.split_of("train"))).any():
        raise BrokenDataset(
            "no training example is left after cleaning",
            fix="see data/reviews, or set clean.action: flag",
        )
    doubts = find_doubts(rows, duplicates.repetitions, annotations)
    alike = neighbours_of(list(doubts), answers) if answers else {}
    summary = tables.summary(rows, duplicates, annotations)
    write_findings(
        stage.output("data/findings"),
        {
            "removed": write_cleaned(stage.output("data/clean"), RAW, rows, index),
            "review_queue": as_queue(doubts, rows, alike, BY_MODELS if answers else BY_PEOPLE),
            "duplicates": tables.duplicates_table(rows, duplicates.repetitions),
            "suspected": tables.suspected_table(rows),
            "outliers": tables.outliers_table(rows),
            "pool": tables.pool_table(RAW),
            **noise.tables(rows.ids, rows.splits, rows.given, learnt, annotations, check, target),
        },
        noise.SCHEMAS,
        dataset=index["dataset"],
        modality=params.modality,
        target_kind=params.target,
        target=target,
        labels=summary,
    )
    stage.write_report("reports/labels.json", summary)
    say(stage, rows, summary)


def say(stage: Stage[CleanParams], rows: Ledger, summary: Mapping[str, Any]) -> None:
    """Print what was found, what could not be judged, and what is left to a person."""
    stage.say(
        ", ".join(f"{summary[key]} {key.replace('_', ' ')}" for key in SAID if key in summary)
    )
    num_listed = int((rows.suspected & ~rows.sure).sum())
    why_listed = rows.reliability.reason if num_listed and rows.reliability else ""
    for reason in could_not_judge(rows, no_agreement=False):
        if not why_listed or not reason.endswith(why_listed):  # which is printed below
            stage.say(f"could not judge {reason}")
    if why_listed:
        listed = (
            "1 suspected label is listed, and counts as it is"
            if num_listed == 1
            else f"{num_listed} suspected labels are listed, and count as they are"
        )
        stage.say(f"{listed}: {why_listed}")
    if summary.get("label_issues"):
        stage.say("to look at them and decide: make review")


def find_all_duplicates(
    stage: Stage[CleanParams], rows: Ledger, compare: Compare, loaded: Any, digests: list[str]
) -> Duplicates:
    """Find exact and near duplicates among what is kept, and remove those that should go."""
    if (digests_of := getattr(compare, "digests", None)) is not None:
        digests = digests_of(loaded)
    own = [
        d if tells else id
        for d, tells, id in zip(
            digests, rows.kept & compare.tells_apart(loaded), rows.ids, strict=True
        )
    ]
    same_as = distinct_rows(own, rows.splits, rows.ids)
    distinct = np.flatnonzero(rows.kept & (same_as == np.arange(len(same_as))))
    ranks = np.array([SPLIT_PRIORITY[split] for split in rows.splits])
    pairs, num_known = compare.find_pairs(
        loaded,
        distinct,
        ranks,
        lambda total: stage.progress_bar(total, "example", "near duplicates"),
    )
    rows.near_compared = pairs is not None
    near = Pairs.none() if pairs is None else pairs
    if num_known:
        stage.say(
            f"{num_known} of {len(distinct)} examples were searched for near duplicates before"
        )
    found = find_duplicates(same_as, near, rows.splits, rows.ids)
    for kind in ("exact", "near"):
        removals = {
            r.row: Removal(r.reason, of=r.of, similarity=r.similarity)
            for r in found.repetitions
            if r.kind == kind and r.reason
        }
        rows.remove(removals, guessed=kind == "near")
    return found


def find_outliers(rows: Ledger, compare: Compare, table: pa.Table) -> None:
    """Enter into the ledger which of the kept examples are not like the others at all."""
    kept = np.flatnonzero(rows.kept)
    columns = {name: table[name].to_numpy()[kept] for name in compare.NEEDED}
    rows.unusual[kept] = compare.distances(columns)
    rows.outliers[kept] = rows.unusual[kept] > compare.UNUSUAL


def read_quarantine(rows: Ledger) -> dict[int, Removal]:
    """Rows that validate set aside, and why."""
    with QUARANTINE.open(newline="", encoding="utf-8") as file:
        reasons = {row["id"]: row["reason"] for row in csv.DictReader(file)}
    return {row: Removal(UNUSABLE, reasons[id]) for row, id in enumerate(rows.ids) if id in reasons}


def fold(
    params: CleanParams,
    owners: Sequence[str],
    table: pa.Table,
    rule: SplitRule | None,
    some: Rows,
) -> Folds:
    """Assign some rows to folds: the rows of an owner together; by a rule in time, forward."""
    of_some = [owners[row] for row in some.tolist()]
    if rule is None:
        return folds_of(assign_folds(of_some, params.seed, params.clean.folds))
    times, has_time = ordinals_of(table["time"])
    return folds_in_time(of_some, times[some], has_time[some], rule, params.clean.folds)


def ask(
    stage: Stage[CleanParams], rows: Ledger, examples: Checkable, fold: Callable[[Rows], Folds]
) -> OutOfFoldAnswers:
    """What models say of the labels; it depends on no decision, so that people need not wait."""
    try:
        return ask_models(
            examples,
            rows,
            fold,
            seed=stage.params.seed,
            folder=WORK_DIR / "clean",
            progress=lambda total: stage.progress_bar(total, "example", "label check"),
        )
    except TrainingError as error:  # its advice is for the parameters of train
        raise TrainingError(error.what, fix="set clean.folds: 0 to do without") from None


def decide(stage: Stage[CleanParams], rows: Ledger) -> None:
    """Apply what people decided, and say what no longer applies."""
    decisions = read_decisions(stage.params.dataset, rows.noise.choices(rows.target))
    rows.decide(decisions)
    if left := len(decisions) - len(rows.decided):
        stage.say(
            f"{left} of {len(decisions)} decisions do not apply: their id is not there, is in "
            "test, or has another label by now"
        )


def bring_back_decisions() -> None:
    """Have data/reviews whole before the frame looks at what the stage reads."""
    with suppress(ReviewError):  # which is said when the file is read
        for sentence in settle_all():
            print(one_line(f"clean: {sentence}"), flush=True)


if __name__ == "__main__":
    bring_back_decisions()
    run_stage("clean", main, clean_params)
