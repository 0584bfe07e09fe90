"""Changes planted in the rows of a dataset, and what `groundwork diff` should say of them."""

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from pipeline.dataset.rows import COLUMNS, SCHEMA

SPLITS = ["train", "val", "test"]
LABELS = [f"class {n}" for n in range(10)]


def many_rows(num: int, seed: int = 0) -> pa.Table:
    """Rows with SCHEMA, sorted by key, a few of them left out or weighted."""
    random = np.random.default_rng(seed)
    keys = np.unique(random.integers(0, 2**48, num + num // 100 + 10, dtype=np.uint64))
    keys = np.sort(random.choice(keys, num, replace=False))
    reason = random.choice(["", "duplicate", "leak"], num, p=[0.98, 0.015, 0.005])
    weights = np.where(random.random(num) < 0.03, np.round(random.random(num), 2), 1.0)
    texts = np.array([f"{w:g}" for w in (np.arange(101) / 100).tolist()])
    columns = {
        "key": [f"{key:012x}" for key in keys.tolist()],
        "content": [f"{n:08x}" for n in random.integers(0, 2**32, num).tolist()],
        "label": random.choice(LABELS, num),
        "split": random.choice(SPLITS, num, p=[0.8, 0.1, 0.1]),
        "weight": np.where(reason == "", texts[np.round(weights * 100).astype(int)], ""),
        "reason": reason,
    }
    return pa.table([pa.array(columns[name], pa.string()) for name in COLUMNS], schema=SCHEMA)


@dataclass
class Plan:
    """A table, and keys of the examples that differ, by how they do."""

    rows: pa.Table
    keys: dict[str, set[str]] = field(default_factory=dict)


def plant(rows: pa.Table, num: int, seed: int) -> Plan:
    """Change `num` examples of each of six kinds, and swap the labels of as many pairs again.

    Each example is changed in one way alone.
    """
    random = np.random.default_rng(seed)
    table = {name: np.array(rows[name].to_pylist(), object) for name in COLUMNS}
    kept = random.permutation(np.flatnonzero(table["reason"] == ""))
    gone, content, label, split, weight, rest = np.split(kept, np.arange(1, 6) * num)
    planned: dict[str, set[str]] = {}

    def keys(of: np.ndarray) -> set[str]:
        return set(table["key"][of].tolist())

    planned["content"] = keys(content)
    for row in content:
        table["content"][row] = f"{int(table['content'][row], 16) ^ 1:08x}"
    table["label"][label] = [LABELS[(LABELS.index(old) + 1) % 10] for old in table["label"][label]]
    swapped = []  # cat and dog become dog and cat, so that no count changes
    by_label = {name: [r for r in rest if table["label"][r] == name] for name in LABELS[:2]}
    for one, other in zip(*by_label.values(), strict=False):
        if len(swapped) >= 2 * num:
            break
        table["label"][[one, other]] = table["label"][[other, one]]
        swapped += [one, other]
    planned["relabelled"] = keys(label) | keys(np.array(swapped))
    table["split"][split] = [SPLITS[(SPLITS.index(old) + 1) % 3] for old in table["split"][split]]
    planned["moved"] = keys(split)
    table["weight"][weight] = [
        f"{(float(w) * 100 + 7) % 100 / 100:g}" for w in table["weight"][weight]
    ]
    planned["reweighted"] = keys(weight)
    planned["removed"] = keys(gone)
    stays = np.ones(len(table["key"]), bool)
    stays[gone] = False
    added = many_rows(num, seed=seed + 1000)
    planned["added"] = set(added["key"].to_pylist())
    changed = pa.table({name: pa.array(table[name][stays], pa.string()) for name in COLUMNS})
    both = pa.concat_tables([changed.cast(SCHEMA), added]).sort_by("key")
    return Plan(both, planned)
