"""What `groundwork forget` takes."""

import argparse

from pipeline.commands.frame import from_start

EPILOG = """examples:
  groundwork forget --ids cat/1.jpg cat/2.jpg --dry-run
  groundwork forget --ids-file withdrawn.txt --reason "asked on 3 May" --yes
"""


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="groundwork forget",
        description="Erase examples from the dataset, every cache and every remote.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--ids", nargs="+", metavar="ID", help="ids, or SHA-256 of ids or images")
    parser.add_argument("--ids-file", type=from_start, metavar="FILE", help="the same, one a line")
    parser.add_argument("--dataset", help="its name; default: the one in params.yaml")
    parser.add_argument("--reason", default="", help="a note for data/optout, which is in git")
    parser.add_argument("--dry-run", action="store_true", help="say what would be done, do nothing")
    parser.add_argument("--yes", action="store_true", help="do not ask before erasing")
    parser.add_argument(
        "--models", action="store_true", help="erase the models too that were trained on them"
    )
    parser.add_argument(
        "--no-rebuild", action="store_true", help="erase at once; rebuild where the source is"
    )
    parser.add_argument("--commit", action="store_true", help="commit the tombstones and results")
    parser.add_argument(
        "--allow-unknown", action="store_true", help="add tombstones for ids that are nowhere"
    )
    return parser
