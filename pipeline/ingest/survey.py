"""What is seen of a dataset while its rows pass by."""

from collections import Counter

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.dataset.table import count
from pipeline.ingest.rows import ExampleRows, fingerprint

LARGEST_DEFAULT_SIDE = 224  # pixels; what most pretrained networks expect


class Survey:
    """Counts over a whole dataset; memory grows with its different values, not with its size."""

    def __init__(self) -> None:
        self.examples = 0
        self.left_out: Counter[str] = Counter()
        self.problems: Counter[str] = Counter()
        """Unreadable images by reason."""
        self.labels: Counter[tuple[str, str | None]] = Counter()
        """Examples by split and class; None for unlabelled ones."""
        self.metadata: Counter[str] = Counter()
        self.sizes: Counter[tuple[int, int]] = Counter()
        """Readable images by height and width."""
        self.modes: Counter[str] = Counter()
        self.channels: set[int] = set()
        self.fingerprint = 0

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
        readable = table.filter(pc.is_null(table["problem"]))
        self.problems.update(table["problem"].drop_null().to_pylist())
        self.labels.update(count(table, "split", "label"))
        self.sizes.update(count(readable, "height", "width"))
        self.modes.update({mode: n for (mode,), n in count(readable, "mode").items()})
        self.channels.update(readable["channels"].unique().to_pylist())
        for (kinds,), number in count(readable, "metadata_removed").items():
            self.metadata.update(dict.fromkeys(kinds.split(","), number) if kinds else {})

    def add_annotations(self, annotations: pa.Table | None) -> None:
        """Have the fingerprint change with any label that several people gave."""
        if annotations is not None:
            number = fingerprint(annotations, ["id", "annotator", "label"])
            self.fingerprint = (self.fingerprint + number) % (1 << 256)

    def in_split(self, split: str) -> int:
        return sum(number for (name, _), number in self.labels.items() if name == split)

    def common_size(self) -> list[int]:
        """The height and width of every image, or a square as large as most images allow."""
        if len(self.sizes) == 1:
            return list(next(iter(self.sizes)))
        shorter = sorted(min(size) for size in self.sizes.elements())
        side = min(shorter[len(shorter) // 2], LARGEST_DEFAULT_SIDE) if shorter else 1
        return [side, side]

    @property
    def fingerprint_hex(self) -> str:
        """As a catalog entry has it: 64 hexadecimal digits."""
        return f"{self.fingerprint:064x}"
