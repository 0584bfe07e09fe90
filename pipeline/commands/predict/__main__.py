"""Predict: what the model in models/ says of files.

    groundwork predict FILE...    files, folders with all examples in them, and addresses
    groundwork predict - < FILE   standard input

Prints a line for each file, or for each row of a table: what it is called, the best label, its
probability. What cannot be read is named on stderr, the others are answered nevertheless, and the
exit status is 1.
"""

import argparse
import json
import os
import sys
import tempfile
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pipeline.commands.frame import run_command
from pipeline.commands.predict.arguments import parser
from pipeline.commands.predict.files import STDIN, NamedPath, locate
from pipeline.dataset.arrays import Float64
from pipeline.dataset.places import MODELS, SERVING
from pipeline.learning.answering import Answering, Unreadable
from pipeline.params import load_params
from pipeline.runtime.errors import SourceError, one_line
from pipeline.runtime.json_files import read_json
from pipeline.runtime.process import available_cores
from pipeline.serving.folder import SERVING_JSON
from pipeline.serving.graph import Graph

NUM_EXPLAINED = 10


def main(arguments: argparse.Namespace) -> None:
    limits = load_params().ingest
    model = open_model(limits)
    with tempfile.TemporaryDirectory() as folder:
        located = locate(
            arguments.files, Path(folder), limits.max_file_mb * 1e6, arguments.stdin_filename
        )
        num_unreadable = print_answers(located, model, arguments)
    sys.exit(int(num_unreadable > 0))


def print_answers(
    located: Iterator[NamedPath | SourceError], model: Answering, arguments: argparse.Namespace
) -> int:
    """Print an answer to each example; returns how many could not be read."""
    names: deque[tuple[str, str]] = deque()
    errors: list[SourceError] = []
    num_unreadable = 0
    for example, answer, is_known in model.answer(examples(located, model, names, errors)):
        name, row = names.popleft()
        shown = f"{name} {row}".rstrip()
        if isinstance(answer, Unreadable):
            num_unreadable += 1
            fix = f"give {model.prepare.FORMATS}"
            if name == STDIN and not arguments.stdin_filename and ".csv" in model.prepare.SUFFIXES:
                fix += ", whose name says so: --stdin-filename rows.csv"
            print(SourceError(f"{shown} cannot be read: {answer}", fix=fix), file=sys.stderr)
        elif arguments.json:
            where = {"path": name} | ({"row": row} if row else {})
            more = {"without": explanation(model, example, answer)} if arguments.explain else {}
            print(
                json.dumps({**where, **model.as_json(answer, is_known=is_known), **more}),
                flush=True,
            )
        else:
            unknown = [] if is_known else [model.unknown]
            words = [shown, *unknown, *model.labels.answer_words(answer, model.target)]
            print(one_line("  ".join(words)), flush=True)
            for part, said in explanation(model, example, answer) if arguments.explain else ():
                print(one_line(f"    without {part}: {said}"), flush=True)
    return num_unreadable + len(errors)


def open_model(limits: Any) -> Answering:
    """The graph in models/serving, where it is of the network in models/; else the network, whose
    torch takes most of the time that an answer takes. Both give the same answers.

    Raises:
        MissingInput: there is no model, or it is not whole.
    """
    if weights_of(MODELS / "model.json") == weights_of(SERVING / SERVING_JSON) is not None:
        return Answering.from_graph(Graph.open(SERVING, available_cores()), limits)
    from pipeline.learning.network_answers import open_network

    return open_network(MODELS, limits)


def weights_of(path: Path) -> str | None:
    """The digest of the weights that a description is of; None where it does not say."""
    try:
        value = read_json(path).get("weights_sha256")
    except (OSError, ValueError):
        return None
    return value if isinstance(value, str) else None


def explanation(model: Answering, example: Path | bytes, answer: Float64) -> list[tuple[str, str]]:
    """The inputs that change an answer most once they are missing, and what is said then."""
    without = model.explain(example)
    most = sorted(without, key=lambda name: -float(abs(without[name] - answer).max()))
    return [
        (name, "  ".join(model.labels.answer_words(without[name], model.target)))
        for name in most[:NUM_EXPLAINED]
    ]


def examples(
    located: Iterable[NamedPath | SourceError],
    model: Answering,
    names: deque[tuple[str, str]],
    errors: list[SourceError],
) -> Iterator[Path | bytes]:
    """Each example of the files; `names` gets its file, and what it is called in it.

    What could not be fetched is printed, and added to `errors`.
    """
    for place in located:
        if isinstance(place, SourceError):
            print(place, file=sys.stderr)
            errors.append(place)
            continue
        for name, path in find(place, model.prepare.SUFFIXES):
            several = model.prepare.examples_in(path, model.limits)
            for row, example in several if several is not None else [("", path)]:
                names.append((name, row))
                yield example


def find(place: NamedPath, suffixes: frozenset[str]) -> Iterator[NamedPath]:
    """The file, or in place of a folder all examples below it, by name."""
    # Not path.is_dir(), which raises for a name that is too long, or in a forbidden folder.
    below = sorted(place.path.rglob("*")) if os.path.isdir(place.path) else []  # noqa: PTH112
    found = [path for path in below if path.suffix.lower() in suffixes]
    if not found:
        yield place
    for path in found:
        yield NamedPath(str(Path(place.name, path.relative_to(place.path))), path)


if __name__ == "__main__":
    run_command(lambda: main(parser().parse_args()))
