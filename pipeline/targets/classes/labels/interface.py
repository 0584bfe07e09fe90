"""The names of targets/protocols/labels.py, for classes."""

from pipeline.targets.classes.labels.adding import (
    add_names,
    entry_fields,
    grow,
    names_more,
    without_names,
)
from pipeline.targets.classes.labels.answers import answer, answer_words
from pipeline.targets.classes.labels.balance import balance
from pipeline.targets.classes.labels.columns import COLUMN, column, column_type
from pipeline.targets.classes.labels.encoding import encode, fit, num_outputs, problem_in
from pipeline.targets.classes.labels.reading import (
    UNKNOWN,
    USUAL_NAMES,
    describe,
    figures,
    how_to_mend,
    index_of,
    is_missing,
    label_names,
    named,
    namer,
    names_in,
    problem_of,
    refuse_unfit,
)
from pipeline.targets.classes.labels.tally import ClassTally
from pipeline.targets.classes.labels.voting import vote

__all__ = [
    "COLUMN",
    "UNKNOWN",
    "USUAL_NAMES",
    "add_names",
    "answer",
    "answer_words",
    "balance",
    "column",
    "column_type",
    "describe",
    "encode",
    "entry_fields",
    "figures",
    "fit",
    "grow",
    "how_to_mend",
    "index_of",
    "is_missing",
    "label_names",
    "named",
    "namer",
    "names_in",
    "names_more",
    "new_tally",
    "num_outputs",
    "problem_in",
    "problem_of",
    "refuse_unfit",
    "vote",
    "without_names",
]


def new_tally() -> ClassTally:
    return ClassTally()
