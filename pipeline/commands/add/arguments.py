"""What `groundwork add` takes."""

import argparse
import os

from pipeline.commands.frame import from_start
from pipeline.modalities.opening import MODALITIES
from pipeline.targets.opening import TARGETS


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="groundwork add",
        description="Look at a source of examples and write its catalog entry.",
        epilog="example: groundwork add pets /data/pets --license CC-BY-4.0",
    )
    parser.add_argument("name", help="what to call the dataset, in data/catalog/NAME.yaml")
    parser.add_argument(
        "uri",
        nargs="?",
        type=source,
        help="path or URL; leave it out to look again at a dataset that is there",
    )
    parser.add_argument(
        "--modality",
        choices=list(MODALITIES),
        help="what an example is; as params.yaml says, if you do not",
    )
    parser.add_argument(
        "--target",
        choices=list(TARGETS),
        help="what is predicted of it; ranking for interactions, else classes, if neither you nor "
        "params.yaml says so",
    )
    parser.add_argument(
        "--column",
        dest="columns",
        metavar="ROLE=NAME",
        type=column,
        action="append",
        default=[],
        help="which column of a table has a role, such as --column label=status "
        "--column group=patient; the others are detected",
    )
    parser.add_argument(
        "--license",
        help="terms you hold the data under: an identifier of https://spdx.org/licenses, such as "
        "CC-BY-4.0, or LicenseRef-NAME for your own",
    )
    return parser


def column(text: str) -> tuple[str, str]:
    """A role and the name of its column."""
    role, _, name = text.partition("=")
    if not (role and name):
        raise argparse.ArgumentTypeError(f"{text!r} is not ROLE=NAME, such as label=status")
    return role, name


def source(text: str) -> str:
    """A path of the command line as the root of the project has it; a URL as it is."""
    is_path = "://" not in text and not text.startswith("builtin:")
    return os.path.normpath(from_start(text)) if is_path else text
