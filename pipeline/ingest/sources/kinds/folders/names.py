"""Meanings of a folder's name: a split, a part of a dataset, no label, or none of these."""

import re
from collections.abc import Collection

from pipeline.sources.source import SPLIT_NAMES

WITHOUT_LABELS = {
    "unlabelled", "unlabeled", "unlabelleddata", "unlabeleddata", "nolabel", "nolabels", "unsorted",
    "unsup", "unsupervised",
}  # fmt: skip
"""Names of folders whose examples have no label, in lower case, letters only."""
SPLIT_FOLDERS = SPLIT_NAMES | {"eval": "test", "evaluation": "test"}
OF_SPLITS = {*SPLIT_FOLDERS, "trn", "tst", "trainval", "holdout", "pred", "predict", "prediction",
             "predictions", "inference"}  # fmt: skip
OF_PARTS = {
    "part", "parts", "fold", "folds", "batch", "chunk", "shard", "split", "splits", "subset", "set",
    "data", "dataset", "datasets", "image", "images", "img", "imgs", "pic", "pics", "picture",
    "pictures", "photo", "photos", "jpg", "jpeg", "jpegs", "jpegimages", "png", "pngs", "file",
    "files", "sample", "samples", "example", "examples", "original", "originals", "augmented",
    "mask", "masks", "label", "labels", "annotation", "annotations",
}  # fmt: skip
"""Words in names of folders that hold a part of a dataset rather than a label."""


def is_without_labels(name: str) -> bool:
    return re.sub(r"[\W\d_]", "", name.lower()) in WITHOUT_LABELS


def split_of(name: str) -> str | None:
    """The split that a folder's name means."""
    return SPLIT_FOLDERS.get(name.lower())


def words_of(name: str) -> list[str]:
    """Words of a name in lower case, without numbers: `seg_train`, `TrainImages2`, `fold1`.

    A word joined from one of a split and one of a part counts as two.
    """
    found: list[str] = []
    for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_A-Za-z]+", name):
        small = word.lower()
        halves = (
            [small[: len(split)], small[len(split) :]]
            for split in OF_SPLITS
            if small.startswith(split) and small[len(split) :] in OF_PARTS
        )
        found += [small] if small in OF_SPLITS | OF_PARTS else next(halves, [small])
    return found


def part_like(names: Collection[str]) -> list[str]:
    """Select names of a part of a dataset rather than a label: `seg_train`, `fold_2`.

    Words that all of those share are ignored: `seg` in `seg_train`, `seg_test`.
    """
    words = {name: words_of(name) for name in names}
    telling = OF_SPLITS | OF_PARTS
    like = [name for name in names if telling & set(words[name])]
    shared = set.intersection(*(set(words[name]) for name in like)) if len(like) > 1 else set()
    return [name for name in like if set(words[name]) <= telling | shared]
