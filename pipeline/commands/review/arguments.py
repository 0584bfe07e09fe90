"""What `groundwork review` takes."""

import argparse

PORT = 8642


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="groundwork review",
        description="Decide about the labels that clean doubts, on a page of this machine.",
        epilog="example: groundwork review --reviewer ana --port 0",
    )
    parser.add_argument("--reviewer", help="your name, for the file; default: git's user.name")
    parser.add_argument(
        "--port",
        type=int,
        default=PORT,
        help="where to serve, %(default)s; 0 for a free one",
    )
    parser.add_argument(
        "--collected",
        action="store_true",
        help="about served examples that groundwork collect chose, instead",
    )
    parser.add_argument("--no-browser", action="store_true", help="do not open the page")
    return parser
