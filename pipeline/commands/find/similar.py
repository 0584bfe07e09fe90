"""Finds examples like one: by the model's embeddings, or else by what was measured of them.

With a model in models/serving an example is the input of its last layer, for the shards that are
there; without one it is the numbers by which validate tells examples apart.
"""

import sys
from collections.abc import Collection, Iterator
from functools import cached_property
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from pipeline.commands.find.vectors import Batches, Vectors, keep_vectors, read_vectors
from pipeline.commands.frame import from_start
from pipeline.commands.history.contents import contents_of
from pipeline.commands.history.data_at import raw_at
from pipeline.dataset.arrays import Float32, Float64
from pipeline.dataset.places import RAW, SERVING, SHARDS
from pipeline.dataset.shards.reader import ShardReader
from pipeline.dataset.table import SPLITS, file_sha256, read_index, read_tables
from pipeline.modalities.opening import open_checks, open_encode, open_prepare, open_show
from pipeline.params import load_params
from pipeline.runtime.errors import FindError, GroundworkError
from pipeline.runtime.stage import INDEX
from pipeline.serving.folder import MODEL_ONNX, SERVING_JSON, read_about
from pipeline.serving.graph import Graph

ROWS_AT_ONCE = 4000


def find_like(
    name: str, among: Collection[str] | None, num: int
) -> tuple[str, list[tuple[str, float]]]:
    """Find what examples are compared by, and the `num` nearest to an id or a file, with distances.

    Args:
        among: ids to choose out of; None for all.

    Raises:
        FindError: it is neither an id nor a file that can be read.
        MissingInput: the data, the shards or the model are not there, or damaged.
    """
    chosen = None if among is None else set(among)
    if (SERVING / SERVING_JSON).is_file():
        embedded = Embedded()
        vector = embedded.vectors.of(name)
        if vector is None:
            vector = embedded.vector_of(content_of(name))
        return embedded.what, embedded.vectors.nearest(vector, num, chosen)
    vectors, vector = described(name)
    return "measurements, as there is no model", vectors.nearest(vector, num, chosen)


class Embedded:
    """Embeddings of all examples in the shards, by the model in models/serving."""

    what = "embeddings of the model"

    def __init__(self) -> None:
        self.about = read_about(SERVING)
        self.preparation: dict[str, Any] = self.about["preparation"]
        reader = ShardReader(SHARDS)
        if not reader.fits(self.about) or reader.preparation != self.preparation:
            raise FindError(
                f"the model in {SERVING} is of other examples than {SHARDS}", fix="dvc repro"
            )
        digest = self.about["files"][MODEL_ONNX]["sha256"]
        key = f"{digest[:16]}-{file_sha256(SHARDS / INDEX)[:16]}"
        vectors = read_vectors(key)
        if vectors is None:
            num = sum(map(reader.num_examples, SPLITS))
            print(f"find: {num:,} embeddings are made, once for this model", file=sys.stderr)
            keep_vectors(key, num, self._embed(reader), is_direction=True)
            vectors = read_vectors(key)
        assert vectors is not None
        self.vectors: Vectors = vectors

    @cached_property
    def graph(self) -> Graph:
        """Opened when something is to be embedded."""
        return Graph.open(SERVING)

    def vector_of(self, content: dict[str, Any]) -> Float32:
        """The vector of a content as data/raw has it, `(K,)`."""
        columns = {name: [value] for name, value in content.items()}
        inputs = open_encode(self.about["modality"]).encode(columns, self.preparation)
        vector: Float32 = self.vectors.projection.apply(self.graph.answer(inputs)[1])[0]
        return vector

    def _embed(self, reader: ShardReader) -> Batches:
        for split in SPLITS:
            for file in reader.files(split, 0):
                path = reader.folder / file["name"]
                ids = pq.read_table(path, columns=["id"])["id"].to_pylist()
                shard = reader.read_file(file)
                for start in range(0, len(ids), ROWS_AT_ONCE):
                    some = slice(start, start + ROWS_AT_ONCE)
                    inputs = {name: values[some] for name, values in shard.inputs.items()}
                    yield ids[some], self.graph.answer(inputs)[1]


def described(name: str) -> tuple[Vectors, Float32]:
    """What was measured of all examples, and of one of them or a file, as vectors."""
    index = read_index(RAW)
    key = f"measured-{file_sha256(RAW / INDEX)[:16]}"
    vectors = read_vectors(key)
    vector = vectors.of(name) if vectors else None
    if vectors is not None and vector is not None:
        return vectors, vector
    checks = open_checks(index["modality"])
    columns = [*checks.CONTENT, *(m.name for m in checks.MEASUREMENTS), *checks.WORDS]
    tables = [table.to_pandas() for table in read_tables(RAW, ["id", *columns, "problem"])]
    table = pd.concat(tables, ignore_index=True)
    table = table[table["problem"].isna()].reset_index(drop=True)
    ids: list[str] = table["id"].tolist()
    num = len(ids)
    if name not in ids:
        row = measured(name).reindex(columns=table.columns).astype(table.dtypes.to_dict())
        ids, table = [*ids, name], pd.concat([table, row], ignore_index=True)
        key += "-file"  # its numbers are compared with those beside it
    checks.add_features(table, index["content"])
    patterns = standardised(checks.patterns(table, index["content"]))
    keep_vectors(key, num, iter([(ids[:num], patterns[:num])]), is_direction=False)
    vectors = read_vectors(key)
    assert vectors is not None
    at = ids.index(name)
    vector = vectors.projection.apply(patterns[at : at + 1])[0]
    return vectors, vector


def standardised(numbers: Float64) -> Float32:
    """Columns with mean 0 and deviation 1; 0 for what is missing."""
    values = np.nan_to_num(numbers - np.nanmean(numbers, 0))
    scaled: Float32 = (values / np.maximum(values.std(0), 1e-9)).astype(np.float32)
    return scaled


def content_of(name: str) -> dict[str, Any]:
    """The content of an example, or of a file, as data/raw has it.

    Raises:
        FindError: there is neither, or it cannot be used.
    """
    raw = raw_at(None)
    if raw is not None:
        show = open_show(raw.index["modality"])
        for content in contents_of(raw, [name], show.CONTENT).values():
            if any(value is not None for value in content.values()):
                return content
            raise FindError(f"{name} has no content that can be used", fix="name another")
    prepared = prepared_file(name)
    return {column: values[0] for column, values in prepared.content.items()}


def measured(name: str) -> pd.DataFrame:
    """A row of measurements of a file, as data/raw has them."""
    prepared = prepared_file(name)
    columns = {**prepared.content, **prepared.measured, **prepared.words}
    return pd.DataFrame({"id": [""], **columns})


def prepared_file(name: str) -> Any:
    """What the modality makes of a file with one example, or of the first in it.

    Raises:
        FindError: there is none, or it cannot be used.
    """
    params = load_params()
    prepare = open_prepare(params.modality)
    path = from_start(name)
    try:
        index = read_index(RAW)
        options = index["content"].get("options", {})
    except GroundworkError:
        options = {}
    limits = SimpleNamespace(**params.ingest.model_dump(), **options)
    content = next(first_content(path, limits, prepare), None)
    if content is None:
        raise FindError(
            f"{name} is no id of an example that is there, and no file",
            fix="see the ids: groundwork find --limit 5",
        )
    prepared = prepare.prepare([content], limits)
    if prepared.problems[0] is not None:
        fix = f"give {prepare.FORMATS}"
        raise FindError(f"{name} cannot be read: {prepared.problems[0]}", fix=fix)
    return prepared


def first_content(path: Path, limits: Any, prepare: Any) -> Iterator[bytes]:
    if path.is_file():
        several = prepare.examples_in(path, limits)
        yield from (
            [content for _, content in several] if several is not None else [path.read_bytes()]
        )
