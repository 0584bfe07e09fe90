"""What `groundwork find` takes."""

import argparse

EPILOG = """examples:
  groundwork find "label = 'cat' and sharpness < 0.001" --sort sharpness
  groundwork find "predicted != label and confidence > 0.9" --ids > ids.txt
  groundwork find --like train/00042.jpg "split = 'test'"
  groundwork find --like ../new.jpg --page
  groundwork find --sql "select label, avg(sharpness) from examples group by all"
"""


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="groundwork find",
        description="Find examples by a condition in SQL, or those that are like one.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "condition", nargs="?", help="a condition in SQL on columns of examples; default: all"
    )
    parser.add_argument("--sql", metavar="QUERY", help="a whole SELECT instead of a condition")
    parser.add_argument(
        "--like", metavar="ID|FILE", help="the nearest to an example, or to a file, first"
    )
    parser.add_argument("--columns", action="store_true", help="list the columns there are")
    parser.add_argument("--sort", metavar="COLUMN", help="sort by it; 'sharpness desc' downwards")
    parser.add_argument(
        "--limit",
        type=number,
        metavar="N",
        help="show so many (default: 20; with --ids and --csv all, without --like)",
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--ids", action="store_true", help="print ids alone, one a line")
    form.add_argument("--csv", action="store_true", help="print all columns as CSV")
    form.add_argument(
        "--page", action="store_true", help="open a gallery, from which a selection goes to review"
    )
    parser.add_argument("--no-browser", action="store_true", help="with --page: print its address")
    return parser


def number(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return value
