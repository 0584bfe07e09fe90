"""Near duplicates: recompressed, shifted, mirrored, brighter or darker copies of another image.

Candidates are the nearest by a compact descriptor, also of the mirrored image; then pixels decide,
first roughly (screening.py). Two images are near duplicates if, at the best shift,

- their details correlate (`MIN_CORRELATION`),
- enough pixels have details to be evidence (`MIN_EVIDENCE`): two planes before an empty sky have
  few, and
- they are more alike than images of this dataset usually are (`STANDS_OUT`): digits of one class
  correlate at 0.97, and are no duplicates.

The last is relative: if most images are near duplicates of others, such as frames of a film,
only even closer pairs are found; use `group` there.

Time grows with the square of the number of images, memory linearly;
docs/decisions/near-duplicates.md has the seconds. With the candidates of the last run, time grows
with the number of new images times that of all.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.dataset.arrays import Rows, sample_rows
from pipeline.modalities.images.compare.candidates import (
    YES,
    Candidates,
    find_candidates,
    keys_of,
    num_queries,
)
from pipeline.modalities.images.compare.descriptors import LENGTH, make_descriptor
from pipeline.modalities.images.compare.pair_keys import unpack
from pipeline.modalities.images.compare.screening import screen_pairs
from pipeline.modalities.images.compare.similarity import correlate, evidence
from pipeline.modalities.images.content.arrays import Images
from pipeline.modalities.neighbours import nearest
from pipeline.modalities.pairs import Pairs, Progress

MIN_SIDE = 8
"""Pixels; smaller images have too few details to be told apart."""
MIN_COSINE = 0.45
"""Least cosine of candidates' descriptors; less than 0.01 of planted copies in colour are below."""
MIN_GREY_CORRELATION = 0.6
"""Least correlation of details in grey; below it colours are not compared."""
MIN_CORRELATION = 0.76
MIN_EVIDENCE = 70.0
"""Nats. Both are from 1,400 planted copies and 20,000 images of CIFAR-10, by looking at the pairs
that were not planted: below, most are different ships on the sea; above, few
(docs/decisions/near-duplicates.md)."""
STANDS_OUT = 3.0
"""How far above the usual nearest neighbour, in units of the usual distance from the nearest to
the tenth. No two different digits exceed 2.9, planted copies of CIFAR-10 have 5 and more."""
USUAL_NEIGHBOURS = 10
USUAL_SAMPLE = 500


def find_pairs(images: Images, rows: Rows, ranks: Rows, progress: Progress | None = None) -> Pairs:
    """Find near duplicates among images; see `update_pairs`."""
    return update_pairs(images, rows, ranks, None, progress)[0]


def update_pairs(
    images: Images,
    rows: Rows,
    ranks: Rows,
    known: Candidates | None,
    progress: Progress | None = None,
) -> tuple[Pairs, Candidates]:
    """Find near duplicates among images; only the nearest of each in each split are compared.

    Args:
        images: `(N, H, W, C)`; sides larger than 64 pixels only cost time.
        rows: images to compare, without exact copies; `(M,)`.
        ranks: splits, numbered; `(N,)`. Each is searched in itself and in those numbered lower.
        known: candidates found by this code among images of this shape. They only save time.
        progress: makes a progress bar for a number of images.

    Returns:
        The pairs, with the correlation of details, MIN_CORRELATION to 1; and all candidates, to be
        `known` in the next run.
    """
    if len(rows) < 2 or min(images.shape[1:3]) < MIN_SIDE:
        rows = rows[:0]
    rows, keys = keys_of(images, rows, ranks)
    descriptor = make_descriptor(images.shape[1:])
    plain, turned = (descriptor.describe(images, mirrored)[rows] for mirrored in (False, True))
    bar: Any
    with (progress or _no_bar)(num_queries(ranks[rows])) as bar:
        candidates = find_candidates(
            (plain, turned), ranks[rows], keys, MIN_COSINE * LENGTH**2, known, bar.update
        )
    candidates = candidates.screen(lambda keys: screen_pairs(images, rows, keys))
    if not len(rows):
        return Pairs.none(), candidates
    first, second, mirrored = unpack(candidates.pairs(YES))
    similarity, num_pixels = correlate(
        images, rows[first], rows[second], mirrored, MIN_GREY_CORRELATION
    )
    needed = _min_correlation(images, rows, plain, turned)
    near = (similarity >= needed) & (evidence(similarity, num_pixels) >= MIN_EVIDENCE)
    a, b = rows[first[near]], rows[second[near]]
    return _each_once(np.minimum(a, b), np.maximum(a, b), similarity[near]), candidates


def _each_once(first: Rows, second: Rows, similarity: NDArray[np.float32]) -> Pairs:
    """Sort pairs by their rows and keep the most similar of equal ones: symmetrical images are near
    duplicates both mirrored and plain."""
    order = np.lexsort((-similarity, second, first))
    first, second, similarity = first[order], second[order], similarity[order]
    new = np.ones(len(order), bool)
    new[1:] = (first[1:] != first[:-1]) | (second[1:] != second[:-1])
    return Pairs(first[new], second[new], similarity[new])


@contextmanager
def _no_bar(total: int) -> Iterator[SimpleNamespace]:
    yield SimpleNamespace(update=lambda num: None)


def _min_correlation(
    images: Images, rows: Rows, plain: NDArray[np.float32], turned: NDArray[np.float32]
) -> float:
    """Compute the least correlation that stands out in these data.

    With r the correlation and t = -log(1 - r^2), the nearest neighbour's t exceeds the tenth's by
    an amount that depends only on the data's dimension (which Facco et al. 2017 estimate by it),
    and medians are unaffected by copies as long as they are fewer than half.
    """
    sample = sample_rows(len(rows), USUAL_SAMPLE)
    k = min(USUAL_NEIGHBOURS, len(rows) - 1)
    found = [nearest(seen[sample], plain, k, selves=sample) for seen in (plain, turned)]
    cosines = np.concatenate([part.similarities for part in found], 1)
    best = np.argsort(-cosines, axis=1, kind="stable")[:, :k]
    seconds = np.take_along_axis(np.concatenate([part.rows for part in found], 1), best, 1)
    first = np.repeat(rows[sample], k)
    r, _ = correlate(images, first, rows[seconds.ravel()], (best >= k).ravel())
    t = np.sort(-np.log1p(-np.minimum(r.reshape(-1, k).clip(0) ** 2, 1 - 1e-6)), axis=1)
    usual, spread = np.median(t[:, -1]), np.median(t[:, -1] - t[:, 0])
    return max(MIN_CORRELATION, float(np.sqrt(-np.expm1(-usual - STANDS_OUT * spread))))
