"""What `groundwork promote` takes."""

import argparse

from pipeline.commands.compare.arguments import tolerance
from pipeline.commands.compare.comparison import TOLERANCE
from pipeline.commands.frame import from_start
from pipeline.dataset.places import SERVED
from pipeline.serving.releases.tags import PRODUCTION


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="groundwork promote",
        description="Tag a model for production, if it wins against the one that serves there.",
        epilog="example: groundwork promote, then: git push origin --tags",
    )
    parser.add_argument(
        "revision",
        nargs="?",
        metavar="REV",
        help="commit, branch, tag or experiment to promote; default: the last commit",
    )
    parser.add_argument(
        "--rollback", action="store_true", help="go back to what served before, tested as it is"
    )
    parser.add_argument("--dry-run", action="store_true", help="judge, and tag nothing")
    rule = parser.add_mutually_exclusive_group()
    rule.add_argument(
        "--not-worse",
        action="store_true",
        help="let it pass that surely loses nothing, though it may not win",
    )
    rule.add_argument(
        "--by-traffic",
        action="store_true",
        help="traffic is no longer like the test split: labelled traffic decides, and the test "
        "split is only shown",
    )
    parser.add_argument(
        "--tolerance",
        type=tolerance,
        default=TOLERANCE,
        help="what a metric may lose, %(default)s; of an error, this share of it",
    )
    parser.add_argument(
        "--stage", default=PRODUCTION, help="what servers follow (default: %(default)s)"
    )
    parser.add_argument(
        "--records",
        type=from_start,
        default=SERVED,
        metavar="DIR",
        help="records of a server with labelled traffic, %(default)s",
    )
    return parser
