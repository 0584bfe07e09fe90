"""The names of targets/protocols/labels.py, for numbers."""

from pipeline.targets.nameless import (
    add_names,
    entry_fields,
    grow,
    names_more,
    without_names,
)
from pipeline.targets.numbers.labels.answers import answer, answer_words
from pipeline.targets.numbers.labels.encoding import balance, encode, fit, num_outputs
from pipeline.targets.numbers.labels.reading import (
    COLUMN,
    UNKNOWN,
    USUAL_NAMES,
    column,
    column_type,
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
    vote,
)
from pipeline.targets.numbers.labels.tally import NumberTally
from pipeline.targets.numbers.measures.scale import problem_in

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


def new_tally() -> NumberTally:
    return NumberTally()
