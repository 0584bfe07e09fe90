"""Are texts that were broken on their way noticed, and are good ones left in peace?

1,500 messages of SMS spam and 1,500 questions of TREC, broken in one of 51 ways: in a third, in a
few, or in the new ones alone; see broken.py for what counts.

    GROUNDWORK_TEXTS=/data python benchmarks/text_corruptions.py [--seeds 5] [--clean 10]

GROUNDWORK_TEXTS is the folder of benchmarks/text.py.
"""

import sys
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import pandas as pd
from broken import Judge, Random, Subject, Trial, try_all
from text_breaks import WAYS
from text_data import DATASETS

from pipeline.runtime.settings import Kind

ROWS = 1_500
RARE = 0.05
"""Share of a label that is left out: of 1,500 texts validate says that it has too few."""


def texts(name: str, random: Random) -> pd.DataFrame:
    """1,500 different texts in a random order."""
    parts = DATASETS[name](0)
    rows = pd.DataFrame(parts.train + parts.test, columns=["text", "label"])
    rows = rows[~rows["text"].str.casefold().duplicated()]
    rows = rows[rows["label"].map(rows["label"].value_counts(normalize=True)) > RARE]
    chosen: pd.DataFrame = rows.iloc[random.permutation(len(rows))[:ROWS]]
    return chosen.reset_index(drop=True)


SUBJECT = Subject(
    Kind(modality="text", target="classes"),
    "text-classes.yaml",
    {"columns": {"text": "text", "label": "label"}},
    {name: partial(texts, name) for name in ("sms", "trec")},
    WAYS,
)
JUDGE = Judge(SUBJECT)


def run(trial: Trial) -> list[str]:
    return JUDGE.run(trial)


def main() -> None:
    what = "texts (SMS spam, TREC)"
    try_all(__doc__, run, SUBJECT, "text_corruptions", what, "GROUNDWORK_TEXTS")


if __name__ == "__main__":
    main()
