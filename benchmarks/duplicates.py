"""Are planted duplicates and CIFAR-10's own leaks found, and at what cost?

Near duplicates: altered copies (copies.py) of images of CIFAR-10's training split, of each kind as
many, are planted among all of them. Recall is the share of copies found with their original.
Precision counts as wrong a copy paired with an image that is not its original and was not found
to be a near duplicate of the original either; what is found between originals is pictured
(`--sheet`), for people to judge. The peer is the difference hash of data/raw, at several Hamming
distances, of images and their mirror images.

Leaks: train against test as they are.

    GROUNDWORK_CIFAR10=/data/cifar10 python benchmarks/duplicates.py [--seeds 3] [--sheet leaks.png]
"""

import argparse
import os
import platform
import resource
import sys
import time
from hashlib import sha256
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import pyarrow.parquet as pq
from copies import KINDS, plant
from numpy.typing import NDArray
from results import Figure, middle_and_range, save
from sklearn.datasets import load_digits

from pipeline.clean.duplicates import distinct_rows, find_duplicates
from pipeline.modalities.images.compare.near_duplicates import find_pairs
from pipeline.modalities.images.content.measurements import measure
from pipeline.modalities.images.encode.pixels import decode_all
from pipeline.modalities.images.show.figures import image_grid
from pipeline.modalities.pairs import Pairs

Images = NDArray[np.uint8]
PAIRS_PICTURED = 60


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cifar10", default=os.environ.get("GROUNDWORK_CIFAR10"))
    parser.add_argument("--images", type=int, default=50_000)
    parser.add_argument("--copies", type=int, default=200, help="planted of each kind")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--grey", action="store_true", help="plant among grey images, no more")
    parser.add_argument("--sheet", type=Path, help="where a picture of the leaks goes")
    options = parser.parse_args()
    if not options.cifar10:
        sys.exit("skipped: GROUNDWORK_CIFAR10 names no folder with CIFAR-10 in Parquet")
    print(f"Python {platform.python_version()}, {len(os.sched_getaffinity(0))} cores")
    digits = np.rint(load_digits().images * (255 / 16)).astype(np.uint8)[..., None]
    rows = np.arange(len(digits))
    print(f"digits: {len(find_pairs(digits, rows, 0 * rows).first)} near duplicates")
    train, test = (load(Path(options.cifar10), split) for split in ("train", "test"))
    if options.grey:
        grey = np.rint(train[: options.images].mean(3, keepdims=True)).astype(np.uint8)
        return find_planted(grey, options.copies, options.seeds)
    find_planted(train[: options.images], options.copies, options.seeds)
    find_leaks(train, test, options.sheet)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    print(f"peak memory {peak:.0f} MB, of which images {(train.nbytes + test.nbytes) / 1e6:.0f} MB")


def load(folder: Path, split: str) -> Images:
    encoded = [
        row["bytes"]
        for path in sorted(folder.glob(f"{split}-*.parquet"))
        for row in pq.read_table(path, columns=["img"])["img"].to_pylist()
    ]
    return decode_all(encoded, (32, 32, 3), "squash")


def find_planted(images: Images, num: int, seeds: int) -> None:
    num_originals = len(images)
    recalls: dict[str, list[float]] = {kind: [] for kind in KINDS}
    precisions: dict[str, list[float]] = {kind: [] for kind in KINDS}
    hashes: dict[tuple[int, str], list[float]] = {}
    seconds: list[float] = []
    between: list[float] = []
    for seed in range(100, 100 + seeds):  # thresholds were chosen on seeds 0 and 1
        sources, kinds, copies = plant(images, num, seed)
        everything = np.concatenate([images, copies])
        rows = np.arange(len(everything))
        started = time.process_time()
        found = pairs_of(find_pairs(everything, rows, 0 * rows))
        seconds.append(time.process_time() - started)
        between.append(sum(b < num_originals for _, b in found))
        for kind in KINDS:
            right = wrong = 0
            copies_of_kind = {
                num_originals + i: int(sources[i]) for i, k in enumerate(kinds) if k == kind
            }
            for a, b in found:
                source = copies_of_kind.get(b)
                if source is None or a >= num_originals:
                    continue
                right += a == source
                wrong += a != source and (min(a, source), max(a, source)) not in found
            recalls[kind].append(right / num)
            precisions[kind].append(right / max(1, right + wrong))
        compare_hashes(images, copies, sources, kinds, hashes)
    print(f"{num} copies of each kind among {num_originals} images, n = {seeds} seeds")
    print(f"{'':14} {'recall':>22} {'precision':>22}")
    for kind in KINDS:
        print(f"{kind:14} {spread(recalls[kind])} {spread(precisions[kind])}")
    print(f"CPU seconds {spread(seconds)}; pairs found between originals {spread(between)}")
    figures = [
        Figure(
            "duplicates",
            f"{kind} copies among {num_originals:,} images, recall (precision "
            f"{np.mean(precisions[kind]):.3f})",
            spread(recalls[kind]).strip(),
            seeds,
            f"difference hash at distance 12: {np.mean(hashes[12, kind]):.3f}",
            middle_and_range(
                [a / max(b, 1e-9) for a, b in zip(recalls[kind], hashes[12, kind], strict=True)]
            ),
        )
        for kind in KINDS
    ]
    save("duplicates", figures, f"python benchmarks/duplicates.py --seeds {seeds}")
    for distance in sorted({distance for distance, _ in hashes}):
        figures = (f"{kind} {np.mean(hashes[distance, kind]):.3f}" for kind in KINDS)
        false = np.mean(hashes[distance, "pairs"])
        print(
            f"hash, distance {distance:2}: {false:9.0f} pairs between originals; recall", *figures
        )


def compare_hashes(
    images: Images,
    copies: Images,
    sources: NDArray[np.int64],
    kinds: list[str],
    results: dict[tuple[int, str], list[float]],
) -> None:
    """Recall by the difference hash, and pairs of originals that it holds for near duplicates."""
    plain, of_copies = measure(images).dhash, measure(copies).dhash
    turned = measure(np.ascontiguousarray(images[:, :, ::-1])).dhash
    distances = np.minimum(
        np.bitwise_count(of_copies ^ plain[sources]), np.bitwise_count(of_copies ^ turned[sources])
    )
    between = np.zeros(65, np.int64)
    for row in range(0, len(plain), 50):  # every fiftieth is enough to count
        both = np.minimum(
            np.bitwise_count(plain ^ plain[row]), np.bitwise_count(turned ^ plain[row])
        )
        both[row] = 64
        between += np.bincount(both, minlength=65)
    for distance in (0, 4, 8, 12):
        for kind in KINDS:
            of_kind = distances[[k == kind for k in kinds]]
            results.setdefault((distance, kind), []).append(float((of_kind <= distance).mean()))
        results.setdefault((distance, "pairs"), []).append(between[: distance + 1].sum() * 50 / 2)


def find_leaks(train: Images, test: Images, sheet: Path | None) -> None:
    images = np.concatenate([test, train])
    splits = ["test"] * len(test) + ["train"] * len(train)
    ids = [f"test-{i:05d}" for i in range(len(test))] + [f"{i:05d}" for i in range(len(train))]
    started = time.process_time()
    same_as = distinct_rows([sha256(image).hexdigest() for image in images], splits, ids)
    ranks = np.array([split == "train" for split in splits]).astype(np.int64)
    near = find_pairs(images, np.flatnonzero(same_as == np.arange(len(images))), ranks)
    seconds = time.process_time() - started
    found = find_duplicates(same_as, near, splits, ids)
    leaks = [repetition for repetition in found.repetitions if repetition.reason]
    kinds = {kind: sum(r.kind == kind for r in leaks) for kind in ("exact", "near")}
    crossing = ranks[near.first] != ranks[near.second]
    tested = len(set(near.first[crossing].tolist()) | {r.of for r in leaks if r.kind == "exact"})
    within = len(found.repetitions) - len(leaks)
    print(
        f"train against test: {tested} of {len(test)} test images ({tested / len(test):.2%}) "
        f"repeat in train; {len(leaks)} training images go ({kinds}), {within} repetitions stay, "
        f"{seconds:.0f} CPU seconds"
    )
    if sheet is None:
        return
    leaks.sort(key=lambda leak: leak.similarity)
    chosen = [leaks[i] for i in np.linspace(0, len(leaks) - 1, PAIRS_PICTURED).astype(int)]
    image_grid(
        [np.concatenate([images[leak.row], images[leak.of]], 1) for leak in chosen],
        [f"{ids[leak.row]} {ids[leak.of]} {leak.similarity:.2f}" for leak in chosen],
        sheet,
        columns=10,
        title=f"{len(leaks)} leaks, training image beside test image, the least similar first",
    )


def pairs_of(pairs: Pairs) -> set[tuple[int, int]]:
    return set(zip(pairs.first.tolist(), pairs.second.tolist(), strict=True))


def spread(values: list[float]) -> str:
    return f"{np.mean(values):8.3f} ({min(values):.3f} to {max(values):.3f})"


if __name__ == "__main__":
    main()
