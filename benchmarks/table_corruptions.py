"""Is a table that was broken on its way noticed, and is a good one left in peace?

5,000 rows of adult and of credit default, with a person and a day for each row, broken in one of 28
ways; see broken.py for what counts.

    GROUNDWORK_TABLES=/data python benchmarks/table_corruptions.py [--seeds 5] [--clean 10]

GROUNDWORK_TABLES is the folder of table_data.py. `--keep FILE` has results as they come, and a run
that is stopped goes on from it.
"""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import pandas as pd
from broken import Judge, Random, Subject, Trial, try_all
from table_breaks import ROLES, TARGET, WAYS, inputs

from pipeline.runtime.settings import Kind

ROWS = 5_000


def adult(random: Random) -> pd.DataFrame:
    path = Path(os.environ["GROUNDWORK_TABLES"]) / "adult/adult-train.csv"
    rows = pd.read_csv(path, header=None, dtype=str, na_values=["?"], skipinitialspace=True)
    names = "age work weight education years marital occupation relation race sex gain loss hours"
    return prepared(rows.set_axis([*names.split(), "country", TARGET], axis=1), random)


def credit(random: Random) -> pd.DataFrame:
    path = Path(os.environ["GROUNDWORK_TABLES"]) / "credit_default/UCI_Credit_Card.csv"
    rows = pd.read_csv(path, dtype=str).drop(columns="ID")
    for name in ("SEX", "EDUCATION", "MARRIAGE"):
        rows[name] = rows[name].map("c{}".format)
    rows = rows.rename(columns={"default.payment.next.month": TARGET})
    rows[TARGET] = rows[TARGET].map({"0": "paid", "1": "default"})
    return prepared(rows, random)


def prepared(rows: pd.DataFrame, random: Random) -> pd.DataFrame:
    """5,000 rows with different inputs in a random order, each of a person, some with two, on a
    day: credit has rows that differ in the outcome alone, and two splits may have such a pair."""
    rows = rows.drop_duplicates(subset=inputs(rows)).fillna("")
    rows = rows.iloc[random.permutation(len(rows))[:ROWS]].reset_index(drop=True)
    rows.insert(0, "person", [f"p{n:05d}" for n in random.integers(0, 4 * ROWS, len(rows))])
    days = np.sort(random.integers(0, 700, len(rows)))
    rows.insert(1, "day", [str(np.datetime64("2022-01-01") + n) for n in days])
    return rows


SUBJECT = Subject(
    Kind(modality="tables", target="classes"),
    "tables-classes.yaml",
    {"columns": ROLES, "split": {"by": "group", "val": 0.15, "test": 0.2}},
    {"adult": adult, "credit": credit},
    WAYS,
)
JUDGE = Judge(SUBJECT)


def run(trial: Trial) -> list[str]:
    return JUDGE.run(trial)


def main() -> None:
    what = "tables (adult, credit default)"
    try_all(__doc__, run, SUBJECT, "table_corruptions", what, "GROUNDWORK_TABLES")


if __name__ == "__main__":
    main()
