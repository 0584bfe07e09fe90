"""Near duplicates: images that are another one recompressed, shifted, mirrored, brighter or darker.

Candidates are the nearest by a compact descriptor, also of the mirrored image; what they are is
decided on pixels. Two images are near duplicates when, at the best shift,

- their details correlate (`MIN_CORRELATION`),
- enough pixels have details for that to mean something (`MIN_EVIDENCE`): two planes before an
  empty sky have few, and
- they stand out from how alike the images of this dataset are anyway (`STANDS_OUT`): digits of one
  class correlate at 0.97, and are no duplicates.

The last is relative, so where most images are near duplicates of others, such as frames of a
film, only what is closer still is found; say `group` there.

Time grows with the square of the number of images, memory linearly; LOG.md has the seconds.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.dataset.descriptors import fit
from pipeline.dataset.neighbours import Neighbours, nearest, sample_rows
from pipeline.dataset.similarity import Images, correlate, evidence

Rows = NDArray[np.int64]
Progress = Callable[[int], AbstractContextManager[Any]]

MIN_SIDE = 8
"""Pixels; smaller images have too few details to be told from one another."""
NUM_CANDIDATES = 8
"""For each image in each split, and as many of its mirror image. Among 20,000 of CIFAR-10 the
original of a shifted copy is one of them in 0.99; of images made grey in 0.93."""
MIN_COSINE = 0.45
"""Of the descriptors of candidates; less than 0.01 of the planted copies in colour have less."""
MIN_GREY_CORRELATION = 0.6
"""Of details in grey, below which colours are not compared."""
MIN_CORRELATION = 0.76
MIN_EVIDENCE = 70.0
"""Nats. Both from 1,400 planted copies and 20,000 images of CIFAR-10, by looking at the pairs that
nobody planted: below, most are different ships on the sea; above, few (LOG.md)."""
STANDS_OUT = 3.0
"""How far above the usual nearest neighbour, in units of the usual distance from the nearest to
the tenth. No two different digits exceed 2.9, planted copies of CIFAR-10 have 5 and more."""
USUAL_NEIGHBOURS = 10
USUAL_SAMPLE = 500


class Pairs(NamedTuple):
    """P pairs of near duplicates, each once, in the order of their rows."""

    first: Rows
    second: Rows
    similarity: NDArray[np.float32]
    """Correlation of details, MIN_CORRELATION to 1."""

    @classmethod
    def none(cls) -> "Pairs":
        return cls(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float32))


def find_pairs(images: Images, rows: Rows, ranks: Rows, progress: Progress | None = None) -> Pairs:
    """Near duplicates among images; of each row only the likeliest in each split are looked at.

    Args:
        images: `(N, H, W, C)`, all rows; larger sides than 64 pixels only cost time.
        rows: which of them to compare, without exact copies; `(M,)`.
        ranks: splits, numbered; `(N,)`. Each is searched in itself and in those numbered lower.
        progress: makes a bar for so many images.
    """
    rows = rows[np.argsort(rows, kind="stable")]
    if len(rows) < 2 or min(images.shape[1:3]) < MIN_SIDE:
        return Pairs.none()
    descriptor = fit(images)
    plain, turned = (descriptor.describe(images, mirrored)[rows] for mirrored in (False, True))
    needed = _min_correlation(images, rows, plain, turned)
    searches = [
        (*search, mirrored, seen)
        for search in _searches(ranks[rows])
        for mirrored, seen in ((False, plain), (True, turned))
    ]
    candidates = []
    bar: Any
    with (progress or _no_bar)(sum(len(queries) for queries, *_ in searches)) as bar:
        for queries, base, selves, mirrored, seen in searches:
            found = nearest(
                seen[queries],
                plain[base],
                NUM_CANDIDATES,
                selves=selves,
                above=MIN_COSINE,
                on_step=bar.update,
            )
            candidates.append(_pairs(queries, found, base, mirrored))
    first, second, mirrored = np.unique(np.concatenate(candidates), axis=0).T
    similarity, num_pixels = correlate(
        images, rows[first], rows[second], mirrored.astype(bool), MIN_GREY_CORRELATION
    )
    near = (similarity >= needed) & (evidence(similarity, num_pixels) >= MIN_EVIDENCE)
    order = np.flatnonzero(near)
    order = order[np.lexsort((-similarity[order], second[order], first[order]))]
    first, second, similarity = rows[first[order]], rows[second[order]], similarity[order]
    new = np.ones(len(order), bool)  # symmetrical images are near mirrored and not
    new[1:] = (first[1:] != first[:-1]) | (second[1:] != second[:-1])
    return Pairs(first[new], second[new], similarity[new])


@contextmanager
def _no_bar(total: int) -> Iterator[SimpleNamespace]:
    yield SimpleNamespace(update=lambda num: None)


def _searches(ranks: Rows) -> list[tuple[Rows, Rows, Rows | None]]:
    """Places to search from, to search in, and the place there of each that it is itself."""
    found: list[tuple[Rows, Rows, Rows | None]] = []
    splits = [np.flatnonzero(ranks == rank) for rank in np.unique(ranks)]
    for position, queries in enumerate(splits):
        found.extend((queries, base, None) for base in splits[:position])
        found.append((queries, queries, np.arange(len(queries))))
    return found


def _pairs(queries: Rows, found: Neighbours, base: Rows, mirrored: bool) -> Rows:
    """What was found as rows of (lower place, higher place, mirrored)."""
    query, column = np.nonzero(found.rows >= 0)
    a, b = queries[query], base[found.rows[query, column]]
    return np.stack([np.minimum(a, b), np.maximum(a, b), np.full(len(a), mirrored)], 1)


def _min_correlation(
    images: Images, rows: Rows, plain: NDArray[np.float32], turned: NDArray[np.float32]
) -> float:
    """What correlation stands out in these data.

    With r the correlation and t = -log(1 - r^2), the nearest neighbour's t exceeds the tenth's by
    an amount that depends on the data's dimension alone (as Facco et al. 2017 use for estimating
    it), and the medians do not notice copies while they are fewer than half.
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
