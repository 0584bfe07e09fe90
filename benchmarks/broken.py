"""Data that are broken on their way to us: how ways to break them are registered, and whether each
is noticed; for table_corruptions.py and text_corruptions.py.

The first KNOWN rows were accepted as the profile; then all come, broken. A way counts as noticed
when something is said that the same rows, unbroken, do not cause: reading refuses the file or says
something else of it, rows are set aside, or an expectation does not hold. Clean rows count as an
alarm when an expectation does not hold.

Of a trial's time Great Expectations takes 85 %, so rules are judged here by a few lines of pandas;
every BY_BOTH-th trial is judged by both, which must agree.
"""

import argparse
import json
import os
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

os.environ.setdefault("OMP_NUM_THREADS", "1")  # the workers have the cores

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from results import Figure, save

from pipeline.dataset.expectations.drift import Profile
from pipeline.dataset.expectations.rules import (
    BETWEEN,
    EQUAL,
    IN_SET,
    IS_NULL,
    MEAN_BETWEEN,
    NOT_NULL,
    NUM_ROWS,
    Rule,
)
from pipeline.entry import entry_type
from pipeline.ingest.rows import job_maker, make_rows
from pipeline.ingest.sources.opening import open_source
from pipeline.modalities.opening import open_checks, open_prepare
from pipeline.params import load_params
from pipeline.runtime.errors import GroundworkError
from pipeline.runtime.settings import Kind
from pipeline.targets.opening import open_labels, open_rules
from pipeline.validate.assessment import Ask, Assessment, assess
from pipeline.validate.columns import expected_columns, time_type
from pipeline.validate.expectations import Outcome, check

KNOWN = 0.7
"""The share of rows that were there when the profile was accepted."""
BY_BOTH = 25
DIVERGENCE, UNIQUE = (
    "expect_column_kl_divergence_to_be_less_than",
    "expect_column_values_to_be_unique",
)
RECIPES = Path(__file__).resolve().parent.parent / "recipes"
Random = np.random.Generator


# Ways


class Broken(NamedTuple):
    """Rows as they arrive."""

    rows: pd.DataFrame
    """All cells are texts; empty for missing."""
    data: Callable[[bytes], bytes] = lambda data: data
    """What happens to the bytes of the CSV."""


Change = Callable[[pd.DataFrame, Random], object]
"""Changes rows in place, or returns others, or what arrives."""


class Ways(dict[str, Change]):
    """Ways to break rows, by name."""

    def way(self, name: str) -> Callable[[Change], Change]:
        def register(change: Change) -> Change:
            self[name] = change
            return change

        return register

    def spoil(self, name: str, rows: pd.DataFrame, random: Random) -> Broken:
        rows = rows.copy()
        result = self[name](rows, random)
        if isinstance(result, Broken):
            return result
        return Broken(result if isinstance(result, pd.DataFrame) else rows)


def some(rows: pd.DataFrame, random: Random, share: float) -> pd.Index:
    return rows.index[random.random(len(rows)) < share]


def new(rows: pd.DataFrame) -> pd.Index:
    """Rows that were not there when the profile was accepted."""
    return rows.index[round(KNOWN * len(rows)) :]


# Judging


class Subject(NamedTuple):
    """What is broken."""

    kind: Kind
    recipe: str
    entry: Mapping[str, Any]
    """Of the catalog, beside uri and license."""
    tables: Mapping[str, Callable[[Random], pd.DataFrame]]
    """Clean rows in a random order, by name."""
    ways: Ways


class Trial(NamedTuple):
    table: str
    seed: int
    way: str = ""
    """Empty for the rows as they are."""


def judge(table: pd.DataFrame, rules: Sequence[Rule], noun: str = "examples") -> list[Outcome]:
    """Judge rules as `check` does; their findings are not put into words."""
    return [
        Outcome(rule, True, "", judged=False) if rule.lacking else _judged(rule, table)
        for rule in rules
    ]


def _judged(rule: Rule, table: pd.DataFrame) -> Outcome:
    type, kwargs = rule.expectation.type, rule.expectation.kwargs
    low, high = kwargs.get("min_value"), kwargs.get("max_value")
    low, high = (-np.inf if low is None else low), (np.inf if high is None else high)
    if type == NUM_ROWS:
        return Outcome(rule, low <= len(table) <= high, "")
    values = table[kwargs.get("column", kwargs.get("column_A"))]
    if type == MEAN_BETWEEN:
        return Outcome(rule, bool(low <= values.mean() <= high), "")
    if type == DIVERGENCE:
        partition = kwargs["partition_object"]
        return Outcome(rule, _divergence(values, partition) <= kwargs["threshold"], "")
    there = values.notna()
    if type in (IS_NULL, NOT_NULL):
        fails, judged = (there if type == IS_NULL else ~there), pd.Series(True, values.index)
    elif type == UNIQUE:
        fails, judged = values.duplicated(keep=False) & there, there
    elif type == EQUAL:
        fails, judged = values != table[kwargs["column_B"]], there
    elif type == IN_SET:
        fails, judged = ~values.isin(kwargs["value_set"]) & there, there
    elif type == BETWEEN:
        fails, judged = ((values < low) | (values > high)) & there, there
    else:
        return check(table, [rule])[0]
    success = int(fails.sum()) <= (1 - kwargs.get("mostly", 1.0)) * max(int(judged.sum()), 1)
    failed = () if success else tuple(table["id"][fails].astype(str))
    return Outcome(rule, success, "", failed)


def _divergence(values: pd.Series, partition: dict[str, list]) -> float:
    shares = values.value_counts(normalize=True)
    shares = shares[shares > 0]
    weights = dict(zip(partition["values"], partition["weights"], strict=True))
    return sum(
        float(p) * np.log(p / weights[v]) if v in weights else np.inf for v, p in shares.items()
    )


def look(
    subject: Subject, broken: Broken, before: Profile | None, ask: Ask = judge
) -> tuple[Assessment, frozenset[str]]:
    """Read rows as ingest does and judge them as validate does; all that is said of them.

    Raises:
        GroundworkError: they cannot be read.
    """
    kind, params = subject.kind, params_of(subject.recipe)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.csv"
        path.write_bytes(broken.data(broken.rows.to_csv(index=False).encode()))
        entry = entry_type(kind.modality, kind.target)(
            uri=str(path), license="CC-BY-4.0", **subject.entry
        )
        prepare, labels = open_prepare(kind.modality), open_labels(kind.target)
        source = open_source(entry, prepare, labels)
        make_job = job_maker(
            "rows", entry, source, kind, seed=0, limits=params.ingest, purpose="training"
        )
        table = pa.concat_tables([make_rows(make_job(batch)).table for batch in source.batches])
    content = prepare.new_tally()
    content.add(table.filter(pc.is_null(table["problem"])))
    options = {"options": source.options} if source.options else {}
    checks, rules = open_checks(kind.modality), open_rules(kind.target)
    names = expected_columns(checks, rules, time_type(table.schema)).names
    found = assess(
        table.select([name for name in names if name in table.column_names]),
        {"target": dict(source.target), "content": content.index(entry) | options},
        [],
        checks,
        rules,
        settings=params.validation,
        before=before,
        ask=ask,
    )
    said = {f"expectation: {o.name}" for o in found.outcomes if o.judged and not o.success}
    said |= {f"set aside: {reason}" for reason in found.quarantine.values()}
    said |= {without_figures(sentence) for sentence in (*source.notes, *source.doubts)}
    return found, frozenset(said)


@lru_cache(maxsize=1)
def params_of(recipe: str) -> Any:
    return load_params(RECIPES / recipe)


def without_figures(sentence: str) -> str:
    """The sentence as it is whatever the number of rows."""
    return re.sub(r"\d[\d.,]*", "N", sentence)


class Judge:
    """What is said of trials; clean rows and their profile are kept from one to the next."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._known = lru_cache(maxsize=2)(self._learn)

    def _learn(self, table: str, seed: int) -> tuple[pd.DataFrame, Profile, frozenset[str]]:
        """The clean rows, the profile of the first of them, and what is said of all of them."""
        rows = self._subject.tables[table](np.random.default_rng(seed))
        first = Broken(rows.iloc[: round(KNOWN * len(rows))])
        profile = look(self._subject, first, None)[0].profile
        return rows, profile, look(self._subject, Broken(rows), profile)[1]

    def run(self, trial: Trial) -> list[str]:
        """What is said of the rows of a trial that is not said of the clean ones; of these,
        alarms."""
        ways = self._subject.ways
        rows, profile, usual = self._known(trial.table, trial.seed)
        if not trial.way:
            return [sentence for sentence in usual if sentence.startswith("expectation")]
        number = list(ways).index(trial.way)
        broken = ways.spoil(trial.way, rows, np.random.default_rng([trial.seed, number]))
        try:
            said = look(self._subject, broken, profile)[1]
        except GroundworkError as error:
            return [f"refused: {error.what}"]
        if (number + trial.seed) % BY_BOTH == 0:
            by_library = look(self._subject, broken, profile, check)[1]
            assert said == by_library, (trial, said ^ by_library)
        return sorted(said - usual)


# All trials


def try_all(
    doc: str, run: Callable[[Trial], list[str]], subject: Subject, name: str, what: str, env: str
) -> None:
    """Run all trials and save the figures.

    Args:
        doc: of the benchmark.
        run: of a Judge of `subject`, as a function of the benchmark's module, so that processes can
            find it.
        name: of the benchmark and its results.
        what: the rows, such as `tables (adult, credit default)`.
        env: the variable that names the folder of the data.
    """
    parser = argparse.ArgumentParser(description=doc.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--clean", type=int, default=10, help="seeds of clean rows, each table")
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--only", default="", help="ways whose name has this in it")
    parser.add_argument("--keep", type=Path, metavar="FILE", help="results, a JSON array a line")
    options = parser.parse_args()
    listed = list(trials(subject, options.seeds, options.clean, options.only))
    found = run_all(run, listed, options.workers, options.keep)
    for way in subject.ways:
        of_way = {trial: found[trial] for trial in listed if trial.way == way}
        causes = Counter(cause for said in of_way.values() for cause in said)
        usual = "; ".join(cause[:90] for cause, _ in causes.most_common(2))
        missed = Counter(trial.table for trial, said in of_way.items() if not said)
        lost = "".join(f" (not {number} of {table})" for table, number in missed.items())
        num = len(of_way) - missed.total()
        if of_way:
            print(f"{num:3} of {len(of_way):3}  {way}{lost}: {usual}")
    broken = [trial for trial in listed if trial.way]
    noticed = sum(bool(found[trial]) for trial in broken)
    clean = [trial for trial in listed if not trial.way]
    alarms = Counter(sentence for trial in clean for sentence in found[trial])
    print(f"noticed {noticed} of {len(broken)}; alarms {dict(alarms)} in {len(clean)} clean runs")
    if options.only:
        return
    share = f"{noticed} of {len(broken)} ({noticed / len(broken):.1%})"
    num_alarms = sum(bool(found[trial]) for trial in clean)
    noun = what.split(" ", 1)[0]
    figures = [
        Figure("validate", f"{len(subject.ways)} kinds of broken {what}, noticed", share,
               options.seeds),
        Figure("validate", f"alarms on clean {noun}", f"{num_alarms} runs", len(clean)),
    ]  # fmt: skip
    save(name, figures, f"{env}=DIR python benchmarks/{name}.py --seeds {options.seeds}")


def trials(subject: Subject, seeds: int, clean: int, only: str) -> Iterator[Trial]:
    for table in subject.tables:
        yield from (Trial(table, 1000 + seed) for seed in range(clean))
        for seed in range(seeds):
            yield from (Trial(table, seed, way) for way in subject.ways if only in way)


def run_all(
    run: Callable[[Trial], list[str]], listed: Sequence[Trial], workers: int, kept: Path | None
) -> dict[Trial, list[str]]:
    """What `run` says of each trial; of those in `kept`, what it said before."""
    found: dict[Trial, list[str]] = {}
    if kept is not None and kept.exists():
        for line in kept.read_text(encoding="utf-8").splitlines():
            trial, said = json.loads(line)
            found[Trial(*trial)] = said
    left = [trial for trial in listed if trial not in found]
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        answers = pool.map(run, left, chunksize=8) if workers > 1 else map(run, left)
        for trial, said in zip(left, answers, strict=True):
            found[trial] = said
            print(*trial, len(said), file=sys.stderr, flush=True)
            if kept is not None:
                with kept.open("a", encoding="utf-8") as file:
                    file.write(json.dumps([trial, said]) + "\n")
    return found
