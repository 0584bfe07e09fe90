"""What `groundwork use` takes."""

import argparse


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="groundwork use",
        description="Make params.yaml ready for a dataset: its name, its kind, and the recipe of "
        "that kind that fits what is known of the data.",
        epilog="example: groundwork use cifar10",
    )
    parser.add_argument("dataset", metavar="NAME", help="a dataset of data/catalog")
    recipe = parser.add_mutually_exclusive_group()
    recipe.add_argument(
        "--recipe",
        metavar="RECIPE",
        help="this file of recipes/ rather than the one that fits",
    )
    recipe.add_argument(
        "--keep", action="store_true", help="apply no recipe: the dataset and its kind alone"
    )
    return parser
