"""Clean: find duplicates, leaks, outliers and wrong labels; people's decisions win over machines.

reads   data/raw/, data/quarantine.csv, data/reviews/<dataset>.csv
writes  data/clean/ (with removed.parquet and review_queue.parquet), reports/labels.json; tables and
        pictures of suspected labels, duplicates, outliers and annotators
params  dataset, seed, clean

The test split stays as it is: what is suspected there is listed, and nothing is done about it.
"""

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from pipeline.clean.doubts import as_queue, find_doubts
from pipeline.clean.duplicates import (
    SPLIT_PRIORITY,
    Duplicates,
    distinct_rows,
    find_duplicates,
    merge_owners,
)
from pipeline.clean.ledger import Ledger
from pipeline.clean.params import CleanParams
from pipeline.clean.writing import write_cleaned
from pipeline.dataset.annotations import read_annotations
from pipeline.dataset.reviews import read_decisions
from pipeline.dataset.table import read_folder, read_index
from pipeline.modalities.images.compare.features import UNUSUAL, measurement_distances
from pipeline.modalities.images.compare.pairs import update_pairs
from pipeline.modalities.images.compare.reuse import read_known, recipe_of, write_known
from pipeline.modalities.images.encode.pixels import Images, load_pixels
from pipeline.modalities.images.prepare.measurements import Measurements
from pipeline.runtime.errors import BrokenDataset, TrainingError
from pipeline.runtime.stage import WORK_DIR, Stage, run_stage

if TYPE_CHECKING:
    from pipeline.clean.label_check import Asked

RAW = Path("data/raw")
CHECK_MAX_SIDE = 64  # pixels; the check looks at larger images reduced, to save time and memory


def main(stage: Stage[CleanParams]) -> None:
    # Rooms with torch and matplotlib open here: worker processes import this file too.
    from pipeline.clean import reports
    from pipeline.clean.label_check import judge, judge_by_people, measure_distances, neighbours_of

    params = stage.params
    index = read_index(RAW)
    table = read_folder(RAW, ["id", "label", "split", "group", "sha256", *Measurements._fields])
    rows = Ledger(table, index["classes"])
    rows.remove(read_quarantine(rows))
    images = load_pixels(RAW, check_shape(index), "squash")
    duplicates = find_all_duplicates(stage, rows, images, table["sha256"].to_pylist())
    find_outliers(rows, table)
    votes = read_annotations(RAW, rows.ids, rows.classes)
    learnt = np.flatnonzero(rows.kept & ~rows.split_of("test"))
    asked = found = None
    if params.clean.folds >= 2:
        asked = ask_models(stage, rows, images, merge_owners(rows.owners, duplicates.clusters))
        found = judge(rows, asked, votes)
        measure_distances(rows, asked)
    elif votes:
        found = judge_by_people(rows, learnt, votes)
    decide(stage, rows)
    rows.act(params.clean.action, remove_outliers=params.clean.remove_outliers)
    if not (rows.kept & (rows.split_of("train"))).any():
        raise BrokenDataset(
            "no training example is left after cleaning",
            fix="see data/reviews, or set clean.action: flag",
        )
    judges = {} if asked else {"judges": "People together"}
    doubts = find_doubts(rows, duplicates.repetitions, votes, **judges)
    alike = neighbours_of(list(doubts), asked) if asked else {}
    write_cleaned(stage.output("data/clean"), RAW, rows, as_queue(doubts, rows, alike), index)
    reports.write_label_issues(stage, rows, images)
    reports.write_noise(stage, rows, found)
    reports.write_duplicates(stage, rows, images, duplicates)
    reports.write_outliers(stage, rows)
    reports.write_annotators(stage, rows, votes, learnt, found)
    reports.write_report(stage, rows, duplicates, votes)


def find_all_duplicates(
    stage: Stage[CleanParams], rows: Ledger, images: Images, digests: list[str]
) -> Duplicates:
    """Find exact and near duplicates among what is kept, and remove those that should go."""
    own = [d if kept else id for d, kept, id in zip(digests, rows.kept, rows.ids, strict=True)]
    same_as = distinct_rows(own, rows.splits, rows.ids)
    distinct = np.flatnonzero(rows.kept & (same_as == np.arange(len(same_as))))
    ranks = np.array([SPLIT_PRIORITY[split] for split in rows.splits])
    code = stage.inputs_digest(without=("data/", "reports/", "params.yaml"))
    recipe = recipe_of(code, images.shape[1:])
    known = read_known(recipe)
    near, candidates = update_pairs(
        images, distinct, ranks, known, lambda total: stage.progress_bar(total, "image")
    )
    write_known(candidates, recipe)
    if known and (num := known.num_shared(candidates)):
        stage.say(f"{num} of {len(distinct)} images were searched for near duplicates before")
    found = find_duplicates(same_as, near, rows.splits, rows.ids)
    for kind in ("exact", "near"):
        reasons = {r.row: r.reason for r in found.repetitions if r.kind == kind and r.reason}
        rows.remove(reasons, guessed=kind == "near")
    return found


def find_outliers(rows: Ledger, table: pa.Table) -> None:
    """Enter into the ledger which of the kept images are no pictures like the others."""
    kept = np.flatnonzero(rows.kept)
    columns = {name: table[name].to_numpy()[kept] for name in Measurements._fields}
    rows.unusual[kept] = measurement_distances(Measurements(**columns))
    rows.outliers[kept] = rows.unusual[kept] > UNUSUAL


def check_shape(index: dict[str, Any]) -> tuple[int, int, int]:
    """Of the images as models and comparisons see them."""
    height, width = (max(2, min(side, CHECK_MAX_SIDE)) for side in index["image_size"])
    return height, width, index["channels"]


def read_quarantine(rows: Ledger) -> dict[int, str]:
    """Rows that validate set aside, and why."""
    with Path("data/quarantine.csv").open(newline="", encoding="utf-8") as file:
        reasons = {row["id"]: row["reason"] for row in csv.DictReader(file)}
    return {row: reasons[id] for row, id in enumerate(rows.ids) if id in reasons}


def ask_models(
    stage: Stage[CleanParams], rows: Ledger, images: Images, owners: list[str]
) -> "Asked":
    """What models say of the labels; it depends on no decision, so that people need not wait."""
    from pipeline.clean.label_check import ask
    from pipeline.learning.device import choose_device

    clean = stage.params.clean
    height, width, channels = images.shape[1:]
    try:
        return ask(
            images,
            rows,
            owners,
            folds=clean.folds,
            epochs=clean.epochs,
            transforms=clean.transforms,
            seed=stage.params.seed,
            device=choose_device("auto", "auto", (height, width, channels)),
            folder=WORK_DIR / "clean",
            key=stage.inputs_digest(without=("data/reviews", "params.yaml: clean")),
            progress=lambda total: stage.progress_bar(total, "image"),
        )
    except TrainingError as error:  # its advice is for the parameters of train
        raise TrainingError(error.what, fix="set clean.folds: 0 to do without") from None


def decide(stage: Stage[CleanParams], rows: Ledger) -> None:
    """Apply what people decided, and say what no longer applies."""
    decisions = read_decisions(stage.params.dataset, rows.classes)
    rows.decide(decisions)
    if left := len(decisions) - len(rows.decided):
        stage.say(
            f"{left} of {len(decisions)} decisions do not apply: their id is not there, is in "
            "test, or has another label by now"
        )


if __name__ == "__main__":
    run_stage("clean", main, CleanParams)
