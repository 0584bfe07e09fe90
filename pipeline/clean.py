"""Clean: find duplicates, leaks and wrong labels; people's decisions win over the machine's.

reads   data/raw/, data/quarantine.csv, data/reviews/<dataset>.csv
writes  data/clean/ (with removed.parquet), reports/labels.json, reports/label_issues.csv and .png
params  dataset, seed, clean

The test split stays as it is: what is suspected there is listed, and nothing is done about it.
"""

import csv
import math
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pipeline.dataset.labels import Annotations, check_labels, find_duplicates
from pipeline.dataset.ledger import Ledger
from pipeline.dataset.pixels import decode_all, load_pixels
from pipeline.dataset.randomness import id_keys
from pipeline.dataset.records import (
    ANNOTATIONS,
    CLEAN_SCHEMA,
    REMOVED_SCHEMA,
    read_folder,
    read_index,
    read_tables,
    words,
    write_examples,
    write_index,
    write_tables,
)
from pipeline.dataset.reviews import read_decisions
from pipeline.runtime.errors import BrokenDataset, TrainingError
from pipeline.runtime.stage import WORK_DIR, Stage, run_stage

RAW = Path("data/raw")
CHECK_STEPS_PER_EPOCH = 15  # at least, down to batches of 16
CHECK_MIN_STEPS = 100  # of each model, however little data there is (LOG.md)
CHECK_MAX_SIDE = 64  # pixels; the check looks at larger images reduced, to save time and memory
NUM_PICTURED = 36


def main(stage: Stage) -> None:
    params = stage.params
    index = read_index(RAW)
    classes: list[str] = index["classes"]
    table = read_folder(RAW, ["id", "label", "split", "group", "sha256"])
    rows = Ledger(table, classes)

    rows.remove(read_quarantine(rows))
    digests: list[str] = table["sha256"].to_pylist()
    readable = np.flatnonzero(rows.kept)
    duplicates = find_duplicates(
        [digests[row] for row in readable],
        [rows.splits[row] for row in readable],
        [rows.ids[row] for row in readable],
    )
    rows.remove({int(readable[row]): reason for row, reason in duplicates.items()})
    decisions = read_decisions(params.dataset, classes)
    decided = rows.decide(decisions)
    if len(decided) < len(decisions):
        stage.say(
            f"{len(decisions) - len(decided)} of {len(decisions)} decisions do not apply: their id "
            "is not there, is in test, or has another label by now"
        )

    if params.clean.folds >= 2:
        check_rows(stage, rows, decided, index)
    rows.act(params.clean.action, decided)
    if not (rows.kept & (rows.split_of("train"))).any():
        raise BrokenDataset(
            "no training example is left after cleaning",
            fix="see data/reviews, or set clean.action: flag",
        )
    write(stage, rows, index)

    leaks = sum(reason.startswith("leak") for reason in duplicates.values())
    report = {
        "examples": int(rows.kept.sum()),
        "duplicates": len(duplicates) - leaks,
        "leaks": leaks,
        "label_issues": int(rows.suspected.sum()),
        "label_issues_in_test": int((rows.suspected & rows.split_of("test")).sum()),
        "decisions": len(decided),
        "relabelled": int((rows.kept & (rows.labels != rows.given)).sum()),
        "removed": int((~rows.kept).sum()),
        "estimated_noise_rate": rows.noise_rate,
    }
    stage.write_report("reports/labels.json", report)
    stage.say(
        ", ".join(f"{value} {key.replace('_', ' ')}" for key, value in list(report.items())[:4])
    )


def read_quarantine(rows: Ledger) -> dict[int, str]:
    """Rows that validate set aside, and why."""
    with Path("data/quarantine.csv").open(newline="", encoding="utf-8") as file:
        reasons = {row["id"]: row["reason"] for row in csv.DictReader(file)}
    return {row: reasons[id] for row, id in enumerate(rows.ids) if id in reasons}


def check_rows(stage: Stage, rows: Ledger, decided: set[int], index: dict[str, Any]) -> None:
    """Suspect labels that models trained without them hold unlikely."""
    # Here, since worker processes import this file too and need none of torch.
    import torch

    from pipeline.learning.device import choose_device
    from pipeline.learning.loop import Recipe
    from pipeline.learning.out_of_fold import assign_folds, out_of_fold

    clean = stage.params.clean
    height, width = (max(2, min(side, CHECK_MAX_SIDE)) for side in index["image_size"])
    shape = (height, width, index["channels"])
    device = choose_device("auto", "auto", shape)
    in_test = rows.split_of("test")
    learnt = np.flatnonzero(rows.kept & ~in_test)
    tested = np.flatnonzero(rows.kept & in_test)
    images = load_pixels(RAW, shape, "squash")
    num_trained_on = max(2, len(learnt) * (clean.folds - 1) // clean.folds)
    batch_size = min(max(num_trained_on // CHECK_STEPS_PER_EPOCH, 16), 1000)
    steps = max(1, num_trained_on // batch_size)
    epochs = max(clean.epochs, math.ceil(CHECK_MIN_STEPS / steps))
    recipe = Recipe(
        optimizer="muon",
        lr=0.24,
        batch_size=batch_size,
        epochs=epochs,
        schedule="linear",
        weight_decay=0.008,
        label_smoothing=0.2,
        patience=epochs,
        seed=stage.params.seed,
        deterministic=True,  # its probabilities become part of the data
    )
    checkpoints = WORK_DIR / "clean"
    total = len(learnt) * (clean.folds - 1) * epochs
    with stage.progress_bar(total, "image") as bar:
        try:
            said = out_of_fold(
                images[learnt],
                rows.given[learnt],
                id_keys([rows.ids[row] for row in learnt]),
                assign_folds([rows.owners[row] for row in learnt], recipe.seed, clean.folds),
                images[tested],
                num_classes=len(rows.classes),
                recipe=recipe,
                transforms=clean.transforms,
                device=device,
                checkpoints=checkpoints,
                checkpoint_key=f"{stage.inputs_digest()} {torch.__version__} {device}",
                on_step=bar.update,
            )
        except TrainingError as error:  # its advice is for the parameters of train
            raise TrainingError(error.what, fix="set clean.folds: 0 to do without") from None
    annotations = read_annotations(rows, learnt)
    found = check_labels(rows.given[learnt], said.probabilities, annotations)
    rows.suspect(learnt, found, decided)
    rows.noise_rate = found.noise_rate
    if len(tested):
        annotations = read_annotations(rows, tested)
        rows.suspect(tested, check_labels(rows.given[tested], said.others, annotations), set())
    shutil.rmtree(checkpoints, ignore_errors=True)


def read_annotations(rows: Ledger, where: NDArray[np.int64]) -> Annotations | None:
    """What several people said of the rows `where`; None when ingest found no such labels."""
    path = RAW / ANNOTATIONS
    if not path.exists():
        return None
    table = pq.read_table(path)
    ids = pa.array([rows.ids[row] for row in where], pa.string())
    found = pc.index_in(table["id"].cast(pa.string()), ids).combine_chunks()
    codes = pc.index_in(table["label"].cast(pa.string()), pa.array(rows.classes)).combine_chunks()
    people = table["annotator"].combine_chunks().dictionary_encode().indices
    there = pc.and_(pc.is_valid(found), pc.is_valid(codes))
    return Annotations(
        *(
            part.filter(there).to_numpy(zero_copy_only=False).astype(np.int64)
            for part in (found, people, codes)
        )
    )


def write(stage: Stage, rows: Ledger, index: dict[str, Any]) -> None:
    """Write what is kept, what is removed and why, and the list and picture of suspected labels."""
    from pipeline.learning.figures import image_grid

    folder = stage.output("data/clean")
    removed: list[pa.Table] = []
    pictures: dict[int, bytes] = {}
    worst = np.flatnonzero(rows.suspected)
    worst = worst[np.argsort(rows.quality[worst], kind="stable")]

    def tables() -> Iterator[pa.Table]:
        start = 0
        for table in read_tables(RAW):
            here = np.arange(start, start + table.num_rows)
            start += table.num_rows
            kept = rows.kept[here]
            gone = table.filter(pa.array(~kept))
            reasons = [rows.reasons[row] for row in here[~kept]]
            reason = pa.array(reasons, pa.string())
            removed.append(gone.append_column(REMOVED_SCHEMA.field("reason"), reason))
            for row in set(worst[:NUM_PICTURED].tolist()) & set(here.tolist()):
                pictures[row] = table["image"][row - here[0]].as_py()
            yield as_clean(table.filter(pa.array(kept)), here[kept], rows)

    files = write_tables(folder, tables(), CLEAN_SCHEMA)
    write_examples(
        pa.concat_tables(removed).unify_dictionaries().cast(REMOVED_SCHEMA),
        folder / "removed.parquet",
    )
    about = {key: value for key, value in index.items() if key not in ("examples", "files")}
    write_index(folder, files, **about)

    with stage.output("reports/label_issues.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["id", "split", "given", "proposed", "label_quality"])
        for row in worst:
            names = [rows.classes[rows.given[row]], rows.classes[rows.proposed[row]]]
            quality = f"{rows.quality[row]:.6f}"
            writer.writerow([rows.ids[row], rows.splits[row], *names, quality])
    shape = (*index["image_size"], index["channels"])
    pictured = worst[:NUM_PICTURED]
    image_grid(
        list(decode_all([pictures[row] for row in pictured], shape, "squash")),
        [
            f"given {rows.classes[rows.given[row]]}\nlooks like {rows.classes[rows.proposed[row]]}"
            for row in pictured
        ],
        stage.output("reports/label_issues.png"),
        columns=9,
        title=f"{len(worst)} suspected labels, the most doubtful first",
    )


def as_clean(table: pa.Table, here: NDArray[np.int64], rows: Ledger) -> pa.Table:
    """Rows of data/raw as rows of data/clean."""
    names = rows.classes
    added = {
        "label": words([names[code] for code in rows.labels[here]], names),
        "label_given": words([names[code] for code in rows.given[here]], names),
        "label_quality": pa.array(rows.quality[here].astype(np.float32), from_pandas=True),
        "weight": pa.array(rows.weights[here].astype(np.float32)),
    }
    columns = [added[name] if name in added else table[name] for name in CLEAN_SCHEMA.names]
    return pa.table(columns, schema=CLEAN_SCHEMA)


if __name__ == "__main__":
    run_stage("clean", main)
