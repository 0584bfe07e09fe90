"""Common parts of the predictions of all targets, to compare two runs."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.dataset.arrays import Rows
from pipeline.runtime.errors import CompareError
from pipeline.runtime.files import as_native

TARGET_KEY = b"target_kind"
"""Key in the schema's metadata of the target whose `read_predictions` reads the file."""
FIRST_TARGET = "classes"
"""Target of files without the key, which are older."""


def target_of(content: bytes, name: str) -> str:
    """The target of a file with predictions; errors call it `name`.

    Raises:
        CompareError: the file is damaged.
    """
    try:
        metadata = pq.read_schema(as_native(content)).metadata or {}
        return str(metadata.get(TARGET_KEY, FIRST_TARGET.encode()).decode())
    except (OSError, ValueError, pa.ArrowException) as error:
        raise unreadable(name, str(error)) from None


def unreadable(name: str, reason: str) -> CompareError:
    return CompareError(
        f"the predictions of {name} cannot be read: {' '.join(reason.split())}",
        fix=f"make them by the code of today: git checkout {name}, then dvc repro evaluate",
    )


def rows_in_both(one: Sequence[str], other: Sequence[str]) -> tuple[Rows, Rows]:
    """Rows of the ids that are in both runs, in the order of the first.

    Raises:
        CompareError: there is none.
    """
    place = {id: row for row, id in enumerate(other)}
    ours = [row for row, id in enumerate(one) if id in place]
    if not ours:
        raise CompareError(
            "the runs have no test example in common", fix="compare runs on the same dataset"
        )
    return np.array(ours), np.array([place[one[row]] for row in ours])


def refuse_other_labels(differ: Rows, ids: Sequence[str]) -> None:
    """Refuse runs in which some of the `ids` have different labels, where `differ`.

    Raises:
        CompareError: there is one.
    """
    if len(differ):
        raise CompareError(
            f"{len(differ)} of {len(ids)} test examples have another label in the two runs, "
            f"first: {ids[differ[0]]}",
            fix="evaluate both on the same labels: dvc repro evaluate",
        )
