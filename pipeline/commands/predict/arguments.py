"""What `groundwork predict` takes."""

import argparse


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="groundwork predict",
        description="Ask the model in models/ about files.",
        epilog="example: groundwork predict cat.jpg photos/ https://example.com/dog.jpg",
    )
    parser.add_argument(
        "files",
        nargs="+",
        metavar="FILE",
        help="a file, a folder, an address such as https://..., or - for standard input",
    )
    parser.add_argument(
        "--stdin-filename",
        default="",
        metavar="NAME",
        help="a file name for standard input: its suffix says what it is, such as rows.csv; "
        "without, it is one example",
    )
    parser.add_argument("--json", action="store_true", help="a JSON object a line, with details")
    parser.add_argument(
        "--explain",
        action="store_true",
        help="what would be said if an input, or a word of a text, were missing; the ten that "
        "change most",
    )
    return parser
