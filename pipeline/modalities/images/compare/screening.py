"""Screening of candidates: do the details of two images correlate at any small shift?

Most candidates fail, so most comparisons are made here. Details of grey levels (see similarity.py)
are rounded to whole numbers and scaled to one length, so that products are exact: the result is a
function of the two images alone, not of the blocks, and can be cached for the next run.
"""

from itertools import combinations_with_replacement

import numpy as np
from numpy.typing import NDArray

from pipeline.dataset.arrays import Float32, Rows
from pipeline.modalities.images.compare.pair_keys import pack, unpack
from pipeline.modalities.images.compare.similarity import MAX_SHIFT, NOISE, scales
from pipeline.modalities.images.content.arrays import Images

LENGTH = 4000
"""Length of an image's details before rounding; see descriptors.LENGTH."""
MIN_CORRELATION = 0.4
"""Least correlation over the whole of both images, at the best shift; it is less than over their
overlap: the least among near duplicates in 20,000 images of CIFAR-10 is 0.50
(docs/decisions/near-duplicates.md)."""
DETAIL_STEPS = 256
"""Steps of a grey level."""
IMAGES_AT_ONCE = 1024
BLOCK = 32768
"""Images in a block, whose details are 64 MB at most; those of two blocks are in memory."""
PAIRS_AT_ONCE = 65536
GROUP = 64
"""Pairs that share an image, and its shifts, in one product; more are several groups."""
GROUPS_AT_ONCE = 8
"""Groups in one product; their shifts and images fit in a core's cache."""

Details = NDArray[np.int16]


def screen_pairs(
    images: Images, rows: Rows, keys: Rows, block: int = BLOCK, at_once: int = PAIRS_AT_ONCE
) -> NDArray[np.bool_]:
    """Test whether details of P pairs of images correlate, `(P,)`.

    Args:
        images: `(N, H, W, C)`.
        rows: the images that have a place, `(M,)`.
        keys: keys of pairs of places, ascending (pair_keys.py); `(P,)`. The first is mirrored.
        block: images whose details are computed together. Each pair of blocks is visited once, so
            details are computed about half as often as there are blocks.
        at_once: most pairs to compare together.
    """
    passed = np.zeros(len(keys), bool)
    places, index = _places(keys, len(rows), at_once)
    begins = np.searchsorted(keys, pack(places[::block], 0, 0))
    ends = np.append(begins[1:], len(keys))
    details: dict[int, Details] = {}
    for blocks in combinations_with_replacement(range(len(begins)), 2):
        details = {block: details[block] for block in blocks if block in details}
        for start in range(begins[blocks[0]], ends[blocks[0]], at_once):
            part = keys[start : min(start + at_once, ends[blocks[0]])]
            first, second, mirrored = unpack(part)
            first, second = index[first], index[second]
            here = np.flatnonzero(second // block == blocks[1])
            if not len(here):
                continue
            for number in blocks:
                if number not in details:
                    chosen = places[number * block : (number + 1) * block]
                    details[number] = _whole_details(images, rows[chosen])
            passed[start + here] = _correlate(
                details[blocks[0]],
                details[blocks[1]],
                first[here] % block,
                second[here] % block,
                mirrored[here],
            )
    return passed


def _places(keys: Rows, num: int, at_once: int) -> tuple[Rows, Rows]:
    """Places, out of `num`, that are in a pair, ascending, and the index of each among them."""
    used = np.zeros(num, bool)
    for start in range(0, len(keys), at_once):
        first, second, _ = unpack(keys[start : start + at_once])
        used[first] = used[second] = True
    return np.flatnonzero(used), np.cumsum(used) - 1


def _correlate(
    first_details: Details,
    second_details: Details,
    first: Rows,
    second: Rows,
    mirrored: NDArray[np.bool_],
) -> NDArray[np.bool_]:
    """Whether P pairs correlate at any shift, `(P,)`; `first`, `second` index details `(D, h, w)`.

    Pairs with the same first image make a group: its shifts are laid out once. Groups of similar
    size make one stack of products.
    """
    passed = np.zeros(len(first), bool)
    group, size = first * 2 + mirrored, first_details[0].size
    order = np.argsort(group, kind="stable")
    group = group[order]
    begins = np.flatnonzero(np.diff(group, prepend=-1))
    within = np.arange(len(group)) - np.repeat(begins, np.diff(begins, append=len(group)))
    starts = np.flatnonzero(within % GROUP == 0)
    counts = np.diff(starts, append=len(group))
    by_size = np.argsort(counts, kind="stable")
    for at in range(0, len(starts), GROUPS_AT_ONCE):
        chosen = by_size[at : at + GROUPS_AT_ONCE]
        column = np.arange(counts[chosen].max())
        filled = column < counts[chosen, None]
        pairs = order[starts[chosen, None] + np.where(filled, column, 0)]
        names = group[starts[chosen]]
        shifted = _shifted(first_details[names // 2], names % 2 == 1)
        others = second_details[second[pairs]].reshape(*pairs.shape, size).astype(np.float32)
        products = np.matmul(others, shifted.transpose(0, 2, 1)).max(2)
        passed[pairs[filled]] = products[filled] >= MIN_CORRELATION * LENGTH**2
    return passed


def _shifted(details: Details, mirrored: NDArray[np.bool_]) -> Float32:
    """Details `(G, h, w)`, some mirrored, at every shift, `(G, S, h * w)`; filled with zeros."""
    num, height, width = details.shape
    details = details.copy()
    details[mirrored] = details[mirrored, :, ::-1]
    y, x = (max(1, round(side * MAX_SHIFT)) for side in (height, width))
    padded = np.pad(details.astype(np.float32), ((0, 0), (y, y), (x, x)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (height, width), axis=(1, 2))
    return windows.reshape(num, -1, height * width)


def _whole_details(images: Images, rows: Rows) -> Details:
    """Details of some images in grey, whole numbers of LENGTH, `(R, h, w)`."""
    (fine_y, coarse_y), (fine_x, coarse_x) = scales(images.shape[1]), scales(images.shape[2])
    whole_details = np.empty((len(rows), len(fine_y), len(fine_x)), np.int16)
    for start in range(0, len(rows), IMAGES_AT_ONCE):
        part = images[rows[start : start + IMAGES_AT_ONCE]]
        grey = part[..., 0].astype(np.float32)
        for channel in range(1, part.shape[3]):
            grey += part[..., channel]  # 7 times as fast as .sum(3), and as exact
        grey /= part.shape[3]
        # Stacks of matrices are multiplied image by image: no image's bits depend on others.
        details = fine_y @ grey @ fine_x.T - coarse_y @ grey @ coarse_x.T
        whole = np.rint(details * DETAIL_STEPS).astype(np.float64)
        energy = (whole**2).sum((1, 2), keepdims=True)  # exact: less than 2^53
        floor = (NOISE * DETAIL_STEPS) ** 2 * whole[0].size
        scaled = np.rint(whole * (LENGTH / np.sqrt(energy + floor)))
        whole_details[start : start + len(part)] = scaled
    return whole_details
