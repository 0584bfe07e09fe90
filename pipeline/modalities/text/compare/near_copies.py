"""Near copies of texts by MinHash (Broder 1997), in NumPy.

A text is its shingles. The least of them under each of 128 orders is a signature of 128 numbers;
texts of which four in a row are the same, in any of 32 bands, are candidates: two texts that share
half of their shingles are with 87 %, those that share three quarters with nearly 1. Whether they
are copies is then counted exactly, by how rare what they share is: questions out of one mould share
the mould alone.
"""

from itertools import islice

import numpy as np
from numpy.typing import NDArray

from pipeline.dataset.arrays import Rows
from pipeline.modalities.pairs import Pairs
from pipeline.modalities.text.compare.shingles import Shingles

NUM_HASHES, BANDS = 128, 32
TEXTS_AT_ONCE = 2048
MAX_LISTED = 20
"""Texts of one band and value that are compared with each other; of more, each with so many before
it: they come from one mould."""
LEAST, LEAST_OF_SHORT = 0.4, 0.75
"""The share of their shingles that two texts have in common, each by how rare it is; more of
short ones: of a question of fifty characters, half is often the mould of many
(docs/decisions/text.md)."""
LEAST_OF_MANY, MANY, WHOLE = 0.65, 2, 0.9
"""The same where MANY others have what they share nearly WHOLE: a passage that stands under several
headlines makes no copies of them."""
SHORT, LONG = 12, 120
"""Shingles of the shorter text, from where on to where the share falls."""


def find_near(shingles: Shingles) -> Pairs:
    """Pairs of N texts, in the order of their rows."""
    signatures = signatures_of(shingles)
    pairs = candidates(signatures, np.diff(shingles.starts) > 0)
    if not len(pairs):
        return Pairs.none()
    weights = rareness(shingles)
    similarity = shared(shingles, weights, pairs)
    kept = similarity > least_for(np.diff(shingles.starts)[pairs].min(1))
    kept &= ~of_many(shingles, weights, pairs, kept & (similarity < LEAST_OF_MANY))
    first, second = pairs[kept].T
    return Pairs(first, second, np.minimum(similarity[kept], 1).astype(np.float32))


def least_for(num_shingles: NDArray[np.int64]) -> NDArray[np.float64]:
    """What pairs must share, by the shingles of the shorter text."""
    shortness = ((LONG - num_shingles) / (LONG - SHORT)).clip(0, 1)
    return LEAST + (LEAST_OF_SHORT - LEAST) * shortness


def signatures_of(shingles: Shingles) -> NDArray[np.uint32]:
    """`(N, NUM_HASHES)`; texts without shingles have the largest number everywhere."""
    random = np.random.Generator(np.random.PCG64(0))
    factors = random.integers(0, 1 << 32, NUM_HASHES, np.uint32) | np.uint32(1)
    offsets = random.integers(0, 1 << 32, NUM_HASHES, np.uint32)
    num = len(shingles.starts) - 1
    found = np.full((num, NUM_HASHES), 0xFFFFFFFF, np.uint32)
    for start in range(0, num, TEXTS_AT_ONCE):
        ends = shingles.starts[start : start + TEXTS_AT_ONCE + 1]
        filled = np.flatnonzero(np.diff(ends) > 0)
        if not len(filled):
            continue
        values = shingles.hashes[ends[0] : ends[-1]]
        begins = ends[:-1][filled] - ends[0]
        values = values ^ (values >> np.uint32(16))
        for number in range(NUM_HASHES):
            mixed = values * factors[number] + offsets[number]
            mixed ^= mixed >> np.uint32(15)
            found[start + filled, number] = np.minimum.reduceat(mixed, begins)
    return found


def candidates(signatures: NDArray[np.uint32], there: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Pairs of rows `(P, 2)`, each once, the lesser row first, in order."""
    rows = np.flatnonzero(there)
    width = NUM_HASHES // BANDS
    found = [np.zeros(0, np.int64)]
    num = len(signatures)
    for band in range(BANDS):
        part = np.ascontiguousarray(signatures[rows, band * width : (band + 1) * width])
        keys = part.view(f"V{4 * width}").ravel()
        _, groups = np.unique(keys, return_inverse=True)
        order = np.argsort(groups, kind="stable")
        sorted_groups = groups[order]
        for step in range(1, MAX_LISTED + 1):
            same = np.flatnonzero(sorted_groups[step:] == sorted_groups[:-step])
            if not len(same):
                break
            one, other = rows[order[same]], rows[order[same + step]]
            found.append(np.minimum(one, other) * num + np.maximum(one, other))
    keys = np.unique(np.concatenate(found))
    return np.stack([keys // num, keys % num], 1)


def rareness(shingles: Shingles) -> NDArray[np.float64]:
    """How many bits it says that a text has each of the shingles, `(M,)`: -log2 of its share."""
    num = len(shingles.starts) - 1
    _, places, counts = np.unique(shingles.hashes, return_inverse=True, return_counts=True)
    bits: NDArray[np.float64] = np.log2(2 * num / counts)[places]
    return bits


def shared(
    shingles: Shingles, weights: NDArray[np.float64], pairs: NDArray[np.int64]
) -> NDArray[np.float64]:
    """The weight of what each pair shares, as a share of that of both."""
    found = np.zeros(len(pairs))
    starts = shingles.starts.tolist()
    for number, (one, other) in enumerate(pairs.tolist()):
        a, b = shingles.of(one), shingles.of(other)
        both = np.isin(a, b, assume_unique=True)
        total = weights[starts[one] : starts[one + 1]]
        inside = float(total[both].sum())
        union = (
            float(total.sum()) + float(weights[starts[other] : starts[other + 1]].sum()) - inside
        )
        found[number] = inside / max(union, 1e-12)
    return found


def of_many(
    shingles: Shingles,
    weights: NDArray[np.float64],
    pairs: NDArray[np.int64],
    asked: NDArray[np.bool_],
) -> NDArray[np.bool_]:
    """Whether MANY other texts have what a pair shares, of the pairs `asked` about, `(P,)`.

    Other texts are looked for among those that are paired with one of the two.
    """
    found = np.zeros(len(pairs), bool)
    near: dict[int, list[int]] = {row: [] for row in pairs[asked].ravel().tolist()}
    for one, other in pairs.tolist() if near else ():
        for row, twin in ((one, other), (other, one)):
            if row in near:
                near[row].append(twin)
    for number in np.flatnonzero(asked).tolist():
        one, other = pairs[number].tolist()
        is_shared = np.isin(shingles.of(one), shingles.of(other), assume_unique=True)
        both = shingles.of(one)[is_shared]
        bits = weights[shingles.starts[one] : shingles.starts[one + 1]][is_shared]
        others = {*near[one], *near[other]} - {one, other}
        shares = (bits[np.isin(both, shingles.of(row), assume_unique=True)].sum() for row in others)
        holders = (share for share in shares if share >= WHOLE * bits.sum())
        found[number] = len([*islice(holders, MANY)]) == MANY
    return found


def as_rows(pairs: Pairs, rows: Rows) -> Pairs:
    """Pairs of places as pairs of rows, the lesser first, in order."""
    one, other = rows[pairs.first], rows[pairs.second]
    first, second = np.minimum(one, other), np.maximum(one, other)
    order = np.lexsort((second, first))
    return Pairs(first[order], second[order], pairs.similarity[order])
