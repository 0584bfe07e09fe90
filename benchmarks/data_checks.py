"""How many ways of breaking data does validate notice, and does it keep quiet about good data?

Real data are broken in the ways that corruptions.py lists, at the source (images and labels go
through the pipeline's own `make_rows` again) or, where no source can do it, in the table. Broken
data count as detected when validate would stop, warn, or set rows aside. Three situations:

    grown   the profile is of 70 % of the examples; now there are all, and something broke
    other   the profile is of one half; the other half takes its place, under other ids
    first   the same tables as grown, without a profile

Clean data, halved and grown in the same ways by other seeds, must cause no alarm. The ablation
counts the broken tables that only one expectation notices: deleting it would lose them.

    [GROUNDWORK_CIFAR10=/data/cifar10] python benchmarks/data_checks.py [--seeds 1] [--markdown]

Digits come with scikit-learn; with GROUNDWORK_CIFAR10, also 10,000 images of CIFAR-10.
"""

import argparse
import os
import platform
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache, lru_cache, partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("OMP_NUM_THREADS", "1")  # the workers have the cores

import numpy as np  # noqa: E402
import pyarrow as pa  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402
from corruptions import CORRUPTIONS, Corruption, Draft  # noqa: E402
from numpy.typing import NDArray  # noqa: E402

from pipeline.dataset.assessment import Assessment, assess  # noqa: E402
from pipeline.dataset.catalog import Entry, SplitFractions  # noqa: E402
from pipeline.dataset.examples import SPLITS, Task, make_rows  # noqa: E402
from pipeline.dataset.profile import Profile  # noqa: E402
from pipeline.dataset.records import MEASUREMENTS  # noqa: E402
from pipeline.dataset.sources import examples_table, open_source  # noqa: E402
from pipeline.runtime.params import load_params  # noqa: E402

COLUMNS = ("id", "image", "label", "split", "group", "license")
VERDICTS = ("warning", "set aside", "critical")
SITUATIONS = ("grown", "other", "first")
CIFAR10_TRAIN, CIFAR10_TEST = 8_000, 2_000
BURST, BURST_EVERY = 5, 5  # every fifth five examples in a row are one group, as bursts of photos


@dataclass(frozen=True)
class Data:
    """Clean data: examples as a source gives them, with splits and groups; rows as measured."""

    name: str
    classes: list[str]
    examples: dict[str, list[Any]]
    rows: pa.Table


@dataclass(frozen=True)
class Trial:
    data: str
    situation: str
    """grown or other; first comes with grown."""
    seed: int
    corruption: int | None
    """Place in CORRUPTIONS; None for clean data."""
    strength: int

    @property
    def profile(self) -> tuple[str, str, int]:
        """What tells the accepted profile; each worker makes one for many trials."""
        return self.data, self.situation, self.seed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=1, help="for each corruption and situation")
    parser.add_argument("--clean", type=int, default=25, help="seeds of clean data")
    parser.add_argument("--markdown", action="store_true")
    parser.add_argument("--only", default="", help="corruptions whose name has this in it")
    options = parser.parse_args()
    started = time.perf_counter()
    names = ["digits"] + (["cifar10"] if os.environ.get("GROUNDWORK_CIFAR10") else [])
    broken = sorted(trials(names, options.seeds, options.only), key=lambda t: t.profile)
    clean = [
        Trial(name, situation, 1000 + seed, None, 0)
        for name in names
        for situation in ("grown", "other")
        for seed in range(options.clean)
    ]
    workers = len(os.sched_getaffinity(0))
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        found = list(pool.map(run, broken + clean, chunksize=16))
    report(broken, found[: len(broken)], options.markdown)
    report_clean(clean, found[len(broken) :])
    report_ablation(broken, found[: len(broken)], options.markdown)
    print(
        f"\n{', '.join(names)}; Python {platform.python_version()}, {workers} cores, "
        f"{time.perf_counter() - started:.0f} s"
    )


def trials(names: list[str], seeds: int, only: str) -> Iterator[Trial]:
    for place, corruption in enumerate(CORRUPTIONS):
        for strength in range(len(corruption.strengths)):
            for name in names:
                if only not in corruption.name or (corruption.color and name == "digits"):
                    continue
                for situation in ("grown", "other"):
                    if not (corruption.needs_history and situation == "other"):
                        for seed in range(seeds):
                            yield Trial(name, situation, seed, place, strength)


def run(trial: Trial) -> dict[str, dict[str, str]]:
    """The expectations that fail and what follows from each, by situation."""
    data = load(trial.data)
    old, new = parts(*trial.profile)
    accepted = accept(*trial.profile)
    table = data.rows.filter(pa.array(new))
    if trial.corruption is not None:
        random = np.random.default_rng([trial.seed, trial.corruption, trial.strength, sum(old)])
        rows = np.flatnonzero(new).tolist()
        columns = {name: [values[row] for row in rows] for name, values in data.examples.items()}
        draft = Draft(columns, data.classes, random, set())
        table = spoil(CORRUPTIONS[trial.corruption], trial.strength, draft, table)
    outcomes = check(table, data.classes, accepted.profile).outcomes
    failed = {o.name: o.consequence for o in outcomes if not o.success}
    found = {trial.situation: failed}
    if trial.situation == "grown":  # what is asked without a profile is asked with one, too
        asked = {outcome.name for outcome in accepted.outcomes}
        found["first"] = {name: kind for name, kind in failed.items() if name in asked}
    return found


def parts(name: str, situation: str, seed: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which examples the profile is of, and which there are then; groups stay together."""
    examples = load(name).examples
    owners = [g or i for g, i in zip(examples["group"], examples["id"], strict=True)]
    known, owner_of = np.unique(owners, return_inverse=True)
    draw = np.random.default_rng([seed, situation == "other"]).random(len(known))[owner_of]
    if situation == "grown":
        return draw < 0.7, np.ones(len(draw), bool)
    return draw < 0.5, draw >= 0.5


@lru_cache(maxsize=8)
def accept(name: str, situation: str, seed: int) -> Assessment:
    data = load(name)
    return check(data.rows.filter(pa.array(parts(name, situation, seed)[0])), data.classes, None)


def check(table: pa.Table, classes: list[str], before: Profile | None) -> Assessment:
    limits = load_params(ROOT / "params.yaml").validation
    return assess(
        table,
        classes,
        [],
        min_examples_per_class=limits.min_examples_per_class,
        max_drift=limits.max_drift,
        before=before,
    )


def spoil(corruption: Corruption, strength: int, draft: Draft, clean: pa.Table) -> pa.Table:
    value = corruption.strengths[strength]
    if corruption.spoil_table is not None:
        return corruption.spoil_table(clean, draft.random, value)
    assert corruption.spoil is not None
    corruption.spoil(draft, value)
    place = {id: row for row, id in enumerate(clean["id"].to_pylist())}
    changed = sorted(draft.changed)
    columns = {name: [values[row] for row in changed] for name, values in draft.columns.items()}
    again = measure(draft.classes, columns)
    order = {row: len(clean) + number for number, row in enumerate(changed)}
    taken = [order.get(row, place.get(id, -1)) for row, id in enumerate(draft.columns["id"])]
    return pa.concat_tables([clean, again]).unify_dictionaries().take(taken)


def measure(classes: list[str], columns: dict[str, list[Any]]) -> pa.Table:
    """Rows of data/raw, by the pipeline itself; the splits are those that the columns have."""
    columns = dict(columns)
    examples = partial(examples_table, columns.pop("id"), **columns)
    return make_rows(task(examples, classes, frozenset(SPLITS))).table.select(MEASUREMENTS)


def task(read: Any, classes: list[str], splits: frozenset[str]) -> Task:
    return Task(
        read=read,
        classes=classes,
        splits_given=splits,
        fractions=SplitFractions(val=0.1, test=0.2),
        seed=0,
        max_pixels=1e8,
        source="benchmark",
        license="CC-BY-4.0",
        purposes=None,
        purpose="training",
        opted_out=frozenset(),
        pseudonym_key=None,
    )


@cache
def load(name: str) -> Data:
    """Read the data through their source, with groups, and with splits as ingest draws them."""
    if name == "digits":
        source = open_source(Entry(uri="builtin:digits", license="CC-BY-4.0"))
        table = pa.concat_tables([read() for read in source.batches])
    else:
        with tempfile.TemporaryDirectory() as folder:
            part_of_cifar10(Path(os.environ["GROUNDWORK_CIFAR10"]), Path(folder))
            source = open_source(Entry(uri=folder, license="CC-BY-4.0", kind="parquet"))
            table = pa.concat_tables([read() for read in source.batches])
    columns = {name: table[name].to_pylist() for name in COLUMNS}
    columns["group"] = [
        f"burst {row // BURST}" if row // BURST % BURST_EVERY == 0 else None
        for row in range(len(table))
    ]
    drawn = dict(columns)
    read = partial(examples_table, drawn.pop("id"), **drawn)
    rows = make_rows(task(read, source.classes, source.splits)).table.select(MEASUREMENTS)
    columns["split"] = rows["split"].to_pylist()
    return Data(name, source.classes, columns, rows)


def part_of_cifar10(source: Path, folder: Path) -> None:
    for split, num in (("train", CIFAR10_TRAIN), ("test", CIFAR10_TEST)):
        path = min(source.glob(f"{split}-*.parquet"))
        pq.write_table(pq.read_table(path).slice(0, num), folder / f"{split}.parquet")


def report(trials: list[Trial], found: list[dict[str, dict[str, str]]], markdown: bool) -> None:
    """Detected of tried, for each corruption and strength, in each situation."""
    counts: dict[tuple[int, int], dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for trial, by_situation in zip(trials, found, strict=True):
        assert trial.corruption is not None
        for situation, names in by_situation.items():
            counts[trial.corruption, trial.strength][situation].append(bool(names))
    rows = [
        [
            CORRUPTIONS[place].name,
            say(CORRUPTIONS[place].strengths[strength]),
            *(f"{sum(of[s])}/{len(of[s])}" if of[s] else "" for s in SITUATIONS),
        ]
        for (place, strength), of in sorted(counts.items())
    ]
    print_table(["corruption", "strength", *SITUATIONS], rows, markdown)
    print(f"\n{len({place for place, _ in counts})} corruptions at {len(counts)} strengths")
    for situations in (("grown", "other"), ("first",)):
        hits = [hit for of in counts.values() for s in situations for hit in of[s]]
        rate = np.mean(hits)
        print(f"detected, {' and '.join(situations)}: {sum(hits)} of {len(hits)}, {rate:.1%}")


def report_clean(trials: list[Trial], found: list[dict[str, dict[str, str]]]) -> None:
    alarms: Counter[str] = Counter()
    num = 0
    for trial, by_situation in zip(trials, found, strict=True):
        for situation, names in by_situation.items():
            num += 1
            alarms.update(f"{trial.data}, {situation}: {name}" for name in names)
    print(f"false alarms on clean data: {alarms.total()} in {num} runs")
    for name, number in alarms.most_common():
        print(f"  {number} {name}")


def report_ablation(
    trials: list[Trial], found: list[dict[str, dict[str, str]]], markdown: bool
) -> None:
    """For each expectation: tables that it notices, and those judged more mildly without it.

    From the outcomes: what another expectation would find in rows that are set aside is not known.
    """
    seen: Counter[str] = Counter()
    needed: dict[str, Counter[str]] = defaultdict(Counter)
    for trial, by_situation in zip(trials, found, strict=True):
        assert trial.corruption is not None
        for situation, failed in by_situation.items():
            seen.update(failed.keys())
            for name in failed:
                others = [kind for other, kind in failed.items() if other != name]
                if verdict(others) < verdict(failed.values()):
                    needed[name][f"{CORRUPTIONS[trial.corruption].name} ({situation})"] += 1
    print()
    rows = [
        [
            name,
            str(number),
            str(needed[name].total()),
            ", ".join(key for key, _ in needed[name].most_common(1)),
        ]
        for name, number in seen.most_common()
    ]
    print_table(["expectation", "notices", "needed", "such as"], rows, markdown)
    useless = [name for name in seen if not needed[name]]
    print(f"expectations whose deletion would change no verdict: {', '.join(useless) or 'none'}")


def verdict(consequences: Iterable[str]) -> int:
    """0 for nothing noticed, 1 for a warning, 2 for rows set aside, 3 for a stop."""
    return max((VERDICTS.index(kind) + 1 for kind in consequences), default=0)


def say(strength: Any) -> str:
    if isinstance(strength, tuple):
        return " ".join(map(say, strength))
    return f"{strength:.1%}" if isinstance(strength, float) else str(strength)


def print_table(header: list[str], rows: list[list[str]], markdown: bool) -> None:
    if markdown:
        print("\n".join(f"| {' | '.join(row)} |" for row in [header, ["---"] * len(header), *rows]))
        return
    widths = [max(len(row[column]) for row in [header, *rows]) + 2 for column in range(len(header))]
    for row in [header, *rows]:
        print("".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip())


if __name__ == "__main__":
    main()
