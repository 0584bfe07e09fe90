"""Counts of a dataset, taken while its rows pass by."""

from collections import Counter

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.dataset.table import count
from pipeline.ingest.fingerprint import fingerprint
from pipeline.ingest.rows import ExampleRows
from pipeline.modalities.opening import open_prepare
from pipeline.runtime.settings import Kind
from pipeline.targets.opening import open_labels


class GroupSurvey:
    """The splits of each group, and how many examples have none; memory grows with groups."""

    def __init__(self) -> None:
        self.num_without = 0
        self._splits: dict[str, set[str]] = {}

    def add(self, table: pa.Table) -> None:
        """Count rows of data/raw."""
        self.num_without += table["group"].null_count
        for group, split in count(table.filter(pc.is_valid(table["group"])), "group", "split"):
            self._splits.setdefault(group, set()).add(split)

    def __len__(self) -> int:
        return len(self._splits)

    @property
    def parted(self) -> list[str]:
        """The groups that are in several splits, sorted."""
        return sorted(group for group, splits in self._splits.items() if len(splits) > 1)


class Survey:
    """Counts over a whole dataset; memory grows with its distinct values, not with its size."""

    def __init__(self, kind: Kind) -> None:
        self.examples = 0
        self.left_out: Counter[str] = Counter()
        self.problems: Counter[str] = Counter()
        """Unusable examples by reason."""
        self.splits: Counter[str] = Counter()
        self.taken: Counter[str] = Counter()
        """Usable examples by split."""
        self.unlabelled = 0
        """Examples of the pool, which are not in `examples`."""
        self.unlabelled_problems: Counter[str] = Counter()
        """Unusable examples of the pool, by reason."""
        self.metadata: Counter[str] = Counter()
        """Usable examples by each kind of metadata that they had."""
        self.content = open_prepare(kind.modality).new_tally()
        """The modality's counts of usable examples."""
        self.labels = open_labels(kind.target).new_tally()
        self.fingerprint = 0
        self.groups = GroupSurvey()
        self.known_later = 0
        """Number of examples whose values became known only after their time."""

    @property
    def seen(self) -> int:
        """Number of examples of the source, including those left out and those of the pool."""
        return self.examples + self.unlabelled + self.left_out.total()

    def add(self, rows: ExampleRows) -> None:
        """Count some rows."""
        table = rows.table
        self.examples += table.num_rows
        self.left_out.update(rows.left_out)
        self.fingerprint = (self.fingerprint + rows.fingerprint) % (1 << 256)
        usable = table.filter(pc.is_null(table["problem"]))
        self.problems.update(table["problem"].drop_null().to_pylist())
        self.splits.update({split: n for (split,), n in count(table, "split").items()})
        self.taken.update({split: n for (split,), n in count(usable, "split").items()})
        self.labels.add(table)
        self.groups.add(table)
        self.known_later += rows.known_later
        self.content.add(usable)
        self._count_metadata(usable)
        self.unlabelled += rows.pool.num_rows
        self.unlabelled_problems.update(rows.pool["problem"].drop_null().to_pylist())
        self._count_metadata(rows.pool)

    def _count_metadata(self, table: pa.Table) -> None:
        for (kinds,), number in count(table, "metadata_removed").items():
            self.metadata.update(dict.fromkeys(kinds.split(","), number) if kinds else {})

    def move_to_pool(self, table: pa.Table) -> None:
        """Count usable rows, so far counted as examples, as rows of the pool."""
        splits = {split: n for (split,), n in count(table, "split").items()}
        self.examples -= table.num_rows
        self.unlabelled += table.num_rows
        self.splits.subtract(splits)
        self.taken.subtract(splits)

    def add_annotations(self, annotations: pa.Table | None) -> None:
        """Include the labels of annotators in the fingerprint."""
        if annotations is not None:
            number = fingerprint(annotations, ["id", "annotator", "label"])
            self.fingerprint = (self.fingerprint + number) % (1 << 256)

    @property
    def fingerprint_hex(self) -> str:
        """The fingerprint as in a catalog entry: 64 hexadecimal digits."""
        return f"{self.fingerprint:064x}"
