"""Counts of each label in each split, which show the splits without labels."""

from collections.abc import Iterable

import pyarrow as pa


def labels_by_split(
    columns: Iterable[tuple[pa.Array | pa.ChunkedArray, pa.Array | pa.ChunkedArray]],
) -> dict[str, dict[str | None, int]]:
    """Counts by split and label, None for no label.

    Args:
        columns: splits and labels of the same rows, of type string, in as many parts as there are;
            rows without a split are left out.
    """
    found: dict[str, dict[str | None, int]] = {}
    for splits, labels in columns:
        table = pa.table({"split": splits, "label": labels})
        counts = table.group_by(["split", "label"]).aggregate([([], "count_all")]).to_pylist()
        for row in counts:
            if row["split"] is not None:
                of_split = found.setdefault(row["split"], {})
                of_split[row["label"]] = of_split.get(row["label"], 0) + row["count_all"]
    return found
