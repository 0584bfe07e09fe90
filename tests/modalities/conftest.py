"""Each modality with some examples: as data/raw has them, and as shards have them."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import pyarrow as pa
import pytest

from pipeline.dataset.table import WORD
from pipeline.modalities.opening import (
    modality_fields,
    open_encode,
    open_fit,
    open_prepare,
)
from pipeline.modalities.prepared import Prepared
from pipeline.modalities.protocols.encode import Inputs, Preparation
from tests.support.samples import KNOWN, SAMPLES, Samples, tiny_modality

FIELDS = {
    "ingest": ("prepare", "IngestFields"),
    "augment": ("encode", "AugmentFields"),
    "clean": ("label_check", "CleanFields"),
    "train": ("network", "TrainFields"),
    "evaluate": ("stress", "EvaluateFields"),
}


class Known(NamedTuple):
    """A modality, and examples of it."""

    name: str
    samples: Samples
    settings: dict[str, Any]
    """By section, what the modality adds to it."""
    contents: Sequence[bytes]
    prepared: Prepared
    table: pa.Table
    """The columns of data/raw that are of the modality, without labels."""
    index: dict[str, Any]
    """Of data/raw, so far as it is of the modality."""
    preparation: Preparation
    inputs: Inputs


@pytest.fixture(scope="module", params=KNOWN)
def modality(request: pytest.FixtureRequest) -> Iterator[str]:
    """The name of each modality, and of the tiny one of tests/support/series."""
    with tiny_modality():
        yield request.param


@pytest.fixture(scope="module")
def known(modality: str) -> Known:
    samples = SAMPLES[modality]
    settings: dict[str, Any] = {}
    for section, (part, name) in FIELDS.items():
        fields = modality_fields(modality, part, name)
        settings[section] = fields.model_validate(samples.settings.get(section, {}))
    contents = samples.good()
    prepare, encode, fit = open_prepare(modality), open_encode(modality), open_fit(modality)
    prepared = prepare.prepare(contents, settings["ingest"])
    assert prepared.problems == [None] * len(contents)
    table = table_of(modality, prepared)
    tally = prepare.new_tally()
    splits = pa.array(["train"] * table.num_rows)
    tally.add(table.drop_columns(list(prepare.CONTENT)).append_column("split", splits))
    entry = modality_fields(modality, "prepare", "EntryFields")()
    index = {"modality": modality, "content": tally.index(entry)}
    read = table.select(list(encode.CONTENT))
    preparation = fit.fit(index, lambda: [read[:3], read[3:]], settings["augment"])
    inputs = encode.encode(contents_of(prepared, encode.CONTENT), preparation)
    whole = fit.finish(preparation, fit.sums(inputs))
    return Known(modality, samples, settings, contents, prepared, table, index, whole, inputs)


def contents_of(prepared: Prepared, names: Sequence[str], rows: Any = slice(None)) -> Any:
    """Contents as `encode` takes them."""
    return {name: prepared.content[name][rows] for name in names}


def table_of(modality: str, prepared: Prepared) -> pa.Table:
    prepare = open_prepare(modality)
    num = len(prepared.problems)
    columns: dict[str, Any] = {"id": [f"e{row}" for row in range(num)]}
    columns["group"] = [f"g{row // 2}" for row in range(num)]
    for name, kind in prepare.CONTENT.items():
        columns[name] = pa.array(prepared.content[name], pa.type_for_alias(kind))
    for m in prepare.MEASUREMENTS:
        columns[m.name] = pa.array(prepared.measured[m.name], pa.type_for_alias(m.type))
    for name in prepare.WORDS:
        columns[name] = pa.array(prepared.words[name], pa.string()).cast(WORD)
    columns["problem"] = pa.array(prepared.problems, pa.string())
    return pa.table(columns)
