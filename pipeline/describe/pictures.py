"""Pictures of the data: of each class, of what was found, and of what training will see."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.dataset.randomness import id_keys, uniform
from pipeline.dataset.shard_reader import ShardReader
from pipeline.dataset.table import read_index, read_tables
from pipeline.dataset.tables import read_table
from pipeline.modalities.images.arrays import Images
from pipeline.modalities.images.encode.pixels import comparison_shape, decode_all
from pipeline.modalities.images.show.figures import contact_sheet, image_grid
from pipeline.reporting.figures import confusion

SHEET_SIDE = 96  # pixels of an image in the contact sheet
SHEET_CLASSES, SHEET_COLUMNS = 20, 10
NUM_SUSPECTED, NUM_PAIRS = 36, 24
NUM_PICTURED, MAX_COPIES_PICTURED = 8, 5


class Pictures:
    """Draws into a folder what data/clean and data/findings have."""

    def __init__(self, folder: Path, clean: Path, findings: Path) -> None:
        self.folder, self.clean, self.findings = folder, clean, findings
        self.index = read_index(clean)
        self.classes: list[str] = self.index["classes"]

    def draw_classes(self, table: pa.Table) -> None:
        """Some training examples of each class; `table` is data/clean, columns id, label, split."""
        height, width = (min(side, SHEET_SIDE) for side in self.index["image_size"])
        shape = (height, width, self.index["channels"])
        chosen = sheet_ids(table, self.classes)
        ids = [id for some in chosen.values() for id in some]
        encoded = self._values(ids, "image", "image")
        contact_sheet(
            {
                name: decode_all([encoded[id] for id in ids], shape, "crop")
                for name, ids in chosen.items()
            },
            self.folder / "classes.png",
        )

    def draw_suspected(self) -> None:
        """Suspected labels, the most doubtful first, and how often which class looks like which."""
        table = read_table(self.findings, "suspected")
        worst = table.slice(0, NUM_SUSPECTED).to_pylist()
        num = table.num_rows
        image_grid(
            list(self._images([row["id"] for row in worst])),
            [f"given {row['given']}\nlooks like {row['proposed']}" for row in worst],
            self.folder / "label_issues.png",
            columns=9,
            title=f"{num} suspected label{'s' * (num != 1)}, the most doubtful first",
        )
        given, proposed = (
            pc.index_in(table[name], pa.array(self.classes)).to_numpy()
            for name in ("given", "proposed")
        )
        matrix = np.zeros((len(self.classes), len(self.classes)), np.int64)
        np.add.at(matrix, (given, proposed), 1)
        path = self.folder / "label_confusion.png"
        confusion(matrix, self.classes, path, rows="given", columns="proposed")

    def draw_duplicates(self) -> None:
        """Exact and near duplicates, pair by pair, leaks first."""
        table = read_table(self.findings, "duplicates")
        pairs = table.slice(0, NUM_PAIRS).to_pylist()
        ids = [id for pair in pairs for id in (pair["id"], pair["of"])]
        splits = [split for pair in pairs for split in (pair["split"], pair["of_split"])]
        labels = self._values(ids, "label_given", "label")
        image_grid(
            list(self._images(ids)),
            [f"{split}\n{labels[id] or 'no label'}" for id, split in zip(ids, splits, strict=True)],
            self.folder / "duplicates.png",
            columns=8,
            title=f"{table.num_rows} images repeat another, leaks between splits first",
        )

    def draw_copies(self, reader: ShardReader) -> None:
        """A column for each of some training examples, the original on top, its copies below."""
        blank = np.full(reader.shape, 255, np.uint8)
        shown: dict[str, str] = {}
        images: list[NDArray[np.uint8]] = []
        captions = []
        for copy in range(min(reader.copies, MAX_COPIES_PICTURED)):
            shard = reader.read_first("train", copy)
            if copy == 0:
                some = np.linspace(0, len(shard.ids) - 1, NUM_PICTURED).astype(int)
                shown = {shard.ids[row]: reader.classes[shard.labels[row]] for row in some}
            first_row = {id: row for row, id in reversed(list(enumerate(shard.ids)))}
            for id, label in shown.items():
                row = first_row.get(id)  # a balanced copy lacks some
                images.append(blank if row is None else shard.images[row])
                name = "original" if copy == 0 else f"copy {copy}"
                captions.append(f"{label}\n{name if row is not None else f'not in {name}'}")
        image_grid(
            images,
            captions,
            self.folder / "augmented.png",
            columns=len(shown),
            title="training examples as the shards have them",
        )

    def _images(self, ids: Sequence[str]) -> Images:
        """Images as the label check saw them, `(N, H, W, C)`; black where there is none."""
        encoded = self._values(ids, "image", "image")
        return decode_all([encoded.get(id) for id in ids], comparison_shape(self.index), "squash")

    def _values(self, ids: Iterable[str], kept: str, removed: str) -> dict[str, Any]:
        """By id, a column of data/clean, or one of the examples that were removed."""
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


def sheet_ids(table: pa.Table, classes: Sequence[str]) -> dict[str, list[str]]:
    """Some training examples of each class, chosen by a hash of their id.

    `table` has the columns id, label and split.
    """
    ids = table["id"].to_pylist()
    draw = uniform(id_keys(ids), 0, "contact sheet")
    labels = np.array(table["label"].to_pylist(), dtype=object)
    in_train = np.array(table["split"].to_pylist(), dtype=object) == "train"
    chosen = {}
    for name in classes[:SHEET_CLASSES]:
        rows = np.flatnonzero((labels == name) & in_train)
        if len(rows):
            first = rows[np.argsort(draw[rows], kind="stable")][:SHEET_COLUMNS]
            chosen[name] = [ids[row] for row in first]
    return chosen
