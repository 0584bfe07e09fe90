"""Candidates for near duplicates: the nearest images of each, taken from the last run where known.

What is found is a function of the set of images and their splits alone. Nothing depends on their
order: of equally near images that with the lesser key counts, and a key is the digest of pixels.
All products are exact (see descriptors.py), so the nearest among those known before and the new
ones are to the bit those of a search among all; only new images, and those that lost one of their
nearest, are compared with all.

The note of the last run has digests and no pixels; `pipeline.commands.forget` removes it.
"""

import hashlib
from collections import defaultdict
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.modalities.neighbours import nearest

Images = NDArray[np.uint8]
Floats = NDArray[np.float32]
Rows = NDArray[np.int64]
Step = Callable[[int], object]

NUM_CANDIDATES = 12
"""For each image in each split, and as many of its mirror image. Among 20,000 images of CIFAR-10
12 lead to 314 near duplicates, 8 to 303; 8 by directions learnt from the data to 310 (LOG.md)."""
NUM_SPLITS = 3
KEY_BYTES = 24
NONE = -1  # no image
UNKNOWN, NO, YES = -1, 0, 1  # whether a candidate is worth a look


class _Lists(NamedTuple):
    """Of one search: rows, products and worth of Q images, `(Q, K)`; see Candidates."""

    rows: NDArray[np.int32]
    products: NDArray[np.float32]
    worth: NDArray[np.int8]

    def of(self, images: NDArray[np.bool_]) -> "_Lists":
        return _Lists(self.rows[images], self.products[images], self.worth[images])


class Candidates(NamedTuple):
    """The nearest of each of M images, in the order of their keys.

    Of the shape `(M, S, 2, K)`: in each of S splits, as it is and in the mirror, the nearest first.
    """

    keys: NDArray[np.uint8]
    """Digest, split, and which of the images of that split with this digest; `(M, KEY_BYTES)`."""
    rows: NDArray[np.int32]
    """Places of the nearest among the M images; NONE where there are fewer than K."""
    products: Floats
    """Of descriptors; -inf where there is no image."""
    worth: NDArray[np.int8]
    """A look: YES, NO or UNKNOWN; see screening.py."""

    def num_shared(self, other: "Candidates") -> int:
        """How many images these and others are of."""
        return len(set(map(bytes, self.keys)) & set(map(bytes, other.keys)))

    def put(self, images: Rows, rank: int, mirrored: int, lists: _Lists) -> None:
        """Enter lists of some images, in place."""
        self.rows[images, rank, mirrored] = lists.rows
        self.products[images, rank, mirrored] = lists.products
        self.worth[images, rank, mirrored] = lists.worth

    def pairs(self, worth: int) -> tuple[Rows, Rows, NDArray[np.bool_]]:
        """Lesser place, greater place and mirrored of those with this mark, each pair once."""
        pairs = self._pairs(worth)
        first, second, mirrored = np.unique(pairs, axis=0).T if len(pairs) else pairs.T
        return first, second, mirrored.astype(bool)

    def judged(self, judge: Callable[[Rows, Rows, NDArray[np.bool_]], NDArray]) -> "Candidates":
        """With marks, by `judge` of pairs, where they were UNKNOWN."""
        pairs = self._pairs(UNKNOWN)
        if not len(pairs):
            return self
        distinct, places = np.unique(pairs, axis=0, return_inverse=True)
        first, second, mirrored = distinct.T
        found = judge(first, second, mirrored.astype(bool))
        worth = self.worth.copy()
        worth[(worth == UNKNOWN) & (self.rows != NONE)] = found[places.ravel()]
        return self._replace(worth=worth)

    def _pairs(self, worth: int) -> Rows:
        image, _, mirrored, _ = where = np.nonzero((self.worth == worth) & (self.rows != NONE))
        other = self.rows[where].astype(np.int64)
        return np.stack([np.minimum(image, other), np.maximum(image, other), mirrored], 1)


def keys_of(images: Images, rows: Rows, ranks: Rows) -> tuple[Rows, NDArray[np.uint8]]:
    """`rows` in the order of their keys, and those; `ranks` are numbers of splits, of all rows."""
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
    seen: tuple[Floats, Floats],
    ranks: Rows,
    keys: NDArray[np.uint8],
    above: float,
    known: Candidates | None,
    on_step: Step,
) -> Candidates:
    """Candidates of M images: of each, in its split and in those numbered lower.

    Args:
        seen: descriptors as they are and in the mirror, `(M, D)` each, in the order of `keys`.
        ranks: splits, 0 to NUM_SPLITS - 1; `(M,)`.
        above: what a product has to exceed.
        known: candidates of other images, found with the same descriptors and `above`.
        on_step: hears of each query that is done.
    """
    shape = (len(keys), NUM_SPLITS, 2, NUM_CANDIDATES)
    found = Candidates(keys, *_none(shape))
    was, now = _matches(keys, known)
    for rank in np.unique(ranks).tolist():
        base, queries = np.flatnonzero(ranks == rank), np.flatnonzero(ranks >= rank)
        fresh = base[was[base] == NONE]
        selves = np.full(len(keys), NONE)
        selves[base] = np.arange(len(base))
        for mirrored, vectors in enumerate(seen):
            stays = queries[:0]
            if known is not None:
                stays = queries[was[queries] != NONE]
                lists, complete = _kept(known, was[stays], now, rank, mirrored)
                stays, lists = stays[complete], lists.of(complete)
                nobody = np.full(len(stays), NONE)
                added = _search(vectors[stays], seen[0], fresh, nobody, above, on_step)
                found.put(stays, rank, mirrored, _nearest_of(lists, added))
            asked = queries[~np.isin(queries, stays)]
            lists = _search(vectors[asked], seen[0], base, selves[asked], above, on_step)
            found.put(asked, rank, mirrored, lists)
    return found


def _search(
    queries: Floats, seen: Floats, among: Rows, selves: Rows, above: float, on_step: Step
) -> _Lists:
    """The nearest of queries among some of those seen; `selves` are their places among them."""
    near = nearest(
        queries,
        seen[among],
        NUM_CANDIDATES,
        selves=selves,
        above=above,
        scaled=False,
        on_step=on_step,
    )
    rows = np.append(among, NONE)[near.rows].astype(np.int32)
    return _Lists(rows, near.similarities, np.full(rows.shape, UNKNOWN, np.int8))


def num_queries(ranks: Rows) -> int:
    """How many `find_candidates` asks, each of them steps."""
    return sum(2 * int((ranks >= rank).sum()) for rank in np.unique(ranks))


def _none(shape: tuple[int, ...]) -> _Lists:
    return _Lists(
        np.full(shape, NONE, np.int32),
        np.full(shape, -np.inf, np.float32),
        np.full(shape, UNKNOWN, np.int8),
    )


def _matches(keys: NDArray[np.uint8], known: Candidates | None) -> tuple[Rows, Rows]:
    """For each key its place in `known`, and for each place there the one here; or NONE."""
    was = np.full(len(keys), NONE)
    now = np.full(len(known.keys) if known else 0, NONE)
    if known is not None:
        places = {bytes(key): place for place, key in enumerate(known.keys)}
        was = np.array([places.get(bytes(key), NONE) for key in keys], np.int64)
        now[was[was != NONE]] = np.flatnonzero(was != NONE)
    return was, now


def _kept(
    known: Candidates, was: Rows, now: Rows, rank: int, mirrored: int
) -> tuple[_Lists, NDArray[np.bool_]]:
    """What is left of known lists, and whether it is all that those before can contribute.

    It is not where an image is gone from a full list: others may have been next.
    """
    before = known.rows[was, rank, mirrored]
    rows = np.where(before == NONE, NONE, np.append(now, NONE)[before]).astype(np.int32)
    gone = (rows == NONE) & (before != NONE)
    complete = ~(gone.any(1) & (before[:, -1] != NONE))
    products = np.where(gone, -np.inf, known.products[was, rank, mirrored]).astype(np.float32)
    worth = np.where(gone, UNKNOWN, known.worth[was, rank, mirrored]).astype(np.int8)
    return _Lists(rows, products, worth), complete


def _nearest_of(one: _Lists, other: _Lists) -> _Lists:
    """The K nearest of two lists of each image; of equally near ones the first row."""
    rows = np.concatenate([one.rows, other.rows], 1)
    products = np.concatenate([one.products, other.products], 1)
    worth = np.concatenate([one.worth, other.worth], 1)
    order = np.lexsort((rows, -products), axis=1)[:, :NUM_CANDIDATES]
    return _Lists(*(np.take_along_axis(part, order, 1) for part in (rows, products, worth)))
