"""Images of one split that look like ones of another, as far as measurements can tell."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

MAX_BITS = 8
"""Most bits, of 64, in which hashes of near twins differ. Among BreastMNIST's test images this
finds all 59 with a twin that correlates by more than 0.97, and 4 more."""
MAX_BRIGHTNESS = 0.02
TOO_COMMON = 0.005
"""Share of all pairs that are as near; above it hashes cannot tell images apart, and nothing is
reported."""
MAX_PAIRS = 50_000_000
PAIRS_AT_ONCE = 1 << 22
MIN_CONTRAST = 0.005


class Twins:
    """Hashes of the images of each split; memory grows with their number, 12 bytes each."""

    def __init__(self) -> None:
        self._seen: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {"test": [], "other": []}

    def add(self, table: pa.Table) -> None:
        """Add rows of data/raw with readable images."""
        table = table.filter(pc.greater(table["contrast"].cast(pa.float64()), MIN_CONTRAST))
        is_test = pc.equal(table["split"].cast(pa.string()), "test")
        for name, mask in (("test", is_test), ("other", pc.invert(is_test))):
            some = table.filter(mask)
            hashes = np.asarray(some["dhash"].combine_chunks(), np.uint64)
            self._seen[name].append((hashes, np.asarray(some["brightness"], np.float32)))

    def describe(self) -> Iterator[str]:
        """Report how many test images have a near twin in another split, if hashes can tell."""
        (tests, lights), (others, other_lights) = (
            tuple(np.concatenate(parts) for parts in zip(*self._seen[name], strict=True))
            if self._seen[name]
            else (np.zeros(0, np.uint64), np.zeros(0, np.float32))
            for name in ("test", "other")
        )
        num_pairs = len(tests) * len(others)
        if not 0 < num_pairs <= MAX_PAIRS:
            return
        step = max(1, PAIRS_AT_ONCE // len(others))
        num_near, has_twin = 0, 0
        for start in range(0, len(tests), step):
            some = slice(start, start + step)
            near = np.bitwise_count(tests[some, None] ^ others[None]) <= MAX_BITS
            near &= np.abs(lights[some, None] - other_lights[None]) <= MAX_BRIGHTNESS
            num_near += int(near.sum())
            has_twin += int(near.any(1).sum())
        if has_twin and num_near <= max(1, TOO_COMMON * num_pairs):
            yield (
                f"{has_twin} of {len(tests)} test images look{'s' * (has_twin == 1)} like one in "
                "train or val: does one patient, scan or scene stand in several splits? Then the "
                "test flatters; clean removes such images from train and val, and columns: group: "
                "keeps them together"
            )
