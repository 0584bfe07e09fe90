"""What `groundwork adjust` takes."""

import argparse

from pipeline.commands.monitor.arguments import add_places

NORMS, SHARES = "norms", "shares"


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="groundwork adjust",
        description="Make a candidate of the model from unlabelled traffic, as an experiment that "
        "groundwork promote may judge. What is served stays as it is.",
        epilog="example: groundwork adjust --since 2026-11-30T14:05",
    )
    add_places(parser)
    parser.add_argument(
        "--what",
        choices=[NORMS, SHARES],
        help="norms: statistics of batch norms, for examples that look otherwise; shares: how "
        "frequent each answer is. Default: norms where the network has them",
    )
    parser.add_argument("--name", help="of the candidate; default: by what and since when")
    parser.add_argument(
        "--no-run", action="store_true", help="write the adjustment, and run no experiment"
    )
    return parser
