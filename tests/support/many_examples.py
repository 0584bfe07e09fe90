"""A project's data as its stages leave them, made up: as many examples as one likes, in a moment.

Contents are a few bytes each: nothing here decodes them.
"""

import hashlib
from pathlib import Path

import numpy as np
import pyarrow as pa

from pipeline.dataset.findings import REASONS, removed_schema
from pipeline.dataset.table import SPLITS, words, write_index, write_part
from pipeline.dataset.tables import write_tables
from tests.support.findings import write_found
from tests.support.image_schema import CLEAN_SCHEMA, RAW_SCHEMA

ROWS_PER_PART = 50_000
CLASSES = [f"class {number}" for number in range(10)]
ABOUT = {
    "dataset": "many",
    "modality": "images",
    "target_kind": "classes",
    "target": {"classes": CLASSES},
    "content": {"image_size": [8, 8], "channels": 3},
}
CONTENT_BYTES = 300
SOURCES = ["../north", "../south", "../west"]


def made_up(num: int, seed: int = 0, start: int = 0) -> pa.Table:
    """Rows of data/raw."""
    random = np.random.default_rng(seed)
    ids = [f"shots/{number:07d}.jpg" for number in range(start, start + num)]
    # A thousand different contents: what matters here is their size.
    pool = [random.bytes(CONTENT_BYTES) for _ in range(1000)]
    digests = [hashlib.sha256(id.encode()).hexdigest() for id in ids]
    columns = {
        "id": ids,
        "image": [pool[number % 1000] for number in range(num)],
        "label": drawn(CLASSES, num, random),
        "split": drawn(SPLITS, num, random, [0.8, 0.1, 0.1]),
        "sha256": digests,
        "source_sha256": digests,
        "source": drawn(SOURCES, num, random),
        "license": words(["CC0-1.0"] * num),
        "width": np.full(num, 32, np.int32),
        "height": np.full(num, 32, np.int32),
        "channels": np.full(num, 3, np.int32),
        "dhash": random.integers(0, 2**63, num).astype(np.uint64),
        "mode": words(["RGB"] * num),
        "metadata_removed": words([""] * num),
    }
    for name in ("brightness", "contrast", "sharpness", "red", "green", "blue"):
        columns[name] = random.random(num, np.float32)
    filled = [columns.get(f.name, pa.nulls(num, f.type)) for f in RAW_SCHEMA]
    return pa.table(filled, schema=RAW_SCHEMA)


def drawn(
    values: list[str], num: int, random: np.random.Generator, shares: list[float] | None = None
) -> pa.DictionaryArray:
    codes = random.choice(len(values), num, p=shares).astype(np.int32)
    return pa.DictionaryArray.from_arrays(codes, pa.array(values))


def as_clean(raw: pa.Table, seed: int = 0) -> pa.Table:
    """The rows as data/clean has them, a few of them suspected."""
    random = np.random.default_rng(seed)
    quality = random.random(raw.num_rows, np.float32)
    suspected = quality < 0.02
    columns = {name: raw[name] for name in raw.schema.names} | {
        "label_given": raw["label"],
        "label_quality": quality,
        "suspected": suspected,
        "weight": np.where(suspected, quality, np.float32(1)),
    }
    return pa.table([columns[name] for name in CLEAN_SCHEMA.names], schema=CLEAN_SCHEMA)


def as_removed(raw: pa.Table, reason: str = "duplicate", of: str | None = None) -> pa.Table:
    num = raw.num_rows
    columns = {name: raw[name] for name in raw.schema.names} | {
        "reason": words([reason] * num, list(REASONS)),
        "detail": pa.nulls(num, pa.string()),
        "of": pa.array([of] * num, pa.string()),
        "similarity": pa.array([1.0] * num, pa.float64()),
    }
    schema = removed_schema(RAW_SCHEMA)
    return pa.table([columns[name] for name in schema.names], schema=schema)


def write_many(folder: Path, num: int, num_removed: int = 0) -> None:
    """Write data/raw, data/clean and data/findings with `num` examples, of which some are removed.

    data/evaluation has predictions of the test split.
    """
    raw_files, clean_files, removed, tested = [], [], [], []
    for name in ("raw", "clean"):
        (folder / "data" / name).mkdir(parents=True)
    for number, start in enumerate(range(0, num, ROWS_PER_PART)):
        raw = made_up(min(ROWS_PER_PART, num - start), seed=number, start=start)
        raw_files.append(write_part(folder / "data/raw", number, raw))
        left_out = raw.slice(0, num_removed if number == 0 else 0)
        removed.append(as_removed(left_out, of=raw["id"][raw.num_rows - 1].as_py()))
        clean = as_clean(raw.slice(left_out.num_rows), seed=number)
        clean_files.append(write_part(folder / "data/clean", number, clean))
        tested.append(clean.filter(pa.array(np.asarray(clean["split"]) == "test")))
    counts = {"examples": num}
    write_index(folder / "data/raw", raw_files, RAW_SCHEMA, **ABOUT, counts=counts, pool=[])
    write_index(folder / "data/clean", clean_files, CLEAN_SCHEMA, **ABOUT)
    table = pa.concat_tables(removed).unify_dictionaries().combine_chunks()
    write_found(folder / "data/findings", {"removed": table}, **ABOUT, labels={})
    write_predictions(folder / "data/evaluation", pa.concat_tables(tested))


def write_predictions(folder: Path, tested: pa.Table) -> None:
    random = np.random.default_rng(0)
    num = tested.num_rows
    logits = random.random((num, len(CLASSES)), np.float32)
    probabilities = logits / logits.sum(1, keepdims=True)
    lists = pa.FixedSizeListArray.from_arrays(probabilities.ravel(), len(CLASSES))
    predicted = pa.DictionaryArray.from_arrays(
        probabilities.argmax(1).astype(np.int32), pa.array(CLASSES)
    )
    table = pa.table(
        {
            "id": tested["id"],
            "group": tested["group"],
            "label": tested["label"],
            "predicted": predicted,
            "probabilities": lists,
        }
    )
    write_tables(folder, {"predictions": table}, **ABOUT)
