"""Monitor: is what a server answers still like validation, and how good is it?

    groundwork monitor               exit status 1 in an alarm, for cron
    groundwork monitor --since 2d

Reads the records of `groundwork serve` and the reference that `export` left. See docs/monitor.md.
"""

import argparse
import sys
from collections.abc import Iterator

import numpy as np

from pipeline.commands.frame import as_given, run_command
from pipeline.commands.monitor.answers import Answers, read_answers
from pipeline.commands.monitor.arguments import parser
from pipeline.commands.monitor.drift import LEVEL, SIZES
from pipeline.commands.monitor.page import write_page
from pipeline.commands.monitor.watching import TrafficState, watch
from pipeline.runtime.errors import one_line

ALARM = 1


def main(arguments: argparse.Namespace) -> None:
    answers = read_answers(arguments.records, arguments.model, arguments.since)
    if len(answers) < SIZES[0]:
        for line in [too_few(answers), *answers.notes]:
            print(one_line(f"monitor: {line}"))
        return
    watched = watch(answers)
    lines = list(words(answers, watched))
    title = f"{answers.about.get('dataset')}, model {answers.version}"
    page = write_page(arguments.page, watched, title, lines)
    for line in [*lines, f"page: {as_given(page)}"]:
        print(one_line(line))
    if watched.alarms:
        print(f"next: {next_step(watched.alarms[0].since)}")
        sys.stdout.flush()
        sys.exit(ALARM)


def next_step(since: np.datetime64) -> str:
    """What to do about an alarm."""
    return f"groundwork collect --since {at(since)}"


def too_few(answers: Answers) -> str:
    return (
        f"{len(answers)} answers by {answers.version}, {SIZES[0]} are the least to judge by: "
        "whether they drift is unknown"
    )


def words(answers: Answers, watched: TrafficState) -> Iterator[str]:
    """What people read."""
    first = at(answers.times[0])
    yield f"monitor: {len(answers):,} answers since {first} by {answers.version}"
    width = max(map(len, (*watched.families, "accuracy")))
    for family in watched.families:
        worst = watched.worst(family)
        if worst is None:
            state = "unknown: some answers lack it, as those to tensors do"
        elif worst.is_alarm:
            over = f"{worst.shares[-1]:.1f} times the threshold"
            state = f"ALARM since {at(worst.since)}, {over} in windows of {worst.size}"
        else:
            state = "as before"
        yield f"  {family:<{width}}  {state}"
    guess = watched.accuracy
    if guess.value is None:
        state = f"unknown: {guess.reason}"
    else:
        state = f"{guess.value:.1%} ({guess.low:.1%} to {guess.high:.1%}), estimated without labels"
    yield f"  {'accuracy':<{width}}  {state}"
    if (found := watched.labelled) is not None:
        interval = f"({found.low:.4g} to {found.high:.4g})"
        yield (
            f"  {'labelled':<{width}}  {found.name} {found.value:.4g} {interval} of {found.num} "
            "answers whose labels came"
        )
    yield (
        f"  without drift one window in {round(1 / LEVEL):,} alarms, of each size "
        f"({', '.join(str(size) for size in SIZES)})"
    )
    yield from (f"  {note}" for note in answers.notes)


def at(time: np.datetime64) -> str:
    """`2026-11-30T14:05`, UTC."""
    return str(time.astype("datetime64[m]"))


if __name__ == "__main__":
    run_command(lambda: main(parser().parse_args()))
