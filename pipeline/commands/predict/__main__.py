"""Predict: what the model in models/ says of files.

    groundwork predict FILE...    files, and folders with all examples in them

Prints a line for each file: path, best label, probability. What cannot be read is named on stderr,
the others are answered nevertheless, and the exit status is 1.
"""

import argparse
import json
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from pipeline.commands.frame import as_given, run_command
from pipeline.commands.predict.arguments import parser
from pipeline.dataset.places import MODELS
from pipeline.modalities.opening import open_encode, open_prepare
from pipeline.modalities.protocols.prepare import Prepare
from pipeline.params import load_params
from pipeline.runtime.errors import SourceError, one_line
from pipeline.targets.opening import open_judging, open_labels
from pipeline.targets.protocols.labels import Labels, TargetIndex

EXAMPLES_AT_ONCE = 1000
BYTES_AT_ONCE = 32 << 20  # of files


class Unreadable(str):
    """Why a file has no bytes that can be used."""


def main(arguments: argparse.Namespace) -> None:
    from pipeline.learning.device import choose_device
    from pipeline.learning.inference import predict
    from pipeline.learning.model_file import load_model

    limits = load_params().ingest
    device = choose_device("auto", "fp32", False)
    model = load_model(MODELS, device)
    about = model.about
    prepare, encode = open_prepare(about["modality"]), open_encode(about["modality"])
    labels, judging = open_labels(about["target_kind"]), open_judging(about["target_kind"])
    reader = Reader(prepare, limits)
    for paths, contents in reader.batches(find(arguments.files, prepare.SUFFIXES)):
        inputs = encode.encode(contents, about["preparation"])
        outputs = predict(model.network, inputs, device)
        for path, row in zip(paths, judging.probabilities(outputs), strict=True):
            print(
                as_line(as_given(path), row, labels, about["target"], as_json=arguments.json),
                flush=True,
            )
    sys.exit(int(reader.num_unreadable > 0))


def find(paths: Sequence[Path], suffixes: frozenset[str]) -> Iterator[Path]:
    """The files, and in place of a folder all examples below it, by name."""
    for path in paths:
        # Not path.is_dir(), which raises for a name that is too long, or in a forbidden folder.
        below = sorted(path.rglob("*")) if os.path.isdir(path) else []  # noqa: PTH112
        examples = [file for file in below if file.suffix.lower() in suffixes]
        yield from examples or [path]


class Reader:
    """Reads files as ingest does, and says what it cannot read."""

    def __init__(self, prepare: Prepare, limits: Any) -> None:
        """`limits` are the section `ingest` of params.yaml."""
        self.prepare, self.limits = prepare, limits
        self.max_bytes = limits.max_file_mb * 1e6
        self.num_unreadable = 0

    def batches(self, paths: Iterator[Path]) -> Iterator[tuple[list[Path], dict[str, list[Any]]]]:
        """Paths of readable files, and their contents as data/raw has them, by column.

        Up to EXAMPLES_AT_ONCE of them, of about BYTES_AT_ONCE.
        """
        read: list[tuple[Path, bytes | Unreadable]] = []
        num_bytes = 0
        for path in paths:
            data = self._read(path)
            read.append((path, data))
            num_bytes += len(data) if isinstance(data, bytes) else 0
            if len(read) == EXAMPLES_AT_ONCE or num_bytes >= BYTES_AT_ONCE:
                yield from self._prepared(read)
                read, num_bytes = [], 0
        yield from self._prepared(read)

    def _read(self, path: Path) -> bytes | Unreadable:
        try:
            if path.is_dir():
                return Unreadable(f"a folder without {self.prepare.NOUN}s")
            if path.exists() and not path.is_file():  # reading a pipe would never end
                return Unreadable("no regular file")
            if path.stat().st_size > self.max_bytes:
                return Unreadable(f"larger than {self.max_bytes / 1e6:g} MB")
            return path.read_bytes()
        except OSError as error:
            return Unreadable(error.strerror or str(error))

    def _prepared(
        self, read: Sequence[tuple[Path, bytes | Unreadable]]
    ) -> Iterator[tuple[list[Path], dict[str, list[Any]]]]:
        """At most one batch: of the files that can be used."""
        files = [None if isinstance(data, Unreadable) else data for _, data in read]
        prepared = self.prepare.prepare(files, self.limits)
        usable = []
        for row, ((path, data), problem) in enumerate(zip(read, prepared.problems, strict=True)):
            if (reason := data if isinstance(data, Unreadable) else problem) is None:
                usable.append(row)
            else:
                self._report(path, reason)
        if usable:
            contents = {n: [values[r] for r in usable] for n, values in prepared.content.items()}
            yield [read[row][0] for row in usable], contents

    def _report(self, path: Path, reason: str) -> None:
        self.num_unreadable += 1
        what = f"{as_given(path)} cannot be read: {reason}"
        error = SourceError(what, fix=f"give {self.prepare.FORMATS}")
        print(error, file=sys.stderr)


def as_line(
    path: Path, probabilities: NDArray, labels: Labels, index: TargetIndex, *, as_json: bool
) -> str:
    if as_json:
        return json.dumps({"path": str(path), **labels.answer(probabilities, index)})
    return one_line("  ".join([str(path), *labels.answer_words(probabilities, index)]))


if __name__ == "__main__":
    run_command(lambda: main(parser().parse_args()))
