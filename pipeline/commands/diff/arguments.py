"""What `groundwork diff` takes."""

import argparse

from pipeline.commands.diff.limits import Limit, parse_limit
from pipeline.commands.frame import from_start

EPILOG = """examples:
  groundwork diff                      the workspace against the last commit
  groundwork diff main                 the workspace against main
  groundwork diff v1 v2 --markdown     two commits, branches, tags or experiments
  groundwork diff main --fail-on 'relabelled>1%' --fail-on 'removed>100'
"""


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="groundwork diff",
        description="Say which examples changed between two versions of the data, from git alone.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "base", nargs="?", default="HEAD", help="the version before (default: %(default)s)"
    )
    parser.add_argument("candidate", nargs="?", help="that after; default: the workspace")
    parser.add_argument(
        "--show",
        type=number,
        default=10,
        metavar="N",
        help="name so many examples of each kind of change (default: %(default)s)",
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--markdown", action="store_true", help="print it for a pull request")
    form.add_argument("--csv", action="store_true", help="print a list of all changes")
    parser.add_argument(
        "--pictures",
        type=from_start,
        metavar="FILE",
        help="draw them before and after, where the data are at hand, into a PNG file",
    )
    parser.add_argument(
        "--fail-on",
        type=limit,
        action="append",
        default=[],
        metavar="CONDITION",
        help="exit with 1 where more changed, as relabelled>1%% or removed>100; may be repeated",
    )
    return parser


def number(text: str) -> int:
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError("must be at least 0")
    return value


def limit(text: str) -> Limit:
    try:
        return parse_limit(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
