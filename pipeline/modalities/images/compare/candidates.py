"""Candidates for near duplicates: the nearest images of each, partly cached from the last run.

The result is a function of the set of images and their splits alone, not of their order: equally
near images are ordered by their keys, which are digests of pixels. All products are exact (see
descriptors.py), so the nearest among cached and new images are, to the bit, those of a search among
all; only new images, and those that lost one of their nearest, are compared with all.

The cache has digests and no pixels; `groundwork forget` removes it.
"""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.dataset.arrays import Float32, Rows
from pipeline.modalities.images.compare.pair_keys import pack, sort_distinct
from pipeline.modalities.images.content.arrays import Images
from pipeline.modalities.neighbours import nearest

Step = Callable[[int], object]

NUM_CANDIDATES = 12
"""For each image in each split, and as many of its mirror image. Among 20,000 images of CIFAR-10
12 lead to 314 near duplicates, 8 to 303; 8 by directions learnt from the data to 310
(docs/decisions/near-duplicates.md)."""
NUM_SPLITS = 3
KEY_BYTES = 24
NONE = -1  # no image
UNKNOWN, NO, YES = -1, 0, 1  # whether a pair passed screening
IMAGES_AT_ONCE = 4096  # images whose lists are read or marked together


class _Lists(NamedTuple):
    """Nearest images of Q queries in one search, `(Q, K)` each; see Candidates."""

    rows: NDArray[np.int32]
    products: NDArray[np.float32]
    screened: NDArray[np.int8]

    def of(self, queries: NDArray[np.bool_]) -> "_Lists":
        """Select the lists of some of the queries."""
        return _Lists(self.rows[queries], self.products[queries], self.screened[queries])


class Candidates(NamedTuple):
    """The nearest of each of M images, in the order of their keys.

    Lists are `(M, S, 2, K)`: for each of S splits and for the image plain and mirrored, the K
    nearest, the nearest first.
    """

    keys: NDArray[np.uint8]
    """Digest, split, and number among the split's images with this digest; `(M, KEY_BYTES)`."""
    rows: NDArray[np.int32]
    """Places of the nearest among the M images; NONE for missing ones."""
    products: Float32
    """Products of descriptors; -inf for missing ones."""
    screened: NDArray[np.int8]
    """Whether the pair passed screening: YES, NO, or UNKNOWN if not yet screened."""

    def num_shared(self, other: "Candidates") -> int:
        """Count the images that are in both."""
        return len(set(map(bytes, self.keys)) & set(map(bytes, other.keys)))

    def put(self, images: Rows, rank: int, mirrored: int, lists: _Lists) -> None:
        """Enter lists of some images, in place."""
        self.rows[images, rank, mirrored] = lists.rows
        self.products[images, rank, mirrored] = lists.products
        self.screened[images, rank, mirrored] = lists.screened

    def pairs(self, mark: int) -> Rows:
        """Keys of the pairs with this mark, each once, ascending; see pair_keys.py."""
        parts = [keys for _, _, keys in self._marked(mark)]
        return sort_distinct(np.concatenate([np.empty(0, np.int64), *parts]))

    def screen(self, passes: Callable[[Rows], NDArray[np.bool_]]) -> "Candidates":
        """Mark UNKNOWN pairs as YES or NO.

        Args:
            passes: whether P pairs pass, `(P,)`, from their keys, which are ascending.
        """
        keys = self.pairs(UNKNOWN)
        passed = keys[passes(keys)]
        del keys  # the most pairs that screening has in memory
        screened = self.screened.copy()
        for block, cells, keys in self._marked(UNKNOWN):
            screened[block][cells] = np.where(_is_in(keys, passed), YES, NO)
        return self._replace(screened=screened)

    def _marked(self, mark: int) -> Iterator[tuple[slice, NDArray[np.bool_], Rows]]:
        """Blocks of images, their cells with this mark and an image, and the pairs' keys."""
        for start in range(0, len(self.keys), IMAGES_AT_ONCE):
            block = slice(start, start + IMAGES_AT_ONCE)
            cells = (self.screened[block] == mark) & (self.rows[block] != NONE)
            image, _, mirrored, _ = np.nonzero(cells)
            image += start
            other = self.rows[block][cells]
            yield block, cells, pack(np.minimum(image, other), np.maximum(image, other), mirrored)


def _is_in(keys: Rows, among: Rows) -> NDArray[np.bool_]:
    """Whether each key is among others, which are ascending."""
    places = np.searchsorted(among, keys)
    found = places < len(among)
    found[found] = among[places[found]] == keys[found]
    return found


def keys_of(images: Images, rows: Rows, ranks: Rows) -> tuple[Rows, NDArray[np.uint8]]:
    """Sort `rows` by their keys; return both. `ranks` are numbers of splits, of all rows."""
    digests = [hashlib.blake2b(images[row].tobytes(), digest_size=16).digest() for row in rows]
    order = sorted(zip(digests, ranks[rows].tolist(), rows.tolist(), strict=True))
    times: dict[tuple[bytes, int], int] = defaultdict(int)
    keys = bytearray()
    for digest, rank, _ in order:
        keys += digest + rank.to_bytes(4, "big") + times[digest, rank].to_bytes(4, "big")
        times[digest, rank] += 1
    return (
        np.array([row for *_, row in order], np.int64),
        np.frombuffer(keys, np.uint8).reshape(len(order), KEY_BYTES),
    )


def find_candidates(
    descriptors: tuple[Float32, Float32],
    ranks: Rows,
    keys: NDArray[np.uint8],
    above: float,
    known: Candidates | None,
    on_step: Step,
) -> Candidates:
    """Find the candidates of each of M images, in its split and in those numbered lower.

    Args:
        descriptors: plain and mirrored, `(M, D)` each, in the order of `keys`.
        ranks: splits, 0 to NUM_SPLITS - 1; `(M,)`.
        above: only images with a larger product than this.
        known: candidates of other images, found with the same descriptors and `above`.
        on_step: called with the number of queries done.
    """
    shape = (len(keys), NUM_SPLITS, 2, NUM_CANDIDATES)
    candidates = Candidates(keys, *_none(shape))
    was, now = _matches(keys, known)
    plain = descriptors[0]
    for rank in np.unique(ranks).tolist():
        base, queries = np.flatnonzero(ranks == rank), np.flatnonzero(ranks >= rank)
        new = base[was[base] == NONE]
        selves = np.full(len(keys), NONE)
        selves[base] = np.arange(len(base))
        for mirrored, vectors in enumerate(descriptors):
            kept = queries[:0]
            if known is not None:
                kept = queries[was[queries] != NONE]
                lists, complete = _known_lists(known, was[kept], now, rank, mirrored)
                kept, lists = kept[complete], lists.of(complete)
                nobody = np.full(len(kept), NONE)
                added = _search(vectors[kept], plain, new, nobody, above, on_step)
                candidates.put(kept, rank, mirrored, _nearest_of(lists, added))
            others = queries[~np.isin(queries, kept)]
            lists = _search(vectors[others], plain, base, selves[others], above, on_step)
            candidates.put(others, rank, mirrored, lists)
    return candidates


def _search(
    queries: Float32, plain: Float32, among: Rows, selves: Rows, above: float, on_step: Step
) -> _Lists:
    """Find the nearest of queries among some places; `selves` are the queries in `among`."""
    near = nearest(
        queries,
        plain[among],
        NUM_CANDIDATES,
        selves=selves,
        above=above,
        scaled=False,
        on_step=on_step,
    )
    rows = np.append(among, NONE)[near.rows].astype(np.int32)
    return _Lists(rows, near.similarities, np.full(rows.shape, UNKNOWN, np.int8))


def num_queries(ranks: Rows) -> int:
    """Count the queries of `find_candidates`: the sum of its steps."""
    return sum(2 * int((ranks >= rank).sum()) for rank in np.unique(ranks))


def _none(shape: tuple[int, ...]) -> _Lists:
    return _Lists(
        np.full(shape, NONE, np.int32),
        np.full(shape, -np.inf, np.float32),
        np.full(shape, UNKNOWN, np.int8),
    )


def _matches(keys: NDArray[np.uint8], known: Candidates | None) -> tuple[Rows, Rows]:
    """Places of keys in `known`, `(M,)`, and places of known images here; or NONE."""
    was = np.full(len(keys), NONE)
    now = np.full(len(known.keys) if known else 0, NONE)
    if known is not None:
        places = {bytes(key): place for place, key in enumerate(known.keys)}
        was = np.array([places.get(bytes(key), NONE) for key in keys], np.int64)
        now[was[was != NONE]] = np.flatnonzero(was != NONE)
    return was, now


def _known_lists(
    known: Candidates, was: Rows, now: Rows, rank: int, mirrored: int
) -> tuple[_Lists, NDArray[np.bool_]]:
    """Known lists without the images that are gone, and whether each still has the nearest.

    It may not if an image is gone from a full list: the next nearest was never in it.
    """
    before = known.rows[was, rank, mirrored]
    rows = np.where(before == NONE, NONE, np.append(now, NONE)[before]).astype(np.int32)
    is_gone = (rows == NONE) & (before != NONE)
    complete = ~(is_gone.any(1) & (before[:, -1] != NONE))
    products = np.where(is_gone, -np.inf, known.products[was, rank, mirrored]).astype(np.float32)
    screened = np.where(is_gone, UNKNOWN, known.screened[was, rank, mirrored]).astype(np.int8)
    return _Lists(rows, products, screened), complete


def _nearest_of(one: _Lists, other: _Lists) -> _Lists:
    """Merge two lists of each image into its K nearest; equally near ones by row."""
    rows = np.concatenate([one.rows, other.rows], 1)
    products = np.concatenate([one.products, other.products], 1)
    screened = np.concatenate([one.screened, other.screened], 1)
    order = np.lexsort((rows, -products), axis=1)[:, :NUM_CANDIDATES]
    return _Lists(*(np.take_along_axis(part, order, 1) for part in (rows, products, screened)))
