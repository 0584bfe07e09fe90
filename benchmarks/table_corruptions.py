"""Is a table that was broken on its way noticed, and is a good one left in peace?

5,000 rows of adult and of credit default, with a person and a day for each row, of which the first
70 % were accepted as the profile; then all rows come, broken in one of 28 ways. A way counts as
noticed when something is said that the same rows, unbroken, do not cause: reading refuses the
table, an expectation does not hold, rows are set aside, or `add` has a doubt. Clean rows count as
an alarm when an expectation does not hold.

    GROUNDWORK_TABLES=/data python benchmarks/table_corruptions.py [--seeds 5] [--clean 10]

GROUNDWORK_TABLES is the folder of table_data.py. `--keep FILE` has results as they come, and a run
that is stopped goes on from it.
"""

import argparse
import json
import os
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("OMP_NUM_THREADS", "1")  # the workers have the cores

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from results import Figure, save
from table_breaks import KNOWN, ROLES, TARGET, WAYS, Broken, Random, inputs

from pipeline.dataset.expectations.drift import Profile
from pipeline.entry import entry_type
from pipeline.ingest.rows import job_maker, make_rows
from pipeline.ingest.sources.opening import open_source
from pipeline.modalities.opening import open_checks, open_prepare
from pipeline.params import load_params
from pipeline.runtime.errors import GroundworkError
from pipeline.runtime.settings import Kind
from pipeline.targets.opening import open_labels, open_rules
from pipeline.validate.assessment import Assessment, assess
from pipeline.validate.columns import expected_columns, time_type

KIND = Kind(modality="tables", target="classes")
RECIPE = Path(__file__).resolve().parent.parent / "recipes/tables-classes.yaml"
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


TABLES = {"adult": adult, "credit": credit}


def prepared(rows: pd.DataFrame, random: Random) -> pd.DataFrame:
    """5,000 rows with different inputs in a random order, each of a person, some with two, on a
    day: credit has rows that differ in the outcome alone, and two splits may have such a pair."""
    rows = rows.drop_duplicates(subset=inputs(rows)).fillna("")
    rows = rows.iloc[random.permutation(len(rows))[:ROWS]].reset_index(drop=True)
    rows.insert(0, "person", [f"p{n:05d}" for n in random.integers(0, 4 * ROWS, len(rows))])
    days = np.sort(random.integers(0, 700, len(rows)))
    rows.insert(1, "day", [str(np.datetime64("2022-01-01") + n) for n in days])
    return rows


class Trial(NamedTuple):
    table: str
    seed: int
    way: str = ""
    """Empty for the rows as they are."""


@lru_cache(maxsize=4)
def known(table: str, seed: int) -> tuple[pd.DataFrame, Profile, frozenset[str]]:
    """The clean rows, the profile of the first of them, and what is said of all of them."""
    rows = TABLES[table](np.random.default_rng(seed))
    accepted = look(Broken(rows.iloc[: round(KNOWN * len(rows))]), None)[0]
    return rows, accepted.profile, look(Broken(rows), accepted.profile)[1]


def look(broken: Broken, before: Profile | None) -> tuple[Assessment, frozenset[str]]:
    """Read a table as ingest does and judge it as validate does; all that is said of it.

    Raises:
        GroundworkError: it cannot be read.
    """
    params = load_params(RECIPE)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.csv"
        path.write_bytes(broken.text(broken.rows.to_csv(index=False).encode()))
        entry = entry_type(KIND.modality, KIND.target)(
            uri=str(path),
            license="CC-BY-4.0",
            columns=ROLES,
            split={"by": "group", "val": 0.15, "test": 0.2},
        )
        prepare, labels = open_prepare(KIND.modality), open_labels(KIND.target)
        source = open_source(entry, prepare, labels)
        make_job = job_maker(
            "table", entry, source, KIND, seed=0, limits=params.ingest, purpose="training"
        )
        table = pa.concat_tables([make_rows(make_job(batch)).table for batch in source.batches])
    content = prepare.new_tally()
    content.add(table.filter(pc.is_null(table["problem"])))
    options = {"options": source.options} if source.options else {}
    checks, rules = open_checks(KIND.modality), open_rules(KIND.target)
    names = expected_columns(checks, rules, time_type(table.schema)).names
    found = assess(
        table.select([name for name in names if name in table.column_names]),
        {"target": dict(source.target), "content": content.index(entry) | options},
        [],
        checks,
        rules,
        settings=params.validation,
        before=before,
    )
    said = {f"expectation: {o.name}" for o in found.outcomes if o.judged and not o.success}
    said |= {f"set aside: {reason}" for reason in found.quarantine.values()}
    said |= {without_figures(sentence) for sentence in (*source.notes, *source.doubts)}
    return found, frozenset(said)


def without_figures(sentence: str) -> str:
    """The sentence as it is whatever the number of rows."""
    return re.sub(r"\d[\d.,]*", "N", sentence)


def run(trial: Trial) -> list[str]:
    """What is said of the rows of a trial that is not said of the clean ones; of these, alarms."""
    rows, profile, usual = known(trial.table, trial.seed)
    if not trial.way:
        return [sentence for sentence in usual if sentence.startswith("expectation")]
    random = np.random.default_rng([trial.seed, list(WAYS).index(trial.way)])
    try:
        return sorted(look(WAYS[trial.way](rows, random), profile)[1] - usual)
    except GroundworkError as error:
        return [f"refused: {error.what}"]


def trials(seeds: int, clean: int, only: str) -> Iterator[Trial]:
    for table in TABLES:
        yield from (Trial(table, 1000 + seed) for seed in range(clean))
        for seed in range(seeds):
            yield from (Trial(table, seed, name) for name in WAYS if only in name)


def run_all(listed: Sequence[Trial], workers: int, kept: Path | None) -> dict[Trial, list[str]]:
    """What `run` says of each trial; of those in `kept`, what it said before."""
    found: dict[Trial, list[str]] = {}
    if kept is not None and kept.exists():
        for line in kept.read_text(encoding="utf-8").splitlines():
            trial, said = json.loads(line)
            found[Trial(*trial)] = said
    left = [trial for trial in listed if trial not in found]
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        for trial, said in zip(left, pool.map(run, left, chunksize=8), strict=True):
            found[trial] = said
            if kept is not None:
                with kept.open("a", encoding="utf-8") as file:
                    file.write(json.dumps([trial, said]) + "\n")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--clean", type=int, default=10, help="seeds of clean rows, each table")
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--only", default="", help="ways whose name has this in it")
    parser.add_argument("--keep", type=Path, metavar="FILE", help="results, a JSON array a line")
    options = parser.parse_args()
    listed = list(trials(options.seeds, options.clean, options.only))
    found = run_all(listed, options.workers, options.keep)
    for name in WAYS:
        hits = [bool(found[trial]) for trial in listed if trial.way == name]
        causes = Counter(s for trial in listed if trial.way == name for s in found[trial])
        usual = "; ".join(cause[:90] for cause, _ in causes.most_common(2))
        print(f"{sum(hits):3} of {len(hits):3}  {name}: {usual}")
    broken = [trial for trial in listed if trial.way]
    noticed = sum(bool(found[trial]) for trial in broken)
    clean = [trial for trial in listed if not trial.way]
    alarms = Counter(sentence for trial in clean for sentence in found[trial])
    print(f"noticed {noticed} of {len(broken)}; alarms {dict(alarms)} in {len(clean)} clean runs")
    if options.only:
        return
    command = (
        f"GROUNDWORK_TABLES=DIR python benchmarks/table_corruptions.py --seeds {options.seeds}"
    )
    share = f"{noticed} of {len(broken)} ({noticed / len(broken):.1%})"
    what = f"{len(WAYS)} kinds of broken tables (adult, credit default), noticed"
    num_alarms = sum(bool(found[trial]) for trial in clean)
    save(
        "table_corruptions",
        [
            Figure("validate", what, share, options.seeds),
            Figure("validate", "alarms on clean tables", f"{num_alarms} runs", len(clean)),
        ],
        command,
    )


if __name__ == "__main__":
    main()
