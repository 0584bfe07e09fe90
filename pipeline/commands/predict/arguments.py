"""What `groundwork predict` takes."""

import argparse

from pipeline.commands.frame import from_start


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="groundwork predict",
        description="Ask the model in models/ about files.",
        epilog="example: groundwork predict cat.jpg photos/",
    )
    parser.add_argument(
        "files", nargs="+", type=from_start, metavar="FILE", help="a file or a folder"
    )
    parser.add_argument("--json", action="store_true", help="a JSON object a line, with details")
    parser.add_argument(
        "--explain",
        action="store_true",
        help="what would be said if an input, or a word of a text, were missing; the ten that "
        "change most",
    )
    return parser
