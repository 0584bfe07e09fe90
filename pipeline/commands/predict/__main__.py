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

from pipeline.commands.frame import as_given, run_command
from pipeline.commands.predict.arguments import parser
from pipeline.dataset.places import MODELS
from pipeline.params import load_params
from pipeline.runtime.errors import SourceError, one_line


def main(arguments: argparse.Namespace) -> None:
    from pipeline.learning.answering import Answering, Unreadable

    model = Answering(MODELS, load_params().ingest)
    num_unreadable = 0
    for path, answer in model.answer(find(arguments.files, model.prepare.SUFFIXES)):
        assert isinstance(path, Path)
        shown = as_given(path)
        if isinstance(answer, Unreadable):
            num_unreadable += 1
            fix = f"give {model.prepare.FORMATS}"
            print(SourceError(f"{shown} cannot be read: {answer}", fix=fix), file=sys.stderr)
        elif arguments.json:
            print(json.dumps({"path": str(shown), **model.as_json(answer)}), flush=True)
        else:
            words = [str(shown), *model.labels.answer_words(answer, model.target)]
            print(one_line("  ".join(words)), flush=True)
    sys.exit(int(num_unreadable > 0))


def find(paths: Sequence[Path], suffixes: frozenset[str]) -> Iterator[Path]:
    """The files, and in place of a folder all examples below it, by name."""
    for path in paths:
        # Not path.is_dir(), which raises for a name that is too long, or in a forbidden folder.
        below = sorted(path.rglob("*")) if os.path.isdir(path) else []  # noqa: PTH112
        examples = [file for file in below if file.suffix.lower() in suffixes]
        yield from examples or [path]


if __name__ == "__main__":
    run_command(lambda: main(parser().parse_args()))
