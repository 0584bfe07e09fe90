"""Is a table that was broken on its way noticed, and is a good one left in peace?

5,000 rows of adult and of credit default, with a person and a day for each row, of which the first
70 % were accepted as the profile; then all rows come, broken in one of 28 ways. A way counts as
noticed when something is said that the same rows, unbroken, do not cause: reading refuses the
table, an expectation does not hold, rows are set aside, or `add` has a doubt. Clean rows count as
an alarm when an expectation does not hold.

    GROUNDWORK_TABLES=/data python benchmarks/table_corruptions.py [--seeds 5] [--clean 10]

GROUNDWORK_TABLES is the folder of benchmarks/tables.py.
"""

import argparse
import os
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
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
ROWS, KNOWN = 5_000, 0.7
TARGET = "outcome"
ROLES = {"label": TARGET, "group": "person", "time": "day"}
Random = np.random.Generator


class Broken(NamedTuple):
    """A table as it arrives."""

    rows: pd.DataFrame
    """All cells are texts; empty for missing."""
    text: Callable[[bytes], bytes] = lambda data: data
    """What happens to the bytes of the CSV."""


Break = Callable[[pd.DataFrame, Random], Broken]
WAYS: dict[str, Break] = {}


def way(name: str) -> Callable[[Callable[[pd.DataFrame, Random], object]], Break]:
    """Register a function that changes rows in place, or returns others."""

    def register(change: Callable[[pd.DataFrame, Random], object]) -> Break:
        def spoil(rows: pd.DataFrame, random: Random) -> Broken:
            rows = rows.copy()
            result = change(rows, random)
            if isinstance(result, Broken):
                return result
            return Broken(result if isinstance(result, pd.DataFrame) else rows)

        WAYS[name] = spoil
        return spoil

    return register


def some(rows: pd.DataFrame, random: Random, share: float) -> pd.Index:
    return rows.index[random.random(len(rows)) < share]


def new(rows: pd.DataFrame) -> pd.Index:
    """Rows that were not there when the profile was accepted."""
    return rows.index[round(KNOWN * len(rows)) :]


def inputs(rows: pd.DataFrame) -> list[str]:
    return [name for name in rows.columns if name not in ROLES.values()]


def numbers(rows: pd.DataFrame) -> list[str]:
    """Measured inputs: more than 20 different numbers, none of them in half of the rows."""
    columns = [n for n in inputs(rows) if rows[n].str.fullmatch(r"-?\d+(\.\d+)?|").all()]
    columns = [name for name in columns if rows[name].nunique() > 20]
    return [name for name in columns if rows[name].value_counts(normalize=True).iloc[0] < 0.5]


def categories(rows: pd.DataFrame) -> list[str]:
    return [name for name in inputs(rows) if rows[name].str.contains("[A-Za-z]").any()]


def one(names: list[str], random: Random) -> str:
    return str(random.choice(names))


def as_text(values: pd.Series) -> pd.Series:
    return values.map("{:g}".format)


def of_number(change: Callable[[pd.Series, Random], object], share: float) -> Callable:
    """Change the cells of one measured column that have a value, in a share of the rows."""

    def spoil(rows: pd.DataFrame, random: Random) -> None:
        name = one(numbers(rows), random)
        chosen = some(rows, random, share)
        chosen = chosen[rows.loc[chosen, name] != ""]
        result = change(rows.loc[chosen, name].astype(float), random)
        rows.loc[chosen, name] = as_text(result) if isinstance(result, pd.Series) else result

    return spoil


way("other unit (times 2.54), a third")(of_number(lambda v, _: v * 2.54, 0.33))
way("other unit (times 1000), a tenth")(of_number(lambda v, _: v * 1000, 0.1))
way("placeholder -999, a tenth")(of_number(lambda v, _: "-999", 0.1))
way("comment in a number, 2 %")(of_number(lambda v, _: "not measured (see note)", 0.02))
way("zero for missing, a fifth")(of_number(lambda v, _: "0", 0.2))
way("missing, a third")(of_number(lambda v, _: "", 0.33))
way("sign lost or turned, a third")(of_number(lambda v, _: -v - 1, 0.33))


@way("cells shifted to the right, a third")
def _(rows: pd.DataFrame, random: Random) -> None:
    chosen, names = some(rows, random, 0.33), inputs(rows)
    rows.loc[chosen, names[1:]] = rows.loc[chosen, names[:-1]].to_numpy()


@way("two columns of numbers swapped, new rows")
def _(rows: pd.DataFrame, random: Random) -> None:
    a, b = random.choice(numbers(rows), 2, replace=False)
    rows.loc[new(rows), [a, b]] = rows.loc[new(rows), [b, a]].to_numpy()


@way("a column stuck at one value, new rows")
def _(rows: pd.DataFrame, random: Random) -> None:
    name = one(numbers(rows), random)
    rows.loc[new(rows), name] = rows[name].iloc[0] or "1"


@way("a column cut off at its median, new rows")
def _(rows: pd.DataFrame, random: Random) -> None:
    name = one([n for n in numbers(rows) if rows[n].mode()[0] != rows[n].max()], random)
    values = pd.to_numeric(rows.loc[new(rows), name], errors="coerce")
    upper = values.quantile([0.5, 0.9])
    top = upper.iloc[0] if upper.iloc[0] > values.min() else upper.iloc[1]
    rows.loc[new(rows), name] = as_text(values.clip(upper=top))


@way("drift by a standard deviation, new rows")
def _(rows: pd.DataFrame, random: Random) -> None:
    name = one(numbers(rows), random)
    values = pd.to_numeric(rows[name], errors="coerce")
    rows.loc[new(rows), name] = as_text(values[new(rows)] + values.std())


@way("a new category, a tenth")
def _(rows: pd.DataFrame, random: Random) -> None:
    rows.loc[some(rows, random, 0.1), one(categories(rows), random)] = "not yet coded"


@way("categories coded anew, new rows")
def _(rows: pd.DataFrame, random: Random) -> None:
    name = one(categories(rows), random)
    codes = {value: f"code {n}" for n, value in enumerate(rows[name].unique())}
    rows.loc[new(rows), name] = rows.loc[new(rows), name].map(codes)


@way("two categories swapped, new rows")
def _(rows: pd.DataFrame, random: Random) -> None:
    name = one(categories(rows), random)
    a, b = rows[name].value_counts().index[:2]
    rows.loc[new(rows), name] = rows.loc[new(rows), name].replace({a: b, b: a})


@way("a column lost")
def _(rows: pd.DataFrame, random: Random) -> pd.DataFrame:
    return rows.drop(columns=one(inputs(rows), random))


@way("a column renamed")
def _(rows: pd.DataFrame, random: Random) -> pd.DataFrame:
    name = one(inputs(rows), random)
    return rows.rename(columns={name: f"{name}_v2"})


@way("the outcome among the inputs, 2 % noise")
def _(rows: pd.DataFrame, random: Random) -> None:
    leaked = rows[TARGET].replace({v: f"r{n}" for n, v in enumerate(rows[TARGET].unique())})
    chosen = some(rows, random, 0.02)
    leaked[chosen] = random.permutation(leaked[chosen])
    rows.insert(2, "review_code", leaked)


@way("a column filled in only where the outcome is known to be rare")
def _(rows: pd.DataFrame, random: Random) -> None:
    rare = rows[TARGET] == rows[TARGET].value_counts().index[-1]
    days = pd.Series([str(random.integers(1, 90)) for _ in rows.index], rows.index)
    rows.insert(2, "days_of_stay", days.where(rare, ""))


@way("days of the future, 1 %")
def _(rows: pd.DataFrame, random: Random) -> None:
    rows.loc[some(rows, random, 0.01), "day"] = "2099-01-01"


@way("people twice under another name, a tenth")
def _(rows: pd.DataFrame, random: Random) -> pd.DataFrame:
    again = rows.loc[some(rows, random, 0.1)].assign(person=lambda r: r["person"] + "-b")
    return pd.concat([rows, again], ignore_index=True)


@way("rows twice, a tenth")
def _(rows: pd.DataFrame, random: Random) -> pd.DataFrame:
    return pd.concat([rows, rows.loc[some(rows, random, 0.1)]], ignore_index=True)


@way("outcomes shuffled, all rows")
def _(rows: pd.DataFrame, random: Random) -> None:
    rows[TARGET] = random.permutation(rows[TARGET])


@way("outcomes swapped, new rows")
def _(rows: pd.DataFrame, random: Random) -> None:
    a, b = rows[TARGET].unique()[:2]
    rows.loc[new(rows), TARGET] = rows.loc[new(rows), TARGET].replace({a: b, b: a})


@way("an outcome that nobody knows, 2 %")
def _(rows: pd.DataFrame, random: Random) -> None:
    rows.loc[some(rows, random, 0.02), TARGET] = "to be decided"


@way("one outcome lost in new rows")
def _(rows: pd.DataFrame, random: Random) -> pd.DataFrame:
    rare = rows[TARGET].value_counts().index[-1]
    return rows.drop(new(rows)[rows.loc[new(rows), TARGET] == rare]).reset_index(drop=True)


@way("the second half lost")
def _(rows: pd.DataFrame, random: Random) -> pd.DataFrame:
    return rows.iloc[: len(rows) // 2]


@way("the file cut in the middle of a row")
def _(rows: pd.DataFrame, random: Random) -> Broken:
    return Broken(rows, lambda data: data[: data.rindex(b"\n", 0, -1) + 12])


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
    """5,000 different rows in a random order, each of a person, some with two, on a day."""
    rows = rows.drop_duplicates().fillna("")
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--clean", type=int, default=10, help="seeds of clean rows, each table")
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--only", default="", help="ways whose name has this in it")
    options = parser.parse_args()
    listed = list(trials(options.seeds, options.clean, options.only))
    with ProcessPoolExecutor(options.workers, get_context("spawn")) as pool:
        found = dict(zip(listed, pool.map(run, listed, chunksize=8), strict=True))
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
