"""What is seen of a dataset while its rows pass by."""

from collections import Counter

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.dataset.table import count
from pipeline.ingest.rows import ExampleRows, fingerprint
from pipeline.modalities.opening import open_prepare
from pipeline.runtime.settings import Kind
from pipeline.targets.opening import open_labels


class Survey:
    """Counts over a whole dataset; memory grows with its different values, not with its size."""

    def __init__(self, kind: Kind) -> None:
        self.examples = 0
        self.left_out: Counter[str] = Counter()
        self.problems: Counter[str] = Counter()
        """Unusable examples by reason."""
        self.splits: Counter[str] = Counter()
        self.num_unlabelled = 0
        self.metadata: Counter[str] = Counter()
        """Usable examples by each kind of metadata that they had."""
        self.content = open_prepare(kind.modality).new_tally()
        """Of usable examples."""
        self.labels = open_labels(kind.target).new_tally()
        self.fingerprint = 0
        self._label = open_labels(kind.target).COLUMN

    @property
    def seen(self) -> int:
        """Examples of the source, those left out among them."""
        return self.examples + self.left_out.total()

    def add(self, rows: ExampleRows) -> None:
        """Count some rows."""
        table = rows.table
        self.examples += table.num_rows
        self.left_out.update(rows.left_out)
        self.fingerprint = (self.fingerprint + rows.fingerprint) % (1 << 256)
        usable = table.filter(pc.is_null(table["problem"]))
        self.problems.update(table["problem"].drop_null().to_pylist())
        self.splits.update({split: n for (split,), n in count(table, "split").items()})
        self.num_unlabelled += table[self._label].null_count
        self.labels.add(table)
        self.content.add(usable)
        for (kinds,), number in count(usable, "metadata_removed").items():
            self.metadata.update(dict.fromkeys(kinds.split(","), number) if kinds else {})

    def add_annotations(self, annotations: pa.Table | None) -> None:
        """Have the fingerprint change with any label that several people gave."""
        if annotations is not None:
            number = fingerprint(annotations, ["id", "annotator", "label"])
            self.fingerprint = (self.fingerprint + number) % (1 << 256)

    @property
    def fingerprint_hex(self) -> str:
        """As a catalog entry has it: 64 hexadecimal digits."""
        return f"{self.fingerprint:064x}"
