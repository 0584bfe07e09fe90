"""Which candidates are worth a closer look: do their details correlate at any small shift?

Most candidates do not, so this is what near duplicates cost. Details of grey levels (see
similarity.py) are whole numbers of one length, so that products are exact: the answer is a
function of the two images alone, whatever stands beside them, and holds in the next run.
"""

import numpy as np
from numpy.typing import NDArray

from pipeline.modalities.images.compare.similarity import MAX_SHIFT, NOISE, Floats, Images, scales

LENGTH = 4000
"""Of an image's details, but for rounding; see descriptors.LENGTH."""
MIN_CORRELATION = 0.4
"""Over the whole of both images, at the best shift, which is less than where they overlap: among
the near duplicates in 20,000 images of CIFAR-10 the least is 0.50 (LOG.md)."""
DETAIL_STEPS = 256
"""Of a grey level."""
IMAGES_AT_ONCE = 1024
GROUPS_AT_ONCE = 32

Rows = NDArray[np.int64]


def worth_a_look(
    images: Images, first: Rows, second: Rows, mirrored: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Whether details of P pairs of images correlate, `(P,)`.

    Args:
        images: `(N, H, W, C)`.
        first: rows of one image of each pair, seen in the mirror where `mirrored`; `(P,)`.
        second: rows of the other, `(P,)`.
    """
    found = np.zeros(len(first), bool)
    distinct, places = np.unique(np.concatenate([first, second]), return_inverse=True)
    first, second = places.reshape(2, -1)
    seen = _whole_details(images, distinct)
    group, size = first * 2 + mirrored, seen.shape[1] * seen.shape[2]
    order = np.argsort(group, kind="stable")
    names, starts, counts = np.unique(group[order], return_index=True, return_counts=True)
    by_size = np.argsort(counts, kind="stable")  # groups of one size make one product
    for at in range(0, len(names), GROUPS_AT_ONCE):
        chosen = by_size[at : at + GROUPS_AT_ONCE]
        column = np.arange(counts[chosen].max())
        there = column < counts[chosen, None]
        pairs = order[np.where(there, starts[chosen, None] + column, starts[chosen, None])]
        shifted = _shifted(seen[names[chosen] // 2], names[chosen] % 2 == 1)
        others = seen[second[pairs]].reshape(*pairs.shape, size).astype(np.float32)
        products = np.matmul(others, shifted.transpose(0, 2, 1)).max(2)
        found[pairs[there]] = products[there] >= MIN_CORRELATION * LENGTH**2
    return found


def _shifted(seen: NDArray[np.int16], mirrored: NDArray[np.bool_]) -> Floats:
    """Details `(G, h, w)`, some mirrored, at every shift, `(G, S, h * w)`; zeros come in."""
    num, height, width = seen.shape
    seen = seen.copy()
    seen[mirrored] = seen[mirrored, :, ::-1]
    y, x = (max(1, round(side * MAX_SHIFT)) for side in (height, width))
    padded = np.pad(seen.astype(np.float32), ((0, 0), (y, y), (x, x)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (height, width), axis=(1, 2))
    return windows.reshape(num, -1, height * width)


def _whole_details(images: Images, rows: Rows) -> NDArray[np.int16]:
    """Details of some images in grey, whole numbers of LENGTH, `(R, h, w)`."""
    (fine_y, coarse_y), (fine_x, coarse_x) = scales(images.shape[1]), scales(images.shape[2])
    parts = [np.empty((0, len(fine_y), len(fine_x)), np.int16)]
    for start in range(0, len(rows), IMAGES_AT_ONCE):
        part = images[rows[start : start + IMAGES_AT_ONCE]]
        grey = part.sum(3, dtype=np.float32) / part.shape[3]
        # Image by image, as stacks of matrices are multiplied: no image's bits depend on others.
        details = fine_y @ grey @ fine_x.T - coarse_y @ grey @ coarse_x.T
        whole = np.rint(details * DETAIL_STEPS).astype(np.float64)
        energy = (whole**2).sum((1, 2), keepdims=True)  # exact: less than 2^53
        floor = (NOISE * DETAIL_STEPS) ** 2 * whole[0].size
        parts.append(np.rint(whole * (LENGTH / np.sqrt(energy + floor))).astype(np.int16))
    return np.concatenate(parts)
