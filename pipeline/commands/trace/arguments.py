"""What `groundwork trace` takes."""

import argparse

EPILOG = """examples:
  groundwork trace train/00042.jpg
  groundwork trace 3f2a1c0be471          a key of reports/rows.csv, as groundwork diff prints it
"""


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="groundwork trace",
        description="Say where an example comes from, what became of it, and which commits had it.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "id", help="its id, its key in reports/rows.csv, or a SHA-256 of its id or content"
    )
    parser.add_argument("--json", action="store_true", help="print it as JSON")
    return parser
