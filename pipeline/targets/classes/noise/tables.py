"""Tables of data/findings, and figures of reports/labels.json, that only classes have."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from pipeline.dataset.annotations import Annotations, Codes, with_given_labels
from pipeline.dataset.arrays import Rows
from pipeline.dataset.findings import table_of
from pipeline.targets.classes.noise.annotators import (
    agreement,
    agreement_table,
    annotator_table,
    relabel_queue,
)
from pipeline.targets.classes.noise.labels import LabelCheck
from pipeline.targets.classes.noise.schemas import SCHEMAS
from pipeline.targets.protocols.labels import TargetIndex

MAX_QUEUED = 1000  # rows; after as many new labels the ranking should be made again
LEAST_NOISE = 0.001


def tables(
    ids: Sequence[str],
    splits: Sequence[str],
    given: Codes,
    learnt: Rows,
    annotations: Annotations | None,
    check: LabelCheck | None,
    target: TargetIndex,
) -> dict[str, pa.Table]:
    """Tables of confused classes, the quality and agreement of annotators, and the examples most
    worth another label.

    Without a check there is only agreement.
    """
    names = target["classes"]
    found = {name: table_of(schema, []) for name, schema in SCHEMAS.items()}
    if check:
        found["noise"] = noise_table(check, names)
        of_learnt = annotations.of(learnt) if annotations else None
        everybody = with_given_labels(of_learnt, given[learnt])
        found["relabel_queue"] = relabel_queue(
            [ids[row] for row in learnt.tolist()],
            [splits[row] for row in learnt.tolist()],
            given[learnt],
            everybody,
            check.posterior,
            check.noise,
            names,
            MAX_QUEUED,
        )
        if annotations:
            found["annotators"] = annotator_table(everybody, check.posterior, names)
    if annotations:
        agreed = agreement(annotations.rows, annotations.labels, len(names))
        found["agreement"] = agreement_table(agreed, names)
    return found


def noise_table(check: LabelCheck, names: Sequence[str]) -> pa.Table:
    """Estimated share of the examples of each class that have each label."""
    noise = check.noise
    cells = np.argwhere(noise >= LEAST_NOISE)
    return table_of(SCHEMAS["noise"], [(names[a], names[b], float(noise[a, b])) for a, b in cells])


def summary(annotations: Annotations | None, target: TargetIndex) -> dict[str, int | float]:
    """Numbers of annotators and their labels, and their agreement if it is defined."""
    if not annotations:
        return {}
    alpha = agreement(annotations.rows, annotations.labels, len(target["classes"])).alpha
    found: dict[str, int | float] = {
        "annotators": len(np.unique(annotations.annotators)),
        "annotations": len(annotations.rows),
    }
    if alpha is not None:
        found["agreement_alpha"] = alpha
    return found
