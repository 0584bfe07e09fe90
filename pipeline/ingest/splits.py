"""Which split an example belongs to."""

import pyarrow as pa

from pipeline.dataset.catalog import SplitFractions
from pipeline.dataset.randomness import id_keys, uniform


def assign_splits(
    table: pa.Table, splits_given: frozenset[str], fractions: SplitFractions, seed: int
) -> list[str]:
    """The source's own splits; what it lacks is drawn by `(seed, group or id)`.

    Without any, val and test take their fractions; without val, val takes its from train.

    Args:
        table: columns id, group and split, which is null where the source has none.
        splits_given: which of train, val and test the source itself tells apart.
    """
    given = table["split"].to_pylist()
    owners = [
        group if group is not None else id
        for group, id in zip(
            table["group"].to_pylist(),
            table["id"].to_pylist(),
            strict=True,
        )
    ]
    draw = uniform(id_keys(owners), seed, "split")
    # Test before val, so that changing the size of val moves nothing in or out of test.
    is_test = draw < fractions.test if "test" not in splits_given else draw < 0
    start = fractions.test if "test" not in splits_given else 0.0
    is_val = (draw >= start) & (draw < start + fractions.val)
    splits = []
    for own, test, val in zip(given, is_test, is_val, strict=True):
        if own in ("val", "test"):
            splits.append(own)
        elif test:
            splits.append("test")
        elif val and "val" not in splits_given:
            splits.append("val")
        else:
            splits.append("train")
    return splits
