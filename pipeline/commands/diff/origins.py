"""Who examples are and where they come from, where a version of data/raw is at hand."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.commands.history.data_at import RawFiles, tables_of
from pipeline.dataset.rows import row_keys

ORIGINS = ("source", "license")
ANNOTATOR = "annotator"


@dataclass
class Origins:
    """What versions of data/raw say of some examples, by their keys."""

    ids: dict[str, str] = field(default_factory=dict)
    origins: dict[str, dict[str, Counter[str]]] = field(default_factory=dict)
    """How often a value is there, by key, column of ORIGINS or ANNOTATOR."""
    totals: dict[str, Counter[str]] = field(default_factory=dict)
    """Counts of all examples of the first version that was looked into."""
    examples: int = 0
    """How many that has."""

    def look_into(self, raw: RawFiles, keys: Collection[str]) -> None:
        """Learn of the examples with the keys that are not known yet."""
        wanted = pa.array(sorted(set(keys) - self.ids.keys()), pa.string())
        is_first = not self.totals
        ids: dict[str, str] = {}
        for _, table in tables_of(raw, ["id", *ORIGINS]):
            own = pa.array(row_keys(table["id"].to_pylist()), pa.string())
            if is_first:
                self.examples += table.num_rows
                for name in ORIGINS:
                    self.totals.setdefault(name, Counter()).update(_counted(table[name]))
            mine = pc.is_in(own, wanted)
            for key, id, *values in zip(
                own.filter(mine).to_pylist(),
                *(table[name].filter(mine).to_pylist() for name in ("id", *ORIGINS)),
                strict=True,
            ):
                ids[id] = key
                self.ids[key] = id
                known = zip(ORIGINS, values, strict=True)
                self.origins[key] = {name: Counter([v]) for name, v in known if v is not None}
        if raw.annotations is not None:
            said = pq.read_table(raw.annotations, columns=["id", ANNOTATOR])
            if is_first:
                self.totals[ANNOTATOR] = _counted(said[ANNOTATOR])
            some = said.filter(pc.is_in(said["id"], pa.array(list(ids), pa.string())))
            for id, who in zip(some["id"].to_pylist(), some[ANNOTATOR].to_pylist(), strict=True):
                self.origins[ids[id]].setdefault(ANNOTATOR, Counter())[who] += 1

    def of(self, keys: Collection[str], name: str) -> Counter[str]:
        """Values of a column of ORIGINS, or annotators, of some examples."""
        found: Counter[str] = Counter()
        for key in keys:
            found.update(self.origins.get(key, {}).get(name, ()))
        return found


def _counted(column: pa.ChunkedArray) -> Counter[str]:
    counts = pc.value_counts(column.cast(pa.string()).combine_chunks()).to_pylist()
    return Counter({e["values"]: e["counts"] for e in counts if e["values"] is not None})
