"""What `groundwork compare` takes."""

import argparse

from pipeline.commands.compare.comparison import TOLERANCE
from pipeline.targets.opening import TARGETS, open_judging


def parser() -> argparse.ArgumentParser:
    judgings = [open_judging(target) for target in TARGETS]
    known = (
        f"of {', '.join(judging.GOOD)} (default: {' '.join(judging.JUDGED)})"
        for judging in judgings
    )
    parser = argparse.ArgumentParser(
        prog="groundwork compare",
        description="Say whether the change from one run to another is real, example by example.",
        epilog="example: groundwork compare main",
    )
    parser.add_argument("base", help="commit, branch, tag or experiment to compare with")
    parser.add_argument("candidate", nargs="?", help="what to compare; default: the workspace")
    parser.add_argument(
        "--tolerance",
        type=tolerance,
        default=TOLERANCE,
        help="how much worse a metric may get (default: %(default)s)",
    )
    parser.add_argument(
        "--metrics",
        nargs="+",
        choices=list(dict.fromkeys(name for judging in judgings for name in judging.GOOD)),
        metavar="METRIC",
        help=f"what to judge by, {', or '.join(known)}",
    )
    parser.add_argument("--markdown", action="store_true", help="print it for a pull request")
    parser.add_argument("--strict", action="store_true", help="exit 1 when inconclusive, too")
    return parser


def tolerance(text: str) -> float:
    value = float(text)
    if not 0 <= value < 1:
        raise argparse.ArgumentTypeError("must be at least 0 and less than 1")
    return value
