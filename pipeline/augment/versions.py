"""Versions of training examples that people bring, in place of copies that are varied."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.dataset.places import CLEAN, PARAPHRASES_DIR
from pipeline.dataset.table import file_sha256, read_tables
from pipeline.modalities.protocols.encode import Encode, Inputs, Preparation

Version = Mapping[str, Any]
"""A content, by the columns that `encode` reads."""


class Brought(NamedTuple):
    versions: Mapping[str, Sequence[Version]]
    """The versions of a training example, by its id."""
    digest: str
    """SHA-256 of the file; empty where there is none."""
    remark: str
    """A sentence for people; empty where there is nothing to say."""


def read_brought(encoding: Encode, dataset: str, copies: int) -> Brought:
    """Read the dataset's file of versions, if there is one and the modality takes versions.

    Raises:
        SettingsError: the file lacks a column or cannot be read.
    """
    path = PARAPHRASES_DIR / f"{dataset}.csv"
    versions_brought = getattr(encoding, "versions_brought", None)
    if versions_brought is None or not path.is_file():
        return Brought({}, "", "")
    if copies == 1:
        return Brought({}, "", f"{path} is not used: augment.copies is 1, which is the originals")
    versions, remark = versions_brought(path, _examples(encoding.CONTENT))
    return Brought(versions, file_sha256(path), f"{path}: {remark}")


def _examples(names: Sequence[str]) -> Iterator[tuple[str, str, Version]]:
    for table in read_tables(CLEAN, ["id", "split", *names]):
        for row in table.to_pylist():
            yield row["id"], row["split"], row


def with_brought(
    inputs: Inputs,
    versions: Sequence[Sequence[Version]],
    turns: NDArray[np.int64],
    encoding: Encode,
    preparation: Preparation,
) -> Inputs:
    """Replace inputs of examples that have versions, in place.

    Args:
        inputs: of N examples.
        versions: the versions of each example, which take turns; empty for an example without any.
        turns: for each example, which turn it is, `(N,)`, from 0.
    """
    places = [place for place, own in enumerate(versions) if own]
    if not places:
        return inputs
    chosen = [versions[place][int(turns[place]) % len(versions[place])] for place in places]
    contents = {name: [content[name] for content in chosen] for name in encoding.CONTENT}
    for name, values in encoding.encode(contents, preparation).items():
        inputs[name][places] = values
    return inputs
