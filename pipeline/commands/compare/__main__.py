"""Compare: is the change from one run to another real?

    groundwork compare main              the workspace against main
    groundwork compare main nasty-zips   any two commits, branches or experiments

Exit status: 1 when a metric failed, else 0; with --strict also 1 when it is inconclusive. What
PASS, FAIL and INCONCLUSIVE mean is in comparison.py.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from pipeline.commands.compare.arguments import parser
from pipeline.commands.compare.comparison import (
    ALPHA,
    FAIL,
    INCONCLUSIVE,
    PASS,
    Change,
    compare,
    level_of,
    overall,
)
from pipeline.commands.compare.revisions import read_output
from pipeline.commands.frame import run_command
from pipeline.reporting.markdown import as_table, code
from pipeline.runtime.errors import CompareError, one_line
from pipeline.targets.opening import TARGETS, open_judging
from pipeline.targets.predictions import target_of
from pipeline.targets.protocols.judging import Judging, Predictions

PREDICTIONS = "data/evaluation/predictions.parquet"
WORKSPACE = "workspace"


def main(arguments: argparse.Namespace) -> None:
    names = [arguments.base, arguments.candidate or WORKSPACE]
    judging, (base, candidate) = read(names)
    judged = choose_metrics(arguments.metrics, judging)
    one, other = judging.align(base, candidate)
    changes = compare(one, other, judging, judged=judged, tolerance=arguments.tolerance)
    verdict = overall(changes)
    compared = examples_compared(one, base, candidate)
    sentence = f"{verdict}: {meaning(changes, arguments.tolerance)}"
    if arguments.markdown:
        lines = as_markdown(names, changes, compared, sentence, level_of(judged))
        print("\n".join(lines))
    else:
        print("\n".join(map(one_line, as_text(names, changes, compared, sentence))))
    sys.exit(int(verdict == FAIL or (arguments.strict and verdict != PASS)))


def read(names: Sequence[str]) -> tuple[Judging, list[Any]]:
    """The `Predictions` of each of two runs, and who judges them.

    Raises:
        MissingInput: those of one are not there.
        CompareError: they cannot be read, or are of two targets.
    """
    contents = [read_output(PREDICTIONS, None if name == WORKSPACE else name) for name in names]
    targets = [target_of(content, name) for content, name in zip(contents, names, strict=True)]
    for target, name in zip(targets, names, strict=True):
        if target not in TARGETS:
            raise CompareError(
                f"the predictions of {name} are of the target {target}, expected "
                f"{' or '.join(TARGETS)}",
                fix="compare with the version of this project that made them",
            )
    if targets[0] != targets[1]:
        raise CompareError(
            f"the runs are of other targets: {targets[0]}; and {targets[1]}",
            fix="compare runs on the same dataset",
        )
    judging = open_judging(targets[0])
    pairs = zip(contents, names, strict=True)
    return judging, [judging.read_predictions(content, name) for content, name in pairs]


def choose_metrics(asked: Sequence[str] | None, judging: Judging) -> list[str]:
    """What to judge by: the metrics asked for, each once.

    Raises:
        CompareError: the target has no such metric.
    """
    for metric in asked or ():
        if metric not in judging.GOOD:
            raise CompareError(
                f"these runs have no metric {metric}",
                fix=f"judge by {' or '.join(judging.GOOD)}",
            )
    return list(dict.fromkeys(asked or judging.JUDGED))


def examples_compared(both: Predictions, base: Predictions, candidate: Predictions) -> str:
    num = len(both.ids)
    if num == len(base.ids) == len(candidate.ids):
        return f"{num:,} test examples"
    return f"{num:,} test examples that both have, of {len(base.ids):,} and {len(candidate.ids):,}"


def as_text(
    names: Sequence[str], changes: Sequence[Change], compared: str, sentence: str
) -> Iterator[str]:
    yield f"{names[0]} -> {names[1]}, {compared}"
    header, rows = table(names, changes)
    columns = list(zip(header, *rows, strict=True))
    widths = [max(map(len, column)) for column in columns]
    for row in (header, *rows):
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        yield "  ".join(cells)
    yield sentence


def as_markdown(
    names: Sequence[str], changes: Sequence[Change], compared: str, sentence: str, level: float
) -> Iterator[str]:
    yield f"**{sentence}**"
    yield ""
    header, rows = table([code(name) for name in names], changes)
    yield from as_table(header, rows)
    yield ""
    yield (
        f"{code(names[0])} → {code(names[1])}, {compared}; {level:.1%} intervals of the paired "
        f"bootstrap, so that runs that are alike fail in at most {ALPHA:.0%} of comparisons; p is "
        "the chance of a change so bad between runs that are alike."
    )


def table(names: Sequence[str], changes: Sequence[Change]) -> tuple[list[str], list[list[str]]]:
    header = ["metric", *names, "change", "interval", "p", "verdict"]
    rows = [
        [
            change.metric,
            f"{change.before:.4f}",
            f"{change.after:.4f}",
            f"{change.after - change.before:+.4f}",
            f"{change.low:+.4f} to {change.high:+.4f}",
            f"{change.p:.4f}",
            change.verdict,
        ]
        for change in changes
    ]
    return header, rows


def meaning(changes: Sequence[Change], tolerance: float) -> str:
    def metrics(verdict: str) -> str:
        return ", ".join(change.metric for change in changes if change.verdict == verdict)

    verdict = overall(changes)
    if verdict == PASS:
        return f"nothing got worse by more than {tolerance:g}"
    if verdict == FAIL:
        return f"worse by more than {tolerance:g}: {metrics(FAIL)}"
    return (
        f"too few test examples to say whether it got worse by more than {tolerance:g}: "
        f"{metrics(INCONCLUSIVE)}"
    )


if __name__ == "__main__":
    run_command(lambda: main(parser().parse_args()))
