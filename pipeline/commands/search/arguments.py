"""What `groundwork search` takes."""

import argparse
from pathlib import Path

from pipeline.commands.frame import from_start

SPACE = Path("recipes/search.yaml")
STORAGE = "sqlite:///.groundwork/search.db"
TRIALS, FINALISTS = 50, 5


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="groundwork search",
        description="Search for better hyperparameters on validation. Each trial becomes an "
        "experiment that dvc exp show lists; the same command goes on where a search was stopped.",
        epilog="example: groundwork search --trials 50",
    )
    parser.add_argument(
        "--trials",
        type=_positive,
        default=TRIALS,
        metavar="N",
        help="in all, with those of earlier runs; %(default)s",
    )
    parser.add_argument(
        "--space",
        type=from_start,
        default=SPACE,
        metavar="FILE",
        help="what is varied, and within what, %(default)s",
    )
    parser.add_argument(
        "--storage",
        default=STORAGE,
        metavar="URL",
        help="database of the search, such as postgresql+psycopg://HOST/NAME, which several "
        "machines may share; %(default)s",
    )
    parser.add_argument(
        "--finalists",
        type=_positive,
        default=FINALISTS,
        metavar="N",
        help="how many of the best are trained again, with three other seeds; %(default)s",
    )
    parser.add_argument(
        "--no-export",
        action="store_true",
        help="leave it at trainings: do not run the finalists as experiments up to export",
    )
    return parser


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError("a number of at least 1")
    return int(text)
