"""What `groundwork serve` takes."""

import argparse
from pathlib import Path

from pipeline.commands.frame import from_start
from pipeline.dataset.places import SERVED
from pipeline.serving.releases.tags import PRODUCTION

PORT = 8000
FOLDER = Path("models/serving")


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="groundwork serve",
        description="Answer requests over HTTP with the model that export made.",
        epilog="example: groundwork serve, then: curl --data-binary @cat.jpg "
        "http://127.0.0.1:8000/predict",
    )
    parser.add_argument(
        "--model",
        type=from_start,
        default=FOLDER,
        metavar="DIR",
        help="folder of the model, %(default)s; a new one that comes there is taken",
    )
    parser.add_argument(
        "--follow",
        metavar="URL",
        help="git repository, or its folder, whose releases are served, instead of --model; "
        "see groundwork promote",
    )
    parser.add_argument(
        "--stage", default=PRODUCTION, help="what is followed there (default: %(default)s)"
    )
    parser.add_argument(
        "--verify", action="store_true", help="follow only tags that somebody trusted has signed"
    )
    parser.add_argument(
        "--name", default="model", help="in the Open Inference Protocol: /v2/models/%(default)s"
    )
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        help="where to listen, %(default)s; any other needs GROUNDWORK_TOKEN",
    )
    parser.add_argument("--port", type=int, default=PORT, help="%(default)s; 0 for a free one")
    parser.add_argument(
        "--records",
        type=from_start,
        default=SERVED,
        metavar="DIR",
        help="where answers are recorded, %(default)s",
    )
    parser.add_argument(
        "--keep-contents",
        type=_days,
        metavar="DAYS",
        help="keep what was sent, without personal metadata, for so many days; default: not at all",
    )
    return parser


def _days(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 365:
        raise argparse.ArgumentTypeError("a number of days, 1 to 365")
    return int(text)
