"""One trial of benchmarks/data_checks.py: clean data, a way of breaking them, what is noticed."""

import os
import tempfile
from dataclasses import dataclass
from functools import cache, lru_cache, partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from corruptions import CORRUPTIONS, Corruption
from drafts import Draft
from numpy.typing import NDArray

from pipeline.dataset.expectations.drift import Profile
from pipeline.dataset.splits.rule import SplitRule
from pipeline.dataset.table import SPLITS
from pipeline.entry import entry_type
from pipeline.ingest.admission import Terms
from pipeline.ingest.rows import IngestJob, look_at
from pipeline.ingest.sources.opening import open_source
from pipeline.modalities.opening import open_checks, open_prepare
from pipeline.params import load_params
from pipeline.sources.source import Source, examples_table
from pipeline.targets.opening import open_labels, open_rules
from pipeline.validate.assessment import Assessment, assess

PARAMS = Path(__file__).resolve().parent.parent / "params.yaml"
MODALITY, TARGET = "images", "classes"
Entry = entry_type(MODALITY, TARGET)
COLUMNS = ("id", "image", "label", "split", "group", "license")
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


def run(trial: Trial) -> dict[str, dict[str, str]]:
    """The expectations that fail and what follows from each, by situation."""
    data = _load(trial.data)
    old, new = _parts(*trial.profile)
    accepted = _accept(*trial.profile)
    table = data.rows.filter(pa.array(new))
    if trial.corruption is not None:
        random = np.random.default_rng([trial.seed, trial.corruption, trial.strength, sum(old)])
        rows = np.flatnonzero(new).tolist()
        columns = {name: [values[row] for row in rows] for name, values in data.examples.items()}
        draft = Draft(columns, data.classes, random, set())
        table = _spoil(CORRUPTIONS[trial.corruption], trial.strength, draft, table)
    outcomes = _check(table, data.classes, accepted.profile).outcomes
    failed = {o.name: o.consequence for o in outcomes if not o.success}
    found = {trial.situation: failed}
    if trial.situation == "grown":  # what is asked without a profile is asked with one, too
        asked = {outcome.name for outcome in accepted.outcomes}
        found["first"] = {name: kind for name, kind in failed.items() if name in asked}
    return found


def _parts(name: str, situation: str, seed: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which examples the profile is of, and which there are then; groups stay together."""
    examples = _load(name).examples
    owners = [g or i for g, i in zip(examples["group"], examples["id"], strict=True)]
    known, owner_of = np.unique(owners, return_inverse=True)
    draw = np.random.default_rng([seed, situation == "other"]).random(len(known))[owner_of]
    if situation == "grown":
        return draw < 0.7, np.ones(len(draw), bool)
    return draw < 0.5, draw >= 0.5


@lru_cache(maxsize=8)
def _accept(name: str, situation: str, seed: int) -> Assessment:
    data = _load(name)
    return _check(data.rows.filter(pa.array(_parts(name, situation, seed)[0])), data.classes, None)


def _check(table: pa.Table, classes: list[str], before: Profile | None) -> Assessment:
    usable = table.filter(pc.is_null(table["problem"]))
    prepare = open_prepare(MODALITY)
    content = prepare.new_tally()
    if {m.name for m in prepare.MEASUREMENTS} <= set(usable.column_names):  # else validate says it
        content.add(usable)
    entry = Entry(uri="benchmark", license="benchmark")
    return assess(
        table,
        {"target": {"classes": classes}, "content": content.index(entry)},
        [],
        open_checks(MODALITY),
        open_rules(TARGET),
        settings=load_params(PARAMS).validation,
        before=before,
    )


def _spoil(corruption: Corruption, strength: int, draft: Draft, clean: pa.Table) -> pa.Table:
    value = corruption.strengths[strength]
    if corruption.spoil_table is not None:
        return corruption.spoil_table(clean, draft.random, value)
    assert corruption.spoil is not None
    corruption.spoil(draft, value)
    place = {id: row for row, id in enumerate(clean["id"].to_pylist())}
    changed = sorted(draft.changed)
    columns = {name: [values[row] for row in changed] for name, values in draft.columns.items()}
    again = _measure(draft.classes, columns)
    # Examples without a label are not among them: they wait in the pool.
    measured = {id: len(clean) + row for row, id in enumerate(again["id"].to_pylist())}
    taken = [
        (measured if row in draft.changed else place).get(id)
        for row, id in enumerate(draft.columns["id"])
    ]
    kept = [row for row in taken if row is not None]
    both = pa.concat_tables([clean, again]) if len(again) else clean
    return both.unify_dictionaries().take(kept)


def _measure(classes: list[str], columns: dict[str, list[Any]]) -> pa.Table:
    """Rows of data/raw, by the pipeline itself; the splits are those that the columns have."""
    columns = dict(columns)
    examples = partial(examples_table, "image", columns.pop("id"), **columns)
    return look_at(_job(examples, classes, frozenset(SPLITS))).table


def _job(read: Any, classes: list[str], splits: frozenset[str]) -> IngestJob:
    return IngestJob(
        read=read,
        modality=MODALITY,
        target=TARGET,
        index={"classes": classes},
        splits_given=splits,
        fractions=SplitRule(val=0.1, test=0.2),
        seed=0,
        limits=SimpleNamespace(max_megapixels=100),
        source="benchmark",
        terms=Terms(
            license="CC-BY-4.0",
            purposes=None,
            purpose="training",
            opted_out=frozenset(),
            pseudonym_key=None,
        ),
    )


def _open(**more: Any) -> Source:
    entry = Entry(license="CC-BY-4.0", **more)
    return open_source(entry, open_prepare(MODALITY), open_labels(TARGET))


@cache
def _load(name: str) -> Data:
    """Read the data through their source, with groups, and with splits as ingest draws them."""
    if name == "digits":
        source = _open(uri="builtin:digits")
        table = pa.concat_tables([read() for read in source.batches])
    else:
        with tempfile.TemporaryDirectory() as folder:
            _part_of_cifar10(Path(os.environ["GROUNDWORK_CIFAR10"]), Path(folder))
            source = _open(uri=folder, kind="parquet")
            table = pa.concat_tables([read() for read in source.batches])
    columns = {name: table[name].to_pylist() for name in COLUMNS}
    columns["group"] = [
        f"burst {row // BURST}" if row // BURST % BURST_EVERY == 0 else None
        for row in range(len(table))
    ]
    drawn = dict(columns)
    read = partial(examples_table, "image", drawn.pop("id"), **drawn)
    rows = look_at(_job(read, source.target["classes"], source.splits)).table
    columns["split"] = rows["split"].to_pylist()
    return Data(name, source.target["classes"], columns, rows)


def _part_of_cifar10(source: Path, folder: Path) -> None:
    for split, num in (("train", CIFAR10_TRAIN), ("test", CIFAR10_TEST)):
        path = min(source.glob(f"{split}-*.parquet"))
        pq.write_table(pq.read_table(path).slice(0, num), folder / f"{split}.parquet")
