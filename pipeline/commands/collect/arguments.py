"""What `groundwork collect` takes."""

import argparse
from pathlib import Path

from pipeline.commands.frame import from_start
from pipeline.commands.monitor.arguments import add_places

NUM = 40


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="groundwork collect",
        description="Choose served examples that people should look at, for groundwork review "
        "--collected; or take what they decided into the dataset.",
        epilog="example: groundwork collect --since 2d, then groundwork review --collected, then "
        "groundwork collect --take --license CC0-1.0 --purpose training",
    )
    add_places(parser)
    parser.add_argument(
        "--num", type=int, default=NUM, metavar="N", help="how many to choose, %(default)s"
    )
    parser.add_argument(
        "--against",
        type=from_start,
        metavar="DIR",
        help="folder of another model: where the two differ comes first",
    )
    parser.add_argument(
        "--take",
        action="store_true",
        help="bring the decided ones into data/collected, which ingest reads",
    )
    parser.add_argument("--license", help="terms under which you hold them, with --take")
    parser.add_argument(
        "--purpose",
        action="append",
        type=_purpose,
        default=[],
        metavar="NAME",
        help="what they may be used for, with --take; may stand several times",
    )
    return parser


def collected_folder(dataset: str) -> Path:
    """What was chosen, for the review page."""
    return Path(".groundwork/collected") / dataset


def _purpose(text: str) -> str:
    if not text.replace("-", "").replace("_", "").isalnum():
        raise argparse.ArgumentTypeError("a name of letters, digits, - and _")
    return text
