"""Pictures of the data: of some examples, of what was found, and of what training will see."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.dataset.shards.reader import ShardReader
from pipeline.dataset.table import read_index, read_tables
from pipeline.dataset.tables import read_table
from pipeline.modalities.protocols.show import Contents, Show
from pipeline.reporting.figures import with_id
from pipeline.targets.protocols.describe import Describe

NUM_SUSPECTED, NUM_PAIRS = 36, 24
NUM_PICTURED, MAX_COPIES_PICTURED = 8, 5


class Pictures:
    """Draws into a folder what data/clean and data/findings have."""

    def __init__(
        self,
        folder: Path,
        clean: Path,
        findings: Path,
        show: Show,
        target: Describe,
        *,
        is_shown: bool = True,
    ) -> None:
        """`is_shown`: contents of examples may be shown, not their ids alone."""
        self.folder, self.clean, self.findings = folder, clean, findings
        self.show, self.target = show, target
        self.index = read_index(clean)
        self.is_shown = is_shown

    def draw_sheet(self, table: pa.Table) -> None:
        """Some training examples by their labels; `table` is data/clean: id, labels, split."""
        chosen = self.target.sheet(table, self.index["target"])
        values = self._content_of([id for ids in chosen.values() for id in ids])
        name, title = self.target.SHEET
        self.show.sheet(
            {name: _contents(values, ids) for name, ids in chosen.items()},
            self.index["content"],
            self.folder / f"{name}.png",
            title=title,
        )

    def draw_suspected(self) -> None:
        """Suspected labels, the most doubtful first, and what the target makes of all of them."""
        table = read_table(self.findings, "suspected")
        worst = table.slice(0, NUM_SUSPECTED).to_pylist()
        num = table.num_rows
        self._draw(
            [row["id"] for row in worst],
            [with_id(self.target.doubt(row), row["id"]) for row in worst],
            self.folder / "label_issues.png",
            columns=9,
            title=f"{num} suspected label{'s' * (num != 1)}, the most doubtful first",
        )
        self.target.draw_suspected(table, self.index["target"], self.folder)

    def draw_duplicates(self) -> None:
        """Exact and near duplicates, pair by pair, leaks first."""
        table = read_table(self.findings, "duplicates")
        pairs = table.slice(0, NUM_PAIRS).to_pylist()
        ids = [id for pair in pairs for id in (pair["id"], pair["of"])]
        splits = [split for pair in pairs for split in (pair["split"], pair["of_split"])]
        label, given = self.target.FIELDS
        labels = {
            id: "no label" if value is None else self.target.in_words(value)
            for id, value in self._values(ids, given, label).items()
        }
        self._draw(
            ids,
            [with_id(f"{split}\n{labels[id]}", id) for id, split in zip(ids, splits, strict=True)],
            self.folder / "duplicates.png",
            columns=8,
            title=f"{table.num_rows} {self.show.NOUNS} repeat another, leaks between splits first",
        )

    def draw_copies(self, reader: ShardReader) -> None:
        """A column for each of some training examples, the original on top, its copies below."""
        shown: dict[str, str] = {}
        rows: dict[str, list[Any]] = {}
        captions: list[str] = []
        blank = set()
        for copy in range(min(reader.copies, MAX_COPIES_PICTURED)):
            shard = reader.read_first("train", copy)
            if copy == 0:
                some = np.linspace(0, len(shard.ids) - 1, NUM_PICTURED).astype(int)
                shown = {
                    shard.ids[row]: self.target.of_shard(shard.y[row], reader.target)
                    for row in some
                }
            first_row = {id: row for row, id in reversed(list(enumerate(shard.ids)))}
            places = [first_row.get(id) for id in shown]  # a balanced copy lacks some
            name = "original" if copy == 0 else f"copy {copy}"
            for place, label in zip(places, shown.values(), strict=True):
                if place is None:
                    blank.add(len(captions))
                captions.append(f"{label}\n{name if place is not None else f'not in {name}'}")
            there = [place for place in places if place is not None]
            for column, values in shard.inputs.items():
                rows.setdefault(column, []).append(values[there])
        self.show.grid(
            {column: np.concatenate(parts) for column, parts in rows.items()},
            reader.preparation,
            captions,
            self.folder / "augmented.png",
            columns=len(shown),
            title="training examples as the shards have them",
            blank=blank,
        )

    def _draw(
        self, ids: Sequence[str], captions: Sequence[str], path: Path, *, columns: int, title: str
    ) -> None:
        self.show.grid_of_contents(
            _contents(self._content_of(ids), ids),
            self.index["content"],
            captions,
            path,
            columns=columns,
            title=title,
        )

    def _content_of(self, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
        """Values of each content column, by id; none where contents are not shown."""
        ids = list(ids) if self.is_shown else []
        return {name: self._values(ids, name, name) for name in self.show.CONTENT}

    def _values(self, ids: Iterable[str], kept: str, removed: str) -> dict[str, Any]:
        """Values of a column of data/clean, or of the examples that were removed, by id."""
        wanted = pa.array(sorted(set(ids)), pa.string())
        found: dict[str, Any] = {}
        tables = (table.rename_columns(["id", "value"]) for table in self._tables(kept, removed))
        for table in tables:
            rows = table.filter(pc.is_in(table["id"], wanted))
            found |= dict(zip(rows["id"].to_pylist(), rows["value"].to_pylist(), strict=True))
        return found

    def _tables(self, kept: str, removed: str) -> Iterator[pa.Table]:
        yield from read_tables(self.clean, ["id", kept])
        yield read_table(self.findings, "removed", ["id", removed])


def _contents(values: dict[str, dict[str, Any]], ids: Sequence[str]) -> Contents:
    """The content of some examples, null where there is none."""
    return {name: [of_id.get(id) for id in ids] for name, of_id in values.items()}
