"""What `groundwork repair` takes."""

import argparse


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="groundwork repair",
        description="Mend what a killed run may leave, so that DVC works again: a dvc.lock or a "
        "lock that was cut, locks of processes that are dead, outputs that were never finished. "
        "Say how git comes back from a killed experiment. Nothing that is whole is touched.",
    )
    parser.add_argument(
        "--cache",
        action="store_true",
        help="also read all of DVC's cache, and remove what has changed on the disk, there and in "
        "the outputs; dvc repro then makes it again",
    )
    parser.add_argument("--quiet", action="store_true", help="say nothing when nothing was wrong")
    return parser
