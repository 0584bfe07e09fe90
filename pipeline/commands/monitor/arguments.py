"""What `groundwork monitor` takes."""

import argparse
import re
import time
from datetime import UTC, datetime
from pathlib import Path

from pipeline.commands.frame import from_start
from pipeline.dataset.places import SERVED, SERVING

DAYS = 7
FOLDER = Path(".groundwork/monitor")
AGO = re.compile(r"(\d+)([dhm])")
SECONDS = {"d": 86400, "h": 3600, "m": 60}


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="groundwork monitor",
        description="Say whether what a server answers is still like validation, and how good it "
        "is. Exit status: 0 while all is as before, 1 in an alarm.",
        epilog="example: groundwork monitor --since 2d",
    )
    add_places(parser)
    parser.add_argument(
        "--page",
        type=from_start,
        default=FOLDER,
        metavar="DIR",
        help="where the page and its picture are written, %(default)s",
    )
    return parser


def add_places(parser: argparse.ArgumentParser) -> None:
    """What all commands about served answers take."""
    parser.add_argument(
        "--records",
        type=from_start,
        default=SERVED,
        metavar="DIR",
        help="where `groundwork serve` records, %(default)s",
    )
    parser.add_argument(
        "--model",
        type=from_start,
        default=SERVING,
        metavar="DIR",
        help="folder of the model, %(default)s; answers of others are left out",
    )
    parser.add_argument(
        "--since",
        type=point_in_time,
        default=f"{DAYS}d",
        metavar="TIME",
        help="a date and time (2026-11-30T14:05, UTC), or how long ago (2d, 3h, 30m); %(default)s",
    )


def point_in_time(text: str) -> datetime:
    if ago := AGO.fullmatch(text):
        return datetime.fromtimestamp(time.time() - int(ago[1]) * SECONDS[ago[2]], UTC)
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError("a time such as 2026-11-30T14:05, or 2d, 3h") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
