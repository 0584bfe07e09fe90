"""Tables of scikit-learn: `builtin:breast_cancer`, `diabetes` and `wine`."""

import json
from functools import partial

import pyarrow as pa

from pipeline.modalities.tables.content.columns import NUMBER, TableColumn, as_options
from pipeline.runtime.errors import SourceError
from pipeline.sources.source import Source, examples_table

BUILTIN = ("breast_cancer", "diabetes", "wine")


def open_builtin(uri: str) -> Source:
    """Open a table of scikit-learn.

    Raises:
        SourceError: there is none of that name.
    """
    name = uri.removeprefix("builtin:")
    if name not in BUILTIN:
        known = ", ".join(f"builtin:{name}" for name in BUILTIN)
        raise SourceError(f"uri {uri} names no built-in dataset", fix=f"use one of {known}")
    from sklearn import datasets

    load = getattr(datasets, f"load_{name}")
    data = load(scaled=False) if name == "diabetes" else load()
    columns = [TableColumn(str(column), NUMBER) for column in data.feature_names]
    rows = [
        json.dumps(dict(zip(map(str, data.feature_names), values, strict=True))).encode()
        for values in data.data.tolist()
    ]
    labels = [str(label) for label in data.target.tolist()]
    names: list[str] | set[str] = {*labels}
    if "target_names" in data:
        names = [str(name) for name in data.target_names]
        labels = [names[code] for code in data.target.tolist()]
    return Source(
        labels=names,
        num_examples=len(rows),
        splits=frozenset(),
        batches=iter([partial(_read, rows, labels)]),
        options=as_options(columns),
    )


def _read(rows: list[bytes], labels: list[str]) -> pa.Table:
    ids = [f"{number:04d}" for number in range(len(rows))]
    return examples_table("row", ids, row=rows, label=labels)
